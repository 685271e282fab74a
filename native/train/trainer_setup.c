/** The trainer's set-up: images, network, optimiser and checkpoint. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/memory_plan.h"
#include "../../src/weights_file.h"
#include "../file.h"
#include "inner_split.h"
#include "trainer_ranks.h"
#include "trainer_state.h"
#include "training_log.h"

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

/** Hashes the decoded training images, masks and classes, so that a checkpoint is refused for other data. */
static void hash_data(sm_trainer *t) {
    uint64_t hash = 0xCBF29CE484222325ULL;
    for (int i = 0; i < t->training_cache.count; i++) {
        const sm_sample *sample = &t->training_cache.samples[i];
        int type = (int)t->training_cache.records[i]->classes;
        size_t pixels = (size_t)sample->width * (size_t)sample->height;
        hash = hash_bytes(hash, &type, sizeof type);
        hash = hash_bytes(hash, sample->grey, pixels);
        hash = hash_bytes(hash, sample->mask, pixels);
    }
    snprintf(t->data_hash, sizeof t->data_hash, "%016llx", (unsigned long long)hash);
}

static void describe_settings(sm_trainer *t) {
    const sm_trainer_options *o = t->options;
    char threads[48]; /* with shards, the weights do not depend on the threads */
    if (t->shards)
        snprintf(threads, sizeof threads, "shards=%d", o->shards);
    else
        snprintf(threads, sizeof threads, "threads=%d", sm_parallel_threads(t->parallel));
    const uint64_t teachers = t->shards ? sm_shards_teachers_hash(t->shards) : sm_distillation_hash(t->distillation);
    snprintf(t->settings, sizeof t->settings,
             "net=%s size=%d batch=%d epochs=%d fold=%d left_out=%d seed=%llu %s augmentation=%s balance=%g "
             "normals=%g lr=%g decay=%g clip=%g ema=%g warmup=%g bce=%g dice=%g auxiliary=%g type=%s weight=%g "
             "smoothing=%g kernels=%s teachers=%016llx share=%g prompts=%g inner=%g data=%s",
             t->net.name, t->size, o->batch, o->epochs, o->fold, o->left_out, (unsigned long long)o->seed, threads,
             o->augmentation, (double)o->balance, (double)o->normals, (double)o->optimiser.learning_rate,
             (double)o->optimiser.weight_decay, (double)o->optimiser.gradient_norm, (double)o->optimiser.average_decay,
             o->optimiser.warm_up_steps >= 0 ? (double)o->optimiser.warm_up_steps : (double)o->optimiser.warm_up_share,
             (double)o->loss.bce_weight, (double)o->loss.dice_weight, (double)o->loss.auxiliary_weight,
             o->loss.type_mae ? "mae" : "ce", (double)o->loss.type_weight, (double)o->loss.label_smoothing,
             t->kernels->name, (unsigned long long)teachers, (double)o->teacher_share, (double)o->prompt_share,
             (double)o->inner_share, t->data_hash);
    const size_t used = strlen(t->settings);
    if (t->start)
        snprintf(t->settings + used, sizeof t->settings - used, " from=%016llx mix=%g",
                 (unsigned long long)hash_bytes(0xCBF29CE484222325ULL, t->start, t->net.total_count * sizeof *t->start),
                 (double)o->mix);
}

/** What a training on these images cannot learn. */
static void warn_of_one_kind(const sm_cache *cache) {
    sm_class_set seen = 0;
    bool several = false, outlined = false;
    for (int i = 0; i < cache->count; i++) {
        const sm_sample *sample = &cache->samples[i];
        several = several || (i > 0 && cache->records[i]->classes != seen);
        seen = cache->records[i]->classes;
        outlined = outlined || memchr(sample->mask, 255, (size_t)sample->width * (size_t)sample->height);
    }
    if (!outlined) fprintf(stderr, "sonomask: every mask is empty: the network learns to outline nothing\n");
    if (!several) fprintf(stderr, "sonomask: all images have the same class: the type is not learned from them\n");
}

