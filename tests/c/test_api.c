/*
 * The public interface: invalid arguments to every function end in SM_ERROR_ARGUMENT and leave the outputs all-zero;
 * results can be used again; threads share one model.
 */
#include <limits.h>
#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Before cmocka.h, whose macros have common names.
#include "../../native/evaluator.h"
#include "../../src/memory_plan.h"
#include "../../src/sonomask.h"
#include "../../src/weights.h"
#include "scratch_folder.h"
#include "test_random.h"

#include <cmocka.h>

#include "assert_near.h"

enum { WIDTH = 40, HEIGHT = 30, INPUT_SIZE = 32 };

static uint8_t *weights;
static size_t weights_size;
static sm_model *model;
static sm_state *working;

static int make_model(void **state) {
    (void)state;
    static sm_net net;
    if (sm_net_make("sonomask", &net, NULL) != SM_OK) return 1;
    float *parameters = sm_floats_allocate(net.total_count);
    if (!parameters) return 1;
    sm_net_initialise(&net, 3, parameters);
    const sm_weights_metadata metadata = {.network = "sonomask",
                                          .input_size = INPUT_SIZE,
                                          .threshold = 0.5F,
                                          .temperature = 2,
                                          .minimum_area = 0.001F,
                                          .expected_dice_power = 1,
                                          .training_data = "noise",
                                          .date = "2026-01-01"};
    sm_status status = sm_weights_write(&net, parameters, &metadata, SM_WEIGHTS_FLOAT32, &weights, &weights_size, NULL);
    sm_floats_free(parameters);
    if (status == SM_OK) status = sm_model_create(weights, weights_size, NULL, &model, NULL);
    if (status == SM_OK) status = sm_state_create(model, NULL, &working, NULL);
    return status == SM_OK ? 0 : 1;
}

static int release_model(void **state) {
    (void)state;
    sm_state_free(working);
    sm_model_free(model);
    sm_free(weights);
    return 0;
}

/** The status and the message of a failure, which is one line. */
static void assert_argument(sm_status status, sm_error *error) {
    assert_int_equal(status, SM_ERROR_ARGUMENT);
    assert_int_equal(error->status, SM_ERROR_ARGUMENT);
    assert_true(strlen(error->message) > 0);
    assert_null(strchr(error->message, '\n'));
    *error = (sm_error){0};
}

static bool is_zero(const void *bytes, size_t size) {
    const uint8_t *byte = bytes;
    for (size_t i = 0; i < size; i++)
        if (byte[i] != 0) return false;
    return true;
}

/** Noise that depends on the seed; `pixels` has room for width * height * channels bytes. */
static sm_image noise_image(uint8_t *pixels, int width, int height, int channels, uint32_t seed) {
    const size_t count = (size_t)width * (size_t)height * (size_t)channels;
    for (size_t i = 0; i < count; i++) pixels[i] = test_random_byte(&seed);
    return (sm_image){.width = width, .height = height, .channels = channels, .pixels = pixels};
}

static void assert_same_result(const sm_result *a, const sm_result *b) {
    const size_t pixels = (size_t)a->width * (size_t)a->height;
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->type, b->type);
    assert_memory_equal(a->probabilities, b->probabilities, sizeof a->probabilities);
    assert_memory_equal(a->probability_map, b->probability_map, pixels * sizeof(float));
    assert_memory_equal(a->mask, b->mask, pixels);
    assert_int_equal(a->lesion_count, b->lesion_count);
    for (int i = 0; i < a->lesion_count; i++) assert_memory_equal(&a->lesions[i], &b->lesions[i], sizeof a->lesions[i]);
    assert_memory_equal(&a->expected_dice, &b->expected_dice, sizeof a->expected_dice);
}

static void versions_and_names(void **state) {
    (void)state;
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", SM_VERSION_MAJOR, SM_VERSION_MINOR, SM_VERSION_PATCH);
    assert_string_equal(SM_VERSION, text);
    assert_string_equal(sm_version(), SM_VERSION);
    assert_int_equal(sm_version_number(), SM_VERSION_NUMBER);
    assert_string_equal(sm_class_name(SM_CLASS_MALIGNANT), "malignant");
    assert_string_equal(sm_class_name((sm_class)77), "unknown");
    assert_string_equal(sm_status_name(SM_ERROR_IMAGE_FORMAT), "image-format");
    assert_string_equal(sm_status_name((sm_status)77), "unknown");
}

