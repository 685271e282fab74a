/** The fits of a calibration, in the order in which they depend on each other. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "calibration.h"
#include "logistic_fit.h"
#include "margin_fit.h"
#include "operating_point_fit.h"
#include "outlier_fit.h"
#include "power_fit.h"
#include "temperature_fit.h"

static void cannot_fit(const sm_calibration *c, const char *what, const char *reason) {
    if (!c->quiet) fprintf(stderr, "sonomask: %s: %s; it stays as it was\n", what, reason);
}

static sm_status no_memory(const sm_calibration *c, sm_error *error) {
    return sm_fail(error, SM_ERROR_MEMORY, "no memory to fit %d answers", c->answers.count);
}

/* ---- type ---- */

/** Reliability of the type probabilities of all images at a temperature. */
static sm_status reliability_at(const sm_calibration *c, double temperature, sm_reliability *reliability,
                                sm_error *error) {
    const sm_answers *g = &c->answers;
    double(*probabilities)[SM_CLASS_COUNT] = malloc(((size_t)g->count + 1) * sizeof *probabilities);
    if (!probabilities) return no_memory(c, error);
    for (int i = 0; i < g->count; i++) sm_probabilities_after_temperature(g->raw[i], temperature, probabilities[i]);
    *reliability = sm_reliability_of((const double(*)[SM_CLASS_COUNT])probabilities, g->types, NULL, g->count);
    free(probabilities);
    return SM_OK;
}

static void fit_temperature(sm_calibration *c) {
    const sm_answers *g = &c->answers;
    int of_type[SM_CLASS_COUNT] = {0}, types = 0;
    for (int i = 0; i < g->count; i++)
        if ((int)g->types[i] < SM_CLASS_COUNT) types += of_type[g->types[i]]++ == 0;
    if (types > 1) {
        c->metadata.temperature =
            (float)sm_temperature_fit((const double(*)[SM_CLASS_COUNT])g->raw, g->types, g->count);
        c->fitted |= SM_FIT_TEMPERATURE;
    } else {
        cannot_fit(c, "temperature", types == 1 ? "all images have the same type" : "no image has a known type");
    }
}

/* ---- presence and its levels ---- */

/** Sets use[i] to the images of a kind; returns their number. */
static int select_kind(const sm_answers *g, bool lesion, bool *use) {
    int count = 0;
    for (int i = 0; i < g->count; i++) {
        use[i] = lesion ? g->shows_lesion[i] : sm_answer_normal(g, i);
        count += use[i];
    }
    return count;
}

/** Adds the cases of one kind, with the total weight 1 for the kind and equal weight per data set. */
static sm_status add_presence_cases(const sm_answers *g, bool lesion, bool *use, double *weights,
                                    sm_logistic_case *cases, sm_error *error) {
    select_kind(g, lesion, use);
    const sm_status status = sm_answers_weigh(g, use, weights, error);
    double total = 0;
    for (int i = 0; status == SM_OK && i < g->count; i++) total += weights[i];
    for (int i = 0; status == SM_OK && i < g->count; i++)
        if (use[i])
            cases[i] = (sm_logistic_case){
                {(double)g->type_odds[i], (double)g->peaks[i]}, lesion, total > 0 ? weights[i] / total : 0};
    return status;
}

/** The outlines of an image that touch a lesion, or that do not. */
static int count_outlines(const sm_outline_trials *trials, bool lesion) {
    int count = 0;
    for (int k = trials->start[SM_TRIAL_OWN]; k < trials->start[SM_TRIAL_OWN + 1]; k++)
        count += (trials->outlines[k].both > 0) == lesion;
    return count;
}

/**
 * Appends the outlines of one kind as cases, with a total weight of `outline_weight` and equal weight per data set and
 * image. Among the outlines of one image only the peak can distinguish the lesion; but above all the images count.
 */
static const double outline_weight = 0.2;

