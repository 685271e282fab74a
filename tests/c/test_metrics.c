/** Metrics against hand-computed values and against slow computations from the definitions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/metrics/bootstrap.h"
#include "../../native/metrics/classes.h"
#include "../../native/metrics/paired.h"
#include "../../native/metrics/pixels.h"
#include "../../native/metrics/reliability.h"
#include "../../native/metrics/roc.h"
#include "../../native/metrics/surface_distance.h"
#include "assert_near.h"
#include "test_random.h"

static void assert_undefined(double value) {
    if (!isnan(value)) fail_msg("%g is not NaN", value);
}

/* ---- pixels ---- */

static void counts_and_scores_of_pixels(void **state) {
    (void)state;
    /* 4 true positives, 1 false positive, 2 false negatives, 3 true negatives; 127 is background, 128 is lesion. */
    const uint8_t reference[10] = {255, 255, 128, 255, 255, 255, 0, 0, 0, 127};
    const uint8_t predicted[10] = {255, 128, 255, 255, 127, 0, 255, 0, 127, 0};
    sm_pixel_counts counts = sm_pixel_count(reference, predicted, 10);
    assert_int_equal(counts.true_positive, 4);
    assert_int_equal(counts.false_positive, 1);
    assert_int_equal(counts.false_negative, 2);
    assert_int_equal(counts.true_negative, 3);
    sm_binary_scores scores = sm_binary_scores_of(&counts);
    assert_near(scores.accuracy, 0.7, 1e-12);
    assert_near(scores.precision, 4.0 / 5, 1e-12);
    assert_near(scores.recall, 4.0 / 6, 1e-12);
    assert_near(scores.sensitivity, 4.0 / 6, 1e-12);
    assert_near(scores.specificity, 3.0 / 4, 1e-12);
    assert_near(scores.dice, 8.0 / 11, 1e-12);
    assert_near(scores.f1, 8.0 / 11, 1e-12);
    assert_near(scores.iou, 4.0 / 7, 1e-12);
    const sm_pixel_counts more = {100, 200, 300, 400};
    sm_pixel_counts_add(&counts, &more);
    assert_int_equal(counts.true_positive, 104);
    assert_int_equal(counts.false_positive, 201);
    assert_int_equal(counts.false_negative, 302);
    assert_int_equal(counts.true_negative, 403);
}

static void assert_overlap(const sm_pixel_counts *counts, double precision, double recall, double dice) {
    const sm_binary_scores scores = sm_binary_scores_of(counts);
    assert_near(scores.precision, precision, 0);
    assert_near(scores.recall, recall, 0);
    assert_near(scores.dice, dice, 0);
    assert_near(scores.iou, dice, 0); /* they agree at 0 and at 1 */
}

static void empty_masks(void **state) {
    (void)state;
    assert_overlap(&(sm_pixel_counts){.true_negative = 9}, 1, 1, 1);
    assert_overlap(&(sm_pixel_counts){.true_negative = 1}, 1, 1, 1);
    assert_overlap(&(sm_pixel_counts){.false_negative = 4, .true_negative = 5}, 0, 0, 0);
    assert_overlap(&(sm_pixel_counts){.false_positive = 4, .true_negative = 5}, 0, 0, 0);
    assert_overlap(&(sm_pixel_counts){.false_negative = 1}, 0, 0, 0);
    assert_overlap(&(sm_pixel_counts){.false_positive = 1}, 0, 0, 0);
    assert_overlap(&(sm_pixel_counts){.true_positive = 1}, 1, 1, 1);
    assert_near(sm_binary_scores_of(&(sm_pixel_counts){.true_negative = 1}).specificity, 1, 0);
    assert_near(sm_binary_scores_of(&(sm_pixel_counts){.false_positive = 1}).specificity, 0, 0);
    assert_undefined(sm_binary_scores_of(&(sm_pixel_counts){.true_positive = 9}).specificity);
    const sm_binary_scores none = sm_binary_scores_of(&(sm_pixel_counts){0});
    assert_undefined(none.accuracy);
    assert_undefined(none.precision);
    assert_undefined(none.recall);
    assert_undefined(none.dice);
    assert_undefined(none.iou);
}

