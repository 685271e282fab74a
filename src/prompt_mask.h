/** Changes a mask so that it agrees with clicks and a box, whatever the network has answered. Internal. */
#ifndef SONOMASK_PROMPT_MASK_H
#define SONOMASK_PROMPT_MASK_H

#include "pixel_prompts.h"

/**
 * `mask` ([height][width], 0 or 255) is `probability` (of the same size) above `threshold`, and `automatic` the same of
 * the probability without prompts (may be NULL without clicks outside). Afterwards the guarantees of sm_refine hold.
 * The rules:
 *
 *   Box. Outlines that lie in it by more than half, or that hold a click inside in it, belong to it; when there is
 *     none, those that overlap it. They lose what is outside the box, the others what is inside, and the pixels around
 *     the box are cleared. When the outlines in the box cover less than a tenth of it, the threshold is lowered in the
 *     box until one covers a quarter. When this would need less than an eighth of the threshold, or would cover nearly
 *     the whole box, the ellipse in the box is the outline.
 *   Click outside in an outline without a click inside: the outline is removed. From the largest outline in the box,
 *     only a disc around the click is. When the click lies in such an outline of `automatic`, the outlines that lie in
 *     it by at least half are removed, too.
 *   Click inside outside all outlines: the pixels around it with at least its own probability are added. When these
 *     are more than an eighth of the image, or the click has less than an eighth of the threshold, a disc is added
 *     instead.
 *   An outline with a click inside that is smaller than a useful size gets a disc around the click.
 *   An outline with clicks of both kinds loses, of the pixels that are nearer to one outside along a path in the
 *     outline, those that are no more probable than the click outside and those in a small disc around it. Parts that
 *     are then without a click inside are removed.
 *
 * Outlines of fewer than `minimum_area` pixels are removed, but not the outlines with a click inside and not the
 * largest one in the box. A pixel of each of these is in `pins` (room for inside_count + 1). Errors: SM_ERROR_MEMORY.
 */
sm_status sm_prompt_mask(const sm_pixel_prompts *prompts, const float *probability, float threshold, int minimum_area,
                         const uint8_t *automatic, uint8_t *mask, size_t *pins, int *pin_count, sm_error *error);

#endif
