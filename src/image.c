#include "letterbox.h"

#include <stdlib.h>
#include <string.h>

void sm_image_free(sm_image *image) {
    if (!image) return;
    free(image->pixels);
    *image = (sm_image){0};
}

/** ITU-R BT.601 luma in 16-bit fixed point; the weights add up to 65536, so that grey pixels keep their value. */
static unsigned luma(const uint8_t *rgb) { return (19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16; }

void sm_image_to_grey(const sm_image *image, uint8_t *grey) {
    const size_t count = (size_t)image->width * (size_t)image->height;
    const uint8_t *pixels = image->pixels;
    if (image->channels == 1) {
        memcpy(grey, pixels, count);
    } else if (image->channels == 3) {
        for (size_t i = 0; i < count; i++) grey[i] = (uint8_t)luma(pixels + 3 * i);
    } else {
        for (size_t i = 0; i < count; i++)
            grey[i] = (uint8_t)((luma(pixels + 4 * i) * pixels[4 * i + 3] + 127u) / 255u);
    }
}
