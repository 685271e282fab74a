/* Small trainings on phantoms, from a data set to a weights file. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../native/data/phantom.h"
#include "../../native/file.h"
#include "../../native/parallel.h"
#include "../../native/report/training_report.h"
#include "../../native/train/trainer.h"
#include "../../src/weights_file.h"
#include "assert_near.h"
#include "scratch_folder.h"

enum { PHANTOMS = 18, PHANTOM_SIDE = 64 };

typedef struct workplace {
    char *folder;
    const char *manifest;
    sm_dataset dataset;
} workplace;

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

/** The same tensors; the recipe in the header may differ. */
static void assert_same_tensors(const workplace *place, const char *a, const char *b) {
    const char *const runs[] = {a, b};
    size_t size[2];
    unsigned char *bytes[2], *tensors[2];
    for (int i = 0; i < 2; i++) {
        uint64_t header = 0;
        bytes[i] = read_result(place, runs[i], "weights.safetensors", &size[i]);
        memcpy(&header, bytes[i], sizeof header);
        assert_true(header + 8 < size[i]);
        tensors[i] = bytes[i] + 8 + header;
        size[i] -= 8 + (size_t)header;
    }
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(tensors[0], tensors[1], size[0]);
    free(bytes[0]);
    free(bytes[1]);
}

static sm_status train_into(workplace *place, const char *run, sm_trainer_options *options,
                            const volatile sig_atomic_t *interrupted, sm_error *error) {
    char out[128];
    snprintf(out, sizeof out, "%s/%s", place->folder, run);
    options->out = out;
    if (!options->observer.begun) options->observer = sm_training_report(out);
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
    /* The files that a training writes. */
    size_t length = 0;
    unsigned char *log = read_result(place, "a", "log.csv", &length);
    int lines = 0;
    for (size_t i = 0; i < length; i++) lines += log[i] == '\n';
    assert_int_equal(lines, 1 + options.epochs);
    free(log);
    free(read_result(place, "a", "curves.svg", &length));
    free(read_result(place, "a", "panels/epoch_003.png", &length));
}

/** Requests a stop after some time, at an arbitrary point of the training. */
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
        /* The first attempt stops before its first batch, five more after growing times; later ones may finish. */
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

static void test_teachers(void **state) {
    workplace *place = *state;
    char first[160], second[160];
    snprintf(first, sizeof first, "%s/a/weights.safetensors", place->folder);
    snprintf(second, sizeof second, "%s/c/weights.safetensors", place->folder);
    const char *const paths[] = {first, second};
    sm_trainer_options options = small_training();
    options.teachers = paths;
    options.teacher_count = 2;
    /* Teachers with a share of 0 change nothing. */
    options.teacher_share = 0;
    assert_int_equal(train_into(place, "no share", &options, &never, NULL), SM_OK);
    assert_same_tensors(place, "a", "no share");
    /* A network of another size than its teachers. */
    options.teacher_share = 1;
    options.size = 32;
    options.epochs = 1;
    assert_int_equal(train_into(place, "small", &options, &never, NULL), SM_OK);
    /* The message names a file that holds no weights. */
    const char *const wrong[] = {first, place->manifest};
    options.teachers = wrong;
    sm_error error = {0};
    assert_int_equal(train_into(place, "wrong", &options, &never, &error), SM_ERROR_WEIGHTS);
    assert_non_null(strstr(error.message, "manifest.csv"));
}

static bool any_image(const sm_record *record, const void *context) {
    (void)record;
    (void)context;
    return true;
}

/** Images that were read before, for several folds, give the same bits as images that the training reads. */
static void test_images_read_before(void **state) {
    workplace *place = *state;
    sm_trainer_options options = small_training();
    sm_cache images;
    scratch_stderr_begin(place->folder);
    assert_int_equal(sm_cache_load(&place->dataset, any_image, NULL, options.size, "", NULL, &images, NULL), SM_OK);
    free(scratch_stderr_end(place->folder));
    options.images = &images;
    assert_int_equal(train_into(place, "read before", &options, &never, NULL), SM_OK);
    assert_same_results(place, "a", "read before");
    sm_cache_free(&images);
}

static sm_status fail_in_epoch_1(void *context, const sm_epoch_result *result, sm_error *error) {
    (void)context;
    assert_int_equal(result->epoch, 1);
    return sm_fail(error, SM_ERROR_IO, "no report");
}

