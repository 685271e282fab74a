/* Validation scores, the class of logits, and log.csv. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../native/data/phantom.h"
#include "../../native/train/training_log.h"
#include "../../native/train/validation.h"
#include "../../src/memory_plan.h"
#include "../../src/net_inference.h"
#include "assert_near.h"
#include "scratch_folder.h"

static void test_dice_of_logits(void **state) {
    (void)state;
    static const float logits[] = {3, 0.1f, -0.1f, -2, 0, 1};
    static const float target[] = {1, 0.4f, 0.5f, 0, 1, 0.9f};
    /* predicted: 0, 1, 5; target: 0, 2, 4, 5; both: 0, 5 */
    assert_near(sm_dice_of_logits(logits, 0, target, 6), 2.0 * 2 / (3 + 4), 1e-12);
    static const float low[] = {-1, -1}, none[] = {0, 0.49f}, all[] = {1, 1};
    assert_near(sm_dice_of_logits(low, 0, none, 2), 1, 0);
    assert_near(sm_dice_of_logits(low, 0, all, 2), 0, 0);
    assert_near(sm_dice_of_logits(all, 0, none, 2), 0, 0);
}

static void test_class_of_logits(void **state) {
    (void)state;
    static const float logits[][SM_CLASS_COUNT] = {{2, 1, 0}, {0, 1, 0.5f}, {-1, -0.5f, 3}, {-3, -2, -1}, {5, 1, 2}};
    static const int softmax[] = {0, 1, 2, 2, 0}, two_sigmoid[] = {1, 1, 2, 0, 2};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(sm_class_of_logits(logits[i], false), softmax[i]);
        assert_int_equal(sm_class_of_logits(logits[i], true), two_sigmoid[i]);
    }
}

enum { SIDE = 64, PIXELS = SIDE * SIDE, COUNT = 19 };

typedef struct fixture {
    sm_record records[COUNT];
    const sm_record *pointers[COUNT];
    sm_sample samples[COUNT];
    sm_cache cache;
    sm_net net;
    float *parameters;
    char *folder;
} fixture;

static int make_fixture(void **state) {
    static fixture f;
    for (int i = 0; i < COUNT; i++) {
        f.records[i] = (sm_record){.classes = sm_class_set_of((sm_class)(i % SM_CLASS_COUNT)), .mask_count = 1};
        f.pointers[i] = &f.records[i];
        if (sm_phantom_draw(SIDE, SIDE, sm_record_type(&f.records[i]), (uint64_t)i, &f.samples[i], NULL) != SM_OK)
            return -1;
    }
    f.cache = (sm_cache){.records = f.pointers, .samples = f.samples, .count = COUNT};
    if (sm_net_make("unet16", &f.net, NULL) != SM_OK) return -1;
    f.parameters = sm_floats_allocate(f.net.total_count);
    if (!f.parameters) return -1;
    sm_net_initialise(&f.net, 3, f.parameters);
    f.folder = scratch_make();
    *state = &f;
    return 0;
}

static int free_fixture(void **state) {
    fixture *f = *state;
    for (int i = 0; i < COUNT; i++) sm_sample_free(&f->samples[i]);
    sm_floats_free(f->parameters);
    scratch_remove(f->folder);
    return 0;
}

/** Shifts the mask logits so that about half of the normal images get a mask. */
static void move_mask_bias(fixture *f, float bias) {
    f->parameters[f->net.parameters[sm_net_parameter(&f->net, f->net.mask_layer, SM_PARAMETER_BIAS)].offset] = bias;
}

