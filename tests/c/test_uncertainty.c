/** Uncertainty of masks, outlines and pixels: hand-computed cases, and comparisons with counting all pairs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/metrics/scores.h"
#include "../../native/metrics/uncertainty.h"
#include "../../src/mask.h"
#include "assert_near.h"
#include "test_random.h"

enum { IMAGES = 6 };

/* Images with these expected and true scores; weights of one each. */
static sm_uncertainty *make(const double *expected, const double *dice, sm_evaluated_image *images, int *weights) {
    const sm_evaluated_image *list[IMAGES];
    for (int i = 0; i < IMAGES; i++) {
        images[i] = (sm_evaluated_image){.expected_dice = expected[i], .scores = {.dice = dice[i]}};
        list[i] = &images[i];
        weights[i] = 1;
    }
    sm_uncertainty *made = sm_uncertainty_make(list, IMAGES);
    assert_non_null(made);
    return made;
}

static void a_perfect_ranking_scores_best(void **state) {
    (void)state;
    const double dice[IMAGES] = {0.9, 0.1, 0.7, 0.8, 0.0, 0.6};
    sm_evaluated_image images[IMAGES];
    int weights[IMAGES];
    sm_uncertainty *right = make((const double[]){0.95, 0.3, 0.75, 0.9, 0.2, 0.5}, dice, images, weights);
    const sm_uncertainty_scores best = sm_uncertainty_score(right, weights);
    assert_near(best.spearman, 1, 1e-12);
    assert_near(best.auroc, 1, 0);
    assert_near(best.bias, (0.95 + 0.3 + 0.75 + 0.9 + 0.2 + 0.5 - 3.1) / 6, 1e-12);
    /* Means of 1 - Dice over the first 1, 2 .. 6 by expected Dice: 0.1, 0.3/2, 0.6/3, 1/4, 1.9/5, 2.9/6. */
    assert_near(best.risk_coverage_area, (0.1 + 0.15 + 0.2 + 0.25 + 0.38 + 2.9 / 6) / 6, 1e-12);
    double coverage[IMAGES], risk[IMAGES], ideal[IMAGES];
    assert_int_equal(sm_risk_coverage(right, coverage, risk, ideal), IMAGES);
    for (int i = 0; i < IMAGES; i++) assert_near(risk[i], ideal[i], 1e-12);
    assert_near(coverage[2], 0.5, 1e-12);
    assert_near(risk[5], 2.9 / 6, 1e-12);
    sm_uncertainty_free(right);

    sm_uncertainty *wrong = make((const double[]){0.2, 0.9, 0.5, 0.3, 0.95, 0.75}, dice, images, weights);
    const sm_uncertainty_scores worst = sm_uncertainty_score(wrong, weights);
    assert_near(worst.spearman, -1, 1e-12);
    assert_near(worst.auroc, 0, 0);
    assert_near(worst.risk_coverage_area, (1 + 1.9 / 2 + 2.3 / 3 + 2.6 / 4 + 2.8 / 5 + 2.9 / 6) / 6, 1e-12);
    assert_int_equal(sm_risk_coverage(wrong, coverage, risk, ideal), IMAGES);
    assert_near(risk[0], 1, 1e-12);
    assert_near(risk[1], 0.95, 1e-12);
    assert_near(ideal[0], 0.1, 1e-12);
    assert_near(ideal[1], 0.15, 1e-12);
    assert_near(coverage[5], 1, 1e-12);
    sm_uncertainty_free(wrong);
}

