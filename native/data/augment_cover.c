#include "augment_cover.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment_patch.h"
#include "random.h"

enum {
    OWN_TRIES = 24,  /* places in the same image */
    OTHER_TRIES = 8, /* and in each other one */
    SPOT_TRIES = 4,
    SPOTS = 12, /* most separate parts to cover */
    /* Distances are in thirds of a pixel: an upright step counts 3, a diagonal one 4 (Borgefors, "Distance
     * transformations in digital images", 1986). */
    STRAIGHT = 3,
    DIAGONAL = 4,
    FAR = UINT16_MAX - DIAGONAL
};
/* Width of the margin that is covered completely and of the faded edge around it, as shares of the longer side. */
static const float margin_share = 0.02f, fade_share = 0.04f;
static const float least_margin = 2.0f, least_fade = 3.0f; /* pixels */
/* Largest shift up or down between a spot and its tissue, and between a lesion and a spot of its shape, as shares of
 * the height. */
static const float tissue_depth_play = 0.08f, spot_depth_play = 0.15f;
/* The largest root mean square difference of grey in the faded edge. */
static const float worst_fit = 40.0f;
/* Limits of the roughness of tissue, relative to that of the faded edge, which is where the opacity is below the last
 * number. */
static const float least_roughness = 0.6f, most_roughness = 1.5f, edge_limit = 0.99f;

struct sm_cover_scratch {
    int longest;
    uint8_t *grey, *mask;   /* [longest][longest]: the result */
    uint8_t *spot;          /* not 0: pixel to cover */
    uint16_t *distance;     /* to the next pixel to cover */
    uint8_t *part;          /* number of the connected part, from 1; 0: outside of all */
    int32_t *stack;         /* pixels of the flood fill */
    float *weight;          /* opacity of one part */
    uint8_t *core;          /* 255 where the opacity is 1 */
    uint8_t *tissue, *best; /* the piece that is tried, and the best one */
};

/** A part to cover: its bounding box with margin and faded edge. */
typedef struct region {
    int left, top, width, height;
} region;

/** Where tissue may come from. */
typedef struct origin {
    const sm_sample *sample;
    bool own; /* it is the image that is covered: tissue must lie apart from what is covered */
    int tries;
} origin;

sm_cover_scratch *sm_cover_scratch_create(int longest) {
    if (longest < 1 || longest > 4096) return NULL;
    sm_cover_scratch *scratch = calloc(1, sizeof *scratch);
    if (!scratch) return NULL;
    const size_t area = (size_t)longest * (size_t)longest;
    scratch->longest = longest;
    scratch->grey = malloc(area);
    scratch->mask = malloc(area);
    scratch->spot = malloc(area);
    scratch->distance = malloc(area * sizeof *scratch->distance);
    scratch->part = malloc(area);
    scratch->stack = malloc(area * sizeof *scratch->stack);
    scratch->weight = malloc(area * sizeof *scratch->weight);
    scratch->core = malloc(area);
    scratch->tissue = malloc(area);
    scratch->best = malloc(area);
    if (!scratch->grey || !scratch->mask || !scratch->spot || !scratch->distance || !scratch->part || !scratch->stack ||
        !scratch->weight || !scratch->core || !scratch->tissue || !scratch->best) {
        sm_cover_scratch_free(scratch);
        return NULL;
    }
    return scratch;
}

void sm_cover_scratch_free(sm_cover_scratch *scratch) {
    if (!scratch) return;
    free(scratch->grey);
    free(scratch->mask);
    free(scratch->spot);
    free(scratch->distance);
    free(scratch->part);
    free(scratch->stack);
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

static float margin_of(const sm_sample *sample) {
    return fmaxf(margin_share * (float)largest(sample->width, sample->height), least_margin);
}

static float fade_of(const sm_sample *sample) {
    return fmaxf(fade_share * (float)largest(sample->width, sample->height), least_fade);
}

static uint16_t nearer(uint16_t distance, uint16_t neighbour, int step) {
    const int through = neighbour + step;
    return through < distance ? (uint16_t)through : distance;
}

/** Fills scratch->distance from scratch->spot in two passes. */
static void measure_distances(sm_cover_scratch *scratch, int width, int height) {
    uint16_t *distance = scratch->distance;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const ptrdiff_t i = (ptrdiff_t)y * width + x;
            uint16_t d = scratch->spot[i] ? 0 : FAR;
            if (x > 0) d = nearer(d, distance[i - 1], STRAIGHT);
            if (y > 0) d = nearer(d, distance[i - width], STRAIGHT);
            if (y > 0 && x > 0) d = nearer(d, distance[i - width - 1], DIAGONAL);
            if (y > 0 && x + 1 < width) d = nearer(d, distance[i - width + 1], DIAGONAL);
            distance[i] = d;
        }
    for (int y = height - 1; y >= 0; y--)
        for (int x = width - 1; x >= 0; x--) {
            const ptrdiff_t i = (ptrdiff_t)y * width + x;
            uint16_t d = distance[i];
            if (x + 1 < width) d = nearer(d, distance[i + 1], STRAIGHT);
            if (y + 1 < height) d = nearer(d, distance[i + width], STRAIGHT);
            if (y + 1 < height && x + 1 < width) d = nearer(d, distance[i + width + 1], DIAGONAL);
            if (y + 1 < height && x > 0) d = nearer(d, distance[i + width - 1], DIAGONAL);
            distance[i] = d;
        }
}

