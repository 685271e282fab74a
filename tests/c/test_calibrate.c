/** The fits of a calibration, on data with a known optimum. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/calibrate/eigen.h"
#include "../../native/calibrate/mask_fit.h"
#include "../../native/calibrate/outlier_fit.h"
#include "../../native/calibrate/power_fit.h"
#include "../../native/calibrate/temperature_fit.h"
#include "../../native/data/phantom.h"
#include "../../native/data/random.h"
#include "../../src/letterbox.h"
#include "../../src/memory_plan.h"
#include "../../src/nets.h"
#include "assert_near.h"
#include "foreign_picture.h"

static void eigenvectors_diagonalise(void **state) {
    (void)state;
    enum { N = 9 };
    double matrix[N * N], kept[N * N], values[N], vectors[N * N];
    sm_random random = sm_random_make(8);
    for (int i = 0; i < N; i++)
        for (int k = 0; k <= i; k++) matrix[i * N + k] = matrix[k * N + i] = (double)sm_random_normal(&random);
    memcpy(kept, matrix, sizeof kept);
    sm_eigen(matrix, N, values, vectors);
    for (int i = 0; i < N; i++) {
        if (i > 0) assert_true(values[i] <= values[i - 1]);
        for (int row = 0; row < N; row++) {
            double product = 0;
            for (int k = 0; k < N; k++) product += kept[row * N + k] * vectors[i * N + k];
            assert_near(product, values[i] * vectors[i * N + row], 1e-9);
        }
        for (int k = 0; k <= i; k++) {
            double product = 0;
            for (int j = 0; j < N; j++) product += vectors[i * N + j] * vectors[k * N + j];
            assert_near(product, i == k, 1e-9);
        }
    }
}

/** Classes are drawn from softmax(z / T), where z are the logits of the network. */
static void temperature_is_recovered(void **state) {
    (void)state;
    enum { COUNT = 20000 };
    double(*raw)[SM_CLASS_COUNT] = malloc(COUNT * sizeof *raw);
    sm_class *types = malloc(COUNT * sizeof *types);
    assert_true(raw && types);
    const double temperatures[] = {0.5, 1, 2.5};
    for (int t = 0; t < 3; t++) {
        sm_random random = sm_random_make(5);
        for (int i = 0; i < COUNT; i++) {
            double logits[SM_CLASS_COUNT], sum = 0, calibrated[SM_CLASS_COUNT];
            for (int k = 0; k < SM_CLASS_COUNT; k++) logits[k] = 3 * (double)sm_random_normal(&random);
            for (int k = 0; k < SM_CLASS_COUNT; k++) sum += exp(logits[k]);
            for (int k = 0; k < SM_CLASS_COUNT; k++) raw[i][k] = exp(logits[k]) / sum;
            sm_probabilities_after_temperature(raw[i], temperatures[t], calibrated);
            const double drawn = (double)sm_random_uniform(&random);
            types[i] = drawn < calibrated[0]                   ? SM_CLASS_NORMAL
                       : drawn < calibrated[0] + calibrated[1] ? SM_CLASS_BENIGN
                                                               : SM_CLASS_MALIGNANT;
        }
        const double found = sm_temperature_fit((const double(*)[SM_CLASS_COUNT])raw, types, COUNT);
        assert_near(found / temperatures[t], 1, 0.04);
    }
    assert_near(sm_temperature_fit(NULL, NULL, 0), 1, 0);
    free(raw);
    free(types);
}

static void power_is_recovered(void **state) {
    (void)state;
    enum { COUNT = 300 };
    double expected[COUNT], dice[COUNT], weights[COUNT];
    sm_random random = sm_random_make(2);
    for (int i = 0; i < COUNT; i++) {
        expected[i] = i % 10 == 0 ? NAN : (double)sm_random_uniform(&random);
        dice[i] = pow(expected[i], 2.3) + 0.05 * (double)sm_random_normal(&random);
        weights[i] = 1;
    }
    const double power = sm_power_fit(expected, dice, weights, COUNT);
    assert_near(power, 2.3, 0.15);
    assert_true(sm_power_error(expected, dice, weights, COUNT, power) <
                0.5 * sm_power_error(expected, dice, weights, COUNT, 1));
    assert_near(sm_power_fit(expected, dice, weights, 1), 1, 0); /* the only answer has no mask */
}

/** Scores all mask settings without a presence. */
static void try_settings(const sm_sample *sample, const float *map, sm_mask_trial *trial) {
    sm_outline_trials outlines;
    assert_int_equal(sm_outline_trials_measure(sample, map, 0.5f, true, &outlines, NULL), SM_OK);
    sm_mask_try(&outlines, NULL, 0, NULL, trial);
    sm_outline_trials_free(&outlines);
}

enum { SIDE = 40 };