static void test_scores(void **state) {
    fixture *f = *state;
    static float image[PIXELS], logits[PIXELS];
    const sm_kernels *kernels = sm_kernels_for(SM_BACKEND_AUTO);
    sm_validation *validation = NULL;
    assert_int_equal(sm_validation_create(&f->net, &f->cache, SIDE, false, kernels, NULL, &validation, NULL), SM_OK);
    static const float biases[] = {-100, 0, 100};
    for (int b = 0; b < 3; b++) {
        move_mask_bias(f, biases[b]);
        sm_inference *inference = NULL;
        sm_inference_state *working = NULL;
        assert_int_equal(sm_inference_create(&f->net, f->parameters, SIDE, kernels, &inference, NULL), SM_OK);
        assert_int_equal(sm_inference_state_create(inference, NULL, &working, NULL), SM_OK);
        double dice = 0, right = 0, false_masks = 0, lesions = 0;
        for (int i = 0; i < COUNT; i++) {
            float type_logits[SM_CLASS_COUNT];
            double both = 0, sum = 0, predicted = 0;
            for (int k = 0; k < PIXELS; k++) image[k] = (float)f->samples[i].grey[k] / 127.5f - 1;
            sm_inference_run(working, image, logits, type_logits);
            for (int k = 0; k < PIXELS; k++) {
                both += logits[k] > 0 && f->samples[i].mask[k] == 255;
                sum += (logits[k] > 0) + (f->samples[i].mask[k] == 255);
                predicted += logits[k] > 0;
            }
            right += sm_class_of_logits(type_logits, false) == i % SM_CLASS_COUNT;
            lesions += i % SM_CLASS_COUNT != SM_CLASS_NORMAL;
            if (i % SM_CLASS_COUNT != SM_CLASS_NORMAL) dice += 2 * both / sum;
            if (i % SM_CLASS_COUNT == SM_CLASS_NORMAL) false_masks += predicted > 0;
        }
        sm_scores scores;
        scratch_stderr_begin(f->folder);
        assert_int_equal(sm_validation_run(validation, f->parameters, &scores, NULL), SM_OK);
        free(scratch_stderr_end(f->folder));
        assert_near(scores.lesion_dice, dice / lesions, 0.002); /* a logit close to 0 may round to the other side */
        assert_near(scores.accuracy, right / COUNT, 1e-9);
        assert_near(scores.false_masks, false_masks / (COUNT - lesions), 1e-9);
        if (biases[b] < 0) assert_true(scores.lesion_dice == 0 && scores.false_masks == 0);
        if (biases[b] > 0) assert_true(scores.lesion_dice > 0 && scores.false_masks == 1);

        int count = 0;
        const sm_validation_example *examples = sm_validation_examples(validation, &count);
        assert_int_equal(count, SM_VALIDATION_EXAMPLES);
        for (int e = 0; e < count; e++) { /* of 19 images: 0, 2, 4, 7, 9, 11, 14, 16 */
            const sm_sample *sample = &f->samples[e * COUNT / count];
            assert_int_equal(examples[e].size, SIDE);
            assert_memory_equal(examples[e].target, sample->mask, PIXELS);
            assert_memory_equal(examples[e].grey, sample->grey, PIXELS);
            if (biases[b] < 0) assert_near(examples[e].probability[7], 0, 1e-6);
            if (biases[b] > 0) assert_near(examples[e].probability[7], 1, 1e-6);
        }
        sm_inference_state_free(working);
        sm_inference_free(inference);
    }
    sm_validation_free(validation);
}

static void test_scores_without_a_class(void **state) {
    fixture *f = *state;
    const sm_kernels *kernels = sm_kernels_for(SM_BACKEND_AUTO);
    for (int only = 0; only < 2; only++) { /* one normal image, then one benign image */
        sm_cache one = {.records = f->pointers + only, .samples = f->samples + only, .count = 1};
        sm_validation *validation = NULL;
        sm_scores scores;
        int count = 0;
        assert_int_equal(sm_validation_create(&f->net, &one, SIDE, true, kernels, NULL, &validation, NULL), SM_OK);
        scratch_stderr_begin(f->folder);
        assert_int_equal(sm_validation_run(validation, f->parameters, &scores, NULL), SM_OK);
        free(scratch_stderr_end(f->folder));
        assert_int_equal(isnan(scores.lesion_dice) != 0, only == 0);
        assert_int_equal(isnan(scores.false_masks) != 0, only == 1);
        sm_validation_examples(validation, &count);
        assert_int_equal(count, 1);
        sm_validation_free(validation);
    }
}

/** The threshold and the presence of the weights decide about a mask, as they do in an answer. */
static void test_scores_by_a_rule(void **state) {
    fixture *f = *state;
    sm_validation *validation = NULL;
    sm_scores plain, scores;
    move_mask_bias(f, 0);
    assert_int_equal(
        sm_validation_create(&f->net, &f->cache, SIDE, false, sm_kernels_for(SM_BACKEND_AUTO), NULL, &validation, NULL),
        SM_OK);
    scratch_stderr_begin(f->folder);
    assert_int_equal(sm_validation_run(validation, f->parameters, &plain, NULL), SM_OK);
    double sum = 0;
    for (int i = 0; i < COUNT; i++) sum += sm_validation_values(validation)[i];
    assert_near(sum / COUNT, plain.overall, 1e-9);
    sm_validation_decide(validation, &(sm_validation_rule){.threshold = 0});
    assert_int_equal(sm_validation_run(validation, f->parameters, &scores, NULL), SM_OK);
    assert_near(scores.false_masks, 1, 0);
    sm_validation_decide(validation, &(sm_validation_rule){.threshold = 1});
    assert_int_equal(sm_validation_run(validation, f->parameters, &scores, NULL), SM_OK);
    assert_near(scores.false_masks, 0, 0);
    assert_near(scores.lesion_dice, 0, 0);
    sm_decision decision = {.presence = {0, 0, -10},
                            .operating_points = {{0.8f, 0.5f, 1}, {0.9f, 0.5f, 1}, {0.95f, 0.5f, 1}}};
    sm_validation_decide(validation, &(sm_validation_rule){0.5f, &decision});
    assert_int_equal(sm_validation_run(validation, f->parameters, &scores, NULL), SM_OK);
    assert_near(scores.lesion_dice, 0, 0);
    assert_near(scores.false_masks, 0, 0);
    decision.presence[2] = 10;
    assert_int_equal(sm_validation_run(validation, f->parameters, &scores, NULL), SM_OK);
    assert_near(scores.overall, plain.overall, 0);
    free(scratch_stderr_end(f->folder));
    sm_validation_free(validation);
}

