/** The image with outlines, frames of regions, clicks and a box drawn on it. */
#ifndef SONOMASK_OVERLAY_H
#define SONOMASK_OVERLAY_H

#include "../src/sonomask.h"

/** What is drawn. */
typedef struct sm_overlay_content {
    const uint8_t *mask;          /**< [height][width] of the image, 0 or not: outlines */
    const uint8_t *possible_mask; /**< the same: dashed outlines; may be NULL */
    const sm_prompts *prompts;    /**< clicks as dots, green inside and red outside, and the box; may be NULL */
    const sm_region *regions;     /**< [region_count]: thin frames; none around the whole image */
    int region_count;             /**< 0 or more */
} sm_overlay_content;

/**
 * Draws on a copy of `image`, with thin, smooth, coloured lines. `overlay` is RGB; release it with sm_image_free.
 * Errors: SM_ERROR_MEMORY.
 */
sm_status sm_overlay_draw(const sm_image *image, const sm_overlay_content *content, sm_image *overlay, sm_error *error);

#endif
