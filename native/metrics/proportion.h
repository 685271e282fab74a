/** Bounds on a proportion. */
#ifndef SONOMASK_PROPORTION_H
#define SONOMASK_PROPORTION_H

/** The regularised incomplete beta function I_x(a, b), a and b above 0, x in 0..1. */
double sm_incomplete_beta(double a, double b, double x);

/**
 * The upper `confidence` bound of Clopper and Pearson (1934) on the probability of an event that was seen `events`
 * times in `trials`: the probability at which so few events, or fewer, have the chance 1 - confidence. Both numbers may
 * be fractions, as effective sample sizes of weighted samples are (Korn and Graubard, "Confidence intervals for
 * proportions with small expected number of positive counts estimated from survey data", 1998). 1 without trials.
 */
double sm_proportion_upper(double events, double trials, double confidence);

#endif
