/** JPEG files, for the robustness test and for test images. */
#ifndef SONOMASK_JPEG_WRITE_H
#define SONOMASK_JPEG_WRITE_H

#include "../src/image.h"

/**
 * Encodes a grey or RGB image as a baseline JPEG, `quality` 1..100. `*bytes` is released with free(). Errors:
 * SM_ERROR_ARGUMENT, SM_ERROR_MEMORY.
 */
sm_status sm_jpeg_write(const sm_image *image, int quality, unsigned char **bytes, size_t *size, sm_error *error);

/** Compresses and decodes a grey or RGB image in place. After an error, as of sm_jpeg_write, it is unchanged. */
sm_status sm_jpeg_round_trip(sm_image *image, int quality, sm_error *error);

#endif