/** Programs built against an earlier header of this SM_ABI_VERSION: new fields take the place of reserved ones. */
static void structures_keep_their_size(void **state) {
    (void)state;
    if (sizeof(void *) != 8) skip();
    assert_int_equal(sizeof(sm_image), 24);
    assert_int_equal(sizeof(sm_lesion), 124);
    assert_int_equal(sizeof(sm_model_options), 56);
    assert_int_equal(sizeof(sm_model_info), 120);
    assert_int_equal(sizeof(sm_state_options), 64);
    assert_int_equal(sizeof(sm_segment_options), 64);
    assert_int_equal(sizeof(sm_result), 128);
    /* Not in the padding after the field before, which programs need not set to 0. */
    assert_int_equal(offsetof(sm_segment_options, operating_point), 16);
    assert_int_equal(offsetof(sm_result, presence), 64);
}

static void releasing_null_and_empty_structures(void **state) {
    (void)state;
    sm_free(NULL);
    sm_model_free(NULL);
    sm_state_free(NULL);
    sm_image_free(NULL);
    sm_result_free(NULL);
    sm_contours_free(NULL);
    sm_image image = {0};
    sm_result result = {0};
    sm_contours contours = {0};
    sm_image_free(&image);
    sm_result_free(&result);
    sm_contours_free(&contours);
    assert_int_equal(sm_state_bytes(NULL), 0);
    const sm_model_info info = sm_model_describe(NULL);
    assert_string_equal(info.network, "");
    assert_string_equal(info.training_data, "");
    assert_string_equal(info.date, "");
    assert_int_equal(info.input_size, 0);
}

static void models_check_their_arguments(void **state) {
    (void)state;
    sm_error error = {0};
    sm_model *made = model;
    assert_argument(sm_model_create(weights, weights_size, NULL, NULL, &error), &error);
    assert_argument(sm_model_create(NULL, weights_size, NULL, &made, &error), &error);
    assert_null(made);
    sm_model_options wrong[] = {{.backend = (sm_backend)-1}, {.backend = (sm_backend)(SM_BACKEND_AVX512 + 1)},
                                {.input_size = -32},         {.input_size = 33},
                                {.input_size = 2048},        {.reserved = {0, 0, 0, 0, 0, 1}}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        made = model;
        assert_argument(sm_model_create(weights, weights_size, &wrong[i], &made, &error), &error);
        assert_null(made);
        assert_int_equal(sm_model_create(weights, weights_size, &wrong[i], &made, NULL), SM_ERROR_ARGUMENT);
    }
    assert_int_equal(sm_model_create(NULL, 0, NULL, &made, &error), SM_ERROR_WEIGHTS);
    assert_int_equal(sm_model_create("weights", 7, NULL, &made, &error), SM_ERROR_WEIGHTS);
    assert_int_equal(sm_model_create(weights, weights_size / 2, NULL, &made, &error), SM_ERROR_WEIGHTS);
    assert_null(made);
    assert_string_equal(sm_model_describe(model).network, "sonomask");
    assert_string_equal(sm_model_describe(model).training_data, "noise");
    assert_int_equal(sm_model_describe(model).input_size, INPUT_SIZE);
}

static void run_here(void *pool, int count, sm_task *task, void *arguments) {
    (void)pool;
    for (int i = 0; i < count; i++) task(arguments, i, i % 2);
}

static void states_check_their_arguments(void **state) {
    (void)state;
    sm_error error = {0};
    sm_state *made = working;
    assert_argument(sm_state_create(model, NULL, NULL, &error), &error);
    assert_argument(sm_state_create(NULL, NULL, &made, &error), &error);
    assert_null(made);
    const sm_parallel wrong[] = {{.threads = 0, .run = run_here},
                                 {.threads = -1, .run = run_here},
                                 {.threads = SM_THREADS_MAX + 1, .run = run_here},
                                 {.threads = 2}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const sm_state_options options = {.parallel = &wrong[i]};
        made = working;
        assert_argument(sm_state_create(model, &options, &made, &error), &error);
        assert_null(made);
    }
    const sm_state_options reserved = {.reserved = {1}};
    assert_argument(sm_state_create(model, &reserved, &made, &error), &error);
}