static void ties_and_weights_count(void **state) {
    (void)state;
    /* Ranks of expected Dice 1.5 1.5 3.5 3.5 5 6, of Dice 1 2 3 4 5.5 5.5. */
    sm_evaluated_image images[IMAGES];
    int weights[IMAGES];
    sm_uncertainty *tied =
        make((const double[]){1, 1, 2, 2, 3, 4}, (const double[]){0, 0.1, 0.2, 0.3, 0.6, 0.6}, images, weights);
    assert_near(sm_uncertainty_score(tied, weights).spearman, 16 / sqrt(16.5 * 17), 1e-9);
    /* An image with weight 2 is two images. */
    const int twice[IMAGES] = {2, 0, 1, 1, 1, 1};
    sm_uncertainty *doubled =
        make((const double[]){1, 1, 2, 2, 3, 4}, (const double[]){0, 0, 0.2, 0.3, 0.6, 0.6}, images, weights);
    const sm_uncertainty_scores one = sm_uncertainty_score(tied, twice), other = sm_uncertainty_score(doubled, weights);
    assert_near(one.spearman, other.spearman, 1e-12);
    assert_near(one.auroc, other.auroc, 1e-12);
    /* Risks 0.4, 0.8/2, 1.5/3, 2.3/4, and 4.3/6 for the image with weight 2. */
    assert_near(one.risk_coverage_area, (0.4 + 0.4 + 0.5 + 0.575 + 2 * 4.3 / 6) / 6, 1e-12);
    assert_near(one.bias, (2 * 1 + 1.8 + 1.7 + 2.4 + 3.4) / 6, 1e-12);
    sm_uncertainty_free(tied);
    sm_uncertainty_free(doubled);
    const int none[IMAGES] = {0};
    sm_uncertainty *any = make((const double[]){1, 2, 3, 4, 5, 6}, (const double[]){0, 0, 0, 0, 0, 0}, images, weights);
    assert_true(isnan(sm_uncertainty_score(any, none).spearman) && isnan(sm_uncertainty_score(any, weights).spearman));
    assert_true(isnan(sm_uncertainty_score(any, none).risk_coverage_area));
    assert_true(isnan(sm_uncertainty_score(any, none).bias));
    /* A Dice of 0.5 is not a failure. */
    assert_true(isnan(sm_uncertainty_score(any, weights).auroc));
    sm_uncertainty *half =
        make((const double[]){1, 2, 3, 4, 5, 6}, (const double[]){0.49, 0.5, 1, 1, 1, 1}, images, weights);
    assert_near(sm_uncertainty_score(half, weights).auroc, 1, 0);
    /* Two images suffice for a correlation, one does not. */
    const int two[IMAGES] = {1, 1, 0, 0, 0, 0}, single[IMAGES] = {1, 0, 0, 0, 0, 0};
    assert_near(sm_uncertainty_score(half, two).spearman, 1, 1e-12);
    assert_true(isnan(sm_uncertainty_score(half, single).spearman));
    assert_near(sm_uncertainty_score(half, single).risk_coverage_area, 0.51, 1e-12);
    assert_near(sm_uncertainty_score(half, single).bias, 0.51, 1e-12);
    /* The image with the highest expected Dice has weight 0. */
    assert_near(sm_uncertainty_score(half, two).risk_coverage_area, (0.5 + 1.01 / 2) / 2, 1e-12);
    sm_uncertainty_free(half);
    sm_uncertainty_free(any);
}

/* ---- pixels ---- */

static void pixels_by_hand(void **state) {
    (void)state;
    /* Uncertainties 0.2 0.9 0.4 0.9. The wrong pixel, the second, is above two of the three correct ones and ties with
     * one. */
    const float probability[4] = {0.1F, 0.45F, 0.8F, 0.55F};
    const uint8_t reference[4] = {127, 128, 255, 255}, predicted[4] = {0, 127, 128, 255};
    const sm_pixel_uncertainty found = sm_pixel_uncertainty_of(probability, reference, predicted, 4);
    assert_near(found.auroc, 2.5 / 3, 1e-12);
    /* A tenth of four pixels is 0.4 pixels: a fifth of the level of 0.9, and so a fifth of its wrong pixel. */
    assert_near(found.wrong_in_uncertain, 0.2, 1e-12);
}

