/** From an image to the network's grey square and back. Internal: but for
 * sm_image_check, the callers have checked sizes and channels. */
#ifndef SONOMASK_LETTERBOX_H
#define SONOMASK_LETTERBOX_H

#include <stdbool.h>

#include "image.h"
#include "status.h"

/** Whether a caller's image can be read. Errors: SM_ERROR_ARGUMENT, SM_ERROR_IMAGE_TOO_SMALL, SM_ERROR_IMAGE_TOO_LARGE.
 */
sm_status sm_image_check(const sm_image *image, sm_error *error);

/**
 * Luma (ITU-R BT.601) of an image; transparent pixels are blended with black. `grey` is [height][width], 0..255.
 * Returns whether the image is grey and opaque everywhere, so that its luma is all that it shows.
 */
bool sm_image_to_grey(const sm_image *image, uint8_t *grey);

/** Position of an image in the network's square: scaled with its aspect kept, centred, black around it. */
typedef struct sm_letterbox {
    int image_width, image_height; /**< the image's own size, pixels */
    int size;                      /**< side of the square, pixels */
    int inner_width, inner_height; /**< size of the scaled image in the square, at least 1 */
    int left, top;                 /**< its place in the square */
} sm_letterbox;

sm_letterbox sm_letterbox_make(int image_width, int image_height, int size);

/**
 * Grey image to the network's input: `square` is [size][size], values value / 127.5 - 1, border -1. Shrinking
 * averages over the covered area (anti-aliased); enlarging is bilinear. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_letterbox_apply(const sm_letterbox *box, const uint8_t *grey, float *square, sm_error *error);

/** A map on the square, [size][size], back to the image's own pixels, [image_height][image_width], bilinear. */
void sm_letterbox_restore(const sm_letterbox *box, const float *square, float *map);

/** Resizes one 8-bit plane by the same filter: area average when shrinking, bilinear when enlarging.
 * Errors: SM_ERROR_MEMORY. */
sm_status sm_plane_resize(const uint8_t *input, int width, int height, uint8_t *output, int output_width,
                          int output_height, sm_error *error);

#endif
