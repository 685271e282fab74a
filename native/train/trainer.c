#include "trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../src/memory_plan.h"
#include "../data/random.h"
#include "../file.h"
#include "../progress.h"
#include "checkpoint.h"
#include "loader.h"
#include "sampler.h"
#include "teachers.h"
#include "training_log.h"
#include "validation.h"

/* Running statistics follow the batches with this share; the moving average of the weights smooths them further. */
static const float statistics_momentum = 0.1f;

enum { SETTINGS_SIZE = 1024, NOTE_SIZE = 160 };

typedef struct trainer {
    const sm_trainer_options *options;
    const sm_dataset *dataset;
    const sm_parallel *parallel;
    const volatile sig_atomic_t *interrupted;
    const sm_kernels *kernels;
    sm_net net;
    int size, batches; /* batches an epoch */
    int first_batch;   /* of this run, counted over all epochs */
    sm_optimiser_options optimiser_options;
    sm_augmentation augmentation;
    sm_cache training_cache, validation_cache;
    sm_loader *loader;
    sm_training *training;
    sm_teachers *teachers; /* NULL: the truth alone */
    sm_validation *validation;
    sm_optimiser optimiser;
    float *parameters, *gradients;
    float *answer; /* the parameters to validate and keep: the average, the type's bias undone for the sampling */
    int *order;
    sm_checkpoint progress; /* where training stands */
    char settings[SETTINGS_SIZE];
    char data_hash[24];
    char *checkpoint_path, *weights_path, *log_path, *curves_path, *panels_folder;
} trainer;

sm_trainer_options sm_trainer_options_default(void) {
    return (sm_trainer_options){.network = "sonomask",
                                .augmentation = "full",
                                .batch = 8,
                                .epochs = 60,
                                .fold = -1,
                                .left_out = -1,
                                .teacher_share = 0.5f,
                                .balance = 0.5f,
                                .seed = 1,
                                .precision = SM_WEIGHTS_FLOAT16,
                                .optimiser = sm_optimiser_options_default(),
                                .loss = sm_loss_options_default()};
}

/* ---- set-up ---- */

static bool is_for_training(const sm_record *record, const void *context) {
    const sm_trainer_options *options = context;
    return !record->exclude && (options->fold < 0 || record->fold != options->fold) &&
           (options->left_out < 0 || record->fold != options->left_out);
}

static bool is_for_validation(const sm_record *record, const void *context) {
    const sm_trainer_options *options = context;
    return !record->exclude && options->fold >= 0 && record->fold == options->fold;
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size) {
    const unsigned char *b = bytes;
    for (size_t i = 0; i < size; i++) hash = (hash ^ b[i]) * 0x100000001B3ULL;
    return hash;
}

/** Of the decoded training images, masks and classes: two trainings with one hash saw the same data. */
static void hash_data(trainer *t) {
    uint64_t hash = 0xCBF29CE484222325ULL;
    for (int i = 0; i < t->training_cache.count; i++) {
        const sm_sample *sample = &t->training_cache.samples[i];
        int type = (int)t->training_cache.records[i]->type;
        size_t pixels = (size_t)sample->width * (size_t)sample->height;
        hash = hash_bytes(hash, &type, sizeof type);
        hash = hash_bytes(hash, sample->grey, pixels);
        hash = hash_bytes(hash, sample->mask, pixels);
    }
    snprintf(t->data_hash, sizeof t->data_hash, "%016llx", (unsigned long long)hash);
}

static void describe_settings(trainer *t) {
    const sm_trainer_options *o = t->options;
    snprintf(t->settings, sizeof t->settings,
             "net=%s size=%d batch=%d epochs=%d fold=%d left_out=%d seed=%llu threads=%d augmentation=%s balance=%g "
             "lr=%g decay=%g "
             "clip=%g ema=%g warmup=%d bce=%g dice=%g auxiliary=%g type=%s weight=%g smoothing=%g kernels=%s "
             "teachers=%016llx share=%g data=%s",
             t->net.name, t->size, o->batch, o->epochs, o->fold, o->left_out, (unsigned long long)o->seed,
             sm_parallel_threads(t->parallel), o->augmentation, (double)o->balance, (double)o->optimiser.learning_rate,
             (double)o->optimiser.weight_decay, (double)o->optimiser.gradient_norm, (double)o->optimiser.average_decay,
             o->optimiser.warm_up_steps, (double)o->loss.bce_weight, (double)o->loss.dice_weight,
             (double)o->loss.auxiliary_weight, o->loss.type_mae ? "mae" : "ce", (double)o->loss.type_weight,
             (double)o->loss.label_smoothing, t->kernels->name, (unsigned long long)sm_teachers_hash(t->teachers),
             (double)o->teacher_share, t->data_hash);
}

