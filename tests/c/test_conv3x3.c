/** 3x3 convolution: every fast version against the reference, and the reference against central differences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/parallel.h"
#include "../../src/sonomask.h"
#include "conv_case.h"
#include "conv_gradient.h"

static const int fast_backends[] = {SM_BACKEND_SCALAR, SM_BACKEND_SIMD128, SM_BACKEND_AVX2, SM_BACKEND_AVX512};
enum { BACKENDS = sizeof fast_backends / sizeof *fast_backends };

static const double TOLERANCE = 1e-9; /* normalised mean squared error */

/* Odd sizes, sizes of one, channels around and between the numbers of lanes, and every option of sm_conv. */
static const conv_case cases[] = {
    {.batch = 1, .height = 1, .width = 1, .channels = {1}, .outputs = 1},
    /* Large weights and few tiles. */
    {.batch = 3,
     .height = 6,
     .width = 10,
     .channels = {70, 26},
     .outputs = 57,
     .lazy = {LAZY_SCALE_RELU, LAZY_PER_IMAGE_RELU},
     .upsample = {true, false},
     .bias = true,
     .sums = true},
    {.batch = 2,
     .height = 5,
     .width = 3,
     .channels = {64},
     .outputs = 80,
     .lazy = {LAZY_RELU},
     .relu = true,
     .sums = true,
     .spare = 5},
    {.batch = 2, .height = 4, .width = 6, .channels = {40, 72}, .outputs = 57, .upsample = {false, true}, .sums = true},
    {.batch = 1, .height = 6, .width = 10, .channels = {72}, .outputs = 60, .lazy = {LAZY_SCALE}, .upsample = {true}},
    {.batch = 2, .height = 8, .width = 8, .channels = {144, 4}, .outputs = 128, .lazy = {LAZY_SCALE, LAZY_SCALE_RELU}},
    {.batch = 1, .height = 1, .width = 1, .channels = {8}, .outputs = 16, .bias = true},
    {.batch = 2, .height = 1, .width = 7, .channels = {5}, .outputs = 3, .sums = true},
    {.batch = 3, .height = 9, .width = 1, .channels = {16}, .outputs = 16, .lazy = {LAZY_PER_IMAGE_RELU}},
    {.batch = 1, .height = 13, .width = 19, .channels = {1}, .outputs = 16, .bias = true, .relu = true, .sums = true},
    {.batch = 2, .height = 40, .width = 22, .channels = {1}, .outputs = 24, .pooled = true, .sums = true, .spare = 3},
    {.batch = 2,
     .height = 34,
     .width = 18,
     .channels = {1},
     .outputs = 22,
     .bias = true,
     .relu = true,
     .pooled = true,
     .output_unused = true,
     .spare = 2},
    {.batch = 2,
     .height = 18,
     .width = 10,
     .channels = {3},
     .outputs = 5,
     .lazy = {LAZY_SCALE_RELU},
     .upsample = {true}},
    {.batch = 1,
     .height = 6,
     .width = 8,
     .channels = {1, 2},
     .outputs = 8,
     .lazy = {LAZY_RELU, LAZY_SCALE},
     .bias = true},
    /* Weights that are not large, upsampled. */
    {.batch = 2, .height = 10, .width = 14, .channels = {20, 40}, .outputs = 9, .upsample = {false, true}},
    {.batch = 1, .height = 16, .width = 12, .channels = {33}, .outputs = 16, .lazy = {LAZY_RELU}, .upsample = {true}},
    {.batch = 2, .height = 17, .width = 11, .channels = {16}, .outputs = 16, .lazy = {LAZY_SCALE_RELU}, .sums = true},
    {.batch = 1,
     .height = 16,
     .width = 16,
     .channels = {24},
     .outputs = 33,
     .lazy = {LAZY_RELU},
     .bias = true,
     .spare = 5},
    {.batch = 1,
     .height = 24,
     .width = 20,
     .channels = {48},
     .outputs = 48,
     .bias = true,
     .relu = true,
     .pooled = true,
     .transformed = true},
    {.batch = 2, .height = 10, .width = 14, .channels = {33}, .outputs = 1, .lazy = {LAZY_SCALE}, .transformed = true},
    {.batch = 3,
     .height = 8,
     .width = 8,
     .channels = {16, 32},
     .outputs = 48,
     .upsample = {false, true},
     .lazy = {LAZY_SCALE_RELU, LAZY_PER_IMAGE_RELU},
     .sums = true,
     .accumulate = {true, false}},
    {.batch = 2,
     .height = 12,
     .width = 20,
     .channels = {24, 24},
     .outputs = 24,
     .upsample = {true, false},
     .lazy = {LAZY_PER_IMAGE_RELU, LAZY_NONE},
     .accumulate = {true, true},
     .spare = 1},
    {.batch = 1,
     .height = 22,
     .width = 34,
     .channels = {5, 33},
     .outputs = 16,
     .upsample = {true, true},
     .lazy = {LAZY_NONE, LAZY_RELU},
     .output_scale = true,
     .bias = true,
     .relu = true,
     .pooled = true,
     .sums = true},
    {.batch = 2,
     .height = 6,
     .width = 6,
     .channels = {16, 16},
     .outputs = 16,
     .unwanted = {true, false},
     .output_scale = true},
    {.batch = 2,
     .height = 9,
     .width = 5,
     .channels = {8, 24},
     .outputs = 8,
     .unwanted = {false, true},
     .accumulate = {true, false}},
    {.batch = 1, .height = 8, .width = 8, .channels = {16}, .outputs = 16, .unwanted = {true}},
    {.batch = 2, .height = 8, .width = 8, .channels = {160}, .outputs = 128, .lazy = {LAZY_SCALE_RELU}, .sums = true},
    {.batch = 2,
     .height = 30,
     .width = 44,
     .channels = {16},
     .outputs = 32,
     .lazy = {LAZY_PER_IMAGE_RELU},
     .sums = true,
     .relu = true},
    /* more weights than data, with upsampled inputs after the others, and alone */
    {.batch = 1,
     .height = 8,
     .width = 8,
     .channels = {48, 72},
     .outputs = 136,
     .upsample = {false, true},
     .bias = true,
     .relu = true,
     .pooled = true,
     .transformed = true},
    {.batch = 2,
     .height = 12,
     .width = 4,
     .channels = {160},
     .outputs = 128,
     .upsample = {true},
     .lazy = {LAZY_PER_IMAGE_RELU},
     .output_scale = true},
    /* tensors large enough for non-temporal stores */
    {.batch = 1, .height = 128, .width = 136, .channels = {5}, .outputs = 64, .sums = true},
    {.batch = 1, .height = 128, .width = 136, .channels = {64}, .outputs = 1},
};
enum { CASES = sizeof cases / sizeof *cases };

