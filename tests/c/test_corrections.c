/** Where simulated users click, and the scores of their corrections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/data/phantom.h"
#include "../../native/evaluate/corrections.h"
#include "../../native/metrics/click_geometry.h"
#include "../../src/memory_plan.h"
#include "../../src/weights.h"
#include "assert_near.h"
#include "scratch_folder.h"

enum { W = 30, H = 20 };

static void fill(uint8_t *mask, int left, int top, int width, int height) {
    for (int y = top; y < top + height; y++) memset(mask + (ptrdiff_t)y * W + left, 255, (size_t)width);
}

static void largest_component_and_its_interior(void **state) {
    (void)state;
    uint8_t mask[W * H] = {0};
    int32_t labels[W * H];
    sm_component largest;
    assert_int_equal(sm_largest_component(mask, W, H, labels, &largest, NULL), SM_OK);
    assert_int_equal(largest.label, 0);
    fill(mask, 1, 1, 3, 3);
    fill(mask, 10, 5, 7, 9); /* with a tail to the right */
    fill(mask, 17, 9, 10, 1);
    assert_int_equal(sm_largest_component(mask, W, H, labels, &largest, NULL), SM_OK);
    assert_int_equal(largest.area, 7 * 9 + 10);
    assert_int_equal(largest.left, 10);
    assert_int_equal(largest.right, 27);
    assert_int_equal(largest.top, 5);
    assert_int_equal(largest.bottom, 14);
    sm_pixel pixel = {-1, -1};
    assert_int_equal(sm_most_interior_pixel(labels, W, &largest, &pixel, NULL), SM_OK);
    assert_int_equal(pixel.x, 13); /* the middle column of the block: 4 from both sides */
    assert_in_range(pixel.y, 8, 10);
    /* At the border of the image, the border counts as an edge. */
    memset(mask, 0, sizeof mask);
    fill(mask, 0, 0, 5, 5);
    assert_int_equal(sm_largest_component(mask, W, H, labels, &largest, NULL), SM_OK);
    assert_int_equal(sm_most_interior_pixel(labels, W, &largest, &pixel, NULL), SM_OK);
    assert_true(pixel.x == 2 && pixel.y == 2);
}

static void random_pixels_are_uniform(void **state) {
    (void)state;
    enum { DRAWS = 8000 };
    uint8_t mask[W * H] = {0};
    int counts[W * H] = {0};
    sm_random random = sm_random_make(4);
    sm_pixel pixel;
    assert_false(sm_random_pixel(mask, W, H, &random, &pixel));
    fill(mask, 3, 4, 3, 2);
    mask[H * W - 1] = 1;
    mask[0] = 1;
    for (int i = 0; i < DRAWS; i++) {
        assert_true(sm_random_pixel(mask, W, H, &random, &pixel));
        counts[pixel.y * W + pixel.x]++;
    }
    for (int i = 0; i < W * H; i++) {
        if (mask[i])
            assert_in_range(counts[i], DRAWS / 8 - 120, DRAWS / 8 + 120); /* four standard deviations */
        else
            assert_int_equal(counts[i], 0);
    }
}

/** A network with random weights. */
static const char *write_network(const char *name, const char *network) {
    sm_net net;
    assert_int_equal(sm_net_make(network, &net, NULL), SM_OK);
    float *parameters = sm_floats_allocate(net.total_count);
    assert_non_null(parameters);
    sm_net_initialise(&net, 3, parameters);
    sm_weights_metadata metadata = {.input_size = 64, .threshold = 0.5f, .temperature = 1};
    strcpy(metadata.network, network);
    uint8_t *bytes = NULL;
    size_t size = 0;
    assert_int_equal(sm_weights_write(&net, parameters, &metadata, SM_WEIGHTS_FLOAT32, &bytes, &size, NULL), SM_OK);
    scratch_write(scratch_root, name, bytes, size);
    free(bytes);
    sm_floats_free(parameters);
    return scratch_path(scratch_root, name);
}

/** Segments a phantom and simulates corrections of it. */
static sm_evaluated_image correct(sm_evaluator *evaluator, sm_record *record, uint64_t seed) {
    sm_sample sample;
    const sm_class type = sm_record_type(record);
    assert_int_equal(sm_phantom_draw(96, 72, type, seed, &sample, NULL), SM_OK);
    const sm_image picture = {.width = 96, .height = 72, .channels = 1, .pixels = sample.grey};
    sm_result result = {0};
    assert_int_equal(sm_evaluator_segment(evaluator, 0, &picture, &result, NULL), SM_OK);
    if (type == SM_CLASS_NORMAL) { /* a false mask, whatever the network has answered */
        memset(result.mask, 0, 96 * 72);
        for (int y = 30; y < 40; y++) memset(result.mask + (ptrdiff_t)y * 96 + 40, 255, 10);
    }
    sm_evaluated_image image = {.record = record, .pixels = sm_pixel_count(sample.mask, result.mask, 96 * 72)};
    image.scores = sm_binary_scores_of(&image.pixels);
    assert_int_equal(sm_corrections_simulate(evaluator, 0, &sample, &result, &image, NULL), SM_OK);
    sm_result_free(&result);
    sm_sample_free(&sample);
    return image;
}

static void corrections_are_scored(void **state) {
    (void)state;
    const sm_evaluation_options options = {.model_path = write_network("second.safetensors", "sonomask2"),
                                           .threads = 1,
                                           .segment = sm_segment_options_default()};
    sm_evaluator *evaluator = NULL;
    assert_int_equal(sm_evaluator_create(&options, &evaluator, NULL), SM_OK);
    char name[] = "folder/one.png", moved[] = "elsewhere/one.png", other[] = "folder/two.png";
    sm_record lesion = {.image = name, .classes = SM_CLASSES_LESION, .source = "set"};
    /* The phantom needs a single class; the label of the record may be partial. */
    lesion.classes = sm_class_set_of(SM_CLASS_BENIGN);
    sm_evaluated_image first = correct(evaluator, &lesion, 1);
    assert_true(first.corrected);
    /* A click inside always lies in an outline, so that no Dice is 0 after one. */
    for (int k = 0; k < SM_CORRECTIONS; k++) assert_true(first.corrected_dice[k] >= 0 && first.corrected_dice[k] <= 1);
    assert_true(first.corrected_dice[0] > 0);
    /* The same data in another folder have the same clicks; another image has others. */
    lesion.image = moved;
    const sm_evaluated_image same = correct(evaluator, &lesion, 1);
    assert_memory_equal(same.corrected_dice, first.corrected_dice, sizeof first.corrected_dice);
    lesion.image = other;
    const sm_evaluated_image changed = correct(evaluator, &lesion, 1);
    assert_memory_not_equal(changed.corrected_dice, first.corrected_dice, sizeof first.corrected_dice);
    /* Normal images have no Dice. */
    sm_record normal = {.image = name, .classes = sm_class_set_of(SM_CLASS_NORMAL), .source = "set"};
    const sm_evaluated_image cleared = correct(evaluator, &normal, 2);
    assert_true(cleared.corrected);
    assert_near(cleared.corrected_dice[0], 0, 0);
    sm_evaluator_free(evaluator);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(largest_component_and_its_interior),
        cmocka_unit_test(random_pixels_are_uniform),
        cmocka_unit_test(corrections_are_scored),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
