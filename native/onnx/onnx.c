/*
 * Writes a table of layers as an ONNX graph. Every tensor has the name of the layer that computes it. Vectors have the
 * shape [batch][channels][1][1], so a dense layer is a 1x1 convolution and conditioning needs no reshaping.
 */
#include "onnx.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/memory_plan.h"
#include "../../src/net_fusion.h"
#include "../../src/prompt_maps.h"
#include "../../src/sonomask.h"
#include "onnx_graph.h"
#include "onnx_prompts.h"

/* Field numbers of onnx.proto. */
enum { MODEL_IR_VERSION = 1, MODEL_PRODUCER = 2, MODEL_PRODUCER_VERSION = 3, MODEL_GRAPH = 7, MODEL_OPSET = 8 };
enum { MODEL_PROPERTY = 14, PROPERTY_KEY = 1, PROPERTY_VALUE = 2, OPSET_DOMAIN = 1, OPSET_VERSION = 2, GRAPH_NAME = 2 };

static const char upsample_factors[] = "upsample.factors";
static const char one[] = "condition.one";

typedef char tensor_name[SM_ONNX_NAME_SIZE];

typedef struct exporter {
    const sm_net *net;
    const float *parameters;
    const sm_weights_metadata *metadata;
    int size;
    bool prompts; /**< clicks and box are inputs; otherwise the weights of their maps, which are 0, are left out */
    sm_protobuf *graph;
    float *fused, *transposed; /**< buffers for the weights of the largest layer */
    float *bias;               /**< buffer for the bias of the widest layer */
} exporter;

/** The name of the tensor that a layer computes; intermediate tensors have a suffix. */
static void name_of(const exporter *e, int layer, const char *suffix, tensor_name name) {
    /* Dropout is the identity at inference. */
    while (e->net->layers[layer].kind == SM_LAYER_DROPOUT) layer = e->net->layers[layer].input[0];
    bool input = e->net->layers[layer].kind == SM_LAYER_INPUT;
    snprintf(name, SM_ONNX_NAME_SIZE, "%s%s", input ? "image" : e->net->layers[layer].name, suffix);
}

/** A node of one or two inputs, named after its output. */
static void put_simple(const exporter *e, const char *operation, const char *input, const char *other,
                       const char *output) {
    sm_onnx_put_node(
        e->graph,
        &(sm_onnx_node){.operation = operation, .name = output, .inputs = {input, other}, .outputs = {output}});
}

static void put_concatenation(const exporter *e, const char *first, const char *second, const char *output) {
    sm_onnx_put_node(e->graph, &(sm_onnx_node){.operation = "Concat",
                                               .name = output,
                                               .inputs = {first, second},
                                               .outputs = {output},
                                               .attributes = {{.name = "axis", .numbers = {1}}}});
}

/** Upsampling by 2: nearest, or bilinear with half-pixel centres. */
static void put_upsample(const exporter *e, const char *input, bool bilinear, const char *output) {
    sm_onnx_node node = {.operation = "Resize",
                         .name = output,
                         .inputs = {input, "", upsample_factors},
                         .outputs = {output},
                         .attributes = {{.name = "mode", .text = "nearest"},
                                        {.name = "coordinate_transformation_mode", .text = "asymmetric"},
                                        {.name = "nearest_mode", .text = "floor"}}};
    if (bilinear) {
        node.attributes[0].text = "linear";
        node.attributes[1].text = "half_pixel";
        node.attributes[2].name = NULL;
    }
    sm_onnx_put_node(e->graph, &node);
}

static sm_status check_finite(const exporter *e, int layer, const float *values, size_t count, sm_error *error) {
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return sm_fail(error, SM_ERROR_WEIGHTS, "layer %s holds a value that is not finite",
                           e->net->layers[layer].name);
    return SM_OK;
}

/** Whether the second input of a layer of the table is the maps of prompts. */
static bool reads_prompts(const sm_net *net, int index) {
    const int second = net->layers[index].input[1];
    return second >= 0 && net->layers[second].kind == SM_LAYER_PROMPT;
}

