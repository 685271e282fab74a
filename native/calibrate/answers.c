#include "answers.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/letterbox.h"
#include "../data/perturb.h"
#include "../data/random.h"
#include "../data/sources.h"
#include "../fold_networks.h"
#include "../metrics/groups.h"
#include "../metrics/reliability.h"
#include "../parallel.h"
#include "../progress.h"

/** The job of all threads. */
typedef struct job {
    const sm_answers_options *options;
    sm_evaluator *evaluator; /* NULL: no answers of the network are collected */
    double temperature;      /* the model applies it to its answers; its effect is reverted */
    const sm_record **records;
    const int *chosen; /* the records of this model's part */
    sm_answers *answers;
    pthread_mutex_t mutex; /* protects everything below */
    sm_progress progress;
    int done;
    bool *failed; /* of each record */
    sm_status status;
    sm_error error; /* of the last one that failed */
} job;

/* The odds from probabilities, which differ from the logits by a constant. */
static float odds_of(const double raw[SM_CLASS_COUNT]) {
    float logits[SM_CLASS_COUNT];
    for (int k = 0; k < SM_CLASS_COUNT; k++) logits[k] = (float)log(fmax(raw[k], 1e-30));
    return sm_type_odds(logits);
}

static sm_status collect_answer(job *j, int worker, int index, const sm_image *picture, const sm_sample *sample,
                                sm_error *error) {
    sm_answers *g = j->answers;
    sm_result result = {0};
    sm_status status = sm_evaluator_segment(j->evaluator, worker, picture, &result, error);
    if (status != SM_OK) return status;
    double calibrated[SM_CLASS_COUNT];
    for (int k = 0; k < SM_CLASS_COUNT; k++) calibrated[k] = (double)result.probabilities[k];
    sm_probabilities_before_temperature(calibrated, j->temperature, g->raw[index]);
    g->type_odds[index] = odds_of(g->raw[index]);
    g->peaks[index] = sm_peak(result.probability_map, NULL, 0, result.width, result.height);
    status = sm_outline_trials_measure(sample, result.probability_map, j->options->threshold, j->options->grid,
                                       &g->outlines[index], error);
    sm_result_free(&result);
    return status;
}

/** A realistic change of an ultrasound image, with the range of its strength. */
typedef struct view {
    sm_perturbation kind;
    float low, high;
} view;

static const view views[] = {
    {SM_PERTURB_CONTRAST, 0.6f, 1.6f},  {SM_PERTURB_BRIGHTNESS, -0.15f, 0.15f}, {SM_PERTURB_BLUR, 0.2f, 1.3f},
    {SM_PERTURB_SPECKLE, 0.05f, 0.25f}, {SM_PERTURB_DOWNSCALE, 1.2f, 3.0f},     {SM_PERTURB_CROP, 0.02f, 0.15f},
};
enum { VIEW_KINDS = sizeof views / sizeof *views, VIEW_SEED = 31 };

/** Statistics of a picture and of random views of it. The random numbers depend only on the picture's index. */
static sm_status collect_statistics(const sm_image *picture, const uint8_t *mask, int index,
                                    float (*statistics)[SM_STATISTICS_COUNT], sm_error *error) {
    sm_random random = sm_random_make(sm_random_derive(VIEW_SEED, (uint64_t)index));
    sm_status status = SM_OK;
    for (int v = 0; status == SM_OK && v < SM_ANSWERS_VIEWS; v++) {
        const view *chosen = &views[sm_random_below(&random, VIEW_KINDS)];
        const double strength = (double)sm_random_range(&random, chosen->low, chosen->high);
        sm_image changed = {0};
        uint8_t *changed_mask = NULL;
        if (v > 0)
            status = sm_perturb(chosen->kind, strength, picture, mask, SM_STATISTICS_SIDE, sm_random_next(&random),
                                &changed, &changed_mask, error);
        const sm_image *seen = v > 0 ? &changed : picture;
        uint8_t *grey = status == SM_OK ? malloc((size_t)seen->width * (size_t)seen->height) : NULL;
        if (status == SM_OK && !grey)
            status = sm_fail(error, SM_ERROR_MEMORY, "no memory for the statistics of an image");
        if (status == SM_OK) {
            sm_image_to_grey(seen, grey);
            status = sm_image_statistics(seen, grey, statistics[v], error);
        }
        free(grey);
        sm_image_free(&changed);
        free(changed_mask);
    }
    return status;
}

static sm_status collect_image(job *j, int worker, int index, sm_error *error) {
    sm_sample sample;
    sm_image picture;
    sm_status status = sm_sample_load_picture(j->records[index], &sample, &picture, error);
    if (status != SM_OK) return status;
    if (j->evaluator) status = collect_answer(j, worker, index, &picture, &sample, error);
    if (status == SM_OK && j->options->statistics)
        status = collect_statistics(&picture, sample.mask, index,
                                    j->answers->statistics + (size_t)index * SM_ANSWERS_VIEWS, error);
    if (status != SM_OK) sm_error_prefix(error, j->records[index]->image);
    sm_sample_free(&sample);
    sm_image_free(&picture);
    return status;
}

