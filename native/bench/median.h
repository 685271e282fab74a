/** The middle of measured values. */
#ifndef SONOMASK_MEDIAN_H
#define SONOMASK_MEDIAN_H

/** The median of `count` > 0 values, which are sorted; the mean of the middle two when there is an even number. */
double sm_median(double *values, int count);

#endif
