/** Images: decoding files and encoding PNG. Installed; sonomask.h includes it and states the common contract. */
#ifndef SONOMASK_IMAGE_H
#define SONOMASK_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SM_IMAGE_MAX_PIXELS 64000000 /* checked before decoding, because a file's header can claim any size */
#define SM_IMAGE_MIN_SIDE 2

/**
 * 8-bit image, [height][width][channels]: rows from the top, pixels from the left, channels interleaved.
 * Functions that only read an image also take one that the caller has made around its own pixels.
 */
typedef struct sm_image {
    int width, height;
    int channels;    /**< 1 (grey), 3 (RGB) or 4 (RGBA, straight alpha) */
    uint8_t *pixels; /**< after sm_image_decode: released with sm_image_free */
} sm_image;

/**
 * Decodes PNG, JPEG or BMP bytes; the format is detected from the content. 16-bit is reduced to 8, palettes are
 * expanded, CMYK JPEG is converted, EXIF orientation is applied. What `image` holds before the call is overwritten,
 * not released.
 * Errors: SM_ERROR_ARGUMENT, SM_ERROR_IMAGE_EMPTY, _FORMAT, _TOO_LARGE (from the header, before decoding), _TOO_SMALL,
 * SM_ERROR_MEMORY.
 */
SM_API sm_status sm_image_decode(const void *file, size_t size, sm_image *image, sm_error *error);

/** Releases the pixels of a decoded image. NULL is allowed. */
SM_API void sm_image_free(sm_image *image);

/**
 * Encodes an image as PNG; `*bytes` is released with sm_free.
 * Errors: SM_ERROR_ARGUMENT (also for an image of more than about 1 GB), SM_ERROR_MEMORY.
 */
SM_API sm_status sm_image_encode_png(const sm_image *image, uint8_t **bytes, size_t *size, sm_error *error);

#ifdef __cplusplus
}
#endif
#endif
