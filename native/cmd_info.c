/** sonomask info: the layers of a network. */
#include <stdio.h>
#include <string.h>

#include "../src/memory_plan.h"
#include "../src/net_inference.h"
#include "../src/types.h"
#include "../src/weights.h"
#include "command.h"
#include "json.h"
#include "network_drawing.h"
#include "open_network.h"

typedef struct arguments {
    const char *network, *model, *svg;
    int size;
    bool json, overwrite;
} arguments;

static const char *check(void *pointer) {
    const arguments *a = pointer;
    return a->network && a->model ? "give --net or --model, not both" : NULL;
}

static const sm_option option_table[] = {
    {.name = "net",
     .value = "NAME",
     .help = "network: sonomask2, sonomask2-unconditioned, sonomask, unet16 or unet32",
     .default_text = "sonomask2",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, network)},
    {.name = "model",
     .value = "FILE",
     .help = "the network of this weights file, with the file's metadata",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, model)},
    {.name = "size",
     .value = "N",
     .help = "side of the square input in pixels",
     .default_text = "the network's own",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, size),
     .low = 16,
     .high = 1024},
    {.name = "json",
     .help = "print one line of JSON instead of a table",
     .kind = SM_OPTION_FLAG,
     .offset = offsetof(arguments, json)},
    {.name = "svg",
     .value = "FILE",
     .help = "also draw the network",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, svg)},
    {.name = "overwrite",
     .help = "--svg may replace a file that sonomask did not write",
     .kind = SM_OPTION_FLAG,
     .offset = offsetof(arguments, overwrite)},
    {.name = NULL},
};

static const sm_command_line line = {
    .name = "info",
    .description = "Prints the layers, shapes, parameters, multiply-accumulates and memory of a network.",
    .arguments_size = sizeof(arguments),
    .options = option_table,
    .check = check,
};

static const char *kind_name(sm_layer_kind kind) {
    static const char *const names[] = {"input",    "prompts",     "conv3x3", "conv1x1", "max_pool",
                                        "upsample", "global_pool", "dropout", "dense",   "softmax"};
    return names[kind];
}

static size_t layer_parameters(const sm_net *net, int layer) {
    size_t count = 0;
    for (int i = 0; i < net->parameter_count; i++)
        if (net->parameters[i].layer == layer && net->parameters[i].offset < net->trainable_count)
            count += net->parameters[i].count;
    return count;
}

static int layer_side(const sm_net *net, int layer, int size) {
    return net->layers[layer].level >= 0 ? size >> net->layers[layer].level : 1;
}

/** 2160900 as "2,160,900". */
static const char *with_commas(size_t value, char text[32]) {
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%zu", value);
    int used = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
    return text;
}

static void print_inputs(const sm_net *net, const sm_layer *layer) {
    for (int k = 0; k < 2; k++)
        if (layer->input[k] >= 0)
            printf("%s%s%s", k > 0 ? " + " : "", net->layers[layer->input[k]].name, layer->upsample[k] ? " x2" : "");
    if (layer->condition >= 0) printf(" | %s", net->layers[layer->condition].name);
}

/** Bytes: of the weights, once per process, and of the activations and workspace, once per thread. */
typedef struct memory_use {
    size_t weights, activations;
} memory_use;

static void print_table(const sm_net *net, int size, memory_use memory, const sm_weights_metadata *metadata) {
    char text[32];
    printf("%s: %s parameters, %.3f GMAC at %dx%d, %.1f MB of activations and workspace, %.1f MB of prepared "
           "weights\n",
           net->name, with_commas(net->trainable_count, text), sm_net_macs(net, size) / 1e9, size, size,
           (double)memory.activations / 1e6, (double)memory.weights / 1e6);
    if (metadata->network[0])
        printf("trained on %s (%s), %s; threshold %.3f, temperature %.3f, minimum area %.5f\n", metadata->training_data,
               metadata->training_data_hash, metadata->date, (double)metadata->threshold, (double)metadata->temperature,
               (double)metadata->minimum_area);
    printf("%-22s %-12s %-14s %12s %10s  %s\n", "layer", "kind", "output", "parameters", "MMAC", "reads");
    for (int i = 0; i < net->layer_count; i++) {
        const sm_layer *layer = &net->layers[i];
        char shape[48];
        int side = layer_side(net, i, size);
        if (layer->level >= 0)
            snprintf(shape, sizeof shape, "%dx%dx%d", side, side, layer->channels);
        else
            snprintf(shape, sizeof shape, "%d", layer->channels);
        printf("%-22s %-12s %-14s %12s %10.2f  ", layer->name, kind_name(layer->kind), shape,
               with_commas(layer_parameters(net, i), text), sm_net_layer_macs(net, i, size) / 1e6);
        print_inputs(net, layer);
        printf("%s\n", sm_net_in_inference(net, i) ? "" : "  (training only)");
    }
}