static void segmenting_checks_its_arguments(void **state) {
    (void)state;
    static uint8_t pixels[WIDTH * HEIGHT * 4];
    const sm_image good = noise_image(pixels, WIDTH, HEIGHT, 3, 1);
    sm_error error = {0};
    sm_result result = {0};
    assert_argument(sm_segment(working, &good, NULL, NULL, &error), &error);
    assert_argument(sm_segment(NULL, &good, NULL, &result, &error), &error);
    assert_argument(sm_segment(working, NULL, NULL, &result, &error), &error);
    /* The buffer ends with the last pixel, so that ASan reports any read beyond it. */
    uint8_t *exact = malloc((size_t)WIDTH * HEIGHT);
    assert_non_null(exact);
    memset(exact, 100, (size_t)WIDTH * HEIGHT);
    const int channels[] = {INT_MIN, -1, 0, 2, 5, INT_MAX};
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) {
        const sm_image image = {.width = WIDTH, .height = HEIGHT, .channels = channels[i], .pixels = exact};
        assert_int_equal(sm_segment(working, &good, NULL, &result, NULL), SM_OK);
        assert_argument(sm_segment(working, &image, NULL, &result, &error), &error);
        assert_true(is_zero(&result, sizeof result));
    }
    const sm_image grey = {.width = WIDTH, .height = HEIGHT, .channels = 1, .pixels = exact};
    assert_int_equal(sm_segment(working, &grey, NULL, &result, NULL), SM_OK);
    free(exact);
    const sm_image no_pixels = {.width = WIDTH, .height = HEIGHT, .channels = 1};
    assert_argument(sm_segment(working, &no_pixels, NULL, &result, &error), &error);
    const int sizes[][3] = {{0, HEIGHT, SM_ERROR_IMAGE_TOO_SMALL},        {WIDTH, -1, SM_ERROR_IMAGE_TOO_SMALL},
                            {1, HEIGHT, SM_ERROR_IMAGE_TOO_SMALL},        {INT_MIN, INT_MIN, SM_ERROR_IMAGE_TOO_SMALL},
                            {INT_MAX, INT_MAX, SM_ERROR_IMAGE_TOO_LARGE}, {8001, 8000, SM_ERROR_IMAGE_TOO_LARGE}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const sm_image image = {.width = sizes[i][0], .height = sizes[i][1], .channels = 1, .pixels = pixels};
        assert_int_equal(sm_segment(working, &image, NULL, &result, &error), sizes[i][2]);
        assert_int_equal(error.status, sizes[i][2]);
    }
    const sm_segment_options wrong[] = {
        {.threshold = NAN, .minimum_area = -1},      {.threshold = 1.5F, .minimum_area = -1},
        {.threshold = INFINITY, .minimum_area = -1}, {.threshold = 0.5F, .minimum_area = NAN},
        {.threshold = 0.5F, .minimum_area = 2},      {.threshold = 0.5F, .reserved = {0, 0, 1}}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_argument(sm_segment(working, &good, &wrong[i], &result, &error), &error);
        assert_true(is_zero(&result, sizeof result));
    }
}

/** The model is of the first generation, whose weights take no clicks: test_refine.c has the others. */
static void refining_checks_its_arguments(void **state) {
    (void)state;
    static uint8_t pixels[WIDTH * HEIGHT * 3];
    const sm_image image = noise_image(pixels, WIDTH, HEIGHT, 3, 1);
    const sm_click click = {.x = 10, .y = 10, .inside = true};
    const sm_prompts prompts = {.clicks = &click, .click_count = 1};
    sm_error error = {0};
    sm_result result = {0};
    assert_argument(sm_refine(NULL, &prompts, NULL, &result, &error), &error);
    assert_argument(sm_refine(working, NULL, NULL, &result, &error), &error);
    assert_argument(sm_refine(working, &prompts, NULL, NULL, &error), &error);
    assert_int_equal(sm_segment(working, &image, NULL, &result, NULL), SM_OK);
    assert_int_equal(sm_refine(working, &prompts, NULL, &result, &error), SM_ERROR_ARGUMENT);
    assert_string_equal(error.message, "the weights of network sonomask take no clicks and no box");
    assert_true(is_zero(&result, sizeof result));
}

static void running_checks_its_arguments(void **state) {
    (void)state;
    static float square[INPUT_SIZE * INPUT_SIZE], mask[INPUT_SIZE * INPUT_SIZE];
    float probabilities[2][SM_CLASS_COUNT];
    sm_error error = {0};
    assert_argument(sm_run(NULL, square, mask, probabilities[0], &error), &error);
    assert_argument(sm_run(working, NULL, mask, probabilities[0], &error), &error);
    assert_int_equal(sm_run(working, square, mask, probabilities[0], &error), SM_OK);
    assert_int_equal(sm_run(working, square, NULL, probabilities[1], &error), SM_OK);
    assert_memory_equal(probabilities[0], probabilities[1], sizeof probabilities[0]);
    assert_int_equal(sm_run(working, square, mask, NULL, &error), SM_OK);
}

