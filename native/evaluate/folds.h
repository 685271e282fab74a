/** Cross-validation: the metrics of each fold, scored by the network that was not trained on it, and their mean. */
#ifndef SONOMASK_FOLDS_H
#define SONOMASK_FOLDS_H

#include "../fold_networks.h"
#include "../metrics/tables.h"

/** All images, or those of one row of the data-set table. */
typedef struct sm_fold_row {
    const char *label; /**< "all", or the row's; not owned */
    double value[SM_FOLDS_MAX][SM_METRIC_COUNT];
    double mean[SM_METRIC_COUNT];      /**< over the folds with a finite value; NaN without one */
    double deviation[SM_METRIC_COUNT]; /**< sample standard deviation (n - 1); NaN for fewer than two values */
} sm_fold_row;

typedef struct sm_fold_summary {
    int folds[SM_FOLDS_MAX]; /**< their numbers */
    int fold_count;
    sm_fold_row *rows; /**< owned */
    int row_count;
} sm_fold_summary;

/** Scores each fold of a scored split, which must outlive the summary. Errors: SM_ERROR_MEMORY. */
sm_status sm_fold_summary_make(const sm_split *split, const int *folds, int fold_count, uint64_t seed,
                               sm_fold_summary *summary, sm_error *error);
void sm_fold_summary_free(sm_fold_summary *summary);

#endif