enum { FEW_IMAGES = 500 };

/** The least steps and epochs of a training, its learning rate, and the share of trained weights, when the options
 * leave them open. Few images need many epochs; trained weights need few steps, at a low rate, and few images move them
 * astray. */
static void choose_schedule(sm_trainer *t) {
    sm_trainer_options *o = &t->chosen;
    const bool fine_tuning = o->initial_weights != NULL;
    const int least_steps = fine_tuning ? 100 : 3000, least_epochs = fine_tuning ? 10 : SM_LEAST_EPOCHS;
    if (o->epochs <= 0) {
        const int batches = t->batches > 0 ? t->batches : 1; /* load_images has seen to it */
        const int enough = (least_steps + batches - 1) / batches;
        o->epochs = enough > least_epochs ? enough : least_epochs;
    }
    if (o->mix < 0) o->mix = t->training_cache.count < FEW_IMAGES ? 0.5f : 1;
    if (o->optimiser.learning_rate <= 0) o->optimiser.learning_rate = fine_tuning ? 2e-4f : 2e-3f;
    t->optimiser_options = o->optimiser;
    t->optimiser_options.total_steps = (long)t->batches * o->epochs;
}

/** Passes what the training is to the observer. */
static sm_status announce(const sm_trainer *t, sm_error *error) {
    const sm_training_observer *observer = &t->options->observer;
    if (!observer->begun || !sm_trainer_writes(t)) return SM_OK;
    const sm_training_facts facts = {.recipe = t->settings,
                                     .data_hash = t->data_hash,
                                     .kernels = t->kernels->name,
                                     .ranks = sm_ranks_count(t->options->ranks),
                                     .shards = t->options->shards,
                                     .training_images = t->training_cache.count,
                                     .inner_images = t->inner_cache.count,
                                     .validation_images = t->validation_cache.count,
                                     .epochs = t->options->epochs,
                                     .steps = (int)t->optimiser_options.total_steps,
                                     .warm_up_steps = (int)sm_warm_up_steps(&t->optimiser_options),
                                     .learning_rate = t->options->optimiser.learning_rate,
                                     .resumed = t->has_checkpoint};
    return observer->begun(observer->context, &facts, error);
}

static sm_status load_images(sm_trainer *t, sm_error *error) {
    const sm_cache *all = t->options->images;
    t->caches_borrowed = all != NULL;
    sm_status status =
        all ? sm_cache_select(all, is_for_training, t->options, &t->training_cache, error)
            : sm_cache_load_shared(t->dataset, is_for_training, t->options, t->size, "loading training images",
                                   t->parallel, t->options->ranks, &t->training_cache, error);
    if (status != SM_OK) return status;
    status = all ? sm_cache_select(all, is_for_validation, t->options, &t->validation_cache, error)
                 : sm_cache_load_shared(t->dataset, is_for_validation, t->options, t->size, "loading validation images",
                                        t->parallel, t->options->ranks, &t->validation_cache, error);
    if (status == SM_OK && t->options->inner_share > 0)
        status = sm_inner_split(&t->training_cache, t->options->inner_share, t->options->seed, &t->inner_cache, error);
    if (status != SM_OK) return status;
    if (t->options->inner_share > 0 && t->inner_cache.count == 0)
        return sm_fail(error, SM_ERROR_DATA,
                       "the %d training images are of one group: none can be held out to choose the best epoch "
                       "(--inner 0 trains without)",
                       t->training_cache.count);
    if (t->training_cache.count == 0) return sm_fail(error, SM_ERROR_DATA, "no image is left to train on");
    if (t->training_cache.count < t->options->batch)
        return t->inner_cache.count > 0
                   ? sm_fail(
                         error, SM_ERROR_DATA,
                         "%d training images, beside %d held out to choose the best epoch (--inner), are too few for "
                         "batches of %d (--batch)",
                         t->training_cache.count, t->inner_cache.count, t->options->batch)
                   : sm_fail(error, SM_ERROR_DATA, "%d training images are too few for batches of %d (--batch)",
                             t->training_cache.count, t->options->batch);
    if (t->options->fold >= 0 && t->validation_cache.count == 0)
        return sm_fail(error, SM_ERROR_DATA, "no image of fold %d can be used", t->options->fold);
    hash_data(t);
    fprintf(stderr, "%d images to train on, %d to validate on", t->training_cache.count, t->validation_cache.count);
    if (t->inner_cache.count > 0) fprintf(stderr, ", %d to choose the best epoch", t->inner_cache.count);
    fprintf(stderr, "\n");
    warn_of_one_kind(&t->training_cache);
    return SM_OK;
}

