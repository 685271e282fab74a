/** Does the expected Dice rank errors, and what do changes of an image do to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/data/phantom.h"
#include "../../native/report/perturb.h"
#include "../../native/report/robustness.h"
#include "../../native/report/uncertainty.h"
#include "assert_near.h"

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
    /* Means of 1 - Dice over the 1, 2 .. 6 surest: 0.1, 0.3/2, 0.6/3, 1/4, 1.9/5, 2.9/6. */
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
    assert_true(worst.risk_coverage_area > best.risk_coverage_area);
    sm_uncertainty_free(wrong);
}

static void ties_and_weights_count(void **state) {
    (void)state;
    /* By hand: ranks of expected 1.5 1.5 3.5 3.5 5 6, of Dice 1 2 3 4 5.5 5.5. */
    sm_evaluated_image images[IMAGES];
    int weights[IMAGES];
    sm_uncertainty *tied =
        make((const double[]){1, 1, 2, 2, 3, 4}, (const double[]){0, 0.1, 0.2, 0.3, 0.6, 0.6}, images, weights);
    assert_near(sm_uncertainty_score(tied, weights).spearman, 16 / sqrt(16.5 * 17), 1e-9);
    /* An image that counts twice is two images. */
    const int twice[IMAGES] = {2, 0, 1, 1, 1, 1};
    sm_uncertainty *doubled =
        make((const double[]){1, 1, 2, 2, 3, 4}, (const double[]){0, 0, 0.2, 0.3, 0.6, 0.6}, images, weights);
    const sm_uncertainty_scores one = sm_uncertainty_score(tied, twice), other = sm_uncertainty_score(doubled, weights);
    assert_near(one.spearman, other.spearman, 1e-12);
    assert_near(one.auroc, other.auroc, 1e-12);
    assert_near(one.risk_coverage_area, other.risk_coverage_area, 0.03);
    sm_uncertainty_free(tied);
    sm_uncertainty_free(doubled);
    const int none[IMAGES] = {0};
    sm_uncertainty *any = make((const double[]){1, 2, 3, 4, 5, 6}, (const double[]){0, 0, 0, 0, 0, 0}, images, weights);
    assert_true(isnan(sm_uncertainty_score(any, none).spearman) && isnan(sm_uncertainty_score(any, weights).spearman));
    assert_true(isnan(sm_uncertainty_score(any, none).risk_coverage_area));
    sm_uncertainty_free(any);
}

enum { WIDTH = 120, HEIGHT = 90, SIZE = 60 };

static double difference(const sm_image *a, const uint8_t *grey) {
    double sum = 0;
    for (int i = 0; i < WIDTH * HEIGHT; i++) sum += abs(a->pixels[i] - grey[i]);
    return sum / (WIDTH * HEIGHT);
}

/** Every change is none at its neutral strength, and grows with its strength. */
static void changes_grow_with_their_strength(void **state) {
    (void)state;
    static const struct {
        sm_perturbation kind;
        double neutral, weak, strong, tolerance;
    } cases[] = {{SM_PERTURB_CONTRAST, 1, 0.8, 0.4, 0}, {SM_PERTURB_BRIGHTNESS, 0, 0.05, 0.3, 0},
                 {SM_PERTURB_BLUR, 0, 0.75, 4, 0},      {SM_PERTURB_SPECKLE, 0, 0.1, 0.4, 0},
                 {SM_PERTURB_JPEG, 100, 60, 8, 1.5},    {SM_PERTURB_DOWNSCALE, 1, 1.5, 4, 0}};
    sm_sample sample;
    assert_int_equal(sm_phantom_draw(WIDTH, HEIGHT, SM_CLASS_BENIGN, 3, &sample, NULL), SM_OK);
    const sm_image picture = {.width = WIDTH, .height = HEIGHT, .channels = 1, .pixels = sample.grey};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const double strengths[] = {cases[c].neutral, cases[c].weak, cases[c].strong};
        double changed[3];
        for (int s = 0; s < 3; s++) {
            sm_image image;
            uint8_t *mask;
            assert_int_equal(
                sm_perturb(cases[c].kind, strengths[s], &picture, sample.mask, SIZE, 1, &image, &mask, NULL), SM_OK);
            assert_true(image.width == WIDTH && image.height == HEIGHT && image.channels == 1);
            assert_memory_equal(mask, sample.mask, WIDTH * HEIGHT);
            changed[s] = difference(&image, sample.grey);
            sm_image_free(&image);
            free(mask);
        }
        if (!(changed[0] <= cases[c].tolerance && changed[0] < changed[1] && changed[1] < changed[2]))
            fail_msg("%s: %g, %g, %g", sm_perturbation_name(cases[c].kind), changed[0], changed[1], changed[2]);
    }
    sm_sample_free(&sample);
}

static void a_crop_cuts_image_and_mask_alike(void **state) {
    (void)state;
    uint8_t rgba[10 * 8 * 4], mask[10 * 8];
    for (int i = 0; i < 80; i++) {
        for (int c = 0; c < 3; c++) rgba[4 * i + c] = (uint8_t)i;
        rgba[4 * i + 3] = i == 33 ? 0 : 255;
        mask[i] = (uint8_t)i;
    }
    const sm_image picture = {.width = 10, .height = 8, .channels = 4, .pixels = rgba};
    sm_image image;
    uint8_t *cut;
    assert_int_equal(sm_perturb(SM_PERTURB_CROP, 0.2, &picture, mask, SIZE, 1, &image, &cut, NULL), SM_OK);
    assert_true(image.width == 6 && image.height == 6 && image.channels == 3);
    for (int y = 0; y < 6; y++)
        for (int x = 0; x < 6; x++) {
            const int from = (y + 1) * 10 + x + 2;
            assert_int_equal(cut[y * 6 + x], from);
            assert_int_equal(image.pixels[3 * (y * 6 + x)], from == 33 ? 0 : from);
        }
    sm_image_free(&image);
    free(cut);
}

static void the_study_has_five_changes(void **state) {
    (void)state;
    sm_robustness robustness = sm_robustness_make();
    int study = 0;
    for (int p = 0; p < SM_ROBUSTNESS_POINTS; p++) {
        study += robustness.points[p].study;
        robustness.points[p].lesion_images = 2;
        robustness.points[p].dice = robustness.points[p].study ? 1.6 : 1.0;
    }
    assert_int_equal(study, 5);
    assert_near(sm_robustness_study_dice(&robustness), 0.8, 1e-12);
    assert_true(robustness.points[0].kind == SM_PERTURBATIONS &&
                robustness.points[SM_ROBUSTNESS_POINTS - 1].kind == SM_PERTURB_CROP);
    assert_true(isnan(sm_robustness_accuracy(&robustness.points[0])));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_perfect_ranking_scores_best),    cmocka_unit_test(ties_and_weights_count),
        cmocka_unit_test(changes_grow_with_their_strength), cmocka_unit_test(a_crop_cuts_image_and_mask_alike),
        cmocka_unit_test(the_study_has_five_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
