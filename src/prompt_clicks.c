/** The steps of sm_prompt_mask for clicks. */
#include <stdlib.h>
#include <string.h>

#include "prompt_work.h"
#include "status.h"

static const int step_x[8] = {1, -1, 0, 0, 1, 1, -1, -1}, step_y[8] = {0, 0, 1, -1, 1, -1, 1, -1};

/** The neighbour of a pixel, or -1 outside the image. The first four directions are along the axes. */
static int64_t neighbour(const sm_prompt_work *work, size_t pixel, int direction) {
    const sm_pixel_prompts *prompts = work->prompts;
    const int x = (int)(pixel % (size_t)prompts->width) + step_x[direction];
    const int y = (int)(pixel / (size_t)prompts->width) + step_y[direction];
    if (x < 0 || y < 0 || x >= prompts->width || y >= prompts->height) return -1;
    return (int64_t)y * prompts->width + x;
}

/* ---- Clicks inside ---- */

/** Whether an outline of a click may grow to the pixel: not where a click outside has removed an outline, and, with a
 * box, only in it for clicks in the box, and only apart from it for the others. */
static bool may_grow(const sm_prompt_work *work, size_t pixel, bool click_in_box) {
    if (work->removed[pixel]) return false;
    const sm_pixel_prompts *prompts = work->prompts;
    if (!prompts->has_box) return true;
    const int x = (int)(pixel % (size_t)prompts->width), y = (int)(pixel / (size_t)prompts->width);
    return click_in_box ? sm_in_box(prompts, x, y) : !sm_in_box(prompts, x, y) && !sm_touches_box(prompts, x, y);
}

static bool click_in_box(const sm_prompt_work *work, size_t pixel) {
    const sm_pixel_prompts *prompts = work->prompts;
    return prompts->has_box &&
           sm_in_box(prompts, (int)(pixel % (size_t)prompts->width), (int)(pixel / (size_t)prompts->width));
}

enum { FREE, CURRENT, TOO_LARGE };

/**
 * Adds the pixels around a click that have at least `level` to the mask, up to outlines that are there. Returns false,
 * and adds nothing, when these are too many. Clicks come in the order of falling levels, so pixels that were too many
 * once are too many for every later click that reaches them: no pixel is visited by two clicks.
 */
static bool grow_by_level(sm_prompt_work *work, size_t click, float level) {
    const bool in_box = click_in_box(work, click);
    const size_t most = work->pixels / 8;
    size_t end = 0;
    if (work->marks[click] == TOO_LARGE) return false;
    bool fits = true;
    work->queue[end++] = (int32_t)click;
    work->marks[click] = CURRENT;
    for (size_t begin = 0; fits && begin < end; begin++)
        for (int d = 0; fits && d < 8; d++) {
            const int64_t next = neighbour(work, (size_t)work->queue[begin], d);
            if (next < 0 || work->mask[next] || work->marks[next] == CURRENT) continue;
            if (work->probability[next] < level || !may_grow(work, (size_t)next, in_box)) continue;
            fits = work->marks[next] != TOO_LARGE && end < most;
            if (!fits) break;
            work->marks[next] = CURRENT;
            work->queue[end++] = (int32_t)next;
        }
    for (size_t i = 0; i < end; i++) {
        if (fits) work->mask[work->queue[i]] = 255;
        work->marks[work->queue[i]] = fits ? FREE : TOO_LARGE;
    }
    return fits;
}

/** Adds the part of a disc around the click that is connected with it. */
static void grow_by_disc(sm_prompt_work *work, size_t click) {
    const int width = work->prompts->width, radius = work->disc_radius;
    const int centre_x = (int)(click % (size_t)width), centre_y = (int)(click / (size_t)width);
    const bool in_box = click_in_box(work, click);
    size_t end = 0;
    work->queue[end++] = (int32_t)click;
    work->marks[click] = CURRENT;
    for (size_t begin = 0; begin < end; begin++)
        for (int d = 0; d < 8; d++) {
            const int64_t next = neighbour(work, (size_t)work->queue[begin], d);
            if (next < 0 || work->marks[next] == CURRENT || !may_grow(work, (size_t)next, in_box)) continue;
            const int dx = (int)(next % width) - centre_x, dy = (int)(next / width) - centre_y;
            if (dx * dx + dy * dy > radius * radius) continue;
            work->marks[next] = CURRENT;
            work->queue[end++] = (int32_t)next;
        }
    for (size_t i = 0; i < end; i++) {
        work->mask[work->queue[i]] = 255;
        work->marks[work->queue[i]] = FREE;
    }
}

