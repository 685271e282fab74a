#include "perturb.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/letterbox.h"
#include "../jpeg_write.h"
#include "random.h"

const char *sm_perturbation_name(sm_perturbation kind) {
    static const char *const names[SM_PERTURBATIONS] = {"contrast", "brightness", "blur", "speckle",
                                                        "jpeg",     "downscale",  "crop"};
    return kind < SM_PERTURBATIONS ? names[kind] : "none";
}

static uint8_t to_byte(double value) { return (uint8_t)(value <= 0 ? 0 : value >= 255 ? 255 : (int)(value + 0.5)); }

/* A copy without alpha channel, blended with black. */
static sm_status copy_opaque(const sm_image *picture, sm_image *copy, sm_error *error) {
    const int channels = picture->channels == 1 ? 1 : 3;
    const size_t pixels = (size_t)picture->width * (size_t)picture->height;
    *copy = (sm_image){.width = picture->width,
                       .height = picture->height,
                       .channels = channels,
                       .pixels = malloc(pixels * (size_t)channels)};
    if (!copy->pixels) return sm_fail(error, SM_ERROR_MEMORY, "no memory to perturb an image");
    for (size_t i = 0; i < pixels; i++) {
        const uint8_t *from = picture->pixels + i * (size_t)picture->channels;
        const int alpha = picture->channels == 4 ? from[3] : 255;
        for (int c = 0; c < channels; c++)
            copy->pixels[i * (size_t)channels + (size_t)c] = (uint8_t)(from[c] * alpha / 255);
    }
    return SM_OK;
}

static void adjust(sm_image *image, double factor, double offset) {
    const size_t count = (size_t)image->width * (size_t)image->height * (size_t)image->channels;
    double mean = 0;
    for (size_t i = 0; i < count; i++) mean += image->pixels[i] / (double)count;
    for (size_t i = 0; i < count; i++)
        image->pixels[i] = to_byte(mean + factor * (image->pixels[i] - mean) + 255 * offset);
}

static void add_speckle(sm_image *image, double deviation, uint64_t seed) {
    sm_random random = sm_random_make(seed);
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    const size_t channels = (size_t)image->channels;
    for (size_t i = 0; i < pixels; i++) {
        const double factor = 1 + deviation * (double)sm_random_normal(&random);
        for (size_t c = 0; c < channels; c++)
            image->pixels[i * channels + c] = to_byte(image->pixels[i * channels + c] * factor);
    }
}

/* Convolves `count` values that lie `step` apart with a kernel of 2 * radius + 1 weights; the border value repeats. */
static void blur_line(const float *from, float *to, int count, size_t step, const float *kernel, int radius) {
    for (int i = 0; i < count; i++) {
        float sum = 0;
        for (int k = -radius; k <= radius; k++) {
            const int at = i + k < 0 ? 0 : i + k >= count ? count - 1 : i + k;
            sum += kernel[k + radius] * from[(size_t)at * step];
        }
        to[(size_t)i * step] = sum;
    }
}

static sm_status blur(sm_image *image, double sigma, sm_error *error) {
    const int radius = (int)ceil(3 * sigma);
    const size_t width = (size_t)image->width;
    const size_t pixels = width * (size_t)image->height;
    const size_t channels = (size_t)image->channels;
    float *kernel = calloc(2 * (size_t)radius + 1, sizeof *kernel);
    float *plane = calloc(2 * pixels, sizeof *plane);
    sm_status status = kernel && plane ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory to blur an image");
    if (status == SM_OK) {
        double total = 0;
        for (int k = -radius; k <= radius; k++) total += exp(-0.5 * k * k / (sigma * sigma));
        for (int k = -radius; k <= radius; k++)
            kernel[k + radius] = (float)(exp(-0.5 * k * k / (sigma * sigma)) / total);
        float *spare = plane + pixels;
        for (size_t c = 0; c < channels; c++) {
            for (size_t i = 0; i < pixels; i++) plane[i] = image->pixels[i * channels + c];
            for (int y = 0; y < image->height; y++)
                blur_line(plane + (size_t)y * width, spare + (size_t)y * width, image->width, 1, kernel, radius);
            for (size_t x = 0; x < width; x++) blur_line(spare + x, plane + x, image->height, width, kernel, radius);
            for (size_t i = 0; i < pixels; i++) image->pixels[i * channels + c] = to_byte((double)plane[i]);
        }
    }
    free(kernel);
    free(plane);
    return status;
}

