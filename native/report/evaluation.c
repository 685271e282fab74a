#include "evaluation.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../data/marks.h"
#include "../file.h"
#include "../parallel.h"
#include "../progress.h"
#include "calibration.h"
#include "panel.h"

struct sm_evaluator {
    sm_parallel *parallel;
    sm_model *model;   /* one copy of the weights for all threads */
    sm_state **states; /* one per thread */
    sm_segment_options segment;
};

sm_status sm_evaluator_create(const sm_evaluation_options *options, sm_evaluator **evaluator, sm_error *error) {
    *evaluator = NULL;
    unsigned char *weights = NULL;
    size_t size = 0;
    sm_status status = sm_file_read(options->model_path, &weights, &size, error);
    if (status != SM_OK) return status;
    sm_evaluator *made = calloc(1, sizeof *made);
    if (made) {
        made->segment = options->segment;
        made->parallel = sm_parallel_create(options->threads);
    }
    if (made && made->parallel) made->states = calloc((size_t)made->parallel->threads, sizeof(sm_state *));
    if (!made || !made->states) status = sm_fail(error, SM_ERROR_MEMORY, "no memory or threads for the evaluation");
    const sm_model_options model_options = {.input_size = options->input_size};
    if (status == SM_OK) {
        status = sm_model_create(weights, size, &model_options, &made->model, error);
        if (status != SM_OK) sm_error_prefix(error, options->model_path);
    }
    free(weights);
    for (int i = 0; status == SM_OK && i < made->parallel->threads; i++)
        status = sm_state_create(made->model, NULL, &made->states[i], error);
    if (status != SM_OK) {
        sm_evaluator_free(made);
        return status;
    }
    *evaluator = made;
    return SM_OK;
}

void sm_evaluator_free(sm_evaluator *evaluator) {
    if (!evaluator) return;
    for (int i = 0; evaluator->states && i < evaluator->parallel->threads; i++) sm_state_free(evaluator->states[i]);
    free(evaluator->states);
    sm_model_free(evaluator->model);
    sm_parallel_free(evaluator->parallel);
    free(evaluator);
}

sm_model_info sm_evaluator_model(const sm_evaluator *evaluator) { return sm_model_describe(evaluator->model); }

const sm_parallel *sm_evaluator_parallel(const sm_evaluator *evaluator) { return evaluator->parallel; }

sm_status sm_evaluator_segment(sm_evaluator *evaluator, int worker, const sm_image *image, sm_result *result,
                               sm_error *error) {
    return sm_segment(evaluator->states[worker], image, &evaluator->segment, result, error);
}

/* Decodes and segments one record; on success sample and result are the caller's to free. */
static sm_status segment_record(sm_evaluator *evaluator, int worker, const sm_record *record, sm_sample *sample,
                                sm_result *result, sm_evaluated_image *image, sm_error *error) {
    sm_image picture; /* with its colours, as users hand it in */
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

static sm_status score_record(sm_evaluator *evaluator, int worker, const sm_record *record, sm_evaluated_image *image,
                              sm_error *error) {
    sm_sample sample = {0};
    sm_result result = {0};
    *image = (sm_evaluated_image){.record = record};
    sm_status status = segment_record(evaluator, worker, record, &sample, &result, image, error);
    if (status != SM_OK) return status;
    size_t count = (size_t)sample.width * (size_t)sample.height;
    image->width = sample.width;
    image->height = sample.height;
    image->predicted = result.type;
    image->lesion_count = result.lesion_count;
    image->expected_dice = (double)result.expected_dice;
    image->outlier_score = (double)result.outlier_score;
    image->looks_like_ultrasound = result.looks_like_ultrasound;
    for (int k = 0; k < SM_CLASS_COUNT; k++) image->probabilities[k] = (double)result.probabilities[k];
    sm_probabilities_before_temperature(image->probabilities, (double)sm_model_describe(evaluator->model).temperature,
                                        image->raw_probabilities);
    for (size_t i = 0; i < count; i++)
        if ((double)result.probability_map[i] > image->maximum_probability)
            image->maximum_probability = (double)result.probability_map[i];
    image->pixels = sm_pixel_count(sample.mask, result.mask, count);
    image->scores = sm_binary_scores_of(&image->pixels);
    image->pixel_uncertainty = sm_pixel_uncertainty_of(result.probability_map, sample.mask, result.mask, count);
    status = sm_surface_distance(sample.mask, result.mask, sample.width, sample.height, &image->surface, error);
    if (status == SM_OK)
        status =
            sm_outlines_score(&result, sample.mask, SM_OUTLINES_SCORED, image->outlines, &image->outline_count, error);
    if (status != SM_OK) sm_error_prefix(error, record->image);
    sm_result_free(&result);
    sm_sample_free(&sample);
    return status;
}

typedef struct scoring {
    sm_evaluator *evaluator;
    const sm_record *const *records;
    sm_evaluated_image *images; /* of each record, in order */
    char **reasons;             /* NULL where all went well */
    pthread_mutex_t mutex;      /* over everything below */
    sm_progress progress;
    int done, scored, lesions, right;
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
        job->scored++;
        job->right += image->predicted == image->record->type;
        if (sm_evaluated_has_lesion(image)) {
            job->lesions++;
            job->dice_sum += image->scores.dice;
        }
    }
    snprintf(note, sizeof note, "Dice %.3f, type right %.3f", job->lesions ? job->dice_sum / job->lesions : 0.0,
             job->scored ? (double)job->right / job->scored : 0.0);
    sm_progress_show(&job->progress, job->done, note);
    pthread_mutex_unlock(&job->mutex);
}

