/** Runs jobs in child processes, some at a time. */
#ifndef SONOMASK_JOBS_H
#define SONOMASK_JOBS_H

#include <signal.h>
#include <stdbool.h>

#include "../src/status.h"

/**
 * Runs job(context, 0) .. job(context, count - 1), at most `jobs` at a time, each in a child process that begins as a
 * copy of this one, so that memory which no job writes to is shared. The process must have no threads. Once
 * `*interrupted` is not zero, no further job starts and the running ones get SIGTERM. `failed[i]` becomes whether job i
 * did not return 0. Errors: SM_ERROR_MEMORY (a child cannot start; the running ones are waited for),
 * SM_ERROR_INTERRUPTED.
 */
sm_status sm_jobs_run(int count, int jobs, const volatile sig_atomic_t *interrupted,
                      int (*job)(void *context, int index), void *context, bool *failed, sm_error *error);

#endif
