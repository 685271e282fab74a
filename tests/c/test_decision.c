/** Presence, operating points and margins: the formulas, their tensors in a weights file, and what sm_segment does with
 * them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/answer.h"
#include "../../src/decision.h"
#include "../../src/memory_plan.h"
#include "../../src/sonomask.h"
#include "test_random.h"

#include <cmocka.h>

#include "assert_near.h"

enum { SIDE = 64, WIDTH = 90, HEIGHT = 70 };

static const sm_decision example = {.presence = {0.5f, 0.25f, -1},
                                    .operating_points = {{0.80f, 0.7f, 0.3f}, {0.90f, 0.5f, 0.2f}, {0.95f, 0.2f, 0.1f}},
                                    .margin = {0.1f, 0.02f}};

static double logit(double p) { return log(p / (1 - p)); }

static void odds_of_the_type(void **state) {
    (void)state;
    const float even[SM_CLASS_COUNT] = {0, 0, 0};
    assert_near(sm_type_odds(even), log(2), 1e-6);
    const float logits[SM_CLASS_COUNT] = {1, 2, -0.5f};
    const double normal = exp(1), lesion = exp(2) + exp(-0.5);
    assert_near(sm_type_odds(logits), log(lesion / normal), 1e-6);
    const float sure[SM_CLASS_COUNT] = {-300, 400, 500}, absent[SM_CLASS_COUNT] = {500, 0, 0};
    assert_near(sm_type_odds(sure), 20, 0);
    assert_near(sm_type_odds(absent), -20, 0);
}

static int compare_falling(const void *a, const void *b) {
    const float *first = a, *second = b;
    return (*first < *second) - (*first > *second);
}

/** The k-th largest value by sorting, where k is 0.1 % of the image's pixels, rounded up. */
static double sorted_peak(const float *map, const int32_t *labels, int32_t label, int width, int height) {
    const size_t pixels = (size_t)width * (size_t)height;
    float *sorted = malloc(pixels * sizeof *sorted);
    assert_non_null(sorted);
    size_t count = 0;
    for (size_t i = 0; i < pixels; i++)
        if (!labels || labels[i] == label) sorted[count++] = map[i];
    qsort(sorted, count, sizeof *sorted, compare_falling);
    size_t rank = (pixels + 999) / 1000;
    if (rank > count) rank = count;
    const double peak = rank ? logit((double)sorted[rank - 1]) : -20;
    free(sorted);
    return fmin(fmax(peak, -20), 20);
}

static void peaks_are_quantiles(void **state) {
    (void)state;
    enum { MOST = 120 * 100 };
    static float map[MOST];
    static int32_t labels[MOST];
    static const int sizes[][2] = {{1, 1}, {20, 50}, {40, 50}, {120, 100}, {7, 143}};
    uint32_t random = 3;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const int width = sizes[s][0], height = sizes[s][1];
        for (int i = 0; i < width * height; i++) {
            map[i] = (float)test_random_uniform(&random);
            if (i % 3 == 0) map[i] = 0.75f; /* equal values */
            labels[i] = (int32_t)test_random_below(&random, 3);
        }
        assert_near(sm_peak(map, NULL, 0, width, height), sorted_peak(map, NULL, 0, width, height), 1e-5);
        for (int32_t label = 0; label < 4; label++)
            assert_near(sm_peak(map, labels, label, width, height), sorted_peak(map, labels, label, width, height),
                        1e-5);
    }
    const float ends[2] = {0, 1};
    assert_near(sm_peak(ends, NULL, 0, 1, 1), -20, 0);
    assert_near(sm_peak(ends + 1, NULL, 0, 1, 1), 20, 0);
}

