/** Gradients of the 3x3 convolution, analytic against central differences, both sides in double precision. */
#ifndef SONOMASK_TEST_CONV_GRADIENT_H
#define SONOMASK_TEST_CONV_GRADIENT_H

#include <stddef.h>

#include "double_conv.h"

/** The variable of a gradient. */
typedef enum conv_variable { CONV_INPUT_0, CONV_INPUT_1, CONV_WEIGHTS, CONV_BIAS } conv_variable;

/**
 * Gradient of loss = sum(output * output_gradient) by `variable` of `count` elements, by central differences of the
 * double-precision forward reference. `output_count` is the number of elements of the output.
 */
void conv_central_differences(const double_conv *conv, conv_variable variable, size_t count,
                              const double *output_gradient, size_t output_count, double *gradient);

/** |a - b| / max(|a|, |b|) in the Euclidean norm: 0 for equal vectors, about 1 for unrelated ones. */
double conv_relative_error(const double *a, const double *b, size_t count);

#endif
