#include "conv_gradient.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double **variable_pointer(double_conv *conv, conv_variable variable) {
    if (variable == CONV_INPUT_0) return &conv->input[0];
    if (variable == CONV_INPUT_1) return &conv->input[1];
    return variable == CONV_WEIGHTS ? &conv->weights : &conv->bias;
}

static double loss(const double_conv *conv, const double *output_gradient, size_t output_count, double *output) {
    double_conv_forward(conv, output);
    double sum = 0;
    for (size_t i = 0; i < output_count; i++) sum += output[i] * output_gradient[i];
    return sum;
}

void conv_central_differences(const double_conv *conv, conv_variable variable, size_t count,
                              const double *output_gradient, size_t output_count, double *gradient) {
    const double step = 1e-3; /* a convolution is linear in each of these, so that only rounding matters */
    double_conv moved = *conv;
    const double **pointer = variable_pointer(&moved, variable);
    double *values = malloc(count * sizeof *values), *output = malloc(output_count * sizeof *output);
    if (!values || !output) abort();
    memcpy(values, *pointer, count * sizeof *values);
    *pointer = values;
    for (size_t i = 0; i < count; i++) {
        const double value = values[i];
        values[i] = value + step;
        const double above = loss(&moved, output_gradient, output_count, output);
        values[i] = value - step;
        const double below = loss(&moved, output_gradient, output_count, output);
        values[i] = value;
        gradient[i] = (above - below) / (2 * step);
    }
    free(values);
    free(output);
}

double conv_relative_error(const double *a, const double *b, size_t count) {
    double difference = 0, norm_a = 0, norm_b = 0;
    for (size_t i = 0; i < count; i++) {
        difference += (a[i] - b[i]) * (a[i] - b[i]);
        norm_a += a[i] * a[i];
        norm_b += b[i] * b[i];
    }
    const double norm = sqrt(norm_a > norm_b ? norm_a : norm_b);
    return norm > 0 ? sqrt(difference) / norm : 0;
}