typedef struct level {
    float probability;
    size_t pixel;
} level;

/** Falling; equal ones by their place, so that the order does not depend on the C library. */
static int compare_levels(const void *a, const void *b) {
    const level *first = a, *second = b;
    if (first->probability > second->probability) return -1;
    if (first->probability < second->probability) return 1;
    return (first->pixel > second->pixel) - (first->pixel < second->pixel);
}

static sm_status cover_clicks(sm_prompt_work *work, sm_error *error) {
    const sm_pixel_prompts *prompts = work->prompts;
    level *levels = calloc((size_t)prompts->inside_count, sizeof *levels);
    if (!levels) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d clicks", prompts->inside_count);
    for (int i = 0; i < prompts->inside_count; i++) {
        const size_t pixel = prompts->inside[i];
        const float probability = work->probability[pixel];
        levels[i] = (level){probability < work->threshold ? probability : work->threshold, pixel};
    }
    qsort(levels, (size_t)prompts->inside_count, sizeof *levels, compare_levels);
    for (int i = 0; i < prompts->inside_count && levels[i].probability >= work->threshold / SM_LOWEST_SHARE; i++)
        if (!work->mask[levels[i].pixel] && grow_by_level(work, levels[i].pixel, levels[i].probability))
            work->labelled = false;
    free(levels);
    memset(work->marks, FREE, work->pixels);
    return SM_OK;
}

sm_status sm_prompt_grow(sm_prompt_work *work, sm_error *error) {
    const sm_pixel_prompts *prompts = work->prompts;
    sm_status status = cover_clicks(work, error);
    if (status == SM_OK) status = sm_prompt_label(work, error);
    if (status != SM_OK) return status;
    for (int i = 0; i < prompts->inside_count; i++) {
        const size_t click = prompts->inside[i];
        if (work->mask[click] && work->labels[click] && work->facts[work->labels[click]].area >= work->useful_area)
            continue;
        grow_by_disc(work, click);
        work->labelled = false;
    }
    return SM_OK;
}

/* ---- Clicks outside ---- */

enum { UNREACHED, INSIDE, OUTSIDE };

/** Puts a click into the queue of a search. */
static void seed(sm_prompt_work *work, size_t pixel, uint8_t mark, size_t *end) {
    if (work->marks[pixel] != UNREACHED) return;
    work->marks[pixel] = mark;
    work->queue[(*end)++] = (int32_t)pixel;
}

/**
 * Spreads the marks of the first `end` pixels of the queue over their outlines, nearest first. Steps along the axes
 * alternate with steps to all eight neighbours, so that equal distances form octagons. At equal distance the earlier
 * seed has the pixel. Returns the number of pixels reached; the last one in the queue is the farthest.
 */
static size_t spread(sm_prompt_work *work, size_t end) {
    size_t begin = 0;
    /* A pixel is left when nothing new can come of it: after one step of each kind. */
    for (int directions = 4; begin < end; directions = 12 - directions) {
        const size_t level_end = end;
        for (size_t k = begin; k < level_end; k++) {
            const size_t from = (size_t)work->queue[k];
            for (int d = 0; d < directions; d++) {
                const int64_t next = neighbour(work, from, d);
                if (next < 0 || !work->mask[next] || work->marks[next] != UNREACHED) continue;
                work->marks[next] = work->marks[from];
                work->queue[end++] = (int32_t)next;
            }
        }
        if (directions == 8) begin = level_end;
    }
    return end;
}

/**
 * Takes pixels that are nearer to clicks outside out of the mask: those in a disc around such a click, and those that
 * are no more probable than the most probable of these clicks. More probable ones are more likely lesion than what the
 * user has rejected.
 */
