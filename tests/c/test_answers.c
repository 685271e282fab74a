/* The answers that a calibration collects from the images of several data sets. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../native/calibrate/answers.h"
#include "../../native/data/phantom.h"
#include "../../src/memory_plan.h"
#include "../../src/weights.h"
#include "assert_near.h"
#include "scratch_folder.h"

enum { WIDTH = 60, HEIGHT = 50, PIXELS = WIDTH * HEIGHT };

static const float temperature = 2, power = 3;

/** Random weights whose mask covers part of the images. */
static const char *write_network(const char *folder, const char *name, unsigned long long seed) {
    sm_net net;
    sm_weights_metadata metadata = {.network = "unet16",
                                    .input_size = 32,
                                    .threshold = 0.5f,
                                    .temperature = temperature,
                                    .expected_dice_power = power};
    assert_int_equal(sm_net_make("unet16", &net, NULL), SM_OK);
    float *parameters = sm_floats_allocate(net.total_count);
    assert_non_null(parameters);
    sm_net_initialise(&net, seed, parameters);
    uint8_t *bytes = NULL;
    size_t size = 0;
    assert_int_equal(sm_weights_write(&net, parameters, &metadata, SM_WEIGHTS_FLOAT32, &bytes, &size, NULL), SM_OK);
    scratch_write(folder, name, bytes, size);
    sm_floats_free(parameters);
    free(bytes);
    return scratch_path(folder, name);
}

static const char *write_weights(const char *folder) { return write_network(folder, "weights", 1); }

static void write_set(const char *folder, const char *set, const int *types, const int *folds, const int *excluded,
                      int count) {
    char manifest[2048] = "image,masks,class,group,fold,exclude\n", name[64];
    for (int i = 0; i < count; i++) {
        char line[128];
        sm_sample sample;
        assert_int_equal(sm_phantom_draw(WIDTH, HEIGHT, (sm_class)types[i], (uint64_t)i, &sample, NULL), SM_OK);
        snprintf(name, sizeof name, "%s/%d.png", set, i);
        scratch_png(folder, name, WIDTH, HEIGHT, sample.grey);
        snprintf(name, sizeof name, "%s/%d_mask.png", set, i);
        scratch_png(folder, name, WIDTH, HEIGHT, sample.mask);
        sm_sample_free(&sample);
        snprintf(line, sizeof line, "%d.png,%d_mask.png,%s,%d,%d,%d\n", i, i, sm_class_name((sm_class)types[i]), i,
                 folds[i], excluded[i]);
        strcat(manifest, line);
    }
    snprintf(name, sizeof name, "%s/manifest.csv", set);
    scratch_text(folder, name, manifest);
}

/** Set a: two lesion images and a normal one. Set b: one of each, one that is excluded, one that is broken. */
static void write_sets(const char *folder) {
    static const int a_types[] = {1, 2, 0}, a_folds[] = {0, 1, 2}, a_excluded[] = {0, 0, 0};
    static const int b_types[] = {1, 0, 2, 2}, b_folds[] = {1, 0, 1, 1}, b_excluded[] = {0, 0, 1, 0};
    write_set(folder, "a", a_types, a_folds, a_excluded, 3);
    write_set(folder, "b", b_types, b_folds, b_excluded, 4);
    scratch_text(folder, "b/3.png", "this is not an image");
}

static sm_status collect(const char *folder, sm_answers_options *options, sm_answers *answers, char **messages,
                         sm_error *error) {
    const char *paths[] = {scratch_path(folder, "a"), scratch_path(folder, "b")};
    options->paths = paths;
    options->path_count = 2;
    scratch_stderr_begin(folder);
    const sm_status status = sm_answers_collect(options, answers, error);
    *messages = scratch_stderr_end(folder);
    return status;
}