static sm_status load_images(trainer *t, sm_error *error) {
    sm_status status = sm_cache_load(t->dataset, is_for_training, t->options, t->size, "loading training images",
                                     t->parallel, &t->training_cache, error);
    if (status != SM_OK) return status;
    status = sm_cache_load(t->dataset, is_for_validation, t->options, t->size, "loading validation images", t->parallel,
                           &t->validation_cache, error);
    if (status != SM_OK) return status;
    if (t->training_cache.count < t->options->batch)
        return sm_fail(error, SM_ERROR_DATA, "%d training images are too few for batches of %d",
                       t->training_cache.count, t->options->batch);
    if (t->options->fold >= 0 && t->validation_cache.count == 0)
        return sm_fail(error, SM_ERROR_DATA, "no image of fold %d can be used", t->options->fold);
    hash_data(t);
    fprintf(stderr, "%d images to train on, %d to validate on\n", t->training_cache.count, t->validation_cache.count);
    return SM_OK;
}

static sm_status start_from(trainer *t, const char *path, sm_error *error) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    sm_status status = sm_file_read(path, &bytes, &size, error);
    if (status != SM_OK) return status;
    sm_weights_metadata metadata;
    sm_net net;
    float *parameters = NULL;
    status = sm_weights_read(bytes, size, &metadata, &net, &parameters, error);
    free(bytes);
    if (status != SM_OK) return sm_error_prefix(error, path);
    if (strcmp(net.name, t->net.name) == 0)
        memcpy(t->parameters, parameters, t->net.total_count * sizeof *parameters);
    else
        status = sm_fail(error, SM_ERROR_WEIGHTS, "%s: weights of %s cannot start a training of %s", path, net.name,
                         t->net.name);
    sm_floats_free(parameters);
    return status;
}

static sm_status make_paths(trainer *t, sm_error *error) {
    const char *out = t->options->out;
    sm_status status = sm_folder_make(out, error);
    if (status != SM_OK) return status;
    t->checkpoint_path = sm_path_join(out, "checkpoint.bin");
    t->weights_path = sm_path_join(out, "weights.safetensors");
    t->log_path = sm_path_join(out, "log.csv");
    t->curves_path = sm_path_join(out, "curves.svg");
    t->panels_folder = sm_path_join(out, "panels");
    if (!t->checkpoint_path || !t->weights_path || !t->log_path || !t->curves_path || !t->panels_folder)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for file names");
    return t->options->fold >= 0 ? sm_folder_make(t->panels_folder, error) : SM_OK;
}

/** A folder that already holds a training is not overwritten by mistake. */
static sm_status start_or_resume(trainer *t, sm_error *error) {
    FILE *existing = fopen(t->checkpoint_path, "rb");
    if (existing) fclose(existing);
    if (t->options->resume && existing) {
        sm_status status =
            sm_checkpoint_read(t->checkpoint_path, t->settings, &t->progress, t->parameters, &t->optimiser, error);
        if (status == SM_OK)
            fprintf(stderr, "going on at epoch %d, batch %d\n", t->progress.epoch + 1, t->progress.batch + 1);
        return status;
    }
    if (existing)
        return sm_fail(error, SM_ERROR_ARGUMENT, "%s exists: add --resume to go on, or choose another --out",
                       t->checkpoint_path);
    if (t->options->resume) fprintf(stderr, "no checkpoint in %s yet: starting anew\n", t->options->out);
    t->progress.settings = strdup(t->settings);
    t->progress.log = strdup(sm_training_log_header);
    if (!t->progress.settings || !t->progress.log) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the log");
    return SM_OK;
}

/** Said before anything is written. */
static sm_status check_fold(const trainer *t, sm_error *error) {
    if (t->options->fold < 0) return SM_OK;
    for (int i = 0; i < t->dataset->count; i++)
        if (is_for_validation(&t->dataset->records[i], t->options)) return SM_OK;
    return sm_fail(error, SM_ERROR_DATA, "no image is in fold %d", t->options->fold);
}