static void images_check_their_arguments(void **state) {
    (void)state;
    static uint8_t pixels[16];
    sm_error error = {0};
    sm_image image = {.width = 7, .pixels = pixels};
    assert_argument(sm_image_decode("x", 1, NULL, &error), &error);
    assert_argument(sm_image_decode(NULL, 10, &image, &error), &error);
    assert_true(is_zero(&image, sizeof image));
    assert_int_equal(sm_image_decode(NULL, 0, &image, &error), SM_ERROR_IMAGE_EMPTY);
    assert_int_equal(sm_image_decode("text", 4, &image, &error), SM_ERROR_IMAGE_FORMAT);

    uint8_t *bytes = pixels;
    size_t size = 9;
    const sm_image good = {.width = 4, .height = 4, .channels = 1, .pixels = pixels};
    assert_argument(sm_image_encode_png(&good, NULL, &size, &error), &error);
    assert_argument(sm_image_encode_png(&good, &bytes, NULL, &error), &error);
    const sm_image wrong[] = {{.width = 4, .height = 4, .channels = 1},
                              {.width = 4, .height = 4, .channels = 2, .pixels = pixels},
                              {.width = 4, .height = 4, .channels = -3, .pixels = pixels},
                              {.width = 0, .height = 4, .channels = 1, .pixels = pixels},
                              {.width = 4, .height = -4, .channels = 1, .pixels = pixels},
                              {.width = INT_MAX, .height = INT_MAX, .channels = 4, .pixels = pixels}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        bytes = pixels;
        size = 9;
        assert_argument(sm_image_encode_png(&wrong[i], &bytes, &size, &error), &error);
        assert_null(bytes);
        assert_int_equal(size, 0);
    }
    assert_argument(sm_image_encode_png(NULL, &bytes, &size, &error), &error);
    assert_int_equal(sm_image_encode_png(&good, &bytes, &size, NULL), SM_OK);
    sm_free(bytes);
}

static void masks_check_their_arguments(void **state) {
    (void)state;
    uint8_t mask[16] = {0, 1};
    const float probability[16] = {0};
    sm_error error = {0};
    sm_mask_threshold(NULL, 16, 0.5F, mask);
    sm_mask_threshold(probability, 16, 0.5F, NULL);
    sm_mask_threshold(probability, -1, 0.5F, mask);
    assert_int_equal(mask[1], 1);

    sm_lesion unused = {0};
    sm_lesion *lesions = &unused;
    int count = 5;
    assert_argument(sm_mask_components(NULL, 4, 4, 0, NULL, NULL, &lesions, &count, &error), &error);
    assert_null(lesions);
    assert_int_equal(count, 0);
    assert_argument(sm_mask_components(mask, 4, 4, 0, NULL, NULL, NULL, &count, &error), &error);
    assert_argument(sm_mask_components(mask, 4, 4, 0, NULL, NULL, &lesions, NULL, &error), &error);
    assert_argument(sm_mask_components(mask, 4, 4, -1, NULL, NULL, &lesions, &count, &error), &error);
    sm_contours contours = {.count = 3};
    assert_argument(sm_mask_contours(mask, 4, 4, NULL, &error), &error);
    assert_argument(sm_mask_contours(NULL, 4, 4, &contours, &error), &error);
    assert_int_equal(contours.count, 0);
    const int sizes[][2] = {{0, 4}, {4, 0}, {-4, 4}, {4, INT_MIN}, {INT_MAX, 2}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_argument(sm_mask_components(mask, sizes[i][0], sizes[i][1], 0, NULL, NULL, &lesions, &count, &error),
                        &error);
        assert_argument(sm_mask_contours(mask, sizes[i][0], sizes[i][1], &contours, &error), &error);
    }
    assert_int_equal(sm_mask_components(mask, 4, 4, 0, NULL, NULL, &lesions, &count, NULL), SM_OK);
    assert_int_equal(count, 1);
    sm_free(lesions);
    assert_int_equal(sm_mask_contours(mask, 4, 4, &contours, NULL), SM_OK);
    sm_contours_free(&contours);
    assert_true(is_zero(&contours, sizeof contours));
}

