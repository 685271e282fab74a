#include "net_training.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory_plan.h"
#include "norm_epsilon.h"
#include "sonomask.h"

/* What a layer keeps between its forward and its backward pass. */
typedef struct layer_state {
    float *value;       /* [batch][side][side][channels] (convolutions: raw), or [batch][channels] */
    float *gradient;    /* of `value` as others read it (after normalisation and ReLU) */
    bool written;       /* the gradient holds something in this backward pass */
    float *transformed; /* 3x3 weights as the kernel wants them */
    /* Normalisation: */
    float *scale, *shift;            /* folded: [channels], or [batch][channels] with conditioning */
    float *mean, *inverse_deviation; /* [channels] */
    double forward_seconds, backward_seconds;
} layer_state;

struct sm_training {
    sm_net net;
    int size, batch;
    const sm_kernels *kernels;
    const sm_parallel *parallel;
    layer_state layers[SM_NET_MAX_LAYERS];
    float *memory; /* one block for all arrays above and below */
    size_t memory_count;
    float *workspace;
    float *truth[SM_NET_MAX_LEVELS + 1]; /* masks at each level, [batch][side][side] */
    float *coefficients;                 /* three rows of norm_apply: a [batch][channels], b, c [channels] */
    float *vector_scratch;               /* [batch][longest vector] */
    double *sums;                        /* [batch][2][widest layer] */
    double (*clock)(void);
};

sm_loss_options sm_loss_options_default(void) {
    return (sm_loss_options){.bce_weight = 1,
                             .dice_weight = 1,
                             .dice_smooth = 1,
                             .auxiliary_weight = 0.5f,
                             .type_weight = 0.5f,
                             .label_smoothing = 0.05f};
}

static int layer_side(const sm_training *training, int layer) {
    int level = training->net.layers[layer].level;
    return level >= 0 ? training->size >> level : 1;
}

static size_t value_count(const sm_training *training, int layer) {
    size_t side = (size_t)layer_side(training, layer);
    return (size_t)training->batch * side * side * (size_t)training->net.layers[layer].channels;
}