/** What the options alone decide: nothing is written, and no image read, before all of it holds. */
static sm_status set_up_network(trainer *t, sm_error *error) {
    const sm_trainer_options *options = t->options;
    sm_status status = sm_net_make(options->network, &t->net, error);
    if (status != SM_OK) return status;
    t->size = options->size > 0 ? options->size : t->net.default_size;
    t->kernels = sm_kernels_for(SM_BACKEND_AUTO);
    status = sm_training_create(&t->net, t->size, options->batch, t->kernels, t->parallel, &t->training, error);
    if (status == SM_OK) status = check_fold(t, error);
    if (status != SM_OK) return status;
    t->parameters = sm_floats_allocate(t->net.total_count);
    t->gradients = sm_floats_allocate(t->net.trainable_count);
    t->answer = sm_floats_allocate(t->net.total_count);
    if (!t->parameters || !t->gradients || !t->answer) return sm_fail(error, SM_ERROR_MEMORY, "no memory for training");
    sm_net_initialise(&t->net, options->seed, t->parameters);
    if (options->initial_weights) status = start_from(t, options->initial_weights, error);
    if (status == SM_OK && options->teacher_count > 0)
        status = sm_teachers_create(options->teachers, options->teacher_count, options->teacher_share, t->size,
                                    options->batch, t->kernels, t->parallel, &t->teachers, error);
    if (status == SM_OK) status = sm_optimiser_create(&t->net, t->parameters, &t->optimiser, error);
    return status;
}

static sm_status set_up(trainer *t, sm_error *error) {
    const sm_trainer_options *options = t->options;
    sm_status status = sm_augmentation_by_name(options->augmentation, &t->augmentation, error);
    if (status == SM_OK) status = set_up_network(t, error);
    if (status == SM_OK) status = make_paths(t, error);
    if (status == SM_OK) status = load_images(t, error);
    if (status != SM_OK) return status;
    t->batches = t->training_cache.count / options->batch;
    t->optimiser_options = options->optimiser;
    t->optimiser_options.total_steps = (long)t->batches * options->epochs;
    t->order = malloc((size_t)t->training_cache.count * sizeof *t->order);
    if (!t->order) return sm_fail(error, SM_ERROR_MEMORY, "no memory for training");
    status = sm_loader_create(&t->training_cache, &t->augmentation, t->size, options->batch, &t->loader, error);
    if (status == SM_OK && t->validation_cache.count > 0)
        status = sm_validation_create(&t->net, &t->validation_cache, t->size, options->loss.type_mae, t->kernels,
                                      t->parallel, &t->validation, error);
    if (status != SM_OK) return status;
    describe_settings(t);
    return start_or_resume(t, error);
}

static void tear_down(trainer *t) {
    sm_loader_free(t->loader);
    sm_validation_free(t->validation);
    sm_training_free(t->training);
    sm_teachers_free(t->teachers);
    sm_optimiser_free(&t->optimiser);
    sm_cache_free(&t->training_cache);
    sm_cache_free(&t->validation_cache);
    sm_checkpoint_free(&t->progress);
    sm_floats_free(t->parameters);
    sm_floats_free(t->gradients);
    sm_floats_free(t->answer);
    free(t->order);
    free(t->checkpoint_path);
    free(t->weights_path);
    free(t->log_path);
    free(t->curves_path);
    free(t->panels_folder);
}

/* ---- results ---- */

static void describe_data(const trainer *t, char *text, size_t size) {
    const char *last = "";
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < t->training_cache.count; i++) {
        const char *source = t->training_cache.records[i]->source;
        if (strcmp(source, last) == 0) continue;
        last = source;
        int written = snprintf(text + used, size - used, "%s%s", used > 0 ? "+" : "", source);
        if (written > 0 && used + (size_t)written < size) used += (size_t)written;
    }
    int fold = t->options->fold, left_out = t->options->left_out;
    char but[48] = "";
    if (fold >= 0 && left_out >= 0)
        snprintf(but, sizeof but, ", all folds but %d and %d", left_out, fold);
    else if (fold >= 0 || left_out >= 0)
        snprintf(but, sizeof but, ", all folds but %d", fold >= 0 ? fold : left_out);
    snprintf(text + used, size - used, "%s, %d images", but, t->training_cache.count);
}