static sm_status add_outline_cases(const sm_answers *g, bool lesion, bool *use, double *weights,
                                   sm_logistic_case *cases, int *count, sm_error *error) {
    for (int i = 0; i < g->count; i++) use[i] = g->outlined[i] && count_outlines(&g->outlines[i], lesion) > 0;
    const sm_status status = sm_answers_weigh(g, use, weights, error);
    double total = 0;
    for (int i = 0; status == SM_OK && i < g->count; i++) total += weights[i];
    for (int i = 0; status == SM_OK && total > 0 && i < g->count; i++) {
        const sm_outline_trials *trials = &g->outlines[i];
        if (!use[i]) continue;
        const double weight = outline_weight * weights[i] / total / count_outlines(trials, lesion);
        for (int k = trials->start[SM_TRIAL_OWN]; k < trials->start[SM_TRIAL_OWN + 1]; k++)
            if ((trials->outlines[k].both > 0) == lesion)
                cases[(*count)++] =
                    (sm_logistic_case){{(double)g->type_odds[i], (double)trials->outlines[k].peak}, lesion, weight};
    }
    return status;
}

static sm_status fit_presence(sm_calibration *c, sm_error *error) {
    const sm_answers *g = &c->answers;
    const size_t room = (size_t)g->count * (1 + SM_TRIAL_OUTLINES) + 1;
    int count = g->count;
    bool *use = malloc(room * sizeof *use);
    double *weights = malloc(room * sizeof *weights);
    sm_logistic_case *cases = calloc(room, sizeof *cases);
    sm_status status = use && weights && cases ? SM_OK : no_memory(c, error);
    if (status == SM_OK) status = add_presence_cases(g, true, use, weights, cases, error);
    if (status == SM_OK) status = add_presence_cases(g, false, use, weights, cases, error);
    if (status == SM_OK) status = add_outline_cases(g, true, use, weights, cases, &count, error);
    if (status == SM_OK) status = add_outline_cases(g, false, use, weights, cases, &count, error);
    double coefficients[3];
    const bool both_kinds = status == SM_OK && select_kind(g, true, use) > 0 && select_kind(g, false, use) > 0;
    if (status == SM_OK && both_kinds && sm_logistic_fit(cases, count, coefficients)) {
        if (!c->has_decision) {
            c->decision = (sm_decision){0};
            for (int p = 0; p < SM_OPERATING_POINTS; p++) {
                c->decision.operating_points[p][0] = (float)sm_operating_point_shares[p];
                c->decision.operating_points[p][2] =
                    1; /* without a fit every outline counts, and nothing is promised */
            }
        }
        for (int k = 0; k < 3; k++) c->decision.presence[k] = (float)coefficients[k];
        c->has_decision = true;
        c->presence_loss = sm_logistic_loss(cases, count, coefficients);
        c->fitted |= SM_FIT_PRESENCE;
    } else if (status == SM_OK) {
        cannot_fit(c, "presence", "it needs images with a lesion and images without");
    }
    free(use);
    free(weights);
    free(cases);
    return status;
}

/** The decision, NULL without one: then every outline counts. */
static const sm_decision *decision_of(const sm_calibration *c) { return c->has_decision ? &c->decision : NULL; }

static const int DEFAULT_POINT = SM_OPERATING_POINTS - 1;

sm_trial_rule sm_calibration_rule(const sm_calibration *c, float type_odds) {
    return (sm_trial_rule){.threshold = c->threshold,
                           .minimum_area = c->metadata.minimum_area,
                           .decision = decision_of(c),
                           .type_odds = type_odds,
                           .level = (double)c->decision.operating_points[DEFAULT_POINT][1]};
}

static sm_trial_rule chosen_rule(const sm_calibration *c, int image) {
    return sm_calibration_rule(c, c->answers.type_odds[image]);
}

/** The images with a lesion, for the operating points. */
typedef struct lesion_images {
    int *index; /* into the answers */
    sm_kept_case *cases;
    int count;
} lesion_images;

static void lesion_images_free(lesion_images *list) {
    free(list->index);
    free(list->cases);
}

static sm_status list_lesion_images(const sm_calibration *c, lesion_images *list, sm_error *error) {
    const sm_answers *g = &c->answers;
    const size_t room = (size_t)g->count + 1;
    bool *use = malloc(room * sizeof *use);
    double *weights = malloc(room * sizeof *weights);
    *list = (lesion_images){.index = malloc(room * sizeof *list->index), .cases = malloc(room * sizeof *list->cases)};
    sm_status status = use && weights && list->index && list->cases ? SM_OK : no_memory(c, error);
    if (status == SM_OK) {
        select_kind(g, true, use);
        status = sm_answers_weigh(g, use, weights, error);
    }
    for (int i = 0; status == SM_OK && i < g->count; i++) {
        if (!use[i]) continue;
        list->index[list->count] = i;
        list->cases[list->count++] = (sm_kept_case){.weight = weights[i], .group = g->groups[i]};
    }
    free(use);
    free(weights);
    return status;
}

