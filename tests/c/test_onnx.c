/* The ONNX export: a consistent graph, weights with batch normalisation fused and in ONNX's order, clear errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../native/command.h"
#include "../../native/file.h"
#include "../../native/onnx/onnx.h"
#include "../../src/memory_plan.h"
#include "../../src/norm_epsilon.h"
#include "scratch_folder.h"

/* ---- reading: the part of Protocol Buffers and ONNX that the tests check ---- */

typedef struct message {
    const uint8_t *at, *end;
} message;

typedef struct field {
    int number;
    unsigned long long integer; /* of a whole number */
    message content;            /* of a text or message */
} field;

static unsigned long long take_varint(message *m) {
    unsigned long long value = 0;
    for (int shift = 0;; shift += 7) {
        assert_true(m->at < m->end && shift < 64);
        uint8_t byte = *m->at++;
        value |= (unsigned long long)(byte & 127) << shift;
        if (byte < 128) return value;
    }
}

/** Reads the next field; false at the end of the message. */
static bool take_field(message *m, field *f) {
    if (m->at == m->end) return false;
    unsigned long long tag = take_varint(m);
    *f = (field){.number = (int)(tag >> 3), .content = {m->at, m->at}};
    if ((tag & 7) == 0) {
        f->integer = take_varint(m);
        return true;
    }
    assert_int_equal(tag & 7, 2);
    unsigned long long size = take_varint(m);
    assert_true(size <= (unsigned long long)(m->end - m->at));
    f->content = (message){m->at, m->at + size};
    m->at += size;
    return true;
}

static bool is_text(message m, const char *text) {
    return (size_t)(m.end - m.at) == strlen(text) && memcmp(m.at, text, strlen(text)) == 0;
}

/** The first field with this number; the test fails when there is none. */
static field find(message m, int number) {
    field f;
    while (take_field(&m, &f))
        if (f.number == number) return f;
    fail_msg("no field %d", number);
    return f;
}

enum { MAX_NAMES = 700 };

/** Names of the tensors that have been defined. */
typedef struct name_set {
    message names[MAX_NAMES];
    int count;
} name_set;

static bool contains(const name_set *set, message name) {
    for (int i = 0; i < set->count; i++) {
        message other = set->names[i];
        if (other.end - other.at == name.end - name.at && memcmp(other.at, name.at, (size_t)(name.end - name.at)) == 0)
            return true;
    }
    return false;
}

static void add_name(name_set *set, message name) {
    assert_true(set->count < MAX_NAMES);
    assert_false(contains(set, name));
    set->names[set->count++] = name;
}

typedef struct tensor {
    int rank;
    unsigned long long shape[4];
    const uint8_t *bytes;
    size_t count;
} tensor;

static tensor read_tensor(message m) {
    static const uint8_t nothing[4];
    tensor t = {.count = 1, .bytes = nothing};
    field f;
    while (take_field(&m, &f)) {
        if (f.number == 1) {
            assert_true(t.rank < 4);
            t.shape[t.rank++] = f.integer;
            t.count *= (size_t)f.integer;
        } else if (f.number == 2) {
            assert_int_equal(f.integer, 1); /* float */
        } else if (f.number == 9) {
            t.bytes = f.content.at;
            assert_int_equal((size_t)(f.content.end - f.content.at) % 4, 0);
            assert_int_equal((size_t)(f.content.end - f.content.at) / 4, t.count);
        }
    }
    assert_ptr_not_equal(t.bytes, nothing);
    return t;
}

static float value_at(const tensor *t, size_t index) {
    float value;
    memcpy(&value, t->bytes + 4 * index, sizeof value); /* the machines of the tests are little-endian like ONNX */
    return value;
}

/** Checks an input or output of the graph; extent 0 stands for the free dimension "batch". */
static void check_value(message m, const char *name, int rank, const unsigned long long *shape) {
    assert_true(is_text(find(m, 1).content, name));
    message tensor_type = find(find(m, 2).content, 1).content;
    assert_int_equal(find(tensor_type, 1).integer, 1);
    message extents = find(tensor_type, 2).content;
    field dimension = {0};
    int count = 0;
    for (; take_field(&extents, &dimension); count++) {
        assert_true(count < rank);
        if (shape[count] == 0)
            assert_true(is_text(find(dimension.content, 2).content, count == 0 ? "batch" : "clicks"));
        else
            assert_int_equal(find(dimension.content, 1).integer, shape[count]);
    }
    assert_int_equal(count, rank);
}

