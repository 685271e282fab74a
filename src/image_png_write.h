/** Recognising a PNG file that sm_image_encode_png (image.h) has written. */
#ifndef SONOMASK_IMAGE_PNG_WRITE_H
#define SONOMASK_IMAGE_PNG_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * True when a chunk before the image data holds the text "Software: sonomask ...", which every version of
 * sm_image_encode_png writes. The chunk's checksum must be right; the rest of the file is not checked, so that the
 * first 256 bytes of a file are enough.
 */
bool sm_png_is_ours(const uint8_t *bytes, size_t size);

#endif
