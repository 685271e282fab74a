/** Receiver operating characteristic: curve and area, with ties and with weights. */
#ifndef SONOMASK_ROC_H
#define SONOMASK_ROC_H

#include <stdbool.h>

#include "../../src/status.h"

/** One case: the higher the score, the more it speaks for "positive". */
typedef struct sm_roc_case {
    double score; /**< finite */
    bool positive;
    int item; /**< the caller's index, for weights */
} sm_roc_case;

typedef struct sm_roc_point {
    double false_positive_rate, true_positive_rate;
    double threshold; /**< positive is called at this score and above; infinity at the curve's start */
} sm_roc_point;

/** Sorts by falling score, as the other functions need it (ties by `item`, so that the order is the same everywhere).
 */
void sm_roc_sort(sm_roc_case *cases, int count);

/**
 * Area under the curve: the share of (positive, negative) pairs in the right order, ties counting half (Mann-Whitney).
 * `cases` is sorted. `weights[item]` says how often a case counts; NULL: once. NaN without positives or negatives.
 */
double sm_roc_area(const sm_roc_case *cases, int count, const int *weights);

/**
 * The curve from (0,0) to (1,1), one point a distinct score, of sorted cases. `points` has room for count + 1; returns
 * how many were filled, 0 without positives or negatives.
 */
int sm_roc_curve(const sm_roc_case *cases, int count, sm_roc_point *points);

#endif
