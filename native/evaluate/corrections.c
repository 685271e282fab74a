#include "corrections.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/mask_label.h"
#include "../data/random.h"
#include "../metrics/click_geometry.h"

static const uint64_t SEED = 5;
static const float BOX_JITTER = 0.05f;

/* What one image needs. */
typedef struct simulation {
    sm_evaluator *evaluator;
    int worker, width, height;
    size_t pixels;
    const uint8_t *reference;
    uint8_t *part; /* [height][width]: a mask */
    int32_t *labels;
    sm_random random;
    sm_click clicks[SM_CORRECTION_CLICKS];
    int click_count;
    sm_result result;
} simulation;

/* The names, not the path: the same data in another folder have the same clicks. */
static uint64_t seed_of(const sm_record *record) {
    const char *slash = strrchr(record->image, '/');
    const char *names[2] = {record->source ? record->source : "", slash ? slash + 1 : record->image};
    uint64_t hash = 0xCBF29CE484222325ULL; /* FNV-1a */
    for (int n = 0; n < 2; n++)
        for (const char *c = names[n]; *c; c++) hash = (hash ^ (unsigned char)*c) * 0x100000001B3ULL;
    return sm_random_derive(SEED, hash);
}

static void add_click(simulation *s, sm_pixel pixel, bool inside) {
    s->clicks[s->click_count++] = (sm_click){(float)pixel.x + 0.5f, (float)pixel.y + 0.5f, inside};
}

static sm_status refine(simulation *s, const sm_box *box, sm_error *error) {
    const sm_prompts prompts = {.clicks = s->clicks, .click_count = box ? 0 : s->click_count, .box = box};
    return sm_evaluator_refine(s->evaluator, s->worker, &prompts, &s->result, error);
}

static double dice(const simulation *s) {
    const sm_pixel_counts counts = sm_pixel_count(s->reference, s->result.mask, s->pixels);
    return sm_binary_scores_of(&counts).dice;
}

/* The largest component of the pixels that are lesion in `wanted` but not in `other`. */
static sm_status largest_difference(simulation *s, const uint8_t *wanted, const uint8_t *other, sm_component *largest,
                                    sm_error *error) {
    for (size_t i = 0; i < s->pixels; i++) s->part[i] = wanted[i] >= 128 && other[i] < 128 ? 255 : 0;
    return sm_largest_component(s->part, s->width, s->height, s->labels, largest, error);
}

/* Adds a click in the largest error; `*added` is false when the mask has none. */
static sm_status click_error(simulation *s, bool *added, sm_error *error) {
    sm_component missed;
    sm_component extra;
    *added = false;
    sm_status status = largest_difference(s, s->result.mask, s->reference, &extra, error);
    if (status == SM_OK) status = largest_difference(s, s->reference, s->result.mask, &missed, error);
    if (status != SM_OK || extra.area + missed.area == 0) return status;
    const bool inside = missed.area >= extra.area;
    if (!inside) status = largest_difference(s, s->result.mask, s->reference, &extra, error); /* labels it again */
    sm_pixel pixel = {0};
    if (status == SM_OK) status = sm_most_interior_pixel(s->labels, s->width, inside ? &missed : &extra, &pixel, error);
    if (status != SM_OK) return status;
    add_click(s, pixel, inside);
    *added = true;
    return SM_OK;
}

static sm_status simulate_clicks(simulation *s, sm_evaluated_image *image, sm_error *error) {
    sm_pixel first;
    bool added = sm_random_pixel(s->reference, s->width, s->height, &s->random, &first);
    sm_status status = SM_OK;
    if (added) add_click(s, first, true);
    for (int k = 0; status == SM_OK && k < SM_CORRECTION_CLICKS; k++) {
        if (k > 0 && added) status = click_error(s, &added, error);
        if (status == SM_OK && added) status = refine(s, NULL, error);
        if (status == SM_OK) image->corrected_dice[k] = dice(s);
    }
    return status;
}

static float jitter(simulation *s, int edge, int extent, int limit) {
    const float moved = (float)edge + (float)extent * sm_random_range(&s->random, -BOX_JITTER, BOX_JITTER);
    return moved < 0 ? 0 : moved > (float)limit ? (float)limit : moved;
}