/* ---- networks to export ---- */

typedef struct export_case {
    sm_net net;
    sm_weights_metadata metadata;
    float *parameters;
    uint8_t *bytes;
    size_t size;
} export_case;

/** Untrained weights with batch normalisation that is not the identity. */
static void make_case(const char *network, export_case *c) {
    memset(c, 0, sizeof *c);
    assert_int_equal(sm_net_make(network, &c->net, NULL), SM_OK);
    c->metadata = (sm_weights_metadata){.input_size = 64, .threshold = 0.5f, .temperature = 2};
    c->parameters = sm_floats_allocate(c->net.total_count);
    assert_non_null(c->parameters);
    sm_net_initialise(&c->net, 5, c->parameters);
    for (int i = 0; i < c->net.parameter_count; i++) {
        const sm_parameter *p = &c->net.parameters[i];
        for (size_t k = 0; k < p->count; k++) {
            float wave = sinf((float)k + (float)i);
            if (p->kind == SM_PARAMETER_NORM_SCALE || p->kind == SM_PARAMETER_NORM_VARIANCE)
                c->parameters[p->offset + k] = 1.25f + wave;
            else if (p->kind == SM_PARAMETER_NORM_SHIFT || p->kind == SM_PARAMETER_NORM_MEAN)
                c->parameters[p->offset + k] = wave;
        }
    }
}

static void export_network(const char *network, export_case *c) {
    make_case(network, c);
    sm_error error = {0};
    if (sm_onnx_write(&c->net, c->parameters, &c->metadata, 64, false, &c->bytes, &c->size, &error) != SM_OK)
        fail_msg("%s", error.message);
}

static void free_case(export_case *c) {
    sm_floats_free(c->parameters);
    free(c->bytes);
}

static message graph_of(const export_case *c) { return find((message){c->bytes, c->bytes + c->size}, 7).content; }

static tensor initialiser(message graph, const char *name) {
    field f;
    while (take_field(&graph, &f))
        if (f.number == 5 && is_text(find(f.content, 8).content, name)) return read_tensor(f.content);
    fail_msg("no initialiser %s", name);
    return (tensor){.bytes = graph.at};
}

/* ---- tests ---- */

static void check_node(message node, name_set *set, int *convolutions) {
    static const char *const operations[] = {
        "Conv",          "Relu",  "MaxPool",   "Resize", "Concat",  "GlobalAveragePool",
        "GlobalMaxPool", "Split", "Add",       "Mul",    "Sigmoid", "Flatten",
        "Softmax",       "Abs",   "Cast",      "Einsum", "Exp",     "Less",
        "Max",           "Min",   "ReduceMax", "Sub"};
    message operation = find(node, 4).content;
    bool listed = false;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (is_text(operation, operations[i])) listed = true;
    assert_true(listed);
    if (is_text(operation, "Conv")) ++*convolutions;
    field f;
    while (take_field(&node, &f)) {
        if (f.number == 1 && f.content.at != f.content.end) assert_true(contains(set, f.content));
        if (f.number == 2) add_name(set, f.content);
    }
}