/** Whenever weights are there, a checkpoint is: a training that is killed in its first epoch can be resumed, too. */
static void test_the_first_checkpoint_precedes_the_first_weights(void **state) {
    workplace *place = *state;
    char out[128], path[160];
    snprintf(out, sizeof out, "%s/ended early", place->folder);
    sm_trainer_options options = small_training();
    options.out = out;
    options.observer.epoch_done = fail_in_epoch_1;
    sm_parallel *parallel = sm_parallel_create(2);
    assert_non_null(parallel);
    assert_int_equal(sm_train(&options, &place->dataset, parallel, &never, NULL), SM_ERROR_IO);
    sm_parallel_free(parallel);
    snprintf(path, sizeof path, "%s/weights.safetensors", out);
    assert_int_equal(access(path, F_OK), -1);
    snprintf(path, sizeof path, "%s/checkpoint.bin", out);
    assert_int_equal(access(path, F_OK), 0);
    options = small_training();
    options.resume = true;
    assert_int_equal(train_into(place, "ended early", &options, &never, NULL), SM_OK);
    assert_same_results(place, "a", "ended early");
}

static void test_resuming_with_other_settings_is_refused(void **state) {
    workplace *place = *state;
    sm_trainer_options options = small_training();
    sm_error error = {0};
    options.resume = true;
    options.epochs = 2;
    assert_int_equal(train_into(place, "a", &options, &never, &error), SM_ERROR_DATA);
    assert_non_null(strstr(error.message, "epochs=2"));
    options.epochs = 4;
    options.balance = 0.25f;
    assert_int_equal(train_into(place, "a", &options, &never, &error), SM_ERROR_DATA);
    assert_non_null(strstr(error.message, "balance=0.25"));
    options = small_training();
    options.resume = false;
    assert_int_equal(train_into(place, "a", &options, &never, &error), SM_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "--resume"));
}

/** A finished training goes on to more epochs, and its log keeps the earlier ones. */
static void test_resuming_with_more_epochs(void **state) {
    workplace *place = *state;
    sm_trainer_options options = small_training();
    options.epochs = 2;
    assert_int_equal(train_into(place, "longer", &options, &never, NULL), SM_OK);
    options.resume = true;
    options.epochs = 3;
    assert_int_equal(train_into(place, "longer", &options, &never, NULL), SM_OK);
    size_t size = 0;
    unsigned char *log = read_result(place, "longer", "log.csv", &size);
    assert_non_null(strstr((char *)log, "\n2,"));
    assert_non_null(strstr((char *)log, "\n3,"));
    free(log);
    /* The checkpoint is of the longer training now. */
    sm_error error = {0};
    options.epochs = 2;
    assert_int_equal(train_into(place, "longer", &options, &never, &error), SM_ERROR_DATA);
}

/** `mix` moves what is written towards the initial weights, and changes nothing else. */
static void test_the_result_is_mixed_with_the_initial_weights(void **state) {
    workplace *place = *state;
    sm_trainer_options options = small_training();
    options.epochs = 2;
    options.precision = SM_WEIGHTS_FLOAT32;
    assert_int_equal(train_into(place, "start", &options, &never, NULL), SM_OK);
    char start[160];
    snprintf(start, sizeof start, "%s/start/weights.safetensors", place->folder);
    options.initial_weights = start;
    options.seed = 9;
    options.mix = 1;
    assert_int_equal(train_into(place, "whole", &options, &never, NULL), SM_OK);
    options.mix = 0.25f;
    assert_int_equal(train_into(place, "mixed", &options, &never, NULL), SM_OK);
    static const char *const names[] = {"start", "whole", "mixed"};
    enum { TAIL = 1024 }; /* of the tensors */
    float values[3][TAIL];
    for (int i = 0; i < 3; i++) {
        size_t size = 0;
        unsigned char *bytes = read_result(place, names[i], "weights.safetensors", &size);
        memcpy(values[i], bytes + size - sizeof values[i], sizeof values[i]);
        free(bytes);
    }
    double moved = 0;
    for (int k = 0; k < TAIL; k++) {
        const float expected = values[0][k] + 0.25f * (values[1][k] - values[0][k]);
        assert_true(fabsf(values[2][k] - expected) <= 1e-6f);
        moved += fabs((double)values[1][k] - (double)values[0][k]);
    }
    assert_true(moved > 1e-3);
    /* Another share, or other initial weights, cannot be resumed. */
    sm_error error = {0};
    options.resume = true;
    options.mix = 0.5f;
    assert_int_equal(train_into(place, "mixed", &options, &never, &error), SM_ERROR_DATA);
    assert_non_null(strstr(error.message, "mix=0.5"));
}

