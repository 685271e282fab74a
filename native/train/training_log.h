/** log.csv and curves.svg. */
#ifndef SONOMASK_TRAINING_LOG_H
#define SONOMASK_TRAINING_LOG_H

#include "checkpoint.h"
#include "validation.h"

/** The column names, with a line end. */
extern const char sm_training_log_header[];

/** Appends the row of a finished epoch (counted from 1) to `*log` (reallocated). `scores` NULL: not validated. */
sm_status sm_training_log_append(char **log, int epoch, float learning_rate, const sm_epoch_sums *sums,
                                 const sm_scores *scores, sm_error *error);
/** Draws the curves of a log. Errors: SM_ERROR_IO, SM_ERROR_MEMORY, SM_ERROR_DATA (no row). */
sm_status sm_training_log_draw(const char *log, const char *path, sm_error *error);

#endif
