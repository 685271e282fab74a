/* The trainer against the same training written out step by step, and its files. */
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
#include "../../native/train/checkpoint.h"
#include "../../native/train/composer.h"
#include "../../native/train/prompt_simulation.h"
#include "../../native/train/sampler.h"
#include "../../native/train/trainer.h"
#include "../../native/train/training_log.h"
#include "../../src/memory_plan.h"
#include "assert_near.h"
#include "scratch_folder.h"

enum { SIDE = 64, PIXELS = SIDE * SIDE, BATCH = 4, TRAINED = 9, VALIDATED = 3, EPOCHS = 2 };

static const float learning_rate = 1e-3f, prompt_share = 0.5f;
static const volatile sig_atomic_t never = 0;

/** One benign, two malignant and six normal images to train on (fold 1), three to validate on (fold 0), one that is
 *  excluded, and one in fold 2. */
typedef struct fixture {
    char *folder;
    sm_dataset dataset;
    sm_sample samples[TRAINED];
    const sm_record *records[TRAINED];
} fixture;

static int make_fixture(void **state) {
    static fixture f;
    f = (fixture){.folder = scratch_make()};
    char manifest[2048] = "image,masks,class,group,fold,exclude\n";
    static const int types[] = {1, 2, 2, 0, 0, 0, 0, 0, 0, 0, 1, 2, 1, 2};
    static const int folds[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 2};
    for (int i = 0; i < 14; i++) {
        char image[32], mask[32], line[128];
        sm_sample sample;
        if (sm_phantom_draw(SIDE, SIDE - 8, (sm_class)types[i], (uint64_t)i, &sample, NULL) != SM_OK) return -1;
        snprintf(image, sizeof image, "%d.png", i);
        snprintf(mask, sizeof mask, "%d_mask.png", i);
        scratch_png(f.folder, image, SIDE, SIDE - 8, sample.grey);
        scratch_png(f.folder, mask, SIDE, SIDE - 8, sample.mask);
        snprintf(line, sizeof line, "%s,%s,%s,%d,%d,%d\n", image, mask, sm_class_name((sm_class)types[i]), i, folds[i],
                 i == 12);
        strcat(manifest, line);
        if (i < TRAINED)
            f.samples[i] = sample;
        else
            sm_sample_free(&sample);
    }
    scratch_text(f.folder, "manifest.csv", manifest);
    const char *path = f.folder;
    *state = &f;
    if (sm_dataset_load(&path, 1, &f.dataset, NULL) != SM_OK) return -1;
    for (int i = 0; i < TRAINED; i++) f.records[i] = &f.dataset.records[i];
    return 0;
}

static int free_fixture(void **state) {
    fixture *f = *state;
    for (int i = 0; i < TRAINED; i++) sm_sample_free(&f->samples[i]);
    sm_dataset_free(&f->dataset);
    scratch_remove(f->folder);
    return 0;
}

static sm_trainer_options short_training(const char *augmentation) {
    sm_trainer_options options = sm_trainer_options_default();
    options.size = SIDE;
    options.batch = BATCH;
    options.epochs = EPOCHS;
    options.fold = 0;
    options.left_out = 2;
    options.seed = 11;
    options.augmentation = augmentation;
    options.prompt_share = prompt_share;
    options.precision = SM_WEIGHTS_FLOAT32;
    options.optimiser.learning_rate = learning_rate;
    options.optimiser.warm_up_steps = 1;
    return options;
}

static sm_status train(fixture *f, const char *run, sm_trainer_options *options, sm_error *error) {
    options->out = scratch_path(f->folder, run);
    scratch_stderr_begin(f->folder);
    const sm_status status = sm_train(options, &f->dataset, NULL, &never, error);
    free(scratch_stderr_end(f->folder));
    return status;
}

static unsigned char *read_file(const fixture *f, const char *run, const char *name, size_t *size) {
    char path[128];
    unsigned char *bytes = NULL;
    snprintf(path, sizeof path, "%s/%s", run, name);
    assert_int_equal(sm_file_read(scratch_path(f->folder, path), &bytes, size, NULL), SM_OK);
    return bytes;
}