/** Scores of a map with a lesion of probability 0.6 and a false speck of 0.8. */
static void trial_of(bool lesion, sm_mask_trial *trial) {
    float map[SIDE * SIDE] = {0};
    uint8_t grey[SIDE * SIDE] = {0}, mask[SIDE * SIDE] = {0};
    map[3 * SIDE + 3] = map[3 * SIDE + 4] = 0.8f;
    for (int y = 10; lesion && y < 20; y++)
        for (int x = 10; x < 20; x++) {
            map[y * SIDE + x] = 0.6f;
            mask[y * SIDE + x] = 255;
        }
    const sm_sample sample = {.width = SIDE, .height = SIDE, .grey = grey, .mask = mask};
    try_settings(&sample, map, trial);
}

static void false_specks_are_weighed_against_lesions(void **state) {
    (void)state;
    sm_mask_trial with, without;
    trial_of(true, &with);
    trial_of(false, &without);
    assert_near((double)with.dice[8][0], 2 * 100.0 / (102 + 100), 1e-6); /* threshold 0.5, the speck stays */
    assert_near((double)with.dice[8][5], 1, 1e-6);                       /* 0.003 * 1600 = 4 pixels */
    assert_near((double)with.dice[14][5], 0, 1e-6);                      /* at threshold 0.8 the lesion is lost */
    assert_true(without.any[8][0] && !without.any[8][5]);
    assert_near((double)without.dice[8][5], 1, 0);
    const sm_mask_case cases[] = {{.trial = &with, .lesion_weight = 1}, {.trial = &without, .normal_weight = 1}};
    const sm_mask_choice chosen = sm_mask_choose(cases, 2, 0.1);
    assert_near(chosen.lesion_dice, 1, 1e-6);
    assert_near(chosen.false_masks, 0, 0);
    assert_true(sm_trial_grid[chosen.threshold] < 0.6f);
    const sm_mask_choice before = sm_mask_judge(cases, 2, 8, 0);
    assert_near(before.false_masks, 1, 0);
}

/** softmax(log(p) / T) is p^(1/T), normalised. */
static void temperature_is_a_power_of_the_probabilities(void **state) {
    (void)state;
    const double raw[SM_CLASS_COUNT] = {0.64, 0.27, 0.09}, certain[SM_CLASS_COUNT] = {0, 1, 0};
    double calibrated[SM_CLASS_COUNT];
    sm_probabilities_after_temperature(raw, 2, calibrated);
    const double roots = 0.8 + sqrt(0.27) + 0.3;
    assert_near(calibrated[0], 0.8 / roots, 1e-12);
    assert_near(calibrated[1], sqrt(0.27) / roots, 1e-12);
    assert_near(calibrated[2], 0.3 / roots, 1e-12);
    sm_probabilities_after_temperature(raw, 0.5, calibrated);
    assert_near(calibrated[1], 0.27 * 0.27 / (0.64 * 0.64 + 0.27 * 0.27 + 0.09 * 0.09), 1e-12);
    sm_probabilities_after_temperature(certain, 2, calibrated);
    assert_near(calibrated[0], 1e-15, 1e-18); /* a probability of 0 counts as 1e-30 */
    assert_near(calibrated[1], 1, 1e-12);
}

/** Answers of 0.9 that are right in 80 of 100 cases: the logit of 0.9 divided by T is the logit of 0.8. */
static void temperature_has_a_known_optimum(void **state) {
    (void)state;
    double raw[100][SM_CLASS_COUNT];
    sm_class types[100];
    for (int right = 20; right <= 100; right += 20) {
        for (int i = 0; i < 100; i++) {
            raw[i][0] = 0.9, raw[i][1] = 0.1, raw[i][2] = 0;
            types[i] = i < right ? SM_CLASS_NORMAL : SM_CLASS_BENIGN;
        }
        const double found = sm_temperature_fit((const double(*)[SM_CLASS_COUNT])raw, types, 100);
        if (right == 80) assert_near(found / (log(9) / log(4)), 1, 2e-3);
        if (right == 60) assert_near(found / (log(9) / log(1.5)), 1, 2e-3);
        if (right == 100) assert_near(found, SM_TEMPERATURE_LOW, 1e-3);
        if (right <= 40) assert_near(found, SM_TEMPERATURE_HIGH, 1e-3);
    }
}

static void power_error_is_a_weighted_mean_square(void **state) {
    (void)state;
    const double expected[] = {0.5, 0.8, NAN}, dice[] = {0.35, 0.74, 0.1}, weights[] = {3, 1, 100};
    /* Squares: 0.25 - 0.35 = -0.1 and 0.64 - 0.74 = -0.1 at power 2; 0.15 and 0.06 at power 1. */
    assert_near(sm_power_error(expected, dice, weights, 3, 2), 0.01, 1e-12);
    assert_near(sm_power_error(expected, dice, weights, 3, 1), (3 * 0.15 * 0.15 + 0.06 * 0.06) / 4, 1e-12);
    assert_true(isnan(sm_power_error(expected + 2, dice, weights, 1, 1)));
}

