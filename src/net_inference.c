#include "net_inference.h"

#include <stdlib.h>
#include <string.h>

#include "class_set.h"
#include "memory_plan.h"
#include "net_fusion.h"
#include "prompt_maps.h"
#include "status.h"
#include "types.h"

static const sm_square_prompts no_prompts;

/** What is the same in every run. Offsets are floats from the start of a state's arena. */
typedef struct planned_layer {
    bool needed;
    bool done_by_producer;               /* a pooling that the convolution before it performs */
    int pool;                            /* for a convolution: the pooling layer that it performs, or -1 */
    bool pooled_only;                    /* that pooling is the only reader of the output */
    float *weights, *transformed, *bias; /* in the block of weights; NULL where there is none */
    size_t output;                       /* offset of the output */
    size_t gain;                         /* offset of 1 + g of the conditioning */
    bool prompted;                       /* the output changes with the prompts */
} planned_layer;

struct sm_inference {
    sm_net net;
    int size;
    const sm_kernels *kernels;
    float *weights; /* one block: fused weights, biases, transformed weights */
    size_t weights_count;
    size_t activation_count; /* floats of the arena that hold activations */
    planned_layer layers[SM_NET_MAX_LAYERS];
};

struct sm_inference_state {
    const sm_inference *inference;
    const sm_parallel *parallel;
    const sm_square_prompts *prompts; /* of the current run; NULL: none */
    float *arena;                     /* activations by lifetime, then the workspace */
    size_t arena_count;
};

static size_t layer_side(const sm_inference *inference, int layer) {
    int level = inference->net.layers[layer].level;
    return level >= 0 ? (size_t)(inference->size >> level) : 1;
}

/** NULL while the arena is only being measured. */
static float *in_arena(const sm_inference_state *state, size_t offset) {
    return state->arena ? state->arena + offset : NULL;
}

static float *layer_output(const sm_inference_state *state, int layer) {
    return in_arena(state, state->inference->layers[layer].output);
}

static sm_conv layer_conv(const sm_inference_state *state, int index) {
    const sm_inference *inference = state->inference;
    const sm_layer *layer = &inference->net.layers[index];
    const planned_layer *planned = &inference->layers[index];
    sm_conv conv = {.batch = 1,
                    .height = (int)layer_side(inference, index),
                    .width = (int)layer_side(inference, index),
                    .output_channels = layer->channels,
                    .weights = planned->weights,
                    .transformed = planned->transformed,
                    .bias = planned->bias,
                    .relu = layer->relu,
                    .output = layer_output(state, index),
                    .output_stride = layer->channels,
                    .workspace = in_arena(state, inference->activation_count),
                    .parallel = state->parallel};
    for (int i = 0; i < 2 && layer->input[i] >= 0; i++) {
        int channels = inference->net.layers[layer->input[i]].channels;
        conv.source[conv.source_count++] = (sm_source){.data = layer_output(state, layer->input[i]),
                                                       .channels = channels,
                                                       .stride = channels,
                                                       .upsample = layer->upsample[i]};
    }
    if (layer->condition >= 0) {
        conv.output_scale = in_arena(state, planned->gain);
        conv.output_shift = in_arena(state, inference->layers[layer->condition].output + (size_t)layer->channels);
    }
    if (planned->pool >= 0) {
        conv.pooled = layer_output(state, planned->pool);
        conv.output_unused = planned->pooled_only;
    }
    return conv;
}

static void find_prompted(sm_inference *inference) {
    bool depends[SM_NET_MAX_LAYERS];
    sm_net_find_prompted(&inference->net, depends);
    for (int i = 0; i < inference->net.layer_count; i++) inference->layers[i].prompted = depends[i];
}

static bool has_other_reader(const sm_inference *inference, int layer, int reader) {
    const sm_net *net = &inference->net;
    if (net->layers[layer].role != SM_ROLE_NONE) return true;
    for (int i = 0; i < net->layer_count; i++)
        for (int k = 0; k < 2; k++)
            if (i != reader && net->layers[i].input[k] == layer) return true;
    return false;
}