static void the_most_uncertain_tenth_by_hand(void **state) {
    (void)state;
    /* Twenty pixels, so the most uncertain tenth are two: 1 (wrong) and 0.8 (correct). A wrong one is at 0. */
    float probability[20];
    uint8_t reference[20] = {0}, predicted[20] = {0};
    for (int i = 0; i < 20; i++) probability[i] = 0.1F;
    probability[0] = 0.5F;
    probability[1] = 0.4F;
    probability[2] = 0;
    reference[0] = predicted[2] = 255;
    sm_pixel_uncertainty found = sm_pixel_uncertainty_of(probability, reference, predicted, 20);
    assert_near(found.wrong_in_uncertain, 0.5, 1e-12);
    assert_near(found.auroc, 18.0 / 36, 1e-12);
    /* Four pixels on the highest level, three of them wrong: half of the level fits. */
    for (int i = 0; i < 4; i++) probability[i] = 0.5F;
    predicted[2] = reference[1] = reference[2] = 255;
    predicted[2] = 0;
    found = sm_pixel_uncertainty_of(probability, reference, predicted, 20);
    assert_near(found.wrong_in_uncertain, 1.5 / 3, 1e-12);
    assert_near(found.auroc, (16 + 0.5) / 17, 1e-12);
    /* Probabilities of 1 and beyond 0..1 are certain. */
    const float sure[3] = {1, -1, 0.5F};
    const uint8_t lesion[3] = {0, 0, 255}, none[3] = {0, 0, 0};
    assert_near(sm_pixel_uncertainty_of(sure, lesion, none, 3).auroc, 1, 0);
    /* Steps of 1/999. */
    const float close[2] = {0.25F, 0.251F};
    const uint8_t second[2] = {0, 255};
    assert_near(sm_pixel_uncertainty_of(close, second, none, 2).auroc, 1, 0);
}

static void without_wrong_or_correct_pixels_there_is_no_score(void **state) {
    (void)state;
    const float probability[2] = {0.1F, 0.9F};
    const uint8_t mask[2] = {0, 255}, opposite[2] = {255, 0};
    assert_true(isnan(sm_pixel_uncertainty_of(probability, mask, mask, 2).auroc));
    assert_true(isnan(sm_pixel_uncertainty_of(probability, mask, mask, 2).wrong_in_uncertain));
    assert_true(isnan(sm_pixel_uncertainty_of(probability, mask, opposite, 2).auroc));
    assert_true(isnan(sm_pixel_uncertainty_of(probability, mask, opposite, 2).wrong_in_uncertain));
    assert_true(isnan(sm_pixel_uncertainty_of(probability, mask, mask, 0).wrong_in_uncertain));
}

static void pixels_agree_with_all_pairs(void **state) {
    (void)state;
    enum { COUNT = 400 };
    float probability[COUNT];
    uint8_t reference[COUNT], predicted[COUNT];
    uint32_t seed = 7;
    for (int i = 0; i < COUNT; i++) {
        /* In steps of 1/999 of uncertainty, so that ties are the same. */
        probability[i] = (float)((int)(test_random_uniform(&seed) * 999.0) / 1998.0);
        predicted[i] = 0;
        reference[i] = test_random_uniform(&seed) < 0.1 + (double)probability[i] ? 255 : 0;
    }
    double right_order = 0, pairs = 0;
    for (int w = 0; w < COUNT; w++)
        for (int r = 0; r < COUNT; r++) {
            if (reference[w] == predicted[w] || reference[r] != predicted[r]) continue;
            pairs++;
            right_order += probability[w] > probability[r] ? 1 : probability[w] < probability[r] ? 0 : 0.5;
        }
    assert_near(sm_pixel_uncertainty_of(probability, reference, predicted, COUNT).auroc, right_order / pairs, 1e-9);
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
    for (int i = 0; i < result.lesion_count; i++) {
        result.lesions[i].expected_dice = 0.5F + 0.1F * (float)i;
        result.lesions[i].presence = 0.9F - 0.1F * (float)i;
        result.lesions[i].margin = 1 + (float)i;
    }
    return result;
}

