/**
 * Every fast operation except the 3x3 convolution, of every SIMD target of this machine, against the reference, for odd
 * shapes and all options. Results must not depend on the order of the tasks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/ops/ops.h"
#include "../../src/sonomask.h"
#include "numbers.h"

static const double TOLERANCE = 1e-9; /* normalised mean squared error */

static const int fast_backends[] = {SM_BACKEND_SCALAR, SM_BACKEND_SIMD128, SM_BACKEND_AVX2, SM_BACKEND_AVX512};
enum { BACKEND_COUNT = sizeof fast_backends / sizeof *fast_backends };

/** Runs the tasks backwards and on changing workers: the most unusual order that a thread pool may have. */
static void run_backwards(void *pool, int count, sm_task *task, void *arguments) {
    (void)pool;
    for (int index = count - 1; index >= 0; index--) task(arguments, index, index % 3);
}
static const sm_parallel backwards = {.threads = 3, .run = run_backwards};

/* Sizes around and between the numbers of lanes, sizes of one, and one that takes several tasks. */
typedef struct shape {
    int batch, height, width, channels;
} shape;
static const shape even_shapes[] = {
    {1, 2, 2, 1},  {2, 6, 10, 1},  {1, 4, 270, 1}, {2, 2, 4, 2},    {1, 4, 6, 3},    {3, 2, 6, 4},
    {2, 6, 2, 7},  {1, 10, 14, 8}, {2, 4, 6, 15},  {2, 8, 6, 16},   {1, 2, 2, 17},   {2, 6, 4, 24},
    {1, 4, 4, 33}, {2, 4, 4, 64},  {1, 2, 4, 100}, {1, 34, 64, 17}, {2, 120, 70, 3},
};
static const shape odd_shapes[] = {
    {1, 1, 1, 1},  {1, 1, 1, 5},  {1, 1, 33, 1}, {1, 7, 1, 1},    {2, 5, 139, 1},   {2, 3, 5, 2},
    {1, 9, 7, 3},  {2, 5, 3, 4},  {1, 3, 31, 8}, {1, 3, 11, 9},   {2, 7, 5, 16},    {1, 1, 35, 20},
    {2, 3, 3, 32}, {1, 5, 1, 47}, {1, 1, 3, 80}, {1, 67, 63, 17}, {3, 131, 129, 1},
};
#define FOR_SHAPES(shapes, s) for (const shape *s = shapes; s < shapes + sizeof shapes / sizeof *shapes; s++)

static size_t pixels_of(const shape *s) { return (size_t)s->batch * (size_t)s->height * (size_t)s->width; }
static size_t floats_of(const shape *s) { return pixels_of(s) * (size_t)s->channels; }

/** A source with its own memory; `what` chooses the options. */
typedef struct owned_source {
    sm_source source;
    size_t floats; /**< of the data */
    float *data, *scale, *shift;
} owned_source;

enum { SCALED = 1, PER_IMAGE = 2, RELU = 4, UPSAMPLED = 8, STRIDED = 16, OPTIONS = 32 };

static owned_source make_source(const shape *s, int what, unsigned seed) {
    owned_source owned = {0};
    int divisor = what & UPSAMPLED ? 2 : 1;
    sm_source *source = &owned.source;
    source->channels = s->channels;
    source->stride = s->channels + (what & STRIDED ? 3 : 0);
    source->upsample = what & UPSAMPLED;
    source->relu = what & RELU;
    owned.floats =
        (size_t)s->batch * (size_t)(s->height / divisor) * (size_t)(s->width / divisor) * (size_t)source->stride;
    source->data = owned.data = numbers_spaced(owned.floats, seed);
    if (what & SCALED) {
        size_t count = (size_t)s->channels * (size_t)(what & PER_IMAGE ? s->batch : 1);
        source->scale = owned.scale = numbers_spaced(count, seed + 1);
        source->shift = owned.shift = numbers_spaced(count, seed + 2);
        source->per_image = what & PER_IMAGE;
        /* Otherwise -0.7 v - 0.7 of one channel would be only rounding error at its maximum, v = -1. */
        for (size_t i = 0; i < count; i++) owned.scale[i] *= 1.5f;
    }
    return owned;
}

