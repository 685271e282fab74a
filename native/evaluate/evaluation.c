#include "evaluation.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../data/marks.h"
#include "../metrics/reliability.h"
#include "../progress.h"
#include "corrections.h"

/* Decodes and segments one record. On success, sample and result are the caller's to free. */
static sm_status segment_record(sm_evaluator *evaluator, int worker, const sm_record *record, sm_sample *sample,
                                sm_result *result, sm_evaluated_image *image, sm_error *error) {
    sm_image picture; /* with its colours, as predict decodes it */
    int marks = 0;
    sm_status status = sm_sample_load_picture(record, sample, &picture, error);
    if (status != SM_OK) return status;
    double started = sm_clock();
    status = sm_evaluator_segment(evaluator, worker, &picture, result, error);
    image->milliseconds = 1000 * (sm_clock() - started);
    if (status == SM_OK && !record->calipers) status = sm_marks_count(&picture, &marks, error);
    image->annotated = record->calipers || marks >= SM_MARKS_ANNOTATED;
    sm_image_free(&picture);
    if (status != SM_OK) {
        sm_error_prefix(error, record->image);
        sm_sample_free(sample);
        sm_result_free(result);
    }
    return status;
}

static void copy_prediction(const sm_result *result, double temperature, sm_evaluated_image *image) {
    const size_t count = (size_t)result->width * (size_t)result->height;
    image->predicted = result->type;
    image->presence = (double)result->presence;
    image->lesion_count = result->lesion_count;
    image->expected_dice = (double)result->expected_dice;
    image->outlier_score = (double)result->outlier_score;
    image->looks_like_ultrasound = result->looks_like_ultrasound;
    for (int k = 0; k < SM_CLASS_COUNT; k++) image->probabilities[k] = (double)result->probabilities[k];
    sm_probabilities_before_temperature(image->probabilities, temperature, image->raw_probabilities);
    for (size_t i = 0; i < count; i++)
        if ((double)result->probability_map[i] > image->maximum_probability)
            image->maximum_probability = (double)result->probability_map[i];
}

static bool is_faint(const sm_result *result, bool possible, double presence) {
    return possible && presence >= (double)result->operating_point.presence;
}

/* What the answer is at each of the model's operating points, whichever was used. A possible outline whose presence
 * passes the level that was used is a faint one, which counts at no level. */
static void score_points(const sm_result *result, const sm_model_info *model, sm_evaluated_image *image) {
    image->has_points = model->has_decision;
    for (int p = 0; p < SM_OPERATING_POINTS && model->has_decision; p++) {
        const double level = (double)model->operating_points[p].presence;
        const bool any = result->lesion_count + result->possible_count > 0;
        image->kept_at[p] = !any && image->presence >= level;
        for (int i = 0; i < result->lesion_count + result->possible_count; i++) {
            const bool possible = i >= result->lesion_count;
            const sm_lesion *lesion = possible ? &result->possible[i - result->lesion_count] : &result->lesions[i];
            if ((double)lesion->presence < level) continue;
            image->kept_at[p] = true;
            if (!is_faint(result, possible, (double)lesion->presence)) image->mask_at[p] = true;
        }
        for (int i = 0; i < image->outlines.count; i++) {
            const sm_outline_score *outline = &image->outlines.outlines[i];
            if (outline->found && outline->presence >= level && !is_faint(result, outline->possible, outline->presence))
                image->found_at[p] = true;
        }
    }
}