static double normalised_error(const float *value, const float *expected, size_t count) {
    double difference = 0, norm = 0;
    for (size_t i = 0; i < count; i++) {
        difference += ((double)value[i] - (double)expected[i]) * ((double)value[i] - (double)expected[i]);
        norm += (double)expected[i] * (double)expected[i];
    }
    return norm > 0 ? difference / norm : difference;
}

/* Written so that a NaN is an error. */
static void assert_close(const float *value, const float *expected, size_t count, const char *what, const char *set,
                         int index) {
    if (!value || count == 0) return;
    const double error = normalised_error(value, expected, count);
    if (!(error <= TOLERANCE)) fail_msg("case %d, %s, %s: normalised error %g", index, set, what, error);
}

static void assert_same_as_reference(const conv_tensors *fast, const conv_tensors *expected, const char *set,
                                     int index) {
    const sm_conv *a = &fast->args, *b = &expected->args;
    if (!a->output_unused) assert_close(a->output, b->output, fast->output_count, "output", set, index);
    assert_close(a->pooled, b->pooled, fast->pooled_count, "pooled", set, index);
    for (int s = 0; s < a->source_count; s++)
        assert_close(a->target[s].data, b->target[s].data, fast->target_count[s], "gradient of the data", set, index);
    assert_close(a->weights_gradient, b->weights_gradient, fast->weights_count, "gradient of the weights", set, index);
    assert_close(a->bias_gradient, b->bias_gradient, (size_t)a->output_channels, "gradient of the bias", set, index);
    const size_t channels = (size_t)a->output_channels;
    for (size_t i = 0; i < fast->sums_count; i++) { /* relative to the size of the terms, which may cancel */
        const size_t squares = i / channels % 2 ? i : i + channels;
        const double pixels = (double)a->height * (double)a->width;
        const double size = i == squares ? b->sums[i] : sqrt(b->sums[squares] * pixels);
        if (!(fabs(a->sums[i] - b->sums[i]) <= 2e-5 * size + 1e-12))
            fail_msg("case %d, %s: sum %g instead of %g", index, set, a->sums[i], b->sums[i]);
    }
}