static void power_follows_the_weights(void **state) {
    (void)state;
    static const double powers[] = {0.2, 0.9, 3, 12, 40, 0.05};
    static const double found[] = {0.2, 0.9, 3, 12, SM_POWER_HIGH, SM_POWER_LOW};
    for (int p = 0; p < 6; p++) {
        double expected[20], dice[20], weights[20];
        for (int i = 0; i < 20; i++) { /* every second answer is wrong, with a negligible weight */
            expected[i] = 0.3 + 0.03 * i;
            dice[i] = i % 2 ? 0.5 : pow(expected[i], powers[p]);
            weights[i] = i % 2 ? 1e-9 : 1;
        }
        assert_near(sm_power_fit(expected, dice, weights, 20) / found[p], 1, 0.008); /* steps of 1.3 % */
    }
}

static void mask_settings_are_as_documented(void **state) {
    (void)state;
    static const double areas[] = {0, 0.0005, 0.001, 0.0015, 0.002, 0.003, 0.005};
    for (int t = 0; t < SM_MASK_THRESHOLDS; t++) assert_near(sm_trial_grid[t], 0.1 + 0.05 * t, 1e-6);
    for (int a = 0; a < SM_MASK_AREAS; a++) assert_near(sm_mask_areas[a], areas[a], 1e-9);
}

/** A component of exactly the smallest area stays, and one of a pixel less is removed. */
static void smallest_area_is_included(void **state) {
    (void)state;
    enum { S = 100 };
    static float map[S * S];
    static uint8_t grey[S * S], mask[S * S];
    for (int i = 0; i < 30; i++) map[20 * S + 10 + i] = 0.5f; /* 30 = 0.003 * 10,000 */
    for (int i = 0; i < 15; i++) mask[20 * S + 10 + i] = i < 5 ? 128 : 255;
    mask[50 * S] = 127; /* not lesion */
    const sm_sample sample = {.width = S, .height = S, .grey = grey, .mask = mask};
    sm_mask_trial trial;
    try_settings(&sample, map, &trial);
    assert_near(trial.dice[8][5], 2.0 * 15 / (30 + 15), 1e-6); /* a probability at the threshold is lesion */
    assert_true(trial.any[8][5]);
    assert_near(trial.dice[8][6], 0, 0); /* 0.005: 50 pixels */
    assert_false(trial.any[8][6]);
    assert_near(trial.dice[9][5], 0, 0);
    map[20 * S + 10] = 0;
    try_settings(&sample, map, &trial);
    assert_false(trial.any[8][5]);
    assert_true(trial.any[8][4]);
}