/* The scores of an image without a reference outline. */
static void set_not_outlined(const sm_result *result, size_t count, sm_evaluated_image *image) {
    for (size_t i = 0; i < count; i++) image->pixels.false_positive += result->mask[i] >= 128;
    image->scores = (sm_binary_scores){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    image->surface = (sm_surface_distances){NAN, NAN};
    image->pixel_uncertainty = (sm_pixel_uncertainty){NAN, NAN};
}

static sm_status score_masks(const sm_result *result, const sm_sample *sample, const sm_model_info *model,
                             sm_evaluated_image *image, sm_error *error) {
    const size_t count = (size_t)sample->width * (size_t)sample->height;
    sm_status status = SM_OK;
    if (sm_record_outlined(image->record)) {
        image->pixels = sm_pixel_count(sample->mask, result->mask, count);
        image->scores = sm_binary_scores_of(&image->pixels);
        image->pixel_uncertainty = sm_pixel_uncertainty_of(result->probability_map, sample->mask, result->mask, count);
        status = sm_surface_distance(sample->mask, result->mask, sample->width, sample->height, &image->surface, error);
        if (status == SM_OK) status = sm_outlines_score(result, sample->mask, &image->outlines, error);
        const sm_image grey = {sample->width, sample->height, 1, sample->grey};
        if (status == SM_OK) status = sm_measures_pair(&grey, result, sample->mask, &image->measures, error);
    } else {
        set_not_outlined(result, count, image);
    }
    score_points(result, model, image);
    return status;
}

static sm_status score_record(sm_evaluator *evaluator, int worker, const sm_record *record, bool corrections,
                              sm_evaluated_image *image, sm_error *error) {
    sm_sample sample = {0};
    sm_result result = {0};
    *image = (sm_evaluated_image){.record = record};
    sm_status status = segment_record(evaluator, worker, record, &sample, &result, image, error);
    if (status != SM_OK) return status;
    image->width = sample.width;
    image->height = sample.height;
    const sm_model_info model = sm_evaluator_model(evaluator);
    copy_prediction(&result, (double)model.temperature, image);
    status = score_masks(&result, &sample, &model, image, error);
    if (status == SM_OK && corrections && model.takes_prompts)
        status = sm_corrections_simulate(evaluator, worker, &sample, &result, image, error);
    if (status != SM_OK) sm_error_prefix(error, record->image);
    sm_result_free(&result);
    sm_sample_free(&sample);
    return status;
}

typedef struct scoring {
    sm_evaluator *evaluator;
    const sm_record *const *records;
    bool corrections;
    int first, step;            /* task k scores record first + k * step */
    sm_evaluated_image *images; /* one per record, in order */
    char **reasons;             /* one per record; NULL where scoring succeeded */
    pthread_mutex_t mutex;      /* protects everything below */
    sm_progress progress;
    int done, typed, lesions, right;
    double dice_sum;
    bool out_of_memory;
} scoring;

static void note_result(scoring *job, int index, sm_status status, const sm_error *error) {
    const sm_evaluated_image *image = &job->images[index];
    char note[96];
    pthread_mutex_lock(&job->mutex);
    job->done++;
    if (status != SM_OK) {
        job->reasons[index] = strdup(error->message);
        if (!job->reasons[index]) job->out_of_memory = true;
        sm_progress_complain(&job->progress, error->message);
    } else {
        job->typed += (int)sm_record_type(image->record) < SM_CLASS_COUNT;
        job->right += image->predicted == sm_record_type(image->record);
        if (sm_evaluated_has_lesion(image)) {
            job->lesions++;
            job->dice_sum += image->scores.dice;
        }
    }
    snprintf(note, sizeof note, "Dice %.3f, accuracy %.3f", job->lesions ? job->dice_sum / job->lesions : 0.0,
             job->typed ? (double)job->right / job->typed : 0.0);
    sm_progress_show(&job->progress, job->done, note);
    pthread_mutex_unlock(&job->mutex);
}

/* An sm_task. */
static void score_task(void *arguments, int index, int worker) {
    scoring *job = arguments;
    sm_error error = {0};
    index = job->first + index * job->step;
    sm_status status =
        score_record(job->evaluator, worker, job->records[index], job->corrections, &job->images[index], &error);
    note_result(job, index, status, &error);
}

/* Gives every rank the scores and failures of all. */
static sm_status merge(const sm_ranks *ranks, const scoring *job, int count, sm_error *error) {
    const int step = sm_ranks_count(ranks);
    if (step == 1) return SM_OK;
    for (int i = 0; i < count; i++) job->images[i].record = NULL; /* an address of this process */
    sm_status status = sm_ranks_merge(ranks, job->images, (size_t)count * sizeof *job->images, error);
    for (int i = 0; status == SM_OK && i < count; i++) {
        sm_error reason = {.status = job->reasons[i] ? SM_ERROR_DATA : SM_OK};
        if (job->reasons[i]) snprintf(reason.message, sizeof reason.message, "%s", job->reasons[i]);
        status = sm_ranks_broadcast(ranks, i % step, &reason, sizeof reason, error);
        job->images[i].record = job->records[i];
        if (status != SM_OK || job->reasons[i] || reason.status == SM_OK) continue;
        if (sm_ranks_first(ranks)) fprintf(stderr, "sonomask: %s\n", reason.message);
        job->reasons[i] = strdup(reason.message);
        if (!job->reasons[i]) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the list of failed images");
    }
    return status;
}

/* Moves failed records from the images to the failures. `evaluation->images` may be `job->images`: the scored images
 * move to the front. */
static void separate_failures(const scoring *job, int count, sm_evaluation *evaluation) {
    for (int i = 0; i < count; i++) {
        if (job->reasons[i])
            evaluation->failures[evaluation->failure_count++] =
                (sm_evaluation_failure){job->records[i], job->reasons[i]};
        else
            evaluation->images[evaluation->count++] = job->images[i];
    }
}

sm_status sm_evaluate(sm_evaluator *evaluator, const sm_record *const *records, int count, bool corrections,
                      sm_evaluation *evaluation, sm_error *error) {
    *evaluation = (sm_evaluation){0};
    const sm_ranks *ranks = sm_evaluator_ranks(evaluator);
    const int share = sm_ranks_share(ranks, count);
    size_t slots = (size_t)count + 1;
    scoring job = {.evaluator = evaluator,
                   .records = records,
                   .corrections = corrections,
                   .first = sm_ranks_own(ranks),
                   .step = sm_ranks_count(ranks),
                   .images = calloc(slots, sizeof *job.images),
                   .reasons = calloc(slots, sizeof *job.reasons)};
    sm_evaluation made = {.images = job.images, .failures = calloc(slots, sizeof *made.failures)};
    sm_status status = SM_OK;
    if (!job.images || !job.reasons || !made.failures) {
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory to evaluate %d images", count);
    } else {
        pthread_mutex_init(&job.mutex, NULL);
        sm_progress_begin(&job.progress, "evaluate", share);
        sm_parallel_run(sm_evaluator_parallel(evaluator), share, score_task, &job);
        sm_progress_end(&job.progress);
        pthread_mutex_destroy(&job.mutex);
        if (job.out_of_memory) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for the list of failed images");
    }
    status = sm_ranks_agree(ranks, status, error);
    if (status == SM_OK) status = merge(ranks, &job, count, error);
    if (status == SM_OK) {
        separate_failures(&job, count, &made);
        *evaluation = made;
    } else {
        for (int i = 0; job.reasons && i < count; i++) free(job.reasons[i]);
        sm_evaluation_free(&made);
    }
    free(job.reasons);
    return status;
}

void sm_evaluation_free(sm_evaluation *evaluation) {
    for (int i = 0; i < evaluation->failure_count; i++) free(evaluation->failures[i].reason);
    free(evaluation->failures);
    free(evaluation->images);
    *evaluation = (sm_evaluation){0};
}

sm_status sm_evaluation_append(sm_evaluation *evaluation, sm_evaluation *part, sm_error *error) {
    const size_t images = (size_t)evaluation->count + (size_t)part->count;
    const size_t failures = (size_t)evaluation->failure_count + (size_t)part->failure_count;
    sm_evaluated_image *all = realloc(evaluation->images, (images + 1) * sizeof *all);
    if (all) evaluation->images = all;
    sm_evaluation_failure *failed = realloc(evaluation->failures, (failures + 1) * sizeof *failed);
    if (failed) evaluation->failures = failed;
    if (!all || !failed) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %z scored images", images);
    for (int i = 0; i < part->count; i++) all[evaluation->count++] = part->images[i];
    for (int i = 0; i < part->failure_count; i++) failed[evaluation->failure_count++] = part->failures[i];
    free(part->images);
    free(part->failures);
    *part = (sm_evaluation){0};
    return SM_OK;
}