static void outlines_are_scored_with_the_lesions_they_touch(void **state) {
    (void)state;
    uint8_t predicted[WIDTH * HEIGHT] = {0}, reference[WIDTH * HEIGHT] = {0};
    fill(predicted, 0, 0, 6, 4);  /* 24 pixels, over the first reference lesion and its neighbour */
    fill(predicted, 12, 6, 4, 4); /* 16, on background */
    fill(predicted, 16, 0, 2, 2); /* 4, the third reference lesion */
    fill(reference, 0, 0, 2, 4);  /* 8 */
    fill(reference, 4, 0, 4, 4);  /* 16, half of it predicted */
    fill(reference, 16, 0, 2, 2); /* 4 */
    sm_result result = result_of(predicted);
    sm_outline_scores scores;
    assert_int_equal(sm_outlines_score(&result, reference, &scores, NULL), SM_OK);
    assert_int_equal(scores.count, 3);
    assert_near(scores.outlines[0].dice, 2.0 * (8 + 8) / (24 + 24), 1e-12);
    assert_near(scores.outlines[0].reach, 2, 1e-6); /* columns 6 and 7 of the second lesion */
    assert_near(scores.outlines[0].margin, 1, 0);
    assert_true(scores.outlines[0].found && !scores.outlines[0].possible);
    assert_near(scores.outlines[1].dice, 0, 0);
    assert_near(scores.outlines[1].reach, 0, 0);
    assert_false(scores.outlines[1].found);
    assert_near(scores.outlines[2].dice, 1, 0);
    assert_near(scores.outlines[2].expected, 0.7, 1e-6);
    assert_near(scores.outlines[2].reach, 0, 0);
    /* The reference lesions by area: 16, 8 and 4 pixels. */
    assert_int_equal(scores.lesion_count, 3);
    assert_near(scores.lesion_presence[0], 0.9, 1e-6);
    assert_near(scores.lesion_presence[1], 0.9, 1e-6);
    assert_near(scores.lesion_presence[2], 0.7, 1e-6);
    result.mask = NULL;
    sm_result_free(&result);
}

/** Outlines below the operating point come after those of the mask. */
static void possible_outlines_are_scored_too(void **state) {
    (void)state;
    uint8_t counted[WIDTH * HEIGHT] = {0}, possible[WIDTH * HEIGHT] = {0}, reference[WIDTH * HEIGHT] = {0};
    fill(counted, 0, 0, 3, 3);
    fill(possible, 10, 2, 4, 4);
    fill(possible, 16, 7, 2, 2);
    fill(reference, 10, 2, 4, 6);
    fill(reference, 0, 7, 2, 2);
    sm_result result = result_of(counted);
    const sm_result other = result_of(possible);
    result.possible = other.lesions;
    result.possible_count = other.lesion_count;
    result.possible_mask = possible;
    result.possible[0].presence = 0.2F;
    sm_outline_scores scores;
    assert_int_equal(sm_outlines_score(&result, reference, &scores, NULL), SM_OK);
    assert_int_equal(scores.count, 3);
    assert_false(scores.outlines[0].possible || scores.outlines[0].found);
    assert_true(scores.outlines[1].possible && scores.outlines[1].found);
    assert_near(scores.outlines[1].dice, 2.0 * 16 / (16 + 24), 1e-12);
    assert_near(scores.outlines[1].reach, 2, 1e-6);
    assert_true(scores.outlines[2].possible && !scores.outlines[2].found);
    assert_near(scores.lesion_presence[0], 0.2, 1e-6);
    assert_true(scores.lesion_presence[1] < 0); /* no outline touches it */
    result.mask = result.possible_mask = NULL;
    sm_result_free(&result);
}