static void run_all(conv_tensors *tensors, const sm_kernels *kernels, const sm_parallel *parallel) {
    conv_prepare(tensors, kernels, parallel);
    for (int direction = CONV_FORWARD; direction <= CONV_BACKWARD_WEIGHTS; direction++)
        conv_run(tensors, kernels, (conv_direction)direction);
}

static void fast_agrees_with_reference(const sm_parallel *parallel) {
    for (int index = 0; index < CASES; index++) {
        conv_tensors expected = conv_tensors_make(&cases[index], (unsigned)index);
        run_all(&expected, sm_kernels_reference(), NULL);
        for (int b = 0; b < BACKENDS; b++) {
            const sm_kernels *kernels = sm_kernels_for(fast_backends[b]);
            if (!kernels) continue;
            conv_tensors fast = conv_tensors_make(&cases[index], (unsigned)index);
            run_all(&fast, kernels, parallel);
            assert_same_as_reference(&fast, &expected, kernels->name, index);
            conv_tensors_free(&fast);
        }
        conv_tensors_free(&expected);
    }
}

static void test_one_thread(void **state) {
    (void)state;
    fast_agrees_with_reference(NULL);
}

static void test_two_threads(void **state) {
    (void)state;
    sm_parallel *parallel = sm_parallel_create(2);
    assert_non_null(parallel);
    fast_agrees_with_reference(parallel);
    sm_parallel_free(parallel);
}

/** A NaN in the input reaches all outputs of its 3x3 neighbourhood, through the ReLU of source and output. */
static void check_nan(const sm_kernels *kernels, const conv_case *what, bool transformed) {
    enum { Y = 9, X = 20, MARGIN = 8 /* more than a Winograd tile */ };
    conv_case nan_case = *what;
    nan_case.transformed = transformed;
    conv_tensors tensors = conv_tensors_make(&nan_case, 5);
    sm_conv *args = &tensors.args;
    const size_t pixel = (size_t)Y * (size_t)args->width + X;
    float *data = (float *)(uintptr_t)args->source[0].data;
    data[pixel * (size_t)args->source[0].stride] = NAN;
    conv_prepare(&tensors, kernels, NULL);
    conv_run(&tensors, kernels, CONV_FORWARD);
    for (int y = 0; y < args->height; y++)
        for (int x = 0; x < args->width; x++)
            for (int o = 0; o < args->output_channels; o++) {
                const float value = args->output[(y * args->width + x) * args->output_stride + o];
                const int distance = abs(y - Y) > abs(x - X) ? abs(y - Y) : abs(x - X);
                if (distance <= 1 && !isnan(value))
                    fail_msg("%s, %d inputs: %g at (%d, %d)", kernels->name, what->channels[0], (double)value, y, x);
                if (distance > MARGIN && isnan(value))
                    fail_msg("%s, %d inputs: NaN at (%d, %d)", kernels->name, what->channels[0], y, x);
            }
    conv_tensors_free(&tensors);
}

