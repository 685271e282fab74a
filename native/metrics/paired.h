/** The mean difference of two scores of the same images, and its standard error. */
#ifndef SONOMASK_PAIRED_H
#define SONOMASK_PAIRED_H

/** Starts as {0}. */
typedef struct sm_paired {
    int count;
    double first, second; /**< sums */
    double squares;       /**< of the differences */
} sm_paired;

/** Adds an image, unless one of its scores is not finite. */
void sm_paired_add(sm_paired *pairs, double first, double second);

/** Mean of second - first; 0 without images. */
double sm_paired_mean(const sm_paired *pairs);

/** Standard error of that mean; 0 for fewer than two images. */
double sm_paired_error(const sm_paired *pairs);

#endif
