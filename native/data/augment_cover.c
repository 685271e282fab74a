#include "augment_cover.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cover_parts.h"
#include "cover_tissue.h"
#include "random.h"

enum {
    OWN_TRIES = 24,  /* places in the same image */
    OTHER_TRIES = 8, /* and in each other one */
    SPOT_TRIES = 4
};
/* Largest shift up or down between a lesion and a spot of its shape, as a share of the height. */
static const float depth_play = 0.15f;

/* The largest root mean square difference of grey in the faded edge. */
static const float worst_fit = 40.0f;

struct sm_cover_scratch {
    int longest;
    uint8_t *grey, *mask; /* [longest][longest]: the result */
    sm_cover_parts parts;
    float *weight;          /* opacity of one part */
    uint8_t *core;          /* 255 where the opacity is 1 */
    uint8_t *tissue, *best; /* the piece that is tried, and the best one */
};

sm_cover_scratch *sm_cover_scratch_create(int longest) {
    if (longest < 1 || longest > 4096) return NULL;
    sm_cover_scratch *scratch = calloc(1, sizeof *scratch);
    if (!scratch) return NULL;
    const size_t area = (size_t)longest * (size_t)longest;
    scratch->longest = longest;
    scratch->grey = malloc(area);
    scratch->mask = malloc(area);
    scratch->weight = malloc(area * sizeof *scratch->weight);
    scratch->core = malloc(area);
    scratch->tissue = malloc(area);
    scratch->best = malloc(area);
    if (!sm_cover_parts_allocate(&scratch->parts, area) || !scratch->grey || !scratch->mask || !scratch->weight ||
        !scratch->core || !scratch->tissue || !scratch->best) {
        sm_cover_scratch_free(scratch);
        return NULL;
    }
    return scratch;
}

void sm_cover_scratch_free(sm_cover_scratch *scratch) {
    if (!scratch) return;
    sm_cover_parts_free(&scratch->parts);
    free(scratch->grey);
    free(scratch->mask);
    free(scratch->weight);
    free(scratch->core);
    free(scratch->tissue);
    free(scratch->best);
    free(scratch);
}

static int largest(int a, int b) { return a > b ? a : b; }
static int smallest(int a, int b) { return a < b ? a : b; }

static bool fits(const sm_sample *sample, const sm_cover_scratch *scratch) {
    return largest(sample->width, sample->height) <= scratch->longest;
}

/** Covers the pixels of parts.spot in scratch->grey, a copy of the image. */
static bool cover(const sm_sample *sample, const sm_sample *const *others, int other_count, sm_random *random,
                  sm_cover_scratch *scratch) {
    const sm_cover_parts *parts = &scratch->parts;
    if (!sm_cover_parts_find(&scratch->parts, sample->width, sample->height)) return false;
    memcpy(scratch->grey, sample->grey, (size_t)sample->width * (size_t)sample->height);
    for (int p = 0; p < parts->count; p++) {
        sm_cover_parts_weight(parts, p, scratch->weight, scratch->core);
        sm_cover_task task = {.image = sample,
                              .parts = parts,
                              .index = p,
                              .weight = scratch->weight,
                              .core = scratch->core,
                              .tried = scratch->tissue,
                              .best = scratch->best,
                              .misfit = worst_fit};
        sm_cover_search(&task, sample, OWN_TRIES, random);
        for (int i = 0; i < other_count && task.gain <= 0.0f; i++)
            sm_cover_search(&task, others[i], OTHER_TRIES, random);
        if (task.gain <= 0.0f) return false;
        const sm_patch patch = sm_cover_best(&task);
        sm_patch_blend(&patch, task.gain, parts->boxes[p].left, parts->boxes[p].top, scratch->grey, sample->width);
    }
    return true;
}

static sm_sample result_of(const sm_sample *sample, const sm_cover_scratch *scratch) {
    return (sm_sample){.width = sample->width, .height = sample->height, .grey = scratch->grey, .mask = scratch->mask};
}

bool sm_cover_lesions(const sm_sample *sample, const sm_sample *const *others, int other_count, uint64_t seed,
                      sm_cover_scratch *scratch, sm_sample *result) {
    if (!fits(sample, scratch)) return false;
    const size_t pixels = (size_t)sample->width * (size_t)sample->height;
    sm_random random = sm_random_make(seed);
    memcpy(scratch->parts.spot, sample->mask, pixels);
    if (!cover(sample, others, other_count, &random, scratch)) return false;
    memset(scratch->mask, 0, pixels);
    *result = result_of(sample, scratch);
    return true;
}

/** Draws the shape into parts.spot. False when it would reach a lesion of the sample. */
static bool draw_spot(const sm_sample *sample, const sm_sample *shape, const sm_frame *box, int left, int top,
                      bool mirrored, sm_cover_scratch *scratch) {
    memset(scratch->parts.spot, 0, (size_t)sample->width * (size_t)sample->height);
    for (int y = 0; y < box->height; y++)
        for (int x = 0; x < box->width; x++) {
            const int column = mirrored ? box->left + box->width - 1 - x : box->left + x;
            scratch->parts.spot[(ptrdiff_t)(top + y) * sample->width + left + x] =
                shape->mask[(ptrdiff_t)(box->top + y) * shape->width + column];
        }
    /* The lesions of the sample must be further away than the faded edge. The bounding box is enough for that. */
    const int reach =
        (int)(sm_cover_margin(sample->width, sample->height) + sm_cover_fade(sample->width, sample->height)) + 1;
    const int right = smallest(left + box->width + reach, sample->width);
    const int bottom = smallest(top + box->height + reach, sample->height);
    for (int y = largest(top - reach, 0); y < bottom; y++)
        for (int x = largest(left - reach, 0); x < right; x++)
            if (sample->mask[(ptrdiff_t)y * sample->width + x] > 0) return false;
    return true;
}

bool sm_cover_spot(const sm_sample *sample, const sm_sample *shape, const sm_sample *const *others, int other_count,
                   uint64_t seed, sm_cover_scratch *scratch, sm_sample *result) {
    sm_frame box;
    if (!fits(sample, scratch) || !sm_frame_of_mask(shape, 1, &box)) return false;
    const int room_x = sample->width - box.width, room_y = sample->height - box.height;
    if (room_x < 0 || room_y < 0) return false;
    sm_random random = sm_random_make(seed);
    const bool mirrored = sm_random_uniform(&random) < 0.5f;
    for (int attempt = 0; attempt < SPOT_TRIES; attempt++) {
        const int left = sm_random_below(&random, room_x + 1);
        const float depth = (float)box.top / (float)shape->height + sm_random_range(&random, -depth_play, depth_play);
        const int top = smallest(largest((int)lrintf(depth * (float)sample->height), 0), room_y);
        if (!draw_spot(sample, shape, &box, left, top, mirrored, scratch)) continue;
        if (!cover(sample, others, other_count, &random, scratch)) continue;
        memcpy(scratch->mask, sample->mask, (size_t)sample->width * (size_t)sample->height);
        *result = result_of(sample, scratch);
        return true;
    }
    return false;
}
