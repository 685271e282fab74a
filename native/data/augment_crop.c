#include "augment_crop.h"

#include <stddef.h>
#include <string.h>

#include "frame.h"
#include "random.h"

enum {
    TRIES = 6,
    DARK = 10,      /* a darker pixel is probably not tissue */
    DARKEST = 2,    /* at most one in this many pixels of a crop is dark */
    DISTANCE = 40,  /* the distance to the lesions is the longer side divided by this, */
    LEAST_PART = 4, /* and each side of a crop at least the longer side divided by this */
    LONGEST_SHAPE = 2
};
/* Least share of each side of the sample. */
static const float least_share = 0.35f;
/* A crop is enlarged to the input size of the network. Large crops are preferred, so that they are magnified little. */
static const float least_part_of_space = 0.75f;

/* Least mean grey of a crop, as a share of that of the sample. */
static const float least_brightness = 0.6f;

static int largest(int a, int b) { return a > b ? a : b; }
static int smallest(int a, int b) { return a < b ? a : b; }

/** Sets `spaces` to the spaces left, right, above and below `lesions` that are large enough, and returns their number.
 */
static int find_spaces(const sm_sample *sample, const sm_frame *lesions, int least_width, int least_height,
                       sm_frame spaces[4]) {
    const int distance = largest(largest(sample->width, sample->height) / DISTANCE, 2);
    const int left = lesions->left - distance, right = lesions->left + lesions->width + distance;
    const int above = lesions->top - distance, below = lesions->top + lesions->height + distance;
    const sm_frame all[4] = {
        {.width = left, .height = sample->height},
        {.left = right, .width = sample->width - right, .height = sample->height},
        {.width = sample->width, .height = above},
        {.top = below, .width = sample->width, .height = sample->height - below},
    };
    int count = 0;
    for (int i = 0; i < 4; i++)
        if (all[i].width >= least_width && all[i].height >= least_height) spaces[count++] = all[i];
    return count;
}

/** A length between the least and `space`, seldom much less than `space`. */
static int draw_length(sm_random *random, int least, int space) {
    const float part = sm_random_range(random, least_part_of_space, 1.0f);
    return smallest(largest((int)(part * (float)space), least), space);
}

static sm_frame draw_rectangle(sm_random *random, const sm_frame *space, int least_width, int least_height) {
    sm_frame crop = {.width = draw_length(random, least_width, space->width),
                     .height = draw_length(random, least_height, space->height)};
    crop.width = smallest(crop.width, largest(LONGEST_SHAPE * crop.height, least_width));
    crop.height = smallest(crop.height, largest(LONGEST_SHAPE * crop.width, least_height));
    crop.left = space->left + sm_random_below(random, space->width - crop.width + 1);
    crop.top = space->top + sm_random_below(random, space->height - crop.height + 1);
    return crop;
}

/** Whether most of the crop is neither outside of the picture nor in the noise of great depth. */
static bool is_tissue(const sm_sample *sample, const sm_frame *crop) {
    double whole = 0, sum = 0;
    int dark = 0;
    for (int i = 0; i < sample->width * sample->height; i++) whole += sample->grey[i];
    for (int y = crop->top; y < crop->top + crop->height; y++)
        for (int x = crop->left; x < crop->left + crop->width; x++) {
            const uint8_t grey = sample->grey[(ptrdiff_t)y * sample->width + x];
            sum += grey;
            dark += grey < DARK;
        }
    const int pixels = crop->width * crop->height;
    return DARKEST * dark <= pixels &&
           sum / pixels >= (double)least_brightness * whole / (sample->width * sample->height);
}

bool sm_crop_without_lesion(const sm_sample *sample, uint64_t seed, sm_sample *result) {
    sm_frame lesions, spaces[4];
    if (!sm_frame_of_mask(sample, 1, &lesions)) return false;
    const int least = largest(largest(sample->width, sample->height) / LEAST_PART, 1);
    const int least_width = largest((int)(least_share * (float)sample->width), least);
    const int least_height = largest((int)(least_share * (float)sample->height), least);
    const int count = find_spaces(sample, &lesions, least_width, least_height, spaces);
    if (count == 0) return false;
    sm_random random = sm_random_make(seed);
    for (int attempt = 0; attempt < TRIES; attempt++) {
        const sm_frame *space = &spaces[sm_random_below(&random, count)];
        const sm_frame crop = draw_rectangle(&random, space, least_width, least_height);
        if (!is_tissue(sample, &crop)) continue;
        for (int y = 0; y < crop.height; y++)
            memcpy(result->grey + (ptrdiff_t)y * crop.width,
                   sample->grey + (ptrdiff_t)(crop.top + y) * sample->width + crop.left, (size_t)crop.width);
        memset(result->mask, 0, (size_t)crop.width * (size_t)crop.height);
        result->width = crop.width;
        result->height = crop.height;
        return true;
    }
    return false;
}
