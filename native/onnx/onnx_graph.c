#include "onnx_graph.h"

/* Field numbers and constants of onnx.proto. */
enum { GRAPH_NODE = 1, GRAPH_INITIALISER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OPERATION = 4, NODE_ATTRIBUTE = 5 };
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_NUMBER = 3, ATTRIBUTE_TEXT = 4, ATTRIBUTE_NUMBERS = 8, ATTRIBUTE_TYPE = 20 };
enum { TYPE_NUMBER = 2, TYPE_TEXT = 3, TYPE_NUMBERS = 7 };
enum { TENSOR_EXTENT = 1, TENSOR_TYPE = 2, TENSOR_NAME = 8, TENSOR_BYTES = 9, TENSOR_FLOAT = 1 };
enum {
    VALUE_NAME = 1,
    VALUE_TYPE = 2,
    TYPE_TENSOR = 1,
    ELEMENT_TYPE = 1,
    SHAPE = 2,
    DIMENSION = 1,
    EXTENT = 1,
    EXTENT_NAME = 2
};

static void put_attribute(sm_protobuf *graph, const sm_onnx_attribute *attribute) {
    size_t message = sm_protobuf_begin(graph, NODE_ATTRIBUTE);
    sm_protobuf_string(graph, ATTRIBUTE_NAME, attribute->name);
    if (attribute->text) {
        sm_protobuf_string(graph, ATTRIBUTE_TEXT, attribute->text);
        sm_protobuf_integer(graph, ATTRIBUTE_TYPE, TYPE_TEXT);
    } else if (attribute->count == 0) {
        sm_protobuf_integer(graph, ATTRIBUTE_NUMBER, attribute->numbers[0]);
        sm_protobuf_integer(graph, ATTRIBUTE_TYPE, TYPE_NUMBER);
    } else {
        for (int i = 0; i < attribute->count; i++) sm_protobuf_integer(graph, ATTRIBUTE_NUMBERS, attribute->numbers[i]);
        sm_protobuf_integer(graph, ATTRIBUTE_TYPE, TYPE_NUMBERS);
    }
    sm_protobuf_end(graph, message);
}

void sm_onnx_put_node(sm_protobuf *graph, const sm_onnx_node *node) {
    size_t message = sm_protobuf_begin(graph, GRAPH_NODE);
    for (const char *const *name = node->inputs; *name; name++) sm_protobuf_string(graph, NODE_INPUT, *name);
    for (const char *const *name = node->outputs; *name; name++) sm_protobuf_string(graph, NODE_OUTPUT, *name);
    sm_protobuf_string(graph, NODE_NAME, node->name);
    sm_protobuf_string(graph, NODE_OPERATION, node->operation);
    for (const sm_onnx_attribute *attribute = node->attributes; attribute->name; attribute++)
        put_attribute(graph, attribute);
    sm_protobuf_end(graph, message);
}

void sm_onnx_put_initialiser(sm_protobuf *graph, const char *name, sm_onnx_shape shape, const float *values) {
    size_t message = sm_protobuf_begin(graph, GRAPH_INITIALISER);
    size_t count = 1;
    for (int i = 0; i < shape.rank; i++) {
        sm_protobuf_integer(graph, TENSOR_EXTENT, shape.extent[i]);
        count *= (size_t)shape.extent[i];
    }
    sm_protobuf_integer(graph, TENSOR_TYPE, TENSOR_FLOAT);
    sm_protobuf_string(graph, TENSOR_NAME, name);
    sm_protobuf_floats(graph, TENSOR_BYTES, values, count);
    sm_protobuf_end(graph, message);
}

static void put_value(sm_protobuf *graph, int field, const char *name, sm_onnx_shape shape) {
    size_t value = sm_protobuf_begin(graph, field);
    sm_protobuf_string(graph, VALUE_NAME, name);
    size_t type = sm_protobuf_begin(graph, VALUE_TYPE);
    size_t tensor = sm_protobuf_begin(graph, TYPE_TENSOR);
    sm_protobuf_integer(graph, ELEMENT_TYPE, TENSOR_FLOAT);
    size_t extents = sm_protobuf_begin(graph, SHAPE);
    for (int i = 0; i < shape.rank; i++) {
        size_t dimension = sm_protobuf_begin(graph, DIMENSION);
        if (shape.extent[i] < 0)
            sm_protobuf_string(graph, EXTENT_NAME, shape.extent[i] == SM_ONNX_BATCH ? "batch" : "clicks");
        else
            sm_protobuf_integer(graph, EXTENT, shape.extent[i]);
        sm_protobuf_end(graph, dimension);
    }
    sm_protobuf_end(graph, extents);
    sm_protobuf_end(graph, tensor);
    sm_protobuf_end(graph, type);
    sm_protobuf_end(graph, value);
}

void sm_onnx_put_input(sm_protobuf *graph, const char *name, sm_onnx_shape shape) {
    put_value(graph, GRAPH_INPUT, name, shape);
}

void sm_onnx_put_output(sm_protobuf *graph, const char *name, sm_onnx_shape shape) {
    put_value(graph, GRAPH_OUTPUT, name, shape);
}
