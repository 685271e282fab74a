/* Weights files: what is written is read back; faulty files are refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/half.h"
#include "../../src/memory_plan.h"
#include "../../src/sonomask.h"
#include "../../src/weights.h"
#include "test_random.h"

static sm_weights_metadata some_metadata(const char *network) {
    sm_weights_metadata metadata = {.input_size = 128,
                                    .threshold = 0.4375f,
                                    .temperature = 1.5f,
                                    .minimum_area = 0.00125f,
                                    .type_activation = SM_TYPE_TWO_SIGMOID,
                                    .training_data = "phantoms \"A\"\\B",
                                    .date = "2026-01-02"};
    snprintf(metadata.network, sizeof metadata.network, "%s", network);
    return metadata;
}

static uint8_t *write_some(const char *network, sm_weights_precision precision, sm_net *net, float **parameters,
                           size_t *size) {
    assert_int_equal(sm_net_make(network, net, NULL), SM_OK);
    *parameters = sm_floats_allocate(net->total_count);
    sm_net_initialise(net, 4, *parameters);
    sm_weights_metadata metadata = some_metadata(network);
    uint8_t *bytes = NULL;
    assert_int_equal(sm_weights_write(net, *parameters, &metadata, precision, &bytes, size, NULL), SM_OK);
    return bytes;
}

static void test_round_trip(void **state) {
    (void)state;
    for (int precision = SM_WEIGHTS_FLOAT32; precision <= SM_WEIGHTS_FLOAT16; precision++) {
        sm_net net;
        sm_net read_net;
        float *parameters = NULL;
        float *read = NULL;
        size_t size = 0;
        uint8_t *bytes = write_some("sonomask", (sm_weights_precision)precision, &net, &parameters, &size);
        sm_weights_metadata metadata;
        assert_int_equal(sm_weights_read(bytes, size, &metadata, &read_net, &read, NULL), SM_OK);
        assert_string_equal(metadata.network, "sonomask");
        assert_string_equal(metadata.training_data, "phantoms \"A\"\\B");
        assert_string_equal(metadata.date, "2026-01-02");
        assert_int_equal(metadata.input_size, 128);
        assert_int_equal(metadata.type_activation, SM_TYPE_TWO_SIGMOID);
        assert_true(metadata.threshold == 0.4375f && metadata.temperature == 1.5f && metadata.minimum_area == 0.00125f);
        for (size_t i = 0; i < net.total_count; i++) {
            if (precision == SM_WEIGHTS_FLOAT32)
                assert_true(read[i] == parameters[i]);
            else
                assert_true(fabsf(read[i] - parameters[i]) <= fabsf(parameters[i]) * 0x1p-11f + 0x1p-25f);
        }
        sm_floats_free(read);
        sm_floats_free(parameters);
        free(bytes);
    }
}

static void test_half_precision(void **state) {
    (void)state;
    /* Every half that is a number is unchanged after conversion to float and back. */
    for (unsigned half = 0; half < 65536; half++) {
        if ((half & 0x7C00u) == 0x7C00u && (half & 0x3FFu) != 0) continue;
        assert_int_equal(sm_half_from_float(sm_half_to_float((uint16_t)half)), half);
    }
    assert_true(sm_half_to_float(0x3C00) == 1.0f);
    assert_true(sm_half_to_float(0x0001) == 0x1p-24f);
    assert_int_equal(sm_half_from_float(1.0f + 0x1p-11f), 0x3C00); /* halfway: rounded to even */
    assert_int_equal(sm_half_from_float(1.0f + 0x1p-11f + 0x1p-20f), 0x3C01);
    assert_int_equal(sm_half_from_float(65520.0f), 0x7C00);
    assert_int_equal(sm_half_from_float(1e-9f), 0);
}

/**
 * Few bits: at most half a step off, one step being 1/127, 1/63 or 1/31 of the channel's largest weight. Parameters
 * that are not weights of a convolution are exact.
 */