static sm_source layer_source(const sm_training *training, int index, bool upsample) {
    const sm_layer *layer = &training->net.layers[index];
    const layer_state *state = &training->layers[index];
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

/** Where the gradient of input `index` goes; the first consumer to come overwrites, later ones add. */
static sm_target layer_target(sm_training *training, int index, bool upsample) {
    layer_state *state = &training->layers[index];
    sm_target target = {.data = state->gradient,
                        .channels = training->net.layers[index].channels,
                        .stride = training->net.layers[index].channels,
                        .upsample = upsample,
                        .accumulate = state->written};
    if (state->gradient) state->written = true;
    return target;
}

static float *parameter_at(const sm_training *training, float *block, int layer, sm_parameter_kind kind) {
    int index = sm_net_parameter(&training->net, layer, kind);
    return index >= 0 ? block + training->net.parameters[index].offset : NULL;
}

static sm_conv layer_conv(const sm_training *training, int index, float *parameters) {
    const sm_layer *layer = &training->net.layers[index];
    sm_conv conv = {.batch = training->batch,
                    .height = layer_side(training, index),
                    .width = layer_side(training, index),
                    .output_channels = layer->channels,
                    .output = training->layers[index].value,
                    .output_stride = layer->channels,
                    .output_gradient = training->layers[index].gradient,
                    .workspace = training->workspace,
                    .parallel = training->parallel};
    if (parameters) {
        conv.weights = parameter_at(training, parameters, index, SM_PARAMETER_WEIGHTS);
        conv.bias = parameter_at(training, parameters, index, SM_PARAMETER_BIAS);
    }
    for (int i = 0; i < 2 && layer->input[i] >= 0; i++)
        conv.source[conv.source_count++] = layer_source(training, layer->input[i], layer->upsample[i]);
    /* A ReLU without normalisation is applied by the convolution; with it, by whoever reads the raw output. */
    conv.relu = layer->relu && !layer->normalise;
    if (layer->normalise) conv.sums = training->sums;
    return conv;
}

/** Hands out pieces of the one block; with memory NULL it only counts. */
typedef struct allotment {
    float *memory;
    size_t used;
} allotment;

static float *allot(allotment *a, size_t count) {
    float *piece = a->memory ? a->memory + a->used : NULL;
    a->used += (count + 15) / 16 * 16;
    return piece;
}

static void allot_gradients(sm_training *training, allotment *a) {
    const sm_net *net = &training->net;
    sm_lifetime tensors[SM_NET_MAX_LAYERS] = {{0}};
    for (int i = 0; i < net->layer_count; i++) {
        /* Steps count backwards: the loss is step 0, layer i is step layer_count - i. */
        bool is_output = net->layers[i].role != SM_ROLE_NONE;
        tensors[i] = (sm_lifetime){.size = net->layers[i].kind == SM_LAYER_INPUT ? 0 : value_count(training, i),
                                   .first = is_output ? 0 : net->layer_count - i,
                                   .last = net->layer_count - i};
        int read[3] = {net->layers[i].input[0], net->layers[i].input[1], net->layers[i].condition};
        for (int k = 0; k < 3; k++)
            if (read[k] >= 0 && tensors[read[k]].first > net->layer_count - i)
                tensors[read[k]].first = net->layer_count - i;
    }
    float *arena = allot(a, sm_memory_plan(tensors, net->layer_count));
    for (int i = 0; i < net->layer_count; i++)
        training->layers[i].gradient = arena && tensors[i].size > 0 ? arena + tensors[i].offset : NULL;
}

static size_t workspace_count(const sm_training *training) {
    size_t largest = 0;
    int threads = sm_parallel_threads(training->parallel);
    for (int i = 0; i < training->net.layer_count; i++) {
        const sm_layer *layer = &training->net.layers[i];
        sm_conv conv = layer_conv(training, i, NULL);
        for (int k = 0; k < conv.source_count; k++)
            conv.target[k] = (sm_target){.channels = conv.source[k].channels, .stride = conv.source[k].channels};
        sm_norm_backward norm = {.batch = training->batch,
                                 .pixels = conv.height * conv.width,
                                 .channels = layer->channels,
                                 .parallel = training->parallel};
        size_t wanted = 0;
        if (layer->kind == SM_LAYER_CONV3X3) wanted = training->kernels->conv3x3_workspace(&conv, threads);
        if (layer->kind == SM_LAYER_CONV1X1) wanted = training->kernels->conv1x1_workspace(&conv, threads);
        if (wanted > largest) largest = wanted;
        if (layer->normalise) wanted = training->kernels->norm_sums_workspace(&norm, threads);
        if (wanted > largest) largest = wanted;
    }
    return largest;
}

static void allot_all(sm_training *training, allotment *a) {
    const sm_net *net = &training->net;
    size_t batch = (size_t)training->batch;
    size_t widest = 1;
    size_t longest = 1;
    for (int i = 0; i < net->layer_count; i++) {
        const sm_layer *layer = &net->layers[i];
        layer_state *state = &training->layers[i];
        size_t channels = (size_t)layer->channels;
        if (channels > widest) widest = channels;
        if (layer->level < 0 && channels > longest) longest = channels;
        state->value = allot(a, value_count(training, i));
        if (layer->normalise) {
            size_t rows = layer->condition >= 0 ? batch : 1;
            state->scale = allot(a, rows * channels);
            state->shift = allot(a, rows * channels);
            state->mean = allot(a, channels);
            state->inverse_deviation = allot(a, channels);
        }
    }
    for (int level = 0; level <= net->levels; level++)
        training->truth[level] =
            allot(a, batch * (size_t)(training->size >> level) * (size_t)(training->size >> level));
    training->coefficients = allot(a, (batch + 2) * widest);
    training->vector_scratch = allot(a, batch * longest);
    allot_gradients(training, a);
    training->workspace = allot(a, workspace_count(training));
}

sm_status sm_training_create(const sm_net *net, int size, int batch, const sm_kernels *kernels,
                             const sm_parallel *parallel, sm_training **training, sm_error *error) {
    *training = NULL;
    if (!sm_net_size_valid(net, size))
        return sm_fail(error, SM_ERROR_ARGUMENT, "input size %d: %s needs a multiple of %d, at most 1024", size,
                       net->name, 1 << net->levels);
    if (batch < 1 || batch > 256) return sm_fail(error, SM_ERROR_ARGUMENT, "batch size %d: needs 1 to 256", batch);
    sm_training *made = calloc(1, sizeof *made);
    if (!made) return sm_fail(error, SM_ERROR_MEMORY, "no memory for training");
    made->net = *net;
    made->size = size;
    made->batch = batch;
    made->kernels = kernels;
    made->parallel = parallel;
    size_t widest = 1;
    for (int i = 0; i < net->layer_count; i++)
        if ((size_t)net->layers[i].channels > widest) widest = (size_t)net->layers[i].channels;
    made->sums = calloc((size_t)batch * 2 * widest, sizeof *made->sums);
    allotment count = {0};
    allot_all(made, &count);
    made->memory_count = count.used;
    made->memory = sm_floats_allocate(count.used);
    if (!made->memory || !made->sums) {
        sm_training_free(made);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for training at size %d, batch %d (%z MB)", size, batch,
                       count.used * sizeof(float) / 1000000);
    }
    allotment place = {.memory = made->memory};
    allot_all(made, &place);
    *training = made;
    return SM_OK;
}