/** The parameters of a training's weights file. */
static float *read_weights(const fixture *f, const char *run, sm_net *net, sm_weights_metadata *metadata) {
    size_t size = 0;
    float *parameters = NULL;
    unsigned char *bytes = read_file(f, run, "weights.safetensors", &size);
    assert_int_equal(sm_weights_read(bytes, size, metadata, net, &parameters, NULL), SM_OK);
    free(bytes);
    return parameters;
}

static size_t type_bias(const sm_net *net) {
    return net->parameters[sm_net_parameter(net, net->type_layer, SM_PARAMETER_BIAS)].offset;
}

/** A training written out: its EMA weights, and the sums of its last epoch. */
typedef struct expectation {
    float *average;
    float to_normal[SM_CLASSES_ANY + 1]; /* by set of classes: share of the images that becomes normal */
    double loss, mask_loss, type_loss, norm, dice, lesions, right, images, batches;
} expectation;

static double dice_of(const float *logits, const float *mask) {
    double both = 0, sum = 0;
    for (int i = 0; i < PIXELS; i++) {
        both += logits[i] > 0 && mask[i] >= 0.5f;
        sum += (logits[i] > 0) + (mask[i] >= 0.5f);
    }
    return sum > 0 ? 2 * both / sum : 1;
}

static void add_batch(expectation *e, const sm_training *training, const sm_batch *batch, const sm_losses *losses,
                      double norm) {
    e->loss += losses->total;
    e->mask_loss += losses->mask;
    e->type_loss += losses->type;
    e->norm += norm;
    e->batches++;
    for (int i = 0; i < BATCH; i++) {
        const float *logits = sm_training_type_logits(training) + (ptrdiff_t)i * SM_CLASS_COUNT;
        int best = 0;
        for (int c = 1; c < SM_CLASS_COUNT; c++)
            if (logits[c] > logits[best]) best = c;
        e->images++;
        e->right += batch->classes[i] == 1 << best;
        const bool prompted = batch->prompts[i].click_count > 0 || batch->prompts[i].has_box;
        if (batch->classes[i] == 1 << SM_CLASS_NORMAL || prompted) continue;
        e->lesions++;
        e->dice +=
            dice_of(sm_training_mask_logits(training) + (ptrdiff_t)i * PIXELS, batch->masks + (ptrdiff_t)i * PIXELS);
    }
}

/** Sets the prompts of a batch; returns whether clicks on errors of the network's answer were wanted. */
static bool simulate_prompts(sm_prompt_simulation *simulation, sm_training *training, float *parameters,
                             uint64_t step_seed, sm_batch *batch) {
    bool needs_answer = false;
    assert_int_equal(sm_prompt_simulation_begin(simulation, batch, sm_random_derive(step_seed, 2), &needs_answer, NULL),
                     SM_OK);
    if (!needs_answer) return false;
    sm_training_predict(training, parameters, batch, sm_random_derive(step_seed, 3));
    assert_int_equal(sm_prompt_simulation_correct(simulation, batch, sm_training_mask_logits(training), NULL), SM_OK);
    return true;
}

static sm_trainer_options written_out(void) {
    sm_trainer_options options = short_training("full");
    options.normals = 0.7f; /* half of the training is done before the second epoch, so that half of the rise is */
    return options;
}

