/**
 * The processes that work on one run together ("ranks", as in MPI). The plain program is one rank; build/sonomask-mpi
 * (native/mpi) is started several times by mpirun. Every function may be called with NULL, which is one rank.
 *
 * All ranks must call the same functions in the same order. A step that may fail on one rank alone ends with
 * sm_ranks_agree, before the next function that waits for the others.
 */
#ifndef SONOMASK_RANKS_H
#define SONOMASK_RANKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../src/status.h"

/** How ranks reach each other. Errors: SM_ERROR_IO; SM_ERROR_INTERRUPTED when the run was interrupted
 *  and another rank does not answer. */
typedef struct sm_ranks {
    int rank, count;
    void *context;
    /** The bytes of rank `root` go to all. */
    sm_status (*broadcast)(void *context, int root, void *bytes, size_t size, sm_error *error);
    /** Bitwise or over all ranks. */
    sm_status (*merge)(void *context, void *bytes, size_t size, sm_error *error);
    /** Sends counts[r] floats from send + places[r] to each rank r; arguments as those of MPI_Alltoallv. */
    sm_status (*exchange)(void *context, const float *send, const int *counts, const int *places, float *receive,
                          const int *receive_counts, const int *receive_places, sm_error *error);
    /** Each rank r has counts[r] floats at values + places[r]; afterwards all ranks have all of them. */
    sm_status (*gather)(void *context, float *values, const int *counts, const int *places, sm_error *error);
    /** Sends a copy of the bytes to rank 0, without waiting. Not on rank 0. */
    sm_status (*post)(void *context, const void *bytes, size_t size, sm_error *error);
    /** On rank 0: the next posted message of any rank, from malloc; those of one rank come in their order. `*bytes` is
     *  NULL when there is none; with `wait`, there is one. */
    sm_status (*take)(void *context, bool wait, void **bytes, size_t *size, sm_error *error);
    /** Prints "sonomask: rank R: MESSAGE" on the standard error of the run. */
    void (*complain)(void *context, const char *message);
    /** All ranks fail alike: the run ends in order. */
    void (*agreed)(void *context);
} sm_ranks;

/** The ranks of this process; NULL in the plain program. Set once, by main. */
const sm_ranks *sm_ranks_current(void);
void sm_ranks_set(const sm_ranks *ranks);

static inline int sm_ranks_count(const sm_ranks *ranks) { return ranks ? ranks->count : 1; }
static inline int sm_ranks_own(const sm_ranks *ranks) { return ranks ? ranks->rank : 0; }
/** Whether this rank writes the files and messages of the run. */
static inline bool sm_ranks_first(const sm_ranks *ranks) { return sm_ranks_own(ranks) == 0; }
/** How many of `total` things, dealt out in turn, this rank has: number k of them is rank + k * count. */
int sm_ranks_share(const sm_ranks *ranks, int total);

sm_status sm_ranks_broadcast(const sm_ranks *ranks, int root, void *bytes, size_t size, sm_error *error);
/**
 * Bitwise or of the bytes of all ranks. Where all but one rank have zeros, each rank then has the values of that one.
 */
sm_status sm_ranks_merge(const sm_ranks *ranks, void *bytes, size_t size, sm_error *error);
/**
 * When any rank failed, all fail: with the status of the first that did. That rank shows its message, the others have
 * an empty one.
 */
sm_status sm_ranks_agree(const sm_ranks *ranks, sm_status status, sm_error *error);
/** Fails on all ranks unless `hash` is the same on all. `what` completes "rank 1 has WHAT than rank 0". */
sm_status sm_ranks_check_same(const sm_ranks *ranks, uint64_t hash, const char *what, sm_error *error);

#endif
