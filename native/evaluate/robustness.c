#include "robustness.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "../data/augment.h"
#include "../data/random.h"
#include "../parallel.h"
#include "../progress.h"

/* A cropped image counts only if it keeps this share of its lesion. */
static const double KEPT_SHARE = 0.9;
static const uint64_t NOISE_SEED = 4711;

static void add_points(sm_robustness *robustness, int *count, sm_perturbation kind, const double *strengths, int number,
                       double study_low, double study_high) {
    for (int i = 0; i < number; i++)
        robustness->points[(*count)++] = (sm_robustness_point){.kind = kind,
                                                               .strength = strengths[i],
                                                               .study = fabs(strengths[i] - study_low) < 1e-6 ||
                                                                        fabs(strengths[i] - study_high) < 1e-6};
}

sm_robustness sm_robustness_make(void) {
    const sm_augmentation study = sm_augmentation_study();
    const double low = (double)study.contrast_low, high = (double)study.contrast_high;
    const double bright = (double)study.brightness, sigma = (double)study.blur_sigma;
    const double contrasts[] = {0.4, low, 0.8, 1.25, high, 2};
    const double brightnesses[] = {-0.3, -bright, bright, 0.3};
    const double blurs[] = {0.5 * sigma, sigma, 2 * sigma, 3 * sigma};
    const double speckles[] = {0.1, 0.2, 0.3, 0.4};
    const double qualities[] = {90, 70, 50, 30, 10};
    const double factors[] = {1.5, 2, 3, 4};
    const double cuts[] = {0.05, 0.1, 0.15, 0.2};
    sm_robustness made = {.points = {{.kind = SM_PERTURBATIONS}}};
    int count = 1;
    add_points(&made, &count, SM_PERTURB_CONTRAST, contrasts, 6, low, high);
    add_points(&made, &count, SM_PERTURB_BRIGHTNESS, brightnesses, 4, -bright, bright);
    add_points(&made, &count, SM_PERTURB_BLUR, blurs, 4, sigma, sigma);
    add_points(&made, &count, SM_PERTURB_SPECKLE, speckles, 4, NAN, NAN);
    add_points(&made, &count, SM_PERTURB_JPEG, qualities, 5, NAN, NAN);
    add_points(&made, &count, SM_PERTURB_DOWNSCALE, factors, 4, NAN, NAN);
    add_points(&made, &count, SM_PERTURB_CROP, cuts, 4, NAN, NAN);
    return made;
}

typedef struct job {
    sm_robustness *robustness;
    sm_evaluator *evaluator;
    const sm_record *const *records;
    int size;        /* side of the network's input, pixels */
    int first, step; /* task k tries record first + k * step */
    sm_status status;
    sm_error error;
    pthread_mutex_t mutex; /* protects what tasks change: status, error, the sums and the progress */
    sm_progress progress;
    int done;
} job;

static long long lesion_pixels(const uint8_t *mask, size_t count) {
    long long lesion = 0;
    for (size_t i = 0; i < count; i++) lesion += mask[i] >= 128;
    return lesion;
}

/* Scores one picture into `score`. `lesion`: lesion pixels of the unchanged reference mask. */
static sm_status score_point(job *j, int worker, const sm_record *record, const sm_image *picture, const uint8_t *mask,
                             long long lesion, sm_robustness_point *score, sm_error *error) {
    sm_result result = {0};
    sm_status status = sm_evaluator_segment(j->evaluator, worker, picture, &result, error);
    if (status != SM_OK) return status;
    const size_t count = (size_t)picture->width * (size_t)picture->height;
    const sm_pixel_counts pixels = sm_pixel_count(mask, result.mask, count);
    const long long kept = pixels.true_positive + pixels.false_negative;
    if (lesion == 0 || (double)kept >= KEPT_SHARE * (double)lesion) {
        score->images = 1;
        score->typed_images = (int)sm_record_type(record) < SM_CLASS_COUNT;
        score->right = result.type == sm_record_type(record);
        if (lesion > 0) {
            score->lesion_images = 1;
            score->dice = sm_binary_scores_of(&pixels).dice;
        }
        if (sm_record_type(record) == SM_CLASS_NORMAL) {
            score->normal_images = 1;
            score->masks = result.lesion_count > 0;
        }
    }
    sm_result_free(&result);
    return SM_OK;
}