/** Every tensor is defined once, before it is read; the graph holds the layers of inference and no others. */
static void test_graph(void **state) {
    (void)state;
    static const char *const networks[] = {"sonomask2", "sonomask2-unconditioned", "sonomask", "unet16"};
    for (int n = 0; n < 4; n++) {
        export_case c;
        export_network(networks[n], &c);
        message model = {c.bytes, c.bytes + c.size};
        assert_int_equal(find(model, 1).integer, SM_ONNX_IR_VERSION);
        assert_int_equal(find(find(model, 8).content, 2).integer, SM_ONNX_OPSET);
        static name_set set;
        set.count = 0;
        message graph = graph_of(&c);
        int convolutions = 0, inputs = 0, outputs = 0;
        for (field f; take_field(&graph, &f);) {
            if (f.number == 1) check_node(f.content, &set, &convolutions);
            if (f.number == 5) {
                tensor t = read_tensor(f.content);
                for (size_t i = 0; i < t.count; i++) assert_true(isfinite(value_at(&t, i)));
                add_name(&set, find(f.content, 8).content);
            }
            if (f.number == 11) {
                check_value(f.content, "image", 4, (const unsigned long long[]){0, 1, 64, 64});
                add_name(&set, find(f.content, 1).content);
                inputs++;
            }
            if (f.number == 12) {
                assert_true(contains(&set, find(f.content, 1).content));
                if (outputs++ == 0)
                    check_value(f.content, "mask", 4, (const unsigned long long[]){0, 1, 64, 64});
                else
                    check_value(f.content, "type", 2, (const unsigned long long[]){0, 3});
            }
        }
        assert_int_equal(inputs, 1);
        assert_int_equal(outputs, 2);
        int wanted = 0;
        for (int i = 0; i < c.net.layer_count; i++)
            if (sm_net_in_inference(&c.net, i) && sm_net_parameter(&c.net, i, SM_PARAMETER_WEIGHTS) >= 0) wanted++;
        assert_int_equal(convolutions, wanted);
        free_case(&c);
    }
}

static const float *values_of(const export_case *c, int layer, sm_parameter_kind kind) {
    int index = sm_net_parameter(&c->net, layer, kind);
    assert_true(index >= 0);
    return c->parameters + c->net.parameters[index].offset;
}

/** `prompts` of the inputs are maps of prompts, which come last and are not exported. */
static void check_convolution(const char *network, const char *name, size_t inputs, size_t prompts, size_t outputs) {
    export_case c;
    export_network(network, &c);
    int layer = -1;
    for (int i = 0; i < c.net.layer_count; i++)
        if (strcmp(c.net.layers[i].name, name) == 0) layer = i;
    assert_true(layer >= 0);
    assert_int_equal(sm_net_input_channels(&c.net, layer), inputs);
    const float *weights = values_of(&c, layer, SM_PARAMETER_WEIGHTS);
    const float *scale = values_of(&c, layer, SM_PARAMETER_NORM_SCALE);
    const float *shift = values_of(&c, layer, SM_PARAMETER_NORM_SHIFT);
    const float *mean = values_of(&c, layer, SM_PARAMETER_NORM_MEAN);
    const float *variance = values_of(&c, layer, SM_PARAMETER_NORM_VARIANCE);
    char weights_name[64], bias_name[64];
    snprintf(weights_name, sizeof weights_name, "%s.weights", name);
    snprintf(bias_name, sizeof bias_name, "%s.bias", name);
    tensor fused = initialiser(graph_of(&c), weights_name), bias = initialiser(graph_of(&c), bias_name);
    const size_t kept = inputs - prompts;
    const unsigned long long shape[4] = {outputs, kept, 3, 3};
    assert_int_equal(fused.rank, 4);
    assert_memory_equal(fused.shape, shape, sizeof shape);
    assert_int_equal(bias.count, outputs);
    for (size_t out = 0; out < outputs; out++) {
        double factor = (double)scale[out] / sqrt((double)variance[out] + (double)SM_NORM_EPSILON);
        double offset = (double)shift[out] - (double)mean[out] * factor;
        assert_true(fabs((double)value_at(&bias, out) - offset) <= 1e-5 * (1 + fabs(offset)));
        for (size_t in = 0; in < kept; in++)
            for (size_t tap = 0; tap < 9; tap++) {
                double expected = (double)weights[(tap * inputs + in) * outputs + out] * factor;
                double found = (double)value_at(&fused, (out * kept + in) * 9 + tap);
                assert_true(fabs(found - expected) <= 1e-5 * (1e-3 + fabs(expected)));
            }
    }
    free_case(&c);
}

/** [3][3][in][out] and batch normalisation become [out][in][3][3] with the normalisation fused. */
static void test_weights_are_fused_and_transposed(void **state) {
    (void)state;
    check_convolution("unet16", "encoder1.conv1", 16, 0, 32);
}