/* An sm_task. */
static void collect_task(void *arguments, int place, int worker) {
    job *j = arguments;
    const int index = j->chosen[place];
    sm_error error = {0};
    const sm_status status = collect_image(j, worker, index, &error);
    pthread_mutex_lock(&j->mutex);
    if (status != SM_OK) {
        j->failed[index] = true;
        j->error = error;
        sm_progress_complain(&j->progress, error.message);
        if (j->status == SM_OK) j->status = sm_failures_add(&j->answers->failed, error.message, &j->error);
    }
    sm_progress_show(&j->progress, ++j->done, NULL);
    pthread_mutex_unlock(&j->mutex);
}

static bool is_wanted(const sm_answers_options *options, const sm_fold_networks *networks, const sm_record *record) {
    if (record->exclude || (options->fold >= 0 && record->fold != options->fold) ||
        (options->not_fold >= 0 && record->fold == options->not_fold))
        return false;
    for (int n = 0; n < networks->count; n++)
        if (networks->items[n].fold == record->fold) return true;
    return !options->folds;
}

static sm_status choose_records(const sm_fold_networks *networks, const sm_dataset *dataset, job *j, sm_error *error) {
    j->records = malloc(((size_t)dataset->count + 1) * sizeof *j->records);
    if (!j->records) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d records", dataset->count);
    int count = 0;
    for (int i = 0; i < dataset->count; i++)
        if (is_wanted(j->options, networks, &dataset->records[i])) j->records[count++] = &dataset->records[i];
    j->answers->count = count;
    return count > 0 ? SM_OK : sm_fail(error, SM_ERROR_DATA, "no image is left to calibrate on");
}

static sm_status allocate(const sm_answers_options *options, sm_answers *g, sm_error *error) {
    const size_t count = (size_t)g->count;
    bool made = (g->types = calloc(count, sizeof *g->types));
    made = (g->shows_lesion = calloc(count, sizeof *g->shows_lesion)) && made;
    made = (g->outlined = calloc(count, sizeof *g->outlined)) && made;
    made = (g->sources = calloc(count, sizeof *g->sources)) && made;
    made = (g->groups = calloc(count, sizeof *g->groups)) && made;
    made = (g->weights = calloc(count, sizeof *g->weights)) && made;
    if (options->network) {
        made = (g->raw = calloc(count, sizeof *g->raw)) && made;
        made = (g->type_odds = calloc(count, sizeof *g->type_odds)) && made;
        made = (g->peaks = calloc(count, sizeof *g->peaks)) && made;
        made = (g->outlines = calloc(count, sizeof *g->outlines)) && made;
    }
    if (options->statistics) made = (g->statistics = calloc(count * SM_ANSWERS_VIEWS, sizeof *g->statistics)) && made;
    return made ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory to calibrate on %d images", g->count);
}

sm_status sm_answers_weigh(const sm_answers *answers, const bool *use, double *weights, sm_error *error) {
    double *sizes = calloc((size_t)answers->source_count + 1, sizeof *sizes);
    if (!sizes) return sm_fail(error, SM_ERROR_MEMORY, "no memory to weigh %d images", answers->count);
    for (int i = 0; i < answers->count; i++)
        if (use[i]) sizes[answers->sources[i]]++;
    for (int i = 0; i < answers->count; i++) weights[i] = use[i] ? 1 / sizes[answers->sources[i]] : 0;
    free(sizes);
    return SM_OK;
}

/** Fills what follows from the records alone. */
static sm_status describe(const job *j, sm_error *error) {
    sm_answers *g = j->answers;
    sm_status status = sm_sources_number(j->records, g->count, g->sources, &g->source_count, error);
    if (status == SM_OK) status = sm_groups_number(j->records, g->count, g->groups, &g->group_count, error);
    bool *all = malloc((size_t)g->count * sizeof *all);
    if (status == SM_OK && !all) status = sm_fail(error, SM_ERROR_MEMORY, "no memory to weigh %d images", g->count);
    for (int i = 0; status == SM_OK && i < g->count; i++) {
        const sm_record *record = j->records[i];
        all[i] = true;
        g->types[i] = sm_record_type(record);
        g->outlined[i] = sm_record_outlined(record);
        g->shows_lesion[i] =
            !sm_class_set_has(record->classes, SM_CLASS_NORMAL) || (g->outlines && g->outlines[i].target > 0);
    }
    if (status == SM_OK) status = sm_answers_weigh(g, all, g->weights, error);
    for (int i = 0; status == SM_OK && i < g->count; i++) g->weights[i] *= (double)g->count / g->source_count;
    free(all);
    return status;
}