/** The presence of every lesion image under a rule; only its type odds differ between images. With `touching`, that
 *  of the outlines on the lesion, where it is outlined. */
static void set_presence(const sm_calibration *c, sm_trial_rule rule, bool touching, lesion_images *list) {
    for (int i = 0; i < list->count; i++) {
        rule.type_odds = c->answers.type_odds[list->index[i]];
        const bool outlined = c->answers.outlined[list->index[i]];
        rule.touching = touching && outlined;
        list->cases[i].presence = sm_trial_presence(&c->answers.outlines[list->index[i]], &rule);
    }
}

/* ---- mask ---- */

/** For each setting, the level that keeps the share of the default operating point. */
static sm_status find_levels(const sm_calibration *c, double (*levels)[SM_MASK_AREAS], sm_error *error) {
    lesion_images list;
    sm_status status = list_lesion_images(c, &list, error);
    for (int t = 0; status == SM_OK && t < SM_MASK_THRESHOLDS; t++)
        for (int a = 0; status == SM_OK && a < SM_MASK_AREAS; a++) {
            const sm_trial_rule rule = {.threshold = t, .minimum_area = sm_mask_areas[a], .decision = decision_of(c)};
            set_presence(c, rule, false, &list);
            status = sm_presence_level(list.cases, list.count, (double)c->decision.operating_points[DEFAULT_POINT][0],
                                       &levels[t][a], error);
        }
    lesion_images_free(&list);
    return status;
}

/** The index of the nearest of `count` values. */
static int nearest(const float *values, int count, float value) {
    int best = 0;
    for (int i = 1; i < count; i++)
        if (fabsf(values[i] - value) < fabsf(values[best] - value)) best = i;
    return best;
}

static void choose_mask(sm_calibration *c, const sm_mask_case *cases) {
    const sm_calibration_options *o = c->options;
    const int count = c->answers.count;
    c->mask_before = sm_mask_judge(cases, count, nearest(sm_trial_grid, SM_TRIAL_GRID, c->metadata.threshold),
                                   nearest(sm_mask_areas, SM_MASK_AREAS, c->metadata.minimum_area));
    /* The presence leaves normal images alone; without it, the mask settings have to. */
    c->mask_after = sm_mask_choose(cases, count, c->has_decision ? 0 : (double)o->false_mask_price);
    if (o->threshold < 0) {
        c->metadata.threshold = sm_trial_grid[c->mask_after.threshold];
        c->threshold = c->mask_after.threshold;
    }
    if (o->minimum_area < 0) c->metadata.minimum_area = sm_mask_areas[c->mask_after.area];
    c->fitted |= SM_FIT_MASK;
}

static sm_status fit_mask(sm_calibration *c, sm_error *error) {
    const sm_answers *g = &c->answers;
    const size_t room = (size_t)g->count + 1;
    double levels[SM_MASK_THRESHOLDS][SM_MASK_AREAS] = {{0}};
    bool *lesion = malloc(room * sizeof *lesion), *normal = malloc(room * sizeof *normal);
    double *lesion_weights = malloc(room * sizeof *lesion_weights);
    double *normal_weights = malloc(room * sizeof *normal_weights);
    sm_mask_trial *trials = malloc(room * sizeof *trials);
    sm_mask_case *cases = malloc(room * sizeof *cases);
    sm_status status =
        lesion && normal && lesion_weights && normal_weights && trials && cases ? SM_OK : no_memory(c, error);
    int lesions = 0;
    for (int i = 0; status == SM_OK && i < g->count; i++) {
        lesion[i] = g->outlines[i].target > 0;
        normal[i] = sm_answer_normal(g, i);
        lesions += lesion[i];
    }
    if (status == SM_OK) status = sm_answers_weigh(g, lesion, lesion_weights, error);
    if (status == SM_OK) status = sm_answers_weigh(g, normal, normal_weights, error);
    if (status == SM_OK && c->has_decision) status = find_levels(c, levels, error);
    for (int i = 0; status == SM_OK && i < g->count; i++) {
        sm_mask_try(&g->outlines[i], decision_of(c), g->type_odds[i], (const double(*)[SM_MASK_AREAS])levels,
                    &trials[i]);
        cases[i] = (sm_mask_case){&trials[i], lesion_weights[i], normal_weights[i]};
    }
    if (status == SM_OK && lesions > 0)
        choose_mask(c, cases);
    else if (status == SM_OK)
        cannot_fit(c, "mask", "no lesion is outlined");
    free(lesion);
    free(normal);
    free(lesion_weights);
    free(normal_weights);
    free(trials);
    free(cases);
    return status;
}