static void mean_scores_leave_out_undefined_values(void **state) {
    (void)state;
    const sm_binary_scores scores[3] = {
        {.accuracy = 0.1, .precision = 0.2, .recall = 0.3, .specificity = 0.4, .dice = 0.5, .iou = 0.6},
        {.accuracy = 0.3, .precision = 0.6, .recall = 0.5, .specificity = NAN, .dice = 0.8, .iou = 1},
        {.accuracy = NAN, .precision = NAN, .recall = NAN, .specificity = NAN, .dice = NAN, .iou = NAN}};
    const sm_binary_scores mean = sm_binary_scores_mean(scores, 3);
    assert_near(mean.accuracy, 0.2, 1e-12);
    assert_near(mean.precision, 0.4, 1e-12);
    assert_near(mean.recall, 0.4, 1e-12);
    assert_near(mean.sensitivity, 0.4, 1e-12);
    assert_near(mean.specificity, 0.4, 1e-12);
    assert_near(mean.dice, 0.65, 1e-12);
    assert_near(mean.f1, 0.65, 1e-12);
    assert_near(mean.iou, 0.8, 1e-12);
    assert_undefined(sm_binary_scores_mean(scores + 2, 1).dice);
    assert_undefined(sm_binary_scores_mean(scores, 0).accuracy);
}

/* ---- classes ---- */

static void classification_report_by_hand(void **state) {
    (void)state;
    /* Rows 8, 4, 1 and columns 6, 5, 2 of 13 images; 8 are on the diagonal. */
    const sm_confusion confusion = {{{5, 2, 1}, {0, 3, 1}, {1, 0, 0}}};
    const sm_classification_report report = sm_classification_report_of(&confusion);
    const double f1[2] = {10.0 / 14, 6.0 / 9};
    assert_near(report.accuracy, 8.0 / 13, 1e-12);
    assert_near(report.classes[0].precision, 5.0 / 6, 1e-12);
    assert_near(report.classes[1].precision, 3.0 / 5, 1e-12);
    assert_near(report.classes[2].precision, 0, 0);
    assert_near(report.classes[0].recall, 5.0 / 8, 1e-12);
    assert_near(report.classes[1].recall, 3.0 / 4, 1e-12);
    assert_near(report.classes[2].recall, 0, 0);
    assert_near(report.classes[0].f1, f1[0], 1e-12);
    assert_near(report.classes[1].f1, f1[1], 1e-12);
    assert_near(report.classes[2].f1, 0, 0);
    assert_near(report.classes[0].support, 8, 0);
    assert_near(report.classes[2].support, 1, 0);
    assert_near(report.macro.precision, (5.0 / 6 + 3.0 / 5) / 3, 1e-12);
    assert_near(report.macro.recall, (5.0 / 8 + 3.0 / 4) / 3, 1e-12);
    assert_near(report.macro.f1, (f1[0] + f1[1]) / 3, 1e-12);
    assert_near(report.macro.support, 13, 0);
    assert_near(report.balanced_accuracy, report.macro.recall, 0);
    assert_near(report.weighted.precision, (5.0 / 6 * 8 + 3.0 / 5 * 4) / 13, 1e-12);
    assert_near(report.weighted.recall, 8.0 / 13, 1e-12);
    assert_near(report.weighted.f1, (f1[0] * 8 + f1[1] * 4) / 13, 1e-12);
    assert_near(report.weighted.support, 13, 0);
    /* 13 * 8 - (8 * 6 + 4 * 5 + 1 * 2) = 34; 169 - 64 - 16 - 1 = 88; 169 - 36 - 25 - 4 = 104. */
    assert_near(report.mcc, 34 / sqrt(88.0 * 104), 1e-12);
}

static void a_class_without_images_is_left_out(void **state) {
    (void)state;
    const sm_confusion confusion = {{{0, 0, 0}, {1, 3, 0}, {0, 0, 4}}};
    sm_classification_report report = sm_classification_report_of(&confusion);
    assert_near(report.classes[0].precision, 0, 0);
    assert_undefined(report.classes[0].recall);
    assert_undefined(report.classes[0].f1);
    assert_near(report.classes[0].support, 0, 0);
    assert_near(report.balanced_accuracy, (0.75 + 1) / 2, 1e-12);
    assert_near(report.macro.precision, 1, 1e-12);
    report = sm_classification_report_of(&(sm_confusion){0});
    assert_undefined(report.accuracy);
    assert_undefined(report.macro.precision);
    assert_undefined(report.weighted.f1);
    assert_undefined(report.mcc);
}

static void a_single_image_or_prediction(void **state) {
    (void)state;
    sm_classification_report report = sm_classification_report_of(&(sm_confusion){{{0, 0, 0}, {0, 1, 0}, {0, 0, 0}}});
    assert_near(report.accuracy, 1, 0);
    assert_near(report.classes[1].recall, 1, 0);
    assert_near(report.classes[1].f1, 1, 0);
    assert_undefined(report.classes[0].precision);
    assert_near(report.macro.f1, 1, 0);
    assert_near(report.mcc, 0, 0);
    /* A class that is never predicted has precision 0; with one predicted class there is no correlation. */
    report = sm_classification_report_of(&(sm_confusion){{{0, 1, 0}, {0, 1, 0}, {0, 0, 0}}});
    assert_near(report.classes[0].precision, 0, 0);
    assert_near(report.classes[0].f1, 0, 0);
    assert_near(report.macro.precision, 0.25, 1e-12);
    assert_near(report.mcc, 0, 0);
}

