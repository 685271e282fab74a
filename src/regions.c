#include "regions.h"

#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "expected_dice.h"
#include "status.h"

static void move(sm_point *point, const sm_scan_view *to) {
    point->x += (float)to->left;
    point->y += (float)to->top;
}

/** From pixels of the region to pixels of the image. */
static void move_lesion(sm_lesion *lesion, const sm_scan_view *to, int region) {
    lesion->region = region;
    lesion->left += to->left;
    lesion->top += to->top;
    move(&lesion->centroid, to);
    for (int i = 0; i < 2; i++) {
        move(&lesion->long_axis_ends[i], to);
        move(&lesion->short_axis_ends[i], to);
    }
}

/** Largest first; of equal ones in the order of the regions, then as in the region. */
static int by_area(const void *a, const void *b) {
    const sm_lesion *first = a, *second = b;
    if (first->area != second->area) return first->area > second->area ? -1 : 1;
    if (first->region != second->region) return first->region - second->region;
    return first->label - second->label;
}

/** The lesions, or with `possible` the possible lesions, of all answers, [scan->count]. */
static sm_status merge(const sm_scan *scan, const sm_result *answers, bool possible, sm_lesion **lesions, int *count,
                       sm_error *error) {
    int all = 0;
    for (int k = 0; k < scan->count; k++) all += possible ? answers[k].possible_count : answers[k].lesion_count;
    if (all == 0) return SM_OK;
    *lesions = calloc((size_t)all, sizeof **lesions);
    if (!*lesions) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d lesions", all);
    for (int k = 0; k < scan->count; k++) {
        const int own = possible ? answers[k].possible_count : answers[k].lesion_count;
        for (int i = 0; i < own; i++) {
            sm_lesion *lesion = &(*lesions)[(*count)++];
            *lesion = possible ? answers[k].possible[i] : answers[k].lesions[i];
            move_lesion(lesion, &scan->views[k], k);
        }
    }
    qsort(*lesions, (size_t)all, sizeof **lesions, by_area);
    for (int i = 0; i < all; i++) (*lesions)[i].label = i + 1;
    return SM_OK;
}

/** Copies a plane of a region to its place in that of the image. */
static void place(const void *plane, size_t value_size, const sm_scan_view *view, int width, void *target) {
    const size_t row = (size_t)view->width * value_size;
    for (int y = 0; y < view->height; y++)
        memcpy((uint8_t *)target + ((size_t)(view->top + y) * (size_t)width + (size_t)view->left) * value_size,
               (const uint8_t *)plane + (size_t)y * row, row);
}

static sm_status place_maps(const sm_scan *scan, const sm_result *answers, sm_result *result, sm_error *error) {
    const size_t pixels = (size_t)result->width * (size_t)result->height;
    memset(result->probability_map, 0, pixels * sizeof *result->probability_map);
    memset(result->mask, 0, pixels);
    if (result->possible_count > 0) {
        result->possible_mask = calloc(pixels, 1);
        if (!result->possible_mask)
            return sm_fail(error, SM_ERROR_MEMORY, "no memory for a mask of %d x %d", result->width, result->height);
    }
    for (int k = 0; k < scan->count; k++) {
        const sm_scan_view *view = &scan->views[k];
        place(answers[k].probability_map, sizeof(float), view, result->width, result->probability_map);
        place(answers[k].mask, 1, view, result->width, result->mask);
        if (answers[k].possible_mask) place(answers[k].possible_mask, 1, view, result->width, result->possible_mask);
    }
    return SM_OK;
}

/** What is said of the image: that of the region with the greatest presence. */
static void take_image_answer(const sm_scan *scan, const sm_result *answers, double power, sm_result *result) {
    int best = 0;
    result->refined = false;
    for (int k = 0; k < scan->count; k++) {
        if (answers[k].presence > answers[best].presence) best = k;
        result->refined = result->refined || answers[k].refined;
    }
    const sm_result *from = &answers[best];
    result->type = from->type;
    memcpy(result->probabilities, from->probabilities, sizeof result->probabilities);
    result->presence = from->presence;
    result->operating_point = from->operating_point;
    result->outlier_score = from->outlier_score;
    result->looks_like_ultrasound = from->looks_like_ultrasound;
    result->expected_dice = from->expected_dice;
    if (scan->count > 1)
        result->expected_dice =
            sm_expected_dice(result->probability_map, result->mask, (size_t)result->width * (size_t)result->height,
                             1 - (double)from->probabilities[SM_CLASS_NORMAL], power);
}

