#include "mpi_ranks.h"

#include <limits.h>
#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../interrupt.h"
#include "../progress.h"

/* After an interruption, another rank that does not answer for so long has ended. Below the second that mpirun waits
 * between SIGTERM and SIGKILL. */
static const double patience = 0.4;

enum { YIELDS_BEFORE_SLEEP = 20000, SLEEP_MICROSECONDS = 50 };

struct sm_mpi_ranks {
    sm_ranks ranks;
    bool lost, agreed;
};

static sm_status check(int code, sm_error *error) {
    if (code == MPI_SUCCESS) return SM_OK;
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    MPI_Error_string(code, text, &length);
    return sm_fail(error, SM_ERROR_IO, "MPI: %s", text);
}

/** Waits for a request. Yields at first, since ranks may share a processor; then sleeps. */
static sm_status wait_for(sm_mpi_ranks *own, MPI_Request *request, sm_error *error) {
    double interrupted_at = -1;
    for (long turn = 0;; turn++) {
        int done = 0;
        const sm_status status = check(MPI_Test(request, &done, MPI_STATUS_IGNORE), error);
        if (status != SM_OK || done) return status;
        if (sm_interrupted) {
            const double now = sm_clock();
            if (interrupted_at < 0) interrupted_at = now;
            if (now - interrupted_at > patience) {
                own->lost = true;
                return sm_fail(error, SM_ERROR_INTERRUPTED, "another rank ended or does not answer");
            }
        }
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
                             .complain = complain,
                             .agreed = agree};
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &made->ranks.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &made->ranks.count);
    return made;
}

const sm_ranks *sm_mpi_ranks_get(const sm_mpi_ranks *ranks) { return &ranks->ranks; }

bool sm_mpi_ranks_in_order(const sm_mpi_ranks *ranks) { return ranks->agreed && !ranks->lost; }

void sm_mpi_ranks_free(sm_mpi_ranks *ranks) { free(ranks); }
