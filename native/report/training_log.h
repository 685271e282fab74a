/** The trainer's log.csv, read back for the curves of a report. */
#ifndef SONOMASK_TRAINING_LOG_H
#define SONOMASK_TRAINING_LOG_H

#include "../../src/error.h"

typedef struct sm_training_log {
    char **names;    /**< [columns]: the header row */
    double **values; /**< [columns][rows]; NaN where a field is empty or no number */
    int columns, rows;
} sm_training_log;

/** Reads a CSV of numbers under a header row. Errors: SM_ERROR_IO, SM_ERROR_DATA, SM_ERROR_MEMORY. */
sm_status sm_training_log_read(const char *path, sm_training_log *log, sm_error *error);
void sm_training_log_free(sm_training_log *log);
/** The column of that name, or -1. */
int sm_training_log_column(const sm_training_log *log, const char *name);

#endif