/** The exported network answers without prompts: their maps are 0, so that their weights can be left out. */
static void test_weights_of_prompts_are_left_out(void **state) {
    (void)state;
    check_convolution("sonomask2", "decoder5.conv1", 164, 4, 128);
    check_convolution("sonomask2", "decoder2.conv2", 52, 4, 48);
    check_convolution("sonomask2", "decoder1.conv2", 32, 0, 32);
}

/** The temperature divides all type logits; with the two outputs of the study, the logit of normal is 0. */
static void test_type_factors(void **state) {
    (void)state;
    export_case c;
    export_network("unet16", &c);
    tensor factors = initialiser(graph_of(&c), "type.factors");
    assert_int_equal(factors.count, 3);
    for (size_t i = 0; i < 3; i++) assert_true(value_at(&factors, i) == 0.5f);
    free(c.bytes);
    c.bytes = NULL;
    c.metadata.type_activation = SM_TYPE_TWO_SIGMOID;
    assert_int_equal(sm_onnx_write(&c.net, c.parameters, &c.metadata, 64, false, &c.bytes, &c.size, NULL), SM_OK);
    factors = initialiser(graph_of(&c), "type.factors");
    assert_true(value_at(&factors, 0) == 0 && value_at(&factors, 1) == 0.5f && value_at(&factors, 2) == 0.5f);
    free_case(&c);
}

/** With clicks and a box as inputs, the weights of their maps are there, and every tensor is still defined once. */
static void test_prompts_are_inputs(void **state) {
    (void)state;
    export_case c;
    make_case("sonomask2", &c);
    assert_int_equal(sm_onnx_write(&c.net, c.parameters, &c.metadata, 64, true, &c.bytes, &c.size, NULL), SM_OK);
    static const struct {
        const char *name;
        int rank;
        unsigned long long shape[4];
    } wanted[] = {{"image", 4, {0, 1, 64, 64}}, {"clicks", 3, {0, 0, 3}}, {"box", 3, {0, 1, 4}}};
    static name_set set;
    set.count = 0;
    int convolutions = 0, inputs = 0;
    message graph = graph_of(&c);
    for (field f; take_field(&graph, &f);) {
        if (f.number == 1) check_node(f.content, &set, &convolutions);
        if (f.number == 5) add_name(&set, find(f.content, 8).content);
        if (f.number != 11) continue;
        assert_true(inputs < 3);
        check_value(f.content, wanted[inputs].name, wanted[inputs].rank, wanted[inputs].shape);
        add_name(&set, find(f.content, 1).content);
        inputs++;
    }
    assert_int_equal(inputs, 3);
    tensor weights = initialiser(graph_of(&c), "decoder2.conv2.weights");
    assert_int_equal(weights.shape[1], 52);
    free_case(&c);
}

static void test_bad_requests(void **state) {
    (void)state;
    export_case c;
    make_case("sonomask", &c);
    sm_error error = {0};
    assert_int_equal(sm_onnx_write(&c.net, c.parameters, &c.metadata, 64, true, &c.bytes, &c.size, &error),
                     SM_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "no clicks"));
    assert_int_equal(sm_onnx_write(&c.net, c.parameters, &c.metadata, 72, false, &c.bytes, &c.size, &error),
                     SM_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "72"));
    /* Finite weights that are no longer finite after the fusion. */
    for (int i = 0; i < c.net.parameter_count; i++)
        if (c.net.parameters[i].kind == SM_PARAMETER_NORM_SCALE) c.parameters[c.net.parameters[i].offset] = 3e38f;
    for (int i = 0; i < c.net.parameter_count; i++)
        if (c.net.parameters[i].kind == SM_PARAMETER_NORM_VARIANCE) c.parameters[c.net.parameters[i].offset] = 0;
    assert_int_equal(sm_onnx_write(&c.net, c.parameters, &c.metadata, 64, false, &c.bytes, &c.size, &error),
                     SM_ERROR_WEIGHTS);
    assert_non_null(strstr(error.message, "not finite"));
    assert_null(c.bytes);
    assert_int_equal(c.size, 0);
    free_case(&c);
}

