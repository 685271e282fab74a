/** Fitting the power of the expected Dice. */
#ifndef SONOMASK_POWER_FIT_H
#define SONOMASK_POWER_FIT_H

#define SM_POWER_LOW 0.1
#define SM_POWER_HIGH 20.0

/**
 * The power between SM_POWER_LOW and _HIGH with the least mean square of expected^power - dice, weights[i] saying how
 * much answer i counts; answers whose expected Dice is NaN (no mask) do not count. 1 without answers.
 */
double sm_power_fit(const double *expected, const double *dice, const double *weights, int count);

/** That mean square. NaN without answers. */
double sm_power_error(const double *expected, const double *dice, const double *weights, int count, double power);

#endif