static void test_relu_keeps_nan(void **state) {
    (void)state;
    static const int inputs[] = {1, 3, 16, 21}; /* direct up to 4, then Winograd */
    static const conv_lazy lazies[] = {LAZY_NONE, LAZY_RELU, LAZY_SCALE_RELU, LAZY_PER_IMAGE_RELU};
    for (int b = -1; b < BACKENDS; b++) {
        const sm_kernels *kernels = b < 0 ? sm_kernels_reference() : sm_kernels_for(fast_backends[b]);
        if (!kernels) continue;
        for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
            for (size_t l = 0; l < sizeof lazies / sizeof *lazies; l++)
                for (int options = 0; options < 4; options++) {
                    const conv_case what = {.batch = 1,
                                            .height = 24,
                                            .width = 40,
                                            .channels = {inputs[i]},
                                            .outputs = 17,
                                            .lazy = {lazies[l]},
                                            .bias = true,
                                            .relu = options & 1,
                                            .output_scale = options & 2};
                    check_nan(kernels, &what, false);
                    check_nan(kernels, &what, true);
                }
    }
}

/** 8-bit weights are transformed as their floats are, to the bit. */
static void test_transform_of_bytes(void **state) {
    (void)state;
    enum { INPUTS = 37, OUTPUTS = 53, COUNT = 9 * INPUTS * OUTPUTS };
    static int8_t numbers[COUNT];
    static float weights[COUNT];
    float scale[OUTPUTS], factor[OUTPUTS];
    for (int c = 0; c < OUTPUTS; c++) {
        scale[c] = 0.001f * (float)(c + 1);
        factor[c] = 1.0f / (float)(c - 60);
    }
    for (int i = 0; i < COUNT; i++) {
        numbers[i] = (int8_t)(i * 89 % 256 - 128);
        weights[i] = (float)numbers[i] * scale[i % OUTPUTS] * factor[i % OUTPUTS];
    }
    const sm_byte_weights bytes = {numbers, scale, factor};
    for (int b = 0; b < BACKENDS; b++) {
        const sm_kernels *kernels = sm_kernels_for(fast_backends[b]);
        if (!kernels) continue;
        const size_t size = kernels->conv3x3_transformed_size(INPUTS, OUTPUTS);
        float *expected = calloc(size, sizeof *expected), *found = calloc(size, sizeof *found);
        assert_true(expected && found);
        kernels->conv3x3_transform(weights, INPUTS, OUTPUTS, expected);
        kernels->conv3x3_transform_bytes(&bytes, INPUTS, OUTPUTS, found);
        assert_memory_equal(expected, found, size * sizeof *found);
        free(expected);
        free(found);
    }
}

static void assert_identical(const void *a, const void *b, size_t size) {
    if (a && b) assert_memory_equal(a, b, size);
}

static void test_identical_from_run_to_run(void **state) {
    (void)state;
    sm_parallel *parallel = sm_parallel_create(2);
    assert_non_null(parallel);
    for (int index = 0; index < CASES; index++)
        for (int b = 0; b < BACKENDS; b++) {
            const sm_kernels *kernels = sm_kernels_for(fast_backends[b]);
            if (!kernels) continue;
            conv_tensors first = conv_tensors_make(&cases[index], 7), second = conv_tensors_make(&cases[index], 7);
            run_all(&first, kernels, parallel);
            run_all(&second, kernels, parallel);
            const sm_conv *x = &first.args, *y = &second.args;
            assert_identical(x->output, y->output, first.output_count * sizeof(float));
            assert_identical(x->pooled, y->pooled, first.pooled_count * sizeof(float));
            assert_identical(x->sums, y->sums, first.sums_count * sizeof(double));
            for (int s = 0; s < x->source_count; s++)
                assert_identical(x->target[s].data, y->target[s].data, first.target_count[s] * sizeof(float));
            assert_identical(x->weights_gradient, y->weights_gradient, first.weights_count * sizeof(float));
            conv_tensors_free(&first);
            conv_tensors_free(&second);
        }
    sm_parallel_free(parallel);
}

/** The small convolution of the gradient tests, in float with its double twin. */
static const conv_case gradient_case = {.batch = 2,
                                        .height = 6,
                                        .width = 10,
                                        .channels = {3, 4},
                                        .upsample = {true, false},
                                        .lazy = {LAZY_SCALE_RELU, LAZY_NONE},
                                        .outputs = 5,
                                        .bias = true};