/** Reads the outlier statistics and the presence of the initial weights. */
static sm_status keep_settings(sm_trainer *t, const unsigned char *bytes, size_t size, sm_error *error) {
    sm_weights_file *file = calloc(1, sizeof *file);
    if (!file) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the weights");
    sm_status status = sm_weights_file_open(bytes, size, file, error);
    if (status == SM_OK) status = sm_outlier_get(file, &t->outlier, &t->has_outlier, error);
    if (status == SM_OK) status = sm_decision_get(file, &t->decision, &t->has_decision, error);
    free(file);
    return status;
}

static sm_status start_from(sm_trainer *t, const char *path, sm_error *error) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    sm_status status = sm_file_read(path, &bytes, &size, error);
    if (status != SM_OK) return status;
    sm_net net;
    float *parameters = NULL;
    status = sm_weights_read(bytes, size, &t->initial, &net, &parameters, error);
    if (status == SM_OK) status = keep_settings(t, bytes, size, error);
    free(bytes);
    if (status != SM_OK) sm_floats_free(parameters);
    if (status != SM_OK) return sm_error_prefix(error, path);
    if (strcmp(net.name, t->net.name) == 0)
        memcpy(t->parameters, parameters, t->net.total_count * sizeof *parameters);
    else
        status = sm_fail(error, SM_ERROR_WEIGHTS, "%s: weights of %s cannot start a training of %s", path, net.name,
                         t->net.name);
    sm_floats_free(parameters);
    return status;
}

sm_status sm_trainer_input_size(const sm_trainer_options *options, int *size, sm_error *error) {
    sm_trainer *t = calloc(1, sizeof *t);
    if (!t) return sm_fail(error, SM_ERROR_MEMORY, "no memory for training");
    sm_status status = sm_net_make(options->network, &t->net, error);
    t->parameters = status == SM_OK ? sm_floats_allocate(t->net.total_count) : NULL;
    if (status == SM_OK && !t->parameters) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for training");
    t->initial.input_size = t->net.default_size;
    if (status == SM_OK && options->initial_weights) status = start_from(t, options->initial_weights, error);
    *size = options->size > 0 ? options->size : t->initial.input_size;
    sm_floats_free(t->parameters);
    free(t);
    return status;
}

static sm_status make_paths(sm_trainer *t, sm_error *error) {
    const char *out = t->options->out;
    t->folder_new = sm_trainer_writes(t) && !sm_folder_exists(out);
    sm_status status = sm_trainer_writes(t) ? sm_folder_make(out, error) : SM_OK;
    if (status != SM_OK) return status;
    t->checkpoint_path = sm_path_join(out, "checkpoint.bin");
    t->weights_path = sm_path_join(out, "weights.safetensors");
    t->best_path = sm_path_join(out, "best.safetensors");
    t->log_path = sm_path_join(out, "log.csv");
    if (!t->best_path || !t->checkpoint_path || !t->weights_path || !t->log_path)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for file names");
    return SM_OK;
}

/** Looks for a checkpoint before the images are loaded. Without `resume` and `overwrite` an existing one is an error.
 */
