#include "trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../data/random.h"
#include "../progress.h"
#include "sampler.h"
#include "trainer_state.h"

/* Weight of a new batch in the running statistics of batch normalisation. The EMA weights smooth them further. */
static const float statistics_momentum = 0.1f;

sm_trainer_options sm_trainer_options_default(void) {
    return (sm_trainer_options){.network = "sonomask2",
                                .augmentation = "full",
                                .batch = 8,
                                .fold = -1,
                                .left_out = -1,
                                .teacher_share = 0.5f,
                                .prompt_share = 0.35f,
                                .balance = 0.5f,
                                .normals = 0.3f,
                                .seed = 1,
                                .precision = SM_WEIGHTS_FLOAT16,
                                .optimiser = sm_optimiser_options_default(),
                                .loss = sm_loss_options_default()};
}

static bool has_lesion(const float *mask, size_t pixels) {
    for (size_t i = 0; i < pixels; i++)
        if (mask[i] >= 0.5f) return true;
    return false;
}

/** An answer to prompts does not show how well the network finds lesions by itself. */
static bool is_prompted(const sm_batch *batch, int image) {
    return batch->prompts && sm_prompts_any(&batch->prompts[image]);
}

static void add_scores(sm_trainer *t, const sm_batch *batch, const sm_losses *losses, double norm) {
    sm_epoch_sums *sums = &t->progress.sums;
    size_t pixels = (size_t)t->size * (size_t)t->size;
    sums->loss += losses->total;
    sums->mask_loss += losses->mask;
    sums->type_loss += losses->type;
    sums->gradient_norm += norm;
    sums->batches += 1;
    for (int i = 0; i < t->options->batch; i++) {
        sums->images += 1;
        sm_class type;
        if (sm_class_set_single(batch->classes[i], &type)) {
            sums->typed_images += 1;
            sums->right_types += sm_class_of_logits(sm_training_type_logits(t->training) + i * SM_CLASS_COUNT,
                                                    t->options->loss.type_mae) == (int)type;
        }
        const float *mask = batch->masks + (size_t)i * pixels;
        if (batch->mask_weights[i] <= 0 || is_prompted(batch, i) || !has_lesion(mask, pixels)) continue;
        sums->lesion_images += 1;
        sums->dice += sm_dice_of_logits(sm_training_mask_logits(t->training) + (size_t)i * pixels, mask, pixels);
    }
}

/** Sets the prompts of the batch. Some follow the errors of the network's answer, for which it runs once more. */
static sm_status simulate_prompts(sm_trainer *t, sm_batch *batch, uint64_t seed, sm_error *error) {
    bool needs_answer;
    if (!t->prompts) return SM_OK;
    sm_status status = sm_prompt_simulation_begin(t->prompts, batch, sm_random_derive(seed, 2), &needs_answer, error);
    if (status != SM_OK || !needs_answer) return status;
    sm_training_predict(t->training, t->parameters, batch, sm_random_derive(seed, 3));
    batch->predicted = true;
    return sm_prompt_simulation_correct(t->prompts, batch, sm_training_mask_logits(t->training), error);
}

static sm_status run_batch(sm_trainer *t, sm_error *error) {
    double start = sm_clock();
    double waited = sm_loader_waited(t->loader);
    sm_batch batch = sm_loader_next(t->loader);
    if (!batch.images) return sm_fail(error, SM_ERROR_MEMORY, "no memory to prepare a batch");
    uint64_t seed = sm_random_derive(t->options->seed ^ 0xD509u, (uint64_t)t->optimiser.step);
    sm_status status = simulate_prompts(t, &batch, seed, error);
    if (status != SM_OK) return status;
    sm_batch softened =
        t->distillation ? sm_distillation_soften(t->distillation, &batch, sm_random_derive(seed, 1)) : batch;
    sm_losses losses = sm_training_step(t->training, t->parameters, &softened, &t->options->loss, statistics_momentum,
                                        seed, t->gradients);
    if (!isfinite(losses.total)) {
        t->diverged = true;
        return sm_fail(error, SM_ERROR_DATA, "the loss is no longer finite: lower the learning rate");
    }
    double norm = sm_optimiser_step(&t->optimiser, &t->optimiser_options, t->parameters, t->gradients, t->parallel);
    add_scores(t, &batch, &losses, norm);
    t->progress.batch++;
    t->progress.sums.waited += sm_loader_waited(t->loader) - waited;
    t->progress.sums.seconds += sm_clock() - start;
    return SM_OK;
}

enum { SNAPSHOT_STEPS = 20, MOST_HALVINGS = 4 };

/** Copies the state at the start of an epoch, but not after a few steps only: for few small images a copy takes as long
 * as a step. */