/** A pooling whose input is a 3x3 convolution is done by that convolution. */
static void find_fused_pools(sm_inference *inference) {
    for (int i = 0; i < inference->net.layer_count; i++) {
        const sm_layer *layer = &inference->net.layers[i];
        inference->layers[i].pool = -1;
        inference->layers[i].needed = sm_net_in_inference(&inference->net, i);
        if (layer->kind != SM_LAYER_MAX_POOL) continue;
        int producer = layer->input[0];
        if (inference->net.layers[producer].kind != SM_LAYER_CONV3X3 || inference->layers[producer].pool >= 0) continue;
        inference->layers[producer].pool = i;
        inference->layers[producer].pooled_only = !has_other_reader(inference, producer, i);
        inference->layers[i].done_by_producer = true;
    }
}

/** A refinement reads what the encoder computed: those outputs are kept until the next image. */
static void keep_for_refinement(const sm_inference *inference, sm_lifetime *tensors) {
    const sm_net *net = &inference->net;
    for (int i = 0; i < net->layer_count; i++) {
        if (!inference->layers[i].needed || !inference->layers[i].prompted) continue;
        for (int k = 0; k < 2; k++) {
            const int read = net->layers[i].input[k];
            if (read >= 0 && !inference->layers[read].prompted) tensors[read].last = net->layer_count;
        }
    }
}

static void plan_activations(sm_inference *inference) {
    const sm_net *net = &inference->net;
    sm_lifetime tensors[2 * SM_NET_MAX_LAYERS] = {{0}};
    sm_lifetime *gains = tensors + SM_NET_MAX_LAYERS;
    for (int i = 0; i < net->layer_count; i++) {
        if (!inference->layers[i].needed) continue;
        const sm_layer *layer = &net->layers[i];
        size_t side = layer_side(inference, i);
        tensors[i] = (sm_lifetime){.size = side * side * (size_t)layer->channels,
                                   .first = inference->layers[i].done_by_producer ? layer->input[0] : i,
                                   .last = i};
        if (layer->role != SM_ROLE_NONE) tensors[i].last = net->layer_count;
        if (layer->condition >= 0) {
            gains[i] = (sm_lifetime){.size = (size_t)layer->channels, .first = i, .last = i};
            tensors[layer->condition].last = i;
        }
        for (int k = 0; k < 2; k++)
            if (layer->input[k] >= 0 && tensors[layer->input[k]].last < i) tensors[layer->input[k]].last = i;
    }
    keep_for_refinement(inference, tensors);
    inference->activation_count = sm_memory_plan(tensors, 2 * SM_NET_MAX_LAYERS);
    for (int i = 0; i < net->layer_count; i++) {
        inference->layers[i].output = tensors[i].offset;
        inference->layers[i].gain = gains[i].offset;
    }
}

static size_t rounded(size_t count) { return (count + 15) / 16 * 16; }

/** Gives each layer its place in one block of weights, first only measuring it, then with the block there. */
static void place_weights(sm_inference *inference) {
    const sm_net *net = &inference->net;
    size_t next = 0;
    for (int i = 0; i < net->layer_count; i++) {
        const sm_layer *layer = &net->layers[i];
        if (!inference->layers[i].needed || !sm_net_has_weights(layer->kind)) continue;
        size_t count = net->parameters[sm_net_parameter(net, i, SM_PARAMETER_WEIGHTS)].count;
        size_t transformed = 0;
        if (layer->kind == SM_LAYER_CONV3X3)
            transformed = inference->kernels->conv3x3_transformed_size(sm_net_input_channels(net, i), layer->channels);
        bool bias = layer->bias || layer->normalise;
        if (inference->weights) {
            if (bias) inference->layers[i].bias = inference->weights + next;
            float *place = inference->weights + next + (bias ? rounded((size_t)layer->channels) : 0);
            /* Where a transform exists the plain weights are not kept. */
            if (transformed)
                inference->layers[i].transformed = place;
            else
                inference->layers[i].weights = place;
        }
        next += rounded(transformed ? transformed : count) + (bias ? rounded((size_t)layer->channels) : 0);
    }
    inference->weights_count = next;
}

static sm_status allocate_weights(sm_inference *inference, sm_error *error) {
    place_weights(inference);
    inference->weights = sm_floats_reserve(inference->weights_count);
    if (!inference->weights)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for the weights (%z MB)",
                       inference->weights_count * sizeof(float) / 1000000);
    place_weights(inference);
    return SM_OK;
}

