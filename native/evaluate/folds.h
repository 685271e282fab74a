/** Five networks, each scored on the fold that it has not seen: figures as a mean over folds. */
#ifndef SONOMASK_FOLDS_H
#define SONOMASK_FOLDS_H

#include "../metrics/tables.h"

enum { SM_FOLDS_MAX = 20 };

/** One line of the table: all images, or those of a row of the data-set table. */
typedef struct sm_fold_row {
    const char *label; /**< "all", or the row's; not owned */
    double value[SM_FOLDS_MAX][SM_FIGURE_COUNT];
    double mean[SM_FIGURE_COUNT], deviation[SM_FIGURE_COUNT]; /**< over folds that have the figure; standard deviation
                                                                   with n - 1, NaN for fewer than two */
} sm_fold_row;

typedef struct sm_fold_summary {
    int folds[SM_FOLDS_MAX]; /**< their numbers */
    int fold_count;
    sm_fold_row *rows; /**< owned */
    int row_count;
} sm_fold_summary;

/** Scores each fold of a scored split apart; labels stay the split's. Errors: SM_ERROR_MEMORY. */
sm_status sm_fold_summary_make(const sm_split *split, const int *folds, int fold_count, uint64_t seed,
                               sm_fold_summary *summary, sm_error *error);
void sm_fold_summary_free(sm_fold_summary *summary);

#endif