/** Runs `export` with these words (the last one NULL); `*message` is its stderr, from malloc. */
static int run_export(const char *const *words, char **messages) {
    char *argv[16] = {strdup("export")};
    int argc = 1;
    for (; words[argc - 1]; argc++) argv[argc] = strdup(words[argc - 1]);
    scratch_stderr_begin(scratch_root);
    int status = sm_command_export(argc, argv);
    *messages = scratch_stderr_end(scratch_root);
    for (int i = 0; i < argc; i++) free(argv[i]);
    return status;
}

static void expect(const char *const *words, int status, const char *message_part) {
    char *messages = NULL;
    int found = run_export(words, &messages);
    if (found != status || !strstr(messages, message_part)) fail_msg("status %d: %s", found, messages);
    free(messages);
}

static void test_command_writes_both_files(void **state) {
    (void)state;
    const char *onnx = scratch_path(scratch_root, "net.onnx");
    const char *weights = scratch_path(scratch_root, "net.safetensors");
    expect((const char *const[]){"--net", "unet16", "--seed", "9", "--size", "128", "--onnx", onnx, "--weights",
                                 weights, NULL},
           SM_EXIT_DONE, "");
    unsigned char *bytes = NULL;
    size_t size = 0;
    sm_net net;
    sm_weights_metadata metadata;
    float *parameters = NULL;
    assert_int_equal(sm_file_read(weights, &bytes, &size, NULL), SM_OK);
    assert_int_equal(sm_weights_read(bytes, size, &metadata, &net, &parameters, NULL), SM_OK);
    free(bytes);
    assert_string_equal(metadata.network, "unet16");
    assert_int_equal(metadata.input_size, 128);
    float *expected = sm_floats_allocate(net.total_count);
    assert_non_null(expected);
    sm_net_initialise(&net, 9, expected);
    assert_memory_equal(parameters, expected, net.total_count * sizeof *expected);
    sm_floats_free(expected);
    /* The file is the export of the same weights. */
    uint8_t *direct = NULL;
    size_t direct_size = 0;
    assert_int_equal(sm_onnx_write(&net, parameters, &metadata, 128, false, &direct, &direct_size, NULL), SM_OK);
    assert_int_equal(sm_file_read(onnx, &bytes, &size, NULL), SM_OK);
    assert_int_equal(size, direct_size);
    assert_memory_equal(bytes, direct, size);
    free(bytes);
    free(direct);
    sm_floats_free(parameters);
}

static void test_command_errors(void **state) {
    (void)state;
    const char *onnx = scratch_path(scratch_root, "never.onnx");
    const char *broken = scratch_path(scratch_root, "broken.safetensors");
    scratch_text(scratch_root, "broken.safetensors", "this is not a weights file");
    expect((const char *const[]){NULL}, SM_EXIT_USAGE, "--onnx FILE");
    expect((const char *const[]){"--onnx", onnx, "--net", "unet99", NULL}, SM_EXIT_USAGE, "unet99");
    expect((const char *const[]){"--onnx", onnx, "--net", "unet16", "--model", broken, NULL}, SM_EXIT_USAGE,
           "not both");
    expect((const char *const[]){"--onnx", onnx, "--net", "unet16", "--size", "100", NULL}, SM_EXIT_USAGE, "100");
    expect((const char *const[]){"--onnx", onnx, "--seed", "3", NULL}, SM_EXIT_USAGE, "--seed");
    expect((const char *const[]){"--onnx", onnx, "--model", "/nonexistent/weights", NULL}, SM_EXIT_FAILED,
           "/nonexistent/weights");
    expect((const char *const[]){"--onnx", onnx, "--model", broken, NULL}, SM_EXIT_FAILED, "broken.safetensors");
    expect((const char *const[]){"--onnx", "/nonexistent/net.onnx", "--net", "unet16", NULL}, SM_EXIT_FAILED,
           "/nonexistent/net.onnx");
    assert_int_not_equal(access(onnx, F_OK), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_graph),
        cmocka_unit_test(test_weights_are_fused_and_transposed),
        cmocka_unit_test(test_weights_of_prompts_are_left_out),
        cmocka_unit_test(test_type_factors),
        cmocka_unit_test(test_prompts_are_inputs),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_command_writes_both_files),
        cmocka_unit_test(test_command_errors),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