static sm_status take_snapshot(sm_trainer *t, sm_error *error) {
    const sm_snapshot *last = &t->snapshot;
    if (last->parameters && t->optimiser.step - last->step < SNAPSHOT_STEPS) return SM_OK;
    return sm_snapshot_take(&t->snapshot, &t->progress, t->parameters, &t->optimiser, error);
}

/** After a loss that is not finite: back to the last snapshot, with half of the learning rate. The error of the batch
 * stays when that was done often already. */
static sm_status go_back(sm_trainer *t, sm_progress *bar, sm_status failed, sm_error *error) {
    if (t->progress.halvings >= MOST_HALVINGS) return failed;
    t->diverged = false;
    t->progress.halvings++;
    sm_snapshot_restore(&t->snapshot, &t->progress, t->parameters, &t->optimiser);
    t->optimiser_options.learning_rate /= 2;
    char line[SM_NOTE_SIZE];
    snprintf(line, sizeof line, "the loss was not finite: back to the start of epoch %d with half of the learning rate",
             t->progress.epoch + 1);
    sm_progress_message(bar, line);
    if (error) *error = (sm_error){0};
    return SM_OK;
}

static sm_status run_epoch(sm_trainer *t, sm_progress *bar, sm_error *error) {
    int count = t->training_cache.count;
    int epoch = t->progress.epoch;
    sm_status status = take_snapshot(t, error);
    if (status != SM_OK) return status;
    status = sm_sampler_order(t->sampler, t->options->seed, epoch, sm_trainer_progress(t), t->order, error);
    if (status == SM_OK)
        status =
            sm_loader_start(t->loader, t->order, count, sm_random_derive(t->options->seed ^ 0xA06u, (uint64_t)epoch),
                            t->progress.batch, error);
    while (status == SM_OK && t->progress.batch < t->batches) {
        if (*t->interrupted) {
            status = sm_trainer_save(t, error);
            return status == SM_OK
                       ? sm_fail(error, SM_ERROR_INTERRUPTED, "stopped in epoch %d; continue with --resume", epoch + 1)
                       : status;
        }
        status = run_batch(t, error);
        const sm_epoch_sums *sums = &t->progress.sums;
        char note[SM_NOTE_SIZE];
        snprintf(note, sizeof note, "epoch %d/%d loss %.4f dice %.3f type %.3f %.1f images/s", epoch + 1,
                 t->options->epochs, sums->loss / sums->batches,
                 sums->lesion_images > 0 ? sums->dice / sums->lesion_images : 0,
                 sums->typed_images > 0 ? sums->right_types / sums->typed_images : 0, sums->images / sums->seconds);
        sm_progress_show(bar, epoch * t->batches + t->progress.batch - t->first_batch, note);
    }
    return status;
}

/** Lists the bad images again at the end, where they are seen, and makes the command fail. */
static sm_status list_left_out(const sm_trainer *t, sm_error *error) {
    const sm_cache *training = &t->training_cache, *validation = &t->validation_cache;
    const int left_out = training->left_out.count + validation->left_out.count;
    if (left_out == 0) return SM_OK;
    sm_failures_print(&training->left_out, training->count + training->left_out.count,
                      "training images could not be used");
    sm_failures_print(&validation->left_out, validation->count + validation->left_out.count,
                      "validation images could not be used");
    return sm_fail(error, SM_ERROR_DATA, "the training is done, but %d %s", left_out,
                   left_out == 1 ? "image was left out" : "images were left out");
}

sm_status sm_train(const sm_trainer_options *options, const sm_dataset *dataset, const sm_parallel *parallel,
                   const volatile sig_atomic_t *interrupted, sm_error *error) {
    sm_trainer *t = calloc(1, sizeof *t);
    if (!t) return sm_fail(error, SM_ERROR_MEMORY, "no memory for training");
    t->chosen = *options;
    t->options = &t->chosen;
    t->dataset = dataset;
    t->parallel = parallel;
    t->interrupted = interrupted;
    sm_status status = sm_trainer_set_up(t, error);
    /* The progress bar counts from where this run begins, so that its estimate holds after a resumption. */
    t->first_batch = t->progress.epoch * t->batches + t->progress.batch;
    sm_progress bar;
    sm_progress_begin(&bar, "training", t->batches * t->options->epochs - t->first_batch);
    const int epochs = t->options->epochs;
    if (status == SM_OK) status = sm_trainer_score_start(t, error);
    while (status == SM_OK && t->progress.epoch < epochs && !sm_trainer_out_of_patience(t)) {
        status = run_epoch(t, &bar, error);
        if (status != SM_OK && t->diverged)
            status = go_back(t, &bar, status, error);
        else if (status == SM_OK)
            status = sm_trainer_finish_epoch(t, &bar, error);
    }
    sm_progress_end(&bar);
    if (status == SM_OK) status = list_left_out(t, error);
    sm_trainer_tear_down(t);
    free(t);
    return status;
}