/** Marks the connected pixels up to the distance `reach` from `start` with `number`, and returns their bounding box. */
static region fill_part(sm_cover_scratch *scratch, int width, int height, int32_t start, uint8_t number, int reach) {
    int left = width, top = height, right = 0, bottom = 0, waiting = 0;
    scratch->stack[waiting++] = start;
    scratch->part[start] = number;
    while (waiting > 0) {
        const int32_t i = scratch->stack[--waiting];
        const int x = i % width, y = i / width;
        left = smallest(left, x), right = largest(right, x + 1);
        top = smallest(top, y), bottom = largest(bottom, y + 1);
        const int32_t neighbours[] = {x > 0 ? i - 1 : i, x + 1 < width ? i + 1 : i, y > 0 ? i - width : i,
                                      y + 1 < height ? i + width : i};
        for (int n = 0; n < 4; n++) {
            const int32_t next = neighbours[n];
            if (scratch->part[next] || scratch->distance[next] > reach) continue;
            scratch->part[next] = number;
            scratch->stack[waiting++] = next;
        }
    }
    return (region){.left = left, .top = top, .width = right - left, .height = bottom - top};
}

/** Finds the connected parts to cover, with their edges. Returns their number, or -1 when there are too many. */
static int find_parts(const sm_sample *sample, sm_cover_scratch *scratch, region parts[SPOTS]) {
    const int pixels = sample->width * sample->height;
    const int reach = (int)((float)STRAIGHT * (margin_of(sample) + fade_of(sample)));
    int count = 0;
    memset(scratch->part, 0, (size_t)pixels);
    for (int i = 0; i < pixels; i++) {
        if (!scratch->spot[i] || scratch->part[i]) continue;
        if (count == SPOTS) return -1;
        parts[count] = fill_part(scratch, sample->width, sample->height, i, (uint8_t)(count + 1), reach);
        count++;
    }
    return count;
}

/** Opacity of part `number`: 1 up to the margin, from there falling smoothly to 0. */
static void make_weight(const sm_sample *sample, const region *part, uint8_t number, sm_cover_scratch *scratch) {
    const float margin = (float)STRAIGHT * margin_of(sample), fade = (float)STRAIGHT * fade_of(sample);
    for (int y = 0; y < part->height; y++)
        for (int x = 0; x < part->width; x++) {
            const ptrdiff_t to = (ptrdiff_t)y * part->width + x;
            const ptrdiff_t from = (ptrdiff_t)(part->top + y) * sample->width + part->left + x;
            const float rest = ((float)scratch->distance[from] - margin) / fade;
            const float t = 1.0f - fminf(fmaxf(rest, 0.0f), 1.0f);
            scratch->weight[to] = scratch->part[from] == number ? t * t * (3.0f - 2.0f * t) : 0.0f;
            scratch->core[to] = scratch->weight[to] >= 1.0f ? 255 : 0;
        }
}

/** Copies a piece of tissue into scratch->tissue. False when it would show a lesion or what is covered. */
static bool copy_tissue(const origin *from, const region *part, int left, int top, bool mirrored, int margin,
                        sm_cover_scratch *scratch) {
    const int width = from->sample->width;
    for (int y = 0; y < part->height; y++)
        for (int x = 0; x < part->width; x++) {
            const ptrdiff_t to = (ptrdiff_t)y * part->width + x;
            const ptrdiff_t source = (ptrdiff_t)(top + y) * width + (mirrored ? left + part->width - 1 - x : left + x);
            if (scratch->weight[to] > 0.0f &&
                (from->sample->mask[source] > 0 || (from->own && scratch->distance[source] <= margin)))
                return false;
            scratch->tissue[to] = from->sample->grey[source];
        }
    return true;
}