static void describing_checks_its_arguments(void **state) {
    (void)state;
    enum { SIDE = 64 };
    uint8_t *grey = calloc(SIDE, SIDE);
    uint8_t *mask = calloc(SIDE, SIDE);
    assert_true(grey && mask);
    for (int y = 20; y < 40; y++) memset(mask + y * SIDE + 20, 255, 20);
    sm_lesion *lesions = NULL;
    int count = 0;
    assert_int_equal(sm_mask_components(mask, SIDE, SIDE, 0, NULL, NULL, &lesions, &count, NULL), SM_OK);
    assert_int_equal(count, 1);
    const sm_image image = {SIDE, SIDE, 1, grey};
    const sm_image empty = {SIDE, SIDE, 1, NULL};
    sm_descriptors d;
    sm_error error = {0};
    assert_argument(sm_describe(NULL, mask, lesions, NULL, &d, &error), &error);
    assert_argument(sm_describe(&empty, mask, lesions, NULL, &d, &error), &error);
    assert_argument(sm_describe(&image, NULL, lesions, NULL, &d, &error), &error);
    assert_argument(sm_describe(&image, mask, NULL, NULL, &d, &error), &error);
    assert_argument(sm_describe(&image, mask, lesions, NULL, NULL, &error), &error);
    const sm_rectangle wrong[] = {{0, 0, 0, 0}, {0, 0, SIDE + 1, SIDE}, {-1, 0, SIDE, SIDE}, {64, 0, 1, 64}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_argument(sm_describe(&image, mask, lesions, &wrong[i], &d, &error), &error);
    assert_true(is_zero(&d, sizeof d));
    assert_int_equal(sm_describe(&image, mask, lesions, NULL, &d, NULL), SM_OK);
    assert_true(d.width == 20 && d.height == 20);
    sm_descriptors all;
    const sm_region region = {.width = SIDE, .height = SIDE};
    assert_argument(sm_describe_lesions(NULL, mask, lesions, 1, NULL, 0, &all, &error), &error);
    assert_argument(sm_describe_lesions(&image, NULL, lesions, 1, &region, 1, &all, &error), &error);
    assert_argument(sm_describe_lesions(&image, mask, lesions, 1, &region, 1, NULL, &error), &error);
    assert_int_equal(sm_describe_lesions(&image, mask, NULL, 0, NULL, 0, NULL, NULL), SM_OK);
    assert_int_equal(sm_describe_lesions(&image, mask, lesions, 1, &region, 1, &all, NULL), SM_OK);
    assert_memory_equal(&all, &d, sizeof d);
    assert_string_equal(sm_shape_name(SM_SHAPE_ROUND), "round");
    assert_string_equal(sm_margin_sign_name(SM_MARGIN_ANGULAR), "angular");
    assert_null(sm_margin_sign_name((sm_margin_sign)3));
    assert_null(sm_echo_name(SM_ECHO_UNKNOWN));
    assert_null(sm_posterior_name((sm_posterior)99));
    sm_free(lesions);
    free(grey);
    free(mask);
}

static void results_are_used_again(void **state) {
    (void)state;
    static uint8_t pixels[2][WIDTH * HEIGHT * 4];
    const sm_segment_options all = {.threshold = 0.0F, .minimum_area = 0.0F, .flip_average = true};
    const sm_segment_options defaults = sm_segment_options_default();
    const sm_segment_options *const options[] = {&all, NULL, &defaults, &all, NULL};
    const int sizes[][3] = {
        {WIDTH, HEIGHT, 4}, {WIDTH, HEIGHT, 1}, {HEIGHT, WIDTH, 3}, {8, 9, 1}, {WIDTH + 5, HEIGHT + 7, 1}};
    sm_result reused = {0};
    for (uint32_t i = 0; i < 5; i++) {
        const sm_image image = noise_image(pixels[i % 2], sizes[i][0], sizes[i][1], sizes[i][2], i);
        sm_result fresh = {0};
        const uint8_t *earlier = reused.mask;
        assert_int_equal(sm_segment(working, &image, options[i], &reused, NULL), SM_OK);
        assert_int_equal(sm_segment(working, &image, options[i], &fresh, NULL), SM_OK);
        if (i == 1) assert_ptr_equal(reused.mask, earlier); /* the same size: the same memory */
        assert_same_result(&reused, &fresh);
        if (options[i] == &all) assert_int_equal(fresh.lesion_count, 1);
        sm_result_free(&fresh);
    }
    sm_result_free(&reused);
    assert_true(is_zero(&reused, sizeof reused));
}

/** Flip averaging is the mean of the maps and of the type logits over the image and its mirror image. */
static void flips_are_averaged(void **state) {
    (void)state;
    static uint8_t pixels[2][WIDTH * HEIGHT];
    sm_image images[2];
    images[0] = noise_image(pixels[0], WIDTH, HEIGHT, 1, 7);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) pixels[1][y * WIDTH + x] = pixels[0][y * WIDTH + WIDTH - 1 - x];
    images[1] = (sm_image){.width = WIDTH, .height = HEIGHT, .channels = 1, .pixels = pixels[1]};
    sm_segment_options flip = sm_segment_options_default();
    flip.flip_average = true;
    sm_result plain[2] = {{0}}, averaged = {0};
    for (int i = 0; i < 2; i++) assert_int_equal(sm_segment(working, &images[i], NULL, &plain[i], NULL), SM_OK);
    assert_int_equal(sm_segment(working, &images[0], &flip, &averaged, NULL), SM_OK);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            const float own = plain[0].probability_map[y * WIDTH + x];
            const float mirrored = plain[1].probability_map[y * WIDTH + WIDTH - 1 - x];
            assert_true(fabsf(averaged.probability_map[y * WIDTH + x] - 0.5F * (own + mirrored)) < 1e-5F);
        }
    for (int c = 1; c < SM_CLASS_COUNT; c++) {
        float logits[3];
        const sm_result *const results[3] = {&plain[0], &plain[1], &averaged};
        for (int i = 0; i < 3; i++) logits[i] = logf(results[i]->probabilities[c] / results[i]->probabilities[0]);
        assert_true(fabsf(logits[2] - 0.5F * (logits[0] + logits[1])) < 1e-4F);
    }
    for (int i = 0; i < 2; i++) sm_result_free(&plain[i]);
    sm_result_free(&averaged);
}

