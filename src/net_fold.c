#include "net_fold.h"

#include <math.h>

#include "norm_epsilon.h"

bool sm_net_has_weights(sm_layer_kind kind) {
    return kind == SM_LAYER_CONV3X3 || kind == SM_LAYER_CONV1X1 || kind == SM_LAYER_DENSE;
}

void sm_fold_run(const sm_fold *fold) {
    for (int c = 0; c < fold->channels; c++) {
        float factor = fold->scale ? fold->scale[c] / sqrtf(fold->variance[c] + SM_NORM_EPSILON) : 1.0f;
        for (size_t i = (size_t)c; i < fold->count; i += (size_t)fold->channels)
            fold->folded_weights[i] = fold->weights[i] * factor;
        if (!fold->folded_bias) continue;
        float bias = fold->bias ? fold->bias[c] : 0.0f;
        fold->folded_bias[c] = fold->scale ? fold->shift[c] - fold->mean[c] * factor : bias;
    }
}

static const float *parameter_values(const sm_net *net, const float *parameters, int layer, sm_parameter_kind kind) {
    int index = sm_net_parameter(net, layer, kind);
    return index >= 0 ? parameters + net->parameters[index].offset : NULL;
}

void sm_net_fold(const sm_net *net, const float *parameters, int layer, float *weights, float *bias) {
    const sm_parameter *own = &net->parameters[sm_net_parameter(net, layer, SM_PARAMETER_WEIGHTS)];
    const sm_fold fold = {.weights = parameters + own->offset,
                          .bias = parameter_values(net, parameters, layer, SM_PARAMETER_BIAS),
                          .scale = parameter_values(net, parameters, layer, SM_PARAMETER_NORM_SCALE),
                          .shift = parameter_values(net, parameters, layer, SM_PARAMETER_NORM_SHIFT),
                          .mean = parameter_values(net, parameters, layer, SM_PARAMETER_NORM_MEAN),
                          .variance = parameter_values(net, parameters, layer, SM_PARAMETER_NORM_VARIANCE),
                          .count = own->count,
                          .channels = net->layers[layer].channels,
                          .folded_weights = weights,
                          .folded_bias = bias};
    sm_fold_run(&fold);
}
