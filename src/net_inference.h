/**
 * Running a network on one image. Batch normalisation is fused into the convolutions; ReLU, pooling, upsampling and
 * concatenation happen inside them; tensors share memory by lifetime.
 *
 * `sm_inference` is the immutable part, shared by threads: the plan and the prepared weights. `sm_inference_state` is
 * the memory of one thread: activations and workspace.
 */
#ifndef SONOMASK_NET_INFERENCE_H
#define SONOMASK_NET_INFERENCE_H

#include "net.h"
#include "ops/ops.h"
#include "prompt_maps.h"

typedef struct sm_inference sm_inference;
typedef struct sm_inference_state sm_inference_state;

/** Time of one layer, for `bench`. */
typedef struct sm_layer_time {
    int layer;
    double seconds;
} sm_layer_time;

/**
 * Prepares `net` with `parameters` ([net->total_count], copied) for square inputs of `size` pixels. `net` is copied,
 * `kernels` must outlive the result. Errors: SM_ERROR_ARGUMENT (size), SM_ERROR_MEMORY.
 */
sm_status sm_inference_create(const sm_net *net, const float *parameters, int size, const sm_kernels *kernels,
                              sm_inference **inference, sm_error *error);

/** Reads parameters one by one: `read` fills `values` ([parameter->count]) or fails. */
typedef struct sm_parameter_source {
    sm_status (*read)(const void *context, const sm_parameter *parameter, float *values, sm_error *error);
    /** May be NULL. The 8-bit numbers of a parameter, which stay with the source, and its scales, which are written to
     * `scales` ([output channels]). `*numbers` is NULL when the source has no such numbers; `read` gives the values. */
    sm_status (*read_bytes)(const void *context, const sm_parameter *parameter, const int8_t **numbers, float *scales,
                            sm_error *error);
    const void *context;
} sm_parameter_source;

/**
 * The same, with parameters that need not all be in memory at once: each is read once, also those that inference does
 * not need. Errors: those of the source, too.
 */
sm_status sm_inference_create_from(const sm_net *net, const sm_parameter_source *source, int size,
                                   const sm_kernels *kernels, sm_inference **inference, sm_error *error);
/** Prepares other parameters of the same network, in the same memory; its states stay valid. Errors: SM_ERROR_MEMORY,
 * after which the weights are not usable. */
sm_status sm_inference_update(sm_inference *inference, const float *parameters, sm_error *error);
void sm_inference_free(sm_inference *inference);

/** Memory for one thread. `inference` and `parallel` (may be NULL) must outlive it. Errors: SM_ERROR_MEMORY. */
sm_status sm_inference_state_create(const sm_inference *inference, const sm_parallel *parallel,
                                    sm_inference_state **state, sm_error *error);
void sm_inference_state_free(sm_inference_state *state);

/**
 * Runs on `square` ([size][size], -1..1). `mask_logits` is [size][size], `type_logits` is [SM_CLASS_COUNT].
 * Either output may be NULL.
 */
void sm_inference_run(sm_inference_state *state, const float *square, float *mask_logits, float *type_logits);

/**
 * Runs the decoder again on the image of the last sm_inference_run, with prompts; `mask_logits` is [size][size]. The
 * network must take prompts (sm_net.takes_prompts). The answer depends on the image and the prompts alone, not on
 * earlier refinements.
 */
void sm_inference_refine(sm_inference_state *state, const sm_square_prompts *prompts, float *mask_logits);

/**
 * The same as sm_inference_run, timing each layer with the caller's clock (seconds). `times` has room for
 * net->layer_count entries, filled for the layers that do work of their own; their number is returned.
 */
int sm_inference_profile(sm_inference_state *state, const float *square, double (*clock)(void), sm_layer_time *times);

/** Bytes of the prepared weights, and of a state's activations and workspace. */
size_t sm_inference_weight_bytes(const sm_inference *inference);
size_t sm_inference_activation_bytes(const sm_inference_state *state);

#endif