/** Fills `regions`; `answers` is [scan->count]. */
static sm_status list_regions(const sm_scan *scan, const sm_result *answers, sm_result *result, sm_error *error) {
    sm_region *regions = calloc((size_t)scan->count, sizeof *regions);
    if (!regions) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d regions", scan->count);
    for (int k = 0; k < scan->count; k++) {
        const sm_scan_view *view = &scan->views[k];
        sm_region *region = &regions[k];
        *region = (sm_region){.x = view->left,
                              .y = view->top,
                              .width = view->width,
                              .height = view->height,
                              .type = answers[k].type,
                              .presence = answers[k].presence,
                              .outlier_score = answers[k].outlier_score,
                              .looks_like_ultrasound = answers[k].looks_like_ultrasound};
        memcpy(region->probabilities, answers[k].probabilities, sizeof region->probabilities);
    }
    result->regions = regions;
    result->region_count = scan->count;
    return SM_OK;
}

enum { MANY_VIEWS = 3, SMALL_PART = 10 };

/** Fills `warnings` and `overlay_share`. */
static void warn(const sm_state *state, sm_result *result) {
    double area = 0, covered = 0;
    result->warnings = (state->photograph ? SM_WARNING_PHOTOGRAPH : 0) | (state->no_scan ? SM_WARNING_NO_SCAN : 0);
    for (int k = 0; k < state->scan.count; k++) {
        const sm_colour *colour = &state->views[k].colour;
        const double pixels = (double)state->scan.views[k].width * state->scan.views[k].height;
        area += pixels;
        covered += pixels * (double)colour->overlay_share;
        if (colour->tinted) result->warnings |= SM_WARNING_TINTED;
        if (colour->overlay_share > 0) result->warnings |= SM_WARNING_OVERLAY;
    }
    result->overlay_share = (float)(covered / area);
    if (!state->searched) return;
    if (state->scan.count >= MANY_VIEWS) result->warnings |= SM_WARNING_VIEWS;
    if (area * SMALL_PART < (double)state->width * state->height) result->warnings |= SM_WARNING_SMALL_SCAN;
}

static sm_status compose(const sm_state *state, const sm_result *answers, sm_result *result, sm_error *error) {
    const sm_scan *scan = &state->scan;
    sm_status status = sm_answer_maps(result, state->width, state->height, error);
    if (status == SM_OK) status = merge(scan, answers, false, &result->lesions, &result->lesion_count, error);
    if (status == SM_OK) status = merge(scan, answers, true, &result->possible, &result->possible_count, error);
    if (status == SM_OK) status = place_maps(scan, answers, result, error);
    if (status != SM_OK) return status;
    take_image_answer(scan, answers, (double)state->model->metadata.expected_dice_power, result);
    return list_regions(scan, answers, result, error);
}

sm_status sm_regions_answer(const sm_state *state, sm_region_answer *answer, void *context, sm_result *result,
                            sm_error *error) {
    const sm_scan *scan = &state->scan;
    if (scan->whole) {
        const sm_status status = answer(context, 0, result, error);
        if (status != SM_OK) return status;
        warn(state, result);
        return list_regions(scan, result, result, error);
    }
    sm_result answers[SM_REGIONS_MAX] = {0};
    sm_status status = SM_OK;
    for (int k = 0; k < scan->count && status == SM_OK; k++) status = answer(context, k, &answers[k], error);
    if (status == SM_OK) status = compose(state, answers, result, error);
    if (status == SM_OK) warn(state, result);
    for (int k = 0; k < scan->count; k++) sm_result_free(&answers[k]);
    return status;
}

/** What sm_answer_view needs. */
typedef struct automatic {
    const sm_state *state;
    const sm_segment_options *options;
} automatic;

static sm_status answer_automatic(void *context, int index, sm_result *answer, sm_error *error) {
    const automatic *a = context;
    return sm_answer_view(a->state, index, a->options, answer, error);
}

sm_status sm_regions_automatic(const sm_state *state, const sm_segment_options *options, sm_result *result,
                               sm_error *error) {
    automatic context = {state, options};
    return sm_regions_answer(state, answer_automatic, &context, result, error);
}