static sm_status find_checkpoint(sm_trainer *t, sm_error *error) {
    const sm_trainer_options *options = t->options;
    if ((options->overwrite && !options->resume) || !sm_trainer_writes(t)) return SM_OK;
    const sm_status status = sm_checkpoint_find(t->checkpoint_path, &t->has_checkpoint, error);
    if (status != SM_OK || options->resume || !t->has_checkpoint) return status;
    return sm_fail(error, SM_ERROR_ARGUMENT,
                   "%s exists: add --resume to continue, --overwrite to replace it, or choose another --out",
                   t->checkpoint_path);
}

/** The images that choose the best epoch are answered with the settings that what is written has. */
static void decide_as_start(const sm_trainer *t) {
    const sm_validation_rule rule = {t->initial.threshold, t->has_decision ? &t->decision : NULL};
    sm_validation_decide(t->inner_validation, &rule);
}

/** The number of the setting " key=NUMBER". */
static double setting(const char *settings, const char *key) {
    const char *place = strstr(settings, key);
    return place ? strtod(place + strlen(key), NULL) : 0;
}

/** Takes over more epochs and a lower learning rate than those of the checkpoint. */
static sm_status change_schedule(sm_trainer *t, sm_error *error) {
    static const char epochs[] = " epochs=", rate[] = " lr=";
    if (setting(t->progress.settings, epochs) < setting(t->settings, epochs))
        fprintf(stderr, "resuming with more epochs: the learning rate follows the schedule of %d epochs\n",
                t->options->epochs);
    if (setting(t->progress.settings, rate) > setting(t->settings, rate)) {
        fprintf(stderr, "resuming with a lower learning rate, %g\n", (double)t->options->optimiser.learning_rate);
        t->progress.halvings = 0; /* they were of the rate that is replaced */
    }
    free(t->progress.settings);
    t->progress.settings = strdup(t->settings);
    return t->progress.settings ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory for the settings");
}

static sm_status resume(sm_trainer *t, sm_error *error) {
    sm_status status =
        sm_checkpoint_read(t->checkpoint_path, t->settings, &t->progress, t->parameters, &t->optimiser, error);
    if (status == SM_OK) status = sm_training_log_upgrade(&t->progress.log, error);
    if (status != SM_OK || sm_trainer_is_finished(t)) return status;
    status = change_schedule(t, error);
    if (status != SM_OK) return status;
    for (int i = 0; i < t->progress.halvings; i++) t->optimiser_options.learning_rate /= 2;
    fprintf(stderr, "resuming at epoch %d, batch %d\n", t->progress.epoch + 1, t->progress.batch + 1);
    return SM_OK;
}

static sm_status start_or_resume(sm_trainer *t, sm_error *error) {
    if (t->has_checkpoint) return resume(t, error);
    if (t->options->resume) fprintf(stderr, "no checkpoint in %s yet: starting from the beginning\n", t->options->out);
    /* With --overwrite: the best weights of the training that is replaced. This one may write none. */
    if (t->options->overwrite) remove(t->best_path);
    t->progress.best_score = -1;
    t->progress.settings = strdup(t->settings);
    t->progress.log = strdup(sm_training_log_header);
    if (!t->progress.settings || !t->progress.log) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the log");
    return SM_OK;
}

/** Fails before anything is written when no image is in the validation fold. */
static sm_status check_fold(const sm_trainer *t, sm_error *error) {
    if (t->options->fold < 0) return SM_OK;
    for (int i = 0; i < t->dataset->count; i++)
        if (is_for_validation(&t->dataset->records[i], t->options)) return SM_OK;
    return sm_fail(error, SM_ERROR_DATA, "no image is in fold %d", t->options->fold);
}

