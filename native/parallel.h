/**
 * A pool of threads for the core's `sm_parallel`. Threads sleep between jobs and take tasks one by one, so that a busy
 * processor delays only its own tasks. Several threads may submit jobs; the pool runs one job at a time. A job that a
 * task of the same pool submits runs on the thread of that task, with the same worker number.
 */
#ifndef SONOMASK_NATIVE_PARALLEL_H
#define SONOMASK_NATIVE_PARALLEL_H

#include "../src/parallel.h"

/** `threads` 0: one per usable processor (processors.h). NULL when the threads cannot be started. */
sm_parallel *sm_parallel_create(int threads);
void sm_parallel_free(sm_parallel *parallel);

#endif