/** Keeps the facts of a training and ends it before its first step. */
static sm_status keep_facts(void *context, const sm_training_facts *facts, sm_error *error) {
    *(sm_training_facts *)context = *facts;
    return sm_fail(error, SM_ERROR_INTERRUPTED, "only the facts are wanted");
}

/** Few images need many epochs from the beginning, and few steps at a low rate from trained weights. */
static void test_the_schedule_fits_the_number_of_images(void **state) {
    workplace *place = *state;
    sm_training_facts facts = {0};
    sm_trainer_options options = small_training();
    options.epochs = 0;
    options.optimiser.learning_rate = 0;
    options.optimiser.warm_up_steps = -1;
    options.observer = (sm_training_observer){.begun = keep_facts, .context = &facts};
    assert_int_equal(train_into(place, "from-scratch", &options, &never, NULL), SM_ERROR_INTERRUPTED);
    const int batches = facts.steps / facts.epochs;
    assert_true(facts.steps >= 3000 && facts.steps < 3000 + batches);
    assert_int_equal(facts.warm_up_steps, (facts.steps + 10) / 20);
    assert_near(facts.learning_rate, 0.002, 1e-9);
    char start[160];
    snprintf(start, sizeof start, "%s/a/weights.safetensors", place->folder);
    options.initial_weights = start;
    assert_int_equal(train_into(place, "from-trained", &options, &never, NULL), SM_ERROR_INTERRUPTED);
    assert_true(facts.steps >= 100 && facts.steps < 100 + batches);
    assert_near(facts.learning_rate, 2e-4, 1e-9);
}

/** The initial weights are epoch 0: a training that ruins them leaves them in best.safetensors, and ends early. */
static void test_the_best_epoch_is_kept(void **state) {
    workplace *place = *state;
    sm_trainer_options options = small_training();
    options.epochs = 30;
    options.fold = -1;
    options.inner_share = 0.25f;
    options.precision = SM_WEIGHTS_FLOAT32;
    options.augmentation = "none";
    assert_int_equal(train_into(place, "base", &options, &never, NULL), SM_OK);
    char base[160];
    snprintf(base, sizeof base, "%s/base/best.safetensors", place->folder);
    options.initial_weights = base;
    options.optimiser.learning_rate = 0.5f;
    options.epochs = 12;
    options.patience = 2;
    scratch_stderr_begin(place->folder);
    const sm_status status = train_into(place, "ruined", &options, &never, NULL);
    char *text = scratch_stderr_end(place->folder);
    assert_int_equal(status, SM_OK);
    assert_non_null(strstr(text, "best.safetensors holds"));
    free(text);
    size_t size[3];
    unsigned char *log = read_result(place, "ruined", "log.csv", &size[0]);
    assert_null(strstr((char *)log, "\n12,"));
    free(log);
    unsigned char *best = read_result(place, "ruined", "best.safetensors", &size[0]);
    unsigned char *last = read_result(place, "ruined", "weights.safetensors", &size[1]);
    unsigned char *start = read_result(place, "base", "best.safetensors", &size[2]);
    const size_t tail = 4096; /* the end of the tensors */
    assert_memory_equal(best + size[0] - tail, start + size[2] - tail, tail);
    assert_memory_not_equal(last + size[1] - tail, start + size[2] - tail, tail);
    free(best);
    free(last);
    free(start);
}

/** Weights that have hardly learned anything are replaced: the gain is larger than chance explains. */
static void test_a_clear_gain_replaces_the_initial_weights(void **state) {
    workplace *place = *state;
    sm_trainer_options options = small_training();
    options.epochs = 1;
    options.fold = -1;
    options.augmentation = "none";
    options.optimiser.learning_rate = 1e-5f;
    assert_int_equal(train_into(place, "young", &options, &never, NULL), SM_OK);
    char young[160];
    snprintf(young, sizeof young, "%s/young/weights.safetensors", place->folder);
    options.initial_weights = young;
    options.inner_share = 0.5f;
    options.optimiser.learning_rate = 2e-3f;
    options.epochs = 30;
    options.mix = 1;
    scratch_stderr_begin(place->folder);
    const sm_status status = train_into(place, "grown", &options, &never, NULL);
    char *text = scratch_stderr_end(place->folder);
    assert_int_equal(status, SM_OK);
    if (strstr(text, "best.safetensors holds the weights to start from") || strstr(text, "better beyond chance"))
        fail_msg("%s", text);
    free(text);
    size_t size[2];
    unsigned char *best = read_result(place, "grown", "best.safetensors", &size[0]);
    unsigned char *start = read_result(place, "young", "weights.safetensors", &size[1]);
    static sm_weights_file file; /* its header is large */
    assert_int_equal(sm_weights_file_open(best, size[0], &file, NULL), SM_OK);
    assert_non_null(strstr(file.metadata.training_data, "18 images; fine-tuned on "));
    const size_t tail = 4096;
    assert_memory_not_equal(best + size[0] - tail, start + size[1] - tail, tail);
    free(best);
    free(start);
}