static void free_source(owned_source *owned) {
    free(owned->data);
    free(owned->scale);
    free(owned->shift);
}

/** Whether the options fit the shape. */
static bool possible(const shape *s, int what) {
    if ((what & PER_IMAGE) && !(what & SCALED)) return false;
    if (floats_of(s) > 30000 && what % 5) return false; /* a few options are enough for the large shapes */
    return !(what & UPSAMPLED) || (s->height % 2 == 0 && s->width % 2 == 0);
}

/** Options for a second source that differ from the first's in everything. */
static int contrary(int what) { return (OPTIONS - 1 - what) & ~PER_IMAGE; }

static sm_target make_target(const shape *s, int what, bool accumulate, unsigned seed, float **data, size_t *count) {
    int divisor = what & UPSAMPLED ? 2 : 1;
    sm_target target = {.channels = s->channels,
                        .stride = s->channels + (what & STRIDED ? 2 : 0),
                        .upsample = what & UPSAMPLED,
                        .accumulate = accumulate};
    *count = (size_t)s->batch * (size_t)(s->height / divisor) * (size_t)(s->width / divisor) * (size_t)target.stride;
    target.data = *data = numbers_spaced(*count, seed);
    return target;
}

static const sm_kernels *reference(void) { return sm_kernels_reference(); }

static void check(const float *fast, const float *expected, size_t count, const sm_kernels *kernels,
                  const char *operation, const shape *s, int what) {
    double error = numbers_nmse(fast, expected, count);
    if (error <= TOLERANCE) return;
    fail_msg("%s %s %dx%dx%dx%d options %d: error %g", kernels->name, operation, s->batch, s->height, s->width,
             s->channels, what, error);
}

/** Every backend and then the first again with tasks backwards must agree: calls `body` for each. */
typedef void test_body(const sm_kernels *kernels, const sm_parallel *parallel);
static void for_backends(test_body *body) {
    int tested = 0;
    for (int i = 0; i < BACKEND_COUNT; i++) {
        const sm_kernels *kernels = sm_kernels_for(fast_backends[i]);
        if (!kernels) continue;
        tested++;
        body(kernels, NULL);
        body(kernels, &backwards);
    }
    assert_true(tested >= 2); /* scalar and 128-bit exist everywhere */
}

/* ---- pooling ---- */

static void max_pool_body(const sm_kernels *kernels, const sm_parallel *parallel) {
    FOR_SHAPES(even_shapes, s)
    for (int what = 0; what < OPTIONS; what++) {
        if (!possible(s, what)) continue;
        owned_source owned = make_source(s, what, 1);
        size_t pooled = floats_of(s) / 4, count;
        float *fast = numbers_constant(pooled, NAN), *expected = numbers_constant(pooled, NAN);
        kernels->max_pool(&owned.source, s->batch, s->height, s->width, fast, parallel);
        reference()->max_pool(&owned.source, s->batch, s->height, s->width, expected, NULL);
        check(fast, expected, pooled, kernels, "max_pool", s, what);
        for (int accumulate = 0; accumulate < 2; accumulate++) {
            float *fast_gradient, *expected_gradient;
            sm_target target = make_target(s, what & ~STRIDED, accumulate, 4, &fast_gradient, &count);
            sm_target expected_target = make_target(s, what & ~STRIDED, accumulate, 4, &expected_gradient, &count);
            float *gradient = numbers_spaced(pooled, 8);
            kernels->max_pool_backward(&owned.source, s->batch, s->height, s->width, gradient, &target, parallel);
            reference()->max_pool_backward(&owned.source, s->batch, s->height, s->width, gradient, &expected_target,
                                           NULL);
            check(fast_gradient, expected_gradient, count, kernels, "max_pool_backward", s, what);
            free(gradient);
            free(fast_gradient);
            free(expected_gradient);
        }
        free(fast);
        free(expected);
        free_source(&owned);
    }
}
static void test_max_pool(void **state) {
    (void)state;
    for_backends(max_pool_body);
}