/** Two outlines and a lesion of two parts, at the thresholds of the grid and at one more. */
static void outlines_are_measured_at_all_thresholds(void **state) {
    (void)state;
    static float map[SIDE * SIDE];
    static uint8_t grey[SIDE * SIDE], mask[SIDE * SIDE];
    memset(map, 0, sizeof map);
    memset(mask, 0, sizeof mask);
    for (int y = 10; y < 20; y++)
        for (int x = 10; x < 20; x++) map[y * SIDE + x] = 0.6f; /* 100 pixels */
    map[12 * SIDE + 12] = map[12 * SIDE + 13] = 0.95f;
    for (int x = 30; x < 34; x++) map[30 * SIDE + x] = 0.8f; /* 4 pixels, false */
    for (int y = 10; y < 20; y++)
        for (int x = 15; x < 23; x++) mask[y * SIDE + x] = 255; /* 80 pixels, 50 of them outlined */
    const sm_sample sample = {.width = SIDE, .height = SIDE, .grey = grey, .mask = mask};
    sm_outline_trials trials;
    assert_int_equal(sm_outline_trials_measure(&sample, map, 0.62f, true, &trials, NULL), SM_OK);
    assert_int_equal(trials.pixels, SIDE * SIDE);
    assert_int_equal(trials.target, 80);
    assert_near(trials.largest, 0.95, 1e-6);
    assert_near(trials.sum, 98 * 0.6 + 2 * 0.95 + 4 * 0.8, 1e-3);
    const sm_trial_outline *first = &trials.outlines[trials.start[8]]; /* threshold 0.5 */
    assert_int_equal(trials.start[9] - trials.start[8], 2);
    assert_int_equal(first[0].area, 100);
    assert_int_equal(first[0].both, 50);
    assert_near(first[0].sum, 98 * 0.6 + 2 * 0.95, 1e-4);
    assert_near(first[0].reach, 3, 1e-6);               /* columns 20 to 22 */
    assert_near(first[0].peak, log(0.95 / 0.05), 1e-4); /* the second largest of 1600 pixels */
    assert_int_equal(first[1].area, 4);
    assert_int_equal(first[1].both, 0);
    assert_near(first[1].reach, 0, 0);
    assert_int_equal(trials.start[SM_TRIAL_OWN + 1] - trials.start[SM_TRIAL_OWN], 2);
    assert_int_equal(trials.outlines[trials.start[SM_TRIAL_OWN]].area, 4);
    assert_int_equal(trials.outlines[trials.start[SM_TRIAL_OWN] + 1].area, 2);

    /* A presence of 1 / (1 + e^-peak): 0.95 and 0.8. */
    const sm_decision decision = {.presence = {0, 1, 0}};
    sm_trial_rule rule = {.threshold = 8, .decision = &decision, .level = 0.9};
    sm_trial_answer answer = sm_trial_answer_of(&trials, &rule);
    assert_near(answer.dice, 2.0 * 50 / (100 + 80), 1e-6);
    assert_near(answer.expected, 2 * (98 * 0.6 + 1.9) / (98 * 0.6 + 1.9 + 3.2 + 100), 1e-5);
    assert_near(sm_trial_presence(&trials, &rule), 0.95, 1e-5);
    rule.level = 0.5;
    assert_near(sm_trial_answer_of(&trials, &rule).dice, 2.0 * 50 / (104 + 80), 1e-6);
    rule.minimum_area = 5.0f / (SIDE * SIDE);
    assert_near(sm_trial_answer_of(&trials, &rule).dice, 2.0 * 50 / (100 + 80), 1e-6);
    /* No outline is large enough: the largest one at half of the peak is possible, with the presence of the whole map,
     * and does not count. */
    rule.minimum_area = 0.5f;
    assert_near(trials.peak, log(0.95 / 0.05), 1e-4);
    assert_near(sm_trial_presence(&trials, &rule), 0.95, 1e-5);
    rule.touching = true;
    assert_near(sm_trial_presence(&trials, &rule), -1, 0);
    rule.touching = false;
    assert_false(sm_trial_answer_of(&trials, &rule).any);
    assert_true(isnan(sm_trial_answer_of(&trials, &rule).expected));
    rule.decision = NULL;
    assert_near(sm_trial_presence(&trials, &rule), -1, 0);
    assert_false(sm_trial_answer_of(&trials, &rule).any);
    /* The same through the scores of all settings: each has a level of its own. */
    double levels[SM_MASK_THRESHOLDS][SM_MASK_AREAS] = {{0}};
    levels[8][0] = 0.9;
    levels[9][0] = 0.96;
    sm_mask_trial scores;
    sm_mask_try(&trials, &decision, 0, (const double(*)[SM_MASK_AREAS])levels, &scores);
    assert_near(scores.dice[8][0], 2.0 * 50 / (100 + 80), 1e-6);
    assert_near(scores.dice[7][0], 2.0 * 50 / (104 + 80), 1e-6);
    assert_false(scores.any[9][0]);
    sm_outline_trials_free(&trials);
    /* Without the grid, only the chosen threshold is measured. */
    assert_int_equal(sm_outline_trials_measure(&sample, map, 0.62f, false, &trials, NULL), SM_OK);
    assert_int_equal(trials.start[SM_TRIAL_OWN], 0);
    assert_int_equal(trials.start[SM_TRIAL_OWN + 1], 2);
    assert_int_equal(trials.start[SM_TRIAL_FAINT + 1], 3);
    sm_outline_trials_free(&trials);
}

/** Fills a trial with the same scores for all settings. */
static void constant_trial(sm_mask_trial *trial, float dice, bool any) {
    for (int t = 0; t < SM_MASK_THRESHOLDS; t++)
        for (int a = 0; a < SM_MASK_AREAS; a++) trial->dice[t][a] = dice, trial->any[t][a] = any;
}

static void mask_judgement_is_weighted(void **state) {
    (void)state;
    static sm_mask_trial trials[4];
    constant_trial(&trials[0], 0.8f, true);
    constant_trial(&trials[1], 0.2f, true);
    constant_trial(&trials[2], 0, true);
    constant_trial(&trials[3], 1, false);
    const sm_mask_case cases[] = {{.trial = &trials[0], .lesion_weight = 3},
                                  {.trial = &trials[1], .lesion_weight = 1},
                                  {.trial = &trials[2], .normal_weight = 1},
                                  {.trial = &trials[3], .normal_weight = 4}};
    const sm_mask_choice choice = sm_mask_judge(cases, 4, 5, 3);
    assert_int_equal(choice.threshold, 5);
    assert_int_equal(choice.area, 3);
    assert_near(choice.lesion_dice, (3 * 0.8 + 0.2) / 4, 1e-6);
    assert_near(choice.false_masks, 0.2, 1e-12);
    assert_true(isnan(sm_mask_judge(cases, 2, 5, 3).false_masks));
    assert_true(isnan(sm_mask_judge(cases + 2, 2, 5, 3).lesion_dice));
}