/** What is read of one layer. */
typedef struct layer_values {
    const float *values[SM_PARAMETER_NORM_VARIANCE + 1]; /* by kind; NULL for parameters that the layer lacks */
    const int8_t *numbers; /* NULL, or 8-bit weights; then values[SM_PARAMETER_WEIGHTS] are their scales */
    size_t count;          /* of the weights */
    float *free_space;     /* room for one value per output channel */
} layer_values;

static sm_status read_values(const sm_inference *inference, int index, const sm_parameter_source *source,
                             float *scratch, layer_values *found, sm_error *error) {
    const sm_net *net = &inference->net;
    const bool takes_bytes = inference->layers[index].transformed && source->read_bytes;
    *found = (layer_values){.free_space = scratch};
    for (int kind = SM_PARAMETER_WEIGHTS; kind <= SM_PARAMETER_NORM_VARIANCE; kind++) {
        const int place = sm_net_parameter(net, index, (sm_parameter_kind)kind);
        if (place < 0) continue;
        const sm_parameter *parameter = &net->parameters[place];
        const bool is_weights = kind == SM_PARAMETER_WEIGHTS;
        sm_status status = SM_OK;
        if (is_weights) found->count = parameter->count;
        if (is_weights && takes_bytes)
            status = source->read_bytes(source->context, parameter, &found->numbers, found->free_space, error);
        if (status == SM_OK && !(is_weights && found->numbers))
            status = source->read(source->context, parameter, found->free_space, error);
        if (status != SM_OK) return status;
        found->values[kind] = found->free_space;
        found->free_space += is_weights && found->numbers ? (size_t)net->layers[index].channels : parameter->count;
    }
    return SM_OK;
}

/** Reads the parameters of one layer into `scratch` and fuses and transforms them into the layer's place. */
static sm_status read_layer(sm_inference *inference, int index, const sm_parameter_source *source, float *scratch,
                            sm_error *error) {
    const int channels = inference->net.layers[index].channels;
    const int input_channels = sm_net_input_channels(&inference->net, index);
    layer_values found;
    const sm_status status = read_values(inference, index, source, scratch, &found, error);
    const float *weights = found.values[SM_PARAMETER_WEIGHTS];
    if (status != SM_OK || !inference->layers[index].needed || !weights) return status;
    float *transformed = inference->layers[index].transformed;
    const sm_fusion fusion = {.weights = weights,
                              .bias = found.values[SM_PARAMETER_BIAS],
                              .scale = found.values[SM_PARAMETER_NORM_SCALE],
                              .shift = found.values[SM_PARAMETER_NORM_SHIFT],
                              .mean = found.values[SM_PARAMETER_NORM_MEAN],
                              .variance = found.values[SM_PARAMETER_NORM_VARIANCE],
                              .count = found.numbers ? 0 : found.count,
                              .channels = channels,
                              .fused_weights = transformed ? scratch : inference->layers[index].weights,
                              .fused_bias = inference->layers[index].bias};
    sm_fusion_run(&fusion);
    if (found.numbers) {
        sm_fusion_factors(&fusion, found.free_space);
        const sm_byte_weights bytes = {found.numbers, weights, found.free_space};
        inference->kernels->conv3x3_transform_bytes(&bytes, input_channels, channels, transformed);
    } else if (transformed) {
        inference->kernels->conv3x3_transform(scratch, input_channels, channels, transformed);
    }
    return SM_OK;
}

/** The most floats that the parameters of one layer have together. */
static size_t largest_layer(const sm_net *net) {
    size_t largest = 0;
    size_t counts[SM_NET_MAX_LAYERS] = {0};
    for (int i = 0; i < net->parameter_count; i++) {
        size_t *count = &counts[net->parameters[i].layer];
        *count += net->parameters[i].count;
        if (*count > largest) largest = *count;
    }
    return largest;
}

static sm_status read_weights(sm_inference *inference, const sm_parameter_source *source, sm_error *error) {
    float *scratch = sm_floats_reserve(largest_layer(&inference->net));
    if (!scratch) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the weights");
    sm_status status = SM_OK;
    for (int i = 0; status == SM_OK && i < inference->net.layer_count; i++)
        status = read_layer(inference, i, source, scratch, error);
    sm_floats_free(scratch);
    return status;
}