/** The training of written_out(), two batches of four of nine images in each of two epochs. */
static void train_by_hand(const fixture *f, expectation *e) {
    static float images[BATCH * PIXELS], masks[BATCH * PIXELS];
    sm_class_set classes[BATCH];
    int order[TRAINED];
    const sm_trainer_options options = written_out();
    sm_optimiser_options optimiser_options = options.optimiser;
    optimiser_options.total_steps = 4;
    sm_net net;
    sm_training *training = NULL;
    sm_sampler *sampler = NULL;
    sm_composer *composer = NULL;
    sm_prompt_simulation *simulation = NULL;
    int corrected = 0;
    sm_optimiser optimiser;
    sm_augmentation augmentation;
    assert_int_equal(sm_net_make("sonomask2", &net, NULL), SM_OK);
    float *parameters = sm_floats_allocate(net.total_count), *gradients = sm_floats_allocate(net.trainable_count);
    sm_augment_scratch *scratch = sm_augment_scratch_create(SIDE);
    assert_true(parameters && gradients && scratch);
    sm_net_initialise(&net, 11, parameters);
    assert_int_equal(sm_training_create(&net, SIDE, BATCH, sm_kernels_for(SM_BACKEND_AUTO), NULL, &training, NULL),
                     SM_OK);
    assert_int_equal(sm_optimiser_create(&net, parameters, sm_kernels_for(SM_BACKEND_AUTO), &optimiser, NULL), SM_OK);
    assert_int_equal(sm_sampler_create(f->records, TRAINED, 0.5f, 0.7f, &sampler, NULL), SM_OK);
    assert_int_equal(sm_prompt_simulation_create(SIDE, BATCH, prompt_share, &simulation, NULL), SM_OK);
    assert_int_equal(sm_augmentation_by_name("full", &augmentation, NULL), SM_OK);
    assert_int_equal(sm_composer_create(f->records, f->samples, TRAINED, SIDE, &augmentation, &composer, NULL), SM_OK);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        *e = (expectation){0};
        assert_int_equal(sm_sampler_order(sampler, 11, epoch, (double)epoch / EPOCHS, order, NULL), SM_OK);
        sm_composer_begin_epoch(composer, order, TRAINED);
        const uint64_t epoch_seed = sm_random_derive(11 ^ 0xA06u, (uint64_t)epoch);
        for (int number = 0; number < TRAINED / BATCH; number++) {
            for (int i = 0; i < BATCH; i++) {
                const int place = number * BATCH + i;
                const uint64_t seed = sm_random_derive(epoch_seed, (uint64_t)place);
                const sm_sample *sample = sm_composer_compose(composer, order[place], seed, &classes[i]);
                assert_int_equal(sm_augment(&augmentation, sample, SIDE, seed, scratch, images + (ptrdiff_t)i * PIXELS,
                                            masks + (ptrdiff_t)i * PIXELS),
                                 SM_OK);
            }
            sm_batch batch = {.images = images, .masks = masks, .classes = classes};
            const uint64_t seed = sm_random_derive(11 ^ 0xD509u, (uint64_t)optimiser.step);
            corrected += simulate_prompts(simulation, training, parameters, seed, &batch);
            const sm_losses losses =
                sm_training_step(training, parameters, &batch, &options.loss, 0.1f, seed, gradients);
            const double norm = sm_optimiser_step(&optimiser, &optimiser_options, parameters, gradients, NULL);
            add_batch(e, training, &batch, &losses, norm);
        }
    }
    assert_in_range(corrected, 1, 3); /* batches of both kinds are compared */
    sm_composer_normal_shares(composer, e->to_normal);
    e->average = sm_floats_allocate(net.total_count);
    assert_non_null(e->average);
    memcpy(e->average, optimiser.average, net.total_count * sizeof *e->average);
    sm_augment_scratch_free(scratch);
    sm_sampler_free(sampler);
    sm_composer_free(composer);
    sm_prompt_simulation_free(simulation);
    sm_optimiser_free(&optimiser);
    sm_training_free(training);
    sm_floats_free(parameters);
    sm_floats_free(gradients);
}

static bool is_validated(const sm_record *record, const void *context) {
    (void)context;
    return record->fold == 0;
}

