#include "letterbox.h"

#include <stdlib.h>
#include <string.h>

#include "status.h"

void sm_image_free(sm_image *image) {
    if (!image) return;
    free(image->pixels);
    *image = (sm_image){0};
}

sm_status sm_image_check(const sm_image *image, sm_error *error) {
    if (!image || !image->pixels) return sm_fail(error, SM_ERROR_ARGUMENT, "no image: NULL");
    if (image->channels != 1 && image->channels != 3 && image->channels != 4)
        return sm_fail(error, SM_ERROR_ARGUMENT, "an image of %d channels: 1, 3 and 4 are supported", image->channels);
    if (image->width < SM_IMAGE_MIN_SIDE || image->height < SM_IMAGE_MIN_SIDE)
        return sm_fail(error, SM_ERROR_IMAGE_TOO_SMALL, "an image of %d x %d pixels is too small", image->width,
                       image->height);
    if ((unsigned long long)image->width * (unsigned long long)image->height > SM_IMAGE_MAX_PIXELS)
        return sm_fail(error, SM_ERROR_IMAGE_TOO_LARGE, "an image of %d x %d pixels is too large", image->width,
                       image->height);
    return SM_OK;
}

/** ITU-R BT.601 luma in 16-bit fixed point; the weights add up to 65536, so that grey pixels keep their value. */
static unsigned luma(const uint8_t *rgb) { return (19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16; }

/** Copies the first channel of `count` pixels of 3 or 4 channels. Returns whether all are grey and opaque. */
static bool copy_grey(const uint8_t *pixels, size_t channels, size_t count, uint8_t *grey) {
    const size_t alpha = channels - 1;
    const unsigned opaque = channels == 4 ? UINT8_MAX : 0; /* the alpha that counts as opaque; 0: there is none */
    unsigned differ = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *p = pixels + channels * i;
        differ |= (unsigned)(p[0] ^ p[1]) | (unsigned)(p[0] ^ p[2]) | ((p[alpha] & opaque) ^ opaque);
        grey[i] = p[0];
    }
    return differ == 0;
}

/** The luma of `count` pixels of 3 or 4 channels. */
static void to_luma(const uint8_t *pixels, size_t channels, size_t count, uint8_t *grey) {
    for (size_t i = 0; i < count; i++) {
        const uint8_t *p = pixels + channels * i;
        const unsigned alpha = channels == 4 ? p[3] : UINT8_MAX;
        grey[i] = (uint8_t)((luma(p) * alpha + 127u) / 255u);
    }
}

bool sm_image_to_grey(const sm_image *image, uint8_t *grey) {
    enum { STRETCH = 1024 };
    const size_t count = (size_t)image->width * (size_t)image->height, channels = (size_t)image->channels;
    if (channels == 1) {
        memcpy(grey, image->pixels, count);
        return true;
    }
    bool is_grey = true;
    for (size_t first = 0; first < count; first += STRETCH) {
        const size_t here = count - first < STRETCH ? count - first : STRETCH;
        const uint8_t *pixels = image->pixels + channels * first;
        if (copy_grey(pixels, channels, here, grey + first)) continue;
        to_luma(pixels, channels, here, grey + first);
        is_grey = false;
    }
    return is_grey;
}