void sm_training_free(sm_training *training) {
    if (!training) return;
    sm_floats_free(training->memory);
    free(training->sums);
    free(training);
}

/* ---- forward ---- */

/** From the sums of a raw output to mean, deviation and the folded scale and shift; moves the running statistics. */
static void normalise_forward(sm_training *training, int index, float *parameters, float momentum) {
    const sm_layer *layer = &training->net.layers[index];
    layer_state *state = &training->layers[index];
    int channels = layer->channels;
    int side = layer_side(training, index);
    double count = (double)training->batch * side * side;
    const float *scale = parameter_at(training, parameters, index, SM_PARAMETER_NORM_SCALE);
    const float *shift = parameter_at(training, parameters, index, SM_PARAMETER_NORM_SHIFT);
    float *running_mean = parameter_at(training, parameters, index, SM_PARAMETER_NORM_MEAN);
    float *running_variance = parameter_at(training, parameters, index, SM_PARAMETER_NORM_VARIANCE);
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
        running_mean[c] += momentum * ((float)mean - running_mean[c]);
        double unbiased = count > 1 ? variance * count / (count - 1) : variance;
        running_variance[c] += momentum * ((float)unbiased - running_variance[c]);
    }
    const float *condition = layer->condition >= 0 ? training->layers[layer->condition].value : NULL;
    int rows = condition ? training->batch : 1;
    for (int n = 0; n < rows; n++) {
        const float *gain = condition ? condition + (size_t)n * 2 * (size_t)channels : NULL;
        float *folded_scale = state->scale + (size_t)n * (size_t)channels;
        float *folded_shift = state->shift + (size_t)n * (size_t)channels;
        for (int c = 0; c < channels; c++) {
            float g = gain ? 1.0f + gain[c] : 1.0f;
            float b = gain ? gain[channels + c] : 0.0f;
            float factor = scale[c] * state->inverse_deviation[c];
            folded_scale[c] = factor * g;
            folded_shift[c] = (shift[c] - state->mean[c] * factor) * g + b;
        }
    }
}

static unsigned long long dropout_seed(unsigned long long seed, int layer) {
    return seed * 0x9E3779B97F4A7C15ULL + (unsigned long long)layer;
}

static void forward_layer(sm_training *training, int index, float *parameters, float momentum,
                          unsigned long long seed) {
    const sm_layer *layer = &training->net.layers[index];
    const sm_kernels *kernels = training->kernels;
    float *value = training->layers[index].value;
    int input = layer->input[0] >= 0 ? layer->input[0] : index; /* the input layer reads nothing */
    int input_side = layer_side(training, input);
    int input_channels = sm_net_input_channels(&training->net, index);
    const float *input_value = training->layers[input].value;
    sm_source source = layer_source(training, input, false);
    switch (layer->kind) {
    case SM_LAYER_INPUT:
        break;
    case SM_LAYER_CONV3X3: {
        sm_conv conv = layer_conv(training, index, parameters);
        kernels->conv3x3_forward(&conv);
        if (layer->normalise) normalise_forward(training, index, parameters, momentum);
        break;
    }
    case SM_LAYER_CONV1X1: {
        sm_conv conv = layer_conv(training, index, parameters);
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
        /* Both poolings of an image stand side by side: [batch][2 * channels] is filled an image at a time. */
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
        memcpy(value, input_value, value_count(training, index) * sizeof *value);
        kernels->dropout(value, value_count(training, index), layer->dropout, dropout_seed(seed, index));
        break;
    case SM_LAYER_DENSE:
        kernels->dense(input_value, training->batch, input_channels, layer->channels,
                       parameter_at(training, parameters, index, SM_PARAMETER_WEIGHTS),
                       parameter_at(training, parameters, index, SM_PARAMETER_BIAS), value);
        break;
    case SM_LAYER_SOFTMAX:
        kernels->softmax(input_value, training->batch, layer->channels, value);
        break;
    }
}

/* ---- losses ---- */

/** The true masks at half the resolution, by averaging: a soft truth for the auxiliary outputs. */
static void halve(const float *input, int batch, int side, float *output) {
    int half = side / 2;
    for (int row = 0; row < batch * half; row++) {
        const float *upper = input + (size_t)row * 2 * (size_t)side;
        const float *lower = upper + side;
        for (int x = 0; x < half; x++)
            output[(size_t)row * (size_t)half + (size_t)x] =
                0.25f * (upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1]);
    }
}