/**
 * Fills t->answer: the averaged weights, which are what is evaluated and used. Rare kinds were shown more often than
 * they are; the bias of the type's logits, if cross-entropy made them, takes that back.
 */
static void make_answer(const trainer *t) {
    memcpy(t->answer, t->optimiser.average, t->net.total_count * sizeof *t->answer);
    int bias = sm_net_parameter(&t->net, t->net.type_layer, SM_PARAMETER_BIAS);
    if (t->options->loss.type_mae || bias < 0) return;
    float shift[SM_CLASS_COUNT];
    sm_sampler_class_shift(t->training_cache.records, t->training_cache.count, t->options->balance,
                           t->augmentation.paste_probability, shift);
    for (int c = 0; c < SM_CLASS_COUNT; c++) t->answer[t->net.parameters[bias].offset + (size_t)c] += shift[c];
}

static sm_status write_weights(const trainer *t, sm_error *error) {
    sm_weights_metadata metadata = {.input_size = t->size,
                                    .type_activation =
                                        t->options->loss.type_mae ? SM_TYPE_TWO_SIGMOID : SM_TYPE_SOFTMAX,
                                    .threshold = 0.5f,
                                    .temperature = 1};
    snprintf(metadata.network, sizeof metadata.network, "%s", t->net.name);
    snprintf(metadata.training_data_hash, sizeof metadata.training_data_hash, "%s", t->data_hash);
    describe_data(t, metadata.training_data, sizeof metadata.training_data);
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc)) strftime(metadata.date, sizeof metadata.date, "%Y-%m-%d", &utc);
    uint8_t *bytes = NULL;
    size_t size = 0;
    sm_status status = sm_weights_write(&t->net, t->answer, &metadata, t->options->precision, &bytes, &size, error);
    if (status == SM_OK) status = sm_file_write(t->weights_path, bytes, size, error);
    free(bytes);
    return status;
}

static sm_status save_checkpoint(const trainer *t, sm_error *error) {
    return sm_checkpoint_write(t->checkpoint_path, &t->progress, t->parameters, &t->optimiser, error);
}

static sm_status finish_epoch(trainer *t, sm_progress *bar, sm_error *error) {
    sm_scores scores = {0};
    int epoch = t->progress.epoch + 1;
    sm_status status = SM_OK;
    make_answer(t);
    if (t->validation) {
        char name[32];
        snprintf(name, sizeof name, "epoch_%03d.png", epoch);
        char *panel_path = sm_path_join(t->panels_folder, name);
        status = sm_validation_run(t->validation, t->answer, panel_path, &scores, error);
        free(panel_path);
        if (status != SM_OK) return status;
        char line[NOTE_SIZE];
        snprintf(line, sizeof line,
                 "epoch %d: validation lesion Dice %.4f, accuracy %.4f, normal images with a mask %.3f", epoch,
                 scores.lesion_dice, scores.accuracy, scores.false_masks);
        sm_progress_message(bar, line);
    }
    status =
        sm_training_log_append(&t->progress.log, epoch, sm_learning_rate(&t->optimiser_options, t->optimiser.step - 1),
                               &t->progress.sums, t->validation ? &scores : NULL, error);
    t->progress.epoch++;
    t->progress.batch = 0;
    t->progress.sums = (sm_epoch_sums){0};
    if (status == SM_OK) status = sm_file_write(t->log_path, t->progress.log, strlen(t->progress.log), error);
    if (status == SM_OK) status = sm_training_log_draw(t->progress.log, t->curves_path, error);
    if (status == SM_OK) status = write_weights(t, error);
    if (status == SM_OK) status = save_checkpoint(t, error);
    return status;
}

/* ---- the loop ---- */

static void add_scores(trainer *t, const sm_batch *batch, const sm_losses *losses, double norm) {
    sm_epoch_sums *sums = &t->progress.sums;
    size_t pixels = (size_t)t->size * (size_t)t->size;
    sums->loss += losses->total;
    sums->mask_loss += losses->mask;
    sums->type_loss += losses->type;
    sums->gradient_norm += norm;
    sums->batches += 1;
    for (int i = 0; i < t->options->batch; i++) {
        sums->images += 1;
        sums->right_types += sm_class_of_logits(sm_training_type_logits(t->training) + i * SM_CLASS_COUNT,
                                                t->options->loss.type_mae) == batch->types[i];
        if (batch->types[i] == SM_CLASS_NORMAL) continue;
        sums->lesion_images += 1;
        sums->dice += sm_dice_of_logits(sm_training_mask_logits(t->training) + (size_t)i * pixels,
                                        batch->masks + (size_t)i * pixels, pixels);
    }
}

