#include "outline_trials.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/mask_label.h"
#include "../metrics/outline_reach.h"

const float sm_trial_grid[SM_TRIAL_GRID] = {0.10f, 0.15f, 0.20f, 0.25f, 0.30f, 0.35f, 0.40f, 0.45f, 0.50f,
                                            0.55f, 0.60f, 0.65f, 0.70f, 0.75f, 0.80f, 0.85f, 0.90f};

/* Working memory for one image. */
typedef struct work {
    const sm_sample *sample;
    const float *probability;
    size_t pixels;
    uint8_t *mask;
    int32_t *labels, *target; /* of the components of the mask and of the target */
    bool *touched;            /* [pixels + 1], of which those of the components of the target are used */
    int target_count, capacity;
} work;

static sm_status grow(work *w, sm_outline_trials *trials, sm_error *error) {
    if (trials->start[SM_TRIAL_THRESHOLDS] < w->capacity) return SM_OK;
    w->capacity = 2 * w->capacity + 8;
    sm_trial_outline *outlines = realloc(trials->outlines, (size_t)w->capacity * sizeof *outlines);
    if (!outlines) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the outlines of an image");
    trials->outlines = outlines;
    return SM_OK;
}

static sm_status measure_outline(work *w, const sm_lesion *lesion, sm_trial_outline *outline, sm_error *error) {
    const int width = w->sample->width;
    double sum = 0;
    *outline = (sm_trial_outline){.area = lesion->area,
                                  .peak = sm_lesion_peak(w->probability, w->labels, width, lesion, w->pixels)};
    memset(w->touched, 0, (size_t)w->target_count + 1);
    for (int y = lesion->top; y < lesion->top + lesion->height; y++)
        for (int x = lesion->left; x < lesion->left + lesion->width; x++) {
            const size_t i = (size_t)y * (size_t)width + (size_t)x;
            if (w->labels[i] != lesion->label) continue;
            sum += (double)w->probability[i];
            outline->both += w->target[i] > 0;
            w->touched[w->target[i]] = true;
        }
    outline->sum = (float)sum;
    if (outline->both == 0) return SM_OK;
    double reach = 0;
    const sm_status status =
        sm_outline_reach(w->labels, lesion->label, w->target, w->touched, width, w->sample->height, &reach, error);
    outline->reach = (float)reach;
    return status;
}

/** The largest `most` outlines at a threshold. */
static sm_status measure_threshold(work *w, float threshold, int most, sm_outline_trials *trials, sm_error *error) {
    sm_lesion *lesions = NULL;
    int count = 0;
    sm_mask_threshold(w->probability, (int)w->pixels, threshold, w->mask);
    sm_status status =
        sm_mask_components(w->mask, w->sample->width, w->sample->height, 0, NULL, w->labels, &lesions, &count, error);
    for (int i = 0; status == SM_OK && i < count && i < most; i++) {
        status = grow(w, trials, error);
        if (status == SM_OK)
            status = measure_outline(w, &lesions[i], &trials->outlines[trials->start[SM_TRIAL_THRESHOLDS]++], error);
    }
    sm_free(lesions);
    return status;
}

static sm_status measure(work *w, float own, bool grid, sm_outline_trials *trials, sm_error *error) {
    for (size_t i = 0; i < w->pixels; i++) {
        const float p = w->probability[i];
        w->mask[i] = w->sample->mask[i] >= 128 ? 255 : 0;
        trials->target += w->mask[i] != 0;
        if (p > trials->largest) trials->largest = p;
    }
    double sum = 0;
    for (size_t i = 0; i < w->pixels; i++) sum += (double)w->probability[i];
    trials->sum = (float)sum;
    trials->peak = sm_peak(w->probability, NULL, 0, w->sample->width, w->sample->height);
    sm_status status = sm_mask_label(w->mask, w->sample->width, w->sample->height, w->target, &w->target_count, error);
    if (status != SM_OK) return status;
    for (int t = 0; status == SM_OK && t < SM_TRIAL_THRESHOLDS; t++) {
        trials->start[t] = trials->start[SM_TRIAL_THRESHOLDS];
        if (t == SM_TRIAL_OWN)
            status = measure_threshold(w, own, SM_TRIAL_OUTLINES, trials, error);
        else if (t == SM_TRIAL_FAINT)
            status = measure_threshold(w, sm_faint_threshold(trials->peak), 1, trials, error);
        else if (grid)
            status = measure_threshold(w, sm_trial_grid[t], SM_TRIAL_OUTLINES, trials, error);
    }
    return status;
}