/* ---- operating points ---- */

static sm_status fit_points(sm_calibration *c, sm_error *error) {
    if (!c->has_decision) {
        cannot_fit(c, "points", "they need the presence");
        return SM_OK;
    }
    lesion_images list;
    sm_status status = list_lesion_images(c, &list, error);
    if (status == SM_OK && list.count == 0) cannot_fit(c, "points", "no image shows a lesion");
    if (status == SM_OK && list.count > 0) {
        c->fitted |= SM_FIT_POINTS;
    }
    for (int p = 0; status == SM_OK && list.count > 0 && p < SM_OPERATING_POINTS; p++) {
        float *point = c->decision.operating_points[p];
        double level = 0;
        double bound = 1;
        set_presence(c, chosen_rule(c, 0), false, &list);
        status = sm_presence_level(list.cases, list.count, (double)point[0], &level, error);
        c->kept[p] = sm_kept_share(list.cases, list.count, level);
        /* An outline beside the lesion keeps the image, but misses the lesion. */
        set_presence(c, chosen_rule(c, 0), true, &list);
        if (status == SM_OK)
            status = sm_missed_bound(list.cases, list.count, c->answers.group_count, level, &bound, error);
        point[1] = (float)level;
        point[2] = (float)bound;
        if (status == SM_OK && !c->quiet && c->kept[p] < (double)point[0] - 1e-6)
            fprintf(stderr,
                    "sonomask: points: %.1f %% of the lesion images have an outline, so %.0f %% cannot be kept\n",
                    100 * c->kept[p], 100 * (double)point[0]);
    }
    lesion_images_free(&list);
    return status;
}

/* ---- expected Dice ---- */

static sm_status fit_power(sm_calibration *c, sm_error *error) {
    const sm_answers *g = &c->answers;
    double *expected = malloc(((size_t)g->count + 1) * sizeof *expected);
    double *dice = malloc(((size_t)g->count + 1) * sizeof *dice);
    if (!expected || !dice) {
        free(expected);
        free(dice);
        return no_memory(c, error);
    }
    int masks = 0;
    for (int i = 0; i < g->count; i++) {
        const sm_trial_rule rule = chosen_rule(c, i);
        const sm_trial_answer answer = sm_trial_answer_of(&g->outlines[i], &rule);
        expected[i] = g->outlined[i] ? answer.expected : NAN;
        dice[i] = answer.dice;
        masks += isfinite(expected[i]) != 0;
    }
    c->power_error_before =
        sm_power_error(expected, dice, g->weights, g->count, (double)c->metadata.expected_dice_power);
    if (masks > 0) {
        c->metadata.expected_dice_power = (float)sm_power_fit(expected, dice, g->weights, g->count);
        c->fitted |= SM_FIT_CONFIDENCE;
    } else {
        cannot_fit(c, "confidence", "no outlined image has a mask");
    }
    c->power_error_after =
        sm_power_error(expected, dice, g->weights, g->count, (double)c->metadata.expected_dice_power);
    free(expected);
    free(dice);
    return SM_OK;
}

/* ---- margin ---- */