/** A model with these settings whose type logits are 3, 0.4 and -1.2 for every image. */
static sm_state *fixed_type_state(const sm_weights_metadata *metadata, sm_model **made) {
    static const float logits[SM_CLASS_COUNT] = {3, 0.4F, -1.2F};
    static sm_net net;
    assert_int_equal(sm_net_make("sonomask", &net, NULL), SM_OK);
    float *parameters = sm_floats_allocate(net.total_count);
    assert_non_null(parameters);
    sm_net_initialise(&net, 3, parameters);
    const sm_parameter *type_weights = &net.parameters[sm_net_parameter(&net, net.type_layer, SM_PARAMETER_WEIGHTS)];
    const sm_parameter *bias = &net.parameters[sm_net_parameter(&net, net.type_layer, SM_PARAMETER_BIAS)];
    memset(parameters + type_weights->offset, 0, type_weights->count * sizeof *parameters);
    memcpy(parameters + bias->offset, logits, sizeof logits);
    uint8_t *bytes = NULL;
    size_t size = 0;
    sm_state *state = NULL;
    assert_int_equal(sm_weights_write(&net, parameters, metadata, SM_WEIGHTS_FLOAT32, &bytes, &size, NULL), SM_OK);
    assert_int_equal(sm_model_create(bytes, size, NULL, made, NULL), SM_OK);
    assert_int_equal(sm_state_create(*made, NULL, &state, NULL), SM_OK);
    sm_floats_free(parameters);
    sm_free(bytes);
    return state;
}

/** Probabilities are exp(logit / temperature) / sum; the study's two outputs have 0 in place of the first logit. */
static void types_follow_the_temperature(void **state) {
    (void)state;
    static uint8_t pixels[WIDTH * HEIGHT];
    static float square[INPUT_SIZE * INPUT_SIZE];
    const sm_image image = noise_image(pixels, WIDTH, HEIGHT, 1, 5);
    const sm_type_activation activations[] = {SM_TYPE_SOFTMAX, SM_TYPE_TWO_SIGMOID};
    const double temperatures[] = {0.5, 1, 2};
    for (int a = 0; a < 2; a++)
        for (int t = 0; t < 3; t++) {
            const sm_weights_metadata metadata = {.network = "sonomask",
                                                  .input_size = INPUT_SIZE,
                                                  .type_activation = activations[a],
                                                  .threshold = 0.5F,
                                                  .temperature = (float)temperatures[t],
                                                  .expected_dice_power = 1};
            sm_model *own = NULL;
            sm_state *own_state = fixed_type_state(&metadata, &own);
            sm_result result = {0};
            float run[SM_CLASS_COUNT];
            assert_int_equal(sm_segment(own_state, &image, NULL, &result, NULL), SM_OK);
            assert_int_equal(sm_run(own_state, square, NULL, run, NULL), SM_OK);
            const double parts[SM_CLASS_COUNT] = {exp((a == 0 ? 3 : 0) / temperatures[t]), exp(0.4 / temperatures[t]),
                                                  exp(-1.2 / temperatures[t])};
            for (int c = 0; c < SM_CLASS_COUNT; c++) {
                assert_near(result.probabilities[c], parts[c] / (parts[0] + parts[1] + parts[2]), 1e-5);
                assert_near(run[c], parts[c] / (parts[0] + parts[1] + parts[2]), 1e-5);
            }
            assert_int_equal(result.type, a == 0 ? SM_CLASS_NORMAL : SM_CLASS_BENIGN);
            sm_result_free(&result);
            sm_state_free(own_state);
            sm_model_free(own);
        }
}

