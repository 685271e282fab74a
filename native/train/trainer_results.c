/** What the trainer computes and writes at the end of an epoch. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../src/memory_plan.h"
#include "../file.h"
#include "../metrics/groups.h"
#include "../progress.h"
#include "sampler.h"
#include "trainer_ranks.h"
#include "trainer_state.h"
#include "training_log.h"

/** Moves the result towards the initial weights, which for few images is better than either. */
static void mix_with_start(const sm_trainer *t) {
    if (!t->start || t->options->mix >= 1) return;
    for (size_t i = 0; i < t->net.total_count; i++)
        t->result[i] = t->start[i] + t->options->mix * (t->result[i] - t->start[i]);
}

/**
 * Fills t->result with the EMA weights. Sampling and augmentation changed the class frequencies; for cross-entropy, the
 * bias of the type logits is adjusted for that.
 */
static void adjust_average(const sm_trainer *t) {
    memcpy(t->result, t->optimiser.average, t->net.total_count * sizeof *t->result);
    int bias = sm_net_parameter(&t->net, t->net.type_layer, SM_PARAMETER_BIAS);
    if (t->options->loss.type_mae || bias < 0) return;
    float shift[SM_CLASS_COUNT];
    sm_sampler_class_shift(t->sampler, sm_trainer_progress(t), &t->class_changes, shift);
    for (int c = 0; c < SM_CLASS_COUNT; c++) t->result[t->net.parameters[bias].offset + (size_t)c] += shift[c];
}

void sm_trainer_make_result(const sm_trainer *t) {
    adjust_average(t);
    mix_with_start(t);
}

/** The settings, training data and recipe of this training's weights. */
static sm_weights_metadata describe_trained(const sm_trainer *t) {
    sm_weights_metadata metadata = {.type_activation =
                                        t->options->loss.type_mae ? SM_TYPE_TWO_SIGMOID : SM_TYPE_SOFTMAX,
                                    .threshold = 0.5f,
                                    .temperature = 1};
    if (t->options->initial_weights) {
        metadata.threshold = t->initial.threshold;
        metadata.temperature = t->initial.temperature;
        metadata.minimum_area = t->initial.minimum_area;
        metadata.expected_dice_power = t->initial.expected_dice_power;
    }
    snprintf(metadata.network, sizeof metadata.network, "%s", t->net.name);
    snprintf(metadata.recipe, sizeof metadata.recipe, "%s", t->settings);
    const sm_training_data data = {.records = t->training_cache.records,
                                   .count = t->training_cache.count,
                                   .fold = t->options->fold,
                                   .left_out = t->options->left_out,
                                   .hash = t->data_hash};
    sm_training_data_describe(&data, t->options->initial_weights ? &t->initial : NULL, &metadata);
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc)) strftime(metadata.date, sizeof metadata.date, "%Y-%m-%d", &utc);
    return metadata;
}

/** Writes `parameters` ([net.total_count]) with the outlier statistics and the presence of the initial weights, if
 * there were any. */
static sm_status write_weights(const sm_trainer *t, const char *path, const float *parameters,
                               const sm_weights_metadata *metadata, sm_error *error) {
    sm_outlier outlier = t->outlier;
    sm_decision decision = t->decision;
    sm_weights_extra extras[SM_OUTLIER_TENSORS + SM_DECISION_TENSORS];
    int extra_count = 0;
    if (t->has_outlier) {
        sm_outlier_tensors(&outlier, extras);
        extra_count += SM_OUTLIER_TENSORS;
    }
    if (t->has_decision) {
        sm_decision_tensors(&decision, extras + extra_count);
        extra_count += SM_DECISION_TENSORS;
    }
    sm_weights_metadata written = *metadata;
    written.input_size = t->size;
    if (written.expected_dice_power == 1) written.expected_dice_power = 0; /* left out, as it is without a fit */
    uint8_t *bytes = NULL;
    size_t size = 0;
    sm_status status = sm_weights_write_with(&t->net, parameters, &written, t->options->precision, extras, extra_count,
                                             &bytes, &size, error);
    const sm_file_options durable = {.durable = true};
    if (status == SM_OK) status = sm_file_write_as(path, bytes, size, &durable, error);
    free(bytes);
    return status;
}

/** The weights of the best epoch. Epoch 0 are the initial weights: what was said of them stays true. */
static sm_status write_best(const sm_trainer *t, sm_error *error) {
    const sm_weights_metadata metadata = t->progress.best_epoch == 0 ? t->initial : describe_trained(t);
    return write_weights(t, t->best_path, t->best, &metadata, error);
}

static sm_status write_last(const sm_trainer *t, sm_error *error) {
    const sm_weights_metadata metadata = describe_trained(t);
    return write_weights(t, t->weights_path, t->result, &metadata, error);
}