static void test_every_step_equals_the_training_written_out(void **state) {
    fixture *f = *state;
    expectation e;
    train_by_hand(f, &e);
    sm_trainer_options options = written_out();
    assert_int_equal(train(f, "steps", &options, NULL), SM_OK);
    sm_net net;
    sm_weights_metadata metadata;
    float *weights = read_weights(f, "steps", &net, &metadata);
    /* The nine training images: shares 6/9, 1/9, 2/9, drawn in proportion to n^0.5. Half of the rise raises the share
     * of normal images. Of these, 0.3 get a lesion; some of the others become normal. */
    const double total = sqrt(6) + sqrt(1) + sqrt(2), own = sqrt(6) / total, normal = 0.5 * (own + 0.7);
    const double benign = (1 - normal) / (sqrt(1) + sqrt(2)), malignant = (1 - normal) - benign;
    const double benign_lost = benign * (double)e.to_normal[1 << SM_CLASS_BENIGN];
    const double malignant_lost = malignant * (double)e.to_normal[1 << SM_CLASS_MALIGNANT];
    assert_true(benign_lost + malignant_lost > 0);
    const double shift[] = {log(6.0 / 9 / (0.7 * normal + benign_lost + malignant_lost)),
                            log(1.0 / 9 / (benign - benign_lost + 0.15 * normal)),
                            log(2.0 / 9 / (malignant - malignant_lost + 0.15 * normal))};
    for (int c = 0; c < SM_CLASS_COUNT; c++)
        assert_near(weights[type_bias(&net) + (size_t)c], (double)e.average[type_bias(&net) + (size_t)c] + shift[c],
                    1e-6);
    memcpy(weights + type_bias(&net), e.average + type_bias(&net), SM_CLASS_COUNT * sizeof *weights);
    assert_memory_equal(weights, e.average, net.total_count * sizeof *weights);
    assert_int_equal(metadata.input_size, SIDE);
    assert_int_equal(metadata.type_activation, SM_TYPE_SOFTMAX);
    assert_true(metadata.threshold == 0.5f && metadata.temperature == 1);
    assert_non_null(strstr(metadata.training_data, ", all folds but 2 and 0, 9 images"));
    sm_floats_free(weights);

    size_t size = 0;
    sm_training_history history;
    char *log = (char *)read_file(f, "steps", "log.csv", &size);
    assert_int_equal(sm_training_history_parse(log, &history, NULL), SM_OK);
    assert_int_equal(history.epochs, EPOCHS);
    assert_near(history.column[SM_LOG_EPOCH][1], 2, 0);
    /* The last of four steps is number 3, of a cosine over three steps after one step of warm-up. */
    assert_near(history.column[SM_LOG_LEARNING_RATE][1], learning_rate * 0.5 * (1 + cos(acos(-1) * 2 / 3)), 1e-8);
    assert_near(history.column[SM_LOG_LOSS][1] / (e.loss / 2), 1, 1e-5);
    assert_near(history.column[SM_LOG_MASK_LOSS][1] / (e.mask_loss / 2), 1, 1e-5);
    assert_near(history.column[SM_LOG_TYPE_LOSS][1] / (e.type_loss / 2), 1, 1e-5);
    assert_near(history.column[SM_LOG_GRADIENT_NORM][1] / (e.norm / 2), 1, 1e-5);
    assert_near(history.column[SM_LOG_TRAINING_DICE][1], e.dice / e.lesions, 1e-5);
    assert_near(history.column[SM_LOG_TRAINING_ACCURACY][1], e.right / 8, 1e-5);
    assert_near(history.column[SM_LOG_IMAGES_PER_SECOND][1] * history.column[SM_LOG_SECONDS][1] / 8, 1, 1e-3);
    assert_in_range(e.images, 8, 8);
    sm_training_history_free(&history);
    free(log);
    sm_floats_free(e.average);
}

/** The scores in the log are those of the weights in the file, on the validation images. */
static void test_written_weights_are_the_validated_ones(void **state) {
    fixture *f = *state;
    sm_trainer_options options = short_training("none");
    assert_int_equal(train(f, "validated", &options, NULL), SM_OK);
    sm_net net;
    sm_weights_metadata metadata;
    float *weights = read_weights(f, "validated", &net, &metadata);
    sm_cache cache;
    sm_validation *validation = NULL;
    sm_scores scores;
    const sm_kernels *kernels = sm_kernels_for(SM_BACKEND_AUTO);
    scratch_stderr_begin(f->folder);
    assert_int_equal(sm_cache_load(&f->dataset, is_validated, NULL, SIDE, "loading", NULL, &cache, NULL), SM_OK);
    assert_int_equal(cache.count, VALIDATED);
    assert_int_equal(sm_validation_create(&net, &cache, SIDE, false, kernels, NULL, &validation, NULL), SM_OK);
    assert_int_equal(sm_validation_run(validation, weights, &scores, NULL), SM_OK);
    free(scratch_stderr_end(f->folder));
    size_t size = 0;
    sm_training_history history;
    char *log = (char *)read_file(f, "validated", "log.csv", &size);
    assert_int_equal(sm_training_history_parse(log, &history, NULL), SM_OK);
    assert_near(history.column[SM_LOG_VALIDATION_DICE][1], scores.lesion_dice, 1e-5);
    assert_near(history.column[SM_LOG_VALIDATION_ACCURACY][1], scores.accuracy, 1e-5);
    assert_near(history.column[SM_LOG_VALIDATION_FALSE_MASKS][1], scores.false_masks, 1e-5);
    sm_training_history_free(&history);
    free(log);
    sm_validation_free(validation);
    sm_cache_free(&cache);
    sm_floats_free(weights);
}

