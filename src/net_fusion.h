/** Batch-norm fusion: for inference, the normalisation becomes part of the weights and bias of its convolution. */
#ifndef SONOMASK_NET_FUSION_H
#define SONOMASK_NET_FUSION_H

#include "net.h"

/** True for layers with weights. */
bool sm_net_has_weights(sm_layer_kind kind);

/** Parameters of one layer and where the fused ones go. NULL for parameters that the layer lacks. */
typedef struct sm_fusion {
    const float *weights;                         /**< [count], output channels last */
    const float *bias;                            /**< [channels], without normalisation */
    const float *scale, *shift, *mean, *variance; /**< [channels], with normalisation */
    size_t count;
    int channels;
    float *fused_weights; /**< [count]; may be `weights` itself */
    float *fused_bias;    /**< [channels], or NULL for a layer without normalisation and bias */
} sm_fusion;

/** The factor of each output channel's weights, [channels]; 1 without normalisation. */
void sm_fusion_factors(const sm_fusion *fusion, float *factors);

/**
 * Writes the fused weights and bias:
 * scale * (w x - mean) / sqrt(variance + epsilon) + shift = (w a) x + (shift - mean a), a = scale / sqrt(...).
 */
void sm_fusion_run(const sm_fusion *fusion);

/** The same for a layer of a network. The layer must have weights; `parameters` is [net->total_count]. */
void sm_net_fuse(const sm_net *net, const float *parameters, int layer, float *weights, float *bias);

#endif