sm_status sm_trainer_save(sm_trainer *t, sm_error *error) {
    sm_status status = SM_OK;
    if (t->best_new) status = write_best(t, error);
    if (status != SM_OK) return status;
    t->best_new = false;
    return sm_checkpoint_write(t->checkpoint_path, &t->progress, t->parameters, &t->optimiser, error);
}

/* The initial weights have learned from far more images than the few of the fine-tuning. They are replaced when the
 * gain is more than two standard errors, on the images of at least five groups (patients): fewer cannot show a gain. */
enum { FEWEST_TO_COMPARE = 5, STANDARD_ERRORS = 2 };

static bool better_than_start(const sm_trainer *t) {
    return t->gain.groups >= FEWEST_TO_COMPARE &&
           sm_paired_mean(&t->gain) > STANDARD_ERRORS * sm_paired_error(&t->gain);
}

/** Scores t->result by inner validation and keeps it when it is the best so far. */
static sm_status score_inner(sm_trainer *t, int epoch, sm_error *error) {
    sm_scores scores = {0};
    if (!t->inner_validation) return SM_OK;
    sm_status status = sm_validation_run(t->inner_validation, t->result, &scores, error);
    if (status != SM_OK) return status;
    t->inner_score = scores.overall;
    if (t->start_values) {
        status = sm_paired_compare(t->start_values, sm_validation_values(t->inner_validation), t->inner_groups,
                                   t->inner_cache.count, t->inner_group_count, &t->gain, error);
        if (status != SM_OK || !better_than_start(t)) return status;
    }
    if (scores.overall <= t->progress.best_score) return SM_OK;
    t->progress.best_score = scores.overall;
    t->progress.best_epoch = epoch;
    memcpy(t->best, t->result, t->net.total_count * sizeof *t->best);
    t->best_new = true;
    return SM_OK;
}

sm_status sm_trainer_score_start(sm_trainer *t, sm_error *error) {
    if (!t->inner_validation || !t->start) return SM_OK; /* random weights are no candidate */
    const int count = t->inner_cache.count;
    const size_t size = (size_t)count * sizeof *t->start_values;
    double *values = malloc(size);
    t->inner_groups = malloc((size_t)count * sizeof *t->inner_groups);
    sm_status status =
        values && t->inner_groups
            ? sm_groups_number(t->inner_cache.records, count, t->inner_groups, &t->inner_group_count, error)
            : sm_fail(error, SM_ERROR_MEMORY, "no memory to compare %d images", count);
    memcpy(t->result, t->start, t->net.total_count * sizeof *t->result);
    const bool resumed = t->progress.best_score >= 0;
    sm_scores scores = {0};
    if (status == SM_OK)
        status = resumed ? sm_validation_run(t->inner_validation, t->result, &scores, error) : score_inner(t, 0, error);
    if (status == SM_OK) memcpy(values, sm_validation_values(t->inner_validation), size);
    t->start_values = values;
    if (status == SM_OK && !resumed)
        fprintf(stderr, "the weights to start from: inner score %.4f on %d images\n", t->progress.best_score, count);
    return status;
}

void sm_trainer_report_choice(const sm_trainer *t) {
    if (!t->start_values || t->progress.best_epoch > 0 || t->gain.count == 0) return; /* 0: no epoch was trained */
    if (t->gain.groups < FEWEST_TO_COMPARE)
        fprintf(stderr,
                "images of %d groups (patients) cannot show that the training has helped: best.safetensors holds the "
                "weights to start from, weights.safetensors those of the last epoch\n",
                t->gain.groups);
    else
        fprintf(stderr,
                "no epoch is better beyond chance than the weights to start from, on %d images of %d groups (patients) "
                "that are not trained on (the last by %.4f, standard error %.4f): best.safetensors holds those, "
                "weights.safetensors the last epoch\n",
                t->gain.count, t->gain.groups, sm_paired_mean(&t->gain), sm_paired_error(&t->gain));
}

bool sm_trainer_out_of_patience(const sm_trainer *t) {
    return t->options->patience > 0 && t->inner_validation &&
           t->progress.epoch - t->progress.best_epoch >= t->options->patience;
}

bool sm_trainer_is_finished(const sm_trainer *t) {
    return t->progress.epoch >= t->options->epochs || sm_trainer_out_of_patience(t);
}

static sm_status notify(const sm_trainer *t, int epoch, bool saved, bool last, sm_error *error) {
    const sm_training_observer *observer = &t->options->observer;
    if (!observer->epoch_done) return SM_OK;
    sm_epoch_result result = {.epoch = epoch,
                              .fold = t->options->fold,
                              .epochs = t->options->epochs,
                              .last = last,
                              .saved = saved,
                              .best_epoch = t->inner_validation ? t->progress.best_epoch : -1,
                              .inner_images = t->inner_cache.count,
                              .recipe = t->settings,
                              .log = t->progress.log};
    if (saved || t->validation_cache.count > 0) {
        const sm_validation *shown = t->validation ? t->validation : t->inner_validation;
        result.examples = sm_validation_examples(shown, &result.example_count);
        result.examples_of = t->validation_cache.count > 0 ? "validation"
                             : t->validation               ? "training"
                                                           : "inner validation";
    }
    return observer->epoch_done(observer->context, &result, error);
}