static double *doubles_of(const float *values, size_t count) {
    double *result = malloc(count * sizeof *result);
    assert_non_null(result);
    for (size_t i = 0; i < count; i++) result[i] = values ? (double)values[i] : 0;
    return result;
}

typedef struct gradient_twin {
    conv_tensors tensors;
    double_conv conv;
    size_t count[4]; /* of a conv_variable */
    double *owned[8];
    double *output_gradient;
    size_t output_count;
    double *exact[4];    /* the double reference's gradients */
    double *measured[4]; /* central differences */
} gradient_twin;

/* The gradients of the data are those after scale, shift and ReLU, which `lazy` = false leaves out. */
static gradient_twin gradient_twin_make(bool lazy) {
    conv_case what = gradient_case;
    if (!lazy) what.lazy[0] = LAZY_NONE;
    gradient_twin twin = {.tensors = conv_tensors_make(&what, 3)};
    const sm_conv *args = &twin.tensors.args;
    double_conv *conv = &twin.conv;
    *conv = (double_conv){what.batch,
                          what.height,
                          what.width,
                          2,
                          {what.channels[0], what.channels[1]},
                          {what.upsample[0], what.upsample[1]},
                          {NULL, NULL},
                          {NULL, NULL},
                          {NULL, NULL},
                          what.outputs,
                          NULL,
                          NULL};
    twin.count[CONV_INPUT_0] = twin.tensors.target_count[0];
    twin.count[CONV_INPUT_1] = twin.tensors.target_count[1];
    twin.count[CONV_WEIGHTS] = twin.tensors.weights_count;
    twin.count[CONV_BIAS] = (size_t)what.outputs;
    twin.output_count = twin.tensors.output_count;
    conv->input[0] = twin.owned[0] = doubles_of(args->source[0].data, twin.count[CONV_INPUT_0]);
    conv->input[1] = twin.owned[1] = doubles_of(args->source[1].data, twin.count[CONV_INPUT_1]);
    conv->weights = twin.owned[2] = doubles_of(args->weights, twin.count[CONV_WEIGHTS]);
    conv->bias = twin.owned[3] = doubles_of(args->bias, twin.count[CONV_BIAS]);
    if (lazy) {
        conv->scale[0] = twin.owned[4] = doubles_of(args->source[0].scale, (size_t)what.channels[0]);
        conv->shift[0] = twin.owned[5] = doubles_of(args->source[0].shift, (size_t)what.channels[0]);
    }
    twin.output_gradient = doubles_of(args->output_gradient, twin.output_count);
    for (int v = 0; v < 4; v++) {
        twin.exact[v] = doubles_of(NULL, twin.count[v]);
        twin.measured[v] = doubles_of(NULL, twin.count[v]);
        conv_central_differences(conv, (conv_variable)v, twin.count[v], twin.output_gradient, twin.output_count,
                                 twin.measured[v]);
    }
    double *const data[2] = {twin.exact[CONV_INPUT_0], twin.exact[CONV_INPUT_1]};
    double_conv_backward_data(conv, twin.output_gradient, data);
    double_conv_backward_weights(conv, twin.output_gradient, twin.exact[CONV_WEIGHTS], twin.exact[CONV_BIAS]);
    return twin;
}

static void gradient_twin_free(gradient_twin *twin) {
    for (size_t i = 0; i < sizeof twin->owned / sizeof *twin->owned; i++) free(twin->owned[i]);
    for (int v = 0; v < 4; v++) {
        free(twin->exact[v]);
        free(twin->measured[v]);
    }
    free(twin->output_gradient);
    conv_tensors_free(&twin->tensors);
}

static double gradient_error(const gradient_twin *twin, conv_variable v, const double *gradient) {
    return conv_relative_error(gradient, twin->measured[v], twin->count[v]);
}

static void test_reference_gradients(void **state) {
    (void)state;
    gradient_twin plain = gradient_twin_make(false), lazy = gradient_twin_make(true);
    for (int v = CONV_INPUT_0; v <= CONV_BIAS; v++)
        assert_true(gradient_error(&plain, (conv_variable)v, plain.exact[v]) <= 1e-6);
    assert_true(gradient_error(&lazy, CONV_WEIGHTS, lazy.exact[CONV_WEIGHTS]) <= 1e-6);
    gradient_twin_free(&plain);
    gradient_twin_free(&lazy);
}