static void assert_few_bits(sm_weights_precision precision, float limit) {
    sm_net net;
    sm_net read_net;
    float *parameters = NULL;
    float *read = NULL;
    size_t size = 0;
    size_t half_size = 0;
    uint8_t *bytes = write_some("sonomask", precision, &net, &parameters, &size);
    sm_weights_metadata metadata;
    assert_int_equal(sm_weights_read(bytes, size, &metadata, &read_net, &read, NULL), SM_OK);
    size_t rounded = 0;
    for (int p = 0; p < net.parameter_count; p++) {
        const sm_parameter *parameter = &net.parameters[p];
        const size_t channels = (size_t)parameter->shape[parameter->rank - 1];
        const sm_layer_kind kind = net.layers[parameter->layer].kind;
        const bool exact = parameter->kind != SM_PARAMETER_WEIGHTS || kind == SM_LAYER_DENSE;
        for (size_t c = 0; c < channels; c++) {
            float largest = 0;
            for (size_t i = c; i < parameter->count; i += channels)
                largest = fmaxf(largest, fabsf(parameters[parameter->offset + i]));
            for (size_t i = c; i < parameter->count; i += channels) {
                const float error = fabsf(read[parameter->offset + i] - parameters[parameter->offset + i]);
                assert_true(error <= (exact ? 0 : largest / limit * 0.501f));
                rounded += error > 0;
            }
        }
    }
    assert_true(rounded > net.total_count / 2);
    sm_floats_free(read);
    sm_floats_free(parameters);
    uint8_t *half = write_some("sonomask", SM_WEIGHTS_FLOAT16, &net, &parameters, &half_size);
    assert_true(100 * size < 56 * half_size);
    sm_floats_free(parameters);
    free(half);
    free(bytes);
}

static void test_few_bits(void **state) {
    (void)state;
    assert_few_bits(SM_WEIGHTS_INT8, 127);
    assert_few_bits(SM_WEIGHTS_INT7, 63);
    assert_few_bits(SM_WEIGHTS_INT6, 31);
}

/** Mask and type of a model on a square. */
static void run_model(const uint8_t *bytes, size_t size, float *mask, float type[SM_CLASS_COUNT]) {
    enum { SIDE = 64 };
    static float square[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++) square[i] = (float)(i * 37 % 255) / 127.5f - 1;
    const sm_model_options options = {.input_size = SIDE};
    sm_model *model = NULL;
    sm_state *working = NULL;
    assert_int_equal(sm_model_create(bytes, size, &options, &model, NULL), SM_OK);
    assert_int_equal(sm_state_create(model, NULL, &working, NULL), SM_OK);
    assert_int_equal(sm_run(working, square, mask, type, NULL), SM_OK);
    sm_state_free(working);
    sm_model_free(model);
}

/** Models take 8-bit weights without making floats of all of them. The answers are those of the floats, to the bit. */
static void test_models_of_eight_bits(void **state) {
    (void)state;
    sm_net net;
    float *parameters = NULL, *read = NULL;
    size_t size = 0, float_size = 0;
    sm_weights_metadata metadata;
    uint8_t *bytes = write_some("sonomask2", SM_WEIGHTS_INT8, &net, &parameters, &size);
    assert_int_equal(sm_weights_read(bytes, size, &metadata, &net, &read, NULL), SM_OK);
    uint8_t *floats = NULL;
    assert_int_equal(sm_weights_write(&net, read, &metadata, SM_WEIGHTS_FLOAT32, &floats, &float_size, NULL), SM_OK);
    static float masks[2][64 * 64];
    float types[2][SM_CLASS_COUNT];
    run_model(bytes, size, masks[0], types[0]);
    run_model(floats, float_size, masks[1], types[1]);
    assert_memory_equal(masks[0], masks[1], sizeof masks[0]);
    assert_memory_equal(types[0], types[1], sizeof types[0]);
    free(bytes);
    free(floats);
    sm_floats_free(parameters);
    sm_floats_free(read);
}