static void a_single_outline_inside_the_image(void **state) {
    (void)state;
    uint8_t predicted[WIDTH * HEIGHT] = {0}, reference[WIDTH * HEIGHT] = {0};
    fill(predicted, 8, 3, 4, 5); /* 20 pixels */
    fill(reference, 9, 5, 4, 4); /* 16 pixels, 3 x 3 of them predicted */
    reference[4 * WIDTH + 8] = 127;
    reference[5 * WIDTH + 9] = 128;
    sm_result result = result_of(predicted);
    sm_outline_scores scores;
    assert_int_equal(sm_outlines_score(&result, reference, &scores, NULL), SM_OK);
    assert_int_equal(scores.count, 1);
    assert_near(scores.outlines[0].dice, 2.0 * 9 / (20 + 16), 1e-12);
    assert_near(scores.outlines[0].expected, 0.5, 1e-6);
    assert_near(scores.outlines[0].reach, sqrt(2), 1e-6); /* the corner at (12, 8) */
    result.mask = NULL;
    sm_result_free(&result);
}

static void no_outline_has_no_score(void **state) {
    (void)state;
    uint8_t empty[WIDTH * HEIGHT] = {0};
    sm_result result = result_of(empty);
    sm_outline_scores scores;
    assert_int_equal(sm_outlines_score(&result, empty, &scores, NULL), SM_OK);
    assert_int_equal(scores.count, 0);
    assert_int_equal(scores.lesion_count, 0);
    result.mask = NULL;
    sm_result_free(&result);
}

/* ---- metrics ---- */

static void metrics_are_means_over_images_and_ranks_over_outlines(void **state) {
    (void)state;
    sm_record record = {.image = "a", .group = "a", .classes = sm_class_set_of(SM_CLASS_BENIGN)};
    sm_evaluated_image first = {
        .record = &record,
        .outlines = {.count = 2, .outlines = {{.dice = 0.9, .expected = 0.8}, {.dice = 0.1, .expected = 0.4}}},
        .pixel_uncertainty = {0.9, 0.5}};
    sm_evaluated_image second = {
        .record = &record,
        .outlines = {.count = 2, .outlines = {{.dice = 0.7, .expected = 0.6}, {.dice = 0.2, .expected = 0.7}}},
        .pixel_uncertainty = {0.7, 0.25}};
    sm_evaluated_image flawless = {.record = &record, .pixel_uncertainty = {NAN, NAN}};
    const sm_evaluated_image *images[] = {&first, &second, &flawless};
    sm_score_set scores;
    assert_int_equal(sm_score_set_of(images, 3, 1, &scores, NULL), SM_OK);
    assert_near(scores.metric[SM_METRIC_PIXEL_AUROC], 0.8, 1e-12);
    assert_near(scores.metric[SM_METRIC_WRONG_IN_UNCERTAIN], 0.375, 1e-12);
    /* Expected Dice of failures 0.4 and 0.7, of the others 0.8 and 0.6: three of four pairs are in order. */
    assert_near(scores.metric[SM_METRIC_OUTLINE_AUROC], 0.75, 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_perfect_ranking_scores_best),
        cmocka_unit_test(ties_and_weights_count),
        cmocka_unit_test(pixels_by_hand),
        cmocka_unit_test(the_most_uncertain_tenth_by_hand),
        cmocka_unit_test(without_wrong_or_correct_pixels_there_is_no_score),
        cmocka_unit_test(pixels_agree_with_all_pairs),
        cmocka_unit_test(outlines_are_scored_with_the_lesions_they_touch),
        cmocka_unit_test(possible_outlines_are_scored_too),
        cmocka_unit_test(a_single_outline_inside_the_image),
        cmocka_unit_test(no_outline_has_no_score),
        cmocka_unit_test(metrics_are_means_over_images_and_ranks_over_outlines),
    };
    return cmocka_run_group_tests_name("uncertainty", tests, NULL, NULL);
}
