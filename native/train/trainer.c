#include "trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../data/random.h"
#include "../progress.h"
#include "batch_scores.h"
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
                                .mix = -1,
                                .balance = 0.5f,
                                .normals = 0.3f,
                                .seed = 1,
                                .precision = SM_WEIGHTS_FLOAT16,
                                .optimiser = sm_optimiser_options_default(),
                                .loss = sm_loss_options_default()};
}

static void add_scores(sm_trainer *t, const sm_batch *batch, const sm_losses *losses, double norm) {
    sm_epoch_sums *sums = &t->progress.sums;
    sums->gradient_norm += norm;
    sums->batches += 1;
    sm_batch_scores_add(t->training, batch, t->options->batch, t->size, t->options->loss.type_mae, losses, sums);
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

static sm_status fail_diverged(sm_trainer *t, const char *why, sm_error *error) {
    t->diverged = why;
    return sm_fail(error, SM_ERROR_DATA, "%s", why);
}

static const char loss_not_finite[] = "the loss was not finite", gradient_not_finite[] = "the gradient was not finite";

/** A step on a whole batch. */
static sm_status step(sm_trainer *t, sm_batch *batch, uint64_t seed, sm_error *error) {
    const sm_status status = simulate_prompts(t, batch, seed, error);
    if (status != SM_OK) return status;
    sm_batch softened =
        t->distillation ? sm_distillation_soften(t->distillation, batch, sm_random_derive(seed, 1)) : *batch;
    sm_losses losses = sm_training_step(t->training, t->parameters, &softened, &t->options->loss, statistics_momentum,
                                        seed, t->gradients);
    if (!isfinite(losses.total)) return fail_diverged(t, loss_not_finite, error);
    double norm = sm_optimiser_step(&t->optimiser, &t->optimiser_options, t->parameters, t->gradients, t->parallel);
    if (!isfinite(norm)) return fail_diverged(t, gradient_not_finite, error);
    add_scores(t, batch, &losses, norm);
    return SM_OK;
}

/** A step on the shards of a batch, of which `batch` holds this rank's. */
static sm_status step_shards(sm_trainer *t, const sm_batch *batch, sm_status prepared, uint64_t seed, sm_error *error) {
    bool finite;
    const sm_status status = sm_shards_step(t->shards, batch, prepared, t->parameters, seed, statistics_momentum,
                                            t->interrupted, &t->progress.sums, &finite, &t->stop, error);
    if (status != SM_OK) return status;
    if (!finite) return fail_diverged(t, loss_not_finite, error);
    /* All ranks have the same gradients, so that they find the same norm. */
    const double norm = sm_optimiser_step(&t->optimiser, &t->optimiser_options, t->parameters,
                                          sm_shards_gradients(t->shards), t->parallel);
    if (!isfinite(norm)) return fail_diverged(t, gradient_not_finite, error);
    t->progress.sums.gradient_norm += norm;
    return SM_OK;
}

static sm_status run_batch(sm_trainer *t, sm_error *error) {
    double start = sm_clock();
    double waited = sm_loader_waited(t->loader);
    sm_batch batch = sm_loader_next(t->loader);
    sm_status status = batch.images ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory to prepare a batch");
    uint64_t seed = sm_random_derive(t->options->seed ^ 0xD509u, (uint64_t)t->optimiser.step);
    if (t->shards)
        status = step_shards(t, &batch, status, seed, error);
    else if (status == SM_OK)
        status = step(t, &batch, seed, error);
    if (status != SM_OK) return status;
    t->progress.batch++;
    waited = sm_loader_waited(t->loader) - waited;
    const double seconds = sm_clock() - start;
    t->progress.sums.waited += waited;
    t->progress.sums.seconds += seconds;
    t->times.images += waited;
    t->times.network += seconds - waited;
    return SM_OK;
}

enum { SNAPSHOT_STEPS = 20, MOST_HALVINGS = 4 };

/** Copies the state at the start of an epoch, but not one that may be past help, and not after a few steps only: for
 * few small images a copy takes as long as a step. After a new best epoch always, so that no epoch is undone that was
 * chosen. */
static sm_status take_snapshot(sm_trainer *t, sm_error *error) {
    const sm_snapshot *last = &t->snapshot;
    const bool soon = t->optimiser.step - last->step < SNAPSHOT_STEPS;
    const bool best = last->best_epoch != t->progress.best_epoch;
    if (last->parameters && !best && (soon || sm_trainer_is_near_limit(t))) return SM_OK;
    return sm_snapshot_take(&t->snapshot, &t->progress, t->parameters, &t->optimiser, error);
}

/** Also the lowest learning rate that is tried leads to a state that cannot be gone on from. Saves the last good one,
 * and says what to do. */
static sm_status give_up(sm_trainer *t, sm_error *error) {
    char text[SM_NOTE_SIZE];
    const int used = snprintf(text, sizeof text, "%s in epoch %d, also with a learning rate of %g", t->diverged,
                              t->progress.epoch + 1, (double)t->optimiser_options.learning_rate);
    t->diverged = NULL;
    sm_snapshot_restore(&t->snapshot, &t->progress, t->parameters, &t->optimiser);
    sm_error reason = {0};
    if (sm_trainer_writes(t) && sm_trainer_save(t, &reason) != SM_OK)
        return sm_fail(error, SM_ERROR_DATA, "%s; the state before cannot be saved: %s", text, reason.message);
    snprintf(text + used, sizeof text - (size_t)used,
             "; the state at the start of epoch %d is saved: go on from there with --resume and a lower "
             "--learning-rate, or start again with --overwrite and a lower one",
             t->progress.epoch + 1);
    return sm_fail(error, SM_ERROR_DATA, "%s", text);
}

/** After `diverged`: back to the last snapshot, with half of the learning rate. Fails when that was done often already.
 */
static sm_status go_back(sm_trainer *t, sm_progress *bar, sm_error *error) {
    if (t->progress.halvings >= MOST_HALVINGS) return give_up(t, error);
    t->progress.halvings++;
    sm_snapshot_restore(&t->snapshot, &t->progress, t->parameters, &t->optimiser);
    t->optimiser_options.learning_rate /= 2;
    char line[SM_NOTE_SIZE];
    snprintf(line, sizeof line, "%s: back to the start of epoch %d with half of the learning rate, %g", t->diverged,
             t->progress.epoch + 1, (double)t->optimiser_options.learning_rate);
    sm_progress_message(bar, line);
    t->diverged = NULL;
    if (error) *error = (sm_error){0};
    return SM_OK;
}

/** Saves the state, or the one before it from which the training can go on. */
static sm_status save_sound(sm_trainer *t, sm_progress *bar, sm_error *error) {
    const sm_status status = sm_trainer_is_sound(t) ? SM_OK : go_back(t, bar, error);
    sm_trainer_leave_limit(t);
    return status == SM_OK && sm_trainer_writes(t) ? sm_trainer_save(t, error) : status;
}

/** Saves on request of the user. */
static sm_status stop_here(sm_trainer *t, sm_progress *bar, sm_error *error) {
    sm_status status = save_sound(t, bar, error);
    if (status == SM_OK)
        status =
            sm_fail(error, SM_ERROR_INTERRUPTED, "stopped in epoch %d; continue with --resume", t->progress.epoch + 1);
    return sm_ranks_agree(t->options->ranks, status, error);
}

/** Another rank does not answer any more: the state after the last step that all have done is saved. */
static sm_status save_alone(sm_trainer *t, sm_progress *bar, sm_error *error) {
    const sm_status status = save_sound(t, bar, error);
    if (status != SM_OK) return status;
    return sm_fail(error, SM_ERROR_INTERRUPTED,
                   "another rank ended or does not answer: stopped in epoch %d; continue with --resume",
                   t->progress.epoch + 1);
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
    status = sm_ranks_agree(t->options->ranks, status, error);
    while (status == SM_OK && t->progress.batch < t->batches) {
        if (t->stop || (sm_ranks_count(t->options->ranks) == 1 && *t->interrupted)) return stop_here(t, bar, error);
        status = run_batch(t, error);
        if (status == SM_ERROR_INTERRUPTED) return save_alone(t, bar, error);
        if (status != SM_OK) break;
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

/** Seconds in which validation has run the network. */
static double scoring_seconds(const sm_trainer *t) {
    const double inner = t->inner_validation ? sm_validation_network_seconds(t->inner_validation) : 0;
    return inner + (t->validation ? sm_validation_network_seconds(t->validation) : 0);
}

/** Prints where the time went. */
static void print_times(sm_trainer *t, double begun) {
    char text[2 * SM_NOTE_SIZE];
    t->times.all = sm_clock() - begun;
    if (t->shards && sm_ranks_count(t->options->ranks) > 1) {
        const sm_shards_times spent = sm_shards_spent(t->shards);
        t->times.ranks = spent.waiting + spent.sending;
        t->times.network -= t->times.ranks;
    }
    t->times.scoring += scoring_seconds(t);
    t->times.validation -= t->times.scoring;
    sm_trainer_times_describe(&t->times, text, sizeof text);
    fprintf(stderr, "%s\n", text);
}

/** Trains until nothing is left to train. */
static sm_status train(sm_trainer *t, double begun, sm_error *error) {
    /* The progress bar counts from where this run begins, so that its estimate holds after a resumption. */
    t->first_batch = t->progress.epoch * t->batches + t->progress.batch;
    sm_progress bar;
    sm_progress_begin(&bar, "training", t->batches * t->options->epochs - t->first_batch);
    sm_status status = sm_trainer_score_start(t, error);
    t->times.start = sm_clock() - begun;
    t->times.scoring = -scoring_seconds(t); /* that of the start counts there */
    while (status == SM_OK && !sm_trainer_is_finished(t)) {
        status = run_epoch(t, &bar, error);
        if (status == SM_OK) status = sm_trainer_finish_epoch(t, &bar, error);
        if (t->diverged) status = sm_ranks_agree(t->options->ranks, go_back(t, &bar, error), error);
    }
    sm_progress_end(&bar);
    if (status != SM_OK) return status;
    print_times(t, begun);
    sm_trainer_report_choice(t);
    return SM_OK;
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
    const double begun = sm_clock();
    sm_status status = sm_trainer_set_up(t, error);
    if (status == SM_OK && sm_trainer_is_finished(t))
        fprintf(stderr, "already finished: %d epoch%s%s\n", t->progress.epoch, t->progress.epoch == 1 ? "" : "s",
                t->progress.epoch < t->options->epochs ? ", no better one for --patience" : "");
    else if (status == SM_OK)
        status = train(t, begun, error);
    if (status == SM_OK) status = list_left_out(t, error);
    sm_trainer_tear_down(t);
    free(t);
    return status;
}
