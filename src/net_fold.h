/** Weights as inference wants them: batch normalisation folded into the layer before it. */
#ifndef SONOMASK_NET_FOLD_H
#define SONOMASK_NET_FOLD_H

#include "net.h"

/** Whether layers of this kind have weights. */
bool sm_net_has_weights(sm_layer_kind kind);

/**
 * Copies the weights of `layer`, which has some, with its normalisation folded in:
 * scale * (w x - mean) / sqrt(variance + epsilon) + shift = (w a) x + (shift - mean a), a = scale / sqrt(...).
 * `parameters` is [net->total_count], `weights` has the layout and count of the layer's weights parameter, `bias` is
 * [channels], or NULL for a layer without normalisation and bias.
 */
void sm_net_fold(const sm_net *net, const float *parameters, int layer, float *weights, float *bias);

#endif
