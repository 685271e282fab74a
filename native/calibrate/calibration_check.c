#include "calibration_check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../data/random.h"
#include "../metrics/paired.h"
#include "outlier_fit.h"
#include "temperature_fit.h"

enum { PARTS = 5, OUTLIER_GROUPS = 100, MASK_GROUP = SM_FIT_PRESENCE | SM_FIT_MASK | SM_FIT_POINTS };

/** A loss without a value for an image is NaN. */
typedef struct comparison {
    double *before, *after; /* [count], per image */
} comparison;

typedef struct judge {
    sm_calibration *c;
    int *part;         /* of each image */
    comparison type;   /* log loss */
    comparison answer; /* 1 - Dice, or a false mask */
    comparison power;  /* squared error of the expected Dice */
    comparison beyond; /* share of the image and its views that are beyond the limit of the outlier statistics */
} judge;

static sm_status reserve(comparison *pair, int count, sm_error *error) {
    pair->before = malloc(((size_t)count + 1) * sizeof *pair->before);
    pair->after = malloc(((size_t)count + 1) * sizeof *pair->after);
    if (!pair->before || !pair->after) return sm_fail(error, SM_ERROR_MEMORY, "no memory to compare %d answers", count);
    for (int i = 0; i < count; i++) pair->before[i] = pair->after[i] = NAN;
    return SM_OK;
}

static void release(comparison *pair) {
    free(pair->before);
    free(pair->after);
}

/** The images of all parts but `part`. The outlines belong to `all`. */
static sm_status take_others(const sm_answers *all, const int *part, int left_out, sm_answers *some, sm_error *error) {
    const size_t room = (size_t)all->count + 1;
    bool *use = malloc(room * sizeof *use);
    *some = (sm_answers){.types = malloc(room * sizeof *some->types),
                         .shows_lesion = malloc(room * sizeof *some->shows_lesion),
                         .outlined = malloc(room * sizeof *some->outlined),
                         .sources = malloc(room * sizeof *some->sources),
                         .groups = malloc(room * sizeof *some->groups),
                         .source_count = all->source_count,
                         .group_count = all->group_count,
                         .weights = malloc(room * sizeof *some->weights),
                         .raw = malloc(room * sizeof *some->raw),
                         .type_odds = malloc(room * sizeof *some->type_odds),
                         .peaks = malloc(room * sizeof *some->peaks),
                         .outlines = malloc(room * sizeof *some->outlines)};
    sm_status status = SM_OK;
    if (use && some->types && some->shows_lesion && some->outlined && some->sources && some->groups && some->weights &&
        some->raw && some->type_odds && some->peaks && some->outlines) {
        for (int i = 0; i < all->count; i++) {
            if (part[i] == left_out) continue;
            const int to = some->count++;
            use[to] = true;
            some->types[to] = all->types[i];
            some->shows_lesion[to] = all->shows_lesion[i];
            some->outlined[to] = all->outlined[i];
            some->sources[to] = all->sources[i];
            some->groups[to] = all->groups[i];
            memcpy(some->raw[to], all->raw[i], sizeof *some->raw);
            some->type_odds[to] = all->type_odds[i];
            some->peaks[to] = all->peaks[i];
            some->outlines[to] = all->outlines[i];
        }
        status = sm_answers_weigh(some, use, some->weights, error);
    } else {
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory for %d answers", all->count);
    }
    free(use);
    return status;
}

static void drop(sm_answers *some) {
    free(some->types);
    free(some->shows_lesion);
    free(some->outlined);
    free(some->sources);
    free(some->groups);
    free(some->weights);
    free(some->raw);
    free(some->type_odds);
    free(some->peaks);
    free(some->outlines);
}

/** Log loss of the true type at a temperature. */
static double type_loss(const sm_answers *g, int i, double temperature) {
    double probabilities[SM_CLASS_COUNT];
    if ((int)g->types[i] >= SM_CLASS_COUNT) return NAN;
    sm_probabilities_after_temperature(g->raw[i], temperature, probabilities);
    return -log(fmax(probabilities[g->types[i]], 1e-6));
}

/** The answer to image i of `all` with the settings of `c`. */
static sm_trial_answer answer_with(const sm_calibration *c, const sm_answers *all, int i) {
    const sm_trial_rule rule = sm_calibration_rule(c, all->type_odds[i]);
    return sm_trial_answer_of(&all->outlines[i], &rule);
}

/** 1 - Dice, which is 1 for a false mask; NaN for an image that is not outlined. */
static double answer_loss(const sm_answers *all, int i, const sm_trial_answer *answer) {
    return all->outlined[i] ? 1 - answer->dice : NAN;
}

static double power_loss(const sm_answers *all, int i, const sm_trial_answer *answer, float power) {
    if (!all->outlined[i] || !isfinite(answer->expected)) return NAN;
    const double miss = pow(answer->expected, (double)power) - answer->dice;
    return miss * miss;
}

