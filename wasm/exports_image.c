/** Images in the flat interface: decoding, raw pixels, and encoding PNG. */
#include <stdlib.h>
#include <string.h>

#include "exports_state.h"

/** RGB to RGBA, the layout of canvases. */
static sm_status expand_to_rgba(sm_image *image) {
    const size_t count = (size_t)image->width * (size_t)image->height;
    uint8_t *rgba = malloc(count * 4);
    if (!rgba) return sm_exports_fail(SM_ERROR_MEMORY, "no memory for the image");
    for (size_t i = 0; i < count; i++) {
        memcpy(rgba + 4 * i, image->pixels + 3 * i, 3);
        rgba[4 * i + 3] = 255;
    }
    free(image->pixels);
    image->pixels = rgba;
    image->channels = 4;
    return SM_OK;
}

/** Decodes the input (a PNG, JPEG or BMP file) to the image, with `display` as grey or RGBA. Consumes the input. */
SM_EXPORT(sonomask_decode) sm_status sonomask_decode(int display) {
    sm_image_free(&sm_exports.image);
    sm_status status = sm_image_decode(sm_exports.input, sm_exports.input_size, &sm_exports.image, &sm_exports.error);
    sm_exports_release_input();
    if (status == SM_OK && display && sm_exports.image.channels == 3) {
        status = expand_to_rgba(&sm_exports.image);
        if (status != SM_OK) sm_image_free(&sm_exports.image);
    }
    return status;
}

/** Uses the input as the pixels of the image. Consumes the input. */
SM_EXPORT(sonomask_set_image) sm_status sonomask_set_image(int width, int height, int channels) {
    sm_image_free(&sm_exports.image);
    const sm_status status = sm_exports_check_size(width, height);
    if (status != SM_OK) return status;
    if ((channels != 1 && channels != 3 && channels != 4) ||
        sm_exports.input_size != (size_t)width * (size_t)height * (size_t)channels)
        return sm_exports_fail(SM_ERROR_ARGUMENT, "the data is not width x height pixels of 1, 3 or 4 bytes");
    sm_exports.image = (sm_image){.width = width, .height = height, .channels = channels, .pixels = sm_exports.input};
    sm_exports.input = NULL;
    sm_exports.input_size = 0;
    return SM_OK;
}

/** The image: its size and pixels, [height][width][channels]. */
SM_EXPORT(sonomask_image_width) int sonomask_image_width(void) { return sm_exports.image.width; }
SM_EXPORT(sonomask_image_height) int sonomask_image_height(void) { return sm_exports.image.height; }
SM_EXPORT(sonomask_image_channels) int sonomask_image_channels(void) { return sm_exports.image.channels; }
SM_EXPORT(sonomask_image_pixels) const uint8_t *sonomask_image_pixels(void) { return sm_exports.image.pixels; }

/** PNG file of the image (see sonomask_set_image) to the output. Consumes the image. */
SM_EXPORT(sonomask_encode_png) sm_status sonomask_encode_png(void) {
    sm_exports_release_output();
    if (!sm_exports.image.pixels) return sm_exports_fail(SM_ERROR_ARGUMENT, "no image is set");
    const sm_status status =
        sm_image_encode_png(&sm_exports.image, &sm_exports.output, &sm_exports.output_size, &sm_exports.error);
    sm_image_free(&sm_exports.image);
    return status;
}
