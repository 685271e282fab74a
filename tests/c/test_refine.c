/** sm_refine: corrections on the features of the last image, with a network of untrained weights. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/decision.h"
#include "../../src/memory_plan.h"
#include "../../src/sonomask.h"
#include "test_random.h"

#include <cmocka.h>

#include "assert_near.h"

enum { SIDE = 64, WIDTH = 90, HEIGHT = 60 };

static sm_model *model;
static sm_state *working;
static uint8_t pixels[2][WIDTH * HEIGHT];
static sm_image images[2];

static const sm_decision decision = {.presence = {1, 1, 0},
                                     .operating_points = {{0.80f, 1, 0.3f}, {0.90f, 0.5f, 0.2f}, {0.95f, 0, 0.1f}},
                                     .margin = {0.1f, 0.02f}};

static sm_model *make_model(const char *network) {
    static sm_net net;
    assert_int_equal(sm_net_make(network, &net, NULL), SM_OK);
    float *parameters = sm_floats_allocate(net.total_count);
    assert_non_null(parameters);
    sm_net_initialise(&net, 7, parameters);
    sm_weights_metadata metadata = {
        .input_size = SIDE, .threshold = 0.5f, .temperature = 2, .minimum_area = 0.01f, .expected_dice_power = 1};
    strncpy(metadata.network, network, sizeof metadata.network - 1);
    sm_decision copy = decision;
    sm_weights_extra tensors[SM_DECISION_TENSORS];
    sm_decision_tensors(&copy, tensors);
    uint8_t *bytes = NULL;
    size_t size = 0;
    assert_int_equal(sm_weights_write_with(&net, parameters, &metadata, SM_WEIGHTS_FLOAT32, tensors,
                                           SM_DECISION_TENSORS, &bytes, &size, NULL),
                     SM_OK);
    sm_floats_free(parameters);
    sm_model *made = NULL;
    assert_int_equal(sm_model_create(bytes, size, NULL, &made, NULL), SM_OK);
    sm_free(bytes);
    return made;
}

static int make_all(void **state) {
    (void)state;
    model = make_model("sonomask2");
    assert_int_equal(sm_state_create(model, NULL, &working, NULL), SM_OK);
    uint32_t random = 1;
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < WIDTH * HEIGHT; i++)
            pixels[k][i] = (uint8_t)(test_random_byte(&random) / 2 + (k ? i % WIDTH : 2 * (i / WIDTH)));
        images[k] = (sm_image){.width = WIDTH, .height = HEIGHT, .channels = 1, .pixels = pixels[k]};
    }
    return 0;
}

static int free_all(void **state) {
    (void)state;
    sm_state_free(working);
    sm_model_free(model);
    return 0;
}

static void assert_same_lesions(const sm_lesion *a, const sm_lesion *b, int count) {
    for (int i = 0; i < count; i++) assert_memory_equal(&a[i], &b[i], sizeof a[i]);
}

static void assert_same(const sm_result *a, const sm_result *b) {
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->refined, b->refined);
    assert_memory_equal(a->probabilities, b->probabilities, sizeof a->probabilities);
    assert_memory_equal(a->probability_map, b->probability_map, sizeof(float) * WIDTH * HEIGHT);
    assert_memory_equal(a->mask, b->mask, WIDTH * HEIGHT);
    assert_int_equal(a->lesion_count, b->lesion_count);
    assert_int_equal(a->possible_count, b->possible_count);
    assert_same_lesions(a->lesions, b->lesions, a->lesion_count);
    assert_same_lesions(a->possible, b->possible, a->possible_count);
    assert_near(a->presence, b->presence, 0);
    assert_near(a->expected_dice, b->expected_dice, 0);
    assert_near(a->outlier_score, b->outlier_score, 0);
}

static bool same_map(const sm_result *a, const sm_result *b) {
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        if (a->probability_map[i] < b->probability_map[i] || a->probability_map[i] > b->probability_map[i])
            return false;
    return true;
}

static void segment(int k, const sm_segment_options *options, sm_result *result) {
    assert_int_equal(sm_segment(working, &images[k], options, result, NULL), SM_OK);
}

static void refine(const sm_prompts *prompts, const sm_segment_options *options, sm_result *result) {
    sm_error error = {0};
    if (sm_refine(working, prompts, options, result, &error) != SM_OK) fail_msg("%s", error.message);
}

static void no_prompts_give_the_automatic_answer(void **state) {
    (void)state;
    const sm_click click = {45, 30, true};
    const sm_prompts none = {0}, one = {.clicks = &click, .click_count = 1};
    for (int flip = 0; flip < 2; flip++) {
        sm_segment_options options = sm_segment_options_default();
        options.flip_average = flip;
        sm_result automatic = {0}, result = {0};
        segment(0, &options, &automatic);
        refine(&one, NULL, &result);
        assert_true(result.refined);
        refine(&none, NULL, &result);
        assert_same(&result, &automatic);
        assert_false(result.refined);
        sm_result_free(&automatic);
        sm_result_free(&result);
    }
}

static void answers_depend_on_image_and_prompts_alone(void **state) {
    (void)state;
    const sm_click clicks[] = {{20, 20, true}, {70, 40, false}, {50.5f, 10, true}};
    const sm_box box = {10, 10, 50, 40};
    const sm_prompts first = {.clicks = clicks, .click_count = 3}, other = {.box = &box};
    sm_result expected = {0}, result = {0};
    segment(0, NULL, &result);
    refine(&first, NULL, &expected);
    refine(&other, NULL, &result);
    assert_false(same_map(&result, &expected));
    refine(&first, NULL, &result);
    assert_same(&result, &expected);
    /* Flip averaging of the first answer does not change the map: the state keeps the features of the image, not those
     * of its mirror image. */
    sm_segment_options flip = sm_segment_options_default();
    flip.flip_average = true;
    segment(1, NULL, &result);
    segment(0, &flip, &result);
    refine(&first, NULL, &result);
    assert_memory_equal(result.probability_map, expected.probability_map, sizeof(float) * WIDTH * HEIGHT);
    assert_memory_equal(result.mask, expected.mask, WIDTH * HEIGHT);
    segment(1, NULL, &result);
    refine(&first, NULL, &result);
    assert_false(same_map(&result, &expected));
    sm_result_free(&expected);
    sm_result_free(&result);
}

