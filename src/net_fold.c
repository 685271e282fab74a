#include "net_fold.h"

#include <math.h>

#include "norm_epsilon.h"

bool sm_net_has_weights(sm_layer_kind kind) {
    return kind == SM_LAYER_CONV3X3 || kind == SM_LAYER_CONV1X1 || kind == SM_LAYER_DENSE;
}

static const float *parameter_values(const sm_net *net, const float *parameters, int layer, sm_parameter_kind kind) {
    int index = sm_net_parameter(net, layer, kind);
    return index >= 0 ? parameters + net->parameters[index].offset : NULL;
}

void sm_net_fold(const sm_net *net, const float *parameters, int layer, float *weights, float *bias) {
    int channels = net->layers[layer].channels;
    const sm_parameter *parameter = &net->parameters[sm_net_parameter(net, layer, SM_PARAMETER_WEIGHTS)];
    const float *source = parameters + parameter->offset;
    const float *source_bias = parameter_values(net, parameters, layer, SM_PARAMETER_BIAS);
    const float *scale = parameter_values(net, parameters, layer, SM_PARAMETER_NORM_SCALE);
    const float *shift = parameter_values(net, parameters, layer, SM_PARAMETER_NORM_SHIFT);
    const float *mean = parameter_values(net, parameters, layer, SM_PARAMETER_NORM_MEAN);
    const float *variance = parameter_values(net, parameters, layer, SM_PARAMETER_NORM_VARIANCE);
    for (int c = 0; c < channels; c++) {
        float factor = scale ? scale[c] / sqrtf(variance[c] + SM_NORM_EPSILON) : 1.0f;
        for (size_t i = (size_t)c; i < parameter->count; i += (size_t)channels) weights[i] = source[i] * factor;
        if (bias) bias[c] = scale ? shift[c] - mean[c] * factor : source_bias[c];
    }
}