/* ---- ROC ---- */

enum { CASES = 60 };

static void make_cases(sm_roc_case *cases, uint32_t seed) {
    for (int i = 0; i < CASES; i++) {
        bool positive = test_random_uniform(&seed) < 0.4;
        /* Few distinct scores, so that there are ties. */
        double score = floor(8 * test_random_uniform(&seed) + (positive ? 1.5 : 0)) / 8;
        cases[i] = (sm_roc_case){.score = score, .positive = positive, .item = i};
    }
}

static double area_by_pairs(const sm_roc_case *cases, const int *weights) {
    double right = 0, pairs = 0;
    for (int p = 0; p < CASES; p++)
        for (int n = 0; n < CASES; n++) {
            if (!cases[p].positive || cases[n].positive) continue;
            double weight = weights[cases[p].item] * weights[cases[n].item];
            pairs += weight;
            right += weight * (cases[p].score > cases[n].score ? 1 : cases[p].score == cases[n].score ? 0.5 : 0);
        }
    return right / pairs;
}

static void area_equals_counting_pairs(void **state) {
    (void)state;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        sm_roc_case cases[CASES];
        int weights[CASES], ones[CASES];
        uint32_t dice = seed + 100;
        for (int i = 0; i < CASES; i++) {
            weights[i] = (int)(3 * test_random_uniform(&dice));
            ones[i] = 1;
        }
        make_cases(cases, seed);
        sm_roc_sort(cases, CASES);
        assert_near(sm_roc_area(cases, CASES, NULL), area_by_pairs(cases, ones), 1e-12);
        assert_near(sm_roc_area(cases, CASES, weights), area_by_pairs(cases, weights), 1e-12);
    }
}

static void curve_encloses_its_area(void **state) {
    (void)state;
    sm_roc_case cases[CASES];
    sm_roc_point points[CASES + 1];
    make_cases(cases, 3);
    sm_roc_sort(cases, CASES);
    int count = sm_roc_curve(cases, CASES, points);
    double area = 0;
    for (int i = 1; i < count; i++)
        area += (points[i].false_positive_rate - points[i - 1].false_positive_rate) *
                (points[i].true_positive_rate + points[i - 1].true_positive_rate) / 2;
    assert_near(area, sm_roc_area(cases, CASES, NULL), 1e-12);
    assert_near(points[0].true_positive_rate, 0, 0);
    assert_near(points[count - 1].false_positive_rate, 1, 0);
    assert_near(points[count - 1].true_positive_rate, 1, 0);
}

static void curve_by_hand(void **state) {
    (void)state;
    /* Scores 9+ 8- 8+ 7+ 6-: the tie gives one point. */
    sm_roc_case cases[5] = {{6, false, 4}, {8, true, 2}, {9, true, 0}, {7, true, 3}, {8, false, 1}};
    sm_roc_point points[6];
    sm_roc_sort(cases, 5);
    for (int i = 0; i < 5; i++) assert_int_equal(cases[i].item, i);
    assert_near(sm_roc_area(cases, 5, NULL), (3 + 1 + 0.5) / 6, 1e-12);
    assert_int_equal(sm_roc_curve(cases, 5, points), 5);
    const double expected[5][3] = {{0, 0, INFINITY}, {0, 1.0 / 3, 9}, {0.5, 2.0 / 3, 8}, {0.5, 1, 7}, {1, 1, 6}};
    for (int i = 0; i < 5; i++) {
        assert_near(points[i].false_positive_rate, expected[i][0], 1e-12);
        assert_near(points[i].true_positive_rate, expected[i][1], 1e-12);
        assert_true(points[i].threshold == expected[i][2]);
    }
    /* A case of weight 0 is absent, one of weight 2 counts twice. */
    const int weights[5] = {1, 0, 1, 1, 2};
    assert_near(sm_roc_area(cases, 5, weights), 1, 1e-12);
    const int reversed[5] = {0, 2, 0, 1, 1};
    assert_near(sm_roc_area(cases, 5, reversed), 1.0 / 3, 1e-12);
}

static void one_case_of_each_kind_is_enough(void **state) {
    (void)state;
    sm_roc_case right[2] = {{0.1, false, 0}, {0.9, true, 1}}, wrong[2] = {{0.9, false, 0}, {0.1, true, 1}};
    sm_roc_point points[3];
    sm_roc_sort(right, 2);
    assert_near(sm_roc_area(right, 2, NULL), 1, 0);
    assert_near(sm_roc_area(wrong, 2, NULL), 0, 0);
    assert_int_equal(sm_roc_curve(right, 2, points), 3);
}