static sm_status try_record(job *j, int worker, int index, sm_robustness_point *scores, sm_error *error) {
    const sm_record *record = j->records[index];
    sm_sample sample;
    sm_image picture;
    sm_status status = sm_sample_load_picture(record, &sample, &picture, error);
    if (status == SM_ERROR_MEMORY) return status;
    if (status != SM_OK) return SM_OK; /* a bad file: sm_evaluate has reported it */
    const long long lesion = lesion_pixels(sample.mask, (size_t)sample.width * (size_t)sample.height);
    status = score_point(j, worker, record, &picture, sample.mask, lesion, &scores[0], error);
    for (int p = 1; status == SM_OK && p < SM_ROBUSTNESS_POINTS; p++) {
        const sm_robustness_point *point = &j->robustness->points[p];
        sm_image changed = {0};
        uint8_t *mask = NULL;
        status = sm_perturb(point->kind, point->strength, &picture, sample.mask, j->size,
                            sm_random_derive(NOISE_SEED, (uint64_t)index), &changed, &mask, error);
        if (status == SM_OK) status = score_point(j, worker, record, &changed, mask, lesion, &scores[p], error);
        sm_image_free(&changed);
        free(mask);
    }
    if (status != SM_OK) sm_error_prefix(error, record->image);
    sm_sample_free(&sample);
    sm_image_free(&picture);
    return status;
}

/* Threads finish in any order, and sums of doubles depend on it. Multiples of 2^-40 add up without rounding. */
static void add(sm_robustness_point *sums, const sm_robustness_point *scores) {
    for (int p = 0; p < SM_ROBUSTNESS_POINTS; p++) {
        sm_robustness_point *sum = &sums[p];
        sum->images += scores[p].images;
        sum->typed_images += scores[p].typed_images;
        sum->right += scores[p].right;
        sum->lesion_images += scores[p].lesion_images;
        sum->normal_images += scores[p].normal_images;
        sum->dice += ldexp(rint(ldexp(scores[p].dice, 40)), -40);
        sum->masks += scores[p].masks;
    }
}

/* An sm_task. */
static void try_task(void *arguments, int index, int worker) {
    job *j = arguments;
    sm_robustness_point scores[SM_ROBUSTNESS_POINTS] = {{0}};
    sm_error error = {0};
    const sm_status status = try_record(j, worker, j->first + index * j->step, scores, &error);
    pthread_mutex_lock(&j->mutex);
    if (status != SM_OK) {
        j->status = status;
        j->error = error;
    }
    add(j->robustness->points, scores);
    j->robustness->images += scores[0].images;
    sm_progress_show(&j->progress, ++j->done, NULL);
    pthread_mutex_unlock(&j->mutex);
}

/* Adds the scores of all ranks. */
static sm_status add_ranks(sm_robustness *robustness, const sm_robustness *own, const sm_ranks *ranks,
                           sm_error *error) {
    const size_t count = (size_t)sm_ranks_count(ranks);
    sm_robustness *all = calloc(count, sizeof *all);
    if (all) all[sm_ranks_own(ranks)] = *own;
    sm_status status = all ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory for the scores of %z ranks", count);
    status = sm_ranks_agree(ranks, status, error);
    if (status == SM_OK) status = sm_ranks_merge(ranks, all, count * sizeof *all, error);
    for (size_t r = 0; all && status == SM_OK && r < count; r++) {
        add(robustness->points, all[r].points);
        robustness->images += all[r].images;
    }
    free(all);
    return status;
}

sm_status sm_robustness_add(sm_robustness *robustness, sm_evaluator *evaluator, const sm_record *const *records,
                            int count, sm_error *error) {
    const sm_ranks *ranks = sm_evaluator_ranks(evaluator);
    sm_robustness own = sm_robustness_make(); /* of this rank */
    job j = {.robustness = &own,
             .evaluator = evaluator,
             .records = records,
             .size = sm_evaluator_model(evaluator).input_size,
             .first = sm_ranks_own(ranks),
             .step = sm_ranks_count(ranks)};
    const int share = sm_ranks_share(ranks, count);
    pthread_mutex_init(&j.mutex, NULL);
    sm_progress_begin(&j.progress, "robustness", share);
    sm_parallel_run(sm_evaluator_parallel(evaluator), share, try_task, &j);
    sm_progress_end(&j.progress);
    pthread_mutex_destroy(&j.mutex);
    if (j.status != SM_OK && error) *error = j.error;
    const sm_status status = sm_ranks_agree(ranks, j.status, error);
    return status == SM_OK ? add_ranks(robustness, &own, ranks, error) : status;
}

double sm_robustness_dice(const sm_robustness_point *point) {
    return point->lesion_images > 0 ? point->dice / point->lesion_images : NAN;
}

double sm_robustness_accuracy(const sm_robustness_point *point) {
    return point->typed_images > 0 ? (double)point->right / point->typed_images : NAN;
}

double sm_robustness_false_masks(const sm_robustness_point *point) {
    return point->normal_images > 0 ? point->masks / point->normal_images : NAN;
}

double sm_robustness_study_dice(const sm_robustness *robustness) {
    double sum = 0;
    int count = 0;
    for (int p = 0; p < SM_ROBUSTNESS_POINTS; p++) {
        if (!robustness->points[p].study) continue;
        sum += sm_robustness_dice(&robustness->points[p]);
        count++;
    }
    return count > 0 ? sum / count : NAN;
}
