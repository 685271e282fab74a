#include "gather.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/letterbox.h"
#include "../data/random.h"
#include "../parallel.h"
#include "../progress.h"
#include "../report/calibration.h"
#include "../report/perturb.h"

/** The work that threads share. */
typedef struct job {
    const sm_gather_options *options;
    sm_evaluator *evaluator;   /* NULL: the network is not wanted */
    double temperature, power; /* of the network's answers */
    const sm_record **records;
    sm_gathered *gathered;
    pthread_mutex_t mutex; /* over what follows */
    sm_progress progress;
    int done;
    bool *failed; /* of each record */
    sm_status status;
    sm_error error; /* of the last one that failed */
} job;

static sm_status ask_network(job *j, int worker, int index, const sm_image *picture, const sm_sample *sample,
                             sm_error *error) {
    sm_result result = {0};
    sm_status status = sm_evaluator_segment(j->evaluator, worker, picture, &result, error);
    if (status != SM_OK) return status;
    double calibrated[SM_CLASS_COUNT];
    for (int k = 0; k < SM_CLASS_COUNT; k++) calibrated[k] = (double)result.probabilities[k];
    sm_probabilities_before_temperature(calibrated, j->temperature, j->gathered->raw[index]);
    const size_t pixels = (size_t)result.width * (size_t)result.height;
    const sm_pixel_counts counts = sm_pixel_count(sample->mask, result.mask, pixels);
    const bool masked = result.lesion_count > 0;
    j->gathered->expected[index] = masked ? pow((double)result.expected_dice, 1 / j->power) : NAN;
    j->gathered->dice[index] = masked ? sm_binary_scores_of(&counts).dice : NAN;
    if (j->options->masks) status = sm_mask_try(sample, result.probability_map, &j->gathered->trials[index], error);
    sm_result_free(&result);
    return status;
}

/** A change that leaves a picture ultrasound, with a strength that it may have. */
typedef struct view {
    sm_perturbation kind;
    float low, high;
} view;

static const view views[] = {
    {SM_PERTURB_CONTRAST, 0.6f, 1.6f},  {SM_PERTURB_BRIGHTNESS, -0.15f, 0.15f}, {SM_PERTURB_BLUR, 0.2f, 1.3f},
    {SM_PERTURB_SPECKLE, 0.05f, 0.25f}, {SM_PERTURB_DOWNSCALE, 1.2f, 3.0f},     {SM_PERTURB_CROP, 0.02f, 0.15f},
};
enum { VIEW_KINDS = sizeof views / sizeof *views, VIEW_SEED = 31 };