/** The type bias after a training whose steps are too small to change it. */
static void bias_of_still_training(fixture *f, const char *run, float balance, const char *augmentation, bool mae,
                                   double bias[SM_CLASS_COUNT]) {
    sm_trainer_options options = short_training(augmentation);
    options.epochs = 1;
    options.balance = balance;
    options.loss.type_mae = mae;
    options.optimiser.learning_rate = 1e-9f;
    assert_int_equal(train(f, run, &options, NULL), SM_OK);
    sm_net net;
    sm_weights_metadata metadata;
    float *weights = read_weights(f, run, &net, &metadata);
    for (int c = 0; c < SM_CLASS_COUNT; c++) bias[c] = (double)weights[type_bias(&net) + (size_t)c];
    assert_int_equal(metadata.type_activation, mae ? SM_TYPE_TWO_SIGMOID : SM_TYPE_SOFTMAX);
    sm_floats_free(weights);
}

static void test_type_bias_undoes_the_sampling(void **state) {
    fixture *f = *state;
    double bias[SM_CLASS_COUNT];
    /* Biases start at 0. With full balance, each of the three kinds is drawn equally often. */
    bias_of_still_training(f, "balanced", 1, "none", false, bias);
    assert_near(bias[SM_CLASS_NORMAL], log(6.0 / 9 * 3), 1e-5);
    assert_near(bias[SM_CLASS_BENIGN], log(1.0 / 9 * 3), 1e-5);
    assert_near(bias[SM_CLASS_MALIGNANT], log(2.0 / 9 * 3), 1e-5);
    /* Copy-paste turns 0.3 of the normal images into lesion images. */
    bias_of_still_training(f, "pasted", 0, "no-negatives", false, bias);
    assert_near(bias[SM_CLASS_NORMAL], log(6.0 / (6 - 1.8)), 1e-5);
    assert_near(bias[SM_CLASS_BENIGN], log(1.0 / (1 + 0.9)), 1e-5);
    assert_near(bias[SM_CLASS_MALIGNANT], log(2.0 / (2 + 0.9)), 1e-5);
    /* The study's loss has no logits of class frequencies. */
    bias_of_still_training(f, "mae", 1, "none", true, bias);
    for (int c = 0; c < SM_CLASS_COUNT; c++) assert_near(bias[c], 0, 1e-5);
}

/** The calls that an observer received. */
typedef struct seen {
    int epochs, examples;
    sm_status answer;
    char log[4096];
} seen;

static sm_status observe(void *context, const sm_epoch_result *result, sm_error *error) {
    seen *s = context;
    assert_int_equal(result->epoch, ++s->epochs);
    s->examples = result->example_count;
    snprintf(s->log, sizeof s->log, "%s", result->log);
    for (int i = 0; i < result->example_count; i++) {
        const sm_validation_example *example = &result->examples[i];
        assert_int_equal(example->size, SIDE);
        for (int k = 0; k < PIXELS; k++) {
            assert_true(example->target[k] == 0 || example->target[k] == 255);
            assert_true(example->probability[k] >= 0 && example->probability[k] <= 1);
        }
    }
    return s->answer == SM_OK ? SM_OK : sm_fail(error, s->answer, "the observer has failed");
}