/** What computes a step: on whole batches, or on their shards. */
static sm_status set_up_steps(sm_trainer *t, sm_error *error) {
    const sm_trainer_options *o = t->options;
    const float prompt_share = t->net.takes_prompts ? o->prompt_share : 0;
    if (o->shards == 0 && sm_ranks_count(o->ranks) > 1) t->chosen.shards = sm_shards_default(o->batch);
    if (o->shards > 0) {
        const sm_shards_options shards = {.net = &t->net,
                                          .size = t->size,
                                          .batch = o->batch,
                                          .shards = o->shards,
                                          .kernels = t->kernels,
                                          .parallel = t->parallel,
                                          .ranks = o->ranks,
                                          .loss = &o->loss,
                                          .prompt_share = prompt_share,
                                          .teachers = o->teachers,
                                          .teacher_count = o->teacher_count,
                                          .teacher_share = o->teacher_share};
        return sm_shards_create(&shards, &t->shards, error);
    }
    sm_status status = sm_training_create(&t->net, t->size, o->batch, t->kernels, t->parallel, &t->training, error);
    if (status == SM_OK && prompt_share > 0)
        status = sm_prompt_simulation_create(t->size, o->batch, prompt_share, &t->prompts, error);
    if (status == SM_OK && o->teacher_count > 0)
        status = sm_distillation_create(o->teachers, o->teacher_count, o->teacher_share, t->size, o->batch, t->kernels,
                                        t->parallel, &t->distillation, error);
    return status;
}

/** Checks everything that the options alone decide, before an image is read or a file is written. */
static sm_status set_up_network(sm_trainer *t, sm_error *error) {
    const sm_trainer_options *options = t->options;
    sm_status status = sm_net_make(options->network, &t->net, error);
    if (status != SM_OK) return status;
    t->parameters = sm_floats_allocate(t->net.total_count);
    t->gradients = sm_floats_allocate(t->net.trainable_count);
    t->result = sm_floats_allocate(t->net.total_count);
    if (!t->parameters || !t->gradients || !t->result) return sm_fail(error, SM_ERROR_MEMORY, "no memory for training");
    t->initial.input_size = t->net.default_size;
    sm_net_initialise(&t->net, options->seed, t->parameters);
    if (options->initial_weights) status = start_from(t, options->initial_weights, error);
    if (status == SM_OK && options->initial_weights) {
        t->start = sm_floats_allocate(t->net.total_count);
        if (!t->start) return sm_fail(error, SM_ERROR_MEMORY, "no memory for training");
        memcpy(t->start, t->parameters, t->net.total_count * sizeof *t->start);
    }
    if (status != SM_OK) return status;
    t->size = options->size > 0 ? options->size : t->initial.input_size;
    t->kernels = sm_kernels_for(SM_BACKEND_AUTO);
    status = check_fold(t, error);
    if (status == SM_OK) status = set_up_steps(t, error);
    if (status == SM_OK) status = sm_optimiser_create(&t->net, t->parameters, t->kernels, &t->optimiser, error);
    return status;
}

/** Chooses training images to show, spread evenly, for a training without any validation. */
static sm_status choose_shown(sm_trainer *t, sm_error *error) {
    const sm_cache *all = &t->training_cache;
    const int count = all->count < SM_VALIDATION_EXAMPLES ? all->count : SM_VALIDATION_EXAMPLES;
    t->shown.records = (const sm_record **)calloc((size_t)count, sizeof(const sm_record *));
    t->shown.samples = calloc((size_t)count, sizeof *t->shown.samples);
    if (!t->shown.records || !t->shown.samples)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for the images to show");
    for (int i = 0; i < count; i++) {
        const int place = (int)((long)i * all->count / count);
        t->shown.records[i] = all->records[place];
        t->shown.samples[i] = all->samples[place];
    }
    t->shown.count = count;
    return SM_OK;
}

