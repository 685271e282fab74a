/**
 * How the core asks its host for threads. The core owns none: native/parallel.c brings a pool, and without one
 * (wasm, or a NULL pointer) tasks run in order on the calling thread.
 */
#ifndef SONOMASK_PARALLEL_H
#define SONOMASK_PARALLEL_H

/** Task `index` of a job. `worker` (0 .. threads-1) names the scratch memory that the task may use. */
typedef void sm_task(void *arguments, int index, int worker);

typedef struct sm_parallel {
    int threads; /**< at least 1 */
    void *pool;  /**< the host's own */
    /** Runs tasks 0 .. count-1, in any order, and returns when all have ended. */
    void (*run)(void *pool, int count, sm_task *task, void *arguments);
} sm_parallel;

/**
 * Runs `count` tasks on `parallel`, or here when it is NULL. Results must not depend on which worker runs a task
 * or when: sums over tasks go to one slot a task and are added in the order of the tasks afterwards.
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