/** Root mean square difference of grey between the tissue and the image in the faded edge. */
static float misfit(const sm_sample *image, const sm_patch *patch, float gain, const region *part) {
    double sum = 0, weights = 0;
    for (int y = 0; y < part->height; y++)
        for (int x = 0; x < part->width; x++) {
            const ptrdiff_t at = (ptrdiff_t)y * part->width + x;
            const float weight = patch->weight[at];
            if (weight <= 0.0f || weight >= 1.0f) continue;
            const ptrdiff_t to = (ptrdiff_t)(part->top + y) * image->width + part->left + x;
            const float difference = gain * (float)patch->grey[at] - (float)image->grey[to];
            sum += (double)(weight * difference * difference);
            weights += (double)weight;
        }
    return weights > 0 ? (float)sqrt(sum / weights) : 0.0f;
}

/**
 * Mean difference of neighbouring pixels of `grey`, whose rows have `stride` pixels, where the opacity is above 0 and
 * at most `limit`.
 */
static float roughness(const uint8_t *grey, int stride, const region *part, const float *weight, float limit) {
    int sum = 0, count = 0;
    for (int y = 0; y + 1 < part->height; y++)
        for (int x = 0; x + 1 < part->width; x++) {
            const float opacity = weight[(ptrdiff_t)y * part->width + x];
            if (opacity <= 0.0f || opacity > limit) continue;
            const uint8_t *pixel = grey + (ptrdiff_t)y * stride + x;
            sum += abs(pixel[1] - pixel[0]) + abs(pixel[stride] - pixel[0]);
            count++;
        }
    return count > 0 ? (float)sum / (float)count : 0.0f;
}

/** Whether the speckle is about as coarse and strong as around the covered part. Letters are rougher than tissue. */
static bool texture_fits(const sm_sample *image, const sm_patch *patch, float gain, const region *part) {
    const uint8_t *around = image->grey + (ptrdiff_t)part->top * image->width + part->left;
    const float wanted = roughness(around, image->width, part, patch->weight, edge_limit);
    const float found = gain * roughness(patch->grey, patch->width, part, patch->weight, 1.0f);
    return found >= least_roughness * wanted && found <= most_roughness * wanted;
}

/** Tries places in one image, and keeps the best piece in scratch->best. Returns its misfit, or that of earlier ones.
 */
static float search(const sm_sample *image, const origin *from, const region *part, float best, float *best_gain,
                    sm_random *random, sm_cover_scratch *scratch) {
    const int room_x = from->sample->width - part->width, room_y = from->sample->height - part->height;
    if (room_x < 0 || room_y < 0) return best;
    const sm_patch patch = {.width = part->width,
                            .height = part->height,
                            .grey = scratch->tissue,
                            .core = scratch->core,
                            .weight = scratch->weight};
    const int margin = (int)((float)STRAIGHT * margin_of(image));
    for (int attempt = 0; attempt < from->tries; attempt++) {
        const bool mirrored = sm_random_uniform(random) < 0.5f;
        const int left = sm_random_below(random, room_x + 1);
        const float depth =
            (float)part->top / (float)image->height + sm_random_range(random, -tissue_depth_play, tissue_depth_play);
        const int top = smallest(largest((int)lrintf(depth * (float)from->sample->height), 0), room_y);
        if (!copy_tissue(from, part, left, top, mirrored, margin, scratch)) continue;
        const float gain = sm_patch_gain(image, &patch, part->left, part->top);
        if (gain <= 0.0f) continue;
        const float fit = misfit(image, &patch, gain, part);
        if (fit >= best || !texture_fits(image, &patch, gain, part)) continue;
        best = fit;
        *best_gain = gain;
        memcpy(scratch->best, scratch->tissue, (size_t)part->width * (size_t)part->height);
    }
    return best;
}