static bool holds(const sm_result *result, int x, int y) { return result->mask[y * WIDTH + x] == 255; }

static void prompts_hold_in_the_answer(void **state) {
    (void)state;
    sm_result result = {0};
    segment(0, NULL, &result);
    for (uint32_t seed = 1; seed <= 60; seed++) {
        uint32_t random = seed * 2654435761u;
        sm_click clicks[5];
        const int count = 1 + (int)test_random_below(&random, 5);
        for (int i = 0; i < count; i++)
            clicks[i] = (sm_click){(float)(test_random_uniform(&random) * WIDTH * 0.999),
                                   (float)(test_random_uniform(&random) * HEIGHT * 0.999), i % 2 == 0};
        sm_segment_options options = sm_segment_options_default();
        options.operating_point = seed % 2 ? 0.80 : 0.95; /* at 0.80 no outline counts by its presence */
        const sm_prompts prompts = {.clicks = clicks, .click_count = count};
        if (sm_refine(working, &prompts, &options, &result, NULL) != SM_OK) continue; /* the same pixel */
        for (int i = 0; i < count; i++)
            assert_int_equal(holds(&result, (int)clicks[i].x, (int)clicks[i].y), clicks[i].inside);
        assert_true(result.lesion_count > 0);
        assert_near(result.presence, 1, 0);
        float highest = 0;
        for (int i = 0; i < result.lesion_count; i++) highest = fmaxf(highest, result.lesions[i].presence);
        assert_near(highest, 1, 0);
        for (int i = 0; i < count && result.possible_mask; i++)
            assert_int_equal(result.possible_mask[(int)clicks[i].y * WIDTH + (int)clicks[i].x], 0);
        assert_true(result.type != SM_CLASS_NORMAL);
        assert_near(result.probabilities[SM_CLASS_NORMAL], 0, 0);
        assert_near(result.probabilities[SM_CLASS_BENIGN] + result.probabilities[SM_CLASS_MALIGNANT], 1, 1e-6);
    }
    sm_result_free(&result);
}

static void the_type_excludes_normal_when_a_lesion_is_shown(void **state) {
    (void)state;
    const sm_click inside = {45, 30, true}, outside = {45, 30, false};
    const sm_box box = {20, 20, 30, 30};
    sm_result automatic = {0}, result = {0};
    segment(0, NULL, &automatic);
    const float *given = automatic.probabilities;
    const sm_prompts shown[] = {{.clicks = &inside, .click_count = 1}, {.box = &box}};
    for (int i = 0; i < 2; i++) {
        refine(&shown[i], NULL, &result);
        const float rest = given[SM_CLASS_BENIGN] + given[SM_CLASS_MALIGNANT];
        assert_near(result.probabilities[SM_CLASS_BENIGN], given[SM_CLASS_BENIGN] / rest, 1e-5);
        assert_near(result.probabilities[SM_CLASS_MALIGNANT], given[SM_CLASS_MALIGNANT] / rest, 1e-5);
    }
    refine(&(sm_prompts){.clicks = &outside, .click_count = 1}, NULL, &result);
    assert_memory_equal(result.probabilities, given, sizeof automatic.probabilities);
    assert_int_equal(result.type, automatic.type);
    assert_true(result.refined);
    sm_result_free(&automatic);
    sm_result_free(&result);
}