/** In a window of equal values the first gets the gradient. ReLUs make many such windows. */
static void max_pool_ties_body(const sm_kernels *kernels, const sm_parallel *parallel) {
    enum { CHANNELS = 19 };
    float data[4 * CHANNELS], output_gradient[CHANNELS], gradient[4 * CHANNELS];
    for (int i = 0; i < 4 * CHANNELS; i++) data[i] = -1.0f - (float)i;
    for (int i = 0; i < CHANNELS; i++) output_gradient[i] = (float)(i + 1);
    sm_source source = {.data = data, .channels = CHANNELS, .stride = CHANNELS, .relu = true};
    sm_target target = {.data = gradient, .channels = CHANNELS, .stride = CHANNELS};
    kernels->max_pool_backward(&source, 1, 2, 2, output_gradient, &target, parallel);
    for (int i = 0; i < 4 * CHANNELS; i++)
        assert_true(gradient[i] == (i < CHANNELS ? output_gradient[i] : 0.0f)); /* NOLINT: exact by contract */
}
static void test_max_pool_ties(void **state) {
    (void)state;
    for_backends(max_pool_ties_body);
    max_pool_ties_body(reference(), NULL);
}

static void global_pool_body(const sm_kernels *kernels, const sm_parallel *parallel) {
    if (parallel) return; /* has no tasks */
    for (int odd = 0; odd < 2; odd++)
        for (size_t i = 0; i < (odd ? sizeof odd_shapes : sizeof even_shapes) / sizeof(shape); i++) {
            const shape *s = odd ? &odd_shapes[i] : &even_shapes[i];
            for (int what = 0; what < OPTIONS; what++) {
                if (!possible(s, what)) continue;
                owned_source owned = make_source(s, what, 1);
                size_t outputs = (size_t)s->batch * (size_t)s->channels, count;
                float *fast[2], *expected[2], *gradient[2];
                for (int j = 0; j < 2; j++) {
                    fast[j] = numbers_constant(outputs, NAN);
                    expected[j] = numbers_constant(outputs, NAN);
                    gradient[j] = numbers_spaced(outputs, 20 + (unsigned)j);
                }
                kernels->global_pool(&owned.source, s->batch, s->height, s->width, fast[0], fast[1]);
                reference()->global_pool(&owned.source, s->batch, s->height, s->width, expected[0], expected[1]);
                check(fast[0], expected[0], outputs, kernels, "global_pool average", s, what);
                check(fast[1], expected[1], outputs, kernels, "global_pool maximum", s, what);
                /* Either may be missing. */
                kernels->global_pool(&owned.source, s->batch, s->height, s->width, NULL, NULL);
                for (int variant = 0; variant < 8; variant++) {
                    const float *average = variant & 1 ? gradient[0] : NULL;
                    const float *maximum = variant & 2 ? gradient[1] : NULL;
                    float *fast_data, *expected_data;
                    sm_target target = make_target(s, what, variant & 4, 4, &fast_data, &count);
                    sm_target expected_target = make_target(s, what, variant & 4, 4, &expected_data, &count);
                    kernels->global_pool_backward(&owned.source, s->batch, s->height, s->width, average, maximum,
                                                  &target);
                    reference()->global_pool_backward(&owned.source, s->batch, s->height, s->width, average, maximum,
                                                      &expected_target);
                    check(fast_data, expected_data, count, kernels, "global_pool_backward", s, what);
                    free(fast_data);
                    free(expected_data);
                }
                for (int j = 0; j < 2; j++) {
                    free(fast[j]);
                    free(expected[j]);
                    free(gradient[j]);
                }
                free_source(&owned);
            }
        }
}
static void test_global_pool(void **state) {
    (void)state;
    for_backends(global_pool_body);
}

/* ---- bilinear upsampling ---- */

