/** Numbers for tests: reproducible inputs, and the difference of two results. */
#ifndef SONOMASK_TEST_NUMBERS_H
#define SONOMASK_TEST_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * `count` floats from -1 to 1 in random order, all different and spaced 2 / (count + 1) apart, none of them 0: inputs
 * away from the ties and kinks of a maximum or a ReLU. Released with free(); aborts when memory is short.
 */
float *numbers_spaced(size_t count, unsigned seed);

/** `count` floats all equal to `value`. Released with free(). */
float *numbers_constant(size_t count, float value);

/** sum (a - b)^2 / sum b^2, over `count` floats; infinite when a number is not finite or b is all 0 and a is not. */
double numbers_nmse(const float *a, const float *b, size_t count);

/** Whether all bits agree. */
bool numbers_identical(const float *a, const float *b, size_t count);

#endif
