#include "answer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "class_set.h"
#include "expected_dice.h"
#include "reserved.h"
#include "status.h"

sm_status sm_segment_options_check(const sm_segment_options *options, sm_error *error) {
    if (!SM_RESERVED_ZERO(options)) return sm_fail(error, SM_ERROR_ARGUMENT, SM_RESERVED_MESSAGE, "segment");
    if (options->region_count < 0 || options->region_count > SM_REGIONS_MAX)
        return sm_fail(error, SM_ERROR_ARGUMENT, "%d regions: 0 to %d are possible", options->region_count,
                       (int)SM_REGIONS_MAX);
    if (options->region_count > 0 && !options->regions) return sm_fail(error, SM_ERROR_ARGUMENT, "no regions: NULL");
    /* Written so that NaN fails, too. */
    if (!(options->threshold <= 1) || !(options->minimum_area <= 1))
        return sm_fail(error, SM_ERROR_ARGUMENT, "threshold and minimum area must lie in 0..1");
    if (fabs(options->operating_point) < 1e-4 || sm_operating_point_index(options->operating_point) >= 0) return SM_OK;
    return sm_fail(error, SM_ERROR_ARGUMENT, "the operating point must be 0.80, 0.90 or 0.95");
}

sm_answer_settings sm_answer_settings_make(const sm_model *model, const sm_segment_options *options, size_t pixels) {
    const sm_weights_metadata *metadata = &model->metadata;
    const float minimum_share = options->minimum_area >= 0 ? options->minimum_area : metadata->minimum_area;
    sm_answer_settings settings = {.threshold = options->threshold >= 0 ? options->threshold : metadata->threshold,
                                   .minimum_area = (int)((double)minimum_share * (double)pixels)};
    if (!model->has_decision) return settings;
    const double kept = options->operating_point > 0.5 ? options->operating_point : (double)SM_DEFAULT_OPERATING_POINT;
    /* A threshold that the user has chosen is kept. */
    settings.draws_faint = options->threshold < 0;
    const float *point = sm_decision_point(&model->decision, kept);
    if (point) settings.operating_point = (sm_operating_point){point[0], point[1], point[2]};
    return settings;
}

/** The logits with the activation's fixed value. */
static void activate(const sm_model *model, const float type_logits[SM_CLASS_COUNT], float logits[SM_CLASS_COUNT]) {
    memcpy(logits, type_logits, SM_CLASS_COUNT * sizeof *logits);
    if (model->metadata.type_activation == SM_TYPE_TWO_SIGMOID) logits[SM_CLASS_NORMAL] = 0;
}

void sm_type_probabilities(const sm_model *model, const float type_logits[SM_CLASS_COUNT], bool lesion_shown,
                           float probabilities[SM_CLASS_COUNT]) {
    float logits[SM_CLASS_COUNT];
    activate(model, type_logits, logits);
    if (lesion_shown) sm_class_set_restrict(SM_CLASSES_LESION, logits);
    for (int c = 0; c < SM_CLASS_COUNT; c++) logits[c] /= model->metadata.temperature;
    model->kernels->softmax(logits, 1, SM_CLASS_COUNT, probabilities);
    /* A high temperature would leave it a little. */
    if (!lesion_shown || probabilities[SM_CLASS_NORMAL] <= 0) return;
    const float rest = probabilities[SM_CLASS_BENIGN] + probabilities[SM_CLASS_MALIGNANT];
    probabilities[SM_CLASS_NORMAL] = 0;
    probabilities[SM_CLASS_BENIGN] /= rest;
    probabilities[SM_CLASS_MALIGNANT] /= rest;
}

void sm_answer_type(const sm_model *model, const float type_logits[SM_CLASS_COUNT], bool lesion_shown,
                    sm_result *result) {
    sm_type_probabilities(model, type_logits, lesion_shown, result->probabilities);
    result->type = lesion_shown ? SM_CLASS_BENIGN : SM_CLASS_NORMAL;
    for (int c = 1; c < SM_CLASS_COUNT; c++)
        if (result->probabilities[c] > result->probabilities[result->type]) result->type = (sm_class)c;
}

