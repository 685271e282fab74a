/** The steps of sm_prompt_mask for a box. */
#include <string.h>

#include "mask_label.h"
#include "prompt_work.h"

static size_t at(const sm_prompt_work *work, int x, int y) {
    return (size_t)y * (size_t)work->prompts->width + (size_t)x;
}

static size_t box_area(const sm_pixel_prompts *box) {
    return (size_t)(box->right - box->left) * (size_t)(box->bottom - box->top);
}

/** Whether the outline belongs to the box; `any` is false when none does by area or click. */
static bool belongs(const sm_outline_facts *facts, bool any) {
    if (!any) return facts->area_in_box > 0;
    return 2 * (int64_t)facts->area_in_box > facts->area || facts->inside_in_box;
}

/** Clears the pixels around the box, and lets no outline cross its edge. */
static void isolate(sm_prompt_work *work) {
    const sm_pixel_prompts *box = work->prompts;
    bool any = false;
    for (int i = 1; i <= work->outline_count; i++) any = any || belongs(&work->facts[i], true);
    for (int y = 0; y < box->height; y++)
        for (int x = 0; x < box->width; x++) {
            const size_t i = at(work, x, y);
            if (!work->mask[i]) continue;
            const bool crosses = sm_in_box(box, x, y) != belongs(&work->facts[work->labels[i]], any);
            if (crosses || sm_touches_box(box, x, y)) work->mask[i] = 0;
        }
    work->labelled = false;
}

/** A mask of the box alone: its pixels of at least `threshold`, in work->marks. Returns the area of the largest outline
 * in it, whose label (in work->queue) is `*largest`; -1 without memory. */
static int try_threshold(sm_prompt_work *work, float threshold, int32_t *largest, sm_error *error) {
    const sm_pixel_prompts *box = work->prompts;
    const int width = box->right - box->left, height = box->bottom - box->top;
    size_t k = 0;
    for (int y = box->top; y < box->bottom; y++)
        for (int x = box->left; x < box->right; x++) work->marks[k++] = work->probability[at(work, x, y)] >= threshold;
    int count = 0;
    if (sm_mask_label(work->marks, width, height, work->queue, &count, error) != SM_OK) return -1;
    /* Areas by label, in the memory of the labels of the whole image, which are not valid now. */
    memset(work->labels, 0, ((size_t)count + 1) * sizeof *work->labels);
    for (size_t i = 0; i < k; i++) work->labels[work->queue[i]]++;
    work->labels[0] = 0;
    *largest = 0;
    for (int32_t label = 1; label <= count; label++)
        if (work->labels[label] > work->labels[*largest]) *largest = label;
    return work->labels[*largest];
}

/** Adds the ellipse in the box to the mask, without the pixels of clicks outside. Returns whether it has a pixel. */
static bool add_ellipse(sm_prompt_work *work) {
    const sm_pixel_prompts *box = work->prompts;
    const double half_width = 0.5 * (box->right - box->left), half_height = 0.5 * (box->bottom - box->top);
    for (int y = box->top; y < box->bottom; y++)
        for (int x = box->left; x < box->right; x++) {
            const double dx = (x + 0.5 - box->left - half_width) / half_width;
            const double dy = (y + 0.5 - box->top - half_height) / half_height;
            if (dx * dx + dy * dy <= 1) work->mask[at(work, x, y)] = 255;
        }
    for (int i = 0; i < box->outside_count; i++) work->mask[box->outside[i]] = 0;
    work->labelled = false;
    for (int y = box->top; y < box->bottom; y++)
        for (int x = box->left; x < box->right; x++)
            if (work->mask[at(work, x, y)]) return true;
    return false;
}

enum { SEARCH_STEPS = 12 };

/** Lowers the threshold in the box; see prompt_mask.h. */
static sm_status lower_threshold(sm_prompt_work *work, sm_error *error) {
    const size_t area = box_area(work->prompts);
    float low = work->threshold / SM_LOWEST_SHARE, high = work->threshold;
    int32_t largest = 0;
    int covered = try_threshold(work, low, &largest, error);
    if (covered < 0) return SM_ERROR_MEMORY;
    for (int step = 0; 4 * (size_t)covered >= area && step < SEARCH_STEPS; step++) {
        const float middle = 0.5f * (low + high);
        const int found = try_threshold(work, middle, &largest, error);
        if (found < 0) return SM_ERROR_MEMORY;
        if (4 * (size_t)found >= area)
            low = middle;
        else
            high = middle;
    }
    covered = try_threshold(work, low, &largest, error);
    if (covered < 0) return SM_ERROR_MEMORY;
    if (4 * (size_t)covered < area || 10 * (size_t)covered > 9 * area) {
        add_ellipse(work);
        return SM_OK;
    }
    const sm_pixel_prompts *box = work->prompts;
    size_t k = 0;
    for (int y = box->top; y < box->bottom; y++)
        for (int x = box->left; x < box->right; x++)
            if (work->queue[k++] == largest) work->mask[at(work, x, y)] = 255;
    return SM_OK;
}

sm_status sm_prompt_fill_box(sm_prompt_work *work, sm_error *error) {
    sm_status status = sm_prompt_label(work, error);
    if (status != SM_OK) return status;
    isolate(work);
    const sm_pixel_prompts *box = work->prompts;
    size_t covered = 0;
    for (int y = box->top; y < box->bottom; y++)
        for (int x = box->left; x < box->right; x++) covered += work->mask[at(work, x, y)] != 0;
    if (10 * covered < box_area(box)) status = lower_threshold(work, error);
    memset(work->marks, 0, work->pixels);
    return status;
}

void sm_prompt_refill_box(sm_prompt_work *work) {
    const sm_pixel_prompts *box = work->prompts;
    for (int y = box->top; y < box->bottom; y++)
        for (int x = box->left; x < box->right; x++)
            if (work->mask[at(work, x, y)]) return;
    if (add_ellipse(work)) return;
    /* The clicks outside are on all of its pixels, but not on all of the box (sm_pixel_prompts_make). */
    for (int y = box->top; y < box->bottom; y++)
        for (int x = box->left; x < box->right; x++) {
            int i = 0;
            while (i < box->outside_count && box->outside[i] != at(work, x, y)) i++;
            if (i < box->outside_count) continue;
            work->mask[at(work, x, y)] = 255;
            return;
        }
}
