/** The tables of kernels, and the small operations that all of them share, against values computed by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/ops/ops.h"
#include "../../src/sonomask.h"
#include "assert_near.h"
#include "numbers.h"

/** Within float rounding of a value worked out in double. */
#define assert_float(value, expected) assert_near(value, expected, 1e-6 * (1 + fabs((double)(expected))))

static void test_tables(void **state) {
    (void)state;
    assert_ptr_equal(sm_kernels_for(SM_BACKEND_REFERENCE), sm_kernels_reference());
    assert_string_equal(sm_kernels_reference()->name, "reference");
    assert_int_equal(sm_kernels_reference()->conv3x3_transformed_size(16, 16), 0);
    assert_null(sm_kernels_for(-1));
    assert_null(sm_kernels_for(1000));
    assert_string_equal(sm_kernels_for(SM_BACKEND_SCALAR)->name, "scalar");
    assert_string_equal(sm_kernels_for(SM_BACKEND_SIMD128)->name, "simd128");
    /* The automatic choice is the widest kernel set. */
    const sm_kernels *best = sm_kernels_for(SM_BACKEND_SIMD128);
    if (sm_kernels_for(SM_BACKEND_AVX2)) best = sm_kernels_for(SM_BACKEND_AVX2);
    if (sm_kernels_for(SM_BACKEND_AVX512)) best = sm_kernels_for(SM_BACKEND_AVX512);
    assert_ptr_equal(sm_kernels_for(SM_BACKEND_AUTO), best);
}

static const sm_kernels *kernels(void) { return sm_kernels_for(SM_BACKEND_AUTO); }

static void test_dense(void **state) {
    (void)state;
    const float input[] = {1, 2, 3, -1, 0, 1}, weights[] = {1, 10, 2, 20, 3, 30}, bias[] = {0.5f, -0.5f};
    float output[4];
    kernels()->dense(input, 2, 3, 2, weights, bias, output);
    const double expected[] = {14.5, 139.5, 2.5, 19.5};
    for (int i = 0; i < 4; i++) assert_float((double)output[i], expected[i]);
    kernels()->dense(input, 1, 3, 2, weights, NULL, output);
    assert_float((double)output[0], 14);
}

static void test_dense_backward_adds_to_weights_and_overwrites_input(void **state) {
    (void)state;
    const float input[] = {1, 2, 3}, weights[] = {1, 10, 2, 20, 3, 30}, gradient[] = {1, -1};
    float weights_gradient[] = {100, 100, 100, 100, 100, 100}, bias_gradient[] = {100, 100},
          input_gradient[] = {7, 7, 7};
    kernels()->dense_backward(input, gradient, 1, 3, 2, weights, weights_gradient, bias_gradient, input_gradient);
    const double expected[] = {101, 99, 102, 98, 103, 97};
    for (int i = 0; i < 6; i++) assert_float((double)weights_gradient[i], expected[i]);
    assert_float((double)bias_gradient[0], 101);
    assert_float((double)bias_gradient[1], 99);
    for (int i = 0; i < 3; i++) assert_float((double)input_gradient[i], -9 * (i + 1));
    kernels()->dense_backward(input, gradient, 1, 3, 2, weights, weights_gradient, NULL, NULL); /* both optional */
}

static void test_softmax(void **state) {
    (void)state;
    /* The second row would overflow without subtracting the maximum. */
    const float input[] = {0, logf(2), logf(5), 1000, 1000, -1000};
    float output[6];
    kernels()->softmax(input, 2, 3, output);
    const double expected[] = {0.125, 0.25, 0.625, 0.5, 0.5, 0};
    for (int i = 0; i < 6; i++) assert_float((double)output[i], expected[i]);
}

static void test_cross_entropy(void **state) {
    (void)state;
    const float logits[] = {0, logf(2), logf(5), 0, 0, 0};
    const float target[] = {0, 1, 0, 0, 0, 1};
    double plain = kernels()->cross_entropy(logits, target, 2, 3, NULL);
    assert_float(plain, (-log(0.25) + log(3)) / 2);
    const float soft[] = {0.2f, 0.7f, 0.1f};
    double softer = kernels()->cross_entropy(logits, soft, 1, 3, NULL);
    assert_float(softer, -0.2 * log(0.125) - 0.7 * log(0.25) - 0.1 * log(0.625));
    const float sure[] = {-1000, 1000, 0}; /* finite for a wrong answer with certainty */
    const float wrong[] = {1, 0, 0};
    assert_float(kernels()->cross_entropy(sure, wrong, 1, 3, NULL), 2000);
}

static void test_type_mae(void **state) {
    (void)state;
    /* sigmoid(log 3) = 0.75. Normal is 0 and 0 for any first logit. */
    const float logits[] = {9, logf(3), -logf(3), 9, logf(3), logf(3)};
    const int target[] = {SM_CLASS_BENIGN, SM_CLASS_NORMAL};
    float gradient[6];
    assert_float(kernels()->type_mae(logits, target, 2, gradient), (0.25 + 0.25 + 0.75 + 0.75) / 4);
    assert_float(kernels()->type_mae(logits, target, 2, NULL), (0.25 + 0.25 + 0.75 + 0.75) / 4);
    const double slope = 0.75 * 0.25 / 4, expected[] = {0, -slope, slope, 0, slope, slope};
    for (int i = 0; i < 6; i++) assert_float((double)gradient[i], expected[i]);
}

