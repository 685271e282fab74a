/** The fits of a calibration, on data whose right answers are known. */
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

/** Truths drawn from softmax(z / T), z being what the network said. */
static void temperature_is_recovered(void **state) {
    (void)state;
    enum { COUNT = 20000 };
    double(*raw)[SM_CLASS_COUNT] = malloc(COUNT * sizeof *raw);
    sm_class *truth = malloc(COUNT * sizeof *truth);
    assert_true(raw && truth);
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
            truth[i] = drawn < calibrated[0]                   ? SM_CLASS_NORMAL
                       : drawn < calibrated[0] + calibrated[1] ? SM_CLASS_BENIGN
                                                               : SM_CLASS_MALIGNANT;
        }
        const double found = sm_temperature_fit((const double(*)[SM_CLASS_COUNT])raw, truth, COUNT);
        assert_near(found / temperatures[t], 1, 0.04);
    }
    assert_near(sm_temperature_fit(NULL, NULL, 0), 1, 0);
    free(raw);
    free(truth);
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

enum { SIDE = 40 };

/** A lesion of probability 0.6 and specks of 0.8 that are none. */
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
    assert_int_equal(sm_mask_try(&sample, map, trial, NULL), SM_OK);
}

static void specks_cost_what_they_are_said_to(void **state) {
    (void)state;
    sm_mask_trial with, without;
    trial_of(true, &with);
    trial_of(false, &without);
    assert_near((double)with.dice[8][0], 2 * 100.0 / (102 + 100), 1e-6); /* threshold 0.5, specks stay */
    assert_near((double)with.dice[8][5], 1, 1e-6);                       /* 0.003 * 1600 = 4 pixels */
    assert_near((double)with.dice[14][5], 0, 1e-6);                      /* threshold 0.8 loses the lesion */
    assert_true(without.any[8][0] && !without.any[8][5]);
    assert_near((double)without.dice[8][5], 1, 0);
    const sm_mask_case cases[] = {{.trial = &with, .lesion_weight = 1}, {.trial = &without, .normal_weight = 1}};
    const sm_mask_choice chosen = sm_mask_choose(cases, 2, 0.1);
    assert_near(chosen.lesion_dice, 1, 1e-6);
    assert_near(chosen.false_masks, 0, 0);
    assert_true(sm_mask_thresholds[chosen.threshold] < 0.6f);
    const sm_mask_choice before = sm_mask_judge(cases, 2, 8, 0);
    assert_near(before.false_masks, 1, 0);
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

/** Fitted once, for all tests. */
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

static void foreign_pictures_are_told_from_phantoms(void **state) {
    (void)state;
    sm_outlier outlier = phantoms;
    float statistics[SM_STATISTICS_COUNT];
    int false_alarms = 0;
    for (int i = 0; i < NEW; i++) {
        statistics_of_phantom((uint64_t)(1000 + i), statistics);
        false_alarms += sm_outlier_distance(&outlier, statistics) > (double)outlier.limit;
    }
    assert_true(false_alarms <= NEW / 8); /* the limit is drawn from 160 images only */
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

static void smallest_and_odd_pictures_have_statistics(void **state) {
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

/** A weights file with statistics of known images. */
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
        cmocka_unit_test(specks_cost_what_they_are_said_to),
        cmocka_unit_test(foreign_pictures_are_told_from_phantoms),
        cmocka_unit_test(statistics_hardly_depend_on_resolution),
        cmocka_unit_test(smallest_and_odd_pictures_have_statistics),
        cmocka_unit_test(weights_carry_the_statistics),
        cmocka_unit_test(damaged_statistics_are_refused),
    };
    return cmocka_run_group_tests(tests, fit_phantoms, NULL);
}
