#include "net_training_state.h"

int sm_training_side(const sm_training *training, int layer) {
    int level = training->net.layers[layer].level;
    return level >= 0 ? training->size >> level : 1;
}

size_t sm_training_count(const sm_training *training, int layer) {
    size_t side = (size_t)sm_training_side(training, layer);
    return (size_t)training->batch * side * side * (size_t)training->net.layers[layer].channels;
}

sm_source sm_training_source(const sm_training *training, int index, bool upsample) {
    const sm_layer *layer = &training->net.layers[index];
    const sm_layer_state *state = &training->layers[index];
    sm_source source = {.data = state->value,
                        .channels = layer->channels,
                        .stride = layer->channels,
                        .upsample = upsample,
                        .relu = layer->relu};
    if (layer->normalise) {
        source.scale = state->scale;
        source.shift = state->shift;
        source.per_image = layer->condition >= 0;
    }
    return source;
}

sm_target sm_training_target(sm_training *training, int index, bool upsample) {
    sm_layer_state *state = &training->layers[index];
    sm_target target = {.data = state->gradient,
                        .channels = training->net.layers[index].channels,
                        .stride = training->net.layers[index].channels,
                        .upsample = upsample,
                        .accumulate = state->written};
    if (state->gradient) state->written = true;
    return target;
}

float *sm_training_parameter(const sm_training *training, float *block, int layer, sm_parameter_kind kind) {
    int index = sm_net_parameter(&training->net, layer, kind);
    return index >= 0 ? block + training->net.parameters[index].offset : NULL;
}

sm_conv sm_training_conv(const sm_training *training, int index, float *parameters) {
    const sm_layer *layer = &training->net.layers[index];
    sm_conv conv = {.batch = training->batch,
                    .height = sm_training_side(training, index),
                    .width = sm_training_side(training, index),
                    .output_channels = layer->channels,
                    .output = training->layers[index].value,
                    .output_stride = layer->channels,
                    .output_gradient = training->layers[index].gradient,
                    .workspace = training->workspace,
                    .parallel = training->parallel};
    if (parameters) {
        conv.weights = sm_training_parameter(training, parameters, index, SM_PARAMETER_WEIGHTS);
        conv.bias = sm_training_parameter(training, parameters, index, SM_PARAMETER_BIAS);
    }
    for (int i = 0; i < 2 && layer->input[i] >= 0; i++)
        conv.source[conv.source_count++] = sm_training_source(training, layer->input[i], layer->upsample[i]);
    /* Without normalisation the convolution applies the ReLU; with it, the readers of the raw output do. */
    conv.relu = layer->relu && !layer->normalise;
    if (layer->normalise) conv.sums = training->sums;
    return conv;
}

unsigned long long sm_training_dropout_seed(unsigned long long seed, int layer) {
    return seed * 0x9E3779B97F4A7C15ULL + (unsigned long long)layer;
}
