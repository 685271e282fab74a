/* Training: optimiser, schedule, sampler, loader, checkpoints, and whole small trainings on phantoms. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../native/data/phantom.h"
#include "../../native/data/random.h"
#include "../../native/file.h"
#include "../../native/parallel.h"
#include "../../native/train/checkpoint.h"
#include "../../native/train/sampler.h"
#include "../../native/train/teachers.h"
#include "../../native/train/trainer.h"
#include "../../src/memory_plan.h"
#include "scratch_folder.h"

/* ---- optimiser ---- */

static void test_schedule(void **state) {
    (void)state;
    sm_optimiser_options options = sm_optimiser_options_default();
    options.learning_rate = 1;
    options.warm_up_steps = 10;
    options.total_steps = 110;
    assert_true(fabsf(sm_learning_rate(&options, 0) - 0.1f) < 1e-6f);
    assert_true(fabsf(sm_learning_rate(&options, 9) - 1) < 1e-6f);
    assert_true(fabsf(sm_learning_rate(&options, 60) - 0.5f) < 1e-6f);
    assert_true(sm_learning_rate(&options, 110) < 1e-6f);
    for (long step = 10; step < 110; step++)
        assert_true(sm_learning_rate(&options, step + 1) < sm_learning_rate(&options, step));
}

static void test_first_step_of_adamw(void **state) {
    (void)state;
    sm_net net;
    assert_int_equal(sm_net_make("unet16", &net, NULL), SM_OK);
    float *parameters = sm_floats_allocate(net.total_count);
    float *gradients = sm_floats_allocate(net.trainable_count);
    sm_net_initialise(&net, 1, parameters);
    for (size_t i = 0; i < net.trainable_count; i++) gradients[i] = i % 3 == 0 ? 1e-3f : -2e-3f;
    sm_optimiser_options options = sm_optimiser_options_default();
    options.warm_up_steps = 1;
    options.total_steps = 100;
    options.gradient_norm = 0;
    sm_optimiser optimiser;
    assert_int_equal(sm_optimiser_create(&net, parameters, &optimiser, NULL), SM_OK);
    float weight = parameters[0];

    size_t bias_place = net.parameters[sm_net_parameter(&net, net.mask_layer, SM_PARAMETER_BIAS)].offset;
    float bias_value = parameters[bias_place];

    sm_optimiser_step(&optimiser, &options, parameters, gradients, NULL);
    /* After one step the corrected moments are g and g^2: the move is rate * sign(g), and decay on weights alone. */
    assert_true(fabsf(parameters[0] - (weight - 2e-3f * (1 + 1e-2f * weight))) < 1e-6f);
    float direction = gradients[bias_place] > 0 ? 1.0f : -1.0f;
    assert_true(fabsf(parameters[bias_place] - (bias_value - 2e-3f * direction)) < 1e-6f);
    /* A long gradient is shortened: Adam's move stays, the moments show it. */
    options.gradient_norm = 1e-3f;
    double norm = sm_optimiser_step(&optimiser, &options, parameters, gradients, NULL);
    double expected = 0;
    for (size_t i = 0; i < net.trainable_count; i++) expected += (double)gradients[i] * (double)gradients[i];
    assert_true(fabs(norm - sqrt(expected)) < 1e-6 * norm);
    assert_true(fabsf(optimiser.first[0] - (0.9f * 0.1f * 1e-3f + 0.1f * 1e-3f * (float)(1e-3 / norm))) < 1e-8f);
    sm_optimiser_free(&optimiser);
    sm_floats_free(parameters);
    sm_floats_free(gradients);
}

/* ---- sampler ---- */

