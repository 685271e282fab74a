/** Weights as inference wants them: batch normalisation folded into the layer before it. */
#ifndef SONOMASK_NET_FOLD_H
#define SONOMASK_NET_FOLD_H

#include "net.h"

/** Whether layers of this kind have weights. */
bool sm_net_has_weights(sm_layer_kind kind);

/** One layer's parameters and what folding makes of them; NULL for what the layer does not have. */
typedef struct sm_fold {
    const float *weights;                         /**< [count], output channels last */
    const float *bias;                            /**< [channels], without normalisation */
    const float *scale, *shift, *mean, *variance; /**< [channels], with normalisation */
    size_t count;
    int channels;
    float *folded_weights; /**< [count]; may be `weights` itself */
    float *folded_bias;    /**< [channels], or NULL for a layer without normalisation and bias */
} sm_fold;

/**
 * Copies a layer's weights with its normalisation folded in:
 * scale * (w x - mean) / sqrt(variance + epsilon) + shift = (w a) x + (shift - mean a), a = scale / sqrt(...).
 */
void sm_fold_run(const sm_fold *fold);

/** The same for `layer` of a network, which has weights; `parameters` is [net->total_count]. */
void sm_net_fold(const sm_net *net, const float *parameters, int layer, float *weights, float *bias);

#endif