static void test_every_set_weighs_the_same(void **state) {
    const char *folder = *state;
    write_sets(folder);
    const sm_evaluation_options evaluation = {
        .model_path = write_weights(folder), .threads = 2, .segment = sm_segment_options_default()};
    sm_answers_options options = {.evaluation = &evaluation,
                                  .fold = -1,
                                  .not_fold = -1,
                                  .network = true,
                                  .grid = true,
                                  .threshold = 0.5f,
                                  .statistics = true};
    sm_answers answers;
    char *messages;
    assert_int_equal(collect(folder, &options, &answers, &messages, NULL), SM_OK);
    assert_non_null(strstr(messages, "b/3.png"));
    free(messages);
    assert_int_equal(answers.count, 5);
    assert_int_equal(answers.failed.count, 1);
    static const int types[] = {1, 2, 0, 1, 0};
    static const double weights[] = {1.0 / 3, 1.0 / 3, 1.0 / 3, 0.5, 0.5};
    static const int sources[] = {0, 0, 0, 1, 1};
    static const bool lesion[] = {true, true, false, true, false};
    double kind[5];
    for (int i = 0; i < 5; i++) {
        assert_int_equal(answers.types[i], types[i]);
        assert_near(answers.weights[i], weights[i] * 5 / 2, 1e-9);
        assert_int_equal(answers.shows_lesion[i], lesion[i]);
        assert_true(answers.outlined[i]);
        assert_int_equal(answers.sources[i], sources[i]);
        for (int k = 0; k < i; k++) assert_int_not_equal(answers.groups[i], answers.groups[k]);
    }
    assert_int_equal(answers.group_count, 5);
    assert_int_equal(sm_answers_weigh(&answers, lesion, kind, NULL), SM_OK);
    static const double lesions[] = {0.5, 0.5, 0, 1, 0};
    for (int i = 0; i < 5; i++) assert_near(kind[i], lesions[i], 1e-12);
    sm_answers_free(&answers);
}

/** Probabilities without the temperature, and outlines whose Dice and expected Dice are those of the mask. */
static void test_answers_are_the_models(void **state) {
    const char *folder = *state;
    write_sets(folder);
    const sm_evaluation_options evaluation = {
        .model_path = write_weights(folder), .threads = 1, .segment = sm_segment_options_default()};
    sm_answers_options options = {.evaluation = &evaluation,
                                  .fold = -1,
                                  .not_fold = -1,
                                  .network = true,
                                  .grid = true,
                                  .threshold = 0.5f,
                                  .statistics = true};
    sm_answers answers;
    char *messages;
    assert_int_equal(collect(folder, &options, &answers, &messages, NULL), SM_OK);
    free(messages);
    sm_evaluator *evaluator = NULL;
    assert_int_equal(sm_evaluator_create(&evaluation, &evaluator, NULL), SM_OK);
    static const char *const images[] = {"a/0.png", "a/1.png", "a/2.png", "b/0.png", "b/1.png"};
    int masked = 0, changed = 0;
    for (int i = 0; i < 5; i++) {
        char mask_name[32];
        snprintf(mask_name, sizeof mask_name, "%.3s_mask.png", images[i]);
        char *image_path = (char *)(uintptr_t)scratch_path(folder, images[i]);
        char *mask_path = (char *)(uintptr_t)scratch_path(folder, mask_name);
        const sm_record record = {.image = image_path, .masks = &mask_path, .mask_count = 1};
        sm_sample sample;
        sm_image picture;
        sm_result result = {0};
        assert_int_equal(sm_sample_load_picture(&record, &sample, &picture, NULL), SM_OK);
        assert_int_equal(sm_evaluator_segment(evaluator, 0, &picture, &result, NULL), SM_OK);
        double powers[SM_CLASS_COUNT], sum = 0;
        for (int c = 0; c < SM_CLASS_COUNT; c++)
            sum += powers[c] = pow((double)result.probabilities[c], (double)temperature);
        for (int c = 0; c < SM_CLASS_COUNT; c++) assert_near(answers.raw[i][c], powers[c] / sum, 1e-6);
        double both = 0, area = 0;
        for (int k = 0; k < PIXELS; k++) {
            both += sample.mask[k] >= 128 && result.mask[k] >= 128;
            area += (sample.mask[k] >= 128) + (result.mask[k] >= 128);
        }
        const sm_trial_rule rule = {.threshold = SM_TRIAL_OWN};
        const sm_trial_answer answer = sm_trial_answer_of(&answers.outlines[i], &rule);
        assert_int_equal(answer.any, result.lesion_count > 0);
        if (answer.any) {
            masked++;
            assert_near(answer.dice, 2 * both / area, 1e-9);
            assert_near(answer.expected, cbrt((double)result.expected_dice), 1e-6);
        }
        assert_near(answers.peaks[i], sm_peak(result.probability_map, NULL, 0, WIDTH, HEIGHT), 0);
        assert_near(answers.type_odds[i], log((powers[1] + powers[2]) / powers[0]), 1e-4);
        float statistics[SM_STATISTICS_COUNT];
        assert_int_equal(sm_image_statistics(&picture, sample.grey, statistics, NULL), SM_OK);
        assert_memory_equal(answers.statistics[i * SM_ANSWERS_VIEWS], statistics, sizeof statistics);
        for (int view = 1; view < SM_ANSWERS_VIEWS; view++)
            changed += memcmp(answers.statistics[i * SM_ANSWERS_VIEWS + view], statistics, sizeof statistics) != 0;
        sm_outline_trials trials;
        assert_int_equal(sm_outline_trials_measure(&sample, result.probability_map, 0.5f, true, &trials, NULL), SM_OK);
        assert_memory_equal(trials.start, answers.outlines[i].start, sizeof trials.start);
        assert_memory_equal(trials.outlines, answers.outlines[i].outlines,
                            (size_t)trials.start[SM_TRIAL_THRESHOLDS] * sizeof *trials.outlines);
        sm_outline_trials_free(&trials);
        sm_result_free(&result);
        sm_image_free(&picture);
        sm_sample_free(&sample);
    }
    assert_true(masked > 0);
    assert_true(changed >= 7); /* of 10 views; the weakest blur changes nothing */
    sm_evaluator_free(evaluator);
    sm_answers_free(&answers);
}

