/** Lossy compression, to see what it does to answers. */
#ifndef SONOMASK_JPEG_WRITE_H
#define SONOMASK_JPEG_WRITE_H

#include "../../src/image.h"

/** Encodes a grey or RGB image as JPEG, `quality` 1..100. `*bytes` is released with free(). Errors: MEMORY, ARGUMENT.
 */
sm_status sm_jpeg_write(const sm_image *image, int quality, unsigned char **bytes, size_t *size, sm_error *error);

#endif