sm_status sm_answer_maps(sm_result *result, int width, int height, sm_error *error) {
    const size_t pixels = (size_t)width * (size_t)height;
    free(result->lesions);
    free(result->possible);
    free(result->possible_mask);
    free(result->regions);
    result->lesions = result->possible = NULL;
    result->possible_mask = NULL;
    result->regions = NULL;
    result->lesion_count = result->possible_count = result->region_count = 0;
    if (result->width != width || result->height != height || !result->probability_map || !result->mask) {
        free(result->probability_map);
        free(result->mask);
        result->probability_map = malloc(pixels * sizeof *result->probability_map);
        result->mask = malloc(pixels);
    }
    result->width = width;
    result->height = height;
    if (!result->probability_map || !result->mask)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for a mask of %d x %d", width, height);
    return SM_OK;
}

/** Presence of the image, and presence and margin of the outlines, which are all in `lesions`. */
static void rate(const sm_model *model, const float type_logits[SM_CLASS_COUNT], const int32_t *labels,
                 sm_result *result) {
    const size_t pixels = (size_t)result->width * (size_t)result->height;
    if (!model->has_decision) {
        result->presence = 1 - result->probabilities[SM_CLASS_NORMAL];
        for (int i = 0; i < result->lesion_count; i++) result->lesions[i].presence = result->presence;
        return;
    }
    float logits[SM_CLASS_COUNT];
    activate(model, type_logits, logits);
    const float odds = sm_type_odds(logits);
    result->presence =
        sm_presence(&model->decision, odds, sm_peak(result->probability_map, NULL, 0, result->width, result->height));
    for (int i = 0; i < result->lesion_count; i++) {
        sm_lesion *lesion = &result->lesions[i];
        const float peak = sm_lesion_peak(result->probability_map, labels, result->width, lesion, pixels);
        lesion->presence = sm_presence(&model->decision, odds, peak);
        lesion->margin = sm_margin(&model->decision, lesion->area, pixels);
    }
}

/** Clears the mask and the labels but for lesion 0, the largest, which gets label 1. */
static void keep_largest(int32_t *labels, sm_result *result) {
    const size_t pixels = (size_t)result->width * (size_t)result->height;
    for (size_t i = 0; i < pixels; i++) {
        labels[i] = labels[i] == result->lesions[0].label;
        if (!labels[i]) result->mask[i] = 0;
    }
    result->lesions[0].label = 1;
    result->lesion_count = 1;
}

static bool holds_rejected(const sm_answer_settings *settings, const int32_t *labels, int32_t label) {
    for (int i = 0; i < settings->rejected_count; i++)
        if (labels[settings->rejected[i]] == label) return true;
    return false;
}

/** Draws the faint lesion of an image whose presence passes the level, but that has no outline. `*faint`: it did. */
static sm_status draw_faint(const sm_model *model, const sm_answer_settings *settings, int32_t *labels, bool *faint,
                            sm_result *result, sm_error *error) {
    *faint = false;
    if (!settings->draws_faint || result->lesion_count > 0 || result->presence < settings->operating_point.presence)
        return SM_OK;
    const float peak = sm_peak(result->probability_map, NULL, 0, result->width, result->height);
    const size_t pixels = (size_t)result->width * (size_t)result->height;
    sm_mask_threshold(result->probability_map, (int)pixels, sm_faint_threshold(peak), result->mask);
    const sm_status status = sm_mask_components(result->mask, result->width, result->height, 0, result->probability_map,
                                                labels, &result->lesions, &result->lesion_count, error);
    if (status != SM_OK || result->lesion_count == 0) return status;
    keep_largest(labels, result);
    if (holds_rejected(settings, labels, result->lesions[0].label)) {
        memset(result->mask, 0, pixels);
        free(result->lesions);
        result->lesions = NULL;
        result->lesion_count = 0;
        return SM_OK;
    }
    result->lesions[0].presence = result->presence;
    result->lesions[0].margin = sm_margin(&model->decision, result->lesions[0].area, pixels);
    *faint = true;
    return SM_OK;
}

/** Moves the outlines that do not count (`counts` is indexed by label) to `possible` and `possible_mask`. */
static sm_status separate(const bool *counts, const int32_t *labels, int possible_count, sm_result *result,
                          sm_error *error) {
    const size_t pixels = (size_t)result->width * (size_t)result->height;
    result->possible = calloc((size_t)possible_count, sizeof *result->possible);
    result->possible_mask = malloc(pixels);
    if (!result->possible || !result->possible_mask)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d possible lesions", possible_count);
    for (size_t i = 0; i < pixels; i++) {
        const bool moves = labels[i] && !counts[labels[i]];
        result->possible_mask[i] = moves ? 255 : 0;
        if (moves) result->mask[i] = 0;
    }
    int kept = 0;
    for (int i = 0; i < result->lesion_count; i++) {
        sm_lesion *lesion = &result->lesions[i];
        const bool stays = counts[lesion->label];
        sm_lesion *place = stays ? &result->lesions[kept++] : &result->possible[result->possible_count++];
        *place = *lesion;
        place->label = stays ? kept : result->possible_count;
    }
    result->lesion_count = kept;
    if (kept > 0) return SM_OK;
    free(result->lesions);
    result->lesions = NULL;
    return SM_OK;
}

