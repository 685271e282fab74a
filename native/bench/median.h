/** Median. */
#ifndef SONOMASK_MEDIAN_H
#define SONOMASK_MEDIAN_H

/** The median of `count` > 0 values; the mean of the middle two when `count` is even. Sorts `values`. */
double sm_median(double *values, int count);

#endif