static void test_sampler(void **state) {
    (void)state;
    enum { COUNT = 100 };
    char source[] = "phantoms";
    sm_record records[COUNT];
    const sm_record *list[COUNT];
    for (int i = 0; i < COUNT; i++) {
        records[i] = (sm_record){.type = i < 80 ? SM_CLASS_BENIGN : SM_CLASS_NORMAL, .source = source};
        list[i] = &records[i];
    }
    int order[COUNT];
    int again[COUNT];
    int seen[COUNT] = {0};
    assert_int_equal(sm_sampler_order(list, COUNT, 0, 5, 0, order, NULL), SM_OK);
    for (int i = 0; i < COUNT; i++) seen[order[i]]++;
    for (int i = 0; i < COUNT; i++) assert_int_equal(seen[i], 1);
    assert_int_equal(sm_sampler_order(list, COUNT, 0, 5, 0, again, NULL), SM_OK);
    assert_memory_equal(order, again, sizeof order);
    assert_int_equal(sm_sampler_order(list, COUNT, 0, 5, 1, again, NULL), SM_OK);
    assert_memory_not_equal(order, again, sizeof order);
    int normals = 0;
    assert_int_equal(sm_sampler_order(list, COUNT, 1, 5, 0, order, NULL), SM_OK);
    for (int i = 0; i < COUNT; i++) normals += records[order[i]].type == SM_CLASS_NORMAL;
    assert_in_range(normals, 48, 52);
}

/* ---- whole trainings ---- */

enum { PHANTOMS = 18, PHANTOM_SIDE = 64 };

typedef struct workplace {
    char *folder;
    const char *manifest;
    sm_dataset dataset;
} workplace;

/** Two benign, eight malignant of one set: with full balance each class is shown as often as the other. */
static void test_class_shift(void **state) {
    (void)state;
    enum { COUNT = 10 };
    sm_record records[COUNT];
    const sm_record *pointers[COUNT];
    char source[] = "a";
    for (int i = 0; i < COUNT; i++) {
        records[i] = (sm_record){.source = source, .type = i < 2 ? SM_CLASS_BENIGN : SM_CLASS_MALIGNANT};
        pointers[i] = &records[i];
    }
    float shift[SM_CLASS_COUNT];
    sm_sampler_class_shift(pointers, COUNT, 1, 0, shift);
    assert_true(shift[SM_CLASS_NORMAL] == 0);
    assert_true(fabsf(shift[SM_CLASS_BENIGN] - logf(0.2f / 0.5f)) < 1e-6f);
    assert_true(fabsf(shift[SM_CLASS_MALIGNANT] - logf(0.8f / 0.5f)) < 1e-6f);
    sm_sampler_class_shift(pointers, COUNT, 0, 0, shift);
    for (int c = 0; c < SM_CLASS_COUNT; c++) assert_true(fabsf(shift[c]) < 1e-6f);

    /* Half of five normal images are lent a lesion, as often a benign as a malignant one. */
    for (int i = 0; i < COUNT; i++) records[i].type = i < 5 ? SM_CLASS_NORMAL : SM_CLASS_BENIGN;
    sm_sampler_class_shift(pointers, COUNT, 0, 0.5f, shift);
    assert_true(fabsf(shift[SM_CLASS_NORMAL] - logf(0.5f / 0.25f)) < 1e-6f);
    assert_true(fabsf(shift[SM_CLASS_BENIGN] - logf(0.5f / 0.625f)) < 1e-6f);
}

static void write_png(const char *path, uint8_t *pixels) {
    sm_image image = {.width = PHANTOM_SIDE, .height = PHANTOM_SIDE, .channels = 1, .pixels = pixels};
    uint8_t *bytes = NULL;
    size_t size = 0;
    assert_int_equal(sm_image_encode_png(&image, &bytes, &size, NULL), SM_OK);
    assert_int_equal(sm_file_write(path, bytes, size, NULL), SM_OK);
    free(bytes);
}