static sm_status set_up_all(sm_trainer *t, sm_error *error) {
    const sm_trainer_options *options = t->options;
    sm_status status = sm_augmentation_by_name(options->augmentation, &t->augmentation, error);
    if (status == SM_OK) status = set_up_network(t, error);
    if (status == SM_OK) status = make_paths(t, error);
    if (status == SM_OK) status = find_checkpoint(t, error);
    if (status == SM_OK) describe_settings(t);
    status = sm_ranks_agree(options->ranks, status, error);
    if (status == SM_OK) status = sm_trainer_check_ranks(t, error);
    if (status != SM_OK) return status;
    status = sm_ranks_agree(options->ranks, load_images(t, error), error);
    if (status != SM_OK) return status;
    t->batches = t->training_cache.count / options->batch;
    choose_schedule(t);
    t->order = malloc((size_t)t->training_cache.count * sizeof *t->order);
    if (!t->order) return sm_fail(error, SM_ERROR_MEMORY, "no memory for training");
    status = sm_sampler_create(t->training_cache.records, t->training_cache.count, options->balance, options->normals,
                               &t->sampler, error);
    if (status != SM_OK) return status;
    status = sm_loader_create(&t->training_cache, &t->augmentation, t->size, options->batch, &t->loader, error);
    if (status == SM_OK) {
        t->class_changes.pasted = t->augmentation.paste_probability;
        sm_loader_normal_shares(t->loader, t->class_changes.to_normal);
        if (t->shards) {
            int first, count;
            sm_shards_images(t->shards, &first, &count);
            sm_loader_prepare_part(t->loader, first, count);
        }
    }
    const bool validates = t->validation_cache.count > 0, shows_inner = !validates && t->inner_cache.count > 0;
    if (status == SM_OK && !validates && !shows_inner) status = choose_shown(t, error);
    if (status == SM_OK && !shows_inner)
        status = sm_validation_create(&t->net, validates ? &t->validation_cache : &t->shown, t->size,
                                      options->loss.type_mae, t->kernels, t->parallel, &t->validation, error);
    if (status == SM_OK && t->inner_cache.count > 0) {
        t->best = sm_floats_allocate(t->net.total_count);
        status = t->best ? sm_validation_create(&t->net, &t->inner_cache, t->size, options->loss.type_mae, t->kernels,
                                                t->parallel, &t->inner_validation, error)
                         : sm_fail(error, SM_ERROR_MEMORY, "no memory for the best weights");
    }
    if (status == SM_OK) {
        if (t->validation) sm_validation_spread(t->validation, options->ranks);
        if (t->inner_validation) sm_validation_spread(t->inner_validation, options->ranks);
        if (t->inner_validation && t->start) decide_as_start(t);
        describe_settings(t);
        t->saved_at = sm_clock();
        status = start_or_resume(t, error);
    }
    status = sm_ranks_agree(options->ranks, status, error);
    if (status == SM_OK) status = sm_trainer_share_state(t, error);
    if (status != SM_OK || sm_trainer_is_finished(t)) return status; /* the record of a finished training stays */
    return sm_ranks_agree(options->ranks, announce(t, error), error);
}

sm_status sm_trainer_set_up(sm_trainer *t, sm_error *error) {
    const sm_status status = set_up_all(t, error);
    if (status != SM_OK && t->folder_new) rmdir(t->options->out); // it is still empty
    return status;
}

void sm_trainer_tear_down(sm_trainer *t) {
    sm_loader_free(t->loader);
    sm_sampler_free(t->sampler);
    sm_validation_free(t->validation);
    sm_validation_free(t->inner_validation);
    sm_snapshot_free(&t->snapshot);
    sm_training_free(t->training);
    sm_shards_free(t->shards);
    sm_distillation_free(t->distillation);
    sm_prompt_simulation_free(t->prompts);
    sm_optimiser_free(&t->optimiser);
    if (t->caches_borrowed) t->training_cache.count = t->validation_cache.count = t->inner_cache.count = 0;
    sm_cache_free(&t->training_cache);
    sm_cache_free(&t->validation_cache);
    sm_cache_free(&t->inner_cache);
    free(t->shown.records);
    free(t->shown.samples);
    sm_checkpoint_free(&t->progress);
    sm_floats_free(t->parameters);
    sm_floats_free(t->gradients);
    sm_floats_free(t->result);
    sm_floats_free(t->best);
    sm_floats_free(t->start);
    free(t->start_values);
    free(t->inner_groups);
    free(t->order);
    free(t->checkpoint_path);
    free(t->weights_path);
    free(t->best_path);
    free(t->log_path);
}
