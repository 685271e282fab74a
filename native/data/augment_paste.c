#include "augment_paste.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment_patch.h"
#include "augment_stages.h"
#include "frame.h"
#include "random.h"

enum { TRIES = 8 };

/* Width of the faded edge: a share of the lesion's longer side, plus some pixels. */
static const float margin_share = 0.25f;
static const int margin_pixels = 3;
/* Largest shift up or down, as a share of the image's height. */
static const float depth_play = 0.15f;

struct sm_paste_scratch {
    int longest;
    uint8_t *grey, *mask;        /* [longest][longest]: the result */
    float *weight, *spare;       /* [longest][longest]: opacity of the crop */
    uint8_t *crop, *crop_lesion; /* [longest][longest]: grey and mask of the donor's lesion with its surroundings */
};

sm_paste_scratch *sm_paste_scratch_create(int longest) {
    if (longest < 1 || longest > 4096) return NULL;
    sm_paste_scratch *scratch = calloc(1, sizeof *scratch);
    if (!scratch) return NULL;
    const size_t area = (size_t)longest * (size_t)longest;
    scratch->longest = longest;
    scratch->grey = malloc(area);
    scratch->mask = malloc(area);
    scratch->crop = malloc(area);
    scratch->crop_lesion = malloc(area);
    scratch->weight = malloc(area * sizeof(float));
    scratch->spare = malloc(area * sizeof(float));
    if (!scratch->grey || !scratch->mask || !scratch->crop || !scratch->crop_lesion || !scratch->weight ||
        !scratch->spare) {
        sm_paste_scratch_free(scratch);
        return NULL;
    }
    return scratch;
}

void sm_paste_scratch_free(sm_paste_scratch *scratch) {
    if (!scratch) return;
    free(scratch->grey);
    free(scratch->mask);
    free(scratch->crop);
    free(scratch->crop_lesion);
    free(scratch->weight);
    free(scratch->spare);
    free(scratch);
}

static int largest(int a, int b) { return a > b ? a : b; }
static int smallest(int a, int b) { return a < b ? a : b; }

/** Opacity: 1 in the lesion, fading to 0 outside. The blurred mask is doubled, since it is 0.5 at the edge. */
static void make_weight(sm_paste_scratch *scratch, int width, int height, float fade) {
    const int count = width * height;
    for (int i = 0; i < count; i++) scratch->weight[i] = scratch->crop_lesion[i] >= SM_PATCH_CORE ? 1.0f : 0.0f;
    sm_plane_blur(scratch->weight, scratch->spare, width, height, fade);
    for (int i = 0; i < count; i++) {
        const float doubled = fminf(2.0f * scratch->weight[i], 1.0f);
        scratch->weight[i] = scratch->crop_lesion[i] >= SM_PATCH_CORE ? 1.0f : doubled;
    }
}

/**
 * Cuts the lesion with its surroundings out of the donor, into the scratch. `depth` is that of its upper edge, as a
 * share of the donor's height. False without a lesion.
 */
static bool cut(const sm_sample *donor, bool mirrored, sm_paste_scratch *scratch, sm_patch *result, float *depth) {
    sm_frame box;
    if (!sm_frame_of_mask(donor, SM_PATCH_CORE, &box)) return false;
    const float share = margin_share * (float)largest(box.width, box.height);
    const int margin = (int)share + margin_pixels;
    const int left = largest(box.left - margin, 0), top = largest(box.top - margin, 0);
    const int right = smallest(box.left + box.width + margin, donor->width);
    const int bottom = smallest(box.top + box.height + margin, donor->height);
    const int width = right - left, height = bottom - top;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const int from = mirrored ? right - 1 - x : left + x;
            const ptrdiff_t source = (ptrdiff_t)(top + y) * donor->width + from, target = (ptrdiff_t)y * width + x;
            scratch->crop[target] = donor->grey[source];
            scratch->crop_lesion[target] = donor->mask[source];
        }
    /* The blur reaches about two standard deviations. */
    make_weight(scratch, width, height, fminf(0.5f * (float)margin, (float)SM_BLUR_RADIUS_MAXIMUM / 3.0f));
    *depth = (float)top / (float)donor->height;
    *result = (sm_patch){.width = width,
                         .height = height,
                         .grey = scratch->crop,
                         .core = scratch->crop_lesion,
                         .weight = scratch->weight};
    return true;
}

/** Whether the opaque part of the patch touches no lesion of the recipient. */
static bool is_free(const sm_sample *recipient, const sm_patch *patch, int left, int top) {
    for (int y = 0; y < patch->height; y++)
        for (int x = 0; x < patch->width; x++)
            if (patch->weight[(ptrdiff_t)y * patch->width + x] > 0.0f &&
                recipient->mask[(ptrdiff_t)(top + y) * recipient->width + left + x] > 0)
                return false;
    return true;
}

/** Adds the lesion of the patch to the mask. */
static void unite(const sm_patch *patch, int left, int top, sm_sample *result) {
    for (int y = 0; y < patch->height; y++)
        for (int x = 0; x < patch->width; x++) {
            const ptrdiff_t from = (ptrdiff_t)y * patch->width + x;
            const ptrdiff_t to = (ptrdiff_t)(top + y) * result->width + left + x;
            if (patch->core[from] > result->mask[to]) result->mask[to] = patch->core[from];
        }
}

bool sm_paste_lesion(const sm_sample *recipient, const sm_sample *donor, uint64_t seed, sm_paste_scratch *scratch,
                     sm_sample *result) {
    if (largest(recipient->width, recipient->height) > scratch->longest ||
        largest(donor->width, donor->height) > scratch->longest)
        return false;
    sm_random random = sm_random_make(seed);
    const bool mirrored = sm_random_uniform(&random) < 0.5f;
    sm_patch lesion;
    float donor_depth;
    if (!cut(donor, mirrored, scratch, &lesion, &donor_depth)) return false;
    const int room_x = recipient->width - lesion.width, room_y = recipient->height - lesion.height;
    if (room_x < 0 || room_y < 0) return false;
    for (int attempt = 0; attempt < TRIES; attempt++) {
        const int left = sm_random_below(&random, room_x + 1);
        const float depth = donor_depth + sm_random_range(&random, -depth_play, depth_play);
        const int top = smallest(largest((int)lrintf(depth * (float)recipient->height), 0), room_y);
        const float gain = is_free(recipient, &lesion, left, top) ? sm_patch_gain(recipient, &lesion, left, top) : 0.0f;
        if (gain <= 0.0f) continue;
        *result = (sm_sample){
            .width = recipient->width, .height = recipient->height, .grey = scratch->grey, .mask = scratch->mask};
        const size_t pixels = (size_t)recipient->width * (size_t)recipient->height;
        memcpy(result->grey, recipient->grey, pixels);
        memcpy(result->mask, recipient->mask, pixels);
        sm_patch_blend(&lesion, gain, left, top, result->grey, result->width);
        unite(&lesion, left, top, result);
        return true;
    }
    return false;
}