static void one_sided_cases_have_no_area(void **state) {
    (void)state;
    const sm_roc_case positive[2] = {{0.9, true, 0}, {0.1, true, 1}}, negative[2] = {{0.9, false, 0}, {0.1, false, 1}};
    sm_roc_point points[3];
    assert_undefined(sm_roc_area(positive, 2, NULL));
    assert_undefined(sm_roc_area(negative, 2, NULL));
    assert_undefined(sm_roc_area(NULL, 0, NULL));
    assert_int_equal(sm_roc_curve(positive, 2, points), 0);
    assert_int_equal(sm_roc_curve(negative, 2, points), 0);
}

/* NaN is not equal to itself: the loops over ties must still advance. */
static void scores_that_are_not_finite_end(void **state) {
    (void)state;
    const sm_roc_case cases[3] = {{NAN, true, 0}, {NAN, false, 1}, {0.1, true, 2}};
    sm_roc_point points[4];
    assert_true(sm_roc_area(cases, 3, NULL) >= 0);
    assert_int_equal(sm_roc_curve(cases, 3, points), 4);
}

/* ---- reliability ---- */

static void reliability_by_hand(void **state) {
    (void)state;
    /* Confidence 0.8, correct; 0.5 twice, one correct; 0.8, wrong; a tie of 0.4 between normal and malignant. */
    const double probabilities[5][SM_CLASS_COUNT] = {
        {0.1, 0.8, 0.1}, {0.5, 0.25, 0.25}, {0.25, 0.25, 0.5}, {0.8, 0.2, 0}, {0.4, 0.2, 0.4}};
    const sm_class true_class[5] = {SM_CLASS_BENIGN, SM_CLASS_NORMAL, SM_CLASS_BENIGN, SM_CLASS_MALIGNANT,
                                    SM_CLASS_NORMAL};
    sm_reliability reliability = sm_reliability_of(probabilities, true_class, NULL, 5);
    assert_near(reliability.bins[8].count, 2, 0);
    assert_near(reliability.bins[8].confidence, 0.8, 1e-12);
    assert_near(reliability.bins[8].accuracy, 0.5, 1e-12);
    assert_near(reliability.bins[5].count, 2, 0);
    assert_near(reliability.bins[5].accuracy, 0.5, 1e-12);
    assert_near(reliability.bins[4].count, 1, 0);
    assert_near(reliability.bins[4].accuracy, 1, 0);
    assert_near(reliability.bins[4].confidence, 0.4, 1e-12);
    assert_near(reliability.bins[0].count, 0, 0);
    assert_undefined(reliability.bins[0].accuracy);
    assert_undefined(reliability.bins[0].confidence);
    /* |1 - 1.6| + |1 - 1.0| + |1 - 0.4|, of 5 images. */
    assert_near(reliability.ece, 1.2 / 5, 1e-12);
    const double squares[5] = {0.01 + 0.04 + 0.01, 0.25 + 0.0625 + 0.0625, 0.0625 + 0.5625 + 0.25, 0.64 + 0.04 + 1,
                               0.36 + 0.04 + 0.16};
    assert_near(reliability.brier, (squares[0] + squares[1] + squares[2] + squares[3] + squares[4]) / 5, 1e-12);
    assert_near(reliability.log_loss, -(log(0.8) + log(0.5) + log(0.25) + log(1e-12) + log(0.4)) / 5, 1e-9);
    const int weights[5] = {3, 0, 0, 1, 0};
    reliability = sm_reliability_of(probabilities, true_class, weights, 5);
    assert_near(reliability.bins[8].count, 4, 0);
    assert_near(reliability.bins[8].accuracy, 0.75, 1e-12);
    assert_near(reliability.ece, 0.05, 1e-12);
    assert_near(reliability.brier, (3 * squares[0] + squares[3]) / 4, 1e-12);
    assert_near(reliability.log_loss, -(3 * log(0.8) + log(1e-12)) / 4, 1e-9);
}

static void reliability_without_images_is_undefined(void **state) {
    (void)state;
    const double probabilities[1][SM_CLASS_COUNT] = {{0, 1, 0}};
    const sm_class true_class[1] = {SM_CLASS_BENIGN};
    const int none[1] = {0};
    assert_undefined(sm_reliability_of(NULL, NULL, NULL, 0).ece);
    assert_undefined(sm_reliability_of(NULL, NULL, NULL, 0).brier);
    assert_undefined(sm_reliability_of(NULL, NULL, NULL, 0).log_loss);
    assert_undefined(sm_reliability_of(probabilities, true_class, none, 1).ece);
    assert_near(sm_reliability_of(probabilities, true_class, NULL, 1).ece, 0, 0);
}

