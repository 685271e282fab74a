/** The image with the outlines of the lesions drawn on it. */
#ifndef SONOMASK_OVERLAY_H
#define SONOMASK_OVERLAY_H

#include "../src/sonomask.h"

/**
 * Draws the outlines of `mask` ([height][width] of the image, 0 or not) on a copy of `image` as thin, smooth, coloured
 * lines. `overlay` is RGB; release it with sm_image_free. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_overlay_draw(const sm_image *image, const uint8_t *mask, sm_image *overlay, sm_error *error);

#endif
