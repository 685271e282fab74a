#include "net_fusion.h"

#include <math.h>
#include <string.h>

#include "norm_epsilon.h"

bool sm_net_has_weights(sm_layer_kind kind) {
    return kind == SM_LAYER_CONV3X3 || kind == SM_LAYER_CONV1X1 || kind == SM_LAYER_DENSE;
}

void sm_fusion_run(const sm_fusion *fusion) {
    const size_t channels = (size_t)fusion->channels;
    const float *weights = fusion->weights;
    float *fused = fusion->fused_weights;
    if (!fusion->scale) {
        if (fused != weights) memcpy(fused, weights, fusion->count * sizeof *fused);
        for (size_t c = 0; fusion->fused_bias && c < channels; c++)
            fusion->fused_bias[c] = fusion->bias ? fusion->bias[c] : 0.0f;
        return;
    }
    /* The bias holds the factors meanwhile. Channels come last: each row of weights is read and written in order. */
    float *factor = fusion->fused_bias;
    for (size_t c = 0; c < channels; c++) factor[c] = fusion->scale[c] / sqrtf(fusion->variance[c] + SM_NORM_EPSILON);
    for (size_t row = 0; row < fusion->count; row += channels)
        for (size_t c = 0; c < channels; c++) fused[row + c] = weights[row + c] * factor[c];
    for (size_t c = 0; c < channels; c++) fusion->fused_bias[c] = fusion->shift[c] - fusion->mean[c] * factor[c];
}

static const float *parameter_values(const sm_net *net, const float *parameters, int layer, sm_parameter_kind kind) {
    int index = sm_net_parameter(net, layer, kind);
    return index >= 0 ? parameters + net->parameters[index].offset : NULL;
}

void sm_net_fuse(const sm_net *net, const float *parameters, int layer, float *weights, float *bias) {
    const sm_parameter *own = &net->parameters[sm_net_parameter(net, layer, SM_PARAMETER_WEIGHTS)];
    const sm_fusion fusion = {.weights = parameters + own->offset,
                              .bias = parameter_values(net, parameters, layer, SM_PARAMETER_BIAS),
                              .scale = parameter_values(net, parameters, layer, SM_PARAMETER_NORM_SCALE),
                              .shift = parameter_values(net, parameters, layer, SM_PARAMETER_NORM_SHIFT),
                              .mean = parameter_values(net, parameters, layer, SM_PARAMETER_NORM_MEAN),
                              .variance = parameter_values(net, parameters, layer, SM_PARAMETER_NORM_VARIANCE),
                              .count = own->count,
                              .channels = net->layers[layer].channels,
                              .fused_weights = weights,
                              .fused_bias = bias};
    sm_fusion_run(&fusion);
}