static void remove_near_outside(sm_prompt_work *work, size_t end) {
    const sm_pixel_prompts *prompts = work->prompts;
    const int radius = work->disc_radius / 2, width = prompts->width;
    float highest = 0;
    for (int i = 0; i < prompts->outside_count; i++) {
        const size_t click = prompts->outside[i];
        if (work->marks[click] != OUTSIDE) continue;
        if (work->probability[click] > highest) highest = work->probability[click];
        const int x = (int)(click % (size_t)width), y = (int)(click / (size_t)width);
        for (int dy = -radius; dy <= radius; dy++)
            for (int dx = -radius; dx <= radius; dx++) {
                if (dx * dx + dy * dy > radius * radius) continue;
                if (x + dx < 0 || y + dy < 0 || x + dx >= width || y + dy >= prompts->height) continue;
                const size_t pixel = (size_t)(y + dy) * (size_t)width + (size_t)(x + dx);
                if (work->marks[pixel] == OUTSIDE) work->mask[pixel] = 0;
            }
    }
    for (size_t i = 0; i < end; i++)
        if (work->marks[work->queue[i]] == OUTSIDE && work->probability[work->queue[i]] <= highest)
            work->mask[work->queue[i]] = 0;
    work->labelled = false;
}

/** Cuts the outlines with clicks of both kinds. Parts that are then without a click inside are removed. */
static sm_status cut_between(sm_prompt_work *work, sm_error *error) {
    const sm_pixel_prompts *prompts = work->prompts;
    size_t end = 0;
    for (int i = 0; i < prompts->inside_count; i++)
        if (work->facts[work->labels[prompts->inside[i]]].outside) seed(work, prompts->inside[i], INSIDE, &end);
    for (int i = 0; i < prompts->outside_count; i++)
        if (work->facts[work->labels[prompts->outside[i]]].inside) seed(work, prompts->outside[i], OUTSIDE, &end);
    end = spread(work, end);
    remove_near_outside(work, end);
    const sm_status status = sm_prompt_label(work, error);
    if (status != SM_OK) return status;
    for (size_t i = 0; i < end; i++) {
        const size_t pixel = (size_t)work->queue[i];
        if (!work->facts[work->labels[pixel]].inside) work->mask[pixel] = 0;
        work->marks[pixel] = UNREACHED;
    }
    return SM_OK;
}

static int smaller(int a, int b) { return a < b ? a : b; }

/** Takes discs around clicks outside out of the outlines in the box that have no click inside. Their farthest pixel
 * stays. */
static void cut_discs(sm_prompt_work *work) {
    const sm_pixel_prompts *prompts = work->prompts;
    const int side = smaller(prompts->right - prompts->left, prompts->bottom - prompts->top);
    const int radius = smaller(work->disc_radius, side / 4), width = prompts->width;
    size_t end = 0;
    for (int i = 0; i < prompts->outside_count; i++)
        if (work->facts[work->labels[prompts->outside[i]]].outside &&
            !work->facts[work->labels[prompts->outside[i]]].inside)
            seed(work, prompts->outside[i], OUTSIDE, &end);
    const size_t seeds = end;
    end = spread(work, end);
    for (size_t i = 0; i < end; i++) work->marks[work->queue[i]] = UNREACHED;
    const size_t farthest = end > seeds ? (size_t)work->queue[end - 1] : work->pixels;
    for (int i = 0; i < prompts->outside_count; i++) {
        const int32_t label = work->labels[prompts->outside[i]];
        if (!label || work->facts[label].inside) continue;
        const int x = (int)(prompts->outside[i] % (size_t)width), y = (int)(prompts->outside[i] / (size_t)width);
        for (int dy = -radius; dy <= radius; dy++)
            for (int dx = -radius; dx <= radius; dx++) {
                if (dx * dx + dy * dy > radius * radius || !sm_in_box(prompts, x + dx, y + dy)) continue;
                const size_t pixel = (size_t)(y + dy) * (size_t)width + (size_t)(x + dx);
                if (work->labels[pixel] == label && pixel != farthest) work->mask[pixel] = 0;
            }
    }
}

sm_status sm_prompt_cut(sm_prompt_work *work, sm_error *error) {
    const sm_pixel_prompts *prompts = work->prompts;
    if (!sm_prompt_any_in_mask(work, prompts->outside, prompts->outside_count)) return SM_OK;
    sm_status status = sm_prompt_label(work, error);
    if (status == SM_OK) status = cut_between(work, error);
    if (status != SM_OK) return status;
    if (prompts->has_box) cut_discs(work);
    work->labelled = false;
    return SM_OK;
}