/** Appends the outlines of an image that count and touch a lesion. Returns the new number of cases. */
static int add_margin_cases(const sm_calibration *c, int image, sm_margin_case *cases, int count) {
    const sm_outline_trials *trials = &c->answers.outlines[image];
    const sm_trial_rule rule = chosen_rule(c, image);
    const sm_trial_outline *counting[SM_TRIAL_OUTLINES];
    const int counted = sm_trial_counting(trials, &rule, counting);
    for (int k = 0; k < counted; k++)
        if (counting[k]->both > 0)
            cases[count++] = (sm_margin_case){(double)counting[k]->reach, counting[k]->area, trials->pixels,
                                              c->answers.groups[image]};
    return count;
}

static sm_status fit_margin(sm_calibration *c, sm_error *error) {
    const sm_answers *g = &c->answers;
    if (!c->has_decision) {
        cannot_fit(c, "margin", "it needs the presence");
        return SM_OK;
    }
    sm_margin_case *cases = malloc(((size_t)g->count * SM_TRIAL_OUTLINES + 1) * sizeof *cases);
    bool *seen = calloc((size_t)g->group_count + 1, sizeof *seen);
    sm_status status = cases && seen ? SM_OK : no_memory(c, error);
    int count = 0;
    for (int i = 0; status == SM_OK && i < g->count; i++)
        if (g->outlined[i]) count = add_margin_cases(c, i, cases, count);
    for (int i = 0; status == SM_OK && i < count; i++) {
        c->margin_patients += !seen[cases[i].group];
        seen[cases[i].group] = true;
    }
    bool fitted = false;
    if (status == SM_OK) status = sm_margin_fit(cases, count, g->group_count, c->decision.margin, &fitted, error);
    if (fitted) c->fitted |= SM_FIT_MARGIN;
    if (status == SM_OK && !fitted) cannot_fit(c, "margin", "it needs 18 patients with a found lesion");
    free(cases);
    free(seen);
    return status;
}

/* ---- outliers ---- */

static sm_status fit_outliers(sm_calibration *c, sm_error *error) {
    const sm_answers *g = &c->answers;
    const int views = g->count * SM_ANSWERS_VIEWS;
    double *weights = malloc((size_t)views * sizeof *weights);
    if (!weights) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the statistics of %d images", g->count);
    for (int i = 0; i < views; i++) weights[i] = g->weights[i / SM_ANSWERS_VIEWS];
    sm_outlier fitted;
    sm_error reason = {0};
    const sm_status status = sm_outlier_fit((const float(*)[SM_STATISTICS_COUNT])g->statistics, weights, views,
                                            (double)c->options->outlier_share, &fitted, &reason);
    free(weights);
    if (status == SM_ERROR_DATA) {
        cannot_fit(c, "outliers", reason.message);
        return SM_OK;
    }
    if (status != SM_OK) {
        if (error) *error = reason;
        return status;
    }
    c->outlier = fitted;
    c->knows_outliers = true;
    c->fitted |= SM_FIT_OUTLIERS;
    double beyond = 0;
    double total = 0;
    for (int i = 0; i < g->count; i++) {
        if (sm_outlier_distance(&c->outlier, g->statistics[i * SM_ANSWERS_VIEWS]) > (double)c->outlier.limit)
            beyond += g->weights[i];
        total += g->weights[i];
    }
    c->outliers_beyond = beyond / total;
    return SM_OK;
}

sm_status sm_calibration_fit(sm_calibration *c, sm_error *error) {
    const int fit = c->fit;
    sm_status status = SM_OK;
    c->threshold = SM_TRIAL_OWN;
    if (c->answers.raw) {
        status = reliability_at(c, 1, &c->before, error);
        if (status == SM_OK && (fit & SM_FIT_TEMPERATURE)) fit_temperature(c);
        if (status == SM_OK) status = reliability_at(c, (double)c->metadata.temperature, &c->after, error);
    }
    if (status == SM_OK && (fit & SM_FIT_PRESENCE)) status = fit_presence(c, error);
    if (status == SM_OK && (fit & SM_FIT_MASK)) status = fit_mask(c, error);
    if (status == SM_OK && (fit & SM_FIT_POINTS)) status = fit_points(c, error);
    if (status == SM_OK && (fit & SM_FIT_CONFIDENCE)) status = fit_power(c, error);
    if (status == SM_OK && (fit & SM_FIT_MARGIN)) status = fit_margin(c, error);
    if (status == SM_OK && (fit & SM_FIT_OUTLIERS)) status = fit_outliers(c, error);
    return status;
}