/** Fused weights, [side][side][in][out] here and [out][in][side][side] in ONNX, and the bias. */
static sm_status put_weights(const exporter *e, int index, int side, const char *weights, const char *bias,
                             sm_error *error) {
    const sm_layer *layer = &e->net->layers[index];
    int inputs = sm_net_input_channels(e->net, index);
    int kept = inputs - (reads_prompts(e->net, index) && !e->prompts ? SM_PROMPT_CHANNELS : 0);
    int outputs = layer->channels;
    size_t taps = (size_t)side * (size_t)side;
    size_t count = taps * (size_t)inputs * (size_t)outputs;
    sm_net_fuse(e->net, e->parameters, index, e->fused, bias ? e->bias : NULL);
    sm_status status = check_finite(e, index, e->fused, count, error);
    if (status == SM_OK && bias) status = check_finite(e, index, e->bias, (size_t)outputs, error);
    if (status != SM_OK) return status;
    const float *source = e->fused;
    for (size_t tap = 0; tap < taps; tap++)
        for (size_t in = 0; in < (size_t)inputs; in++)
            for (size_t out = 0; out < (size_t)outputs; out++) {
                if (in < (size_t)kept) e->transposed[(out * (size_t)kept + in) * taps + tap] = *source;
                source++;
            }
    sm_onnx_put_initialiser(e->graph, weights, (sm_onnx_shape){4, {outputs, kept, side, side}}, e->transposed);
    if (bias) sm_onnx_put_initialiser(e->graph, bias, (sm_onnx_shape){1, {outputs}}, e->bias);
    return SM_OK;
}

/** The input of a convolution: the layers of the table, upsampled and concatenated. */
static void put_sources(const exporter *e, int index, tensor_name name) {
    static const char *const suffixes[] = {".source0", ".source1"};
    const sm_layer *layer = &e->net->layers[index];
    tensor_name sources[2];
    int count = layer->input[1] < 0 || (reads_prompts(e->net, index) && !e->prompts) ? 1 : 2;
    for (int k = 0; k < count; k++) {
        name_of(e, layer->input[k], "", sources[k]);
        if (!layer->upsample[k]) continue;
        tensor_name upsampled;
        name_of(e, index, suffixes[k], upsampled);
        put_upsample(e, sources[k], false, upsampled);
        memcpy(sources[k], upsampled, sizeof upsampled);
    }
    if (count == 1) {
        memcpy(name, sources[0], sizeof sources[0]);
        return;
    }
    name_of(e, index, ".sources", name);
    put_concatenation(e, sources[0], sources[1], name);
}

/** h * (1 + g) + b with gain and offset from the conditioning layer's two halves. */
static void put_condition(const exporter *e, int index, const char *input, const char *output) {
    tensor_name condition;
    tensor_name gain;
    tensor_name offset;
    tensor_name factor;
    tensor_name scaled;
    name_of(e, e->net->layers[index].condition, "", condition);
    name_of(e, index, ".gain", gain);
    name_of(e, index, ".offset", offset);
    name_of(e, index, ".factor", factor);
    name_of(e, index, ".scaled", scaled);
    sm_onnx_put_node(e->graph, &(sm_onnx_node){.operation = "Split",
                                               .name = gain,
                                               .inputs = {condition},
                                               .outputs = {gain, offset},
                                               .attributes = {{.name = "axis", .numbers = {1}}}});
    put_simple(e, "Add", gain, one, factor);
    put_simple(e, "Mul", input, factor, scaled);
    put_simple(e, "Add", scaled, offset, output);
}

static sm_status put_convolution(const exporter *e, int index, int side, sm_error *error) {
    const sm_layer *layer = &e->net->layers[index];
    bool has_bias = layer->bias || layer->normalise;
    tensor_name source;
    tensor_name weights;
    tensor_name bias;
    tensor_name linear;
    tensor_name conditioned;
    tensor_name output;
    name_of(e, index, ".weights", weights);
    name_of(e, index, ".bias", bias);
    name_of(e, index, "", output);
    name_of(e, index, layer->condition >= 0 || layer->relu ? ".linear" : "", linear);
    name_of(e, index, layer->relu ? ".conditioned" : "", conditioned);
    sm_status status = put_weights(e, index, side, weights, has_bias ? bias : NULL, error);
    if (status != SM_OK) return status;
    put_sources(e, index, source);
    int padding = side / 2;
    sm_onnx_put_node(
        e->graph,
        &(sm_onnx_node){.operation = "Conv",
                        .name = linear,
                        .inputs = {source, weights, has_bias ? bias : NULL},
                        .outputs = {linear},
                        .attributes = {{.name = "kernel_shape", .count = 2, .numbers = {side, side}},
                                       {.name = "pads", .count = 4, .numbers = {padding, padding, padding, padding}}}});
    if (layer->condition >= 0) put_condition(e, index, linear, conditioned);
    if (layer->relu) put_simple(e, "Relu", layer->condition >= 0 ? conditioned : linear, NULL, output);
    return SM_OK;
}

static void put_max_pool(const exporter *e, const char *input, const char *output) {
    sm_onnx_put_node(e->graph, &(sm_onnx_node){.operation = "MaxPool",
                                               .name = output,
                                               .inputs = {input},
                                               .outputs = {output},
                                               .attributes = {{.name = "kernel_shape", .count = 2, .numbers = {2, 2}},
                                                              {.name = "strides", .count = 2, .numbers = {2, 2}}}});
}