/* An sm_task. */
static void score_task(void *arguments, int index, int worker) {
    scoring *job = arguments;
    sm_error error = {0};
    sm_status status = score_record(job->evaluator, worker, job->records[index], &job->images[index], &error);
    note_result(job, index, status, &error);
}

/* Moves the failed ones out of the list of images. */
static void part_failures(const scoring *job, int count, sm_evaluation *evaluation) {
    for (int i = 0; i < count; i++) {
        if (job->reasons[i])
            evaluation->failures[evaluation->failure_count++] =
                (sm_evaluation_failure){job->records[i], job->reasons[i]};
        else
            evaluation->images[evaluation->count++] = job->images[i];
    }
}

sm_status sm_evaluate(sm_evaluator *evaluator, const sm_record *const *records, int count, sm_evaluation *evaluation,
                      sm_error *error) {
    *evaluation = (sm_evaluation){0};
    size_t slots = (size_t)count + 1;
    scoring job = {.evaluator = evaluator,
                   .records = records,
                   .images = calloc(slots, sizeof *job.images),
                   .reasons = calloc(slots, sizeof *job.reasons)};
    sm_evaluation made = {.images = job.images, .failures = calloc(slots, sizeof *made.failures)};
    sm_status status = SM_OK;
    if (!job.images || !job.reasons || !made.failures) {
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory to evaluate %d images", count);
    } else {
        pthread_mutex_init(&job.mutex, NULL);
        sm_progress_begin(&job.progress, "evaluate", count);
        sm_parallel_run(evaluator->parallel, count, score_task, &job);
        sm_progress_end(&job.progress);
        pthread_mutex_destroy(&job.mutex);
        if (job.out_of_memory) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for the list of failed images");
    }
    if (status == SM_OK) {
        part_failures(&job, count, &made);
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

typedef struct drawing {
    sm_evaluator *evaluator;
    sm_evaluation_panel *panels;
    int tile;
} drawing;

/* An sm_task. The picture is an extra: an image that was scored before and cannot be drawn now stays without one. */
static void draw_task(void *arguments, int index, int worker) {
    drawing *job = arguments;
    sm_evaluation_panel *panel = &job->panels[index];
    sm_sample sample = {0};
    sm_result result = {0};
    sm_image picture = {0};
    sm_evaluated_image scored = {0};
    panel->png = NULL;
    panel->png_size = 0;
    if (segment_record(job->evaluator, worker, panel->record, &sample, &result, &scored, NULL) != SM_OK) return;
    const sm_panel_row row = {.width = sample.width,
                              .height = sample.height,
                              .grey = sample.grey,
                              .truth = sample.mask,
                              .predicted = result.mask};
    if (sm_panel_render(&row, job->tile, &picture, NULL) == SM_OK &&
        sm_image_encode_png(&picture, &panel->png, &panel->png_size, NULL) != SM_OK)
        panel->png = NULL;
    sm_image_free(&picture);
    sm_result_free(&result);
    sm_sample_free(&sample);
}

void sm_evaluation_draw(sm_evaluator *evaluator, sm_evaluation_panel *panels, int count, int tile) {
    drawing job = {.evaluator = evaluator, .panels = panels, .tile = tile};
    sm_parallel_run(evaluator->parallel, count, draw_task, &job);
}