/** Compares the settings of `fitted` with the given ones on the images of a part. */
static void compare_part(judge *j, const sm_calibration *fitted, int part) {
    const sm_answers *all = &j->c->answers;
    for (int i = 0; i < all->count; i++) {
        if (j->part[i] != part) continue;
        const sm_trial_answer given = answer_with(j->c, all, i), changed = answer_with(fitted, all, i);
        j->type.before[i] = type_loss(all, i, (double)j->c->metadata.temperature);
        j->type.after[i] = type_loss(all, i, (double)fitted->metadata.temperature);
        j->answer.before[i] = answer_loss(all, i, &given);
        j->answer.after[i] = answer_loss(all, i, &changed);
        /* The power belongs to the masks that it is used with. */
        j->power.before[i] = power_loss(all, i, &changed, j->c->metadata.expected_dice_power);
        j->power.after[i] = power_loss(all, i, &changed, fitted->metadata.expected_dice_power);
    }
}

static sm_status compare(judge *j, int parts, int fit, sm_error *error) {
    sm_status status = SM_OK;
    for (int part = 0; status == SM_OK && part < parts; part++) {
        sm_calibration *trial = malloc(sizeof *trial);
        if (!trial) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a trial");
        *trial = *j->c;
        trial->fit = fit;
        trial->quiet = true;
        status = take_others(&j->c->answers, j->part, part, &trial->answers, error);
        if (status == SM_OK) status = sm_calibration_fit(trial, error);
        if (status == SM_OK) compare_part(j, trial, part);
        drop(&trial->answers);
        free(trial);
    }
    return status;
}

/* With fewer groups the standard error is itself by chance. */
enum { FEWEST = 10 };

/** Means over the images with a value, and the standard error of the difference. */
static sm_status summarise(const sm_answers *all, const comparison *pair, sm_calibration_compared *result,
                           sm_error *error) {
    sm_paired pairs;
    const sm_status status =
        sm_paired_compare(pair->before, pair->after, all->groups, all->count, all->group_count, &pairs, error);
    *result = (sm_calibration_compared){.images = pairs.count, .groups = pairs.groups};
    if (status != SM_OK || pairs.count < 2) return status;
    result->before = pairs.first / pairs.count;
    result->after = pairs.second / pairs.count;
    result->standard_error = sm_paired_error(&pairs);
    result->better = pairs.groups >= FEWEST && -sm_paired_mean(&pairs) > result->standard_error;
    return status;
}

/** Whether the mean loss of the images with a lesion grows. */
static bool lesions_lose(const sm_answers *all, const comparison *pair) {
    double change = 0;
    for (int i = 0; i < all->count; i++)
        if (!sm_answer_normal(all, i) && isfinite(pair->before[i]) && isfinite(pair->after[i]))
            change += pair->after[i] - pair->before[i];
    return change > 0;
}

/** Divides the groups into parts at random (a fixed seed), about equally many groups each. Returns the number of parts.
 */
static int divide(const sm_answers *all, int *part) {
    const int parts = all->group_count < PARTS ? all->group_count : PARTS;
    for (int i = 0; i < all->count; i++) {
        /* The rank of the group's random number among all groups, so that the parts are of equal size. */
        const uint64_t own = sm_random_derive(0xCA11u, (uint64_t)all->groups[i]);
        int rank = 0;
        for (int other = 0; other < all->group_count; other++) rank += sm_random_derive(0xCA11u, (uint64_t)other) < own;
        part[i] = parts > 0 ? rank % parts : 0;
    }
    return parts;
}

static void keep(sm_calibration *c, int flags, const char *what, const char *measure,
                 const sm_calibration_compared *compared) {
    if (!(c->fit & flags)) return;
    c->fit &= ~flags;
    if (compared->groups < FEWEST)
        fprintf(stderr, "sonomask: %s: images of %d groups (patients) are too few to judge a fit; it stays as it was\n",
                what, compared->groups);
    else
        fprintf(stderr,
                "sonomask: %s: on %d images that it was not fitted to, of %d groups (patients), the fit is not better "
                "beyond chance (%s %.4f before, %.4f after, standard error %.4f); it stays as it was\n",
                what, compared->images, compared->groups, measure, compared->before, compared->after,
                compared->standard_error);
}

static double share_beyond(const sm_outlier *outlier, const float (*views)[SM_STATISTICS_COUNT]) {
    int beyond = 0;
    for (int v = 0; v < SM_ANSWERS_VIEWS; v++)
        beyond += sm_outlier_distance(outlier, views[v]) > (double)outlier->limit;
    return (double)beyond / SM_ANSWERS_VIEWS;
}