sm_status sm_inference_create_from(const sm_net *net, const sm_parameter_source *source, int size,
                                   const sm_kernels *kernels, sm_inference **inference, sm_error *error) {
    *inference = NULL;
    if (!sm_net_size_valid(net, size))
        return sm_fail(error, SM_ERROR_ARGUMENT, "input size %d: %s needs a multiple of %d, at most 1024", size,
                       net->name, 1 << net->levels);
    sm_inference *made = calloc(1, sizeof *made);
    if (!made) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the network");
    made->net = *net;
    made->size = size;
    made->kernels = kernels;
    find_fused_pools(made);
    find_prompted(made);
    plan_activations(made);
    sm_status status = allocate_weights(made, error);
    if (status == SM_OK) status = read_weights(made, source, error);
    if (status != SM_OK) {
        sm_inference_free(made);
        return status;
    }
    *inference = made;
    return SM_OK;
}

static sm_status copy_parameter(const void *context, const sm_parameter *parameter, float *values, sm_error *error) {
    (void)error;
    const float *parameters = context;
    memcpy(values, parameters + parameter->offset, parameter->count * sizeof *values);
    return SM_OK;
}

sm_status sm_inference_create(const sm_net *net, const float *parameters, int size, const sm_kernels *kernels,
                              sm_inference **inference, sm_error *error) {
    const sm_parameter_source source = {.read = copy_parameter, .context = parameters};
    return sm_inference_create_from(net, &source, size, kernels, inference, error);
}

sm_status sm_inference_update(sm_inference *inference, const float *parameters, sm_error *error) {
    const sm_parameter_source source = {.read = copy_parameter, .context = parameters};
    return read_weights(inference, &source, error);
}

void sm_inference_free(sm_inference *inference) {
    if (!inference) return;
    sm_floats_free(inference->weights);
    free(inference);
}

/** Floats that the largest convolution needs beside its input and output. */
static size_t workspace_count(const sm_inference_state *state) {
    const sm_inference *inference = state->inference;
    const int threads = sm_parallel_threads(state->parallel);
    size_t largest = 0;
    for (int i = 0; i < inference->net.layer_count; i++) {
        if (!inference->layers[i].needed) continue;
        const sm_conv conv = layer_conv(state, i);
        size_t count = 0;
        if (inference->net.layers[i].kind == SM_LAYER_CONV3X3)
            count = inference->kernels->conv3x3_workspace(&conv, threads);
        if (inference->net.layers[i].kind == SM_LAYER_CONV1X1)
            count = inference->kernels->conv1x1_workspace(&conv, threads);
        if (count > largest) largest = count;
    }
    return largest;
}

sm_status sm_inference_state_create(const sm_inference *inference, const sm_parallel *parallel,
                                    sm_inference_state **state, sm_error *error) {
    *state = NULL;
    sm_inference_state *made = calloc(1, sizeof *made);
    if (!made) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the activations");
    made->inference = inference;
    made->parallel = parallel;
    made->arena_count = inference->activation_count + workspace_count(made);
    made->arena = sm_floats_reserve(made->arena_count);
    if (!made->arena) {
        sm_error_set(error, SM_ERROR_MEMORY, "no memory for the activations (%z MB)",
                     made->arena_count * sizeof(float) / 1000000);
        sm_inference_state_free(made);
        return SM_ERROR_MEMORY;
    }
    *state = made;
    return SM_OK;
}

void sm_inference_state_free(sm_inference_state *state) {
    if (!state) return;
    sm_floats_free(state->arena);
    free(state);
}

static void run_conv3x3(const sm_inference_state *state, int index) {
    const sm_inference *inference = state->inference;
    const sm_layer *layer = &inference->net.layers[index];
    if (layer->condition >= 0) {
        const float *g = layer_output(state, layer->condition);
        float *gain = in_arena(state, inference->layers[index].gain);
        for (int c = 0; c < layer->channels; c++) gain[c] = 1.0f + g[c];
    }
    sm_conv conv = layer_conv(state, index);
    inference->kernels->conv3x3_forward(&conv);
}

/** The type's probabilities that steer the decoder. Where prompts show a lesion, "normal" is excluded. */
static void run_softmax(const sm_inference_state *state, const float *logits, float *output) {
    float row[SM_CLASS_COUNT];
    memcpy(row, logits, sizeof row);
    if (state->prompts && sm_prompts_show_lesion(state->prompts)) sm_class_set_restrict(SM_CLASSES_LESION, row);
    state->inference->kernels->softmax(row, 1, SM_CLASS_COUNT, output);
}

