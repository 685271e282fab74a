/**
 * Running a network on one image. Normalisation is folded into the convolutions, ReLU, pooling, upsampling and
 * concatenation happen inside them, and tensors share memory by lifetime.
 */
#ifndef SONOMASK_NET_INFERENCE_H
#define SONOMASK_NET_INFERENCE_H

#include "net.h"
#include "ops/ops.h"

typedef struct sm_inference sm_inference;

/** What one layer cost, for `bench`. */
typedef struct sm_layer_time {
    int layer;
    double seconds;
} sm_layer_time;

/**
 * Prepares `net` with `parameters` ([net->total_count], copied) for square inputs of `size` pixels. `net` is copied,
 * `kernels` and `parallel` (may be NULL) must outlive the result. Errors: SM_ERROR_ARGUMENT (size), SM_ERROR_MEMORY.
 */
sm_status sm_inference_create(const sm_net *net, const float *parameters, int size, const sm_kernels *kernels,
                              const sm_parallel *parallel, sm_inference **inference, sm_error *error);

/** Where parameters come from one by one: fills `values` ([parameter->count]) or fails. */
typedef struct sm_parameter_source {
    sm_status (*read)(const void *context, const sm_parameter *parameter, float *values, sm_error *error);
    const void *context;
} sm_parameter_source;

/**
 * The same, with parameters that need not all be in memory at once: each is read once, also those that inference does
 * not need. Errors: those of the source, too.
 */
sm_status sm_inference_create_from(const sm_net *net, const sm_parameter_source *source, int size,
                                   const sm_kernels *kernels, const sm_parallel *parallel, sm_inference **inference,
                                   sm_error *error);

void sm_inference_free(sm_inference *inference);

/**
 * Runs on `square` ([size][size], -1..1). `mask_logits` is [size][size], `type_logits` is [SM_CLASS_COUNT].
 * Either output may be NULL.
 */
void sm_inference_run(sm_inference *inference, const float *square, float *mask_logits, float *type_logits);

/**
 * The same, timing each layer with the caller's clock (seconds). `times` has room for net->layer_count entries, filled
 * for the layers that do work of their own; their number is returned.
 */
int sm_inference_profile(sm_inference *inference, const float *square, double (*clock)(void), sm_layer_time *times);

/** Bytes held: activations and workspace, and (separately) weights. */
size_t sm_inference_activation_bytes(const sm_inference *inference);
size_t sm_inference_weight_bytes(const sm_inference *inference);

#endif