static void mask_choice_is_smoothed(void **state) {
    (void)state;
    static sm_mask_trial lesion, normal;
    const sm_mask_case cases[] = {{.trial = &lesion, .lesion_weight = 1}, {.trial = &normal, .normal_weight = 1}};
    /* With equal scores, the threshold nearest to 0.5 is chosen. */
    constant_trial(&lesion, 0.5f, true);
    constant_trial(&normal, 1, false);
    assert_int_equal(sm_mask_choose(cases, 1, 0.1).threshold, 8);
    /* A plateau of 0.7 has a higher mean over neighbours than a single peak of 0.9. */
    lesion.dice[2][1] = 0.9f;
    for (int t = 10; t <= 14; t++)
        for (int a = 3; a < SM_MASK_AREAS; a++) lesion.dice[t][a] = t == 12 && a == 5 ? 0.72f : 0.7f;
    sm_mask_choice choice = sm_mask_choose(cases, 2, 0.1);
    assert_true(choice.threshold >= 11 && choice.threshold <= 13 && choice.area >= 4 && choice.area <= 6);
    assert_near(choice.lesion_dice, choice.threshold == 12 && choice.area == 5 ? 0.72 : 0.7, 1e-6);
    /* At a price of 0.3, the false masks on that plateau cost more than it gains. */
    for (int t = 9; t <= 15; t++)
        for (int a = 2; a < SM_MASK_AREAS; a++) normal.any[t][a] = true;
    choice = sm_mask_choose(cases, 2, 0.3);
    assert_true(choice.threshold <= 3 && choice.area <= 2); /* around the peak */
    choice = sm_mask_choose(cases, 2, 0.05);
    assert_true(choice.threshold >= 11 && choice.threshold <= 13);
    /* At a corner, the mean is over the existing neighbours. */
    constant_trial(&lesion, 0.5f, true);
    constant_trial(&normal, 1, false);
    for (int t = 15; t <= 16; t++)
        for (int a = SM_MASK_AREAS - 2; a < SM_MASK_AREAS; a++) lesion.dice[t][a] = 0.9f;
    choice = sm_mask_choose(cases, 2, 0.1);
    assert_int_equal(choice.threshold, 16);
    assert_int_equal(choice.area, SM_MASK_AREAS - 1);
}

/** Independent normal statistics with a known mean and deviation, in two groups of unequal weight. */
static void gaussian_is_recovered(void **state) {
    (void)state;
    enum { COUNT = 4000 };
    float(*statistics)[SM_STATISTICS_COUNT] = malloc(COUNT * sizeof *statistics);
    double *weights = malloc(COUNT * sizeof *weights);
    assert_true(statistics && weights);
    sm_random random = sm_random_make(4);
    for (int i = 0; i < COUNT; i++) {
        const bool far = i % 4 == 0; /* a quarter of the images has another mean and a negligible weight */
        weights[i] = far ? 1e-6 : 2;
        for (int k = 0; k < SM_STATISTICS_COUNT; k++)
            statistics[i][k] = (float)k + (far ? 5.0f : 0.1f * (float)(k % 5) * sm_random_normal(&random));
    }
    sm_outlier outlier;
    assert_int_equal(
        sm_outlier_fit((const float(*)[SM_STATISTICS_COUNT])statistics, weights, COUNT, 0.02, &outlier, NULL), SM_OK);
    for (int k = 0; k < SM_STATISTICS_COUNT; k++) {
        const double deviation = 0.1 * (k % 5);
        assert_near(outlier.mean[k], k, 0.04);
        assert_near(outlier.scale[k], sqrt(deviation * deviation + 0.02 * 0.02), 0.02);
    }
    /* 44 statistics vary, with variances near 1 after scaling; 11 do not vary. */
    for (int k = 0; k <= SM_OUTLIER_AXES; k++) {
        if (k > 0) assert_true(outlier.variance[k] <= outlier.variance[k - 1]);
        assert_true(outlier.variance[k] > 0.3f && outlier.variance[k] < 1.4f);
    }
    int beyond = 0, at_limit = 0;
    for (int i = 0; i < COUNT; i++) {
        if (i % 4 == 0) continue;
        const double distance = sm_outlier_distance(&outlier, statistics[i]);
        beyond += distance > (double)outlier.limit * (1 + 1e-6);
        at_limit += fabs(distance / (double)outlier.limit - 1) < 1e-6;
    }
    assert_in_range(beyond, 59, 60); /* 2 % of 3000 */
    assert_int_equal(at_limit, 1);
    free(statistics);
    free(weights);
}

