/** The files of a batch that failed: collected during the batch, listed at its end. */
#ifndef SONOMASK_FAILURES_H
#define SONOMASK_FAILURES_H

#include "../src/sonomask.h"

/** Zero-initialise; released by sm_failures_free. */
typedef struct sm_failures {
    char **lines; /**< [count] */
    int count, capacity;
} sm_failures;

/** Adds a copy of `line`, the name of a file or a message that begins with it. Errors: SM_ERROR_MEMORY. */
sm_status sm_failures_add(sm_failures *failures, const char *line, sm_error *error);
/**
 * Prints on stderr "sonomask: COUNT of TOTAL WHAT:" (`what` is for example "files failed") and then each line. Prints
 * nothing when nothing failed.
 */
void sm_failures_print(const sm_failures *failures, int total, const char *what);
void sm_failures_free(sm_failures *failures);

#endif