static void put_global_pool(const exporter *e, int index, const char *input, const char *output) {
    if (!e->net->layers[index].global_maximum) {
        put_simple(e, "GlobalAveragePool", input, NULL, output);
        return;
    }
    tensor_name mean;
    tensor_name maximum;
    name_of(e, index, ".mean", mean);
    name_of(e, index, ".maximum", maximum);
    put_simple(e, "GlobalAveragePool", input, NULL, mean);
    put_simple(e, "GlobalMaxPool", input, NULL, maximum);
    put_concatenation(e, mean, maximum, output);
}

static void put_softmax(const exporter *e, const char *input, const char *output) {
    sm_onnx_put_node(e->graph, &(sm_onnx_node){.operation = "Softmax",
                                               .name = output,
                                               .inputs = {input},
                                               .outputs = {output},
                                               .attributes = {{.name = "axis", .numbers = {1}}}});
}

static sm_status put_layer(const exporter *e, int index, sm_error *error) {
    const sm_layer *layer = &e->net->layers[index];
    tensor_name input = "";
    tensor_name output;
    if (layer->input[0] >= 0) name_of(e, layer->input[0], "", input);
    name_of(e, index, "", output);
    switch (layer->kind) {
    case SM_LAYER_INPUT:
    case SM_LAYER_DROPOUT:
        return SM_OK;
    case SM_LAYER_PROMPT:
        if (e->prompts) sm_onnx_put_prompt_maps(e->graph, output, e->size, layer->level);
        return SM_OK;
    case SM_LAYER_CONV3X3:
        return put_convolution(e, index, 3, error);
    case SM_LAYER_CONV1X1:
    case SM_LAYER_DENSE:
        return put_convolution(e, index, 1, error);
    case SM_LAYER_MAX_POOL:
        put_max_pool(e, input, output);
        return SM_OK;
    case SM_LAYER_UPSAMPLE:
        put_upsample(e, input, true, output);
        return SM_OK;
    case SM_LAYER_GLOBAL_POOL:
        put_global_pool(e, index, input, output);
        return SM_OK;
    case SM_LAYER_SOFTMAX:
        if (e->prompts) {
            tensor_name possible;
            name_of(e, index, ".possible", possible);
            sm_onnx_put_restricted_type(e->graph, input, possible);
            memcpy(input, possible, sizeof possible);
        }
        put_softmax(e, input, output);
        return SM_OK;
    }
    return SM_OK;
}

/** Converts the logits of mask and type to probabilities. */
static void put_outputs(const exporter *e) {
    tensor_name logits;
    name_of(e, e->net->mask_layer, "", logits);
    put_simple(e, "Sigmoid", logits, NULL, "mask");
    sm_onnx_put_output(e->graph, "mask", (sm_onnx_shape){4, {SM_ONNX_BATCH, 1, e->size, e->size}});
    name_of(e, e->net->type_layer, "", logits);
    if (e->prompts) {
        sm_onnx_put_restricted_type(e->graph, logits, "type.possible");
        snprintf(logits, sizeof logits, "type.possible");
    }
    float factors[SM_CLASS_COUNT];
    for (int c = 0; c < SM_CLASS_COUNT; c++) factors[c] = 1 / e->metadata->temperature;
    if (e->metadata->type_activation == SM_TYPE_TWO_SIGMOID) factors[SM_CLASS_NORMAL] = 0;
    sm_onnx_put_node(
        e->graph,
        &(sm_onnx_node){.operation = "Flatten", .name = "type.flat", .inputs = {logits}, .outputs = {"type.flat"}});
    sm_onnx_put_initialiser(e->graph, "type.factors", (sm_onnx_shape){1, {SM_CLASS_COUNT}}, factors);
    put_simple(e, "Mul", "type.flat", "type.factors", "type.calibrated");
    put_softmax(e, "type.calibrated", "type");
    sm_onnx_put_output(e->graph, "type", (sm_onnx_shape){2, {SM_ONNX_BATCH, SM_CLASS_COUNT}});
}

static void put_constants(const exporter *e) {
    bool upsamples = false;
    bool conditions = false;
    for (int i = 0; i < e->net->layer_count; i++) {
        if (!sm_net_in_inference(e->net, i)) continue;
        const sm_layer *layer = &e->net->layers[i];
        if (layer->kind == SM_LAYER_UPSAMPLE || layer->upsample[0] || layer->upsample[1]) upsamples = true;
        if (layer->condition >= 0) conditions = true;
    }
    if (upsamples)
        sm_onnx_put_initialiser(e->graph, upsample_factors, (sm_onnx_shape){1, {4}}, (const float[]){1, 1, 2, 2});
    if (conditions) sm_onnx_put_initialiser(e->graph, one, (sm_onnx_shape){1, {1}}, (const float[]){1});
}

