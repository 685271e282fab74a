/*
 * Clicks stay vectors over rows and over columns as long as possible: a Gaussian is the product of one along each axis,
 * and so is the cut around it and the share of a cell that a box covers. One product of both vectors (Einsum) then
 * gives the maps of all clicks, and a maximum over the clicks the map.
 */
#include "onnx_prompts.h"

#include <stdio.h>

#include "../../src/prompt_maps.h"
#include "../../src/types.h"
#include "onnx_graph.h"

/* A Gaussian of 1.5 cells; the whole cells within 4 cells of the click's: centres nearer than 4.5 (prompt_maps.c). */
static const float gaussian_factor = -0.5f / (1.5f * 1.5f), reach = 4.5f;

enum { MAX_SIDE = 1024 };

/* The axes of the square: what begins at x and y, and the two ends of the box. */
static const char *const axes[] = {"x", "y"}, *const box_low[] = {"box.left", "box.top"},
                         *const box_high[] = {"box.right", "box.bottom"};

typedef char tensor_name[SM_ONNX_NAME_SIZE];

/** "BASE.PART", cut off when it is too long, which no name of a layer is. */
static void join(const char *base, const char *part, const char *axis, tensor_name name) {
    if (snprintf(name, SM_ONNX_NAME_SIZE, "%s.%s%s", base, part, axis) >= SM_ONNX_NAME_SIZE)
        name[SM_ONNX_NAME_SIZE - 1] = '\0';
}

static void put(sm_protobuf *graph, const char *operation, const char *input, const char *other, const char *output) {
    sm_onnx_put_node(
        graph, &(sm_onnx_node){.operation = operation, .name = output, .inputs = {input, other}, .outputs = {output}});
}

static void put_scalar(sm_protobuf *graph, const char *name, float value) {
    sm_onnx_put_initialiser(graph, name, (sm_onnx_shape){1, {1}}, &value);
}

/** Divides the last axis into tensors [batch][...][1]. */
static void put_split(sm_protobuf *graph, const char *input, const char *const *outputs, int count) {
    sm_onnx_node node = {
        .operation = "Split", .name = input, .inputs = {input}, .attributes = {{.name = "axis", .numbers = {2}}}};
    for (int i = 0; i < count; i++) node.outputs[i] = outputs[i];
    sm_onnx_put_node(graph, &node);
}

/** 1 where `input` < `limit`, else 0. */
static void put_is_less(sm_protobuf *graph, const char *input, const char *limit, const char *output) {
    tensor_name truth;
    join(output, "truth", "", truth);
    put(graph, "Less", input, limit, truth);
    sm_onnx_put_node(graph, &(sm_onnx_node){.operation = "Cast",
                                            .name = output,
                                            .inputs = {truth},
                                            .outputs = {output},
                                            .attributes = {{.name = "to", .numbers = {1 /* float */}}}});
}

/** The maximum over the clicks, the second axis. */
static void put_maximum(sm_protobuf *graph, const char *input, const char *output) {
    sm_onnx_put_node(graph, &(sm_onnx_node){.operation = "ReduceMax",
                                            .name = output,
                                            .inputs = {input},
                                            .outputs = {output},
                                            .attributes = {{.name = "axes", .count = 1, .numbers = {1}}}});
}

/** The map [batch][n][side][side] of n vectors over columns and rows, [batch][n][side]. */
static void put_product(sm_protobuf *graph, const char *columns, const char *rows, const char *output) {
    sm_onnx_put_node(graph, &(sm_onnx_node){.operation = "Einsum",
                                            .name = output,
                                            .inputs = {columns, rows},
                                            .outputs = {output},
                                            .attributes = {{.name = "equation", .text = "bnx,bny->bnyx"}}});
}

void sm_onnx_put_prompt_inputs(sm_protobuf *graph) {
    sm_onnx_put_input(graph, "clicks", (sm_onnx_shape){3, {SM_ONNX_BATCH, SM_ONNX_CLICKS, 3}});
    sm_onnx_put_input(graph, "box", (sm_onnx_shape){3, {SM_ONNX_BATCH, 1, 4}});
    put_scalar(graph, "prompts.one", 1);
    put_scalar(graph, "prompts.factor", gaussian_factor);
    put_scalar(graph, "prompts.reach", reach);
    put_split(graph, "clicks", (const char *const[]){"clicks.x", "clicks.y", "clicks.kind"}, 3);
    put_split(graph, "box", (const char *const[]){"box.left", "box.top", "box.right", "box.bottom"}, 4);
    /* 1 for a click of this kind, else 0. */
    put(graph, "Relu", "clicks.kind", NULL, "clicks.inside");
    put(graph, "Abs", "clicks.kind", NULL, "clicks.known");
    put(graph, "Sub", "prompts.one", "clicks.known", "clicks.outside");
    /* A box or a click inside shows a lesion. */
    put_is_less(graph, "box.left", "box.right", "box.given");
    put_maximum(graph, "clicks.inside", "clicks.any");
    put(graph, "Max", "box.given", "clicks.any", "prompts.present");
    put_product(graph, "prompts.present", "prompts.present", "prompts.shown");
    /* Added to the logit of normal, it leaves no probability after the softmax. */
    static const float normal_excluded[SM_CLASS_COUNT] = {[SM_CLASS_NORMAL] = -1e4f};
    sm_onnx_put_initialiser(graph, "prompts.excluded", (sm_onnx_shape){4, {1, SM_CLASS_COUNT, 1, 1}}, normal_excluded);
}