static sm_scores scores_of(fixture *f, const sm_record *const *records) {
    sm_validation *validation = NULL;
    sm_scores scores;
    sm_cache cache = f->cache;
    const sm_record *pointers[COUNT];
    memcpy(pointers, records, sizeof pointers);
    cache.records = pointers;
    assert_int_equal(
        sm_validation_create(&f->net, &cache, SIDE, false, sm_kernels_for(SM_BACKEND_AUTO), NULL, &validation, NULL),
        SM_OK);
    scratch_stderr_begin(f->folder);
    assert_int_equal(sm_validation_run(validation, f->parameters, &scores, NULL), SM_OK);
    free(scratch_stderr_end(f->folder));
    sm_validation_free(validation);
    return scores;
}

/** Unknown types do not count in the accuracy, unknown masks not in the Dice; a normal image needs no mask. */
static void test_scores_of_labels_in_part(void **state) {
    fixture *f = *state;
    move_mask_bias(f, 100); /* every pixel is predicted as lesion */
    sm_record records[COUNT];
    const sm_record *pointers[COUNT];
    for (int i = 0; i < COUNT; i++) records[i] = f->records[i], pointers[i] = &records[i];
    const sm_scores whole = scores_of(f, pointers);
    double covered = 0, lesions = 0;
    for (int i = 0; i < COUNT; i++) {
        if (i % SM_CLASS_COUNT != SM_CLASS_NORMAL) {
            records[i].classes = SM_CLASSES_LESION;
            records[i].mask_count = i % 2;
        } else {
            records[i].mask_count = 0;
        }
        if (i % SM_CLASS_COUNT == SM_CLASS_NORMAL || i % 2 == 0) continue;
        double lesion = 0;
        for (int k = 0; k < PIXELS; k++) lesion += f->samples[i].mask[k] == 255;
        covered += 2 * lesion / (lesion + PIXELS);
        lesions++;
    }
    sm_scores scores = scores_of(f, pointers);
    assert_near(scores.lesion_dice, covered / lesions, 1e-9);
    assert_near(scores.false_masks, whole.false_masks, 0);
    assert_true(scores.accuracy == 0 || scores.accuracy == 1); /* of the normal images alone */
    for (int i = 0; i < COUNT; i++) records[i].classes = SM_CLASSES_ANY, records[i].mask_count = 1;
    scores = scores_of(f, pointers);
    assert_true(isnan(scores.accuracy));
    for (int i = 0; i < COUNT; i++) records[i].classes = 1 << SM_CLASS_BENIGN, records[i].mask_count = 0;
    scores = scores_of(f, pointers);
    assert_true(isnan(scores.lesion_dice) && isnan(scores.false_masks) && scores.accuracy >= 0);
}