static sm_status put_graph(const exporter *e, sm_error *error) {
    size_t graph = sm_protobuf_begin(e->graph, MODEL_GRAPH);
    sm_protobuf_string(e->graph, GRAPH_NAME, e->net->name);
    sm_onnx_put_input(e->graph, "image", (sm_onnx_shape){4, {SM_ONNX_BATCH, 1, e->size, e->size}});
    if (e->prompts) sm_onnx_put_prompt_inputs(e->graph);
    put_constants(e);
    sm_status status = SM_OK;
    for (int i = 0; i < e->net->layer_count && status == SM_OK; i++)
        if (sm_net_in_inference(e->net, i)) status = put_layer(e, i, error);
    put_outputs(e);
    sm_protobuf_end(e->graph, graph);
    return status;
}

static void put_property(sm_protobuf *model, const char *key, const char *value) {
    size_t property = sm_protobuf_begin(model, MODEL_PROPERTY);
    sm_protobuf_string(model, PROPERTY_KEY, key);
    sm_protobuf_string(model, PROPERTY_VALUE, value);
    sm_protobuf_end(model, property);
}

static void put_decimal_property(sm_protobuf *model, const char *key, float value) {
    char text[32];
    snprintf(text, sizeof text, "%.6f", (double)value);
    put_property(model, key, text);
}

static sm_status put_model(const exporter *e, sm_error *error) {
    sm_protobuf *model = e->graph;
    sm_protobuf_integer(model, MODEL_IR_VERSION, SM_ONNX_IR_VERSION);
    sm_protobuf_string(model, MODEL_PRODUCER, "sonomask");
    sm_protobuf_string(model, MODEL_PRODUCER_VERSION, SM_VERSION);
    size_t opset = sm_protobuf_begin(model, MODEL_OPSET);
    sm_protobuf_string(model, OPSET_DOMAIN, "");
    sm_protobuf_integer(model, OPSET_VERSION, SM_ONNX_OPSET);
    sm_protobuf_end(model, opset);
    sm_status status = put_graph(e, error);
    put_property(model, "network", e->net->name);
    put_property(model, "normalisation", "grey / 127.5 - 1, letterboxed, border -1");
    put_property(model, "classes", "normal,benign,malignant");
    put_decimal_property(model, "threshold", e->metadata->threshold);
    put_decimal_property(model, "minimum_area", e->metadata->minimum_area);
    put_property(model, "training_data", e->metadata->training_data);
    put_property(model, "training_data_hash", e->metadata->training_data_hash);
    put_property(model, "date", e->metadata->date);
    return status;
}

sm_status sm_onnx_write(const sm_net *net, const float *parameters, const sm_weights_metadata *metadata, int size,
                        bool prompts, uint8_t **bytes, size_t *byte_count, sm_error *error) {
    *bytes = NULL;
    *byte_count = 0;
    if (!sm_net_size_valid(net, size))
        return sm_fail(error, SM_ERROR_ARGUMENT, "input size %d: %s needs a multiple of %d, at most 1024", size,
                       net->name, 1 << net->levels);
    if (prompts && !net->takes_prompts)
        return sm_fail(error, SM_ERROR_ARGUMENT, "%s takes no clicks and no box", net->name);
    size_t largest = 1;
    size_t widest = 1;
    for (int i = 0; i < net->parameter_count; i++) {
        if (net->parameters[i].kind == SM_PARAMETER_WEIGHTS && net->parameters[i].count > largest)
            largest = net->parameters[i].count;
        size_t channels = (size_t)net->layers[net->parameters[i].layer].channels;
        if (channels > widest) widest = channels;
    }
    float *memory = sm_floats_allocate(2 * largest + widest);
    if (!memory) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the weights");
    sm_protobuf model = {0};
    const exporter e = {.net = net,
                        .parameters = parameters,
                        .metadata = metadata,
                        .size = size,
                        .prompts = prompts,
                        .graph = &model,
                        .fused = memory,
                        .transposed = memory + largest,
                        .bias = memory + 2 * largest};
    sm_status status = put_model(&e, error);
    if (status == SM_OK && model.failed) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for the ONNX file");
    sm_floats_free(memory);
    if (status != SM_OK) {
        free(model.bytes);
        return status;
    }
    *bytes = model.bytes;
    *byte_count = model.size;
    return SM_OK;
}