/** Sets all bits of the first scale of a tensor's channels to those of `value`. */
static void set_first_scale(uint8_t *bytes, size_t size, const char *tensor, float value) {
    uint64_t header = 0;
    for (int i = 7; i >= 0; i--) header = header << 8 | bytes[i];
    char name[96], *text = malloc((size_t)header + 1);
    assert_non_null(text);
    memcpy(text, bytes + 8, (size_t)header);
    text[header] = '\0';
    snprintf(name, sizeof name, "\"%s.scale\"", tensor);
    const char *at = strstr(text, name);
    assert_non_null(at);
    at = strstr(at, "\"data_offsets\":[");
    assert_non_null(at);
    const size_t offset = 8 + (size_t)header + strtoul(at + strlen("\"data_offsets\":["), NULL, 10);
    assert_true(offset + sizeof value <= size);
    memcpy(bytes + offset, &value, sizeof value);
    free(text);
}

static void test_scales_that_are_not_finite_are_refused(void **state) {
    (void)state;
    sm_net net;
    float *parameters = NULL;
    size_t size = 0;
    uint8_t *bytes = write_some("sonomask", SM_WEIGHTS_INT8, &net, &parameters, &size);
    const float bad[] = {NAN, INFINITY, 3e38f /* 3 times it is not finite */};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sm_error error = {0};
        sm_model *model = NULL;
        set_first_scale(bytes, size, "encoder3.conv2.weights", bad[i]);
        assert_int_equal(sm_model_create(bytes, size, NULL, &model, &error), SM_ERROR_WEIGHTS);
        assert_non_null(strstr(error.message, "not finite"));
    }
    sm_floats_free(parameters);
    free(bytes);
}

static sm_status read_status(const uint8_t *bytes, size_t size, sm_error *error) {
    sm_weights_metadata metadata;
    sm_net net;
    float *parameters = NULL;
    sm_status status = sm_weights_read(bytes, size, &metadata, &net, &parameters, error);
    assert_true(status == SM_OK || parameters == NULL);
    sm_floats_free(parameters);
    return status;
}

static void test_truncation_is_an_error_everywhere(void **state) {
    (void)state;
    sm_net net;
    float *parameters = NULL;
    size_t size = 0;
    uint8_t *bytes = write_some("sonomask", SM_WEIGHTS_FLOAT16, &net, &parameters, &size);
    for (size_t cut = 0; cut < size; cut += cut < 20000 ? 7 : 50021) {
        sm_error error = {0};
        uint8_t *part = malloc(cut + 1); /* a block of the exact size, so that a sanitizer finds every read beyond it */
        assert_non_null(part);
        memcpy(part, bytes, cut);
        assert_int_equal(read_status(part, cut, &error), SM_ERROR_WEIGHTS);
        assert_true(error.message[0] != '\0');
        free(part);
    }
    sm_error error = {0};
    assert_int_equal(read_status(bytes, size - 1, &error), SM_ERROR_WEIGHTS);
    assert_non_null(strstr(error.message, "truncated"));
    sm_floats_free(parameters);
    free(bytes);
}

static void test_not_finite_is_refused(void **state) {
    (void)state;
    sm_net net;
    float *parameters = NULL;
    size_t size = 0;
    uint8_t *bytes = write_some("unet16", SM_WEIGHTS_FLOAT32, &net, &parameters, &size);
    const uint8_t not_a_number[4] = {0, 0, 0xC0, 0x7F};
    memcpy(bytes + size - 4, not_a_number, 4);
    sm_error error = {0};
    assert_int_equal(read_status(bytes, size, &error), SM_ERROR_WEIGHTS);
    assert_non_null(strstr(error.message, "not finite"));
    parameters[7] = NAN;
    sm_weights_metadata metadata = some_metadata("unet16");
    uint8_t *none = NULL;
    assert_int_equal(sm_weights_write(&net, parameters, &metadata, SM_WEIGHTS_FLOAT32, &none, &size, NULL),
                     SM_ERROR_WEIGHTS);
    assert_null(none);
    sm_floats_free(parameters);
    free(bytes);
}

