/** What the trainer computes and writes at the end of an epoch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../src/memory_plan.h"
#include "../file.h"
#include "../progress.h"
#include "sampler.h"
#include "trainer_state.h"
#include "training_log.h"

static void describe_data(const sm_trainer *t, char *text, size_t size) {
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
 * Fills t->result with the EMA weights. Sampling and augmentation changed the class frequencies; for cross-entropy, the
 * bias of the type logits is adjusted for that.
 */
static void make_result(const sm_trainer *t) {
    memcpy(t->result, t->optimiser.average, t->net.total_count * sizeof *t->result);
    int bias = sm_net_parameter(&t->net, t->net.type_layer, SM_PARAMETER_BIAS);
    if (t->options->loss.type_mae || bias < 0) return;
    float shift[SM_CLASS_COUNT];
    sm_sampler_class_shift(t->sampler, sm_trainer_progress(t), &t->class_changes, shift);
    for (int c = 0; c < SM_CLASS_COUNT; c++) t->result[t->net.parameters[bias].offset + (size_t)c] += shift[c];
}

static sm_status write_weights(const sm_trainer *t, sm_error *error) {
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
    sm_status status = sm_weights_write(&t->net, t->result, &metadata, t->options->precision, &bytes, &size, error);
    const sm_file_options durable = {.durable = true};
    if (status == SM_OK) status = sm_file_write_as(t->weights_path, bytes, size, &durable, error);
    free(bytes);
    return status;
}

sm_status sm_trainer_save(const sm_trainer *t, sm_error *error) {
    return sm_checkpoint_write(t->checkpoint_path, &t->progress, t->parameters, &t->optimiser, error);
}

static sm_status validate(const sm_trainer *t, int epoch, sm_scores *scores, sm_progress *bar, sm_error *error) {
    sm_status status = sm_validation_run(t->validation, t->result, scores, error);
    if (status != SM_OK || t->validation_cache.count == 0) return status;
    char line[SM_NOTE_SIZE];
    snprintf(line, sizeof line, "epoch %d: validation lesion Dice %.4f, accuracy %.4f, normal images with a mask %.3f",
             epoch, scores->lesion_dice, scores->accuracy, scores->false_masks);
    sm_progress_message(bar, line);
    return SM_OK;
}

static sm_status notify(const sm_trainer *t, int epoch, sm_error *error) {
    const sm_training_observer *observer = &t->options->observer;
    if (!observer->epoch_done) return SM_OK;
    sm_epoch_result result = {.epoch = epoch, .log = t->progress.log};
    result.examples = sm_validation_examples(t->validation, &result.example_count);
    return observer->epoch_done(observer->context, &result, error);
}

sm_status sm_trainer_finish_epoch(sm_trainer *t, sm_progress *bar, sm_error *error) {
    sm_scores scores = {0};
    int epoch = t->progress.epoch + 1;
    sm_status status = SM_OK;
    /* The first checkpoint precedes the first weights: weights without one are taken for those of another training,
     * which --resume does not replace. */
    if (!t->has_checkpoint) status = sm_trainer_save(t, error);
    if (status != SM_OK) return status;
    t->has_checkpoint = true;
    make_result(t);
    status = validate(t, epoch, &scores, bar, error);
    if (status != SM_OK) return status;
    status =
        sm_training_log_append(&t->progress.log, epoch, sm_learning_rate(&t->optimiser_options, t->optimiser.step - 1),
                               &t->progress.sums, t->validation_cache.count > 0 ? &scores : NULL, error);
    t->progress.epoch++;
    t->progress.batch = 0;
    t->progress.sums = (sm_epoch_sums){0};
    if (status == SM_OK) status = sm_file_write(t->log_path, t->progress.log, strlen(t->progress.log), error);
    if (status == SM_OK) status = notify(t, epoch, error);
    if (status == SM_OK) status = write_weights(t, error);
    if (status == SM_OK) status = sm_trainer_save(t, error);
    return status;
}