/** Removes the failed records from the lists. */
static void leave_out_failed(job *j) {
    sm_answers *g = j->answers;
    int kept = 0;
    for (int i = 0; i < g->count; i++) {
        if (j->failed[i]) {
            if (g->outlines) sm_outline_trials_free(&g->outlines[i]);
            continue;
        }
        j->records[kept] = j->records[i];
        if (g->raw) {
            memmove(g->raw[kept], g->raw[i], sizeof *g->raw);
            g->type_odds[kept] = g->type_odds[i];
            g->peaks[kept] = g->peaks[i];
            g->outlines[kept] = g->outlines[i];
            if (kept != i) g->outlines[i] = (sm_outline_trials){0};
        }
        if (g->statistics)
            memmove(g->statistics[kept * SM_ANSWERS_VIEWS], g->statistics[i * SM_ANSWERS_VIEWS],
                    SM_ANSWERS_VIEWS * sizeof *g->statistics);
        kept++;
    }
    g->count = kept;
}

/* Collects `count` of the records with one model, or without a model when `path` is NULL. */
static sm_status run_part(job *j, const char *path, int count, sm_error *error) {
    sm_parallel *own = NULL;
    const sm_parallel *parallel = NULL;
    sm_status status = SM_OK;
    if (path) {
        sm_evaluation_options evaluation = *j->options->evaluation;
        evaluation.model_path = path;
        status = sm_evaluator_create(&evaluation, &j->evaluator, error);
        if (status != SM_OK) return status;
        j->temperature = (double)sm_evaluator_model(j->evaluator).temperature;
        parallel = sm_evaluator_parallel(j->evaluator);
    } else {
        parallel = own = sm_parallel_create(j->options->evaluation->threads);
    }
    if (parallel)
        sm_parallel_run(parallel, count, collect_task, j);
    else
        status = sm_fail(error, SM_ERROR_MEMORY, "the threads cannot be started");
    sm_parallel_free(own);
    sm_evaluator_free(j->evaluator);
    j->evaluator = NULL;
    return status;
}

/* Collects all records, with the model of each fold or the only one. `chosen` has room for all of them. */
static sm_status run_parts(job *j, const sm_fold_networks *networks, int *chosen, sm_error *error) {
    const sm_answers_options *o = j->options;
    sm_status status = SM_OK;
    j->chosen = chosen;
    for (int n = 0; status == SM_OK && n < (o->folds ? networks->count : 1); n++) {
        int count = 0;
        for (int i = 0; i < j->answers->count; i++)
            if (!o->folds || j->records[i]->fold == networks->items[n].fold) chosen[count++] = i;
        if (count == 0) continue;
        const char *path = o->folds ? networks->items[n].path : o->evaluation->model_path;
        status = run_part(j, o->network ? path : NULL, count, error);
    }
    return status;
}

static sm_status run(job *j, const sm_fold_networks *networks, sm_error *error) {
    const int count = j->answers->count;
    j->failed = calloc((size_t)count, sizeof *j->failed);
    int *chosen = malloc((size_t)count * sizeof *chosen);
    if (!j->failed || !chosen) {
        free(chosen);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d images", count);
    }
    pthread_mutex_init(&j->mutex, NULL);
    sm_progress_begin(&j->progress, "calibrate", count);
    const sm_status status = run_parts(j, networks, chosen, error);
    sm_progress_end(&j->progress);
    pthread_mutex_destroy(&j->mutex);
    free(chosen);
    if (status != SM_OK) return status;
    leave_out_failed(j);
    if (j->status == SM_OK && j->answers->count > 0) return SM_OK;
    if (error) *error = j->error;
    return j->error.status;
}

sm_status sm_answers_collect(const sm_answers_options *options, sm_answers *answers, sm_error *error) {
    *answers = (sm_answers){0};
    job j = {.options = options, .answers = answers};
    sm_dataset dataset = {0};
    sm_fold_networks networks = {0};
    sm_status status = sm_dataset_load(options->paths, options->path_count, &dataset, error);
    if (status == SM_OK && options->folds) status = sm_fold_networks_find(options->folds, &dataset, &networks, error);
    if (status == SM_OK) status = choose_records(&networks, &dataset, &j, error);
    if (status == SM_OK) status = allocate(options, answers, error);
    if (status == SM_OK) status = run(&j, &networks, error);
    if (status == SM_OK) status = describe(&j, error);
    free(j.records);
    free(j.failed);
    sm_fold_networks_free(&networks);
    sm_dataset_free(&dataset);
    if (status != SM_OK) sm_answers_free(answers);
    return status;
}

void sm_answers_free(sm_answers *answers) {
    for (int i = 0; answers->outlines && i < answers->count; i++) sm_outline_trials_free(&answers->outlines[i]);
    free(answers->types);
    free(answers->shows_lesion);
    free(answers->outlined);
    free(answers->sources);
    free(answers->groups);
    free(answers->weights);
    free(answers->raw);
    free(answers->type_odds);
    free(answers->peaks);
    free(answers->outlines);
    free(answers->statistics);
    sm_failures_free(&answers->failed);
    *answers = (sm_answers){0};
}
