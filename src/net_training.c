#include "net_training.h"

#include <stdlib.h>
#include <string.h>

#include "memory_plan.h"
#include "net_training_passes.h"
#include "types.h"

/** Divides one block among arrays. With memory NULL it only counts. */
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
        const bool is_input = net->layers[i].kind == SM_LAYER_INPUT || net->layers[i].kind == SM_LAYER_PROMPT;
        tensors[i] = (sm_lifetime){.size = is_input ? 0 : sm_training_count(training, i),
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
        sm_conv conv = sm_training_conv(training, i, NULL);
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
        sm_layer_state *state = &training->layers[i];
        size_t channels = (size_t)layer->channels;
        if (channels > widest) widest = channels;
        if (layer->level < 0 && channels > longest) longest = channels;
        state->value = allot(a, sm_training_count(training, i));
        if (layer->normalise) {
            size_t rows = layer->condition >= 0 ? batch : 1;
            state->scale = allot(a, rows * channels);
            state->shift = allot(a, rows * channels);
            state->mean = allot(a, channels);
            state->inverse_deviation = allot(a, channels);
            state->variance = allot(a, channels);
        }
    }
    for (int level = 0; level <= net->levels; level++)
        training->mask_targets[level] =
            allot(a, batch * (size_t)(training->size >> level) * (size_t)(training->size >> level));
    training->type_targets = allot(a, batch * SM_CLASS_COUNT);
    training->coefficients = allot(a, (batch + 2) * widest);
    training->vector_scratch = allot(a, batch * longest);
    allot_gradients(training, a);
    training->workspace = allot(a, workspace_count(training));
}

static void find_lasting(sm_training *training) {
    const sm_net *net = &training->net;
    bool prompted[SM_NET_MAX_LAYERS];
    sm_net_find_prompted(net, prompted);
    for (int i = 0; i < net->layer_count; i++) {
        const sm_layer *layer = &net->layers[i];
        const int read[3] = {layer->input[0], layer->input[1], layer->condition};
        bool lasting = !prompted[i] && layer->kind != SM_LAYER_DROPOUT;
        for (int k = 0; k < 3; k++) lasting = lasting && (read[k] < 0 || training->layers[read[k]].lasting);
        training->layers[i].lasting = lasting;
    }
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
    find_lasting(made);
    *training = made;
    return SM_OK;
}

void sm_training_free(sm_training *training) {
    if (!training) return;
    sm_floats_free(training->memory);
    free(training->sums);
    free(training);
}

sm_loss_options sm_loss_options_default(void) {
    return (sm_loss_options){.bce_weight = 1,
                             .dice_weight = 1,
                             .dice_smooth = 1,
                             .auxiliary_weight = 0.5f,
                             .type_weight = 0.5f,
                             .label_smoothing = 0.05f};
}

static void forward(sm_training *training, float *parameters, const sm_batch *batch, float statistics_momentum,
                    unsigned long long seed) {
    double before = training->clock ? training->clock() : 0;
    if (!batch->predicted)
        memcpy(training->layers[0].value, batch->images, sm_training_count(training, 0) * sizeof *batch->images);
    training->prompts = batch->prompts;
    for (int i = 0; i < training->net.layer_count; i++) {
        training->layers[i].written = false;
        if (!batch->predicted || !training->layers[i].lasting) sm_training_forward(training, i, parameters, seed);
        if (statistics_momentum > 0) sm_training_update_statistics(training, i, parameters, statistics_momentum);
        if (training->clock) {
            double now = training->clock();
            training->layers[i].forward_seconds += now - before;
            before = now;
        }
    }
}

void sm_training_predict(sm_training *training, float *parameters, const sm_batch *batch, unsigned long long seed) {
    forward(training, parameters, batch, 0, seed);
}

sm_losses sm_training_step(sm_training *training, float *parameters, const sm_batch *batch,
                           const sm_loss_options *options, float statistics_momentum, unsigned long long seed,
                           float *gradients) {
    const sm_net *net = &training->net;
    memset(gradients, 0, net->trainable_count * sizeof *gradients);
    forward(training, parameters, batch, statistics_momentum, seed);
    sm_losses losses = sm_training_losses(training, batch, options);
    double before = training->clock ? training->clock() : 0;
    for (int i = net->layer_count - 1; i >= 0; i--) {
        sm_training_backward(training, i, parameters, gradients, seed);
        if (training->clock) {
            double now = training->clock();
            training->layers[i].backward_seconds += now - before;
            before = now;
        }
    }
    return losses;
}

void sm_training_statistics(const sm_training *training, float *statistics) {
    const sm_net *net = &training->net;
    for (int i = 0; i < net->parameter_count; i++) {
        const sm_parameter *parameter = &net->parameters[i];
        if (parameter->offset < net->trainable_count) continue;
        const sm_layer_state *state = &training->layers[parameter->layer];
        memcpy(statistics + (parameter->offset - net->trainable_count),
               parameter->kind == SM_PARAMETER_NORM_MEAN ? state->mean : state->variance,
               parameter->count * sizeof *statistics);
    }
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