/** Two equal statistics vary and the others do not: the first axis is their diagonal. */
static void first_axis_is_the_widest(void **state) {
    (void)state;
    enum { COUNT = 400 };
    float(*statistics)[SM_STATISTICS_COUNT] = calloc(COUNT, sizeof *statistics);
    double weights[COUNT];
    assert_non_null(statistics);
    sm_random random = sm_random_make(6);
    for (int i = 0; i < COUNT; i++) { /* the variance along the diagonal is 2 */
        statistics[i][3] = statistics[i][9] = sm_random_normal(&random);
        weights[i] = 0.25;
    }
    sm_outlier outlier;
    assert_int_equal(
        sm_outlier_fit((const float(*)[SM_STATISTICS_COUNT])statistics, weights, COUNT, 0.01, &outlier, NULL), SM_OK);
    assert_near(outlier.variance[0], 2 + 0.02, 0.01);
    assert_near(outlier.axes[0][3], sqrt(0.5), 1e-3);
    assert_near(outlier.axes[0][9], sqrt(0.5), 1e-3);
    for (int k = 1; k <= SM_OUTLIER_AXES; k++) assert_near(outlier.variance[k], 0.02, 1e-6);
    free(statistics);
}

/** The Mahalanobis distance of a Gaussian with two axes that are not zero, computed by hand. */
static void distance_is_that_of_mahalanobis(void **state) {
    (void)state;
    static sm_outlier outlier;
    float statistics[SM_STATISTICS_COUNT];
    for (int k = 0; k < SM_STATISTICS_COUNT; k++) {
        outlier.mean[k] = (float)k;
        outlier.scale[k] = 2;
        statistics[k] = (float)k;
    }
    for (int k = 0; k <= SM_OUTLIER_AXES; k++) outlier.variance[k] = 1;
    outlier.axes[0][0] = 0.6f, outlier.axes[0][SM_STATISTICS_COUNT - 1] = 0.8f;
    outlier.axes[SM_OUTLIER_AXES - 1][1] = 1;
    outlier.variance[0] = 4;
    outlier.variance[SM_OUTLIER_AXES - 1] = 9;
    outlier.variance[SM_OUTLIER_AXES] = 0.25f;
    assert_near(sm_outlier_distance(&outlier, statistics), 0, 0);
    /* Ten deviations along the first axis, with a variance of 4. */
    statistics[0] += 2 * 6;
    statistics[SM_STATISTICS_COUNT - 1] += 2 * 8;
    assert_near(sm_outlier_distance(&outlier, statistics), sqrt(100.0 / 4), 1e-5);
    /* Six along the last axis, with a variance of 9. */
    statistics[1] -= 2 * 6;
    assert_near(sm_outlier_distance(&outlier, statistics), sqrt(100.0 / 4 + 36.0 / 9), 1e-5);
    /* Three in a direction without an axis, with the variance of all the others, 0.25. */
    statistics[7] += 2 * 3;
    assert_near(sm_outlier_distance(&outlier, statistics), sqrt(100.0 / 4 + 36.0 / 9 + 9 / 0.25), 1e-4);
}

enum { KNOWN = 160, NEW = 60, WIDTH = 160, HEIGHT = 120 };

static void statistics_of_phantom(uint64_t seed, float *statistics) {
    sm_sample sample;
    assert_int_equal(sm_phantom_draw(WIDTH, HEIGHT, (sm_class)(seed % SM_CLASS_COUNT), seed, &sample, NULL), SM_OK);
    const sm_image image = {.width = WIDTH, .height = HEIGHT, .channels = 1, .pixels = sample.grey};
    assert_int_equal(sm_image_statistics(&image, sample.grey, statistics, NULL), SM_OK);
    for (int k = 0; k < SM_STATISTICS_COUNT; k++) assert_true(isfinite(statistics[k]));
    sm_sample_free(&sample);
}

/** Fitted once for all tests. */
static sm_outlier phantoms;

static int fit_phantoms(void **state) {
    (void)state;
    float(*statistics)[SM_STATISTICS_COUNT] = malloc(KNOWN * sizeof *statistics);
    double weights[KNOWN];
    assert_non_null(statistics);
    for (int i = 0; i < KNOWN; i++) {
        statistics_of_phantom((uint64_t)i, statistics[i]);
        weights[i] = 1;
    }
    assert_int_equal(
        sm_outlier_fit((const float(*)[SM_STATISTICS_COUNT])statistics, weights, KNOWN, 0.01, &phantoms, NULL), SM_OK);
    sm_error error = {0};
    sm_outlier none;
    assert_int_equal(sm_outlier_fit((const float(*)[SM_STATISTICS_COUNT])statistics, weights, 20, 0.01, &none, &error),
                     SM_ERROR_DATA);
    assert_non_null(strstr(error.message, "too few"));
    free(statistics);
    return 0;
}