static void a_thousand_clicks_are_answered(void **state) {
    (void)state;
    static sm_click clicks[SM_CLICKS_MAX + 1];
    for (int i = 0; i <= SM_CLICKS_MAX; i++)
        clicks[i] = (sm_click){(float)(i * 37 % WIDTH) + 0.5f, (float)(i * 37 / WIDTH % HEIGHT) + 0.5f,
                               (i * 37 / WIDTH % HEIGHT) % 2 == 0};
    sm_result result = {0};
    sm_error error = {0};
    segment(1, NULL, &result);
    refine(&(sm_prompts){.clicks = clicks, .click_count = SM_CLICKS_MAX}, NULL, &result);
    for (int i = 0; i < SM_CLICKS_MAX; i++)
        assert_int_equal(holds(&result, (int)clicks[i].x, (int)clicks[i].y), clicks[i].inside);
    const sm_prompts many = {.clicks = clicks, .click_count = SM_CLICKS_MAX + 1};
    assert_int_equal(sm_refine(working, &many, NULL, &result, &error), SM_ERROR_ARGUMENT);
    assert_string_equal(error.message, "1001 clicks: 0 to 1000 are possible");
    sm_result_free(&result);
}

typedef struct wrong {
    sm_click clicks[2];
    int count;
    const sm_box *box;
    const char *message;
} wrong;

static void wrong_prompts_are_refused(void **state) {
    (void)state;
    static const sm_box no_area = {10, 10, 0, 5}, negative = {10, 10, 5, -5}, beyond = {WIDTH, 0, 5, 5},
                        before = {-10, 0, 10, 5}, nan_box = {NAN, 0, 5, 5}, infinite = {0, 0, INFINITY, 5},
                        good = {10, 10, 20, 20}, one = {10, 10, 1, 1};
    const wrong all[] = {
        {{{NAN, 1, true}}, 1, NULL, "click 1 has a coordinate that is not a finite number"},
        {{{1, 1, true}, {1, -INFINITY, true}}, 2, NULL, "click 2 has a coordinate that is not a finite number"},
        {{{WIDTH, 1, true}}, 1, NULL, "click 1 at (90, 1) is outside the image of 90 x 60 pixels"},
        {{{1, HEIGHT, false}}, 1, NULL, "is outside the image of 90 x 60 pixels"},
        {{{-0.5f, 1, true}}, 1, NULL, "is outside the image"},
        {{{5, 5, true}, {5.9f, 5.2f, false}},
         2,
         NULL,
         "clicks 1 and 2 are on the same pixel, one inside and the other outside"},
        {{{9.5f, 15, true}}, 1, &good, "click 1 inside touches the box from outside"},
        {{{10.5f, 10.5f, false}}, 1, &one, "clicks outside are on every pixel of the box"},
        {{{0, 0, false}}, 0, &no_area, "the box has no area"},
        {{{0, 0, false}}, 0, &negative, "the box has no area"},
        {{{0, 0, false}}, 0, &beyond, "the box is outside the image of 90 x 60 pixels"},
        {{{0, 0, false}}, 0, &before, "the box is outside the image"},
        {{{0, 0, false}}, 0, &nan_box, "the box has a number that is not finite"},
        {{{0, 0, false}}, 0, &infinite, "the box has a number that is not finite"},
        {{{0, 0, false}}, -1, NULL, "-1 clicks: 0 to 1000 are possible"},
    };
    sm_result result = {0};
    const sm_result zero = {0};
    segment(0, NULL, &result);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        sm_error error = {0};
        const sm_prompts prompts = {.clicks = all[i].clicks, .click_count = all[i].count, .box = all[i].box};
        assert_int_equal(sm_refine(working, &prompts, NULL, &result, &error), SM_ERROR_ARGUMENT);
        if (!strstr(error.message, all[i].message)) fail_msg("%s", error.message);
        assert_memory_equal(&result, &zero, sizeof zero);
        /* The state is as before. */
        refine(&(sm_prompts){.box = &good}, NULL, &result);
    }
    sm_prompts reserved = {0};
    reserved.reserved[2] = 1;
    assert_int_equal(sm_refine(working, &reserved, NULL, &result, NULL), SM_ERROR_ARGUMENT);
    assert_int_equal(sm_refine(working, &(sm_prompts){.click_count = 1}, NULL, &result, NULL), SM_ERROR_ARGUMENT);
    assert_int_equal(sm_refine(working, NULL, NULL, &result, NULL), SM_ERROR_ARGUMENT);
    assert_int_equal(sm_refine(NULL, &(sm_prompts){0}, NULL, &result, NULL), SM_ERROR_ARGUMENT);
    assert_int_equal(sm_refine(working, &(sm_prompts){0}, NULL, NULL, NULL), SM_ERROR_ARGUMENT);
    const sm_segment_options options = {.threshold = NAN};
    assert_int_equal(sm_refine(working, &(sm_prompts){0}, &options, &result, NULL), SM_ERROR_ARGUMENT);
    assert_memory_equal(&result, &zero, sizeof zero);
}

