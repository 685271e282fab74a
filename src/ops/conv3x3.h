/**
 * The 3x3 convolution's members of the kernel table (see sm_kernels in ops.h for their contracts), for the SIMD target
 * of the including file, and the reference for its precision.
 */
#ifndef SONOMASK_CONV3X3_H
#define SONOMASK_CONV3X3_H

#include "../simd.h"
#include "ops.h"

/** Channels of input `s`. For backward to data only the targets may be set, or a target may be NULL. */
static inline int sm_conv_channels(const sm_conv *args, int s) {
    if (s >= args->source_count) return 0;
    return args->source[s].channels ? args->source[s].channels : args->target[s].channels;
}

static inline int sm_conv_input_channels(const sm_conv *args) {
    return sm_conv_channels(args, 0) + sm_conv_channels(args, 1);
}

#ifndef SM_REAL_DOUBLE
size_t SM_KERNEL(sm_conv3x3_transformed_size)(int input_channels, int output_channels);
void SM_KERNEL(sm_conv3x3_transform)(const float *weights, int input_channels, int output_channels, float *transformed);
void SM_KERNEL(sm_conv3x3_transform_bytes)(const sm_byte_weights *weights, int input_channels, int output_channels,
                                           float *transformed);
size_t SM_KERNEL(sm_conv3x3_workspace)(const sm_conv *args, int threads);
void SM_KERNEL(sm_conv3x3_forward)(const sm_conv *args);
void SM_KERNEL(sm_conv3x3_backward_data)(const sm_conv *args);
void SM_KERNEL(sm_conv3x3_backward_weights)(const sm_conv *args);
#endif

size_t SM_REFERENCE(sm_conv3x3_transformed_size)(int input_channels, int output_channels);
void SM_REFERENCE(sm_conv3x3_transform)(const float *weights, int input_channels, int output_channels,
                                        float *transformed);
size_t SM_REFERENCE(sm_conv3x3_workspace)(const sm_conv *args, int threads);
void SM_REFERENCE(sm_conv3x3_forward)(const sm_conv *args);
void SM_REFERENCE(sm_conv3x3_backward_data)(const sm_conv *args);
void SM_REFERENCE(sm_conv3x3_backward_weights)(const sm_conv *args);

#endif
