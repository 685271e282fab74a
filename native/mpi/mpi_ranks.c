#include "mpi_ranks.h"

#include <limits.h>
#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../interrupt.h"
#include "../progress.h"

/* After an interruption, another rank that does not answer for so long has ended. Below the second that mpirun waits
 * between SIGTERM and SIGKILL. */
static const double patience = 0.4;

enum { YIELDS_BEFORE_SLEEP = 20000, SLEEP_MICROSECONDS = 50, TAG = 1 };

/** A message on its way. */
typedef struct message {
    MPI_Request request;
    struct message *next;
    char bytes[];
} message;

struct sm_mpi_ranks {
    sm_ranks ranks;
    message *posted;
    bool lost, agreed;
};

static sm_status check(int code, sm_error *error) {
    if (code == MPI_SUCCESS) return SM_OK;
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    MPI_Error_string(code, text, &length);
    return sm_fail(error, SM_ERROR_IO, "MPI: %s", text);
}

/** Whether another rank is given up. `*interrupted_at` is negative before the first call of a wait. */
static bool out_of_patience(sm_mpi_ranks *own, double *interrupted_at, sm_error *error) {
    if (!sm_interrupted) return false;
    const double now = sm_clock();
    if (*interrupted_at < 0) *interrupted_at = now;
    if (now - *interrupted_at <= patience) return false;
    own->lost = true;
    sm_error_set(error, SM_ERROR_INTERRUPTED, "another rank ended or does not answer");
    return true;
}

/** Waits for a request. Yields at first, since ranks may share a processor; then sleeps. */
static sm_status wait_for(sm_mpi_ranks *own, MPI_Request *request, sm_error *error) {
    double interrupted_at = -1;
    for (long turn = 0;; turn++) {
        int done = 0;
        const sm_status status = check(MPI_Test(request, &done, MPI_STATUS_IGNORE), error);
        if (status != SM_OK || done) return status;
        if (out_of_patience(own, &interrupted_at, error)) return SM_ERROR_INTERRUPTED;
        if (turn < YIELDS_BEFORE_SLEEP)
            sched_yield();
        else
            usleep(SLEEP_MICROSECONDS);
    }
}

static sm_status finish(sm_mpi_ranks *own, int code, MPI_Request *request, sm_error *error) {
    const sm_status status = check(code, error);
    return status == SM_OK ? wait_for(own, request, error) : status;
}

/** The functions below take sizes in pieces that MPI's int can count. */
static int piece(size_t size) { return size < INT_MAX / 2 ? (int)size : INT_MAX / 2; }

static sm_status broadcast(void *context, int root, void *bytes, size_t size, sm_error *error) {
    sm_status status = SM_OK;
    for (char *at = bytes; status == SM_OK && size > 0; at += piece(size), size -= (size_t)piece(size)) {
        MPI_Request request;
        status =
            finish(context, MPI_Ibcast(at, piece(size), MPI_BYTE, root, MPI_COMM_WORLD, &request), &request, error);
    }
    return status;
}

static sm_status merge(void *context, void *bytes, size_t size, sm_error *error) {
    sm_status status = SM_OK;
    for (char *at = bytes; status == SM_OK && size > 0; at += piece(size), size -= (size_t)piece(size)) {
        MPI_Request request;
        status =
            finish(context, MPI_Iallreduce(MPI_IN_PLACE, at, piece(size), MPI_BYTE, MPI_BOR, MPI_COMM_WORLD, &request),
                   &request, error);
    }
    return status;
}

static sm_status exchange(void *context, const float *send, const int *counts, const int *places, float *receive,
                          const int *receive_counts, const int *receive_places, sm_error *error) {
    MPI_Request request;
    return finish(context,
                  MPI_Ialltoallv(send, counts, places, MPI_FLOAT, receive, receive_counts, receive_places, MPI_FLOAT,
                                 MPI_COMM_WORLD, &request),
                  &request, error);
}