static void peaks_of_outlines_are_those_of_their_labels(void **state) {
    (void)state;
    static float map[WIDTH * HEIGHT];
    static uint8_t mask[WIDTH * HEIGHT];
    static int32_t labels[WIDTH * HEIGHT];
    uint32_t random = 5;
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        map[i] = (float)test_random_uniform(&random);
        mask[i] = map[i] > 0.7f;
    }
    sm_lesion *lesions = NULL;
    int count = 0;
    assert_int_equal(sm_mask_components(mask, WIDTH, HEIGHT, 1, map, labels, &lesions, &count, NULL), SM_OK);
    assert_true(count > 10);
    for (int i = 0; i < count; i++)
        assert_near(sm_lesion_peak(map, labels, WIDTH, &lesions[i], (size_t)WIDTH * HEIGHT),
                    sm_peak(map, labels, lesions[i].label, WIDTH, HEIGHT), 0);
    sm_free(lesions);
}

static void presence_and_margin(void **state) {
    (void)state;
    assert_near(sm_presence(&example, 2, 4), 1 / (1 + exp(-1.0)), 1e-6);
    assert_near(sm_presence(&example, -20, -20), 1 / (1 + exp(16.0)), 1e-9);
    assert_near(sm_margin(&example, 400, 90000), 0.1 * 20 + 0.02 * 300, 1e-5);
    const sm_decision negative = {.margin = {-1, 0}};
    assert_near(sm_margin(&negative, 400, 90000), 0, 0);
}

/** A network with untrained weights; `decision` may be NULL. */
static sm_model *make_model_at(float threshold, const sm_decision *decision, sm_status expected) {
    static sm_net net;
    assert_int_equal(sm_net_make("sonomask2", &net, NULL), SM_OK);
    float *parameters = sm_floats_allocate(net.total_count);
    assert_non_null(parameters);
    sm_net_initialise(&net, 3, parameters);
    const sm_weights_metadata metadata = {.network = "sonomask2",
                                          .input_size = SIDE,
                                          .threshold = threshold,
                                          .temperature = 1,
                                          .minimum_area = 0,
                                          .expected_dice_power = 1};
    sm_decision copy;
    sm_weights_extra tensors[SM_DECISION_TENSORS];
    if (decision) copy = *decision;
    sm_decision_tensors(&copy, tensors);
    uint8_t *bytes = NULL;
    size_t size = 0;
    assert_int_equal(sm_weights_write_with(&net, parameters, &metadata, SM_WEIGHTS_FLOAT32, tensors,
                                           decision ? SM_DECISION_TENSORS : 0, &bytes, &size, NULL),
                     SM_OK);
    sm_floats_free(parameters);
    sm_model *model = NULL;
    sm_error error = {0};
    assert_int_equal(sm_model_create(bytes, size, NULL, &model, &error), expected);
    if (expected != SM_OK) assert_string_equal(error.message, "the operating points are out of range");
    sm_free(bytes);
    return model;
}

static sm_model *make_model(const sm_decision *decision, sm_status expected) {
    return make_model_at(0.5f, decision, expected);
}

static void models_describe_their_decision(void **state) {
    (void)state;
    sm_model *plain = make_model(NULL, SM_OK), *model = make_model(&example, SM_OK);
    assert_false(sm_model_describe(plain).has_decision);
    assert_true(sm_model_describe(plain).takes_prompts);
    assert_near(sm_model_describe(plain).operating_points[2].kept, 0, 0);
    const sm_model_info info = sm_model_describe(model);
    assert_true(info.has_decision);
    for (int i = 0; i < SM_OPERATING_POINTS; i++) {
        assert_near(info.operating_points[i].kept, example.operating_points[i][0], 0);
        assert_near(info.operating_points[i].presence, example.operating_points[i][1], 0);
        assert_near(info.operating_points[i].missed, example.operating_points[i][2], 0);
    }
    sm_model_free(plain);
    sm_model_free(model);
}

static void decisions_out_of_range_are_refused(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        sm_decision wrong = example;
        if (i == 0) wrong.operating_points[0][0] = 0.85f; /* not one of the three */
        if (i == 1) wrong.operating_points[1][1] = 1.5f;
        if (i == 2) wrong.operating_points[2][2] = -0.1f;
        if (i == 3) memcpy(wrong.operating_points[0], example.operating_points[2], sizeof wrong.operating_points[0]);
        assert_null(make_model(&wrong, SM_ERROR_WEIGHTS));
    }
}

