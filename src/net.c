/* Parameters, shapes and counts that are derived from a table of layers. */
#include "net.h"

#include <math.h>
#include <string.h>

#include "nets.h"

static void append_parameter(sm_net *net, int layer, sm_parameter_kind kind, int rank, const int *shape) {
    static const char *const suffix[] = {".weights",    ".bias",      ".norm.scale",
                                         ".norm.shift", ".norm.mean", ".norm.variance"};
    sm_parameter *parameter = &net->parameters[net->parameter_count++];
    memset(parameter, 0, sizeof *parameter);
    size_t used = 0;
    for (const char *c = net->layers[layer].name; *c; c++) parameter->name[used++] = *c;
    for (const char *c = suffix[kind]; *c; c++) parameter->name[used++] = *c;
    parameter->layer = layer;
    parameter->kind = kind;
    parameter->rank = rank;
    parameter->count = 1;
    for (int i = 0; i < rank; i++) {
        parameter->shape[i] = shape[i];
        parameter->count *= (size_t)shape[i];
    }
    parameter->offset = net->total_count;
    net->total_count += parameter->count;
}

int sm_net_input_channels(const sm_net *net, int layer) {
    int channels = 0;
    for (int i = 0; i < 2; i++)
        if (net->layers[layer].input[i] >= 0) channels += net->layers[net->layers[layer].input[i]].channels;
    return channels;
}

static void append_layer_parameters(sm_net *net, int index) {
    const sm_layer *layer = &net->layers[index];
    int inputs = sm_net_input_channels(net, index);
    if (layer->kind == SM_LAYER_CONV3X3)
        append_parameter(net, index, SM_PARAMETER_WEIGHTS, 4, (int[]){3, 3, inputs, layer->channels});
    else if (layer->kind == SM_LAYER_CONV1X1 || layer->kind == SM_LAYER_DENSE)
        append_parameter(net, index, SM_PARAMETER_WEIGHTS, 2, (int[]){inputs, layer->channels});
    else
        return;
    if (layer->bias) append_parameter(net, index, SM_PARAMETER_BIAS, 1, &layer->channels);
    if (layer->normalise) {
        append_parameter(net, index, SM_PARAMETER_NORM_SCALE, 1, &layer->channels);
        append_parameter(net, index, SM_PARAMETER_NORM_SHIFT, 1, &layer->channels);
    }
}

sm_status sm_net_make(const char *name, sm_net *net, sm_error *error) {
    sm_status status = sm_net_table(name, net, error);
    if (status != SM_OK) return status;
    net->mask_layer = net->type_layer = -1;
    for (int i = 0; i < net->layer_count; i++) {
        if (net->layers[i].role == SM_ROLE_MASK) net->mask_layer = i;
        if (net->layers[i].role == SM_ROLE_TYPE) net->type_layer = i;
        if (net->layers[i].kind == SM_LAYER_PROMPT) net->takes_prompts = true;
        append_layer_parameters(net, i);
    }
    net->trainable_count = net->total_count;
    for (int i = 0; i < net->layer_count; i++) {
        if (!net->layers[i].normalise) continue;
        append_parameter(net, i, SM_PARAMETER_NORM_MEAN, 1, &net->layers[i].channels);
        append_parameter(net, i, SM_PARAMETER_NORM_VARIANCE, 1, &net->layers[i].channels);
    }
    return SM_OK;
}

int sm_net_parameter(const sm_net *net, int layer, sm_parameter_kind kind) {
    for (int i = 0; i < net->parameter_count; i++)
        if (net->parameters[i].layer == layer && net->parameters[i].kind == kind) return i;
    return -1;
}

double sm_net_layer_macs(const sm_net *net, int layer, int size) {
    const sm_layer *l = &net->layers[layer];
    double side = l->level >= 0 ? size >> l->level : 1;
    double products = (double)sm_net_input_channels(net, layer) * l->channels;
    if (l->kind == SM_LAYER_CONV3X3) return 9 * products * side * side;
    if (l->kind == SM_LAYER_CONV1X1) return products * side * side;
    if (l->kind == SM_LAYER_DENSE) return products;
    return 0;
}

void sm_net_find_prompted(const sm_net *net, bool *depends) {
    for (int i = 0; i < net->layer_count; i++) {
        const sm_layer *layer = &net->layers[i];
        const int read[3] = {layer->input[0], layer->input[1], layer->condition};
        depends[i] = layer->kind == SM_LAYER_PROMPT || (layer->kind == SM_LAYER_SOFTMAX && net->takes_prompts);
        for (int k = 0; k < 3; k++)
            if (read[k] >= 0 && depends[read[k]]) depends[i] = true;
    }
}

bool sm_net_in_inference(const sm_net *net, int layer) {
    bool needed[SM_NET_MAX_LAYERS] = {false};
    for (int i = net->layer_count - 1; i >= layer; i--) {
        const sm_layer *l = &net->layers[i];
        if (l->role == SM_ROLE_MASK || l->role == SM_ROLE_TYPE) needed[i] = true;
        if (!needed[i]) continue;
        for (int k = 0; k < 2; k++)
            if (l->input[k] >= 0) needed[l->input[k]] = true;
        if (l->condition >= 0) needed[l->condition] = true;
    }
    return needed[layer];
}

double sm_net_macs(const sm_net *net, int size) {
    double macs = 0;
    for (int i = 0; i < net->layer_count; i++)
        if (sm_net_in_inference(net, i)) macs += sm_net_layer_macs(net, i, size);
    return macs;
}

bool sm_net_size_valid(const sm_net *net, int size) {
    return size > 0 && size <= 1024 && size % (1 << net->levels) == 0;
}

/** splitmix64: one 64-bit step of a full-period generator. */
static unsigned long long next_random(unsigned long long *state) {
    unsigned long long z = (*state += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

/** Approximately normal, deviation 1: the sum of twelve uniforms, which is exact and thus equal on every machine. */
static float next_normal(unsigned long long *state) {
    double sum = -6;
    for (int i = 0; i < 12; i++) sum += (double)(next_random(state) >> 11) * 0x1p-53;
    return (float)sum;
}

void sm_net_initialise(const sm_net *net, unsigned long long seed, float *parameters) {
    unsigned long long state = seed;
    for (int i = 0; i < net->parameter_count; i++) {
        const sm_parameter *parameter = &net->parameters[i];
        const sm_layer *layer = &net->layers[parameter->layer];
        float *values = parameters + parameter->offset;
        float deviation = 0, constant = 0;
        if (parameter->kind == SM_PARAMETER_WEIGHTS) {
            int fan_in = sm_net_input_channels(net, parameter->layer) * (layer->kind == SM_LAYER_CONV3X3 ? 9 : 1);
            /* Heads and conditioning start small, so that the first outputs are near 0 and the decoder is
             * unconditioned. */
            deviation = layer->normalise ? sqrtf(2.0f / (float)fan_in) : 0.1f * sqrtf(1.0f / (float)fan_in);
        } else if (parameter->kind == SM_PARAMETER_NORM_SCALE || parameter->kind == SM_PARAMETER_NORM_VARIANCE) {
            constant = 1;
        }
        for (size_t k = 0; k < parameter->count; k++)
            values[k] = deviation > 0 ? deviation * next_normal(&state) : constant;
    }
}
