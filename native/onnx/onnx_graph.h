/** Parts of an ONNX graph: nodes with attributes, initialisers, inputs and outputs. */
#ifndef SONOMASK_ONNX_GRAPH_H
#define SONOMASK_ONNX_GRAPH_H

#include "protobuf.h"

enum { SM_ONNX_MAX_LIST = 4, SM_ONNX_NAME_SIZE = 64 };

/** Extents of inputs and outputs that are free at run time: the number of images, the dimension "batch", and of
 * clicks, the dimension "clicks". */
enum { SM_ONNX_BATCH = -1, SM_ONNX_CLICKS = -2 };

/** An attribute of a node: a text or, without one, a list of `count` integers; count 0: a single integer, no list. */
typedef struct sm_onnx_attribute {
    const char *name; /**< NULL ends a list */
    const char *text;
    int count;
    int numbers[SM_ONNX_MAX_LIST];
} sm_onnx_attribute;

/** A node. The lists of names and attributes end with NULL. An empty name is an omitted input. */
typedef struct sm_onnx_node {
    const char *operation, *name;
    const char *inputs[SM_ONNX_MAX_LIST + 1], *outputs[SM_ONNX_MAX_LIST + 1];
    sm_onnx_attribute attributes[SM_ONNX_MAX_LIST + 1];
} sm_onnx_node;

typedef struct sm_onnx_shape {
    int rank, extent[SM_ONNX_MAX_LIST];
} sm_onnx_shape;

/** These functions write into an open graph message. */
void sm_onnx_put_node(sm_protobuf *graph, const sm_onnx_node *node);
/** The number of `values` follows from the shape. */
void sm_onnx_put_initialiser(sm_protobuf *graph, const char *name, sm_onnx_shape shape, const float *values);
void sm_onnx_put_input(sm_protobuf *graph, const char *name, sm_onnx_shape shape);
void sm_onnx_put_output(sm_protobuf *graph, const char *name, sm_onnx_shape shape);

#endif