static void test_folds_choose_the_images(void **state) {
    const char *folder = *state;
    write_sets(folder);
    const sm_evaluation_options evaluation = {.threads = 1};
    static const int folds[][3] = {{1, -1, 2}, {-1, 1, 3}, {2, -1, 1}, {-1, 0, 3}}; /* fold, not fold, images */
    for (int i = 0; i < 4; i++) {
        sm_answers_options options = {
            .evaluation = &evaluation, .fold = folds[i][0], .not_fold = folds[i][1], .statistics = true};
        sm_answers answers;
        char *messages;
        assert_int_equal(collect(folder, &options, &answers, &messages, NULL), SM_OK);
        free(messages);
        assert_int_equal(answers.count, folds[i][2]);
        assert_null(answers.raw);
        assert_null(answers.outlines);
        sm_answers_free(&answers);
    }
    sm_answers_options options = {.evaluation = &evaluation, .fold = 9, .not_fold = -1, .statistics = true};
    sm_answers answers;
    sm_error error = {0};
    char *messages;
    assert_int_equal(collect(folder, &options, &answers, &messages, &error), SM_ERROR_DATA);
    assert_non_null(strstr(error.message, "no image is left"));
    free(messages);
}

/** With one network per fold, each answers for its own fold, and folds without a network are left out. */
static void test_folds_have_their_own_networks(void **state) {
    const char *folder = *state;
    write_sets(folder);
    write_network(folder, "folds/fold0/weights.safetensors", 1);
    write_network(folder, "folds/fold1/weights.safetensors", 2);
    const sm_evaluation_options evaluation = {.threads = 1, .segment = sm_segment_options_default()};
    sm_answers_options options = {.evaluation = &evaluation,
                                  .folds = scratch_path(folder, "folds"),
                                  .fold = -1,
                                  .not_fold = -1,
                                  .network = true,
                                  .threshold = 0.5f};
    sm_answers pooled, single[2];
    char *messages;
    assert_int_equal(collect(folder, &options, &pooled, &messages, NULL), SM_OK);
    free(messages);
    assert_int_equal(pooled.count, 4); /* a/0 and b/1 of fold 0, a/1 and b/0 of fold 1; a/2 is of fold 2 */
    for (int k = 0; k < 2; k++) {
        const sm_evaluation_options own = {.model_path = write_network(folder, k ? "second" : "first", k ? 2 : 1),
                                           .threads = 1,
                                           .segment = sm_segment_options_default()};
        options.evaluation = &own;
        options.folds = NULL;
        options.fold = k;
        assert_int_equal(collect(folder, &options, &single[k], &messages, NULL), SM_OK);
        free(messages);
        assert_int_equal(single[k].count, 2);
    }
    static const int fold[] = {0, 1, 1, 0}, place[] = {0, 0, 1, 1};
    for (int i = 0; i < 4; i++) assert_memory_equal(pooled.raw[i], single[fold[i]].raw[place[i]], sizeof pooled.raw[i]);
    /* The nested pool leaves the judged fold out. */
    options.evaluation = &evaluation;
    options.folds = scratch_path(folder, "folds");
    options.fold = -1;
    options.not_fold = 1;
    sm_answers nested;
    assert_int_equal(collect(folder, &options, &nested, &messages, NULL), SM_OK);
    free(messages);
    assert_int_equal(nested.count, 2);
    assert_memory_equal(nested.raw[1], pooled.raw[3], sizeof nested.raw[1]);
    sm_answers_free(&nested);
    sm_answers_free(&pooled);
    for (int k = 0; k < 2; k++) sm_answers_free(&single[k]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_set_weighs_the_same, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_answers_are_the_models, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_folds_choose_the_images, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_folds_have_their_own_networks, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests_name("answers", tests, NULL, NULL);
}