/** Runs one layer; false when it has nothing to do at inference. */
static bool run_layer(const sm_inference_state *state, int index) {
    const sm_inference *inference = state->inference;
    const sm_layer *layer = &inference->net.layers[index];
    if (!inference->layers[index].needed || inference->layers[index].done_by_producer) return false;
    const sm_kernels *kernels = inference->kernels;
    float *output = layer_output(state, index);
    int from = layer->input[0] >= 0 ? layer->input[0] : index; /* the input layer reads nothing */
    const float *input = layer_output(state, from);
    int input_channels = sm_net_input_channels(&inference->net, index);
    int input_side = (int)layer_side(inference, from);
    sm_source source = {.data = input, .channels = input_channels, .stride = input_channels};
    switch (layer->kind) {
    case SM_LAYER_INPUT:
        return false;
    case SM_LAYER_PROMPT:
        sm_prompt_maps(state->prompts ? state->prompts : &no_prompts, inference->size, layer->level, output);
        return true;
    case SM_LAYER_CONV3X3:
        run_conv3x3(state, index);
        return true;
    case SM_LAYER_CONV1X1: {
        sm_conv conv = layer_conv(state, index);
        kernels->conv1x1_forward(&conv);
        return true;
    }
    case SM_LAYER_MAX_POOL:
        kernels->max_pool(&source, 1, input_side, input_side, output, state->parallel);
        return true;
    case SM_LAYER_UPSAMPLE:
        kernels->upsample_bilinear(input, 1, input_side, input_side, input_channels, output, state->parallel);
        return true;
    case SM_LAYER_GLOBAL_POOL:
        kernels->global_pool(&source, 1, input_side, input_side, output,
                             layer->global_maximum ? output + input_channels : NULL);
        return true;
    case SM_LAYER_DROPOUT:
        memcpy(output, input, (size_t)input_channels * sizeof *output);
        return true;
    case SM_LAYER_DENSE:
        kernels->dense(input, 1, input_channels, layer->channels, inference->layers[index].weights,
                       inference->layers[index].bias, output);
        return true;
    case SM_LAYER_SOFTMAX:
        run_softmax(state, input, output);
        return true;
    }
    return false;
}

static void set_input(const sm_inference_state *state, const float *square) {
    const size_t side = (size_t)state->inference->size;
    memcpy(layer_output(state, 0), square, side * side * sizeof *square);
}

void sm_inference_run(sm_inference_state *state, const float *square, float *mask_logits, float *type_logits) {
    const sm_net *net = &state->inference->net;
    const size_t side = (size_t)state->inference->size;
    set_input(state, square);
    state->prompts = NULL;
    for (int i = 0; i < net->layer_count; i++) run_layer(state, i);
    if (mask_logits) memcpy(mask_logits, layer_output(state, net->mask_layer), side * side * sizeof *mask_logits);
    if (type_logits) memcpy(type_logits, layer_output(state, net->type_layer), SM_CLASS_COUNT * sizeof *type_logits);
}

void sm_inference_refine(sm_inference_state *state, const sm_square_prompts *prompts, float *mask_logits) {
    const sm_inference *inference = state->inference;
    const size_t side = (size_t)inference->size;
    state->prompts = prompts;
    for (int i = 0; i < inference->net.layer_count; i++)
        if (inference->layers[i].prompted) run_layer(state, i);
    state->prompts = NULL; /* they belong to the caller */
    memcpy(mask_logits, layer_output(state, inference->net.mask_layer), side * side * sizeof *mask_logits);
}

int sm_inference_profile(sm_inference_state *state, const float *square, double (*clock)(void), sm_layer_time *times) {
    set_input(state, square);
    int count = 0;
    for (int i = 0; i < state->inference->net.layer_count; i++) {
        double start = clock();
        if (run_layer(state, i)) times[count++] = (sm_layer_time){.layer = i, .seconds = clock() - start};
    }
    return count;
}

size_t sm_inference_weight_bytes(const sm_inference *inference) { return inference->weights_count * sizeof(float); }

size_t sm_inference_activation_bytes(const sm_inference_state *state) { return state->arena_count * sizeof(float); }