static sm_status simulate_box(simulation *s, sm_evaluated_image *image, sm_error *error) {
    sm_component lesion;
    sm_status status = sm_largest_component(s->reference, s->width, s->height, s->labels, &lesion, error);
    if (status != SM_OK) return status;
    const int across = lesion.right - lesion.left;
    const int down = lesion.bottom - lesion.top;
    const float left = jitter(s, lesion.left, across, s->width);
    const float top = jitter(s, lesion.top, down, s->height);
    const sm_box box = {.x = left,
                        .y = top,
                        .width = jitter(s, lesion.right, across, s->width) - left,
                        .height = jitter(s, lesion.bottom, down, s->height) - top};
    status = refine(s, &box, error);
    if (status == SM_OK) image->corrected_dice[SM_CORRECTION_BOX] = dice(s);
    return status;
}

static sm_status simulate_removal(simulation *s, const sm_result *answer, sm_evaluated_image *image, sm_error *error) {
    sm_pixel pixel;
    if (!sm_random_pixel(answer->mask, s->width, s->height, &s->random, &pixel)) return SM_OK;
    int count = 0;
    sm_status status = sm_mask_label(answer->mask, s->width, s->height, s->labels, &count, error);
    if (status != SM_OK) return status;
    add_click(s, pixel, false);
    status = refine(s, NULL, error);
    if (status != SM_OK) return status;
    const int32_t clicked = s->labels[(size_t)pixel.y * (size_t)s->width + (size_t)pixel.x];
    image->cleared = true;
    for (size_t i = 0; i < s->pixels; i++)
        if (s->labels[i] == clicked && s->result.mask[i]) image->cleared = false;
    return SM_OK;
}

static bool in_a_region(const sm_result *answer, int x, int y) {
    for (int k = 0; k < answer->region_count; k++) {
        const sm_region *r = &answer->regions[k];
        if (x >= r->x && x < r->x + r->width && y >= r->y && y < r->y + r->height) return true;
    }
    return false;
}

/** Whether the reference has a lesion beside the regions, where a click would be refused. */
static bool is_beside(const simulation *s, const sm_result *answer) {
    for (int y = 0; y < s->height; y++)
        for (int x = 0; x < s->width; x++)
            if (s->reference[(size_t)y * (size_t)s->width + (size_t)x] >= 128 && !in_a_region(answer, x, y))
                return true;
    return false;
}

/** A user then takes the whole image as the region, and so does the simulated one. */
static sm_status take_whole(simulation *s, const sm_sample *sample, sm_error *error) {
    const sm_image image = {s->width, s->height, 1, sample->grey};
    return sm_evaluator_segment_whole(s->evaluator, s->worker, &image, &s->result, error);
}

sm_status sm_corrections_simulate(sm_evaluator *evaluator, int worker, const sm_sample *sample, const sm_result *answer,
                                  sm_evaluated_image *image, sm_error *error) {
    if (!sm_evaluated_outlined(image)) return SM_OK;
    const size_t pixels = (size_t)sample->width * (size_t)sample->height;
    simulation s = {.evaluator = evaluator,
                    .worker = worker,
                    .width = sample->width,
                    .height = sample->height,
                    .pixels = pixels,
                    .reference = sample->mask,
                    .part = malloc(pixels),
                    .labels = malloc(pixels * sizeof(int32_t)),
                    .random = sm_random_make(seed_of(image->record))};
    sm_status status =
        s.part && s.labels ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory for the clicks on an image");
    if (status == SM_OK && sm_evaluated_has_lesion(image)) {
        if (is_beside(&s, answer)) status = take_whole(&s, sample, error);
        if (status == SM_OK) status = simulate_clicks(&s, image, error);
        if (status == SM_OK) status = simulate_box(&s, image, error);
    } else if (status == SM_OK && sm_evaluated_normal(image)) {
        status = simulate_removal(&s, answer, image, error);
    }
    image->corrected = status == SM_OK;
    sm_result_free(&s.result);
    free(s.part);
    free(s.labels);
    return status;
}