static void out_of_distribution_pictures_are_detected(void **state) {
    (void)state;
    sm_outlier outlier = phantoms;
    float statistics[SM_STATISTICS_COUNT];
    int false_alarms = 0;
    for (int i = 0; i < NEW; i++) {
        statistics_of_phantom(1000 + (uint64_t)i, statistics);
        false_alarms += sm_outlier_distance(&outlier, statistics) > (double)outlier.limit;
    }
    assert_true(false_alarms <= NEW / 8); /* the limit is estimated from 160 images only */
    for (int kind = 0; kind < FOREIGN_KINDS; kind++)
        for (int coloured = 0; coloured < 2; coloured++)
            for (uint64_t seed = 0; seed < 3; seed++) {
                sm_image image = foreign_picture((foreign_kind)kind, 200, 140, coloured != 0, seed);
                uint8_t grey[200 * 140];
                sm_image_to_grey(&image, grey);
                assert_int_equal(sm_image_statistics(&image, grey, statistics, NULL), SM_OK);
                const double score = sm_outlier_distance(&outlier, statistics) / (double)outlier.limit;
                if (!(score > 1)) fail_msg("kind %d, coloured %d: score %.2f", kind, coloured, score);
                sm_image_free(&image);
            }
}

/** Also when the Gaussian holds every picture. */
static void pictures_that_change_fast_across_are_detected(void **state) {
    (void)state;
    sm_outlier all = phantoms;
    all.limit = 1e6f;
    float statistics[SM_STATISTICS_COUNT];
    for (int i = 0; i < NEW; i++) {
        statistics_of_phantom(1000 + (uint64_t)i, statistics);
        assert_near(sm_outlier_score(&all, statistics), sm_outlier_distance(&all, statistics) / 1e6, 1e-9);
    }
    /* Stripes of 8 pixels: after half of them, the other colour. */
    enum { STRIPES = SM_STATISTICS_SIDE };
    uint8_t stripes[STRIPES * STRIPES];
    for (int contrast = 40; contrast <= 120; contrast += 80)
        for (int upright = 0; upright < 2; upright++) {
            for (int i = 0; i < STRIPES * STRIPES; i++)
                stripes[i] = (uint8_t)(100 + (((upright ? i % STRIPES : i / STRIPES) / 4) % 2 ? contrast : 0));
            const sm_image image = {.width = STRIPES, .height = STRIPES, .channels = 1, .pixels = stripes};
            assert_int_equal(sm_image_statistics(&image, stripes, statistics, NULL), SM_OK);
            const double score = sm_outlier_score(&all, statistics);
            if (upright)
                assert_near(score, 2 / 0.52, 0.2); /* every pixel differs, of unrelated ones each second */
            else
                assert_true(score < 1); /* layers */
        }
}

static void statistics_hardly_depend_on_resolution(void **state) {
    (void)state;
    sm_outlier outlier = phantoms;
    sm_sample sample;
    float small[SM_STATISTICS_COUNT], large[SM_STATISTICS_COUNT];
    assert_int_equal(sm_phantom_draw(WIDTH, HEIGHT, SM_CLASS_BENIGN, 5, &sample, NULL), SM_OK);
    const sm_image image = {.width = WIDTH, .height = HEIGHT, .channels = 1, .pixels = sample.grey};
    assert_int_equal(sm_image_statistics(&image, sample.grey, small, NULL), SM_OK);
    uint8_t *twice = malloc(4 * WIDTH * HEIGHT);
    assert_non_null(twice);
    assert_int_equal(sm_plane_resize(sample.grey, WIDTH, HEIGHT, twice, 2 * WIDTH, 2 * HEIGHT, NULL), SM_OK);
    const sm_image enlarged = {.width = 2 * WIDTH, .height = 2 * HEIGHT, .channels = 1, .pixels = twice};
    assert_int_equal(sm_image_statistics(&enlarged, twice, large, NULL), SM_OK);
    assert_near(sm_outlier_distance(&outlier, large) / sm_outlier_distance(&outlier, small), 1, 0.3);
    free(twice);
    sm_sample_free(&sample);
}

static void pictures_of_any_shape_have_statistics(void **state) {
    (void)state;
    const int sizes[][2] = {{2, 2}, {2, 500}, {700, 3}, {129, 127}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        sm_image image = foreign_picture(FOREIGN_NOISE, sizes[i][0], sizes[i][1], true, i);
        uint8_t *grey = malloc((size_t)image.width * (size_t)image.height);
        assert_non_null(grey);
        sm_image_to_grey(&image, grey);
        float statistics[SM_STATISTICS_COUNT];
        assert_int_equal(sm_image_statistics(&image, grey, statistics, NULL), SM_OK);
        for (int k = 0; k < SM_STATISTICS_COUNT; k++) assert_true(isfinite(statistics[k]));
        free(grey);
        sm_image_free(&image);
    }
}

/** A weights file with outlier statistics. */
static uint8_t *write_weights(sm_outlier *outlier, size_t *size) {
    sm_net net;
    sm_weights_metadata metadata = {.network = "unet16", .input_size = 64, .threshold = 0.5f, .temperature = 1.0f};
    assert_int_equal(sm_net_make("unet16", &net, NULL), SM_OK);
    float *parameters = sm_floats_allocate(net.total_count);
    assert_non_null(parameters);
    sm_net_initialise(&net, 1, parameters);
    sm_weights_extra tensors[SM_OUTLIER_TENSORS];
    sm_outlier_tensors(outlier, tensors);
    uint8_t *bytes = NULL;
    assert_int_equal(sm_weights_write_with(&net, parameters, &metadata, SM_WEIGHTS_INT8, tensors, SM_OUTLIER_TENSORS,
                                           &bytes, size, NULL),
                     SM_OK);
    sm_floats_free(parameters);
    return bytes;
}

