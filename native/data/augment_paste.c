#include "augment_paste.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment_stages.h"
#include "random.h"

enum { TRIES = 8, LESION = 128 /* the least mask value of a lesion pixel */ };

/* Width of the faded edge: a share of the lesion's longer side, plus some pixels. */
static const float margin_share = 0.25f;
static const int margin_pixels = 3;
/* Largest shift up or down, as a share of the image's height. */
static const float depth_play = 0.15f;
/* A darker place is not tissue but a black border or deep shadow. The brightness is changed within the limits of the
 * gain, beyond which the lesion would look artificial. */
static const float darkest_place = 12.0f, weakest_gain = 0.6f, strongest_gain = 1.6f;

struct sm_paste_scratch {
    int longest;
    uint8_t *grey, *mask;        /* [longest][longest]: the result */
    float *weight, *spare;       /* [longest][longest]: opacity of the crop */
    uint8_t *crop, *crop_lesion; /* [longest][longest]: grey and mask of the donor's lesion with its surroundings */
};

/** A lesion with its surroundings, cut out of the donor. The arrays belong to the scratch. */
typedef struct cutting {
    int width, height;
    float depth; /* of its upper edge, as a share of the donor's height */
    const uint8_t *grey, *lesion;
    const float *weight;
} cutting;

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

/** The bounding box of the lesion; `right` and `bottom` are exclusive. False without a lesion. */
static bool find_lesion(const sm_sample *sample, int *left, int *top, int *right, int *bottom) {
    *left = sample->width, *top = sample->height, *right = *bottom = 0;
    for (int y = 0; y < sample->height; y++)
        for (int x = 0; x < sample->width; x++) {
            if (sample->mask[(ptrdiff_t)y * sample->width + x] < LESION) continue;
            if (x < *left) *left = x;
            if (x >= *right) *right = x + 1;
            if (y < *top) *top = y;
            *bottom = y + 1;
        }
    return *bottom > 0;
}

static int largest(int a, int b) { return a > b ? a : b; }
static int smallest(int a, int b) { return a < b ? a : b; }

/** Opacity: 1 in the lesion, fading to 0 outside. The blurred mask is doubled, since it is 0.5 at the edge. */
static void make_weight(sm_paste_scratch *scratch, int width, int height, float fade) {
    const int count = width * height;
    for (int i = 0; i < count; i++) scratch->weight[i] = scratch->crop_lesion[i] >= LESION ? 1.0f : 0.0f;
    sm_plane_blur(scratch->weight, scratch->spare, width, height, fade);
    for (int i = 0; i < count; i++) {
        const float doubled = fminf(2.0f * scratch->weight[i], 1.0f);
        scratch->weight[i] = scratch->crop_lesion[i] >= LESION ? 1.0f : doubled;
    }
}

static bool cut(const sm_sample *donor, bool mirrored, sm_paste_scratch *scratch, cutting *result) {
    int left, top, right, bottom;
    if (!find_lesion(donor, &left, &top, &right, &bottom)) return false;
    const float share = margin_share * (float)largest(right - left, bottom - top);
    const int margin = (int)share + margin_pixels;
    left = largest(left - margin, 0), top = largest(top - margin, 0);
    right = smallest(right + margin, donor->width), bottom = smallest(bottom + margin, donor->height);
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
    *result = (cutting){.width = width,
                        .height = height,
                        .depth = (float)top / (float)donor->height,
                        .grey = scratch->crop,
                        .lesion = scratch->crop_lesion,
                        .weight = scratch->weight};
    return true;
}

/**
 * The factor that gives the faded edge the mean brightness of the recipient at this place; 0 when the lesion cannot be
 * pasted there.
 */
static float gain_at(const sm_sample *recipient, const cutting *lesion, int left, int top) {
    double weights = 0, donor_sum = 0, recipient_sum = 0;
    for (int y = 0; y < lesion->height; y++)
        for (int x = 0; x < lesion->width; x++) {
            const ptrdiff_t from = (ptrdiff_t)y * lesion->width + x;
            const ptrdiff_t to = (ptrdiff_t)(top + y) * recipient->width + left + x;
            const float weight = lesion->weight[from];
            if (weight <= 0.0f) continue;
            if (recipient->mask[to] > 0) return 0;
            if (lesion->lesion[from] >= LESION) continue;
            weights += (double)weight;
            donor_sum += (double)(weight * (float)lesion->grey[from]);
            recipient_sum += (double)(weight * (float)recipient->grey[to]);
        }
    if (weights <= 0 || donor_sum <= 0 || recipient_sum < (double)darkest_place * weights) return 0;
    return fminf(fmaxf((float)(recipient_sum / donor_sum), weakest_gain), strongest_gain);
}

static void blend(const sm_sample *recipient, const cutting *lesion, int left, int top, float gain, sm_sample *result) {
    const size_t pixels = (size_t)recipient->width * (size_t)recipient->height;
    memcpy(result->grey, recipient->grey, pixels);
    memcpy(result->mask, recipient->mask, pixels);
    for (int y = 0; y < lesion->height; y++)
        for (int x = 0; x < lesion->width; x++) {
            const ptrdiff_t from = (ptrdiff_t)y * lesion->width + x;
            const ptrdiff_t to = (ptrdiff_t)(top + y) * recipient->width + left + x;
            const float weight = lesion->weight[from], grey = fminf(gain * (float)lesion->grey[from], 255.0f);
            result->grey[to] = (uint8_t)lrintf((float)recipient->grey[to] * (1.0f - weight) + grey * weight);
            if (lesion->lesion[from] > result->mask[to]) result->mask[to] = lesion->lesion[from];
        }
}

bool sm_paste_lesion(const sm_sample *recipient, const sm_sample *donor, uint64_t seed, sm_paste_scratch *scratch,
                     sm_sample *result) {
    if (largest(recipient->width, recipient->height) > scratch->longest ||
        largest(donor->width, donor->height) > scratch->longest)
        return false;
    sm_random random = sm_random_make(seed);
    const bool mirrored = sm_random_uniform(&random) < 0.5f;
    cutting lesion;
    if (!cut(donor, mirrored, scratch, &lesion)) return false;
    const int room_x = recipient->width - lesion.width, room_y = recipient->height - lesion.height;
    if (room_x < 0 || room_y < 0) return false;
    for (int attempt = 0; attempt < TRIES; attempt++) {
        const int left = sm_random_below(&random, room_x + 1);
        const float depth = lesion.depth + sm_random_range(&random, -depth_play, depth_play);
        const int top = smallest(largest((int)lrintf(depth * (float)recipient->height), 0), room_y);
        const float gain = gain_at(recipient, &lesion, left, top);
        if (gain <= 0.0f) continue;
        *result = (sm_sample){
            .width = recipient->width, .height = recipient->height, .grey = scratch->grey, .mask = scratch->mask};
        blend(recipient, &lesion, left, top, gain, result);
        return true;
    }
    return false;
}
