/** Doubts of pixels and of outlines against slow, plain computations and cases worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "../../native/report/scores.h"
#include "../../src/mask.h"
#include "assert_near.h"
#include "test_random.h"

/* ---- pixels ---- */

static void pixels_by_hand(void **state) {
    (void)state;
    /* Doubts 0.2 0.9 0.4 0.9: the wrong pixel, the second, is above two of three right ones and even with one. */
    const float probability[4] = {0.1F, 0.45F, 0.8F, 0.55F};
    const uint8_t truth[4] = {0, 255, 255, 255}, predicted[4] = {0, 0, 255, 255};
    const sm_pixel_uncertainty found = sm_pixel_uncertainty_of(probability, truth, predicted, 4);
    assert_near(found.auroc, 2.5 / 3, 1e-12);
    /* A tenth of four pixels is 0.4: of the two pixels on that level a fifth has room, and so a fifth of the wrong. */
    assert_near(found.wrong_in_doubtful, 0.2, 1e-12);
}

static void pixels_without_two_kinds_have_no_score(void **state) {
    (void)state;
    const float probability[2] = {0.1F, 0.9F};
    const uint8_t mask[2] = {0, 255}, opposite[2] = {255, 0};
    assert_true(isnan(sm_pixel_uncertainty_of(probability, mask, mask, 2).auroc));
    assert_true(isnan(sm_pixel_uncertainty_of(probability, mask, opposite, 2).auroc));
    assert_true(isnan(sm_pixel_uncertainty_of(probability, mask, mask, 0).wrong_in_doubtful));
}

static void pixels_agree_with_all_pairs(void **state) {
    (void)state;
    enum { COUNT = 400 };
    float probability[COUNT];
    uint8_t truth[COUNT], predicted[COUNT];
    uint32_t seed = 7;
    for (int i = 0; i < COUNT; i++) {
        /* On the thousandths that the fast way tells apart, so that ties are the same. */
        probability[i] = (float)((int)(test_random_uniform(&seed) * 999.0) / 1998.0);
        predicted[i] = 0;
        truth[i] = test_random_uniform(&seed) < 0.1 + (double)probability[i] ? 255 : 0;
    }
    double right_order = 0, pairs = 0;
    for (int w = 0; w < COUNT; w++)
        for (int r = 0; r < COUNT; r++) {
            if (truth[w] == predicted[w] || truth[r] != predicted[r]) continue;
            pairs++;
            right_order += probability[w] > probability[r] ? 1 : probability[w] < probability[r] ? 0 : 0.5;
        }
    assert_near(sm_pixel_uncertainty_of(probability, truth, predicted, COUNT).auroc, right_order / pairs, 1e-9);
}

/* ---- outlines ---- */

enum { WIDTH = 20, HEIGHT = 10 };

static void fill(uint8_t *mask, int left, int top, int width, int height) {
    for (int y = top; y < top + height; y++) memset(mask + (ptrdiff_t)y * WIDTH + left, 255, (size_t)width);
}

/* A result as sm_segment leaves it; its lesions are freed with sm_result_free. */
static sm_result result_of(uint8_t *mask) {
    sm_result result = {.width = WIDTH, .height = HEIGHT, .mask = mask};
    assert_int_equal(
        sm_mask_components(mask, WIDTH, HEIGHT, 0, NULL, NULL, &result.lesions, &result.lesion_count, NULL), SM_OK);
    for (int i = 0; i < result.lesion_count; i++) result.lesions[i].expected_dice = 0.5F + 0.1F * (float)i;
    return result;
}

static void outlines_are_scored_with_what_they_touch(void **state) {
    (void)state;
    uint8_t predicted[WIDTH * HEIGHT] = {0}, truth[WIDTH * HEIGHT] = {0};
    fill(predicted, 0, 0, 6, 4);  /* 24 pixels, over the first truth and its neighbour */
    fill(predicted, 12, 6, 4, 4); /* 16, on nothing */
    fill(predicted, 16, 0, 2, 2); /* 4, all of the third */
    fill(truth, 0, 0, 2, 4);      /* 8 */
    fill(truth, 4, 0, 4, 4);      /* 16, half of it outlined */
    fill(truth, 16, 0, 2, 2);     /* 4 */
    sm_result result = result_of(predicted);
    sm_outline_score scores[4];
    int count = 0;
    assert_int_equal(sm_outlines_score(&result, truth, 4, scores, &count, NULL), SM_OK);
    assert_int_equal(count, 3);
    assert_near(scores[0].dice, 2.0 * (8 + 8) / (24 + 24), 1e-12);
    assert_near(scores[1].dice, 0, 0);
    assert_near(scores[2].dice, 1, 0);
    assert_near(scores[2].expected, 0.7, 1e-6);
    assert_int_equal(sm_outlines_score(&result, truth, 2, scores, &count, NULL), SM_OK);
    assert_int_equal(count, 2);
    result.mask = NULL;
    sm_result_free(&result);
}

static void no_outline_has_no_score(void **state) {
    (void)state;
    uint8_t empty[WIDTH * HEIGHT] = {0};
    sm_result result = result_of(empty);
    sm_outline_score scores[4];
    int count = 9;
    assert_int_equal(sm_outlines_score(&result, empty, 4, scores, &count, NULL), SM_OK);
    assert_int_equal(count, 0);
    result.mask = NULL;
    sm_result_free(&result);
}

/* ---- figures ---- */

static void figures_are_means_over_images_and_ranks_over_outlines(void **state) {
    (void)state;
    sm_record record = {.image = "a", .group = "a", .type = SM_CLASS_BENIGN};
    sm_evaluated_image first = {
        .record = &record, .outline_count = 2, .outlines = {{0.9, 0.8}, {0.1, 0.4}}, .pixel_uncertainty = {0.9, 0.5}};
    sm_evaluated_image second = {
        .record = &record, .outline_count = 2, .outlines = {{0.7, 0.6}, {0.2, 0.7}}, .pixel_uncertainty = {0.7, 0.25}};
    sm_evaluated_image flawless = {.record = &record, .pixel_uncertainty = {NAN, NAN}};
    const sm_evaluated_image *images[] = {&first, &second, &flawless};
    sm_score_set scores;
    assert_int_equal(sm_score_set_of(images, 3, 1, &scores, NULL), SM_OK);
    assert_near(scores.figure[SM_FIGURE_PIXEL_AUROC], 0.8, 1e-12);
    assert_near(scores.figure[SM_FIGURE_WRONG_IN_DOUBTFUL], 0.375, 1e-12);
    /* Failures are expected at 0.4 and 0.7, good ones at 0.8 and 0.6: three of four pairs are in order. */
    assert_near(scores.figure[SM_FIGURE_OUTLINE_AUROC], 0.75, 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixels_by_hand),
        cmocka_unit_test(pixels_without_two_kinds_have_no_score),
        cmocka_unit_test(pixels_agree_with_all_pairs),
        cmocka_unit_test(outlines_are_scored_with_what_they_touch),
        cmocka_unit_test(no_outline_has_no_score),
        cmocka_unit_test(figures_are_means_over_images_and_ranks_over_outlines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