static sm_status gather(void *context, float *values, const int *counts, const int *places, sm_error *error) {
    MPI_Request request;
    return finish(context,
                  MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, values, counts, places, MPI_FLOAT, MPI_COMM_WORLD,
                                  &request),
                  &request, error);
}

/** Frees the messages that have left. */
static void forget_sent(sm_mpi_ranks *own) {
    for (message **at = &own->posted; *at;) {
        message *m = *at;
        int done = 0;
        if (MPI_Test(&m->request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS || !done) {
            at = &m->next;
            continue;
        }
        *at = m->next;
        free(m);
    }
}

static sm_status post(void *context, const void *bytes, size_t size, sm_error *error) {
    sm_mpi_ranks *own = context;
    forget_sent(own);
    message *m = size < INT_MAX ? malloc(sizeof *m + size) : NULL;
    if (!m) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a message");
    memcpy(m->bytes, bytes, size);
    const sm_status status =
        check(MPI_Isend(m->bytes, (int)size, MPI_BYTE, 0, TAG, MPI_COMM_WORLD, &m->request), error);
    if (status != SM_OK) {
        free(m);
        return status;
    }
    m->next = own->posted;
    own->posted = m;
    return SM_OK;
}

static sm_status take(void *context, bool wait, void **bytes, size_t *size, sm_error *error) {
    sm_mpi_ranks *own = context;
    *bytes = NULL, *size = 0;
    MPI_Status found;
    double interrupted_at = -1;
    for (int there = 0;;) {
        const sm_status status = check(MPI_Iprobe(MPI_ANY_SOURCE, TAG, MPI_COMM_WORLD, &there, &found), error);
        if (status != SM_OK) return status;
        if (there) break;
        if (!wait) return SM_OK;
        if (out_of_patience(own, &interrupted_at, error)) return SM_ERROR_INTERRUPTED;
        usleep(SLEEP_MICROSECONDS);
    }
    int count = 0;
    MPI_Get_count(&found, MPI_BYTE, &count);
    void *taken = malloc((size_t)count + 1);
    if (!taken) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a message");
    MPI_Request request;
    const sm_status status = finish(
        own, MPI_Irecv(taken, count, MPI_BYTE, found.MPI_SOURCE, TAG, MPI_COMM_WORLD, &request), &request, error);
    if (status != SM_OK) return status; /* the memory stays: a message may still arrive there */
    *bytes = taken, *size = (size_t)count;
    return SM_OK;
}

/** Not through stderr, which is shut on all ranks but the first. */
static void complain(void *context, const char *text) {
    const sm_mpi_ranks *own = context;
    dprintf(STDERR_FILENO, "sonomask: rank %d: %s\n", own->ranks.rank, text);
}

static void agree(void *context) { ((sm_mpi_ranks *)context)->agreed = true; }

sm_mpi_ranks *sm_mpi_ranks_create(void) {
    sm_mpi_ranks *made = calloc(1, sizeof *made);
    if (!made) return NULL;
    made->ranks = (sm_ranks){.context = made,
                             .broadcast = broadcast,
                             .merge = merge,
                             .exchange = exchange,
                             .gather = gather,
                             .post = post,
                             .take = take,
                             .complain = complain,
                             .agreed = agree};
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &made->ranks.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &made->ranks.count);
    return made;
}

const sm_ranks *sm_mpi_ranks_get(const sm_mpi_ranks *ranks) { return &ranks->ranks; }

bool sm_mpi_ranks_in_order(const sm_mpi_ranks *ranks) { return ranks->agreed && !ranks->lost; }

void sm_mpi_ranks_free(sm_mpi_ranks *ranks) {
    while (ranks->posted && !ranks->lost) {
        message *m = ranks->posted;
        if (wait_for(ranks, &m->request, NULL) != SM_OK) break;
        ranks->posted = m->next;
        free(m);
    }
    free(ranks);
}
