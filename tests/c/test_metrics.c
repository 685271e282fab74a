/** Scores against figures worked out by hand and against slow, plain computations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/report/tables.h"
#include "assert_near.h"
#include "test_random.h"

static void assert_undefined(double value) {
    if (!isnan(value)) fail_msg("%g where there should be no figure", value);
}

/* ---- pixels ---- */

static void counts_and_scores_of_pixels(void **state) {
    (void)state;
    const uint8_t truth[10] = {255, 255, 255, 255, 0, 0, 0, 0, 0, 127};
    const uint8_t predicted[10] = {255, 255, 128, 0, 255, 0, 0, 0, 0, 0};
    sm_pixel_counts counts = sm_pixel_count(truth, predicted, 10);
    assert_int_equal(counts.true_positive, 3);
    assert_int_equal(counts.false_positive, 1);
    assert_int_equal(counts.false_negative, 1);
    assert_int_equal(counts.true_negative, 5);
    sm_binary_scores scores = sm_binary_scores_of(&counts);
    assert_near(scores.accuracy, 0.8, 1e-12);
    assert_near(scores.precision, 0.75, 1e-12);
    assert_near(scores.recall, 0.75, 1e-12);
    assert_near(scores.sensitivity, 0.75, 1e-12);
    assert_near(scores.specificity, 5.0 / 6, 1e-12);
    assert_near(scores.dice, 0.75, 1e-12);
    assert_near(scores.f1, 0.75, 1e-12);
    assert_near(scores.iou, 0.6, 1e-12);
}

static void empty_masks_agree_and_missed_ones_score_nothing(void **state) {
    (void)state;
    const sm_pixel_counts both_empty = {.true_negative = 9}, missed = {.false_negative = 4, .true_negative = 5};
    const sm_pixel_counts invented = {.false_positive = 4, .true_negative = 5}, full = {.true_positive = 9};
    assert_near(sm_binary_scores_of(&both_empty).dice, 1, 0);
    assert_near(sm_binary_scores_of(&both_empty).precision, 1, 0);
    assert_near(sm_binary_scores_of(&missed).dice, 0, 0);
    assert_near(sm_binary_scores_of(&missed).precision, 0, 0);
    assert_near(sm_binary_scores_of(&invented).recall, 0, 0);
    assert_undefined(sm_binary_scores_of(&full).specificity);
    assert_undefined(sm_binary_scores_of(&(sm_pixel_counts){0}).dice);
}

static void mean_scores_leave_out_what_is_undefined(void **state) {
    (void)state;
    const sm_pixel_counts full = {.true_positive = 9},
                          half = {.true_positive = 1, .false_positive = 2, .true_negative = 6};
    const sm_binary_scores scores[2] = {sm_binary_scores_of(&full), sm_binary_scores_of(&half)};
    sm_binary_scores mean = sm_binary_scores_mean(scores, 2);
    assert_near(mean.dice, 0.75, 1e-12);
    assert_near(mean.specificity, 0.75, 1e-12);
    assert_undefined(sm_binary_scores_mean(scores, 0).dice);
}

/* ---- classes ---- */

static void classification_report_by_hand(void **state) {
    (void)state;
    const sm_confusion confusion = {{{2, 1, 0}, {0, 3, 1}, {1, 0, 2}}};
    sm_classification_report report = sm_classification_report_of(&confusion);
    assert_near(report.accuracy, 0.7, 1e-12);
    assert_near(report.classes[0].precision, 2.0 / 3, 1e-12);
    assert_near(report.classes[1].precision, 3.0 / 4, 1e-12);
    assert_near(report.classes[1].recall, 3.0 / 4, 1e-12);
    assert_near(report.classes[2].f1, 2.0 / 3, 1e-12);
    assert_near(report.classes[1].support, 4, 0);
    assert_near(report.balanced_accuracy, (2.0 / 3 + 3.0 / 4 + 2.0 / 3) / 3, 1e-12);
    assert_near(report.weighted.recall, 0.7, 1e-12);
    assert_near(report.macro.support, 10, 0);
    /* Margins are 3, 4, 3 on both sides: (7 * 10 - 34) / (100 - 34). */
    assert_near(report.mcc, 36.0 / 66, 1e-12);
}