/** Replaces `from` with `to` (of the same length) in the file's header. */
static void replace(uint8_t *bytes, size_t size, const char *from, const char *to) {
    size_t length = strlen(from);
    assert_int_equal(length, strlen(to));
    for (size_t i = 8; i + length < size; i++) {
        if (memcmp(bytes + i, from, length) != 0) continue;
        memcpy(bytes + i, to, length);
        return;
    }
    fail_msg("%s is not in the header", from);
}

static void expect_refusal(const char *from, const char *to, const char *reason) {
    sm_net net;
    float *parameters = NULL;
    size_t size = 0;
    uint8_t *bytes = write_some("unet16", SM_WEIGHTS_FLOAT16, &net, &parameters, &size);
    replace(bytes, size, from, to);
    sm_error error = {0};
    assert_int_equal(read_status(bytes, size, &error), SM_ERROR_WEIGHTS);
    if (!strstr(error.message, reason)) fail_msg("\"%s\" lacks \"%s\"", error.message, reason);
    sm_floats_free(parameters);
    free(bytes);
}

static void test_foreign_files_are_refused(void **state) {
    (void)state;
    expect_refusal("\"unet16\"", "\"unet32\"", "another shape");
    expect_refusal("\"unet16\"", "\"vgg-16\"", "vgg-16");
    expect_refusal("[3,3,1,16]", "[3,3,2,16]", "another shape");
    expect_refusal("\"F16\"", "\"I64\"", "I64");
    expect_refusal("encoder0.conv1.weights", "encoder0.conv9.weights", "missing");
    expect_refusal("\"threshold\":\"0.437500\"", "\"threshold\":\"7.437500\"", "threshold is not");
    expect_refusal("\"threshold\":\"0.437500\"", "\"threshold\":\"a half..\"", "threshold is not a number from 0 to 1");
    expect_refusal("\"temperature\":\"1.500000\"", "\"temperature\":\"0.000000\"", "temperature is not");
    expect_refusal("\"format_version\":\"1\"", "\"format_version\":\"9\"", "version 9");
    expect_refusal("\"input_size\":\"128\"", "\"input_size\":\"129\"", "129 x 129");
    expect_refusal("\"format_version\":\"1\"", "\"format_version\":\"x\"", "no valid format version");
    expect_refusal("\"input_size\":\"128\"", "\"input_size\":\"9.5\"", "0 x 0");
    expect_refusal("normal,benign,malignant", "normal,malignant,benign", "list of classes");
    expect_refusal("grey / 127.5 - 1", "grey / 255.0 - 1", "the normalisation");
    expect_refusal("\"__metadata__\":{", "\"__metadata__\":[", "damaged");
    expect_refusal("\"network\"", "\"netwurk\"", "no network");
    sm_error error = {0};
    assert_int_equal(read_status((const uint8_t *)"", 0, &error), SM_ERROR_WEIGHTS);
    const char *text = "This is a text file that was renamed to weights.safetensors.";
    assert_int_equal(read_status((const uint8_t *)text, strlen(text), &error), SM_ERROR_WEIGHTS);
    assert_non_null(strstr(error.message, "not a safetensors file"));
}

/** A file with this header and 64 bytes of data must be refused with this reason. */
static void expect_header_refused(const char *header, const char *reason) {
    const size_t length = strlen(header), size = 8 + length + 64;
    uint8_t *bytes = calloc(1, size);
    assert_non_null(bytes);
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)((uint64_t)length >> (8 * i));
    memcpy(bytes + 8, header, length);
    sm_error error = {0};
    assert_int_equal(read_status(bytes, size, &error), SM_ERROR_WEIGHTS);
    if (!strstr(error.message, reason)) fail_msg("\"%s\" lacks \"%s\" for %s", error.message, reason, header);
    assert_null(strchr(error.message, '\n'));
    free(bytes);
}