static sm_losses losses_and_gradients(sm_training *training, const sm_batch *batch, const sm_loss_options *options) {
    const sm_net *net = &training->net;
    sm_losses losses = {0};
    memcpy(training->truth[0], batch->masks,
           (size_t)training->batch * (size_t)training->size * (size_t)training->size * sizeof(float));
    for (int level = 1; level <= net->levels; level++)
        halve(training->truth[level - 1], training->batch, training->size >> (level - 1), training->truth[level]);
    for (int i = 0; i < net->layer_count; i++) {
        const sm_layer *layer = &net->layers[i];
        layer_state *state = &training->layers[i];
        if (layer->role == SM_ROLE_MASK || layer->role == SM_ROLE_AUXILIARY) {
            float weight = 1;
            if (layer->role == SM_ROLE_AUXILIARY)
                weight = options->auxiliary_weight > 0 ? powf(options->auxiliary_weight, (float)layer->level) : 0;
            int side = layer_side(training, i);
            sm_mask_loss loss = {.batch = training->batch,
                                 .pixels = side * side,
                                 .logits = state->value,
                                 .truth = training->truth[layer->level],
                                 .bce_weight = options->bce_weight * weight,
                                 .dice_weight = options->dice_weight * weight,
                                 .dice_smooth = options->dice_smooth,
                                 .gradient = state->gradient};
            double value = training->kernels->mask_loss(&loss);
            losses.total += value;
            if (layer->role == SM_ROLE_MASK) losses.mask = value;
            state->written = true;
        } else if (layer->role == SM_ROLE_TYPE) {
            losses.type =
                options->type_mae
                    ? training->kernels->type_mae(state->value, batch->types, NULL, training->batch, state->gradient)
                    : training->kernels->cross_entropy(state->value, batch->types, NULL, training->batch,
                                                       SM_CLASS_COUNT, options->label_smoothing, state->gradient);
            losses.total += (double)options->type_weight * losses.type;
            for (int k = 0; k < training->batch * SM_CLASS_COUNT; k++) state->gradient[k] *= options->type_weight;
            state->written = true;
        }
    }
    return losses;
}

/* ---- backward ---- */