static void boxes_are_clipped_to_the_image(void **state) {
    (void)state;
    const sm_box box = {-20, 40, 50, 1e6f};
    sm_result result = {0};
    segment(0, NULL, &result);
    refine(&(sm_prompts){.box = &box}, NULL, &result);
    int in_box = 0;
    for (int y = 40; y < HEIGHT; y++)
        for (int x = 0; x < 30; x++) in_box += holds(&result, x, y);
    assert_true(in_box > 0);
    sm_result_free(&result);
}

static void an_image_is_needed(void **state) {
    (void)state;
    sm_state *fresh = NULL;
    sm_result result = {0};
    sm_error error = {0};
    static float square[SIDE * SIDE];
    const sm_prompts none = {0};
    assert_int_equal(sm_state_create(model, NULL, &fresh, NULL), SM_OK);
    assert_int_equal(sm_refine(fresh, &none, NULL, &result, &error), SM_ERROR_ARGUMENT);
    assert_string_equal(error.message, "no image to refine: sm_segment comes first");
    assert_int_equal(sm_segment(fresh, &images[0], NULL, &result, NULL), SM_OK);
    assert_int_equal(sm_refine(fresh, &none, NULL, &result, NULL), SM_OK);
    assert_int_equal(sm_run(fresh, square, NULL, NULL, NULL), SM_OK);
    assert_int_equal(sm_refine(fresh, &none, NULL, &result, NULL), SM_ERROR_ARGUMENT);
    /* A failed segmentation changes nothing. */
    assert_int_equal(sm_segment(fresh, &images[0], NULL, &result, NULL), SM_OK);
    const sm_image tiny = {.width = 1, .height = 1, .channels = 1, .pixels = pixels[0]};
    assert_int_equal(sm_segment(fresh, &tiny, NULL, &result, NULL), SM_ERROR_IMAGE_TOO_SMALL);
    assert_int_equal(sm_refine(fresh, &none, NULL, &result, NULL), SM_OK);
    sm_result_free(&result);
    sm_state_free(fresh);
}

static void the_first_generation_takes_no_prompts(void **state) {
    (void)state;
    static const char *const networks[] = {"sonomask", "unet16"};
    for (int i = 0; i < 2; i++) {
        sm_model *old = make_model(networks[i]);
        sm_state *old_state = NULL;
        sm_result result = {0};
        sm_error error = {0};
        char message[128];
        snprintf(message, sizeof message, "the weights of network %s take no clicks and no box", networks[i]);
        assert_false(sm_model_describe(old).takes_prompts);
        assert_int_equal(sm_state_create(old, NULL, &old_state, NULL), SM_OK);
        assert_int_equal(sm_segment(old_state, &images[0], NULL, &result, NULL), SM_OK);
        const sm_click click = {5, 5, true};
        const sm_prompts prompts = {.clicks = &click, .click_count = 1};
        assert_int_equal(sm_refine(old_state, &prompts, NULL, &result, &error), SM_ERROR_ARGUMENT);
        assert_string_equal(error.message, message);
        assert_int_equal(sm_segment(old_state, &images[0], NULL, &result, NULL), SM_OK);
        sm_result_free(&result);
        sm_state_free(old_state);
        sm_model_free(old);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_prompts_give_the_automatic_answer),
        cmocka_unit_test(answers_depend_on_image_and_prompts_alone),
        cmocka_unit_test(prompts_hold_in_the_answer),
        cmocka_unit_test(the_type_excludes_normal_when_a_lesion_is_shown),
        cmocka_unit_test(a_thousand_clicks_are_answered),
        cmocka_unit_test(wrong_prompts_are_refused),
        cmocka_unit_test(boxes_are_clipped_to_the_image),
        cmocka_unit_test(an_image_is_needed),
        cmocka_unit_test(the_first_generation_takes_no_prompts),
    };
    return cmocka_run_group_tests_name("refine", tests, make_all, free_all);
}
