/** The part of stb_image that this library uses: PNG, JPEG and BMP from memory. */
#ifndef SONOMASK_STB_H
#define SONOMASK_STB_H

#include <stdint.h>

/**
 * Decodes a file whose structure has passed the checks of image_check.h. Returns 8-bit pixels,
 * [height][width][channels] with 1 to 4 channels, to be released with free(). On failure returns NULL and sets
 * `*reason` to a static text, "outofmem" when an allocation failed.
 */
uint8_t *sm_stb_decode(const uint8_t *bytes, int size, int *width, int *height, int *channels, const char **reason);

#endif