static void test_observer_gets_each_epoch(void **state) {
    fixture *f = *state;
    static seen with_fold, without_fold, failing;
    sm_trainer_options options = short_training("none");
    options.observer = (sm_training_observer){.epoch_done = observe, .context = &with_fold};
    assert_int_equal(train(f, "observed", &options, NULL), SM_OK);
    assert_int_equal(with_fold.epochs, EPOCHS);
    assert_int_equal(with_fold.examples, VALIDATED);
    size_t size = 0;
    char *log = (char *)read_file(f, "observed", "log.csv", &size);
    assert_string_equal(with_fold.log, log);
    free(log);

    options = short_training("none"); /* without a validation fold, training images are shown and nothing is scored */
    options.epochs = 1;
    options.fold = -1;
    options.observer = (sm_training_observer){.epoch_done = observe, .context = &without_fold};
    assert_int_equal(train(f, "all", &options, NULL), SM_OK);
    assert_int_equal(without_fold.examples, SM_VALIDATION_EXAMPLES);
    sm_training_history history;
    assert_int_equal(sm_training_history_parse(without_fold.log, &history, NULL), SM_OK);
    assert_true(isnan(history.column[SM_LOG_VALIDATION_DICE][0]));
    assert_true(isnan(history.column[SM_LOG_VALIDATION_FALSE_MASKS][0]));
    assert_true(history.column[SM_LOG_SECONDS][0] > 0);
    sm_training_history_free(&history);

    sm_error error = {0};
    failing.answer = SM_ERROR_IO;
    options.observer.context = &failing;
    assert_int_equal(train(f, "failing", &options, &error), SM_ERROR_IO);
    assert_string_equal(error.message, "the observer has failed");
    assert_int_equal(failing.epochs, 1);
}

static void test_bad_images_are_left_out_and_named(void **state) {
    fixture *f = *state;
    scratch_text(f->folder, "3.png", "this is not an image");
    sm_trainer_options options = short_training("none");
    options.epochs = 1;
    options.out = scratch_path(f->folder, "bad image");
    sm_error error = {0};
    scratch_stderr_begin(f->folder);
    assert_int_equal(sm_train(&options, &f->dataset, NULL, &never, &error), SM_ERROR_DATA);
    char *messages = scratch_stderr_end(f->folder);
    assert_non_null(strstr(messages, "left out: "));
    assert_non_null(strstr(messages, "1 of 9 training images could not be used"));
    assert_non_null(strstr(error.message, "1 image was left out"));
    free(messages);
    sm_net net;
    sm_weights_metadata metadata;
    sm_floats_free(read_weights(f, "bad image", &net, &metadata));
    assert_non_null(strstr(metadata.training_data, "8 images"));
    scratch_png(f->folder, "3.png", SIDE, SIDE - 8, f->samples[3].grey);
}

/** Makes the checkpoint of a training one of an earlier version, whose log had 14 columns. */
static void age_checkpoint(const fixture *f, const char *run) {
    sm_net net;
    sm_weights_metadata metadata;
    sm_optimiser optimiser;
    sm_checkpoint checkpoint;
    char path[256], old[4096] = "";
    float *parameters = read_weights(f, run, &net, &metadata);
    snprintf(path, sizeof path, "%s/%s/checkpoint.bin", f->folder, run);
    assert_int_equal(sm_optimiser_create(&net, parameters, sm_kernels_for(SM_BACKEND_AUTO), &optimiser, NULL), SM_OK);
    assert_int_equal(sm_checkpoint_read(path, metadata.recipe, &checkpoint, parameters, &optimiser, NULL), SM_OK);
    for (const char *row = checkpoint.log; *row; row += strcspn(row, "\n") + 1) {
        size_t length = 0;
        for (int column = 0; column < 14; column++) length += strcspn(row + length, ",") + 1;
        strncat(old, row, length - 1);
        strcat(old, "\n");
    }
    free(checkpoint.log);
    checkpoint.log = strdup(old);
    assert_non_null(checkpoint.log);
    assert_int_equal(sm_checkpoint_write(path, &checkpoint, parameters, &optimiser, NULL), SM_OK);
    sm_checkpoint_free(&checkpoint);
    sm_optimiser_free(&optimiser);
    sm_floats_free(parameters);
}