static int open_workplace(void **state) {
    static workplace place;
    place.folder = scratch_make();
    place.manifest = scratch_path(place.folder, "manifest.csv");
    FILE *manifest = fopen(place.manifest, "w");
    if (!manifest) return -1;
    fputs("image,masks,class,group,fold\n", manifest);
    for (int i = 0; i < PHANTOMS; i++) {
        char path[128];
        sm_sample sample;
        sm_class type = (sm_class)(i % SM_CLASS_COUNT);
        if (sm_phantom_draw(PHANTOM_SIDE, PHANTOM_SIDE, type, (uint64_t)i, &sample, NULL) != SM_OK) return -1;
        snprintf(path, sizeof path, "%s/%d.png", place.folder, i);
        write_png(path, sample.grey);
        snprintf(path, sizeof path, "%s/%d_mask.png", place.folder, i);
        write_png(path, sample.mask);
        sm_sample_free(&sample);
        fprintf(manifest, "%d.png,%d_mask.png,%s,%d,%d\n", i, i, sm_class_name(type), i, i % 3 == 2 && i > 12 ? 0 : 1);
    }
    fclose(manifest);
    const char *path = place.manifest;
    *state = &place;
    return sm_dataset_load(&path, 1, &place.dataset, NULL) == SM_OK ? 0 : -1;
}

static int close_workplace(void **state) {
    workplace *place = *state;
    sm_dataset_free(&place->dataset);
    scratch_remove(place->folder);
    return 0;
}

static sm_trainer_options small_training(void) {
    sm_trainer_options options = sm_trainer_options_default();
    options.size = 64;
    options.batch = 4;
    options.epochs = 3;
    options.fold = 0;
    options.optimiser.warm_up_steps = 4;
    return options;
}

static unsigned char *read_result(const workplace *place, const char *run, const char *name, size_t *size) {
    char path[192];
    unsigned char *bytes = NULL;
    snprintf(path, sizeof path, "%s/%s/%s", place->folder, run, name);
    sm_error error = {0};
    if (sm_file_read(path, &bytes, size, &error) != SM_OK) fail_msg("%s", error.message);
    return bytes;
}

static void assert_same_results(const workplace *place, const char *a, const char *b) {
    size_t size[2];
    unsigned char *bytes[2] = {read_result(place, a, "weights.safetensors", &size[0]),
                               read_result(place, b, "weights.safetensors", &size[1])};
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(bytes[0], bytes[1], size[0]);
    free(bytes[0]);
    free(bytes[1]);
}

static sm_status train_into(workplace *place, const char *run, sm_trainer_options *options,
                            const volatile sig_atomic_t *interrupted, sm_error *error) {
    char out[128];
    snprintf(out, sizeof out, "%s/%s", place->folder, run);
    options->out = out;
    sm_parallel *parallel = sm_parallel_create(2);
    assert_non_null(parallel);
    sm_status status = sm_train(options, &place->dataset, parallel, interrupted, error);
    sm_parallel_free(parallel);
    options->out = NULL;
    return status;
}

static const volatile sig_atomic_t never = 0;

static void test_same_seed_same_bits(void **state) {
    workplace *place = *state;
    sm_trainer_options options = small_training();
    assert_int_equal(train_into(place, "a", &options, &never, NULL), SM_OK);
    assert_int_equal(train_into(place, "b", &options, &never, NULL), SM_OK);
    assert_same_results(place, "a", "b");
    options.seed = 2;
    assert_int_equal(train_into(place, "c", &options, &never, NULL), SM_OK);
    size_t size[2];
    unsigned char *bytes[2] = {read_result(place, "a", "weights.safetensors", &size[0]),
                               read_result(place, "c", "weights.safetensors", &size[1])};
    assert_memory_not_equal(bytes[0], bytes[1], size[0]);
    free(bytes[0]);
    free(bytes[1]);
    /* The files that a training leaves. */
    size_t length = 0;
    unsigned char *log = read_result(place, "a", "log.csv", &length);
    int lines = 0;
    for (size_t i = 0; i < length; i++) lines += log[i] == '\n';
    assert_int_equal(lines, 1 + options.epochs);
    free(log);
    free(read_result(place, "a", "curves.svg", &length));
    free(read_result(place, "a", "panels/epoch_003.png", &length));
}