/** Many images of a few patients do not show a gain: the training above, on six patients with four images each, of whom
 * three choose the epoch. */
static void test_copies_of_few_patients_show_no_gain(void **state) {
    workplace place = *(workplace *)*state;
    enum { PATIENTS = 6, COPIES = 4 };
    char list[2048] = "image,masks,class,group\n", line[64], young[160];
    for (int i = 0; i < PATIENTS * COPIES; i++) {
        const int patient = i % PATIENTS;
        char image[32], copy[32];
        size_t size = 0;
        snprintf(image, sizeof image, "%d.png", patient);
        snprintf(copy, sizeof copy, "copy%d.png", i);
        unsigned char *bytes = read_result(&place, ".", image, &size);
        scratch_write(place.folder, copy, bytes, size);
        free(bytes);
        snprintf(line, sizeof line, "%s,%d_mask.png,%s,%d\n", copy, patient,
                 sm_class_name((sm_class)(patient % SM_CLASS_COUNT)), patient);
        strcat(list, line);
    }
    scratch_text(place.folder, "copies.csv", list);
    const char *path = scratch_path(place.folder, "copies.csv");
    assert_int_equal(sm_dataset_load(&path, 1, &place.dataset, NULL), SM_OK);
    sm_trainer_options options = small_training();
    snprintf(young, sizeof young, "%s/young/weights.safetensors", place.folder);
    options.initial_weights = young;
    options.fold = -1;
    options.augmentation = "none";
    options.inner_share = 0.5f;
    options.optimiser.learning_rate = 2e-3f;
    options.epochs = 12;
    options.mix = 1;
    scratch_stderr_begin(place.folder);
    const sm_status status = train_into(&place, "copies", &options, &never, NULL);
    char *text = scratch_stderr_end(place.folder);
    sm_dataset_free(&place.dataset);
    assert_int_equal(status, SM_OK);
    if (!strstr(text, "12 images to train on, 0 to validate on, 12 to choose the best epoch") ||
        !strstr(text, "images of 3 groups (patients) cannot show that the training has helped"))
        fail_msg("%s", text);
    free(text);
    size_t size[2];
    unsigned char *best = read_result(&place, "copies", "best.safetensors", &size[0]);
    unsigned char *start = read_result(&place, "young", "weights.safetensors", &size[1]);
    const size_t tail = 4096;
    assert_memory_equal(best + size[0] - tail, start + size[1] - tail, tail);
    free(best);
    free(start);
}