/** Appends a score to a line, unless no image has what it needs. */
static void append_score(char line[SM_NOTE_SIZE], const char *name, double score) {
    const size_t used = strlen(line);
    if (!isnan(score)) snprintf(line + used, SM_NOTE_SIZE - used, ", %s %.4f", name, score);
}

/** One line per epoch, for logs that are not terminals and for the record. */
static void report_epoch(const sm_trainer *t, int epoch, const sm_scores *scores, sm_progress *bar) {
    const sm_epoch_sums *sums = &t->progress.sums;
    char line[SM_NOTE_SIZE];
    snprintf(line, sizeof line, "epoch %d/%d: loss %.4f", epoch, t->options->epochs, sums->loss / sums->batches);
    if (scores) {
        append_score(line, "validation lesion Dice", scores->lesion_dice);
        append_score(line, "accuracy", scores->accuracy);
        append_score(line, "normal images with a mask", scores->false_masks);
    }
    if (t->inner_validation) {
        const size_t used = strlen(line);
        snprintf(line + used, sizeof line - used, ", best epoch %d (%.4f)", t->progress.best_epoch,
                 t->progress.best_score);
        const size_t more = strlen(line);
        if (t->start_values)
            snprintf(line + more, sizeof line - more, ", this one %+.4f over the start", sm_paired_mean(&t->gain));
        if (t->start_values) append_score(line, "standard error", sm_paired_error(&t->gain));
    }
    sm_progress_message(bar, line);
}

/** Saves what the epoch produced. */
static sm_status publish(sm_trainer *t, int epoch, bool last, sm_error *error) {
    sm_status status = sm_file_write(t->log_path, t->progress.log, strlen(t->progress.log), error);
    if (status == SM_OK) status = notify(t, epoch, true, last, error);
    if (status == SM_OK) status = write_last(t, error);
    if (status == SM_OK) status = sm_trainer_save(t, error);
    return status;
}

sm_status sm_trainer_finish_epoch(sm_trainer *t, sm_progress *bar, sm_error *error) {
    sm_scores scores = {0};
    const int epoch = t->progress.epoch + 1;
    const bool validates = t->validation_cache.count > 0;
    sm_status status = sm_trainer_check_weights(t, error);
    if (status != SM_OK) return status;
    if (!sm_trainer_is_sound(t)) return sm_fail(error, SM_ERROR_DATA, "%s", t->diverged);
    const double begun = sm_clock();
    status = score_inner(t, epoch, error);
    if (status != SM_OK) return status;
    t->times.validation += sm_clock() - begun;
    t->progress.epoch++; /* for the patience; until the log is longer, nothing is saved */
    const bool last = epoch == t->options->epochs || sm_trainer_out_of_patience(t);
    t->progress.epoch--;
    /* A state near the limit may be past help: what was saved before stays until there is a better one. */
    bool save = last || (sm_clock() - t->saved_at >= t->options->save_seconds && !sm_trainer_is_near_limit(t));
    status = sm_ranks_broadcast(t->options->ranks, 0, &save, sizeof save, error); /* clocks differ */
    if (status != SM_OK) return status;
    /* The first checkpoint precedes the first weights: weights without one are taken for those of another training,
     * which --resume does not replace. */
    if (save && !t->has_checkpoint) {
        status = sm_ranks_agree(t->options->ranks, sm_trainer_writes(t) ? sm_trainer_save(t, error) : SM_OK, error);
        t->has_checkpoint = status == SM_OK;
    }
    const double before = sm_clock();
    if (status == SM_OK && t->validation && (validates || save))
        status = sm_validation_run(t->validation, t->result, &scores, error);
    if (status != SM_OK) return status;
    const double scored = sm_clock();
    t->times.validation += scored - before;
    report_epoch(t, epoch, validates ? &scores : NULL, bar);
    const sm_inner_result inner = {t->inner_score, t->start_values ? sm_paired_mean(&t->gain) : NAN,
                                   t->start_values ? sm_paired_error(&t->gain) : NAN};
    status = sm_training_log_append(&t->progress.log, epoch,
                                    sm_learning_rate(&t->optimiser_options, t->optimiser.step - 1), &t->progress.sums,
                                    validates ? &scores : NULL, t->inner_validation ? &inner : NULL, error);
    t->progress.epoch++;
    t->progress.batch = 0;
    t->progress.sums = (sm_epoch_sums){0};
    if (status == SM_OK && sm_trainer_writes(t))
        status = save ? publish(t, epoch, last, error) : notify(t, epoch, false, false, error);
    const double written = sm_clock();
    t->times.writing += written - scored;
    if (save) t->saved_at = written;
    return sm_ranks_agree(t->options->ranks, status, error);
}