#define TENSOR(name, begin, end) "\"" name "\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[" #begin "," #end "]}"

static void test_hostile_headers_are_refused(void **state) {
    (void)state;
    expect_header_refused("{" TENSOR("a", 0, 16) "," TENSOR("b", 12, 28) "}", "a and b overlap");
    expect_header_refused("{" TENSOR("a", 0, 16) "," TENSOR("b", 0, 16) "}", "a and b overlap");
    expect_header_refused("{" TENSOR("a", 0, 16) "," TENSOR("a", 16, 32) "}", "tensor a twice");
    expect_header_refused("{" TENSOR("a", 56, 72) "}", "tensor a ends beyond it");
    expect_header_refused("{" TENSOR("a", 999999999999984, 999999999999999) "}", "tensor a ends beyond it");
    expect_header_refused("{" TENSOR("a", 16, 0) "}", "tensor a has a wrong length");
    expect_header_refused("{" TENSOR("a", -4, 12) "}", "damaged");
    expect_header_refused("{" TENSOR("a", 0, 99999999999999999999) "}", "damaged");
    expect_header_refused("{" TENSOR("a", 0, 16) "} {}", "damaged");
    expect_header_refused("{" TENSOR("a", 0, 16), "damaged");
    expect_header_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1],\"data_offsets\":[0,4]}}", "damaged");
    expect_header_refused("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,16]}}", "tensor a lacks");
    expect_header_refused("{\"a\":{\"shape\":[4],\"dtype\":\"F32\",\"shape\":[4]}}", "tensor a has \"shape\" twice");
    expect_header_refused("{\""
                          "0123456789012345678901234567890123456789012345678901234567890123456789"
                          "\":{}}",
                          "has more than");
    expect_header_refused("{\"__metadata__\":{\"network\":\"unet16\",\"network\":\"unet32\"}}", "\"network\" twice");
    expect_header_refused("{\"__metadata__\":{},\"__metadata__\":{}}", "\"__metadata__\" twice");
    expect_header_refused("{\"__metadata__\":{\"type_activation\":\"tanh\"}}", "activation \"tanh\" is unknown");
    expect_header_refused("{\"__metadata__\":{\"threshold\":0.5}}", "damaged"); // safetensors: texts only

    char deep[2 * 5000 + 32] = "{\"__metadata__\":{\"x\":";
    size_t used = strlen(deep);
    for (int i = 0; i < 10000; i++) deep[used++] = i < 5000 ? '[' : ']';
    expect_header_refused(deep, "nested more than");

    static char many[700 * 80] = "{";
    used = 1;
    for (int i = 0; i < 700; i++)
        used += (size_t)snprintf(many + used, sizeof many - used,
                                 "%s\"t%d\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}", i ? "," : "", i);
    snprintf(many + used, sizeof many - used, "}");
    expect_header_refused(many, "the file has more than");

    uint8_t lengths[16] = {0};
    lengths[8] = '{';
    sm_error error = {0};
    memset(lengths, 0xff, 8);
    assert_int_equal(read_status(lengths, sizeof lengths, &error), SM_ERROR_WEIGHTS);
    assert_non_null(strstr(error.message, "header is larger than"));
    memset(lengths, 0, 8);
    lengths[0] = 100;
    assert_int_equal(read_status(lengths, sizeof lengths, &error), SM_ERROR_WEIGHTS);
    assert_non_null(strstr(error.message, "truncated"));
}