static void test_mask_loss(void **state) {
    (void)state;
    const float logits[] = {0, 0, logf(3), logf(3)}, target[] = {1, 0, 1, 1};
    sm_mask_loss args = {.batch = 1, .pixels = 4, .logits = logits, .target = target, .bce_weight = 1};
    assert_float(kernels()->mask_loss(&args), (2 * log(2) - 2 * log(0.75)) / 4);
    args.bce_weight = 0;
    args.dice_weight = 2;
    args.dice_smooth = 1;
    assert_float(kernels()->mask_loss(&args), 2 * (1 - (2 * 2.0 + 1) / (2.5 + 3 + 1)));
    const float sure[] = {50, -50, 60, 70}; /* right with certainty: no loss, and no NaN */
    args.logits = sure;
    args.bce_weight = 1;
    args.dice_smooth = 0;
    assert_float(kernels()->mask_loss(&args), 0);
}

static void test_dropout(void **state) {
    (void)state;
    enum { COUNT = 20000 };
    float *values = numbers_constant(COUNT, 1), *again = numbers_constant(COUNT, 1),
          *other = numbers_constant(COUNT, 1);
    kernels()->dropout(values, COUNT, 0.25f, 42);
    kernels()->dropout(again, COUNT, 0.25f, 42);
    kernels()->dropout(other, COUNT, 0.25f, 43);
    assert_true(numbers_identical(values, again, COUNT));
    int dropped = 0, both = 0, runs = 0;
    for (int i = 0; i < COUNT; i++) {
        if (values[i] > 0) {
            assert_float((double)values[i], 4.0 / 3);
            continue;
        }
        dropped++;
        both += !(other[i] > 0);
        runs += i > 0 && !(values[i - 1] > 0);
    }
    /* A quarter of the values is dropped; of those, a quarter also with another seed, and a quarter next to another
     * one. The limits are four standard deviations. */
    assert_true(abs(dropped - COUNT / 4) < 250);
    assert_true(abs(both - COUNT / 16) < 140);
    assert_true(abs(runs - COUNT / 16) < 140);
    kernels()->dropout(again, COUNT, 0, 1);
    assert_true(numbers_identical(values, again, COUNT)); /* rate 0 changes nothing */
    kernels()->dropout(again, COUNT, 1, 1);
    for (int i = 0; i < COUNT; i++) assert_true(again[i] <= 0 && again[i] >= 0); /* rate 1 keeps nothing */
    free(values);
    free(again);
    free(other);
}

/* ---- results must not depend on the threads ---- */

static void run_backwards(void *pool, int count, sm_task *task, void *arguments) {
    (void)pool;
    for (int index = count - 1; index >= 0; index--) task(arguments, index, index % 3);
}

/** The sums over pixels that the weights' gradient and normalisation need, as raw bits for comparison. */
static void sum_over_pixels(const sm_kernels *set, const sm_parallel *parallel, float weights[16 * 3],
                            double sums[2 * 2 * 16]) {
    enum { BATCH = 2, HEIGHT = 70, WIDTH = 90, CHANNELS = 16, OUTPUTS = 3, PIXELS = HEIGHT * WIDTH };
    float *data = numbers_spaced(BATCH * PIXELS * CHANNELS, 1);
    float *gradient = numbers_spaced(BATCH * PIXELS * CHANNELS, 2);
    float *ones = numbers_constant(CHANNELS, 1), *zeros = numbers_constant(CHANNELS, 0);
    memset(weights, 0, CHANNELS * OUTPUTS * sizeof *weights);
    sm_conv conv = {.batch = BATCH,
                    .height = HEIGHT,
                    .width = WIDTH,
                    .source_count = 1,
                    .source = {{.data = data, .channels = CHANNELS, .stride = CHANNELS, .relu = true}},
                    .output_channels = OUTPUTS,
                    .output_gradient = gradient,
                    .weights_gradient = weights,
                    .parallel = parallel};
    sm_norm_backward norm = {.batch = BATCH,
                             .pixels = PIXELS,
                             .channels = CHANNELS,
                             .raw = data,
                             .gradient = gradient,
                             .scale = ones,
                             .shift = zeros,
                             .relu = true,
                             .mean = zeros,
                             .inverse_deviation = ones,
                             .sums = sums,
                             .parallel = parallel};
    int threads = sm_parallel_threads(parallel);
    float *workspace = numbers_constant(set->conv1x1_workspace(&conv, threads) + 16, 0);
    conv.workspace = workspace;
    set->conv1x1_backward_weights(&conv);
    free(workspace);
    workspace = numbers_constant(set->norm_sums_workspace(&norm, threads) + 16, 0);
    norm.workspace = workspace;
    set->norm_sums(&norm);
    float *all[] = {workspace, data, gradient, ones, zeros};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static void test_sums_do_not_depend_on_threads(void **state) {
    (void)state;
    const sm_parallel backwards = {.threads = 3, .run = run_backwards};
    for (int backend = SM_BACKEND_SCALAR; backend <= SM_BACKEND_AVX512; backend++) {
        const sm_kernels *set = sm_kernels_for(backend);
        if (!set) continue;
        float weights[2][16 * 3];
        double sums[2][2 * 2 * 16];
        sum_over_pixels(set, NULL, weights[0], sums[0]);
        sum_over_pixels(set, &backwards, weights[1], sums[1]);
        assert_memory_equal(weights[0], weights[1], sizeof weights[0]);
        assert_memory_equal(sums[0], sums[1], sizeof sums[0]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_dense),
        cmocka_unit_test(test_dense_backward_adds_to_weights_and_overwrites_input),
        cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_cross_entropy),
        cmocka_unit_test(test_type_mae),
        cmocka_unit_test(test_mask_loss),
        cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_sums_do_not_depend_on_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