sm_status sm_outline_trials_measure(const sm_sample *sample, const float *probability, float own, bool grid,
                                    sm_outline_trials *trials, sm_error *error) {
    const size_t pixels = (size_t)sample->width * (size_t)sample->height;
    *trials = (sm_outline_trials){.pixels = (int)pixels};
    uint8_t *mask = malloc(pixels);
    int32_t *labels = malloc(pixels * sizeof *labels);
    int32_t *target = malloc(pixels * sizeof *target);
    bool *touched = malloc((pixels + 1) * sizeof *touched);
    sm_status status = mask && labels && target && touched
                           ? SM_OK
                           : sm_fail(error, SM_ERROR_MEMORY, "no memory to try %d thresholds", SM_TRIAL_THRESHOLDS);
    work w = {.sample = sample,
              .probability = probability,
              .pixels = pixels,
              .mask = mask,
              .labels = labels,
              .target = target,
              .touched = touched};
    if (status == SM_OK) status = measure(&w, own, grid, trials, error);
    free(mask);
    free(labels);
    free(target);
    free(touched);
    if (status != SM_OK) sm_outline_trials_free(trials);
    return status;
}

void sm_outline_trials_free(sm_outline_trials *trials) {
    free(trials->outlines);
    *trials = (sm_outline_trials){0};
}

static bool is_large(const sm_outline_trials *trials, const sm_trial_rule *rule, const sm_trial_outline *outline) {
    /* The same rounding as in sm_segment. */
    return outline->area >= (int)((double)rule->minimum_area * (double)trials->pixels);
}

/* The level was a presence in single precision, so both are compared in it. */
static double presence_of(const sm_trial_rule *rule, float peak) {
    return rule->decision ? (double)sm_presence(rule->decision, rule->type_odds, peak) : 1;
}

static bool has_faint_outline(const sm_outline_trials *trials) {
    return trials->start[SM_TRIAL_FAINT] < trials->start[SM_TRIAL_FAINT + 1];
}

int sm_trial_counting(const sm_outline_trials *trials, const sm_trial_rule *rule, const sm_trial_outline **counting) {
    int count = 0;
    for (int i = trials->start[rule->threshold]; i < trials->start[rule->threshold + 1]; i++) {
        const sm_trial_outline *outline = &trials->outlines[i];
        if (!is_large(trials, rule, outline)) continue;
        if (!rule->decision || presence_of(rule, outline->peak) >= rule->level) counting[count++] = outline;
    }
    return count;
}

double sm_trial_presence(const sm_outline_trials *trials, const sm_trial_rule *rule) {
    double highest = -1;
    bool any_large = false;
    for (int i = trials->start[rule->threshold]; i < trials->start[rule->threshold + 1]; i++) {
        const sm_trial_outline *outline = &trials->outlines[i];
        if (!is_large(trials, rule, outline)) continue;
        any_large = true;
        if (!rule->touching || outline->both > 0) highest = fmax(highest, presence_of(rule, outline->peak));
    }
    const bool is_faint = !any_large && rule->decision && has_faint_outline(trials);
    return is_faint && !rule->touching ? presence_of(rule, trials->peak) : highest;
}

sm_trial_answer sm_trial_answer_of(const sm_outline_trials *trials, const sm_trial_rule *rule) {
    const sm_trial_outline *counting[SM_TRIAL_OUTLINES];
    const int count = sm_trial_counting(trials, rule, counting);
    double area = 0;
    double both = 0;
    double sum = 0;
    for (int i = 0; i < count; i++) {
        area += counting[i]->area;
        both += counting[i]->both;
        sum += (double)counting[i]->sum;
    }
    return (sm_trial_answer){.any = area > 0,
                             .dice = area + trials->target > 0 ? 2 * both / (area + trials->target) : 1,
                             .expected = area > 0 ? 2 * sum / ((double)trials->sum + area) : NAN};
}