/** Sends itself a request to stop after some time, wherever the training then is. */
static volatile sig_atomic_t stop_requested;
static void request_stop(int signal_number) {
    (void)signal_number;
    stop_requested = 1;
}

static void test_interrupted_and_resumed_to_the_same_bits(void **state) {
    workplace *place = *state;
    sm_trainer_options options = small_training();
    signal(SIGALRM, request_stop);
    int interruptions = 0;
    sm_status status = SM_ERROR_INTERRUPTED;
    for (int attempt = 0; attempt < 200 && status == SM_ERROR_INTERRUPTED; attempt++) {
        sm_error error = {0};
        options.resume = attempt > 0;
        /* The first attempts stop before their first batch, after a while, and so on; then it may finish. */
        stop_requested = attempt == 0;
        if (attempt > 0 && attempt < 6) ualarm((useconds_t)(150000 * attempt), 0);
        status = train_into(place, "resumed", &options, &stop_requested, &error);
        ualarm(0, 0);
        if (status == SM_ERROR_INTERRUPTED) {
            interruptions++;
            assert_non_null(strstr(error.message, "--resume"));
        }
    }
    assert_int_equal(status, SM_OK);
    assert_true(interruptions >= 1);
    assert_same_results(place, "a", "resumed");
}

/** What a teacher adds to the truth is its share of what the same weights answer by themselves. */
static void test_softened_truth(void **state) {
    workplace *place = *state;
    enum { SIDE = 64, BATCH = 2, PIXELS = SIDE * SIDE };
    static float images[BATCH * PIXELS], masks[BATCH * PIXELS], expected[PIXELS];
    const int types[BATCH] = {SM_CLASS_BENIGN, SM_CLASS_NORMAL};
    sm_random random = sm_random_make(5);
    for (int i = 0; i < BATCH * PIXELS; i++) {
        images[i] = sm_random_range(&random, -1, 1);
        masks[i] = (float)(i % 3 == 0);
    }
    char path[160];
    snprintf(path, sizeof path, "%s/a/weights.safetensors", place->folder);
    const char *const paths[] = {path};
    const float share = 0.25f;
    sm_teachers *teachers = NULL;
    assert_int_equal(
        sm_teachers_create(paths, 1, share, SIDE, BATCH, sm_kernels_for(SM_BACKEND_AUTO), NULL, &teachers, NULL),
        SM_OK);
    const sm_batch batch = {.images = images, .masks = masks, .types = types};
    sm_batch softened = sm_teachers_soften(teachers, &batch, 1);
    size_t size = 0;
    unsigned char *bytes = read_result(place, "a", "weights.safetensors", &size);
    sm_model *model = NULL;
    sm_state *working = NULL;
    assert_int_equal(sm_model_create(bytes, size, NULL, &model, NULL), SM_OK);
    assert_int_equal(sm_state_create(model, NULL, &working, NULL), SM_OK);
    for (int i = 0; i < BATCH; i++) {
        float probabilities[SM_CLASS_COUNT];
        assert_int_equal(sm_run(working, images + (ptrdiff_t)i * PIXELS, expected, probabilities, NULL), SM_OK);
        for (int k = 0; k < PIXELS; k++) {
            int index = i * PIXELS + k;
            float wanted = masks[index] + share * (expected[k] - masks[index]);
            assert_true(fabsf(softened.masks[index] - wanted) < 1e-6f);
        }
        for (int c = 0; c < SM_CLASS_COUNT; c++) {
            float wanted = share * probabilities[c] + (1 - share) * (float)(c == types[i]);
            assert_true(fabsf(softened.type_probabilities[i * SM_CLASS_COUNT + c] - wanted) < 1e-6f);
        }
    }
    assert_ptr_equal(softened.images, images);
    sm_state_free(working);
    sm_model_free(model);
    free(bytes);
    sm_teachers_free(teachers);
}

