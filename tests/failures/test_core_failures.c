/** Every allocation of loading a model, segmenting, describing, a training step and writing weights fails once: a clean
 * error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/data/phantom.h"
#include "../../native/parallel.h"
#include "../../native/train/optimiser.h"
#include "../../src/decision.h"
#include "../../src/memory_plan.h"
#include "../../src/net_training.h"
#include "../../src/sonomask.h"
#include "../../src/weights.h"
#include "every_call.h"

enum { SIZE = 32, WIDTH = 60, HEIGHT = 50, BATCH = 2, THREADS = 2, MOST = 200 };

typedef struct bytes {
    uint8_t *bytes;
    size_t size;
} bytes;

/** Made once for all tests: weights, an image file, and what they answer. */
static bytes weights, file;
static sm_result expected, corrected;
static const sm_click clicks[] = {{30.5f, 25.5f, true}, {5.5f, 45.5f, false}};
static const sm_box box = {20, 10, 25, 25};
static const sm_prompts prompts = {.clicks = clicks, .click_count = 2, .box = &box};

static sm_status make_weights(bytes *made, sm_error *error) {
    sm_net net;
    sm_status status = sm_net_make("sonomask2", &net, error);
    if (status != SM_OK) return status;
    float *parameters = sm_floats_allocate(net.total_count);
    if (!parameters) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the test's parameters");
    sm_net_initialise(&net, 1, parameters);
    const sm_weights_metadata metadata = {
        .network = "sonomask2", .input_size = SIZE, .threshold = 0.3f, .temperature = 1.1f, .expected_dice_power = 2};
    /* The level is so high that every outline is a possible one. */
    sm_decision decision = {.operating_points = {{0.80f, 1, 0}, {0.90f, 1, 0}, {0.95f, 1, 0}}};
    sm_weights_extra tensors[SM_DECISION_TENSORS];
    sm_decision_tensors(&decision, tensors);
    status = sm_weights_write_with(&net, parameters, &metadata, SM_WEIGHTS_INT8, tensors, SM_DECISION_TENSORS,
                                   &made->bytes, &made->size, error);
    sm_floats_free(parameters);
    return status;
}

/** `refined` may be NULL. */
static sm_status segment(sm_result *result, sm_result *refined, sm_error *error) {
    sm_model *model = NULL;
    sm_state *state = NULL;
    sm_image image = {0};
    const sm_segment_options options = {.threshold = -1, .minimum_area = -1, .flip_average = true};
    sm_status status = sm_model_create(weights.bytes, weights.size, NULL, &model, error);
    if (status == SM_OK) status = sm_state_create(model, NULL, &state, error);
    if (status == SM_OK) status = sm_image_decode(file.bytes, file.size, &image, error);
    if (status == SM_OK) status = sm_segment(state, &image, &options, result, error);
    if (status == SM_OK && refined) status = sm_refine(state, &prompts, &options, refined, error);
    sm_image_free(&image);
    sm_state_free(state);
    sm_model_free(model);
    return status;
}

static int make_inputs(void **state) {
    (void)state;
    assert_int_equal(make_weights(&weights, NULL), SM_OK);
    sm_sample sample = {0};
    assert_int_equal(sm_phantom_draw(WIDTH, HEIGHT, SM_CLASS_BENIGN, 1, &sample, NULL), SM_OK);
    const sm_image image = {.width = WIDTH, .height = HEIGHT, .channels = 1, .pixels = sample.grey};
    assert_int_equal(sm_image_encode_png(&image, &file.bytes, &file.size, NULL), SM_OK);
    sm_sample_free(&sample);
    assert_int_equal(segment(&expected, &corrected, NULL), SM_OK);
    assert_true(expected.possible_count > 0);
    assert_true(corrected.lesion_count > 0);
    return 0;
}

static int free_inputs(void **state) {
    (void)state;
    sm_result_free(&expected);
    sm_result_free(&corrected);
    free(weights.bytes);
    free(file.bytes);
    return 0;
}

/** Loads, decodes, segments, outlines and encodes the mask. */
static sm_status run_segment(void *context, sm_error *error) {
    (void)context;
    sm_result result;
    memset(&result, 0, sizeof result);
    sm_contours contours = {0};
    bytes png = {0};
    sm_status status = segment(&result, NULL, error);
    if (status == SM_OK) {
        assert_int_equal(result.possible_count, expected.possible_count);
        assert_memory_equal(result.mask, expected.mask, WIDTH * HEIGHT);
        assert_memory_equal(result.probabilities, expected.probabilities, sizeof expected.probabilities);
        const sm_image mask = {.width = WIDTH, .height = HEIGHT, .channels = 1, .pixels = result.mask};
        status = sm_mask_contours(result.mask, WIDTH, HEIGHT, &contours, error);
        if (status == SM_OK) status = sm_image_encode_png(&mask, &png.bytes, &png.size, error);
    } else {
        assert_null(result.mask);
        assert_null(result.probability_map);
        assert_null(result.possible);
    }
    free(png.bytes);
    sm_contours_free(&contours);
    sm_result_free(&result);
    return status;
}

static void segmenting(void **state) {
    (void)state;
    every_call(&(scenario){.name = "load and segment", .run = run_segment}, INJECT_ALLOCATION, SM_ERROR_MEMORY, MOST);
}

