/** Fits the power that calibrates the expected Dice. */
#ifndef SONOMASK_POWER_FIT_H
#define SONOMASK_POWER_FIT_H

#define SM_POWER_LOW 0.1
#define SM_POWER_HIGH 20.0

/**
 * The power between SM_POWER_LOW and _HIGH with the least weighted mean square of expected^power - dice. Answers whose
 * expected Dice is NaN (no mask) are ignored. 1 without answers.
 */
double sm_power_fit(const double *expected, const double *dice, const double *weights, int count);

/** That mean square for a given power. NaN without answers. */
double sm_power_error(const double *expected, const double *dice, const double *weights, int count, double power);

#endif