static void test_teachers(void **state) {
    workplace *place = *state;
    char first[160], second[160];
    snprintf(first, sizeof first, "%s/a/weights.safetensors", place->folder);
    snprintf(second, sizeof second, "%s/c/weights.safetensors", place->folder);
    const char *const paths[] = {first, second};
    sm_trainer_options options = small_training();
    options.teachers = paths;
    options.teacher_count = 2;
    /* Teachers that are not listened to change nothing. */
    options.teacher_share = 0;
    assert_int_equal(train_into(place, "deaf", &options, &never, NULL), SM_OK);
    assert_same_results(place, "a", "deaf");
    /* A pupil of another size: the images reach the teachers at the teachers' own. */
    options.teacher_share = 1;
    options.size = 32;
    options.epochs = 1;
    assert_int_equal(train_into(place, "small", &options, &never, NULL), SM_OK);
    /* A file that is no network is named. */
    const char *const wrong[] = {first, place->manifest};
    options.teachers = wrong;
    sm_error error = {0};
    assert_int_equal(train_into(place, "wrong", &options, &never, &error), SM_ERROR_WEIGHTS);
    assert_non_null(strstr(error.message, "manifest.csv"));
}

static void test_resuming_with_other_settings_is_refused(void **state) {
    workplace *place = *state;
    sm_trainer_options options = small_training();
    sm_error error = {0};
    options.resume = true;
    options.epochs = 4;
    assert_int_equal(train_into(place, "a", &options, &never, &error), SM_ERROR_DATA);
    assert_non_null(strstr(error.message, "epochs=4"));
    options.resume = false;
    assert_int_equal(train_into(place, "a", &options, &never, &error), SM_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "--resume"));
}

static void test_damaged_checkpoint_is_refused(void **state) {
    workplace *place = *state;
    sm_trainer_options options = small_training();
    options.resume = true;
    size_t size = 0;
    unsigned char *bytes = read_result(place, "a", "checkpoint.bin", &size);
    char path[128];
    snprintf(path, sizeof path, "%s/b/checkpoint.bin", place->folder);
    sm_error error = {0};
    assert_int_equal(sm_file_write(path, bytes, size / 2, NULL), SM_OK);
    assert_int_equal(train_into(place, "b", &options, &never, &error), SM_ERROR_DATA);
    assert_non_null(strstr(error.message, "damaged"));
    bytes[size / 3] ^= 1;
    assert_int_equal(sm_file_write(path, bytes, size, NULL), SM_OK);
    assert_int_equal(train_into(place, "b", &options, &never, &error), SM_ERROR_DATA);
    assert_int_equal(sm_file_write(path, "text", 4, NULL), SM_OK);
    assert_int_equal(train_into(place, "b", &options, &never, &error), SM_ERROR_DATA);
    assert_non_null(strstr(error.message, "not a checkpoint"));
    free(bytes);
}

static double first_and_last_loss(const workplace *place, const char *run, double *last) {
    size_t size = 0;
    char *log = (char *)read_result(place, run, "log.csv", &size);
    double first = NAN;
    char *line = strtok(log, "\n");
    while ((line = strtok(NULL, "\n"))) {
        double loss = 0;
        assert_int_equal(sscanf(line, "%*d,%*f,%lf", &loss), 1);
        if (isnan(first)) first = loss;
        *last = loss;
    }
    free(log);
    return first;
}