static sm_image noise(uint8_t *pixels) {
    uint32_t random = 11;
    for (int i = 0; i < WIDTH * HEIGHT; i++) pixels[i] = test_random_byte(&random);
    return (sm_image){.width = WIDTH, .height = HEIGHT, .channels = 1, .pixels = pixels};
}

static int compare_floats(const void *a, const void *b) { return -compare_falling(a, b); }

/** With a level between the presences of the outlines, those below are possible and the others count. */
static void outlines_below_the_level_are_possible(void **state) {
    (void)state;
    static uint8_t pixels[WIDTH * HEIGHT];
    const sm_image image = noise(pixels);
    sm_decision decision = example;
    for (int i = 0; i < SM_OPERATING_POINTS; i++) decision.operating_points[i][1] = 0;
    sm_model *model = make_model(&decision, SM_OK);
    sm_state *working = NULL;
    sm_result all = {0};
    assert_int_equal(sm_state_create(model, NULL, &working, NULL), SM_OK);
    sm_segment_options options = sm_segment_options_default();
    /* A threshold at which the untrained network has several outlines. */
    assert_int_equal(sm_segment(working, &image, &options, &all, NULL), SM_OK);
    float *sorted = malloc(sizeof *sorted * WIDTH * HEIGHT);
    assert_non_null(sorted);
    memcpy(sorted, all.probability_map, sizeof *sorted * WIDTH * HEIGHT);
    qsort(sorted, WIDTH * HEIGHT, sizeof *sorted, compare_floats);
    options.threshold = sorted[WIDTH * HEIGHT * 9 / 10];
    free(sorted);
    assert_int_equal(sm_segment(working, &image, &options, &all, NULL), SM_OK);
    assert_true(all.lesion_count > 2);
    assert_int_equal(all.possible_count, 0);
    assert_null(all.possible_mask);
    assert_near(all.operating_point.kept, 0.95, 1e-6);
    float least = 1, most = 0;
    for (int i = 0; i < all.lesion_count; i++) {
        least = fminf(least, all.lesions[i].presence);
        most = fmaxf(most, all.lesions[i].presence);
        assert_near(all.lesions[i].margin, sm_margin(&decision, all.lesions[i].area, WIDTH * HEIGHT), 0);
    }
    assert_true(least < most);
    assert_true(all.presence >= least && all.presence <= 1);
    sm_state_free(working);
    sm_model_free(model);

    const float level = 0.5f * (least + most);
    decision.operating_points[1][1] = level; /* 0.90 */
    decision.operating_points[0][1] = 1;     /* 0.80 */
    model = make_model(&decision, SM_OK);
    assert_int_equal(sm_state_create(model, NULL, &working, NULL), SM_OK);
    sm_result some = {0};
    options.operating_point = 0.90;
    assert_int_equal(sm_segment(working, &image, &options, &some, NULL), SM_OK);
    assert_near(some.operating_point.presence, level, 0);
    assert_true(some.lesion_count > 0 && some.possible_count > 0);
    assert_int_equal(some.lesion_count + some.possible_count, all.lesion_count);
    int area = 0, possible_area = 0;
    for (int i = 0; i < some.lesion_count; i++) {
        assert_true(some.lesions[i].presence >= level);
        assert_int_equal(some.lesions[i].label, i + 1);
        area += some.lesions[i].area;
    }
    for (int i = 0; i < some.possible_count; i++) {
        assert_true(some.possible[i].presence < level);
        assert_int_equal(some.possible[i].label, i + 1);
        possible_area += some.possible[i].area;
    }
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        assert_int_equal(some.mask[i] | some.possible_mask[i], all.mask[i]);
        assert_int_equal(some.mask[i] & some.possible_mask[i], 0);
        area -= some.mask[i] != 0;
        possible_area -= some.possible_mask[i] != 0;
    }
    assert_int_equal(area, 0);
    assert_int_equal(possible_area, 0);
    assert_memory_equal(some.probability_map, all.probability_map, sizeof(float) * WIDTH * HEIGHT);

    options.operating_point = (double)0.80f;
    assert_int_equal(sm_segment(working, &image, &options, &some, NULL), SM_OK);
    assert_int_equal(some.lesion_count, 0);
    assert_null(some.lesions);
    assert_int_equal(some.possible_count, all.lesion_count);
    options.operating_point = 0; /* the default, 0.95 */
    assert_int_equal(sm_segment(working, &image, &options, &some, NULL), SM_OK);
    assert_int_equal(some.lesion_count, all.lesion_count);
    assert_null(some.possible_mask);
    sm_result_free(&some);
    sm_result_free(&all);
    sm_state_free(working);
    sm_model_free(model);
}