static void bilinear_body(const sm_kernels *kernels, const sm_parallel *parallel) {
    FOR_SHAPES(odd_shapes, s) {
        size_t small = floats_of(s), large = 4 * small;
        float *input = numbers_spaced(small, 1), *gradient = numbers_spaced(large, 2);
        float *fast = numbers_constant(large, NAN), *expected = numbers_constant(large, NAN);
        kernels->upsample_bilinear(input, s->batch, s->height, s->width, s->channels, fast, parallel);
        reference()->upsample_bilinear(input, s->batch, s->height, s->width, s->channels, expected, NULL);
        check(fast, expected, large, kernels, "upsample_bilinear", s, 0);
        for (int accumulate = 0; accumulate < 2; accumulate++) {
            float *fast_gradient = numbers_constant(small, accumulate ? 1.5f : NAN);
            float *expected_gradient = numbers_constant(small, accumulate ? 1.5f : NAN);
            kernels->upsample_bilinear_backward(gradient, s->batch, s->height, s->width, s->channels, fast_gradient,
                                                accumulate, parallel);
            reference()->upsample_bilinear_backward(gradient, s->batch, s->height, s->width, s->channels,
                                                    expected_gradient, accumulate, NULL);
            check(fast_gradient, expected_gradient, small, kernels, "upsample_bilinear_backward", s, accumulate);
            free(fast_gradient);
            free(expected_gradient);
        }
        free(input);
        free(gradient);
        free(fast);
        free(expected);
    }
}
static void test_bilinear(void **state) {
    (void)state;
    for_backends(bilinear_body);
}

/* ---- 1x1 convolution ---- */

static float *make_workspace(size_t floats) {
    float *workspace = aligned_alloc(64, (floats * sizeof *workspace + 63) / 64 * 64 + 64);
    assert_non_null(workspace);
    for (size_t i = 0; i < floats; i++) workspace[i] = NAN; /* the workspace may hold anything */
    return workspace;
}

static void conv1x1_check(const sm_kernels *kernels, const sm_parallel *parallel, const shape *s, int what, int second,
                          int outputs, int variant) {
    shape other = *s;
    other.channels = second;
    owned_source owned[2] = {make_source(s, what, 1), make_source(&other, second ? contrary(what) : 0, 4)};
    int inputs = s->channels + second;
    bool accumulate = variant & 1, has_bias = variant & 2, has_scale = variant & 4;
    size_t pixels = pixels_of(s), weight_count = (size_t)inputs * (size_t)outputs;
    size_t vectors = (size_t)s->batch * (size_t)outputs;
    int output_stride = outputs + (variant & 8 ? 5 : 0);
    float *weights = numbers_spaced(weight_count, 10), *bias = numbers_spaced((size_t)outputs, 11);
    float *scale = numbers_spaced(vectors, 12), *shift = numbers_spaced(vectors, 13);
    float *gradient = numbers_spaced(pixels * (size_t)outputs, 14);
    float *results[2][5]; /* of the fast kernels and of the reference: output, targets, weights, bias */
    size_t counts[5] = {pixels * (size_t)output_stride, 0, 0, weight_count, (size_t)outputs};
    for (int i = 0; i < 2; i++) {
        const sm_kernels *run = i ? reference() : kernels;
        sm_conv args = {.batch = s->batch,
                        .height = s->height,
                        .width = s->width,
                        .source_count = second ? 2 : 1,
                        .source = {owned[0].source, owned[1].source},
                        .output_channels = outputs,
                        .weights = weights,
                        .bias = has_bias ? bias : NULL,
                        .output_scale = has_scale ? scale : NULL,
                        .output_shift = has_scale ? shift : NULL,
                        .relu = variant & 8,
                        .output_stride = output_stride,
                        .output_gradient = gradient,
                        .parallel = i ? NULL : parallel};
        args.target[0] = make_target(s, what, accumulate, 20, &results[i][1], &counts[1]);
        args.target[1] = make_target(&other, contrary(what), !accumulate, 21, &results[i][2], &counts[2]);
        args.target[1].upsample = args.source[1].upsample;
        results[i][0] = args.output = numbers_constant(counts[0], 0.25f);
        results[i][3] = args.weights_gradient = numbers_spaced(weight_count, 22);
        results[i][4] = numbers_spaced((size_t)outputs, 23);
        args.bias_gradient = has_bias ? results[i][4] : NULL;
        args.workspace = make_workspace(run->conv1x1_workspace(&args, sm_parallel_threads(args.parallel)));
        run->conv1x1_forward(&args);
        run->conv1x1_backward_data(&args);
        run->conv1x1_backward_weights(&args);
        free(args.workspace);
    }
    static const char *const names[] = {"conv1x1_forward", "conv1x1_backward_data", "conv1x1_backward_data (second)",
                                        "conv1x1_backward_weights", "conv1x1 bias gradient"};
    for (int r = 0; r < 5; r++) {
        check(results[0][r], results[1][r], counts[r], kernels, names[r], s, what * 100 + outputs);
        free(results[0][r]);
        free(results[1][r]);
    }
    free(weights);
    free(bias);
    free(scale);
    free(shift);
    free(gradient);
    free_source(&owned[0]);
    free_source(&owned[1]);
}