static void a_class_without_images_is_no_zero(void **state) {
    (void)state;
    const sm_confusion confusion = {{{0, 0, 0}, {1, 3, 0}, {0, 0, 4}}};
    sm_classification_report report = sm_classification_report_of(&confusion);
    assert_undefined(report.classes[0].recall);
    assert_near(report.classes[0].support, 0, 0);
    assert_near(report.balanced_accuracy, (0.75 + 1) / 2, 1e-12);
    assert_undefined(sm_classification_report_of(&(sm_confusion){0}).accuracy);
    assert_undefined(sm_classification_report_of(&(sm_confusion){0}).mcc);
}

/* ---- ROC ---- */

enum { CASES = 60 };

static void make_cases(sm_roc_case *cases, uint32_t seed) {
    for (int i = 0; i < CASES; i++) {
        bool positive = test_random_uniform(&seed) < 0.4;
        /* Few distinct scores, so that ties abound. */
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

static void one_sided_cases_have_no_area(void **state) {
    (void)state;
    const sm_roc_case cases[2] = {{0.9, true, 0}, {0.1, true, 1}};
    sm_roc_point points[3];
    assert_undefined(sm_roc_area(cases, 2, NULL));
    assert_undefined(sm_roc_area(NULL, 0, NULL));
    assert_int_equal(sm_roc_curve(cases, 2, points), 0);
}

/* ---- calibration ---- */

static void calibration_by_hand(void **state) {
    (void)state;
    /* Ten answers of confidence 0.8, eight right; ten of confidence 0.55, four right. */
    double probabilities[20][SM_CLASS_COUNT];
    sm_class truth[20];
    for (int i = 0; i < 20; i++) {
        double confidence = i < 10 ? 0.8 : 0.55;
        probabilities[i][0] = (1 - confidence) / 2;
        probabilities[i][1] = confidence;
        probabilities[i][2] = (1 - confidence) / 2;
        truth[i] = (i < 10 ? i < 8 : i < 14) ? SM_CLASS_BENIGN : SM_CLASS_MALIGNANT;
    }
    sm_calibration calibration = sm_calibration_of((const double(*)[SM_CLASS_COUNT])probabilities, truth, NULL, 20);
    assert_near(calibration.ece, 0.5 * 0.0 + 0.5 * 0.15, 1e-12);
    assert_near(calibration.bins[8].count, 10, 0);
    assert_near(calibration.bins[8].accuracy, 0.8, 1e-12);
    assert_near(calibration.bins[5].confidence, 0.55, 1e-12);
    assert_undefined(calibration.bins[0].accuracy);
    double right_08 = 0.04 + 2 * 0.01, wrong_08 = 0.64 + 0.01 + 0.81;
    double right_055 = 0.2025 + 2 * 0.050625, wrong_055 = 0.3025 + 0.050625 + 0.600625;
    assert_near(calibration.brier, (8 * right_08 + 2 * wrong_08 + 4 * right_055 + 6 * wrong_055) / 20, 1e-9);
    assert_undefined(sm_calibration_of(NULL, NULL, NULL, 0).ece);
}

static void confidence_of_one_falls_in_the_last_bin(void **state) {
    (void)state;
    const double probabilities[1][SM_CLASS_COUNT] = {{0, 0, 1}};
    const sm_class truth[1] = {SM_CLASS_NORMAL};
    sm_calibration calibration = sm_calibration_of(probabilities, truth, NULL, 1);
    assert_near(calibration.bins[SM_RELIABILITY_BINS - 1].count, 1, 0);
    assert_near(calibration.ece, 1, 0);
    assert_near(calibration.brier, 2, 0);
    assert_true(isfinite(calibration.log_loss));
}

static void temperature_is_undone(void **state) {
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
    assert_near(raw[1], 1, 0);
}

/* ---- outlines ---- */

enum { SIDE = 48 };

static void rectangle(uint8_t *mask, int left, int top, int width, int height) {
    memset(mask, 0, SIDE * SIDE);
    for (int y = top; y < top + height; y++) memset(mask + y * SIDE + left, 255, (size_t)width);
}

static sm_surface_distances measure(const uint8_t *truth, const uint8_t *predicted) {
    sm_surface_distances distances;
    assert_int_equal(sm_surface_distance(truth, predicted, SIDE, SIDE, &distances, NULL), SM_OK);
    return distances;
}

static void distances_of_simple_shapes(void **state) {
    (void)state;
    static uint8_t a[SIDE * SIDE], b[SIDE * SIDE];
    rectangle(a, 10, 10, 20, 20);
    assert_near(measure(a, a).hd95, 0, 0);
    assert_near(measure(a, a).surface_dice, 1, 0);
    /* Two points 3 right and 4 down of each other. */
    rectangle(a, 5, 5, 1, 1);
    rectangle(b, 8, 9, 1, 1);
    assert_near(measure(a, b).hd95, 5, 1e-6);
    assert_near(measure(a, b).surface_dice, 0, 0);
    /* Two parallel lines: just within, and just beyond, the tolerance. */
    rectangle(a, 5, 5, 1, 30);
    rectangle(b, 7, 5, 1, 30);
    assert_near(measure(a, b).hd95, 2, 1e-6);
    assert_near(measure(a, b).surface_dice, 1, 0);
    rectangle(b, 8, 5, 1, 30);
    assert_near(measure(a, b).hd95, 3, 1e-6);
    assert_near(measure(a, b).surface_dice, 0, 0);
}

static void distances_to_nothing(void **state) {
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

/* The 95th percentile of distances from one outline to the other, by trying all pairs. */
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
    /* Twins drawn together are half as many independent values: wider by the square root of 2. */
    assert_near((grouped[0].high - grouped[0].low) / (first[0].high - first[0].low), sqrt(2), 0.2);
    assert_undefined(first[1].low);
    assert_undefined(first[1].high);
}

static void bootstrap_of_nothing_is_refused(void **state) {
    (void)state;
    sm_interval found[2];
    sm_error error = {0};
    assert_int_equal(sm_bootstrap(NULL, 0, 0, 1000, 1, mean_statistic, NULL, 2, found, &error), SM_ERROR_ARGUMENT);
    assert_true(error.message[0] != '\0');
}

/* ---- scores of images, and tables ---- */

enum { IMAGES = 12 };

/* Four images of each class in two data sets; every lesion has 100 pixels times its number. */
static void make_images(sm_record *records, sm_evaluated_image *images) {
    static char *const groups[IMAGES] = {"a:1", "a:1", "a:2", "a:3", "a:4", "a:5",
                                         "b:1", "b:2", "b:3", "b:4", "b:5", "b:6"};
    for (int i = 0; i < IMAGES; i++) {
        sm_class type = (sm_class)(i % 3);
        records[i] = (sm_record){.image = "picture.png",
                                 .type = type,
                                 .source = i < 6 ? "a" : "b",
                                 .group = groups[i],
                                 .fold = i % 2,
                                 .has_curated = i < 6,
                                 .curated = i < 3,
                                 .device = ""};
        sm_evaluated_image *image = &images[i];
        *image = (sm_evaluated_image){.record = &records[i], .width = 100, .height = 100, .predicted = type};
        long long area = type == SM_CLASS_NORMAL ? 0 : 100 * (i + 1);
        image->pixels = (sm_pixel_counts){.true_positive = area, .true_negative = 10000 - area};
        for (int k = 0; k < SM_CLASS_COUNT; k++)
            image->probabilities[k] = image->raw_probabilities[k] = k == (int)type ? 0.8 : 0.1;
        image->surface = (sm_surface_distances){area ? 1.0 : (double)NAN, area ? 1.0 : (double)NAN};
    }
    /* One lesion missed, one false mask, one wrong type. */
    images[1].pixels = (sm_pixel_counts){.false_negative = 200, .true_negative = 9800};
    images[1].surface = (sm_surface_distances){NAN, 0};
    images[3].pixels = (sm_pixel_counts){.false_positive = 50, .true_negative = 9950};
    images[4].predicted = SM_CLASS_MALIGNANT;
    images[4].probabilities[1] = 0.1;
    images[4].probabilities[2] = 0.8;
    for (int i = 0; i < IMAGES; i++) images[i].scores = sm_binary_scores_of(&images[i].pixels);
}

static void scores_of_a_few_images(void **state) {
    (void)state;
    sm_record records[IMAGES];
    sm_evaluated_image images[IMAGES];
    const sm_evaluated_image *list[IMAGES];
    sm_score_set scores;
    make_images(records, images);
    for (int i = 0; i < IMAGES; i++) list[i] = &images[i];
    assert_int_equal(sm_score_set_of(list, IMAGES, 1, &scores, NULL), SM_OK);
    assert_int_equal(scores.images, 12);
    assert_int_equal(scores.lesion_images, 8);
    assert_int_equal(scores.normal_images, 4);
    assert_int_equal(scores.groups, 11);
    assert_near(scores.figure[SM_FIGURE_LESION_DICE], 7.0 / 8, 1e-12);
    assert_near(scores.figure[SM_FIGURE_LESION_DICE_MEDIAN], 1, 0);
    assert_near(scores.figure[SM_FIGURE_BENIGN_DICE], 0.75, 1e-12);
    assert_near(scores.figure[SM_FIGURE_MALIGNANT_DICE], 1, 0);
    assert_near(scores.figure[SM_FIGURE_MISSED], 1.0 / 8, 1e-12);
    assert_near(scores.figure[SM_FIGURE_FALSE_MASK], 0.25, 1e-12);
    assert_near(scores.figure[SM_FIGURE_HD95], 1, 1e-12);
    assert_near(scores.figure[SM_FIGURE_SURFACE_DICE], 7.0 / 8, 1e-12);
    assert_near(scores.figure[SM_FIGURE_ACCURACY], 11.0 / 12, 1e-12);
    assert_near(scores.confusion.count[SM_CLASS_BENIGN][SM_CLASS_MALIGNANT], 1, 0);
    /* 16 pairs of a malignant and a benign image; four of them tie. */
    assert_near(scores.figure[SM_FIGURE_AUC_MALIGNANT_BENIGN], 14.0 / 16, 1e-12);
    assert_near(scores.figure[SM_FIGURE_AUC_LESION_NORMAL], 1, 1e-12);
    assert_near(scores.imagewise.dice, (12 - 2) / 12.0, 1e-12);
    assert_near(scores.imagewise_lesions.dice, 7.0 / 8, 1e-12);
    assert_int_equal(scores.pixels.false_negative, 200);
    assert_near(scores.pixelwise.recall, 1 - 200.0 / (200 + 300 + 500 + 600 + 800 + 900 + 1100 + 1200), 1e-12);
    const sm_interval dice = scores.interval[SM_FIGURE_LESION_DICE];
    assert_true(dice.low < 7.0 / 8 && dice.low >= 0.4 && dice.high <= 1);
}

static void scores_without_images_are_undefined(void **state) {
    (void)state;
    sm_score_set scores;
    assert_int_equal(sm_score_set_of(NULL, 0, 1, &scores, NULL), SM_OK);
    for (int f = 0; f < SM_FIGURE_COUNT; f++) {
        assert_undefined(scores.figure[f]);
        assert_undefined(scores.interval[f].low);
    }
}

static void a_single_image_has_scores(void **state) {
    (void)state;
    sm_record records[IMAGES];
    sm_evaluated_image images[IMAGES];
    sm_score_set scores;
    make_images(records, images);
    const sm_evaluated_image *normal = &images[0];
    assert_int_equal(sm_score_set_of(&normal, 1, 1, &scores, NULL), SM_OK);
    assert_undefined(scores.figure[SM_FIGURE_LESION_DICE]);
    assert_undefined(scores.figure[SM_FIGURE_AUC_LESION_NORMAL]);
    assert_near(scores.figure[SM_FIGURE_FALSE_MASK], 0, 0);
    assert_near(scores.figure[SM_FIGURE_ACCURACY], 1, 0);
}

static const sm_table *find_table(const sm_split *split, const char *key) {
    for (int t = 0; t < split->table_count; t++)
        if (strcmp(split->tables[t].key, key) == 0) return &split->tables[t];
    return NULL;
}

static void tables_part_the_images(void **state) {
    (void)state;
    sm_record records[IMAGES];
    sm_evaluated_image images[IMAGES];
    sm_split split = {.name = "all", .images = calloc(IMAGES, sizeof(sm_evaluated_image *)), .count = IMAGES};
    assert_non_null(split.images);
    make_images(records, images);
    for (int i = 0; i < IMAGES; i++) split.images[i] = &images[i];
    assert_int_equal(sm_split_score(&split, 1, NULL), SM_OK);
    const sm_table *source = find_table(&split, "source"), *size = find_table(&split, "size");
    const sm_table *fold = find_table(&split, "fold"), *class = find_table(&split, "class");
    assert_non_null(source);
    assert_int_equal(source->row_count, 3);
    assert_string_equal(source->rows[0].label, "a");
    assert_string_equal(source->rows[1].label, "a, curated");
    assert_int_equal(source->rows[0].scores.images, 6);
    assert_int_equal(source->rows[1].scores.images, 3);
    assert_int_equal(source->rows[2].scores.images, 6);
    assert_non_null(class);
    assert_string_equal(class->rows[2].label, "malignant");
    assert_non_null(size);
    assert_int_equal(size->row_count, 3);
    assert_int_equal(size->rows[0].scores.images + size->rows[1].scores.images + size->rows[2].scores.images, 8);
    assert_true(strncmp(size->rows[0].label, "small", 5) == 0);
    assert_non_null(fold);
    assert_string_equal(fold->rows[1].label, "fold 1");
    /* Nothing to compare: no device is named, no image has calipers. */
    assert_null(find_table(&split, "device"));
    assert_null(find_table(&split, "calipers"));
    sm_split_free(&split);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_scores_of_pixels),
        cmocka_unit_test(empty_masks_agree_and_missed_ones_score_nothing),
        cmocka_unit_test(mean_scores_leave_out_what_is_undefined),
        cmocka_unit_test(classification_report_by_hand),
        cmocka_unit_test(a_class_without_images_is_no_zero),
        cmocka_unit_test(area_equals_counting_pairs),
        cmocka_unit_test(curve_encloses_its_area),
        cmocka_unit_test(one_sided_cases_have_no_area),
        cmocka_unit_test(calibration_by_hand),
        cmocka_unit_test(confidence_of_one_falls_in_the_last_bin),
        cmocka_unit_test(temperature_is_undone),
        cmocka_unit_test(distances_of_simple_shapes),
        cmocka_unit_test(distances_to_nothing),
        cmocka_unit_test(distances_equal_trying_all_pairs),
        cmocka_unit_test(bootstrap_intervals_are_right_and_repeatable),
        cmocka_unit_test(bootstrap_of_nothing_is_refused),
        cmocka_unit_test(scores_of_a_few_images),
        cmocka_unit_test(scores_without_images_are_undefined),
        cmocka_unit_test(a_single_image_has_scores),
        cmocka_unit_test(tables_part_the_images),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