static sm_result segment_at_presence(float level, const sm_segment_options *options, sm_model **model) {
    static uint8_t pixels[WIDTH * HEIGHT];
    const sm_image image = noise(pixels);
    sm_decision decision = example;
    for (int i = 0; i < SM_OPERATING_POINTS; i++) decision.operating_points[i][1] = level;
    *model = make_model_at(0.999f, &decision, SM_OK);
    sm_state *working = NULL;
    sm_result result = {0};
    assert_int_equal(sm_state_create(*model, NULL, &working, NULL), SM_OK);
    assert_int_equal(sm_segment(working, &image, options, &result, NULL), SM_OK);
    sm_state_free(working);
    return result;
}

/** No pixel reaches the threshold 0.999 of the weights. */
static void faint_lesions_are_drawn_as_possible_ones(void **state) {
    (void)state;
    sm_model *model;
    sm_result result = segment_at_presence(0, NULL, &model);
    assert_int_equal(result.lesion_count, 0); /* it does not count, at any level */
    assert_int_equal(result.possible_count, 1);
    assert_near(result.possible[0].presence, result.presence, 0);
    assert_true(result.possible[0].margin > 0);
    const float peak = sm_peak(result.probability_map, NULL, 0, WIDTH, HEIGHT);
    const double drawn = 0.5 / (1 + exp(-(double)peak));
    int area = 0;
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        assert_int_equal(result.mask[i], 0);
        area += result.possible_mask[i] == 255;
        if (result.possible_mask[i]) assert_true((double)result.probability_map[i] >= drawn - 1e-6);
    }
    assert_int_equal(area, result.possible[0].area);
    const float presence = result.presence;
    sm_result_free(&result);
    sm_model_free(model);

    result = segment_at_presence(presence + 0.01f, NULL, &model); /* the image does not pass the level */
    assert_int_equal(result.lesion_count + result.possible_count, 0);
    sm_result_free(&result);
    sm_model_free(model);

    sm_segment_options options = sm_segment_options_default();
    options.threshold = 0.999f; /* a threshold that the user has chosen is kept */
    result = segment_at_presence(0, &options, &model);
    assert_int_equal(result.lesion_count + result.possible_count, 0);
    sm_result_free(&result);
    sm_model_free(model);
}

