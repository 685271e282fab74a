/** The mean difference of two scores of the same images, and its standard error. */
#ifndef SONOMASK_PAIRED_H
#define SONOMASK_PAIRED_H

#include "../../src/status.h"

typedef struct sm_paired {
    int count, groups;    /**< images with both scores, and the groups (patients or scenes) that they are of */
    double first, second; /**< sums over these images */
    double squares;       /**< over the groups: the squared sum of the deviations of their differences from the mean */
} sm_paired;

/**
 * Compares `count` images. Image i has the scores first[i] and second[i] and is of group groups[i], 0 .. group_count -
 * 1 (see groups.h); it is left out when one of the scores is not finite. Errors: SM_ERROR_MEMORY; `*pairs` is then
 * empty.
 */
sm_status sm_paired_compare(const double *first, const double *second, const int *groups, int count, int group_count,
                            sm_paired *pairs, sm_error *error);

/** Mean of second - first over the images; 0 without images. */
double sm_paired_mean(const sm_paired *pairs);

/**
 * Standard error of that mean; NaN, as it is not known, for fewer than two groups. Images of one patient are alike, so
 * that more of them say less than as many patients: this is the cluster-robust error of a mean (Cameron and Miller, "A
 * practitioner's guide to cluster-robust inference", Journal of Human Resources 50, 2015), with the factor G / (G - 1)
 * for G groups. Where each image is a group of its own it is the usual standard error.
 */
double sm_paired_error(const sm_paired *pairs);

#endif