static sm_status run_batch(trainer *t, sm_error *error) {
    double start = sm_clock();
    double waited = sm_loader_waited(t->loader);
    sm_batch batch = sm_loader_next(t->loader);
    if (!batch.images) return sm_fail(error, SM_ERROR_MEMORY, "no memory to prepare a batch");
    uint64_t seed = sm_random_derive(t->options->seed ^ 0xD509u, (uint64_t)t->optimiser.step);
    sm_batch softened = t->teachers ? sm_teachers_soften(t->teachers, &batch, sm_random_derive(seed, 1)) : batch;
    sm_losses losses = sm_training_step(t->training, t->parameters, &softened, &t->options->loss, statistics_momentum,
                                        seed, t->gradients);
    if (!isfinite(losses.total))
        return sm_fail(error, SM_ERROR_DATA, "the loss is no longer finite: lower the learning rate");
    double norm = sm_optimiser_step(&t->optimiser, &t->optimiser_options, t->parameters, t->gradients, t->parallel);
    add_scores(t, &batch, &losses, norm);
    t->progress.batch++;
    t->progress.sums.waited += sm_loader_waited(t->loader) - waited;
    t->progress.sums.seconds += sm_clock() - start;
    return SM_OK;
}

static sm_status run_epoch(trainer *t, sm_progress *bar, sm_error *error) {
    int count = t->training_cache.count;
    int epoch = t->progress.epoch;
    sm_status status = sm_sampler_order(t->training_cache.records, count, t->options->balance, t->options->seed, epoch,
                                        t->order, error);
    if (status == SM_OK)
        status =
            sm_loader_start(t->loader, t->order, count, sm_random_derive(t->options->seed ^ 0xA06u, (uint64_t)epoch),
                            t->progress.batch, error);
    while (status == SM_OK && t->progress.batch < t->batches) {
        if (*t->interrupted) {
            status = save_checkpoint(t, error);
            return status == SM_OK
                       ? sm_fail(error, SM_ERROR_INTERRUPTED, "stopped in epoch %d; go on with --resume", epoch + 1)
                       : status;
        }
        status = run_batch(t, error);
        const sm_epoch_sums *sums = &t->progress.sums;
        char note[NOTE_SIZE];
        snprintf(note, sizeof note, "epoch %d/%d loss %.4f dice %.3f type %.3f %.1f images/s", epoch + 1,
                 t->options->epochs, sums->loss / sums->batches,
                 sums->lesion_images > 0 ? sums->dice / sums->lesion_images : 0, sums->right_types / sums->images,
                 sums->images / sums->seconds);
        sm_progress_show(bar, epoch * t->batches + t->progress.batch - t->first_batch, note);
    }
    return status;
}

sm_status sm_train(const sm_trainer_options *options, const sm_dataset *dataset, const sm_parallel *parallel,
                   const volatile sig_atomic_t *interrupted, sm_error *error) {
    trainer *t = calloc(1, sizeof *t);
    if (!t) return sm_fail(error, SM_ERROR_MEMORY, "no memory for training");
    t->options = options;
    t->dataset = dataset;
    t->parallel = parallel;
    t->interrupted = interrupted;
    sm_status status = set_up(t, error);
    /* Counted from where this run begins, or the time left would be too short after a resumption. */
    t->first_batch = t->progress.epoch * t->batches + t->progress.batch;
    sm_progress bar;
    sm_progress_begin(&bar, "training", t->batches * options->epochs - t->first_batch);
    while (status == SM_OK && t->progress.epoch < options->epochs) {
        status = run_epoch(t, &bar, error);
        if (status == SM_OK) status = finish_epoch(t, &bar, error);
    }
    sm_progress_end(&bar);
    int left_out = t->training_cache.left_out + t->validation_cache.left_out;
    if (status == SM_OK && left_out > 0)
        status = sm_fail(error, SM_ERROR_DATA, "the training is done, but %d %s", left_out,
                         left_out == 1 ? "image was left out" : "images were left out");
    tear_down(t);
    free(t);
    return status;
}