static void print_json(const sm_net *net, int size, memory_use memory, const sm_weights_metadata *metadata) {
    sm_json json = {.file = stdout};
    sm_json_object_begin(&json, NULL);
    sm_json_string(&json, "network", net->name);
    sm_json_integer(&json, "size", size);
    sm_json_integer(&json, "parameters", (long long)net->trainable_count);
    sm_json_number(&json, "gmac", sm_net_macs(net, size) / 1e9);
    sm_json_integer(&json, "activation_bytes", (long long)memory.activations);
    sm_json_integer(&json, "weight_bytes", (long long)memory.weights);
    if (metadata->network[0]) {
        sm_json_string(&json, "training_data", metadata->training_data);
        sm_json_string(&json, "training_data_hash", metadata->training_data_hash);
        sm_json_string(&json, "date", metadata->date);
        sm_json_number(&json, "threshold", (double)metadata->threshold);
        sm_json_number(&json, "temperature", (double)metadata->temperature);
        sm_json_number(&json, "minimum_area", (double)metadata->minimum_area);
    }
    sm_json_array_begin(&json, "layers");
    for (int i = 0; i < net->layer_count; i++) {
        const sm_layer *layer = &net->layers[i];
        int side = layer_side(net, i, size);
        sm_json_object_begin(&json, NULL);
        sm_json_string(&json, "name", layer->name);
        sm_json_string(&json, "kind", kind_name(layer->kind));
        sm_json_array_begin(&json, "output");
        if (layer->level >= 0) {
            sm_json_integer(&json, NULL, side);
            sm_json_integer(&json, NULL, side);
        }
        sm_json_integer(&json, NULL, layer->channels);
        sm_json_array_end(&json);
        sm_json_integer(&json, "parameters", (long long)layer_parameters(net, i));
        sm_json_number(&json, "macs", sm_net_layer_macs(net, i, size));
        sm_json_boolean(&json, "inference", sm_net_in_inference(net, i));
        sm_json_object_end(&json);
    }
    sm_json_array_end(&json);
    sm_json_object_end(&json);
}

static sm_status run(void *pointer, sm_error *error) {
    const arguments *a = pointer;
    sm_net net;
    sm_weights_metadata metadata;
    float *parameters = NULL;
    sm_inference *inference = NULL;
    sm_inference_state *state = NULL;
    sm_status status =
        sm_open_network(a->model, a->network ? a->network : "sonomask2", 1, &net, &metadata, &parameters, error);
    if (status != SM_OK) return status;
    int size = a->size > 0 ? a->size : metadata.input_size > 0 ? metadata.input_size : net.default_size;
    status = sm_inference_create(&net, parameters, size, sm_kernels_for(SM_BACKEND_AUTO), &inference, error);
    if (status == SM_OK) status = sm_inference_state_create(inference, NULL, &state, error);
    if (status == SM_OK) {
        const memory_use memory = {.weights = sm_inference_weight_bytes(inference),
                                   .activations = sm_inference_activation_bytes(state)};
        if (a->json)
            print_json(&net, size, memory, &metadata);
        else
            print_table(&net, size, memory, &metadata);
        if (a->svg) status = sm_network_draw(&net, size, a->svg, a->overwrite, error);
    }
    sm_inference_state_free(state);
    sm_inference_free(inference);
    sm_floats_free(parameters);
    return status;
}

int sm_command_info(int argc, char **argv) {
    arguments a = {0};
    return sm_command_line_run(&line, argc, argv, &a, run);
}