/** Turns the gradient of a normalised activation into that of the raw output, and fills the parameters' gradients. */
static void normalise_backward(sm_training *training, int index, float *parameters, float *gradients) {
    const sm_layer *layer = &training->net.layers[index];
    layer_state *state = &training->layers[index];
    int channels = layer->channels;
    int side = layer_side(training, index);
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
    const float *scale = parameter_at(training, parameters, index, SM_PARAMETER_NORM_SCALE);
    const float *shift = parameter_at(training, parameters, index, SM_PARAMETER_NORM_SHIFT);
    float *scale_gradient = parameter_at(training, gradients, index, SM_PARAMETER_NORM_SCALE);
    float *shift_gradient = parameter_at(training, gradients, index, SM_PARAMETER_NORM_SHIFT);
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

/** Adds a vector layer's input gradient, in the scratch, to what its other readers gave. */
static void add_vector_gradient(sm_training *training, int index) {
    layer_state *state = &training->layers[index];
    size_t count = value_count(training, index);
    for (size_t i = 0; i < count; i++)
        state->gradient[i] = training->vector_scratch[i] + (state->written ? state->gradient[i] : 0.0f);
    state->written = true;
}

static void backward_global_pool(sm_training *training, int index) {
    const sm_layer *layer = &training->net.layers[index];
    int input = layer->input[0];
    int side = layer_side(training, input);
    int channels = training->net.layers[input].channels;
    sm_source source = layer_source(training, input, false);
    sm_target target = layer_target(training, input, false);
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
    sm_conv conv = layer_conv(training, index, parameters);
    conv.weights_gradient = parameter_at(training, gradients, index, SM_PARAMETER_WEIGHTS);
    conv.bias_gradient = parameter_at(training, gradients, index, SM_PARAMETER_BIAS);
    bool wanted = false;
    for (int k = 0; k < conv.source_count; k++) {
        conv.target[k] = layer_target(training, layer->input[k], layer->upsample[k]);
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

static void backward_layer(sm_training *training, int index, float *parameters, float *gradients,
                           unsigned long long seed) {
    const sm_layer *layer = &training->net.layers[index];
    layer_state *state = &training->layers[index];
    const sm_kernels *kernels = training->kernels;
    if (!state->written) return; /* nothing that is scored reads it */
    int input = layer->input[0];
    int input_channels = sm_net_input_channels(&training->net, index);
    switch (layer->kind) {
    case SM_LAYER_INPUT:
        break;
    case SM_LAYER_CONV3X3:
        if (layer->normalise) normalise_backward(training, index, parameters, gradients);
        backward_conv(training, index, parameters, gradients);
        break;
    case SM_LAYER_CONV1X1:
        backward_conv(training, index, parameters, gradients);
        break;
    case SM_LAYER_MAX_POOL: {
        sm_source source = layer_source(training, input, false);
        sm_target target = layer_target(training, input, false);
        kernels->max_pool_backward(&source, training->batch, layer_side(training, input), layer_side(training, input),
                                   state->gradient, &target, training->parallel);
        break;
    }
    case SM_LAYER_UPSAMPLE: {
        sm_target target = layer_target(training, input, false);
        kernels->upsample_bilinear_backward(state->gradient, training->batch, layer_side(training, input),
                                            layer_side(training, input), input_channels, target.data, target.accumulate,
                                            training->parallel);
        break;
    }
    case SM_LAYER_GLOBAL_POOL:
        backward_global_pool(training, index);
        break;
    case SM_LAYER_DROPOUT:
        memcpy(training->vector_scratch, state->gradient, value_count(training, index) * sizeof(float));
        kernels->dropout(training->vector_scratch, value_count(training, index), layer->dropout,
                         dropout_seed(seed, index));
        add_vector_gradient(training, input);
        break;
    case SM_LAYER_DENSE:
        kernels->dense_backward(training->layers[input].value, state->gradient, training->batch, input_channels,
                                layer->channels, parameter_at(training, parameters, index, SM_PARAMETER_WEIGHTS),
                                parameter_at(training, gradients, index, SM_PARAMETER_WEIGHTS),
                                parameter_at(training, gradients, index, SM_PARAMETER_BIAS), training->vector_scratch);
        add_vector_gradient(training, input);
        break;
    case SM_LAYER_SOFTMAX:
        kernels->softmax_backward(state->value, state->gradient, training->batch, layer->channels,
                                  training->vector_scratch);
        add_vector_gradient(training, input);
        break;
    }
}

sm_losses sm_training_step(sm_training *training, float *parameters, const sm_batch *batch,
                           const sm_loss_options *options, float statistics_momentum, unsigned long long seed,
                           float *gradients) {
    const sm_net *net = &training->net;
    memset(gradients, 0, net->trainable_count * sizeof *gradients);
    memcpy(training->layers[0].value, batch->images, value_count(training, 0) * sizeof *batch->images);
    double before = training->clock ? training->clock() : 0;
    for (int i = 0; i < net->layer_count; i++) {
        training->layers[i].written = false;
        forward_layer(training, i, parameters, statistics_momentum, seed);
        if (training->clock) {
            double now = training->clock();
            training->layers[i].forward_seconds += now - before;
            before = now;
        }
    }
    sm_losses losses = losses_and_gradients(training, batch, options);
    if (training->clock) before = training->clock();
    for (int i = net->layer_count - 1; i >= 0; i--) {
        backward_layer(training, i, parameters, gradients, seed);
        if (training->clock) {
            double now = training->clock();
            training->layers[i].backward_seconds += now - before;
            before = now;
        }
    }
    return losses;
}

const float *sm_training_mask_logits(const sm_training *training) {
    return training->layers[training->net.mask_layer].value;
}

const float *sm_training_type_logits(const sm_training *training) {
    return training->layers[training->net.type_layer].value;
}

size_t sm_training_bytes(const sm_training *training) { return training->memory_count * sizeof(float); }

void sm_training_set_clock(sm_training *training, double (*clock)(void)) { training->clock = clock; }

void sm_training_times(const sm_training *training, double *forward, double *backward) {
    for (int i = 0; i < training->net.layer_count; i++) {
        forward[i] = training->layers[i].forward_seconds;
        backward[i] = training->layers[i].backward_seconds;
    }
}