/** The k-th smallest probability of an answer. */
static float quantile(const sm_result *result, size_t k) {
    const size_t pixels = (size_t)result->width * (size_t)result->height;
    for (size_t i = 0; i < pixels; i++) {
        size_t below = 0, equal = 0;
        for (size_t j = 0; j < pixels; j++) {
            below += result->probability_map[j] < result->probability_map[i];
            equal += result->probability_map[j] == result->probability_map[i];
        }
        if (below <= k && k < below + equal) return result->probability_map[i];
    }
    return 0;
}

/** Threshold, minimum area and exponent of the expected Dice: the model's own, and those of the options. */
static void masks_follow_the_settings(void **state) {
    (void)state;
    enum { PIXELS = WIDTH * HEIGHT };
    static uint8_t pixels[PIXELS], mask[PIXELS];
    const sm_image image = noise_image(pixels, WIDTH, HEIGHT, 1, 11);
    sm_weights_metadata metadata = {
        .network = "sonomask", .input_size = INPUT_SIZE, .threshold = 0.5F, .temperature = 1, .expected_dice_power = 1};
    sm_model *own = NULL;
    sm_state *own_state = fixed_type_state(&metadata, &own);
    sm_result plain = {0};
    assert_int_equal(sm_segment(own_state, &image, NULL, &plain, NULL), SM_OK);
    sm_state_free(own_state);
    sm_model_free(own);

    const float threshold = quantile(&plain, PIXELS * 9 / 10);
    sm_lesion *lesions = NULL;
    int count = 0;
    sm_mask_threshold(plain.probability_map, PIXELS, threshold, mask);
    assert_int_equal(sm_mask_components(mask, WIDTH, HEIGHT, 0, plain.probability_map, NULL, &lesions, &count, NULL),
                     SM_OK);
    /* An area that the largest component reaches exactly and the smallest does not. */
    const float share = ((float)lesions[0].area + 0.5F) / PIXELS;
    assert_true(count >= 2 && lesions[count - 1].area < lesions[0].area);
    sm_free(lesions);
    metadata.threshold = threshold;
    metadata.minimum_area = share;
    metadata.expected_dice_power = 3;
    own_state = fixed_type_state(&metadata, &own);

    const sm_segment_options given[] = {{.threshold = -1, .minimum_area = -1},
                                        {.threshold = threshold, .minimum_area = 0},
                                        {.threshold = 0, .minimum_area = -1},
                                        {.threshold = 0, .minimum_area = 1},
                                        {.threshold = 1, .minimum_area = 0}};
    const float limits[] = {threshold, threshold, 0, 0, 1};
    const int minima[] = {(int)(share * PIXELS), 0, (int)(share * PIXELS), PIXELS, 0};
    for (int i = 0; i < 5; i++) {
        sm_result result = {0};
        assert_int_equal(sm_segment(own_state, &image, &given[i], &result, NULL), SM_OK);
        assert_memory_equal(result.probability_map, plain.probability_map, PIXELS * sizeof(float));
        sm_mask_threshold(plain.probability_map, PIXELS, limits[i], mask);
        assert_int_equal(
            sm_mask_components(mask, WIDTH, HEIGHT, minima[i], plain.probability_map, NULL, &lesions, &count, NULL),
            SM_OK);
        assert_memory_equal(result.mask, mask, PIXELS);
        assert_int_equal(result.lesion_count, count);
        if (i == 0 || i == 2 || i == 3) assert_int_equal(count, 1);
        if (i == 1) assert_true(count > 1);
        if (i == 4) assert_int_equal(count, 0);
        double in_mask = 0, sum = 0, area = 0, highest = 0;
        for (int k = 0; k < PIXELS; k++) {
            const double p = (double)plain.probability_map[k];
            sum += p;
            highest = fmax(highest, p);
            if (mask[k]) in_mask += p;
            if (mask[k]) area += 1;
        }
        const double lesion = fmax(1 - (double)result.probabilities[SM_CLASS_NORMAL], highest);
        assert_near(result.expected_dice, area > 0 ? pow(2 * in_mask / (sum + area), 3) : 1 - lesion, 1e-4);
        for (int k = 0; k < count; k++) {
            assert_int_equal(result.lesions[k].area, lesions[k].area);
            assert_near(result.lesions[k].expected_dice, pow((double)lesions[k].expected_dice, 3), 1e-5);
        }
        sm_free(lesions);
        sm_result_free(&result);
    }
    sm_state_free(own_state);
    sm_model_free(own);
    sm_result_free(&plain);
}