static void confidence_of_one_falls_in_the_last_bin(void **state) {
    (void)state;
    const double probabilities[1][SM_CLASS_COUNT] = {{0, 0, 1}};
    const sm_class true_class[1] = {SM_CLASS_NORMAL};
    const sm_reliability reliability = sm_reliability_of(probabilities, true_class, NULL, 1);
    assert_near(reliability.bins[SM_RELIABILITY_BINS - 1].count, 1, 0);
    assert_near(reliability.ece, 1, 0);
    assert_near(reliability.brier, 2, 0);
}

static void temperature_is_reverted(void **state) {
    (void)state;
    const double logits[3] = {0.3, -1.2, 2.5}, temperature = 1.7;
    double calibrated[3], expected[3], raw[3], sum = 0, raw_sum = 0;
    for (int k = 0; k < 3; k++) {
        sum += calibrated[k] = exp(logits[k] / temperature);
        raw_sum += expected[k] = exp(logits[k]);
    }
    for (int k = 0; k < 3; k++) calibrated[k] /= sum;
    sm_probabilities_before_temperature(calibrated, temperature, raw);
    for (int k = 0; k < 3; k++) assert_near(raw[k], expected[k] / raw_sum, 1e-12);
    const double certain[3] = {0, 1, 0};
    sm_probabilities_before_temperature(certain, temperature, raw);
    assert_near(raw[0], 0, 0);
    assert_near(raw[1], 1, 0);
    /* Probabilities that have all underflowed give no preference. */
    const double none[3] = {0, 0, 0};
    sm_probabilities_before_temperature(none, temperature, raw);
    for (int k = 0; k < 3; k++) assert_near(raw[k], 1.0 / 3, 1e-12);
}

/* ---- outlines ---- */

enum { SIDE = 48 };

static void rectangle(uint8_t *mask, int left, int top, int width, int height) {
    memset(mask, 0, SIDE * SIDE);
    for (int y = top; y < top + height; y++) memset(mask + y * SIDE + left, 255, (size_t)width);
}

static sm_surface_distances measure(const uint8_t *reference, const uint8_t *predicted) {
    sm_surface_distances distances;
    assert_int_equal(sm_surface_distance(reference, predicted, SIDE, SIDE, &distances, NULL), SM_OK);
    return distances;
}

static void distances_of_simple_shapes(void **state) {
    (void)state;
    static uint8_t a[SIDE * SIDE], b[SIDE * SIDE];
    rectangle(a, 10, 10, 20, 20);
    assert_near(measure(a, a).hd95, 0, 0);
    assert_near(measure(a, a).surface_dice, 1, 0);
    /* Two points, 3 pixels apart in x and 4 in y. */
    rectangle(a, 5, 5, 1, 1);
    rectangle(b, 8, 9, 1, 1);
    assert_near(measure(a, b).hd95, 5, 1e-6);
    assert_near(measure(a, b).surface_dice, 0, 0);
    /* Two parallel lines, at the tolerance and one pixel beyond it. */
    rectangle(a, 5, 5, 1, 30);
    rectangle(b, 7, 5, 1, 30);
    assert_near(measure(a, b).hd95, 2, 1e-6);
    assert_near(measure(a, b).surface_dice, 1, 0);
    rectangle(b, 8, 5, 1, 30);
    assert_near(measure(a, b).hd95, 3, 1e-6);
    assert_near(measure(a, b).surface_dice, 0, 0);
}

static void distances_at_the_border(void **state) {
    (void)state;
    static uint8_t a[SIDE * SIDE], b[SIDE * SIDE];
    /* Pixels of the first column and row only. */
    rectangle(a, 0, 0, 1, 1);
    assert_near(measure(a, a).surface_dice, 1, 0);
    assert_near(measure(a, a).hd95, 0, 0);
    /* Distances 0 and 1 one way, 0 the other way: the 95th percentile is interpolated. */
    rectangle(b, 0, 0, 2, 1);
    assert_near(measure(a, b).hd95, 0.95, 1e-6);
    assert_near(measure(a, b).surface_dice, 1, 0);
    /* The outline of the whole image is its border: 4 * 47 pixels, 5 of them within 2 pixels of the corner. */
    rectangle(b, 0, 0, SIDE, SIDE);
    rectangle(a, 0, 0, 1, 1);
    assert_near(measure(a, b).surface_dice, (1 + 5) / (1 + 4.0 * (SIDE - 1)), 1e-12);
    /* 127 is background, 128 is lesion. */
    memset(b, 127, sizeof b);
    b[0] = 128;
    assert_near(measure(a, b).surface_dice, 1, 0);
    assert_near(measure(a, b).hd95, 0, 0);
    memset(b, 127, sizeof b);
    assert_undefined(measure(b, b).surface_dice);
}