static void test_log(void **state) {
    (void)state;
    char *log = strdup(sm_training_log_header);
    const sm_epoch_sums sums = {.loss = 6,
                                .mask_loss = 4,
                                .type_loss = 2,
                                .gradient_norm = 1,
                                .dice = 3,
                                .seconds = 8,
                                .waited = 2,
                                .lesion_images = 12,
                                .typed_images = 16,
                                .right_types = 10,
                                .images = 24,
                                .batches = 4};
    sm_epoch_sums unlabelled = sums;
    unlabelled.lesion_images = unlabelled.typed_images = 0;
    const sm_scores scores = {.lesion_dice = 0.75, .accuracy = 0.5, .false_masks = NAN};
    const sm_inner_result inner = {.score = 0.5, .gain = -0.125, .gain_error = NAN};
    assert_int_equal(sm_training_log_append(&log, 1, 0.002f, &sums, &scores, NULL, NULL), SM_OK);
    assert_int_equal(sm_training_log_append(&log, 2, 0.001f, &unlabelled, NULL, &inner, NULL), SM_OK);
    assert_string_equal(log, "epoch,learning_rate,loss,mask_loss,type_loss,gradient_norm,training_lesion_dice,"
                             "training_accuracy,validation_lesion_dice,validation_accuracy,validation_false_masks,"
                             "images_per_second,waiting_share,seconds,inner_score,inner_gain,inner_error\n"
                             "1,0.002,1.5,1,0.5,0.25,0.25,0.625,0.75,0.5,,3,0.25,8,,,\n"
                             "2,0.001,1.5,1,0.5,0.25,,,,,,3,0.25,8,0.5,-0.125,\n");
    sm_training_history history;
    assert_int_equal(sm_training_history_parse(log, &history, NULL), SM_OK);
    assert_int_equal(history.epochs, 2);
    static const double rows[2][SM_LOG_COLUMNS] = {
        {1, 0.002, 1.5, 1, 0.5, 0.25, 0.25, 0.625, 0.75, 0.5, NAN, 3, 0.25, 8, NAN, NAN, NAN},
        {2, 0.001, 1.5, 1, 0.5, 0.25, NAN, NAN, NAN, NAN, NAN, 3, 0.25, 8, 0.5, -0.125, NAN}};
    for (int row = 0; row < 2; row++)
        for (int column = 0; column < SM_LOG_COLUMNS; column++) {
            const double value = history.column[column][row];
            if (isnan(rows[row][column]))
                assert_true(isnan(value));
            else
                assert_near(value, rows[row][column], 1e-12);
        }
    sm_training_history_free(&history);
    /* An empty last value does not take a value of the next row. */
    assert_int_equal(sm_training_history_parse("header\n1,2,3,4,5,6,7,8,9,10,11,12,13,\n21,22\n", &history, NULL),
                     SM_OK);
    assert_true(isnan(history.column[SM_LOG_SECONDS][0]));
    assert_near(history.column[SM_LOG_EPOCH][1], 21, 0);
    assert_near(history.column[SM_LOG_LEARNING_RATE][1], 22, 0);
    assert_true(isnan(history.column[SM_LOG_LOSS][1]));
    sm_training_history_free(&history);
    assert_int_equal(sm_training_history_parse(sm_training_log_header, &history, NULL), SM_OK);
    assert_int_equal(history.epochs, 0);
    sm_training_history_free(&history);
    free(log);
}

/** A training may be resumed that an earlier version began. */
static void test_log_of_an_earlier_version(void **state) {
    (void)state;
    static const char old[] = "epoch,learning_rate,loss,mask_loss,type_loss,gradient_norm,training_lesion_dice,"
                              "training_accuracy,validation_lesion_dice,validation_accuracy,validation_false_masks,"
                              "images_per_second,waiting_share,seconds\n";
    char *log = malloc(1024);
    assert_non_null(log);
    snprintf(log, 1024, "%s1,2,3,4,5,6,7,8,9,10,11,12,13,14\n2,3,4,5,6,7,8,9,,,,13,14,15\n", old);
    sm_training_history history;
    assert_int_equal(sm_training_history_parse(log, &history, NULL), SM_OK);
    assert_near(history.column[SM_LOG_SECONDS][1], 15, 0);
    assert_true(isnan(history.column[SM_LOG_INNER_SCORE][0]) && isnan(history.column[SM_LOG_INNER_ERROR][1]));
    sm_training_history_free(&history);

    assert_int_equal(sm_training_log_upgrade(&log, NULL), SM_OK);
    char expected[1024];
    snprintf(expected, sizeof expected, "%s1,2,3,4,5,6,7,8,9,10,11,12,13,14,,,\n2,3,4,5,6,7,8,9,,,,13,14,15,,,\n",
             sm_training_log_header);
    assert_string_equal(log, expected);
    assert_int_equal(sm_training_log_upgrade(&log, NULL), SM_OK); /* it is of this version already */
    assert_string_equal(log, expected);
    snprintf(log, strlen(expected), "%s", old);
    assert_int_equal(sm_training_log_upgrade(&log, NULL), SM_OK); /* no epoch yet */
    assert_string_equal(log, sm_training_log_header);
    free(log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dice_of_logits),
        cmocka_unit_test(test_class_of_logits),
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_scores_by_a_rule),
        cmocka_unit_test(test_scores_without_a_class),
        cmocka_unit_test(test_scores_of_labels_in_part),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_log_of_an_earlier_version),
    };
    return cmocka_run_group_tests_name("validation", tests, make_fixture, free_fixture);
}
