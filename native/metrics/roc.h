/** Receiver operating characteristic: curve and area, with ties and weights. */
#ifndef SONOMASK_ROC_H
#define SONOMASK_ROC_H

#include <stdbool.h>

#include "../../src/status.h"

/** One case; a higher score means "positive" is more likely. */
typedef struct sm_roc_case {
    double score; /**< finite */
    bool positive;
    int item; /**< index into the caller's weights */
} sm_roc_case;

typedef struct sm_roc_point {
    double false_positive_rate, true_positive_rate;
    double threshold; /**< scores from here on are called positive; infinity at the start of the curve */
} sm_roc_point;

/** Sorts by falling score, as the functions below require; ties by `item`, so that the order is reproducible. */
void sm_roc_sort(sm_roc_case *cases, int count);

/**
 * Area under the curve of sorted cases: the share of (positive, negative) pairs in the right order, ties counting half
 * (Mann-Whitney). `weights[item]` is how often a case counts; NULL: once. NaN without positives or negatives.
 */
double sm_roc_area(const sm_roc_case *cases, int count, const int *weights);

/**
 * The curve of sorted cases from (0,0) to (1,1), one point per distinct score. `points` has room for count + 1.
 * Returns the number of points; 0 without positives or negatives.
 */
int sm_roc_curve(const sm_roc_case *cases, int count, sm_roc_point *points);

#endif