static void conv1x1_body(const sm_kernels *kernels, const sm_parallel *parallel) {
    static const shape shapes[] = {{1, 2, 2, 1},  {2, 4, 6, 3},  {1, 2, 34, 16}, {2, 2, 70, 8},
                                   {1, 6, 4, 33}, {2, 4, 2, 48}, {1, 64, 80, 5}};
    static const int outputs[] = {1, 2, 3, 4, 8, 15, 16, 17, 40, 64};
    int variant = 0;
    FOR_SHAPES(shapes, s)
    for (int what = 0; what < OPTIONS; what += 3)
        for (size_t o = 0; o < sizeof outputs / sizeof *outputs; o++, variant++) {
            if (!possible(s, what) || (pixels_of(s) > 1000 && variant % 5)) continue;
            conv1x1_check(kernels, parallel, s, what, variant % 3 ? 0 : 1 + variant % 21, outputs[o], variant % 16);
        }
    /* Odd sizes, where nothing is upsampled. */
    FOR_SHAPES(odd_shapes, s) {
        variant++;
        if (pixels_of(s) < 10000)
            conv1x1_check(kernels, parallel, s, SCALED | RELU, 0, 1 + variant * 5 % 23, variant % 16);
    }
}
static void test_conv1x1(void **state) {
    (void)state;
    for_backends(conv1x1_body);
}

/** The ReLU of source and output keeps NaN, in every pixel of a vector and in the rest of one. */
static void conv1x1_nan_body(const sm_kernels *kernels, const sm_parallel *parallel) {
    static const int channels[] = {1, 4, 16, 19};
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        for (int outputs = 1; outputs <= 17; outputs += 8)
            for (int x = 0; x < 37; x += 6) {
                const shape s = {1, 1, 37, channels[i]};
                owned_source owned = make_source(&s, SCALED | RELU, 1);
                owned.data[x * s.channels + s.channels - 1] = NAN;
                float *weights = numbers_spaced((size_t)(s.channels * outputs), 2);
                float *output = numbers_constant((size_t)(s.width * outputs), 0);
                sm_conv args = {.batch = 1,
                                .height = 1,
                                .width = s.width,
                                .source_count = 1,
                                .source = {owned.source},
                                .output_channels = outputs,
                                .weights = weights,
                                .relu = true,
                                .output = output,
                                .output_stride = outputs,
                                .parallel = parallel};
                args.workspace = make_workspace(kernels->conv1x1_workspace(&args, sm_parallel_threads(parallel)));
                kernels->conv1x1_forward(&args);
                for (int k = 0; k < s.width * outputs; k++)
                    if ((isnan(output[k]) != 0) != (k / outputs == x))
                        fail_msg("%s, %d channels: %g at output %d", kernels->name, s.channels, (double)output[k], k);
                free(args.workspace);
                free(weights);
                free(output);
                free_source(&owned);
            }
}
static void test_conv1x1_relu_keeps_nan(void **state) {
    (void)state;
    for_backends(conv1x1_nan_body);
    conv1x1_nan_body(reference(), NULL);
}

/* ---- normalisation ---- */