static void distances_to_an_empty_mask(void **state) {
    (void)state;
    static uint8_t a[SIDE * SIDE], none[SIDE * SIDE];
    rectangle(a, 0, 0, SIDE, SIDE);
    memset(none, 0, sizeof none);
    assert_undefined(measure(a, none).hd95);
    assert_near(measure(a, none).surface_dice, 0, 0);
    assert_near(measure(none, a).surface_dice, 0, 0);
    assert_undefined(measure(none, none).surface_dice);
    assert_near(measure(a, a).hd95, 0, 0);
}

static bool on_outline(const uint8_t *mask, int x, int y) {
    if (mask[y * SIDE + x] < 128) return false;
    if (x == 0 || y == 0 || x == SIDE - 1 || y == SIDE - 1) return true;
    return mask[y * SIDE + x - 1] < 128 || mask[y * SIDE + x + 1] < 128 || mask[(y - 1) * SIDE + x] < 128 ||
           mask[(y + 1) * SIDE + x] < 128;
}

static int ascending(const void *first, const void *second) {
    double a = *(const double *)first, b = *(const double *)second;
    return a < b ? -1 : a > b;
}

/* The 95th percentile of distances from one outline to the other, from all pairs. */
static double slow_percentile(const uint8_t *from, const uint8_t *to, int *within, int *total) {
    static double found[SIDE * SIDE];
    int count = 0;
    for (int i = 0; i < SIDE * SIDE; i++) {
        if (!on_outline(from, i % SIDE, i / SIDE)) continue;
        double nearest = INFINITY;
        for (int k = 0; k < SIDE * SIDE; k++)
            if (on_outline(to, k % SIDE, k / SIDE))
                nearest = fmin(nearest, hypot(i % SIDE - k % SIDE, i / SIDE - k / SIDE));
        found[count++] = nearest;
        *within += nearest <= SM_SURFACE_TOLERANCE;
    }
    *total += count;
    qsort(found, (size_t)count, sizeof *found, ascending);
    double place = 0.95 * (count - 1);
    int below = (int)place, above = below + 1 < count ? below + 1 : below;
    return found[below] + (place - below) * (found[above] - found[below]);
}

static void distances_equal_trying_all_pairs(void **state) {
    (void)state;
    static uint8_t masks[2][SIDE * SIDE];
    for (uint32_t seed = 1; seed <= 6; seed++) {
        uint32_t random = seed;
        for (int m = 0; m < 2; m++) {
            memset(masks[m], 0, sizeof masks[m]);
            for (int blob = 0; blob < 3; blob++) {
                double x = SIDE * test_random_uniform(&random), y = SIDE * test_random_uniform(&random),
                       radius = 2 + 8 * test_random_uniform(&random);
                for (int i = 0; i < SIDE * SIDE; i++)
                    if (hypot(i % SIDE - x, i / SIDE - y) < radius) masks[m][i] = 255;
            }
        }
        int within = 0, total = 0;
        double first = slow_percentile(masks[0], masks[1], &within, &total);
        double second = slow_percentile(masks[1], masks[0], &within, &total);
        sm_surface_distances distances = measure(masks[0], masks[1]);
        assert_near(distances.hd95, fmax(first, second), 1e-4);
        assert_near(distances.surface_dice, (double)within / total, 1e-12);
    }
}

/* ---- bootstrap ---- */

typedef struct items {
    const double *values;
    int count;
} items;

static void mean_statistic(void *data, const int *weights, double *values) {
    const items *list = data;
    double sum = 0, weight = 0;
    for (int i = 0; i < list->count; i++) {
        sum += weights[i] * list->values[i];
        weight += weights[i];
    }
    values[0] = sum / weight;
    values[1] = NAN;
}

enum { ITEMS = 200 };

static void intervals(const double *values, const int *group, int groups, uint64_t seed, sm_interval *found) {
    items list = {values, ITEMS};
    assert_int_equal(sm_bootstrap(group, ITEMS, groups, 1000, seed, mean_statistic, &list, 2, found, NULL), SM_OK);
}