/** The answer for a map with a large and several small spots below the threshold, after a click outside on a pixel. */
static int faint_lesions_after_rejecting(const sm_model *model, size_t pixel) {
    sm_result result = {0};
    assert_int_equal(sm_answer_maps(&result, WIDTH, HEIGHT, NULL), SM_OK);
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        const bool spot = i % WIDTH >= 10 && i % WIDTH < 20 && i / WIDTH >= 10 && i / WIDTH < 20;
        const bool small = i / WIDTH == 25 && i % WIDTH % 4 == 0;
        result.probability_map[i] = spot || small ? 0.3f : 0.01f;
        result.mask[i] = 0;
    }
    const float type_logits[SM_CLASS_COUNT] = {0};
    const sm_answer_settings settings = {.threshold = 0.5f,
                                         .draws_faint = true,
                                         .operating_point = {.kept = 0.95f},
                                         .rejected = &pixel,
                                         .rejected_count = 1};
    assert_int_equal(sm_answer_lesions(model, type_logits, &settings, NULL, 0, &result, NULL), SM_OK);
    const int count = result.possible_count;
    assert_int_equal(result.lesion_count, 0);
    int area = 0;
    for (int i = 0; result.possible_mask && i < WIDTH * HEIGHT; i++) area += result.possible_mask[i] == 255;
    assert_int_equal(area, count ? 100 : 0); /* the largest spot alone */
    sm_result_free(&result);
    return count;
}

static void a_click_outside_leaves_a_faint_lesion_elsewhere(void **state) {
    (void)state;
    sm_model *model = make_model(&example, SM_OK);
    assert_int_equal(faint_lesions_after_rejecting(model, 0), 1);
    assert_int_equal(faint_lesions_after_rejecting(model, 12 * WIDTH + 12), 0);
    sm_model_free(model);
}

static void without_a_decision_all_outlines_count(void **state) {
    (void)state;
    static uint8_t pixels[WIDTH * HEIGHT];
    const sm_image image = noise(pixels);
    sm_model *model = make_model(NULL, SM_OK);
    sm_state *working = NULL;
    sm_result result = {0};
    assert_int_equal(sm_state_create(model, NULL, &working, NULL), SM_OK);
    const sm_segment_options options = {.threshold = 0, .minimum_area = 0, .operating_point = 0.80};
    assert_int_equal(sm_segment(working, &image, &options, &result, NULL), SM_OK);
    assert_int_equal(result.lesion_count, 1);
    assert_int_equal(result.lesions[0].area, WIDTH * HEIGHT);
    assert_near(result.presence, 1 - result.probabilities[SM_CLASS_NORMAL], 0);
    assert_near(result.lesions[0].presence, result.presence, 0);
    assert_near(result.lesions[0].margin, 0, 0);
    assert_near(result.operating_point.kept, 0, 0);
    assert_int_equal(result.possible_count, 0);
    sm_result_free(&result);
    sm_state_free(working);
    sm_model_free(model);
}

static void other_operating_points_are_refused(void **state) {
    (void)state;
    static uint8_t pixels[WIDTH * HEIGHT];
    const sm_image image = noise(pixels);
    sm_model *model = make_model(&example, SM_OK);
    sm_state *working = NULL;
    assert_int_equal(sm_state_create(model, NULL, &working, NULL), SM_OK);
    const double wrong[] = {NAN, -1, 0.5, 0.85, 1, INFINITY};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        sm_result result = {0};
        sm_error error = {0};
        sm_segment_options options = sm_segment_options_default();
        options.operating_point = wrong[i];
        assert_int_equal(sm_segment(working, &image, &options, &result, &error), SM_ERROR_ARGUMENT);
        assert_string_equal(error.message, "the operating point must be 0.80, 0.90 or 0.95");
    }
    sm_state_free(working);
    sm_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odds_of_the_type),
        cmocka_unit_test(peaks_are_quantiles),
        cmocka_unit_test(peaks_of_outlines_are_those_of_their_labels),
        cmocka_unit_test(presence_and_margin),
        cmocka_unit_test(models_describe_their_decision),
        cmocka_unit_test(decisions_out_of_range_are_refused),
        cmocka_unit_test(outlines_below_the_level_are_possible),
        cmocka_unit_test(faint_lesions_are_drawn_as_possible_ones),
        cmocka_unit_test(a_click_outside_leaves_a_faint_lesion_elsewhere),
        cmocka_unit_test(without_a_decision_all_outlines_count),
        cmocka_unit_test(other_operating_points_are_refused),
    };
    return cmocka_run_group_tests_name("decision", tests, NULL, NULL);
}