static void norm_body(const sm_kernels *kernels, const sm_parallel *parallel) {
    FOR_SHAPES(odd_shapes, s)
    for (int what = 0; what < 4; what++) {
        size_t floats = floats_of(s), channels = (size_t)s->channels, vectors = (size_t)s->batch * channels;
        float *raw = numbers_spaced(floats, 1), *gradient[2];
        float *scale = numbers_spaced(vectors, 3), *shift = numbers_spaced(vectors, 4);
        float *mean = numbers_spaced(channels, 5), *deviation = numbers_spaced(channels, 6);
        float *a = numbers_spaced(vectors, 7), *b = numbers_spaced(channels, 8), *c = numbers_spaced(channels, 9);
        float *sums[2];
        for (int i = 0; i < 2; i++) {
            const sm_kernels *run = i ? reference() : kernels;
            gradient[i] = numbers_spaced(floats, 2);
            double *double_sums = malloc(2 * vectors * sizeof *double_sums);
            assert_non_null(double_sums);
            sm_norm_backward args = {.batch = s->batch,
                                     .pixels = s->height * s->width,
                                     .channels = s->channels,
                                     .raw = raw,
                                     .gradient = gradient[i],
                                     .scale = scale,
                                     .shift = shift,
                                     .per_image = what & 1,
                                     .relu = what & 2,
                                     .mean = mean,
                                     .inverse_deviation = deviation,
                                     .sums = double_sums,
                                     .a = a,
                                     .b = b,
                                     .c = c,
                                     .parallel = i ? NULL : parallel};
            args.workspace = make_workspace(run->norm_sums_workspace(&args, sm_parallel_threads(args.parallel)));
            run->norm_sums(&args);
            run->norm_apply(&args);
            sums[i] = numbers_constant(2 * vectors, 0);
            for (size_t j = 0; j < 2 * vectors; j++) sums[i][j] = (float)double_sums[j];
            free(double_sums);
            free(args.workspace);
        }
        check(sums[0], sums[1], 2 * vectors, kernels, "norm_sums", s, what);
        check(gradient[0], gradient[1], floats, kernels, "norm_apply", s, what);
        float *all[] = {raw, gradient[0], gradient[1], scale, shift, mean, deviation, a, b, c, sums[0], sums[1]};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    }
}
static void test_norm(void **state) {
    (void)state;
    for_backends(norm_body);
}

/* ---- sigmoid and mask loss ---- */

static void sigmoid_body(const sm_kernels *kernels, const sm_parallel *parallel) {
    if (parallel) return; /* has no tasks */
    for (size_t count = 0; count < 40; count++) {
        float *input = numbers_spaced(count, 1), *output = numbers_constant(count, NAN);
        for (size_t i = 0; i < count; i++) input[i] *= 20;
        kernels->sigmoid(input, count, output);
        for (size_t i = 0; i < count; i++) {
            double expected = 1 / (1 + exp(-(double)input[i]));
            assert_true(fabs((double)output[i] - expected) <= 1e-6 * expected);
        }
        free(input);
        free(output);
    }
    const float extremes[] = {-1e30f, -200, -90, 90, 200, 1e30f, -INFINITY, INFINITY, 0};
    enum { EXTREMES = sizeof extremes / sizeof *extremes };
    float output[EXTREMES];
    kernels->sigmoid(extremes, EXTREMES, output);
    for (int i = 0; i < EXTREMES; i++)
        assert_true(fabs((double)output[i] - 1 / (1 + exp(-(double)extremes[i]))) <= 1e-7);
    float not_a_number = NAN;
    kernels->sigmoid(&not_a_number, 1, output);
    assert_true(isnan(output[0])); /* NaN must not become a confident answer */
}
static void test_sigmoid(void **state) {
    (void)state;
    for_backends(sigmoid_body);
}

/** Weights of 1 give the loss without weights to the bit, and one image alone its share of the loss. */
static void check_mask_weights(const sm_kernels *kernels, sm_mask_loss args, float *gradient) {
    static const float ones[] = {1, 1, 1};
    float single[] = {0, 0, 0};
    const size_t pixels = (size_t)args.pixels;
    args.weights = NULL;
    const double loss = kernels->mask_loss(&args);
    args.weights = ones;
    assert_true(kernels->mask_loss(&args) == loss);
    double sum = 0;
    args.weights = single;
    args.gradient = gradient;
    for (int image = 0; image < args.batch; image++) {
        single[image] = 1;
        sum += kernels->mask_loss(&args);
        single[image] = 0;
        for (size_t i = 0; i < (size_t)args.batch * pixels; i++)
            if (i / pixels != (size_t)image) assert_true(gradient[i] == 0);
    }
    assert_true(fabs(sum - loss) <= 1e-9 * fabs(loss));
    assert_true(kernels->mask_loss(&args) == 0);
}