static void bootstrap_intervals_are_right_and_repeatable(void **state) {
    (void)state;
    double values[ITEMS];
    int alone[ITEMS], pairs[ITEMS];
    uint32_t random = 5;
    for (int i = 0; i < ITEMS; i++) {
        values[i] = i % 2 ? values[i - 1] : test_random_uniform(&random);
        alone[i] = i;
        pairs[i] = i / 2;
    }
    sm_interval first[2], again[2], other[2], grouped[2];
    intervals(values, alone, ITEMS, 7, first);
    intervals(values, alone, ITEMS, 7, again);
    intervals(values, alone, ITEMS, 8, other);
    intervals(values, pairs, ITEMS / 2, 7, grouped);
    assert_memory_equal(&first[0], &again[0], sizeof first[0]);
    assert_true(first[0].low != other[0].low);
    /* The mean of 200 uniform values has a standard error of about 0.289 / sqrt(200) = 0.0204. */
    assert_near(first[0].high - first[0].low, 2 * 1.96 * 0.0204, 0.012);
    /* Pairs drawn together are half as many independent values: the interval is wider by the square root of 2. */
    assert_near((grouped[0].high - grouped[0].low) / (first[0].high - first[0].low), sqrt(2), 0.2);
    assert_undefined(first[1].low);
    assert_undefined(first[1].high);
}

/* Replicate r has the value r; the first `undefined` ones have none. */
typedef struct replicate_counter {
    int next, undefined;
} replicate_counter;

static void count_replicates(void *data, const int *weights, double *values) {
    replicate_counter *counter = data;
    (void)weights;
    values[0] = counter->next < counter->undefined ? (double)NAN : (double)counter->next;
    counter->next++;
}

static sm_interval interval_of_counter(int replicates, int undefined) {
    replicate_counter counter = {.undefined = undefined};
    const int group[1] = {0};
    sm_interval found;
    assert_int_equal(sm_bootstrap(group, 1, 1, replicates, 1, count_replicates, &counter, 1, &found, NULL), SM_OK);
    assert_int_equal(counter.next, replicates);
    return found;
}

static void intervals_are_interpolated_percentiles(void **state) {
    (void)state;
    assert_near(interval_of_counter(1001, 0).low, 25, 1e-9);
    assert_near(interval_of_counter(1001, 0).high, 975, 1e-9);
    /* Of 0 .. 4 the positions are 0.1 and 3.9. */
    assert_near(interval_of_counter(5, 0).low, 0.1, 1e-12);
    assert_near(interval_of_counter(5, 0).high, 3.9, 1e-12);
    /* Half of the values must be finite: 2 and 3 of four are enough, 3 alone is not. */
    assert_near(interval_of_counter(4, 2).low, 2.025, 1e-12);
    assert_near(interval_of_counter(4, 2).high, 2.975, 1e-12);
    assert_undefined(interval_of_counter(4, 3).low);
    assert_undefined(interval_of_counter(5, 3).high);
    assert_near(interval_of_counter(2, 1).low, 1, 0);
    assert_near(interval_of_counter(2, 1).high, 1, 0);
}

/* Item i is in group i, and item 5 in group 0 as well. */
static void check_draw(void *data, const int *weights, double *values) {
    /* Computed with another program from the definition of splitmix64, seed 7. */
    static const int expected[2][6] = {{1, 1, 2, 0, 1, 1}, {1, 2, 2, 0, 0, 1}};
    int *replicate = data;
    assert_memory_equal(weights, expected[(*replicate)++], sizeof expected[0]);
    values[0] = 0;
}

static void whole_groups_are_drawn(void **state) {
    (void)state;
    const int group[6] = {0, 1, 2, 3, 4, 0};
    int replicate = 0;
    sm_interval found;
    assert_int_equal(sm_bootstrap(group, 6, 5, 2, 7, check_draw, &replicate, 1, &found, NULL), SM_OK);
    assert_int_equal(replicate, 2);
}

static void a_bootstrap_without_items_is_refused(void **state) {
    (void)state;
    static const struct {
        int items, groups, replicates, values;
    } cases[] = {{0, 1, 10, 1}, {1, 0, 10, 1}, {1, 1, 1, 1}, {1, 1, 10, 0}};
    const int group[1] = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sm_interval found[2];
        sm_error error = {0};
        replicate_counter counter = {0};
        assert_int_equal(sm_bootstrap(group, cases[i].items, cases[i].groups, cases[i].replicates, 1, count_replicates,
                                      &counter, cases[i].values, found, &error),
                         SM_ERROR_ARGUMENT);
        assert_true(error.message[0] != '\0');
    }
}