static void test_training_of_an_earlier_version_goes_on(void **state) {
    fixture *f = *state;
    sm_trainer_options options = short_training("none");
    options.inner_share = 0.3f;
    assert_int_equal(train(f, "earlier", &options, NULL), SM_OK);
    age_checkpoint(f, "earlier");
    options.resume = true;
    options.epochs = EPOCHS + 1;
    assert_int_equal(train(f, "earlier", &options, NULL), SM_OK);
    size_t size = 0;
    sm_training_history history;
    char *log = (char *)read_file(f, "earlier", "log.csv", &size);
    assert_memory_equal(log, sm_training_log_header, strlen(sm_training_log_header));
    int commas = 0;
    for (const char *c = log; *c; c++) commas += *c == ',';
    assert_int_equal(commas, (EPOCHS + 2) * (SM_LOG_COLUMNS - 1)); /* no row is shorter */
    assert_int_equal(sm_training_history_parse(log, &history, NULL), SM_OK);
    assert_int_equal(history.epochs, EPOCHS + 1);
    assert_true(history.column[SM_LOG_SECONDS][0] > 0 && isnan(history.column[SM_LOG_INNER_SCORE][0]));
    assert_true(history.column[SM_LOG_INNER_SCORE][EPOCHS] >= 0);
    assert_true(isnan(history.column[SM_LOG_INNER_GAIN][EPOCHS])); /* there are no initial weights to compare with */
    sm_training_history_free(&history);
    free(log);
}

/** No rate that is tried is low enough. What is left on disk can be gone on from, with a lower one. */
static void diverge(fixture *f, const char *run, int shards) {
    sm_trainer_options options = short_training("none");
    options.epochs = 20;
    options.shards = shards;
    options.precision = SM_WEIGHTS_FLOAT16;
    options.optimiser.learning_rate = 100; /* the loss stays finite */
    sm_error error = {0};
    assert_int_equal(train(f, run, &options, &error), SM_ERROR_DATA);
    assert_non_null(strstr(error.message, " in epoch 1, also with a learning rate of 6.25; the state at the start of "
                                          "epoch 1 is saved: go on from there with --resume and a lower"));
    assert_non_null(strstr(error.message, "the weights were too large for 16 bits"));
    char path[128];
    snprintf(path, sizeof path, "%s/log.csv", run);
    assert_false(access(scratch_path(f->folder, path), F_OK) == 0); /* nothing of such an epoch is written */
    options.resume = true;
    options.epochs = 1;
    assert_int_equal(train(f, run, &options, &error), SM_ERROR_DATA);
    assert_non_null(strstr(error.message, "cannot resume: the checkpoint was made with epochs=20, now it is epochs=1"));
    options.epochs = 20;
    options.optimiser.learning_rate = 200;
    assert_int_equal(train(f, run, &options, &error), SM_ERROR_DATA);
    assert_non_null(strstr(error.message, "was made with lr=100, now it is lr=200"));
    options.optimiser.learning_rate = learning_rate;
    assert_int_equal(train(f, run, &options, &error), SM_OK);
    sm_net net;
    sm_weights_metadata metadata;
    sm_floats_free(read_weights(f, run, &net, &metadata)); /* refused when a value is not finite */
    size_t size = 0;
    sm_training_history history;
    char *log = (char *)read_file(f, run, "log.csv", &size);
    assert_int_equal(sm_training_history_parse(log, &history, NULL), SM_OK);
    assert_int_equal(history.epochs, 20);
    for (int i = 0; i < 20; i++) {
        assert_near(history.column[SM_LOG_EPOCH][i], i + 1, 0);
        assert_true(history.column[SM_LOG_LEARNING_RATE][i] <= (double)learning_rate); /* not halved once more */
    }
    assert_near(history.column[SM_LOG_LEARNING_RATE][0], (double)learning_rate, 1e-5);
    sm_training_history_free(&history);
    free(log);
}

static void test_diverging_training_is_ended(void **state) { diverge(*state, "diverging", 0); }

static void test_diverging_training_on_shards_is_ended(void **state) { diverge(*state, "diverging shards", 2); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_step_equals_the_training_written_out),
        cmocka_unit_test(test_written_weights_are_the_validated_ones),
        cmocka_unit_test(test_type_bias_undoes_the_sampling),
        cmocka_unit_test(test_observer_gets_each_epoch),
        cmocka_unit_test(test_bad_images_are_left_out_and_named),
        cmocka_unit_test(test_training_of_an_earlier_version_goes_on),
        cmocka_unit_test(test_diverging_training_is_ended),
        cmocka_unit_test(test_diverging_training_on_shards_is_ended),
    };
    return cmocka_run_group_tests_name("trainer", tests, make_fixture, free_fixture);
}
