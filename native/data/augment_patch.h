/** Patches: pieces of an image that are blended into an image with a faded edge and matched brightness. */
#ifndef SONOMASK_AUGMENT_PATCH_H
#define SONOMASK_AUGMENT_PATCH_H

#include <stdint.h>

#include "dataset.h"

/** The least mask value of a lesion pixel. */
enum { SM_PATCH_CORE = 128 };

/** A rectangle of grey values with its opacity. The arrays are [height][width] and belong to the caller. */
typedef struct sm_patch {
    int width, height;
    const uint8_t *grey;
    const uint8_t *core; /**< at least SM_PATCH_CORE: inner part, which the brightness match ignores */
    const float *weight; /**< opacity, 0..1 */
} sm_patch;

/**
 * The factor that gives the faded edge of the patch the mean brightness of `recipient` at this place, limited to a
 * range that looks natural. 0 when the place is a black border or deep shadow, or the patch has no faded edge. The
 * patch must lie inside the recipient.
 */
float sm_patch_gain(const sm_sample *recipient, const sm_patch *patch, int left, int top);

/** Blends the patch, multiplied by `gain`, into `grey`, whose rows have `stride` pixels. */
void sm_patch_blend(const sm_patch *patch, float gain, int left, int top, uint8_t *grey, int stride);

#endif
