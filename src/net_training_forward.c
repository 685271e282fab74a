/* The forward pass of training, layer by layer. */
#include <math.h>
#include <string.h>

#include "net_training_passes.h"
#include "norm_epsilon.h"
#include "types.h"

/** From the sums of a raw output: mean, deviation, combined scale and shift. */
static void normalise_forward(sm_training *training, int index, float *parameters) {
    const sm_layer *layer = &training->net.layers[index];
    sm_layer_state *state = &training->layers[index];
    int channels = layer->channels;
    int side = sm_training_side(training, index);
    double count = (double)training->batch * side * side;
    const float *scale = sm_training_parameter(training, parameters, index, SM_PARAMETER_NORM_SCALE);
    const float *shift = sm_training_parameter(training, parameters, index, SM_PARAMETER_NORM_SHIFT);
    for (int c = 0; c < channels; c++) {
        double sum = 0;
        double squares = 0;
        for (int n = 0; n < training->batch; n++) {
            sum += training->sums[(size_t)n * 2 * (size_t)channels + (size_t)c];
            squares += training->sums[((size_t)n * 2 + 1) * (size_t)channels + (size_t)c];
        }
        double mean = sum / count;
        double variance = squares / count - mean * mean;
        if (variance < 0) variance = 0;
        state->mean[c] = (float)mean;
        state->inverse_deviation[c] = (float)(1 / sqrt(variance + (double)SM_NORM_EPSILON));
        state->variance[c] = (float)(count > 1 ? variance * count / (count - 1) : variance);
    }
    const float *condition = layer->condition >= 0 ? training->layers[layer->condition].value : NULL;
    int rows = condition ? training->batch : 1;
    for (int n = 0; n < rows; n++) {
        const float *gain = condition ? condition + (size_t)n * 2 * (size_t)channels : NULL;
        float *combined_scale = state->scale + (size_t)n * (size_t)channels;
        float *combined_shift = state->shift + (size_t)n * (size_t)channels;
        for (int c = 0; c < channels; c++) {
            float g = gain ? 1.0f + gain[c] : 1.0f;
            float b = gain ? gain[channels + c] : 0.0f;
            float factor = scale[c] * state->inverse_deviation[c];
            combined_scale[c] = factor * g;
            combined_shift[c] = (shift[c] - state->mean[c] * factor) * g + b;
        }
    }
}

void sm_training_update_statistics(const sm_training *training, int index, float *parameters, float momentum) {
    const sm_layer *layer = &training->net.layers[index];
    const sm_layer_state *state = &training->layers[index];
    if (!layer->normalise) return;
    float *mean = sm_training_parameter(training, parameters, index, SM_PARAMETER_NORM_MEAN);
    float *variance = sm_training_parameter(training, parameters, index, SM_PARAMETER_NORM_VARIANCE);
    for (int c = 0; c < layer->channels; c++) {
        mean[c] += momentum * (state->mean[c] - mean[c]);
        variance[c] += momentum * (state->variance[c] - variance[c]);
    }
}

static void draw_prompts(const sm_training *training, int index) {
    static const sm_square_prompts none;
    const size_t count = sm_training_count(training, index) / (size_t)training->batch;
    for (int n = 0; n < training->batch; n++)
        sm_prompt_maps(training->prompts ? &training->prompts[n] : &none, training->size,
                       training->net.layers[index].level, training->layers[index].value + (size_t)n * count);
}

/** The type's probabilities that steer the decoder. Where prompts show a lesion, "normal" is excluded. */
static void softmax(const sm_training *training, const float *logits, float *value) {
    for (int n = 0; n < training->batch; n++) {
        float row[SM_CLASS_COUNT];
        memcpy(row, logits + (size_t)n * SM_CLASS_COUNT, sizeof row);
        if (training->prompts && sm_prompts_show_lesion(&training->prompts[n]))
            sm_class_set_restrict(SM_CLASSES_LESION, row);
        training->kernels->softmax(row, 1, SM_CLASS_COUNT, value + (size_t)n * SM_CLASS_COUNT);
    }
}

void sm_training_forward(sm_training *training, int index, float *parameters, unsigned long long seed) {
    const sm_layer *layer = &training->net.layers[index];
    const sm_kernels *kernels = training->kernels;
    float *value = training->layers[index].value;
    int input = layer->input[0] >= 0 ? layer->input[0] : index; /* the input layer has no input */
    int input_side = sm_training_side(training, input);
    int input_channels = sm_net_input_channels(&training->net, index);
    const float *input_value = training->layers[input].value;
    sm_source source = sm_training_source(training, input, false);
    switch (layer->kind) {
    case SM_LAYER_INPUT:
        break;
    case SM_LAYER_PROMPT:
        draw_prompts(training, index);
        break;
    case SM_LAYER_CONV3X3: {
        sm_conv conv = sm_training_conv(training, index, parameters);
        kernels->conv3x3_forward(&conv);
        if (layer->normalise) normalise_forward(training, index, parameters);
        break;
    }
    case SM_LAYER_CONV1X1: {
        sm_conv conv = sm_training_conv(training, index, parameters);
        kernels->conv1x1_forward(&conv);
        break;
    }
    case SM_LAYER_MAX_POOL:
        kernels->max_pool(&source, training->batch, input_side, input_side, value, training->parallel);
        break;
    case SM_LAYER_UPSAMPLE:
        kernels->upsample_bilinear(input_value, training->batch, input_side, input_side, input_channels, value,
                                   training->parallel);
        break;
    case SM_LAYER_GLOBAL_POOL: {
        /* Mean and maximum of an image are adjacent, [batch][2 * channels], so that the images are pooled one by one.
         */
        for (int n = 0; n < training->batch; n++) {
            sm_source one = source;
            size_t plane = (size_t)input_side * (size_t)input_side * (size_t)source.stride;
            one.data += (size_t)n * plane;
            if (one.per_image) {
                one.scale += n * source.channels;
                one.shift += n * source.channels;
            }
            float *row = value + (size_t)n * (size_t)layer->channels;
            kernels->global_pool(&one, 1, input_side, input_side, row,
                                 layer->global_maximum ? row + input_channels : NULL);
        }
        break;
    }
    case SM_LAYER_DROPOUT:
        memcpy(value, input_value, sm_training_count(training, index) * sizeof *value);
        kernels->dropout(value, sm_training_count(training, index), layer->dropout,
                         sm_training_dropout_seed(seed, index));
        break;
    case SM_LAYER_DENSE:
        kernels->dense(input_value, training->batch, input_channels, layer->channels,
                       sm_training_parameter(training, parameters, index, SM_PARAMETER_WEIGHTS),
                       sm_training_parameter(training, parameters, index, SM_PARAMETER_BIAS), value);
        break;
    case SM_LAYER_SOFTMAX:
        softmax(training, input_value, value);
        break;
    }
}
