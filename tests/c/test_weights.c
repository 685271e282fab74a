/* Weights files: what is written is read back, and nothing else passes. */
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
    /* Every half that is a number survives the way to float and back. */
    for (unsigned half = 0; half < 65536; half++) {
        if ((half & 0x7C00u) == 0x7C00u && (half & 0x3FFu) != 0) continue;
        assert_int_equal(sm_half_from_float(sm_half_to_float((uint16_t)half)), half);
    }
    assert_true(sm_half_to_float(0x3C00) == 1.0f);
    assert_true(sm_half_to_float(0x0001) == 0x1p-24f);
    assert_int_equal(sm_half_from_float(1.0f + 0x1p-11f), 0x3C00); /* a tie goes to even */
    assert_int_equal(sm_half_from_float(1.0f + 0x1p-11f + 0x1p-20f), 0x3C01);
    assert_int_equal(sm_half_from_float(65520.0f), 0x7C00);
    assert_int_equal(sm_half_from_float(1e-9f), 0);
}

/** Eight bits: half a step off at most, one step being 1/127 of the channel's largest weight; what is no convolution's
 * weight is exact. */
static void test_eight_bits(void **state) {
    (void)state;
    sm_net net;
    sm_net read_net;
    float *parameters = NULL;
    float *read = NULL;
    size_t size = 0;
    size_t half_size = 0;
    uint8_t *bytes = write_some("sonomask", SM_WEIGHTS_INT8, &net, &parameters, &size);
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
                assert_true(error <= (exact ? 0 : largest / 127 * 0.501f));
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

static sm_status read_status(const uint8_t *bytes, size_t size, sm_error *error) {
    sm_weights_metadata metadata;
    sm_net net;
    float *parameters = NULL;
    sm_status status = sm_weights_read(bytes, size, &metadata, &net, &parameters, error);
    assert_true(status == SM_OK || parameters == NULL);
    sm_floats_free(parameters);
    return status;
}

static void test_truncation_is_noticed_everywhere(void **state) {
    (void)state;
    sm_net net;
    float *parameters = NULL;
    size_t size = 0;
    uint8_t *bytes = write_some("sonomask", SM_WEIGHTS_FLOAT16, &net, &parameters, &size);
    for (size_t cut = 0; cut < size; cut += cut < 20000 ? 7 : 50021) {
        sm_error error = {0};
        uint8_t *part = malloc(cut + 1); /* its own block, so that a sanitizer sees every read beyond */
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

/** Replaces `from` by `to` (of the same length) in the file's header. */
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
    expect_refusal("\"input_size\":\"128\"", "\"input_size\":\"129\"", "size");
    expect_refusal("\"__metadata__\":{", "\"__metadata__\":[", "damaged");
    expect_refusal("\"network\"", "\"netwurk\"", "no network");
    sm_error error = {0};
    assert_int_equal(read_status((const uint8_t *)"", 0, &error), SM_ERROR_WEIGHTS);
    const char *text = "This is a text file that somebody renamed to weights.safetensors.";
    assert_int_equal(read_status((const uint8_t *)text, strlen(text), &error), SM_ERROR_WEIGHTS);
    assert_non_null(strstr(error.message, "not a safetensors file"));
}

static void test_damaged_headers_do_no_harm(void **state) {
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
        read_status(bytes, size, NULL); /* any answer will do, as long as there is one */
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
        cmocka_unit_test(test_eight_bits),
        cmocka_unit_test(test_truncation_is_noticed_everywhere),
        cmocka_unit_test(test_not_finite_is_refused),
        cmocka_unit_test(test_foreign_files_are_refused),
        cmocka_unit_test(test_damaged_headers_do_no_harm),
    };
    return cmocka_run_group_tests_name("weights", tests, NULL, NULL);
}