/** Statistics of a picture and of some views of it, which depend on the picture's place in the data only. */
static sm_status look_at_views(const sm_image *picture, const uint8_t *mask, int index,
                               float (*statistics)[SM_STATISTICS_COUNT], sm_error *error) {
    sm_random random = sm_random_make(sm_random_derive(VIEW_SEED, (uint64_t)index));
    sm_status status = SM_OK;
    for (int v = 0; status == SM_OK && v < SM_GATHER_VIEWS; v++) {
        const view *chosen = &views[sm_random_below(&random, VIEW_KINDS)];
        const double strength = (double)sm_random_range(&random, chosen->low, chosen->high);
        sm_image changed = {0};
        uint8_t *changed_mask = NULL;
        if (v > 0)
            status = sm_perturb(chosen->kind, strength, picture, mask, SM_STATISTICS_SIDE, sm_random_next(&random),
                                &changed, &changed_mask, error);
        const sm_image *seen = v > 0 ? &changed : picture;
        uint8_t *grey = status == SM_OK ? malloc((size_t)seen->width * (size_t)seen->height) : NULL;
        if (status == SM_OK && !grey) status = sm_fail(error, SM_ERROR_MEMORY, "no memory to look at an image");
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

static sm_status look_at(job *j, int worker, int index, sm_error *error) {
    sm_sample sample;
    sm_image picture;
    sm_status status = sm_sample_load_picture(j->records[index], &sample, &picture, error);
    if (status != SM_OK) return status;
    if (j->evaluator) status = ask_network(j, worker, index, &picture, &sample, error);
    if (status == SM_OK && j->options->statistics)
        status = look_at_views(&picture, sample.mask, index, j->gathered->statistics + (size_t)index * SM_GATHER_VIEWS,
                               error);
    if (status != SM_OK) sm_error_prefix(error, j->records[index]->image);
    sm_sample_free(&sample);
    sm_image_free(&picture);
    return status;
}

/* An sm_task. */
static void look_task(void *arguments, int index, int worker) {
    job *j = arguments;
    sm_error error = {0};
    const sm_status status = look_at(j, worker, index, &error);
    pthread_mutex_lock(&j->mutex);
    if (status != SM_OK) {
        j->failed[index] = true;
        j->error = error;
        sm_progress_complain(&j->progress, error.message);
        if (j->status == SM_OK) j->status = sm_failures_add(&j->gathered->failed, error.message, &j->error);
    }
    sm_progress_show(&j->progress, ++j->done, NULL);
    pthread_mutex_unlock(&j->mutex);
}

static sm_status choose_records(const sm_gather_options *options, const sm_dataset *dataset, job *j, sm_error *error) {
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
    j->gathered->count = count;
    return count > 0 ? SM_OK : sm_fail(error, SM_ERROR_DATA, "no image of the data is to be used");
}

static sm_status allocate(const sm_gather_options *options, sm_gathered *g, sm_error *error) {
    const size_t count = (size_t)g->count;
    g->truth = calloc(count, sizeof *g->truth);
    g->weights = calloc(count, sizeof *g->weights);
    bool made = g->truth && g->weights;
    if (options->network) {
        made = (g->raw = calloc(count, sizeof *g->raw)) && made;
        made = (g->expected = calloc(count, sizeof *g->expected)) && made;
        made = (g->dice = calloc(count, sizeof *g->dice)) && made;
    }
    if (options->masks) {
        made = (g->trials = calloc(count, sizeof *g->trials)) && made;
        made = (g->cases = calloc(count, sizeof *g->cases)) && made;
    }
    if (options->statistics) made = (g->statistics = calloc(count * SM_GATHER_VIEWS, sizeof *g->statistics)) && made;
    return made ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory to calibrate on %d images", g->count);
}

/** Whether a record is one of those that share a sum: any, lesion or normal images. */
static bool is_any(const sm_record *record) { return record != NULL; }
static bool is_lesion(const sm_record *record) { return record->type != SM_CLASS_NORMAL; }
static bool is_normal(const sm_record *record) { return record->type == SM_CLASS_NORMAL; }

/** 1 / (how many such images the record's data set has); 0 when it is none of them. */
static double share_of(const job *j, int index, bool (*counts)(const sm_record *record)) {
    if (!counts(j->records[index])) return 0;
    int same = 0;
    for (int i = 0; i < j->gathered->count; i++)
        same += counts(j->records[i]) && strcmp(j->records[i]->source, j->records[index]->source) == 0;
    return 1.0 / same;
}

static void weigh(const job *j) {
    sm_gathered *g = j->gathered;
    double sum = 0;
    for (int i = 0; i < g->count; i++) {
        g->truth[i] = j->records[i]->type;
        g->weights[i] = share_of(j, i, is_any);
        sum += g->weights[i];
        if (g->cases)
            g->cases[i] = (sm_mask_case){.trial = &g->trials[i],
                                         .lesion_weight = share_of(j, i, is_lesion),
                                         .normal_weight = share_of(j, i, is_normal)};
    }
    for (int i = 0; i < g->count; i++) g->weights[i] *= g->count / sum;
}

/** Closes the gaps that failed records left in the lists. */
static void leave_out_failed(job *j) {
    sm_gathered *g = j->gathered;
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
            memmove(g->statistics[kept * SM_GATHER_VIEWS], g->statistics[i * SM_GATHER_VIEWS],
                    SM_GATHER_VIEWS * sizeof *g->statistics);
        kept++;
    }
    g->count = kept;
}

static sm_status run(job *j, sm_error *error) {
    const int count = j->gathered->count;
    sm_parallel *own = NULL;
    const sm_parallel *parallel = j->evaluator ? sm_evaluator_parallel(j->evaluator) : NULL;
    if (!parallel) parallel = own = sm_parallel_create(j->options->evaluation->threads);
    if (!parallel) return sm_fail(error, SM_ERROR_MEMORY, "the threads cannot be started");
    pthread_mutex_init(&j->mutex, NULL);
    sm_progress_begin(&j->progress, "calibrate", count);
    sm_parallel_run(parallel, count, look_task, j);
    sm_progress_end(&j->progress);
    pthread_mutex_destroy(&j->mutex);
    sm_parallel_free(own);
    leave_out_failed(j);
    if (j->status == SM_OK && j->gathered->count > 0) return SM_OK;
    if (error) *error = j->error;
    return j->error.status;
}

sm_status sm_gather(const sm_gather_options *options, sm_gathered *gathered, sm_error *error) {
    *gathered = (sm_gathered){0};
    job j = {.options = options, .gathered = gathered};
    sm_dataset dataset = {0};
    sm_status status = SM_OK;
    if (options->network) status = sm_evaluator_create(options->evaluation, &j.evaluator, error);
    if (status == SM_OK && j.evaluator) {
        j.temperature = (double)sm_evaluator_model(j.evaluator).temperature;
        j.power = (double)sm_evaluator_model(j.evaluator).expected_dice_power;
    }
    if (status == SM_OK) status = sm_dataset_load(options->paths, options->path_count, &dataset, error);
    if (status == SM_OK) status = choose_records(options, &dataset, &j, error);
    if (status == SM_OK) status = allocate(options, gathered, error);
    if (status == SM_OK) {
        j.failed = calloc((size_t)gathered->count, sizeof *j.failed);
        if (!j.failed) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for %d images", gathered->count);
    }
    if (status == SM_OK) status = run(&j, error);
    if (status == SM_OK) weigh(&j);
    sm_evaluator_free(j.evaluator);
    free(j.records);
    free(j.failed);
    sm_dataset_free(&dataset);
    if (status != SM_OK) sm_gathered_free(gathered);
    return status;
}

void sm_gathered_free(sm_gathered *gathered) {
    free(gathered->truth);
    free(gathered->weights);
    free(gathered->raw);
    free(gathered->expected);
    free(gathered->dice);
    free(gathered->trials);
    free(gathered->cases);
    free(gathered->statistics);
    sm_failures_free(&gathered->failed);
    *gathered = (sm_gathered){0};
}
