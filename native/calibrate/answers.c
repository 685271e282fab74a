#include "answers.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/letterbox.h"
#include "../data/perturb.h"
#include "../data/random.h"
#include "../data/sources.h"
#include "../metrics/pixels.h"
#include "../metrics/reliability.h"
#include "../parallel.h"
#include "../progress.h"

/** The job of all threads. */
typedef struct job {
    const sm_answers_options *options;
    sm_evaluator *evaluator;   /* NULL: no answers of the network are collected */
    double temperature, power; /* settings that the model applies to its answers; their effect is reverted */
    const sm_record **records;
    sm_answers *answers;
    pthread_mutex_t mutex; /* protects everything below */
    sm_progress progress;
    int done;
    bool *failed; /* of each record */
    sm_status status;
    sm_error error; /* of the last one that failed */
} job;

static sm_status collect_answer(job *j, int worker, int index, const sm_image *picture, const sm_sample *sample,
                                sm_error *error) {
    sm_result result = {0};
    sm_status status = sm_evaluator_segment(j->evaluator, worker, picture, &result, error);
    if (status != SM_OK) return status;
    double calibrated[SM_CLASS_COUNT];
    for (int k = 0; k < SM_CLASS_COUNT; k++) calibrated[k] = (double)result.probabilities[k];
    sm_probabilities_before_temperature(calibrated, j->temperature, j->answers->raw[index]);
    const size_t pixels = (size_t)result.width * (size_t)result.height;
    const sm_pixel_counts counts = sm_pixel_count(sample->mask, result.mask, pixels);
    const bool masked = result.lesion_count > 0;
    j->answers->expected[index] = masked ? pow((double)result.expected_dice, 1 / j->power) : NAN;
    j->answers->dice[index] = masked ? sm_binary_scores_of(&counts).dice : NAN;
    if (j->options->masks) status = sm_mask_try(sample, result.probability_map, &j->answers->trials[index], error);
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
static void collect_task(void *arguments, int index, int worker) {
    job *j = arguments;
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

static sm_status choose_records(const sm_answers_options *options, const sm_dataset *dataset, job *j, sm_error *error) {
    j->records = malloc(((size_t)dataset->count + 1) * sizeof *j->records);
    if (!j->records) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d records", dataset->count);
    int count = 0;
    for (int i = 0; i < dataset->count; i++) {
        const sm_record *record = &dataset->records[i];
        if (record->exclude || (options->fold >= 0 && record->fold != options->fold) ||
            (options->not_fold >= 0 && record->fold == options->not_fold))
            continue;
        j->records[count++] = record;
    }
    j->answers->count = count;
    return count > 0 ? SM_OK : sm_fail(error, SM_ERROR_DATA, "no image is left to calibrate on");
}

static sm_status allocate(const sm_answers_options *options, sm_answers *g, sm_error *error) {
    const size_t count = (size_t)g->count;
    g->types = calloc(count, sizeof *g->types);
    g->weights = calloc(count, sizeof *g->weights);
    bool made = g->types && g->weights;
    if (options->network) {
        made = (g->raw = calloc(count, sizeof *g->raw)) && made;
        made = (g->expected = calloc(count, sizeof *g->expected)) && made;
        made = (g->dice = calloc(count, sizeof *g->dice)) && made;
    }
    if (options->masks) {
        made = (g->trials = calloc(count, sizeof *g->trials)) && made;
        made = (g->cases = calloc(count, sizeof *g->cases)) && made;
    }
    if (options->statistics) made = (g->statistics = calloc(count * SM_ANSWERS_VIEWS, sizeof *g->statistics)) && made;
    return made ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory to calibrate on %d images", g->count);
}

/** Numbers of lesion and normal images in a data set. */
typedef struct source_size {
    int lesions, normals;
} source_size;

/** Fills the weights so that every data set counts the same. */
static void weigh(const job *j, const int *sources, source_size *sizes) {
    sm_answers *g = j->answers;
    for (int i = 0; i < g->count; i++) {
        g->types[i] = sm_record_type(j->records[i]);
        if (g->types[i] == SM_CLASS_NORMAL)
            sizes[sources[i]].normals++;
        else
            sizes[sources[i]].lesions++;
    }
    double sum = 0;
    for (int i = 0; i < g->count; i++) {
        const source_size *size = &sizes[sources[i]];
        const bool normal = g->types[i] == SM_CLASS_NORMAL;
        g->weights[i] = 1.0 / (size->lesions + size->normals);
        sum += g->weights[i];
        if (g->cases)
            g->cases[i] = (sm_mask_case){.trial = &g->trials[i],
                                         .lesion_weight = normal ? 0 : 1.0 / size->lesions,
                                         .normal_weight = normal ? 1.0 / size->normals : 0};
    }
    for (int i = 0; i < g->count; i++) g->weights[i] *= g->count / sum;
}

static sm_status weigh_by_source(const job *j, sm_error *error) {
    const int count = j->answers->count;
    int *sources = calloc((size_t)count + 1, sizeof *sources), source_count = 0;
    source_size *sizes = calloc((size_t)count + 1, sizeof *sizes);
    sm_status status = sources && sizes ? sm_sources_number(j->records, count, sources, &source_count, error)
                                        : sm_fail(error, SM_ERROR_MEMORY, "no memory to weigh %d images", count);
    if (status == SM_OK) weigh(j, sources, sizes);
    free(sources);
    free(sizes);
    return status;
}

/** Removes the failed records from the lists. */
static void leave_out_failed(job *j) {
    sm_answers *g = j->answers;
    int kept = 0;
    for (int i = 0; i < g->count; i++) {
        if (j->failed[i]) continue;
        j->records[kept] = j->records[i];
        if (g->raw) {
            memmove(g->raw[kept], g->raw[i], sizeof *g->raw);
            g->expected[kept] = g->expected[i];
            g->dice[kept] = g->dice[i];
        }
        if (g->trials) memmove(&g->trials[kept], &g->trials[i], sizeof *g->trials);
        if (g->statistics)
            memmove(g->statistics[kept * SM_ANSWERS_VIEWS], g->statistics[i * SM_ANSWERS_VIEWS],
                    SM_ANSWERS_VIEWS * sizeof *g->statistics);
        kept++;
    }
    g->count = kept;
}

static sm_status run(job *j, sm_error *error) {
    const int count = j->answers->count;
    sm_parallel *own = NULL;
    const sm_parallel *parallel = j->evaluator ? sm_evaluator_parallel(j->evaluator) : NULL;
    if (!parallel) parallel = own = sm_parallel_create(j->options->evaluation->threads);
    if (!parallel) return sm_fail(error, SM_ERROR_MEMORY, "the threads cannot be started");
    pthread_mutex_init(&j->mutex, NULL);
    sm_progress_begin(&j->progress, "calibrate", count);
    sm_parallel_run(parallel, count, collect_task, j);
    sm_progress_end(&j->progress);
    pthread_mutex_destroy(&j->mutex);
    sm_parallel_free(own);
    leave_out_failed(j);
    if (j->status == SM_OK && j->answers->count > 0) return SM_OK;
    if (error) *error = j->error;
    return j->error.status;
}

sm_status sm_answers_collect(const sm_answers_options *options, sm_answers *answers, sm_error *error) {
    *answers = (sm_answers){0};
    job j = {.options = options, .answers = answers};
    sm_dataset dataset = {0};
    sm_status status = SM_OK;
    if (options->network) status = sm_evaluator_create(options->evaluation, &j.evaluator, error);
    if (status == SM_OK && j.evaluator) {
        j.temperature = (double)sm_evaluator_model(j.evaluator).temperature;
        j.power = (double)sm_evaluator_model(j.evaluator).expected_dice_power;
    }
    if (status == SM_OK) status = sm_dataset_load(options->paths, options->path_count, &dataset, error);
    if (status == SM_OK) status = choose_records(options, &dataset, &j, error);
    if (status == SM_OK) status = allocate(options, answers, error);
    if (status == SM_OK) {
        j.failed = calloc((size_t)answers->count, sizeof *j.failed);
        if (!j.failed) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for %d images", answers->count);
    }
    if (status == SM_OK) status = run(&j, error);
    if (status == SM_OK) status = weigh_by_source(&j, error);
    sm_evaluator_free(j.evaluator);
    free(j.records);
    free(j.failed);
    sm_dataset_free(&dataset);
    if (status != SM_OK) sm_answers_free(answers);
    return status;
}

void sm_answers_free(sm_answers *answers) {
    free(answers->types);
    free(answers->weights);
    free(answers->raw);
    free(answers->expected);
    free(answers->dice);
    free(answers->trials);
    free(answers->cases);
    free(answers->statistics);
    sm_failures_free(&answers->failed);
    *answers = (sm_answers){0};
}