static void assert_fast_gradient(const gradient_twin *twin, conv_variable v, const float *gradient, const char *set) {
    double *values = doubles_of(gradient, twin->count[v]);
    const double error = gradient_error(twin, v, values);
    free(values);
    if (!(error <= 1e-3)) fail_msg("%s: gradient of variable %d is off by %g", set, v, error);
}

static void test_fast_gradients(void **state) {
    (void)state;
    for (int lazy = 0; lazy < 2; lazy++) {
        gradient_twin twin = gradient_twin_make(lazy);
        sm_conv *args = &twin.tensors.args;
        for (int b = 0; b < BACKENDS; b++) {
            const sm_kernels *kernels = sm_kernels_for(fast_backends[b]);
            if (!kernels) continue;
            memset(args->weights_gradient, 0, twin.count[CONV_WEIGHTS] * sizeof(float));
            memset(args->bias_gradient, 0, twin.count[CONV_BIAS] * sizeof(float));
            run_all(&twin.tensors, kernels, NULL);
            if (!lazy) assert_fast_gradient(&twin, CONV_INPUT_0, args->target[0].data, kernels->name);
            assert_fast_gradient(&twin, CONV_INPUT_1, args->target[1].data, kernels->name);
            assert_fast_gradient(&twin, CONV_WEIGHTS, args->weights_gradient, kernels->name);
            assert_fast_gradient(&twin, CONV_BIAS, args->bias_gradient, kernels->name);
        }
        gradient_twin_free(&twin);
    }
}

/** Gradients with typical mistakes are far outside both limits. */
static void test_wrong_gradients_are_noticed(void **state) {
    (void)state;
    gradient_twin twin = gradient_twin_make(false);
    const int inputs = gradient_case.channels[0] + gradient_case.channels[1], outputs = gradient_case.outputs;
    const double *right = twin.exact[CONV_WEIGHTS];
    double *wrong = doubles_of(NULL, twin.count[CONV_WEIGHTS]);
    for (int tap = 0; tap < 9; tap++) /* not rotated back */
        memcpy(wrong + tap * inputs * outputs, right + (8 - tap) * inputs * outputs,
               (size_t)(inputs * outputs) * sizeof *wrong);
    assert_true(gradient_error(&twin, CONV_WEIGHTS, wrong) > 1e-2);
    for (int tap = 0; tap < 9; tap++) /* input and output channels exchanged */
        for (int i = 0; i < inputs; i++)
            for (int o = 0; o < outputs; o++)
                wrong[(tap * inputs + i) * outputs + o] = right[tap * inputs * outputs + o * inputs + i];
    assert_true(gradient_error(&twin, CONV_WEIGHTS, wrong) > 1e-2);
    memcpy(wrong, right, twin.count[CONV_WEIGHTS] * sizeof *wrong); /* one element of many */
    wrong[17] *= 1.5;
    assert_true(gradient_error(&twin, CONV_WEIGHTS, wrong) > 2e-3);
    free(wrong);
    double *data = doubles_of(NULL, twin.count[CONV_INPUT_1]); /* shifted by one pixel */
    memcpy(data, twin.exact[CONV_INPUT_1] + gradient_case.channels[1],
           (twin.count[CONV_INPUT_1] - (size_t)gradient_case.channels[1]) * sizeof *data);
    assert_true(gradient_error(&twin, CONV_INPUT_1, data) > 1e-2);
    free(data);
    gradient_twin_free(&twin);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_thread),
        cmocka_unit_test(test_relu_keeps_nan),
        cmocka_unit_test(test_transform_of_bytes),
        cmocka_unit_test(test_two_threads),
        cmocka_unit_test(test_identical_from_run_to_run),
        cmocka_unit_test(test_reference_gradients),
        cmocka_unit_test(test_fast_gradients),
        cmocka_unit_test(test_wrong_gradients_are_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