/** What a reader would refuse is not written; in particular no number that the header's six decimals cannot hold. */
static void test_settings_out_of_range_are_not_written(void **state) {
    (void)state;
    sm_net net;
    float *parameters = NULL;
    size_t size = 0;
    free(write_some("unet16", SM_WEIGHTS_FLOAT16, &net, &parameters, &size));
    static const float values[] = {NAN, INFINITY, -INFINITY, -0.25f, 1e30f};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        sm_weights_metadata faulty[4];
        for (int k = 0; k < 4; k++) faulty[k] = some_metadata("unet16");
        faulty[0].threshold = values[i];
        faulty[1].temperature = values[i];
        faulty[2].minimum_area = values[i];
        faulty[3].expected_dice_power = values[i];
        static const char *const names[4] = {"threshold", "temperature", "minimum area", "expected_dice_power"};
        for (int k = 0; k < 4; k++) {
            uint8_t *bytes = NULL;
            sm_error error = {0};
            assert_int_equal(sm_weights_write(&net, parameters, &faulty[k], SM_WEIGHTS_FLOAT16, &bytes, &size, &error),
                             SM_ERROR_WEIGHTS);
            assert_non_null(strstr(error.message, names[k]));
            assert_null(bytes);
        }
    }
    sm_floats_free(parameters);
}

/** More tensors than any network has, the largest not first. */
static void test_memory_plan_takes_any_number(void **state) {
    (void)state;
    enum { COUNT = 1000 };
    static sm_lifetime tensors[COUNT];
    for (int i = 0; i < COUNT; i++)
        tensors[i] = (sm_lifetime){.size = (size_t)(i * 37 % 101), .first = i, .last = i + i % 7};
    const size_t arena = sm_memory_plan(tensors, COUNT);
    size_t all = 0;
    for (int i = 0; i < COUNT; i++) {
        all += tensors[i].size;
        if (tensors[i].size == 0) continue;
        assert_int_equal(tensors[i].offset % 16, 0);
        assert_true(tensors[i].offset + tensors[i].size <= arena);
        for (int k = 0; k < i; k++) {
            const bool same_time = tensors[k].first <= tensors[i].last && tensors[i].first <= tensors[k].last;
            const bool same_place = tensors[k].offset < tensors[i].offset + tensors[i].size &&
                                    tensors[i].offset < tensors[k].offset + tensors[k].size;
            assert_false(tensors[k].size > 0 && same_time && same_place);
        }
    }
    assert_true(arena < all / 50); // the memory is shared
}

static void test_damaged_headers_are_accepted_or_refused(void **state) {
    (void)state;
    sm_net net;
    float *parameters = NULL;
    size_t size = 0;
    uint8_t *bytes = write_some("unet16", SM_WEIGHTS_FLOAT16, &net, &parameters, &size);
    uint32_t random = 12345;
    for (int round = 0; round < 300; round++) {
        test_random_next(&random);
        size_t place = (random >> 4) % 6000;
        uint8_t kept = bytes[place];
        bytes[place] = (uint8_t)(random >> 16);
        read_status(bytes, size, NULL); /* accepted or refused, without undefined behaviour */
        bytes[place] = kept;
    }
    assert_int_equal(read_status(bytes, size, NULL), SM_OK);
    sm_floats_free(parameters);
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_half_precision),
        cmocka_unit_test(test_few_bits),
        cmocka_unit_test(test_models_of_eight_bits),
        cmocka_unit_test(test_scales_that_are_not_finite_are_refused),
        cmocka_unit_test(test_truncation_is_an_error_everywhere),
        cmocka_unit_test(test_not_finite_is_refused),
        cmocka_unit_test(test_foreign_files_are_refused),
        cmocka_unit_test(test_hostile_headers_are_refused),
        cmocka_unit_test(test_settings_out_of_range_are_not_written),
        cmocka_unit_test(test_memory_plan_takes_any_number),
        cmocka_unit_test(test_damaged_headers_are_accepted_or_refused),
    };
    return cmocka_run_group_tests_name("weights", tests, NULL, NULL);
}