/** The same with a correction. */
static sm_status run_refine(void *context, sm_error *error) {
    (void)context;
    sm_result result, refined;
    memset(&result, 0, sizeof result);
    memset(&refined, 0, sizeof refined);
    const sm_status status = segment(&result, &refined, error);
    if (status == SM_OK) {
        assert_int_equal(refined.lesion_count, corrected.lesion_count);
        assert_memory_equal(refined.mask, corrected.mask, WIDTH * HEIGHT);
    } else {
        assert_null(refined.mask);
        assert_null(refined.lesions);
    }
    sm_result_free(&result);
    sm_result_free(&refined);
    return status;
}

static void refining(void **state) {
    (void)state;
    every_call(&(scenario){.name = "segment and refine", .run = run_refine}, INJECT_ALLOCATION, SM_ERROR_MEMORY, MOST);
}

/** Describes the outlines of the answer. */
static sm_status run_describe(void *context, sm_error *error) {
    (void)context;
    uint8_t grey[WIDTH * HEIGHT] = {0};
    const sm_image image = {WIDTH, HEIGHT, 1, grey};
    const sm_lesion *outlines = expected.lesion_count > 0 ? expected.lesions : expected.possible;
    const uint8_t *mask = expected.lesion_count > 0 ? expected.mask : expected.possible_mask;
    assert_non_null(outlines);
    sm_descriptors d;
    memset(&d, 1, sizeof d);
    const sm_status status =
        sm_describe_lesions(&image, mask, outlines, 1, expected.regions, expected.region_count, &d, error);
    assert_true(status == SM_OK ? d.width > 0 : d.width == 0);
    return status;
}

static void describing(void **state) {
    (void)state;
    every_call(&(scenario){.name = "describe", .run = run_describe}, INJECT_ALLOCATION, SM_ERROR_MEMORY, MOST);
}

static sm_status run_write(void *context, sm_error *error) {
    (void)context;
    bytes made = {0};
    const sm_status status = make_weights(&made, error);
    if (status == SM_OK) {
        assert_int_equal(made.size, weights.size);
        assert_memory_equal(made.bytes, weights.bytes, made.size);
    } else {
        assert_null(made.bytes);
    }
    free(made.bytes);
    return status;
}

static void writing_weights(void **state) {
    (void)state;
    every_call(&(scenario){.name = "write weights", .run = run_write}, INJECT_ALLOCATION, SM_ERROR_MEMORY, MOST);
}

static sm_status step(const sm_parallel *parallel, sm_error *error) {
    static float images[BATCH * SIZE * SIZE], masks[BATCH * SIZE * SIZE];
    static const sm_class_set classes[BATCH] = {1 << SM_CLASS_BENIGN, 1 << SM_CLASS_NORMAL};
    for (int i = 0; i < BATCH * SIZE * SIZE; i++) {
        images[i] = (float)(i % 17) / 8 - 1;
        masks[i] = i < SIZE * SIZE && i % 3 == 0 ? 1 : 0;
    }
    sm_net net;
    sm_training *training = NULL;
    sm_optimiser optimiser = {0};
    sm_status status = sm_net_make("sonomask2", &net, error);
    if (status != SM_OK) return status;
    float *parameters = sm_floats_allocate(net.total_count), *gradients = sm_floats_allocate(net.trainable_count);
    if (!parameters || !gradients) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for the test's parameters");
    if (status == SM_OK) {
        sm_net_initialise(&net, 1, parameters);
        status = sm_training_create(&net, SIZE, BATCH, sm_kernels_for(SM_BACKEND_AUTO), parallel, &training, error);
    }
    if (status == SM_OK)
        status = sm_optimiser_create(&net, parameters, sm_kernels_for(SM_BACKEND_AUTO), &optimiser, error);
    if (status == SM_OK) {
        const sm_batch batch = {.images = images, .masks = masks, .classes = classes};
        const sm_loss_options loss = sm_loss_options_default();
        sm_optimiser_options options = sm_optimiser_options_default();
        options.total_steps = 10;
        const sm_losses losses = sm_training_step(training, parameters, &batch, &loss, 0.1f, 1, gradients);
        assert_true(isfinite(losses.total) && losses.total > 0);
        assert_true(sm_optimiser_step(&optimiser, &options, parameters, gradients, parallel) > 0);
    }
    sm_optimiser_free(&optimiser);
    sm_training_free(training);
    sm_floats_free(gradients);
    sm_floats_free(parameters);
    return status;
}

static sm_status run_step(void *context, sm_error *error) {
    (void)context;
    sm_parallel *parallel = sm_parallel_create(THREADS);
    if (!parallel) return sm_fail(error, SM_ERROR_MEMORY, "no memory for threads");
    const sm_status status = step(parallel, error);
    sm_parallel_free(parallel);
    return status;
}

static void training_step(void **state) {
    (void)state;
    every_call(&(scenario){.name = "training step", .run = run_step}, INJECT_ALLOCATION, SM_ERROR_MEMORY, MOST);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segmenting),      cmocka_unit_test(refining),      cmocka_unit_test(describing),
        cmocka_unit_test(writing_weights), cmocka_unit_test(training_step),
    };
    return cmocka_run_group_tests_name("core failures", tests, make_inputs, free_inputs);
}
