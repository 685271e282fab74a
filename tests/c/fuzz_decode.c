/**
 * Decodes any bytes, and processes images that decode with the rest of the image path. Entry point of libFuzzer (`make
 * fuzz`); test_fuzz_decode.c calls it with damaged files in every test run.
 */
#include "fuzz_decode.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/image.h"
#include "../../src/mask.h"

/** A condition of the contracts. Aborts when it is false, which stops the fuzzer. */
static void require(int condition) {
    if (!condition) abort();
}

static void use_image(const sm_image *image) {
    enum { SIZE = 32 };
    static float square[SIZE * SIZE];
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    require(image->width >= SM_IMAGE_MIN_SIDE && image->height >= SM_IMAGE_MIN_SIDE);
    require(pixels <= SM_IMAGE_MAX_PIXELS);
    require(image->channels == 1 || image->channels == 3 || image->channels == 4);
    if (pixels > 1000000) return; // allowed, but too slow here
    uint8_t *grey = malloc(pixels);
    if (!grey) return;
    sm_image_to_grey(image, grey);
    const sm_letterbox box = sm_letterbox_make(image->width, image->height, SIZE);
    require(sm_letterbox_apply(&box, grey, square, NULL) == SM_OK);
    for (int i = 0; i < SIZE * SIZE; i++) require(square[i] >= -1.0f && square[i] <= 1.0f);
    for (size_t i = 0; i < pixels; i++) grey[i] = grey[i] > 127 ? 255 : 0;
    sm_lesion *lesions = NULL;
    sm_contours contours;
    int count = 0;
    require(sm_mask_components(grey, image->width, image->height, 2, NULL, NULL, &lesions, &count, NULL) == SM_OK);
    require(sm_mask_contours(grey, image->width, image->height, &contours, NULL) == SM_OK);
    require(contours.count >= count);
    sm_contours_free(&contours);
    free(lesions);
    free(grey);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sm_image image;
    sm_error error = {0};
    const sm_status status = sm_image_decode(data, size, &image, &error);
    if (status) {
        require(error.status == status && error.message[0] != '\0');
        require(!image.pixels && image.width == 0 && image.height == 0);
        return 0;
    }
    use_image(&image);
    sm_image_free(&image);
    return 0;
}
