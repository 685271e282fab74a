/** A pool of threads behind the core's `sm_parallel`: they sleep between jobs, and take tasks one by one so that a busy
 *  core slows only its own share. */
#ifndef SONOMASK_NATIVE_PARALLEL_H
#define SONOMASK_NATIVE_PARALLEL_H

#include "../src/parallel.h"

/** `threads` 0 means one for each processor. NULL when threads cannot be made. */
sm_parallel *sm_parallel_create(int threads);
void sm_parallel_free(sm_parallel *parallel);

#endif
