/** The 3x3 convolution's reference in double precision, behind types that float code can use as well. */
#ifndef SONOMASK_TEST_DOUBLE_CONV_H
#define SONOMASK_TEST_DOUBLE_CONV_H

#include <stdbool.h>

typedef struct double_conv {
    int batch, height, width;
    int source_count;
    int channels[2];
    bool upsample[2];
    const double *input[2];            /**< dense [batch][height][width][channels], half the size when upsampled */
    const double *scale[2], *shift[2]; /**< NULL, or [channels] with a ReLU after them */
    int outputs;
    const double *weights; /**< [3][3][channels][outputs] */
    const double *bias;    /**< [outputs] or NULL */
} double_conv;

/** output is dense [batch][height][width][outputs]. */
void double_conv_forward(const double_conv *conv, double *output);

/** Gradients of the inputs after scale, shift and ReLU; overwritten. */
void double_conv_backward_data(const double_conv *conv, const double *output_gradient, double *const input_gradient[2]);

/** Gradients of weights and bias (may be NULL); added to. */
void double_conv_backward_weights(const double_conv *conv, const double *output_gradient, double *weights_gradient,
                                  double *bias_gradient);

#endif
