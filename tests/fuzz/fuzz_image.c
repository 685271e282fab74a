/**
 * Decodes any bytes, and processes images that decode with the rest of the image path. tests/c/test_fuzz_image.c also
 * calls it with damaged files.
 */
#include "fuzz.h"

#include <string.h>

#include "../../src/image.h"
#include "../../src/letterbox.h"
#include "../../src/mask.h"

static void use_image(const sm_image *image) {
    enum { SIZE = 32 };
    static float square[SIZE * SIZE];
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    fuzz_require(image->width >= SM_IMAGE_MIN_SIDE && image->height >= SM_IMAGE_MIN_SIDE);
    fuzz_require(pixels <= SM_IMAGE_MAX_PIXELS);
    fuzz_require(image->channels == 1 || image->channels == 3 || image->channels == 4);
    if (pixels > 1000000) return; // allowed, but too slow here
    uint8_t *grey = malloc(pixels);
    if (!grey) return;
    sm_image_to_grey(image, grey);
    const sm_letterbox box = sm_letterbox_make(image->width, image->height, SIZE);
    fuzz_require(sm_letterbox_apply(&box, grey, square, NULL) == SM_OK);
    for (int i = 0; i < SIZE * SIZE; i++) fuzz_require(square[i] >= -1.0f && square[i] <= 1.0f);
    for (size_t i = 0; i < pixels; i++) grey[i] = grey[i] > 127 ? 255 : 0;
    sm_lesion *lesions = NULL;
    sm_contours contours;
    int count = 0;
    fuzz_require(sm_mask_components(grey, image->width, image->height, 2, NULL, NULL, &lesions, &count, NULL) == SM_OK);
    fuzz_require(sm_mask_contours(grey, image->width, image->height, &contours, NULL) == SM_OK);
    fuzz_require(contours.count >= count);
    sm_contours_free(&contours);
    free(lesions);
    free(grey);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sm_image image;
    sm_error error = {0};
    const sm_status status = sm_image_decode(data, size, &image, &error);
    if (status) {
        fuzz_require(error.status == status && error.message[0] != '\0');
        fuzz_require(!image.pixels && image.width == 0 && image.height == 0);
        return 0;
    }
    use_image(&image);
    sm_image_free(&image);
    return 0;
}
