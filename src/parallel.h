/**
 * Running tasks on the caller's threads. The core owns none: native/parallel.c has a pool, and without one (wasm, or a
 * NULL pointer) tasks run in order on the calling thread. Internal.
 */
#ifndef SONOMASK_PARALLEL_H
#define SONOMASK_PARALLEL_H

#include "types.h"

/**
 * Runs `count` tasks on `parallel`, or here when it is NULL. Results must not depend on which worker runs a task
 * or when: sums over tasks go to one slot per task and are added in the order of the tasks afterwards.
 */
static inline void sm_parallel_run(const sm_parallel *parallel, int count, sm_task *task, void *arguments) {
    if (parallel && parallel->threads > 1) {
        parallel->run(parallel->pool, count, task, arguments);
        return;
    }
    for (int index = 0; index < count; index++) task(arguments, index, 0);
}

static inline int sm_parallel_threads(const sm_parallel *parallel) { return parallel ? parallel->threads : 1; }

#endif