static void test_paired_difference(void **state) {
    (void)state;
    sm_paired pairs = {0};
    assert_near(sm_paired_mean(&pairs), 0, 0);
    assert_true(isnan(sm_paired_error(&pairs)));
    static const double first[] = {1, 2, NAN, 4}, second[] = {2, 4, 9, 7}; /* differences 1, 2, 3: deviation 1 */
    static const int own[] = {2, 0, 1, 3};
    assert_int_equal(sm_paired_compare(first, second, own, 4, 4, &pairs, NULL), SM_OK);
    assert_int_equal(pairs.count, 3);
    assert_int_equal(pairs.groups, 3); /* group 1 has no image with both scores */
    assert_near(pairs.first, 7, 1e-12);
    assert_near(pairs.second, 13, 1e-12);
    assert_near(sm_paired_mean(&pairs), 2, 1e-12);
    assert_near(sm_paired_error(&pairs), 1 / sqrt(3), 1e-12);
}

static void paired_difference_of_grouped_images(void **state) {
    (void)state;
    sm_paired pairs;
    /* Differences 1, 2 | 6 | 3, 3: mean 3; sums of the deviations -3, 3, 0; squares 18 in three groups. */
    static const double first[5] = {0}, second[] = {1, 3, 6, 2, 3};
    static const int groups[] = {0, 2, 1, 0, 2};
    assert_int_equal(sm_paired_compare(first, second, groups, 5, 3, &pairs, NULL), SM_OK);
    assert_int_equal(pairs.groups, 3);
    assert_near(sm_paired_mean(&pairs), 3, 1e-12);
    assert_near(sm_paired_error(&pairs), sqrt(1.5 * 18) / 5, 1e-12);
    /* All images of one patient: nothing is known of others. */
    static const int one[5] = {0};
    assert_int_equal(sm_paired_compare(first, second, one, 5, 1, &pairs, NULL), SM_OK);
    assert_int_equal(pairs.groups, 1);
    assert_true(isnan(sm_paired_error(&pairs)));
}

/** Copies of an image in its group add nothing. */
static void copies_do_not_make_a_difference_surer(void **state) {
    (void)state;
    enum { IMAGES = 6, COPIES = 4 };
    static const double first[IMAGES] = {.5, .7, .2, .9, .8, .4}, second[IMAGES] = {.6, .7, .5, .85, .9, .6};
    double many_first[IMAGES * COPIES], many_second[IMAGES * COPIES];
    int groups[IMAGES], many_groups[IMAGES * COPIES];
    for (int i = 0; i < IMAGES * COPIES; i++) {
        many_first[i] = first[i % IMAGES];
        many_second[i] = second[i % IMAGES];
        many_groups[i] = groups[i % IMAGES] = i % IMAGES;
    }
    sm_paired single, many;
    assert_int_equal(sm_paired_compare(first, second, groups, IMAGES, IMAGES, &single, NULL), SM_OK);
    assert_int_equal(sm_paired_compare(many_first, many_second, many_groups, IMAGES * COPIES, IMAGES, &many, NULL),
                     SM_OK);
    assert_int_equal(many.count, IMAGES * COPIES);
    assert_int_equal(many.groups, single.groups);
    assert_near(sm_paired_mean(&many), sm_paired_mean(&single), 1e-12);
    assert_near(sm_paired_error(&many), sm_paired_error(&single), 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paired_difference),
        cmocka_unit_test(paired_difference_of_grouped_images),
        cmocka_unit_test(copies_do_not_make_a_difference_surer),
        cmocka_unit_test(counts_and_scores_of_pixels),
        cmocka_unit_test(empty_masks),
        cmocka_unit_test(mean_scores_leave_out_undefined_values),
        cmocka_unit_test(classification_report_by_hand),
        cmocka_unit_test(a_class_without_images_is_left_out),
        cmocka_unit_test(a_single_image_or_prediction),
        cmocka_unit_test(area_equals_counting_pairs),
        cmocka_unit_test(curve_encloses_its_area),
        cmocka_unit_test(curve_by_hand),
        cmocka_unit_test(one_case_of_each_kind_is_enough),
        cmocka_unit_test(one_sided_cases_have_no_area),
        cmocka_unit_test(scores_that_are_not_finite_end),
        cmocka_unit_test(reliability_by_hand),
        cmocka_unit_test(reliability_without_images_is_undefined),
        cmocka_unit_test(confidence_of_one_falls_in_the_last_bin),
        cmocka_unit_test(temperature_is_reverted),
        cmocka_unit_test(distances_of_simple_shapes),
        cmocka_unit_test(distances_at_the_border),
        cmocka_unit_test(distances_to_an_empty_mask),
        cmocka_unit_test(distances_equal_trying_all_pairs),
        cmocka_unit_test(bootstrap_intervals_are_right_and_repeatable),
        cmocka_unit_test(intervals_are_interpolated_percentiles),
        cmocka_unit_test(whole_groups_are_drawn),
        cmocka_unit_test(a_bootstrap_without_items_is_refused),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