static void test_it_learns(void **state) {
    workplace *place = *state;
    const char *const losses[] = {"ce", "mae"};
    for (int i = 0; i < 2; i++) {
        sm_trainer_options options = small_training();
        options.epochs = 12;
        options.fold = -1;
        options.augmentation = "study";
        options.loss.type_mae = i == 1;
        assert_int_equal(train_into(place, losses[i], &options, &never, NULL), SM_OK);
        double last = NAN;
        double first = first_and_last_loss(place, losses[i], &last);
        assert_true(last < 0.75 * first);
        /* And the result can be used. */
        size_t size = 0;
        unsigned char *bytes = read_result(place, losses[i], "weights.safetensors", &size);
        sm_model *model = NULL;
        assert_int_equal(sm_model_create(bytes, size, NULL, &model, NULL), SM_OK);
        assert_int_equal(sm_model_describe(model).input_size, 64);
        sm_model_free(model);
        free(bytes);
    }
}

/** Fold 0 holds validation images, fold 1 the rest: leaving both out leaves nothing, leaving out 0 is training on 1. */
static void test_a_fold_left_out_is_not_seen(void **state) {
    workplace *place = *state;
    sm_trainer_options options = small_training();
    sm_error error = {0};
    options.epochs = 1;
    options.left_out = 1;
    assert_int_equal(train_into(place, "none left", &options, &never, &error), SM_ERROR_DATA);
    assert_non_null(strstr(error.message, "too few"));
    options.fold = -1;
    options.left_out = 0;
    assert_int_equal(train_into(place, "left out", &options, &never, &error), SM_OK);
    size_t size = 0;
    unsigned char *bytes = read_result(place, "left out", "weights.safetensors", &size);
    sm_model *model = NULL;
    assert_int_equal(sm_model_create(bytes, size, NULL, &model, NULL), SM_OK);
    assert_non_null(strstr(sm_model_describe(model).training_data, "all folds but 0"));
    sm_model_free(model);
    free(bytes);
}

static void test_impossible_trainings_are_refused(void **state) {
    workplace *place = *state;
    sm_error error = {0};
    sm_trainer_options options = small_training();
    options.fold = 7;
    assert_int_equal(train_into(place, "x", &options, &never, &error), SM_ERROR_DATA);
    assert_non_null(strstr(error.message, "fold 7"));
    options = small_training();
    options.batch = 64;
    assert_int_equal(train_into(place, "x", &options, &never, &error), SM_ERROR_DATA);
    options = small_training();
    options.size = 50;
    assert_int_equal(train_into(place, "x", &options, &never, &error), SM_ERROR_ARGUMENT);
    options = small_training();
    options.network = "resnet";
    assert_int_equal(train_into(place, "x", &options, &never, &error), SM_ERROR_ARGUMENT);
    options = small_training();
    options.augmentation = "wild";
    assert_int_equal(train_into(place, "x", &options, &never, &error), SM_ERROR_ARGUMENT);
    options = small_training();
    options.initial_weights = place->manifest;
    assert_int_equal(train_into(place, "no weights", &options, &never, &error), SM_ERROR_WEIGHTS);
    assert_non_null(strstr(error.message, "manifest.csv"));
    char folder[160];
    snprintf(folder, sizeof folder, "%s/no weights", place->folder);
    assert_int_equal(access(folder, F_OK), -1); /* nothing was made for a training that cannot start */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedule),
        cmocka_unit_test(test_first_step_of_adamw),
        cmocka_unit_test(test_sampler),
        cmocka_unit_test(test_class_shift),
        cmocka_unit_test(test_same_seed_same_bits),
        cmocka_unit_test(test_softened_truth),
        cmocka_unit_test(test_teachers),
        cmocka_unit_test(test_interrupted_and_resumed_to_the_same_bits),
        cmocka_unit_test(test_resuming_with_other_settings_is_refused),
        cmocka_unit_test(test_damaged_checkpoint_is_refused),
        cmocka_unit_test(test_it_learns),
        cmocka_unit_test(test_a_fold_left_out_is_not_seen),
        cmocka_unit_test(test_impossible_trainings_are_refused),
    };
    return cmocka_run_group_tests_name("training", tests, open_workplace, close_workplace);
}