typedef struct job {
    sm_state *state;
    sm_image image;
    sm_result result;
    sm_status status;
} job;

static void *segment_many(void *argument) {
    job *one = argument;
    for (int i = 0; i < 5 && one->status == SM_OK; i++)
        one->status = sm_segment(one->state, &one->image, NULL, &one->result, NULL);
    return NULL;
}

static void threads_share_a_model(void **state) {
    (void)state;
    enum { THREADS = 3 };
    static uint8_t pixels[THREADS][WIDTH * HEIGHT];
    job jobs[THREADS] = {{0}};
    pthread_t threads[THREADS];
    const sm_parallel two = {.threads = 2, .run = run_here};
    const sm_state_options options = {.parallel = &two};
    for (int i = 0; i < THREADS; i++) {
        jobs[i].image = noise_image(pixels[i], WIDTH, HEIGHT, 1, (uint32_t)i);
        assert_int_equal(sm_state_create(model, i == 2 ? &options : NULL, &jobs[i].state, NULL), SM_OK);
        assert_int_equal(pthread_create(&threads[i], NULL, segment_many, &jobs[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        sm_result alone = {0};
        assert_int_equal(jobs[i].status, SM_OK);
        assert_int_equal(sm_segment(working, &jobs[i].image, NULL, &alone, NULL), SM_OK);
        assert_same_result(&alone, &jobs[i].result);
        sm_result_free(&alone);
        sm_result_free(&jobs[i].result);
        sm_state_free(jobs[i].state);
    }
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static size_t allocated(void) { return 0; } /* sanitizers have their own heap */
#else
static size_t allocated(void) {
    const struct mallinfo2 use = mallinfo2();
    return use.uordblks + use.hblkhd;
}
#endif

/** Heap that an evaluation of `threads` threads holds. */
static size_t evaluator_bytes(const char *model_path, int threads) {
    const sm_evaluation_options options = {
        .model_path = model_path, .threads = threads, .segment = sm_segment_options_default()};
    sm_evaluator *evaluator = NULL;
    const size_t before = allocated();
    assert_int_equal(sm_evaluator_create(&options, &evaluator, NULL), SM_OK);
    const size_t bytes = allocated() - before;
    sm_evaluator_free(evaluator);
    return bytes;
}

static void evaluation_holds_one_copy_of_the_weights(void **state) {
    (void)state;
    const size_t model_bytes = (size_t)sm_model_describe(model).bytes;
    const size_t state_bytes = sm_state_bytes(working);
    assert_true(model_bytes > weights_size); /* transformed weights are larger than the file */
    assert_true(state_bytes > 0 && 4 * state_bytes < model_bytes);
    char *folder = scratch_make();
    scratch_write(folder, "weights.safetensors", weights, weights_size);
    const char *path = scratch_path(folder, "weights.safetensors");
    const size_t one = evaluator_bytes(path, 1), eight = evaluator_bytes(path, 8);
    assert_true(eight - one < 7 * state_bytes + model_bytes / 2);
    scratch_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_and_names),
        cmocka_unit_test(structures_keep_their_size),
        cmocka_unit_test(releasing_null_and_empty_structures),
        cmocka_unit_test(models_check_their_arguments),
        cmocka_unit_test(states_check_their_arguments),
        cmocka_unit_test(segmenting_checks_its_arguments),
        cmocka_unit_test(refining_checks_its_arguments),
        cmocka_unit_test(running_checks_its_arguments),
        cmocka_unit_test(images_check_their_arguments),
        cmocka_unit_test(masks_check_their_arguments),
        cmocka_unit_test(describing_checks_its_arguments),
        cmocka_unit_test(results_are_used_again),
        cmocka_unit_test(flips_are_averaged),
        cmocka_unit_test(types_follow_the_temperature),
        cmocka_unit_test(masks_follow_the_settings),
        cmocka_unit_test(threads_share_a_model),
        cmocka_unit_test(evaluation_holds_one_copy_of_the_weights),
    };
    return cmocka_run_group_tests(tests, make_model, release_model);
}