/* Reduces and enlarges each channel. */
static sm_status downscale(sm_image *image, double factor, sm_error *error) {
    const int width = (int)fmax(2, image->width / factor);
    const int height = (int)fmax(2, image->height / factor);
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    const size_t channels = (size_t)image->channels;
    uint8_t *plane = malloc(pixels);
    uint8_t *small = malloc((size_t)width * (size_t)height);
    sm_status status = plane && small ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory to reduce an image");
    for (size_t c = 0; status == SM_OK && c < channels; c++) {
        for (size_t i = 0; i < pixels; i++) plane[i] = image->pixels[i * channels + c];
        status = sm_plane_resize(plane, image->width, image->height, small, width, height, error);
        if (status == SM_OK) status = sm_plane_resize(small, width, height, plane, image->width, image->height, error);
        for (size_t i = 0; status == SM_OK && i < pixels; i++) image->pixels[i * channels + c] = plane[i];
    }
    free(plane);
    free(small);
    return status;
}

/* In place: each row moves to its new start. */
static void crop(sm_image *image, uint8_t *mask, double share) {
    const int left = (int)(share * image->width);
    const int top = (int)(share * image->height);
    const int width = image->width - 2 * left;
    const int height = image->height - 2 * top;
    const size_t channels = (size_t)image->channels;
    for (int y = 0; y < height; y++) {
        const size_t from = (size_t)(y + top) * (size_t)image->width + (size_t)left;
        const size_t to = (size_t)y * (size_t)width;
        memmove(image->pixels + to * channels, image->pixels + from * channels, (size_t)width * channels);
        memmove(mask + to, mask + from, (size_t)width);
    }
    image->width = width;
    image->height = height;
}

sm_status sm_perturb(sm_perturbation kind, double strength, const sm_image *picture, const uint8_t *mask, int size,
                     uint64_t seed, sm_image *changed, uint8_t **changed_mask, sm_error *error) {
    const size_t pixels = (size_t)picture->width * (size_t)picture->height;
    *changed_mask = NULL;
    sm_status status = copy_opaque(picture, changed, error);
    if (status != SM_OK) return status;
    *changed_mask = malloc(pixels);
    if (!*changed_mask) {
        sm_image_free(changed);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory to perturb an image");
    }
    memcpy(*changed_mask, mask, pixels);
    const int longest = picture->width > picture->height ? picture->width : picture->height;
    switch (kind) {
    case SM_PERTURB_CONTRAST:
        adjust(changed, strength, 0);
        break;
    case SM_PERTURB_BRIGHTNESS:
        adjust(changed, 1, strength);
        break;
    case SM_PERTURB_BLUR:
        if (strength > 0) status = blur(changed, strength * longest / size, error);
        break;
    case SM_PERTURB_SPECKLE:
        add_speckle(changed, strength, seed);
        break;
    case SM_PERTURB_JPEG:
        status = sm_jpeg_round_trip(changed, (int)strength, error);
        break;
    case SM_PERTURB_DOWNSCALE:
        status = downscale(changed, strength, error);
        break;
    case SM_PERTURB_CROP:
        crop(changed, *changed_mask, strength);
        break;
    case SM_PERTURBATIONS:
        break;
    }
    if (status != SM_OK) {
        sm_image_free(changed);
        free(*changed_mask);
        *changed_mask = NULL;
    }
    return status;
}
