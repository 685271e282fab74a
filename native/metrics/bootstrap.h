/** Bootstrap intervals over groups: images of one scene or patient are drawn together, as they are not independent. */
#ifndef SONOMASK_BOOTSTRAP_H
#define SONOMASK_BOOTSTRAP_H

#include <stdint.h>

#include "../../src/status.h"

typedef struct sm_interval {
    double low, high; /**< NaN when fewer than half of the replicates have a finite value */
} sm_interval;

/** Computes `values` [value_count] over items of which item i counts weights[i] times; NaN where undefined. */
typedef void sm_bootstrap_statistic(void *data, const int *weights, double *values);

/**
 * 95 % percentile intervals (Efron, 1979) of `value_count` values computed together. Each replicate draws `group_count`
 * groups with replacement; group[i] in 0 .. group_count-1 is the group of item i. The same seed gives the same
 * intervals. Errors: SM_ERROR_ARGUMENT, SM_ERROR_MEMORY.
 */
sm_status sm_bootstrap(const int *group, int item_count, int group_count, int replicates, uint64_t seed,
                       sm_bootstrap_statistic *statistic, void *data, int value_count, sm_interval *intervals,
                       sm_error *error);

#endif
