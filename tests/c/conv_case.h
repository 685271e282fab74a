/** 3x3 convolutions to test and time: a description, its tensors filled with pseudo-random numbers, and running it. */
#ifndef SONOMASK_TEST_CONV_CASE_H
#define SONOMASK_TEST_CONV_CASE_H

#include "../../src/ops/ops.h"

typedef enum conv_lazy { LAZY_NONE, LAZY_RELU, LAZY_SCALE, LAZY_SCALE_RELU, LAZY_PER_IMAGE_RELU } conv_lazy;

/** A convolution; all zero is the simplest. */
typedef struct conv_case {
    int batch, height, width;
    int channels[2]; /**< of the sources; [1] = 0: one source */
    int outputs;
    bool upsample[2];
    conv_lazy lazy[2];
    int spare; /**< strides exceed channels by this many floats */
    bool bias, output_scale, relu, pooled, output_unused, sums, transformed;
    bool accumulate[2], unwanted[2]; /**< of the targets */
} conv_case;

/** A case with its tensors; every buffer is exactly as large as the contract requires, so that sanitizers find more. */
typedef struct conv_tensors {
    conv_case what;
    sm_conv args;
    size_t output_count, pooled_count, sums_count, weights_count, target_count[2];
} conv_tensors;

/** Aborts when memory is short. The same seed gives the same numbers. */
conv_tensors conv_tensors_make(const conv_case *what, unsigned seed);
void conv_tensors_free(conv_tensors *tensors);

typedef enum conv_direction { CONV_FORWARD, CONV_BACKWARD_DATA, CONV_BACKWARD_WEIGHTS } conv_direction;

/** Allocates the workspace that `kernels` need, filled with NaN, and transforms the weights. */
void conv_prepare(conv_tensors *tensors, const sm_kernels *kernels, const sm_parallel *parallel);
void conv_run(conv_tensors *tensors, const sm_kernels *kernels, conv_direction direction);

#endif