/** Covers the pixels of scratch->spot in scratch->grey, a copy of the image. */
static bool cover(const sm_sample *sample, const sm_sample *const *others, int other_count, sm_random *random,
                  sm_cover_scratch *scratch) {
    region parts[SPOTS];
    measure_distances(scratch, sample->width, sample->height);
    const int count = find_parts(sample, scratch, parts);
    if (count <= 0) return false;
    memcpy(scratch->grey, sample->grey, (size_t)sample->width * (size_t)sample->height);
    for (int p = 0; p < count; p++) {
        const region *part = &parts[p];
        make_weight(sample, part, (uint8_t)(p + 1), scratch);
        const origin own = {.sample = sample, .own = true, .tries = OWN_TRIES};
        float gain = 0;
        float fit = search(sample, &own, part, worst_fit, &gain, random, scratch);
        for (int i = 0; i < other_count && gain <= 0.0f; i++) {
            const origin other = {.sample = others[i], .own = false, .tries = OTHER_TRIES};
            fit = search(sample, &other, part, fit, &gain, random, scratch);
        }
        if (gain <= 0.0f) return false;
        const sm_patch patch = {.width = part->width,
                                .height = part->height,
                                .grey = scratch->best,
                                .core = scratch->core,
                                .weight = scratch->weight};
        sm_patch_blend(&patch, gain, part->left, part->top, scratch->grey, sample->width);
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
    memcpy(scratch->spot, sample->mask, pixels);
    if (!cover(sample, others, other_count, &random, scratch)) return false;
    memset(scratch->mask, 0, pixels);
    *result = result_of(sample, scratch);
    return true;
}

/** The bounding box of the pixels whose mask is not 0. False without such a pixel. */
static bool find_shape(const sm_sample *sample, region *box) {
    int left = sample->width, top = sample->height, right = 0, bottom = 0;
    for (int y = 0; y < sample->height; y++)
        for (int x = 0; x < sample->width; x++) {
            if (sample->mask[(ptrdiff_t)y * sample->width + x] == 0) continue;
            left = smallest(left, x), right = largest(right, x + 1);
            top = smallest(top, y), bottom = y + 1;
        }
    *box = (region){.left = left, .top = top, .width = right - left, .height = bottom - top};
    return bottom > 0;
}

/** Draws the shape into scratch->spot. False when it would reach a lesion of the sample. */
static bool draw_spot(const sm_sample *sample, const sm_sample *shape, const region *box, int left, int top,
                      bool mirrored, sm_cover_scratch *scratch) {
    memset(scratch->spot, 0, (size_t)sample->width * (size_t)sample->height);
    for (int y = 0; y < box->height; y++)
        for (int x = 0; x < box->width; x++) {
            const int column = mirrored ? box->left + box->width - 1 - x : box->left + x;
            scratch->spot[(ptrdiff_t)(top + y) * sample->width + left + x] =
                shape->mask[(ptrdiff_t)(box->top + y) * shape->width + column];
        }
    /* The lesions of the sample must be further away than the faded edge. The bounding box is enough for that. */
    const int reach = (int)(margin_of(sample) + fade_of(sample)) + 1;
    const int right = smallest(left + box->width + reach, sample->width);
    const int bottom = smallest(top + box->height + reach, sample->height);
    for (int y = largest(top - reach, 0); y < bottom; y++)
        for (int x = largest(left - reach, 0); x < right; x++)
            if (sample->mask[(ptrdiff_t)y * sample->width + x] > 0) return false;
    return true;
}

bool sm_cover_spot(const sm_sample *sample, const sm_sample *shape, const sm_sample *const *others, int other_count,
                   uint64_t seed, sm_cover_scratch *scratch, sm_sample *result) {
    region box;
    if (!fits(sample, scratch) || !find_shape(shape, &box)) return false;
    const int room_x = sample->width - box.width, room_y = sample->height - box.height;
    if (room_x < 0 || room_y < 0) return false;
    sm_random random = sm_random_make(seed);
    const bool mirrored = sm_random_uniform(&random) < 0.5f;
    for (int attempt = 0; attempt < SPOT_TRIES; attempt++) {
        const int left = sm_random_below(&random, room_x + 1);
        const float depth =
            (float)box.top / (float)shape->height + sm_random_range(&random, -spot_depth_play, spot_depth_play);
        const int top = smallest(largest((int)lrintf(depth * (float)sample->height), 0), room_y);
        if (!draw_spot(sample, shape, &box, left, top, mirrored, scratch)) continue;
        if (!cover(sample, others, other_count, &random, scratch)) continue;
        memcpy(scratch->mask, sample->mask, (size_t)sample->width * (size_t)sample->height);
        *result = result_of(sample, scratch);
        return true;
    }
    return false;
}
