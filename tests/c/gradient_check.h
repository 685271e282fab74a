/** The check of every gradient: central differences in double precision. */
#ifndef SONOMASK_TEST_GRADIENT_CHECK_H
#define SONOMASK_TEST_GRADIENT_CHECK_H

#include <stddef.h>

/** The function whose gradient is checked, at `values`. */
typedef double gradient_objective(const double *values, void *context);

/**
 * numeric[i] = (f(values + step e_i) - f(values - step e_i)) / (2 step). `values` is changed and restored.
 * `step` must be smaller than the distance of any input from a kink.
 */
void gradient_numeric(gradient_objective *objective, void *context, double *values, size_t count, double step,
                      double *numeric);

/**
 * The largest |analytic - numeric| of any element, relative to the largest |numeric|: unlike a norm over all
 * elements, it detects one wrong element among many. Infinite when something is not finite or when `numeric` is all 0.
 */
double gradient_error(const double *analytic, const double *numeric, size_t count);

#endif
