/* The backward pass of training, layer by layer. */
#include <string.h>

#include "net_training_passes.h"

/** From the gradient of a normalised activation to those of the raw output and of the parameters. */
static void normalise_backward(sm_training *training, int index, float *parameters, float *gradients) {
    const sm_layer *layer = &training->net.layers[index];
    sm_layer_state *state = &training->layers[index];
    int channels = layer->channels;
    int side = sm_training_side(training, index);
    double count = (double)training->batch * side * side;
    float *a = training->coefficients;
    float *b = a + (size_t)training->batch * (size_t)channels;
    float *c = b + channels;
    sm_norm_backward norm = {.batch = training->batch,
                             .pixels = side * side,
                             .channels = channels,
                             .raw = state->value,
                             .gradient = state->gradient,
                             .scale = state->scale,
                             .shift = state->shift,
                             .per_image = layer->condition >= 0,
                             .relu = layer->relu,
                             .mean = state->mean,
                             .inverse_deviation = state->inverse_deviation,
                             .sums = training->sums,
                             .a = a,
                             .b = b,
                             .c = c,
                             .workspace = training->workspace,
                             .parallel = training->parallel};
    training->kernels->norm_sums(&norm);
    const float *scale = sm_training_parameter(training, parameters, index, SM_PARAMETER_NORM_SCALE);
    const float *shift = sm_training_parameter(training, parameters, index, SM_PARAMETER_NORM_SHIFT);
    float *scale_gradient = sm_training_parameter(training, gradients, index, SM_PARAMETER_NORM_SCALE);
    float *shift_gradient = sm_training_parameter(training, gradients, index, SM_PARAMETER_NORM_SHIFT);
    const float *condition = layer->condition >= 0 ? training->layers[layer->condition].value : NULL;
    float *condition_gradient = condition ? training->layers[layer->condition].gradient : NULL;
    if (condition) training->layers[layer->condition].written = true;
    for (int k = 0; k < channels; k++) {
        /* With x the normalised value and z = (scale x + shift)(1 + g) + b: the sums over pixels of dz and of dz x. */
        double sum_scale = 0;
        double sum_shift = 0;
        float deviation = state->inverse_deviation[k];
        for (int n = 0; n < training->batch; n++) {
            double dz = training->sums[(size_t)n * 2 * (size_t)channels + (size_t)k];
            double dzx = training->sums[((size_t)n * 2 + 1) * (size_t)channels + (size_t)k];
            size_t row = (size_t)n * 2 * (size_t)channels + (size_t)k;
            double gain = condition ? 1.0 + (double)condition[row] : 1.0;
            if (condition) {
                condition_gradient[row] = (float)((double)scale[k] * dzx + (double)shift[k] * dz);
                condition_gradient[row + (size_t)channels] = (float)dz;
            }
            sum_scale += gain * dzx;
            sum_shift += gain * dz;
            a[(size_t)n * (size_t)channels + (size_t)k] = (float)gain * scale[k] * deviation;
        }
        scale_gradient[k] += (float)sum_scale;
        shift_gradient[k] += (float)sum_shift;
        double factor = (double)scale[k] * (double)deviation;
        b[k] = (float)(-factor * (double)deviation * sum_scale / count);
        c[k] = (float)(-factor * sum_shift / count - (double)b[k] * (double)state->mean[k]);
    }
    training->kernels->norm_apply(&norm);
}

/** Adds the scratch, a reader's gradient, to the gradient of the vector layer `index`. */
static void add_vector_gradient(sm_training *training, int index) {
    sm_layer_state *state = &training->layers[index];
    size_t count = sm_training_count(training, index);
    for (size_t i = 0; i < count; i++)
        state->gradient[i] = training->vector_scratch[i] + (state->written ? state->gradient[i] : 0.0f);
    state->written = true;
}