/** Fits the outlier statistics to all parts but each, and compares them with the given ones on that part. */
static sm_status compare_outliers(judge *j, int parts, sm_error *error) {
    const sm_answers *all = &j->c->answers;
    const size_t views = (size_t)all->count * SM_ANSWERS_VIEWS + 1;
    float(*statistics)[SM_STATISTICS_COUNT] = malloc(views * sizeof *statistics);
    double *weights = malloc(views * sizeof *weights);
    sm_status status =
        statistics && weights ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory to compare %d images", all->count);
    for (int part = 0; status == SM_OK && part < parts; part++) {
        int count = 0;
        for (int i = 0; i < all->count * SM_ANSWERS_VIEWS; i++) {
            if (j->part[i / SM_ANSWERS_VIEWS] == part) continue;
            memcpy(statistics[count], all->statistics[i], sizeof *statistics);
            weights[count++] = all->weights[i / SM_ANSWERS_VIEWS];
        }
        sm_outlier fitted;
        status = sm_outlier_fit((const float(*)[SM_STATISTICS_COUNT])statistics, weights, count,
                                (double)j->c->options->outlier_share, &fitted, error);
        if (status == SM_ERROR_DATA) { /* a few large groups: too few images are left without one */
            status = SM_OK;
            continue;
        }
        for (int i = 0; status == SM_OK && i < all->count; i++) {
            if (j->part[i] != part) continue;
            const float(*own)[SM_STATISTICS_COUNT] =
                (const float(*)[SM_STATISTICS_COUNT])all->statistics + (size_t)i * SM_ANSWERS_VIEWS;
            j->beyond.before[i] = share_beyond(&j->c->outlier, own);
            j->beyond.after[i] = share_beyond(&fitted, own);
        }
    }
    free(statistics);
    free(weights);
    return status;
}

static sm_status check_outliers(judge *j, sm_error *error) {
    sm_calibration *c = j->c;
    const int groups = c->answers.group_count, parts = divide(&c->answers, j->part);
    if (!(c->fit & SM_FIT_OUTLIERS) || !c->knows_outliers) return SM_OK;
    if (groups < OUTLIER_GROUPS) {
        c->fit &= ~SM_FIT_OUTLIERS;
        fprintf(stderr, "sonomask: outliers: %d groups (patients) are fewer than %d; they stay as they were\n", groups,
                OUTLIER_GROUPS);
        return SM_OK;
    }
    sm_status status = parts >= 2 ? compare_outliers(j, parts, error) : SM_OK;
    if (status == SM_OK) status = summarise(&c->answers, &j->beyond, &c->checks.beyond, error);
    c->checked = true;
    if (status == SM_OK && !c->checks.beyond.better)
        keep(c, SM_FIT_OUTLIERS, "outliers", "share beyond the limit", &c->checks.beyond);
    return status;
}

static sm_status check(judge *j, sm_error *error) {
    sm_calibration *c = j->c;
    const sm_answers *all = &c->answers;
    const int parts = divide(all, j->part);
    sm_status status = parts >= 2 ? compare(j, parts, c->fit & ~(SM_FIT_OUTLIERS | SM_FIT_MARGIN), error) : SM_OK;
    if (status != SM_OK) return status;
    status = summarise(all, &j->type, &c->checks.type, error);
    if (status == SM_OK) status = summarise(all, &j->answer, &c->checks.answer, error);
    if (status != SM_OK) return status;
    if (lesions_lose(all, &j->answer)) c->checks.answer.better = false;
    if (!c->checks.type.better) keep(c, SM_FIT_TEMPERATURE, "temperature", "log loss", &c->checks.type);
    if (!c->checks.answer.better) keep(c, MASK_GROUP, "presence, mask and points", "1 - Dice", &c->checks.answer);
    if (parts >= 2 && (c->fit & SM_FIT_CONFIDENCE))
        status = compare(j, parts, c->fit & (MASK_GROUP | SM_FIT_CONFIDENCE), error);
    if (status == SM_OK) status = summarise(all, &j->power, &c->checks.power, error);
    if (status != SM_OK) return status;
    if (!c->checks.power.better) keep(c, SM_FIT_CONFIDENCE, "confidence", "squared error", &c->checks.power);
    return SM_OK;
}

sm_status sm_calibration_check(sm_calibration *c, sm_error *error) {
    const int count = c->answers.count;
    judge j = {.c = c, .part = calloc((size_t)count + 1, sizeof *j.part)};
    sm_status status = j.part ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory to compare %d answers", count);
    if (status == SM_OK) status = reserve(&j.type, count, error);
    if (status == SM_OK) status = reserve(&j.answer, count, error);
    if (status == SM_OK) status = reserve(&j.power, count, error);
    if (status == SM_OK) status = reserve(&j.beyond, count, error);
    if (status == SM_OK) status = check_outliers(&j, error);
    if (status == SM_OK && c->answers.raw && (c->fit & (SM_FIT_TEMPERATURE | MASK_GROUP | SM_FIT_CONFIDENCE))) {
        c->checked = true;
        c->threshold = SM_TRIAL_OWN;
        status = check(&j, error);
    }
    free(j.part);
    release(&j.type);
    release(&j.answer);
    release(&j.power);
    release(&j.beyond);
    return status;
}