/** At a rate at which the loss overflows, the training goes back and halves the rate; beyond four times it gives up. */
static void test_a_loss_that_is_not_finite(void **state) {
    workplace *place = *state;
    sm_trainer_options options = small_training();
    options.optimiser.gradient_norm = 0;
    options.optimiser.learning_rate = 1e36f;
    sm_error error = {0};
    scratch_stderr_begin(place->folder);
    const sm_status status = train_into(place, "diverged", &options, &never, &error);
    char *text = scratch_stderr_end(place->folder);
    assert_int_equal(status, SM_ERROR_DATA);
    assert_non_null(strstr(error.message, "not finite in epoch 1, also with a learning rate of"));
    int halvings = 0;
    for (const char *at = text; (at = strstr(at, "half of the learning rate")); at++) halvings++;
    assert_int_equal(halvings, 4);
    free(text);
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

/** The ways in which a checkpoint can exist and not be opened. */
static const char *make_obstacle(const char *path, int kind) {
    switch (kind) {
    case 0:
        assert_int_equal(mkdir(path, 0700), 0);
        return "not a regular file";
    case 1:
        assert_int_equal(mkfifo(path, 0600), 0);
        return "not a regular file";
    case 2:
        assert_int_equal(symlink("checkpoint.bin", path), 0); // a link to itself
        return strerror(ELOOP);
    case 3:
        assert_int_equal(symlink("missing/elsewhere.bin", path), 0);
        return strerror(ENOENT);
    case 4:
        assert_int_equal(symlink("/dev/null/checkpoint.bin", path), 0);
        return strerror(ENOTDIR);
    default:
        assert_int_equal(sm_file_write(path, "old", 3, NULL), SM_OK);
        assert_int_equal(chmod(path, 0), 0);
        return strerror(EACCES);
    }
}

static void test_a_checkpoint_that_cannot_be_opened_stops_the_training(void **state) {
    workplace *place = *state;
    char path[128], weights[128];
    scratch_folder(place->folder, "obstacle");
    snprintf(path, sizeof path, "%s/obstacle/checkpoint.bin", place->folder);
    snprintf(weights, sizeof weights, "%s/obstacle/weights.safetensors", place->folder);
    for (int kind = 0; kind < 6; kind++) {
        const char *reason = make_obstacle(path, kind);
        struct stat before, after;
        assert_int_equal(lstat(path, &before), 0);
        const bool root = kind == 5 && access(path, R_OK) == 0; // no permission can stop root
        for (int resume = 0; resume < 2 && !root; resume++) {
            sm_trainer_options options = small_training();
            options.resume = resume;
            sm_error error = {0};
            assert_int_equal(train_into(place, "obstacle", &options, &never, &error), SM_ERROR_IO);
            assert_non_null(strstr(error.message, path));
            assert_non_null(strstr(error.message, reason));
            assert_int_equal(lstat(path, &after), 0);
            assert_int_equal(after.st_ino, before.st_ino);
            assert_int_equal(after.st_mode, before.st_mode);
            assert_int_equal(access(weights, F_OK), -1);
        }
        assert_int_equal(remove(path), 0);
    }
}

static void test_overwrite_starts_from_the_beginning(void **state) {
    workplace *place = *state;
    sm_trainer_options options = small_training();
    options.epochs = 1;
    assert_int_equal(train_into(place, "overwritten", &options, &never, NULL), SM_OK);
    assert_int_equal(train_into(place, "overwritten", &options, &never, NULL), SM_ERROR_ARGUMENT);
    char best[512];
    snprintf(best, sizeof best, "%s/overwritten/best.safetensors", place->folder);
    FILE *file = fopen(best, "w"); /* of the training that is replaced */
    assert_non_null(file);
    fclose(file);
    options = small_training();
    options.overwrite = true;
    assert_int_equal(train_into(place, "overwritten", &options, &never, NULL), SM_OK);
    assert_same_results(place, "a", "overwritten");
    assert_null(fopen(best, "r"));
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

static void test_training_lowers_the_loss(void **state) {
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
        /* The weights can be loaded. */
        size_t size = 0;
        unsigned char *bytes = read_result(place, losses[i], "weights.safetensors", &size);
        sm_model *model = NULL;
        assert_int_equal(sm_model_create(bytes, size, NULL, &model, NULL), SM_OK);
        assert_int_equal(sm_model_describe(model).input_size, 64);
        sm_model_free(model);
        free(bytes);
    }
}

/** All images are in folds 0 and 1: without both no image is left, and without fold 0 fold 1 is trained on. */
static void test_a_fold_left_out_is_not_used(void **state) {
    workplace *place = *state;
    sm_trainer_options options = small_training();
    sm_error error = {0};
    options.epochs = 1;
    options.left_out = 1;
    assert_int_equal(train_into(place, "none left", &options, &never, &error), SM_ERROR_DATA);
    assert_non_null(strstr(error.message, "no image is left"));
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
    assert_int_equal(access(folder, F_OK), -1); /* no folder is made for a training that cannot start */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_bits),
        cmocka_unit_test(test_teachers),
        cmocka_unit_test(test_interrupted_and_resumed_to_the_same_bits),
        cmocka_unit_test(test_the_first_checkpoint_precedes_the_first_weights),
        cmocka_unit_test(test_resuming_with_other_settings_is_refused),
        cmocka_unit_test(test_the_result_is_mixed_with_the_initial_weights),
        cmocka_unit_test(test_images_read_before),
        cmocka_unit_test(test_resuming_with_more_epochs),
        cmocka_unit_test(test_the_schedule_fits_the_number_of_images),
        cmocka_unit_test(test_the_best_epoch_is_kept),
        cmocka_unit_test(test_a_clear_gain_replaces_the_initial_weights),
        cmocka_unit_test(test_copies_of_few_patients_show_no_gain),
        cmocka_unit_test(test_a_loss_that_is_not_finite),
        cmocka_unit_test(test_damaged_checkpoint_is_refused),
        cmocka_unit_test(test_a_checkpoint_that_cannot_be_opened_stops_the_training),
        cmocka_unit_test(test_overwrite_starts_from_the_beginning),
        cmocka_unit_test(test_training_lowers_the_loss),
        cmocka_unit_test(test_a_fold_left_out_is_not_used),
        cmocka_unit_test(test_impossible_trainings_are_refused),
    };
    return cmocka_run_group_tests_name("training", tests, open_workplace, close_workplace);
}
