#include "image_check.h"

#include <string.h>

#include "image.h"

sm_image_kind sm_image_kind_of(const uint8_t *bytes, size_t size) {
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    static const uint8_t jpeg[3] = {0xff, 0xd8, 0xff};
    if (size >= sizeof png && memcmp(bytes, png, sizeof png) == 0) return SM_IMAGE_PNG;
    if (size >= sizeof jpeg && memcmp(bytes, jpeg, sizeof jpeg) == 0) return SM_IMAGE_JPEG;
    if (size >= 2 && bytes[0] == 'B' && bytes[1] == 'M') return SM_IMAGE_BMP;
    return SM_IMAGE_UNKNOWN;
}

sm_status sm_image_check_size(int64_t width, int64_t height, sm_error *error) {
    if (width <= 0 || height <= 0) return sm_fail(error, SM_ERROR_IMAGE_FORMAT, "damaged image: its size is zero");
    if (width > INT32_MAX || height > INT32_MAX)
        return sm_fail(error, SM_ERROR_IMAGE_FORMAT, "damaged image: its size is impossible");
    if (width > SM_IMAGE_MAX_PIXELS / height)
        return sm_fail(error, SM_ERROR_IMAGE_TOO_LARGE, "the image is too large: %d x %d pixels, at most %d million",
                       (int)width, (int)height, SM_IMAGE_MAX_PIXELS / 1000000);
    if (width < SM_IMAGE_MIN_SIDE || height < SM_IMAGE_MIN_SIDE)
        return sm_fail(error, SM_ERROR_IMAGE_TOO_SMALL, "the image is too small: %d x %d pixels, at least %d x %d",
                       (int)width, (int)height, SM_IMAGE_MIN_SIDE, SM_IMAGE_MIN_SIDE);
    return SM_OK;
}
