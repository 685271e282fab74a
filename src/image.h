/** Images: decoding, grey, letterboxing into the network's square and back, PNG writing. */
#ifndef SONOMASK_IMAGE_H
#define SONOMASK_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

#define SM_IMAGE_MAX_PIXELS 64000000 /* checked before decoding */
#define SM_IMAGE_MIN_SIDE 2

/** 8-bit image, [height][width][channels], channels 1 (grey), 3 (RGB) or 4 (RGBA, straight alpha). */
typedef struct sm_image {
    int width, height, channels;
    uint8_t *pixels; /**< owned; freed by sm_image_free */
} sm_image;

/**
 * Decodes PNG, JPEG or BMP bytes (recognised by content, not by name). 16-bit is reduced to 8, palettes are expanded,
 * CMYK JPEG is converted, EXIF orientation is applied so that rows run from the top as a viewer shows them.
 * Errors: SM_ERROR_IMAGE_EMPTY, _FORMAT, _TOO_LARGE (from the header, before decoding), _TOO_SMALL, SM_ERROR_MEMORY.
 */
sm_status sm_image_decode(const void *file, size_t size, sm_image *image, sm_error *error);
void sm_image_free(sm_image *image);

/** Encodes as PNG (channels 1, 3 or 4). `*bytes` is released with free(). Errors: ARGUMENT, MEMORY. */
sm_status sm_image_encode_png(const sm_image *image, uint8_t **bytes, size_t *size, sm_error *error);

/**
 * Luma (ITU-R BT.601) of an image; transparent pixels are blended with black. `grey` is [height][width],
 * 0..255, allocated by the caller.
 */
void sm_image_to_grey(const sm_image *image, uint8_t *grey);

/** Position of an image in the network's square: scaled with its aspect, centred, with a black border. */
typedef struct sm_letterbox {
    int image_width, image_height; /**< the image's own size, pixels */
    int size;                      /**< side of the square, pixels */
    int inner_width, inner_height; /**< size of the scaled image in the square, at least 1 */
    int left, top;                 /**< its position in the square */
} sm_letterbox;

sm_letterbox sm_letterbox_make(int image_width, int image_height, int size);

/**
 * Grey image to the network's input: `square` is [size][size], values value / 127.5 - 1, border -1. Shrinking
 * averages over the covered area (anti-aliased); enlarging is bilinear. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_letterbox_apply(const sm_letterbox *box, const uint8_t *grey, float *square, sm_error *error);

/** Resizes one 8-bit plane by the same filter: area average when shrinking, bilinear when enlarging. Errors: MEMORY. */
sm_status sm_plane_resize(const uint8_t *input, int width, int height, uint8_t *output, int output_width,
                          int output_height, sm_error *error);

/** A map on the square, [size][size], back to the image's own pixels, [image_height][image_width], bilinear. */
void sm_letterbox_restore(const sm_letterbox *box, const float *square, float *map);

#endif