static void weights_carry_the_statistics(void **state) {
    (void)state;
    sm_outlier outlier = phantoms;
    size_t size = 0;
    uint8_t *bytes = write_weights(&outlier, &size);
    /* Weights files of all versions have the tensors in this form. */
    static const char *const tensors[] = {"\"outlier.mean\":{\"dtype\":\"F32\",\"shape\":[55],",
                                          "\"outlier.scale\":{\"dtype\":\"F32\",\"shape\":[55],",
                                          "\"outlier.axes\":{\"dtype\":\"F32\",\"shape\":[30,55],",
                                          "\"outlier.variance\":{\"dtype\":\"F32\",\"shape\":[31],",
                                          "\"outlier.limit\":{\"dtype\":\"F32\",\"shape\":[1],"};
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++)
        assert_non_null(memmem(bytes, size, tensors[i], strlen(tensors[i])));
    sm_outlier read;
    bool known = false;
    assert_int_equal(sm_outlier_read(bytes, size, &read, &known, NULL), SM_OK);
    assert_true(known);
    assert_memory_equal(&read, &outlier, sizeof read);

    sm_model *model = NULL;
    assert_int_equal(sm_model_create(bytes, size, NULL, &model, NULL), SM_OK);
    assert_true(sm_model_describe(model).knows_outliers);
    sm_state *working = NULL;
    assert_int_equal(sm_state_create(model, NULL, &working, NULL), SM_OK);
    sm_image picture = foreign_picture(FOREIGN_TEXT, 90, 70, false, 1);
    sm_result result = {0};
    assert_int_equal(sm_segment(working, &picture, NULL, &result, NULL), SM_OK);
    assert_false(result.looks_like_ultrasound);
    assert_true(result.outlier_score > 1);
    sm_result_free(&result);
    sm_image_free(&picture);
    sm_state_free(working);
    sm_model_free(model);
    free(bytes);
}

static void damaged_statistics_are_refused(void **state) {
    (void)state;
    sm_outlier outlier = phantoms;
    static const char *const reasons[] = {"out of range", "out of range", "not finite", "missing"};
    for (int fault = 0; fault < 4; fault++) {
        sm_outlier wrong = outlier;
        if (fault == 0) wrong.limit = 0;
        if (fault == 1) wrong.scale[7] = -1;
        size_t size = 0;
        uint8_t *bytes = write_weights(&wrong, &size);
        const uint8_t not_a_number[4] = {0, 0, 0xC0, 0x7F};
        if (fault == 2) memcpy(bytes + size - 4, not_a_number, 4); /* the limit is the last tensor */
        for (size_t i = 0; fault == 3; i++)
            if (memcmp(bytes + i, "outlier.scale", 13) == 0) {
                bytes[i] = 'x';
                break;
            }
        sm_error error = {0};
        sm_model *model = NULL;
        assert_int_equal(sm_model_create(bytes, size, NULL, &model, &error), SM_ERROR_WEIGHTS);
        assert_null(model);
        if (!strstr(error.message, reasons[fault])) fail_msg("\"%s\" is not about %s", error.message, reasons[fault]);
        free(bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eigenvectors_diagonalise),
        cmocka_unit_test(temperature_is_recovered),
        cmocka_unit_test(power_is_recovered),
        cmocka_unit_test(false_specks_are_weighed_against_lesions),
        cmocka_unit_test(temperature_is_a_power_of_the_probabilities),
        cmocka_unit_test(temperature_has_a_known_optimum),
        cmocka_unit_test(power_error_is_a_weighted_mean_square),
        cmocka_unit_test(power_follows_the_weights),
        cmocka_unit_test(mask_settings_are_as_documented),
        cmocka_unit_test(smallest_area_is_included),
        cmocka_unit_test(outlines_are_measured_at_all_thresholds),
        cmocka_unit_test(mask_judgement_is_weighted),
        cmocka_unit_test(mask_choice_is_smoothed),
        cmocka_unit_test(gaussian_is_recovered),
        cmocka_unit_test(first_axis_is_the_widest),
        cmocka_unit_test(distance_is_that_of_mahalanobis),
        cmocka_unit_test(out_of_distribution_pictures_are_detected),
        cmocka_unit_test(pictures_that_change_fast_across_are_detected),
        cmocka_unit_test(statistics_hardly_depend_on_resolution),
        cmocka_unit_test(pictures_of_any_shape_have_statistics),
        cmocka_unit_test(weights_carry_the_statistics),
        cmocka_unit_test(damaged_statistics_are_refused),
    };
    return cmocka_run_group_tests(tests, fit_phantoms, NULL);
}