static void mask_loss_body(const sm_kernels *kernels, const sm_parallel *parallel) {
    if (parallel) return; /* has no tasks */
    static const int pixels[] = {1, 2, 3, 7, 16, 17, 31, 64, 1000, 4099};
    static const float weights[] = {0.3f, 0, 2};
    for (size_t p = 0; p < sizeof pixels / sizeof *pixels; p++)
        for (int what = 0; what < 16; what++) {
            shape s = {what & 1 ? 3 : 1, 1, pixels[p], 1};
            size_t count = floats_of(&s);
            float *logits = numbers_spaced(count, 1), *target = numbers_spaced(count, 2);
            float *gradient[2] = {numbers_constant(count, NAN), numbers_constant(count, NAN)};
            /* Up to logits where a naive log(1 - p) is infinite; hard or soft targets, or all 0. */
            float largest = what & 2 ? 80.0f : 3.0f;
            for (size_t i = 0; i < count; i++) {
                logits[i] *= largest;
                if (target[i] < 0 || what == 15) target[i] = 0;
                if (what & 4 && target[i] > 0) target[i] = 1;
            }
            sm_mask_loss args = {.batch = s.batch,
                                 .pixels = s.width,
                                 .logits = logits,
                                 .target = target,
                                 .bce_weight = 0.7f,
                                 .dice_weight = what == 6 ? 0 : 1.3f,
                                 .dice_smooth = what == 15 ? 0 : 1,
                                 .weights = what & 8 ? weights : NULL};
            double loss[3];
            args.gradient = gradient[0];
            loss[0] = kernels->mask_loss(&args);
            args.gradient = gradient[1];
            loss[1] = reference()->mask_loss(&args);
            args.gradient = NULL;
            loss[2] = kernels->mask_loss(&args);
            assert_true(fabs(loss[0] - loss[1]) <= 3e-6 * fabs(loss[1]));
            assert_true(loss[0] == loss[2]); /* NOLINT: the gradient is a by-product */
            check(gradient[0], gradient[1], count, kernels, "mask_loss gradient", &s, what);
            check_mask_weights(kernels, args, gradient[0]);
            free(logits);
            free(target);
            free(gradient[0]);
            free(gradient[1]);
        }
}
static void test_mask_loss(void **state) {
    (void)state;
    for_backends(mask_loss_body);
}

/* ---- optimiser ---- */

static void adamw_body(const sm_kernels *kernels, const sm_parallel *parallel) {
    if (parallel) return; /* has no tasks */
    enum { ARRAYS = 5 };
    for (int count = 0; count < 70; count++) {
        const shape s = {1, 1, count, 1};
        const size_t floats = (size_t)count;
        float *values[2][ARRAYS]; /* parameters, first, second, average, gradients */
        double squares[2];
        for (int i = 0; i < 2; i++) {
            const sm_kernels *run = i ? reference() : kernels;
            for (unsigned k = 0; k < ARRAYS; k++) values[i][k] = numbers_spaced(floats, k + 1);
            for (size_t k = 0; k < floats; k++) values[i][2][k] = fabsf(values[i][2][k]);
            const sm_adamw args = {.count = floats,
                                   .parameters = values[i][0],
                                   .first = values[i][1],
                                   .second = values[i][2],
                                   .average = values[i][3],
                                   .gradients = values[i][4],
                                   .gradient_scale = 0.7f,
                                   .rate = 0.2f,
                                   .weight_decay = count % 2 ? 0.3f : 0,
                                   .first_correction = 1.9f,
                                   .second_correction = 3.7f,
                                   .average_share = 0.4f};
            run->adamw(&args);
            squares[i] = run->sum_of_squares(values[i][4], floats);
        }
        assert_true(fabs(squares[0] - squares[1]) <= 1e-12 * squares[1]);
        for (int k = 0; k < ARRAYS; k++) {
            check(values[0][k], values[1][k], floats, kernels, "adamw", &s, k);
            free(values[0][k]);
            free(values[1][k]);
        }
    }
}
static void test_adamw(void **state) {
    (void)state;
    for_backends(adamw_body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_max_pool),    cmocka_unit_test(test_max_pool_ties),
        cmocka_unit_test(test_global_pool), cmocka_unit_test(test_bilinear),
        cmocka_unit_test(test_conv1x1),     cmocka_unit_test(test_conv1x1_relu_keeps_nan),
        cmocka_unit_test(test_norm),        cmocka_unit_test(test_sigmoid),
        cmocka_unit_test(test_mask_loss),   cmocka_unit_test(test_adamw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