/** Decides which outlines count. A faint one never does. */
static sm_status decide(const sm_answer_settings *settings, const int32_t *labels, const size_t *pins, int pin_count,
                        bool faint, sm_result *result, sm_error *error) {
    bool *counts = calloc((size_t)result->lesion_count + 1, sizeof *counts);
    if (!counts) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d lesions", result->lesion_count);
    int possible_count = 0;
    for (int i = 0; i < pin_count; i++) counts[labels[pins[i]]] = true;
    for (int i = 0; i < result->lesion_count; i++) {
        sm_lesion *lesion = &result->lesions[i];
        bool *count = &counts[lesion->label];
        if (*count) lesion->presence = result->presence = 1; /* the user has shown it */
        *count = !faint && lesion->presence >= settings->operating_point.presence;
        possible_count += !*count;
    }
    const sm_status status = possible_count > 0 ? separate(counts, labels, possible_count, result, error) : SM_OK;
    free(counts);
    return status;
}

sm_status sm_answer_lesions(const sm_model *model, const float type_logits[SM_CLASS_COUNT],
                            const sm_answer_settings *settings, const size_t *pins, int pin_count, sm_result *result,
                            sm_error *error) {
    const size_t pixels = (size_t)result->width * (size_t)result->height;
    int32_t *labels = malloc(pixels * sizeof *labels);
    if (!labels)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory to label a mask of %d x %d pixels", result->width,
                       result->height);
    sm_status status =
        sm_mask_components(result->mask, result->width, result->height, settings->minimum_area, result->probability_map,
                           labels, &result->lesions, &result->lesion_count, error);
    if (status == SM_OK) {
        rate(model, type_logits, labels, result);
        result->operating_point = settings->operating_point;
        bool faint = false;
        if (model->has_decision) status = draw_faint(model, settings, labels, &faint, result, error);
        if (status == SM_OK) status = decide(settings, labels, pins, pin_count, faint, result, error);
    }
    free(labels);
    if (status != SM_OK) return status;
    const double power = (double)model->metadata.expected_dice_power;
    result->expected_dice = sm_expected_dice(result->probability_map, result->mask, pixels,
                                             1 - (double)result->probabilities[SM_CLASS_NORMAL], power);
    sm_expected_dice_temper(result->lesions, result->lesion_count, power);
    sm_expected_dice_temper(result->possible, result->possible_count, power);
    return SM_OK;
}

void sm_answer_outlier(const sm_view *view, sm_result *result) {
    result->outlier_score = view->outlier_score;
    result->looks_like_ultrasound = view->outlier_score <= 1;
}

void sm_answer_map(const sm_state *state, int index, const float *square, float *map) {
    sm_letterbox_restore(&state->views[index].letterbox, square, map);
    if (!state->scan.whole) sm_scan_clip(&state->scan, &state->scan.views[index], map);
}

sm_status sm_answer_view(const sm_state *state, int index, const sm_segment_options *options, sm_result *result,
                         sm_error *error) {
    const sm_view *view = &state->views[index];
    const sm_letterbox *box = &view->letterbox;
    const size_t pixels = (size_t)box->image_width * (size_t)box->image_height;
    const sm_answer_settings settings = sm_answer_settings_make(state->model, options, pixels);
    const sm_status status = sm_answer_maps(result, box->image_width, box->image_height, error);
    if (status != SM_OK) return status;
    result->refined = false;
    sm_answer_outlier(view, result);
    sm_answer_type(state->model, view->type_logits, false, result);
    sm_answer_map(state, index, view->probability, result->probability_map);
    sm_mask_threshold(result->probability_map, (int)pixels, settings.threshold, result->mask);
    return sm_answer_lesions(state->model, view->type_logits, &settings, NULL, 0, result, error);
}

void sm_result_free(sm_result *result) {
    if (!result) return;
    free(result->probability_map);
    free(result->mask);
    free(result->lesions);
    free(result->possible);
    free(result->possible_mask);
    free(result->regions);
    *result = (sm_result){0};
}