void sm_onnx_put_restricted_type(sm_protobuf *graph, const char *logits, const char *output) {
    tensor_name change;
    join(output, "change", "", change);
    put(graph, "Mul", "prompts.shown", "prompts.excluded", change);
    put(graph, "Add", logits, change, output);
}

/** NAME.x and NAME.y: the Gaussians of the clicks. */
static void put_gaussians(sm_protobuf *graph, const char *name, const char *scale, const char *centres) {
    for (int axis = 0; axis < 2; axis++) {
        tensor_name click, place, distance, square, exponent, gaussian, length, near, output;
        join("clicks", "", axes[axis], click);
        join(name, "", axes[axis], output);
        join(output, "place", "", place);
        join(output, "distance", "", distance);
        join(output, "square", "", square);
        join(output, "exponent", "", exponent);
        join(output, "gaussian", "", gaussian);
        join(output, "length", "", length);
        join(output, "near", "", near);
        put(graph, "Mul", click, scale, place);
        put(graph, "Sub", centres, place, distance);
        put(graph, "Mul", distance, distance, square);
        put(graph, "Mul", square, "prompts.factor", exponent);
        put(graph, "Exp", exponent, NULL, gaussian);
        put(graph, "Abs", distance, NULL, length);
        put_is_less(graph, length, "prompts.reach", near);
        put(graph, "Mul", gaussian, near, output);
    }
}

/** The map of the clicks of one kind. */
static void put_clicks(sm_protobuf *graph, const char *name, const char *kind, const char *output) {
    tensor_name columns, rows, chosen, all;
    join(name, "x", "", columns);
    join(name, "y", "", rows);
    join(output, "x", "", chosen);
    join(output, "all", "", all);
    put(graph, "Mul", columns, kind, chosen);
    put_product(graph, chosen, rows, all);
    put_maximum(graph, all, output);
}

/** The share of each cell that the box covers: per axis, the length that it shares with the cell. */
static void put_box(sm_protobuf *graph, const char *scale, const char *starts, const char *ends, const char *output) {
    tensor_name shared[2];
    for (int axis = 0; axis < 2; axis++) {
        tensor_name low, high, from, to, length;
        join(output, "low", axes[axis], low);
        join(output, "high", axes[axis], high);
        join(output, "from", axes[axis], from);
        join(output, "to", axes[axis], to);
        join(output, "length", axes[axis], length);
        join(output, "", axes[axis], shared[axis]);
        put(graph, "Mul", box_low[axis], scale, low);
        put(graph, "Mul", box_high[axis], scale, high);
        put(graph, "Max", low, starts, from);
        put(graph, "Min", high, ends, to);
        put(graph, "Sub", to, from, length);
        put(graph, "Relu", length, NULL, shared[axis]);
    }
    put_product(graph, shared[0], shared[1], output);
}

void sm_onnx_put_prompt_maps(sm_protobuf *graph, const char *name, int size, int level) {
    const int side = size >> level;
    float values[3][MAX_SIDE];
    tensor_name constants[3], scale, inside, outside, box, row, present;
    static const char *const suffixes[] = {"starts", "centres", "ends"};
    join(name, "scale", "", scale);
    put_scalar(graph, scale, 1.0f / (float)(1 << level));
    for (int i = 0; i < 3; i++) {
        for (int cell = 0; cell < side; cell++) values[i][cell] = (float)cell + 0.5f * (float)i;
        join(name, "", suffixes[i], constants[i]);
        sm_onnx_put_initialiser(graph, constants[i], (sm_onnx_shape){3, {1, 1, side}}, values[i]);
    }
    join(name, "inside", "", inside);
    join(name, "outside", "", outside);
    join(name, "box", "", box);
    join(name, "row", "", row);
    join(name, "present", "", present);
    put_gaussians(graph, name, scale, constants[1]);
    put_clicks(graph, name, "clicks.inside", inside);
    put_clicks(graph, name, "clicks.outside", outside);
    put_box(graph, scale, constants[0], constants[2], box);
    /* A row of ones or zeros; its product with itself has the same in every cell. */
    tensor_name ones;
    join(name, "ones", "", ones);
    for (int cell = 0; cell < side; cell++) values[0][cell] = 1;
    sm_onnx_put_initialiser(graph, ones, (sm_onnx_shape){3, {1, 1, side}}, values[0]);
    put(graph, "Mul", "prompts.present", ones, row);
    put_product(graph, row, row, present);
    sm_onnx_put_node(graph, &(sm_onnx_node){.operation = "Concat",
                                            .name = name,
                                            .inputs = {inside, outside, box, present},
                                            .outputs = {name},
                                            .attributes = {{.name = "axis", .numbers = {1}}}});
}
