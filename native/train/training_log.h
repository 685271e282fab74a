/** log.csv: one row of figures per epoch. */
#ifndef SONOMASK_TRAINING_LOG_H
#define SONOMASK_TRAINING_LOG_H

#include "checkpoint.h"
#include "trainer.h"
#include "validation.h"

/** The columns of log.csv. */
enum {
    SM_LOG_EPOCH, /**< from 1 */
    SM_LOG_LEARNING_RATE,
    SM_LOG_LOSS,
    SM_LOG_MASK_LOSS,
    SM_LOG_TYPE_LOSS,
    SM_LOG_GRADIENT_NORM,
    SM_LOG_TRAINING_DICE,
    SM_LOG_TRAINING_ACCURACY,
    SM_LOG_VALIDATION_DICE,
    SM_LOG_VALIDATION_ACCURACY,
    SM_LOG_VALIDATION_FALSE_MASKS,
    SM_LOG_IMAGES_PER_SECOND,
    SM_LOG_WAITING_SHARE,
    SM_LOG_SECONDS,
    SM_LOG_INNER_SCORE, /**< of inner validation, see sm_scores */
    SM_LOG_INNER_GAIN,  /**< over the initial weights */
    SM_LOG_INNER_ERROR, /**< its standard error */
    SM_LOG_COLUMNS
};

/** The column names, with a line end. */
extern const char sm_training_log_header[];

/** What inner validation found for an epoch; NaN: nothing. */
typedef struct sm_inner_result {
    double score, gain, gain_error;
} sm_inner_result;

/** Appends the row of a finished epoch (counted from 1) to `*log` (reallocated). `scores` NULL: not validated; `inner`
 * NULL: no inner validation. Errors: SM_ERROR_MEMORY. */
sm_status sm_training_log_append(char **log, int epoch, float learning_rate, const sm_epoch_sums *sums,
                                 const sm_scores *scores, const sm_inner_result *inner, sm_error *error);

/** Gives a log of an earlier version, which lacks the last columns, the columns of this one (`*log` is reallocated).
 * Errors: SM_ERROR_MEMORY. */
sm_status sm_training_log_upgrade(char **log, sm_error *error);

/** Prints the last row of the log as one line of JSON on standard output, flushed. Errors: SM_ERROR_MEMORY. */
sm_status sm_training_log_print_json(const sm_epoch_result *result, sm_error *error);

/** The figures of a log, parsed. */
typedef struct sm_training_history {
    int epochs;
    double *column[SM_LOG_COLUMNS]; /**< [epochs]; NaN where the log has no value */
} sm_training_history;

/** Parses a log. Released by sm_training_history_free. Errors: SM_ERROR_MEMORY. */
sm_status sm_training_history_parse(const char *log, sm_training_history *history, sm_error *error);
void sm_training_history_free(sm_training_history *history);

#endif