static void backward_global_pool(sm_training *training, int index) {
    const sm_layer *layer = &training->net.layers[index];
    int input = layer->input[0];
    int side = sm_training_side(training, input);
    int channels = training->net.layers[input].channels;
    sm_source source = sm_training_source(training, input, false);
    sm_target target = sm_training_target(training, input, false);
    size_t plane = (size_t)side * (size_t)side * (size_t)channels;
    for (int n = 0; n < training->batch; n++) {
        sm_source one = source;
        sm_target one_target = target;
        one.data += (size_t)n * plane;
        one_target.data += (size_t)n * plane;
        if (one.per_image) {
            one.scale += n * channels;
            one.shift += n * channels;
        }
        const float *row = training->layers[index].gradient + (size_t)n * (size_t)layer->channels;
        training->kernels->global_pool_backward(&one, 1, side, side, row, layer->global_maximum ? row + channels : NULL,
                                                &one_target);
    }
}

static void backward_conv(sm_training *training, int index, float *parameters, float *gradients) {
    const sm_layer *layer = &training->net.layers[index];
    sm_conv conv = sm_training_conv(training, index, parameters);
    conv.weights_gradient = sm_training_parameter(training, gradients, index, SM_PARAMETER_WEIGHTS);
    conv.bias_gradient = sm_training_parameter(training, gradients, index, SM_PARAMETER_BIAS);
    bool wanted = false;
    for (int k = 0; k < conv.source_count; k++) {
        conv.target[k] = sm_training_target(training, layer->input[k], layer->upsample[k]);
        if (conv.target[k].data) wanted = true;
    }
    if (layer->kind == SM_LAYER_CONV3X3) {
        training->kernels->conv3x3_backward_weights(&conv);
        if (wanted) training->kernels->conv3x3_backward_data(&conv);
    } else {
        training->kernels->conv1x1_backward_weights(&conv);
        if (wanted) training->kernels->conv1x1_backward_data(&conv);
    }
}

void sm_training_backward(sm_training *training, int index, float *parameters, float *gradients,
                          unsigned long long seed) {
    const sm_layer *layer = &training->net.layers[index];
    sm_layer_state *state = &training->layers[index];
    const sm_kernels *kernels = training->kernels;
    if (!state->written) return; /* no loss depends on it */
    int input = layer->input[0];
    int input_channels = sm_net_input_channels(&training->net, index);
    switch (layer->kind) {
    case SM_LAYER_INPUT:
    case SM_LAYER_PROMPT:
        break;
    case SM_LAYER_CONV3X3:
        if (layer->normalise) normalise_backward(training, index, parameters, gradients);
        backward_conv(training, index, parameters, gradients);
        break;
    case SM_LAYER_CONV1X1:
        backward_conv(training, index, parameters, gradients);
        break;
    case SM_LAYER_MAX_POOL: {
        sm_source source = sm_training_source(training, input, false);
        sm_target target = sm_training_target(training, input, false);
        kernels->max_pool_backward(&source, training->batch, sm_training_side(training, input),
                                   sm_training_side(training, input), state->gradient, &target, training->parallel);
        break;
    }
    case SM_LAYER_UPSAMPLE: {
        sm_target target = sm_training_target(training, input, false);
        kernels->upsample_bilinear_backward(state->gradient, training->batch, sm_training_side(training, input),
                                            sm_training_side(training, input), input_channels, target.data,
                                            target.accumulate, training->parallel);
        break;
    }
    case SM_LAYER_GLOBAL_POOL:
        backward_global_pool(training, index);
        break;
    case SM_LAYER_DROPOUT:
        memcpy(training->vector_scratch, state->gradient, sm_training_count(training, index) * sizeof(float));
        kernels->dropout(training->vector_scratch, sm_training_count(training, index), layer->dropout,
                         sm_training_dropout_seed(seed, index));
        add_vector_gradient(training, input);
        break;
    case SM_LAYER_DENSE:
        kernels->dense_backward(
            training->layers[input].value, state->gradient, training->batch, input_channels, layer->channels,
            sm_training_parameter(training, parameters, index, SM_PARAMETER_WEIGHTS),
            sm_training_parameter(training, gradients, index, SM_PARAMETER_WEIGHTS),
            sm_training_parameter(training, gradients, index, SM_PARAMETER_BIAS), training->vector_scratch);
        add_vector_gradient(training, input);
        break;
    case SM_LAYER_SOFTMAX:
        kernels->softmax_backward(state->value, state->gradient, training->batch, layer->channels,
                                  training->vector_scratch);
        add_vector_gradient(training, input);
        break;
    }
}
