#include "operations.h"

/**
 * Twice the size with half-pixel centres: output pixel o is at (o + 0.5) / 2 - 0.5 in the input, so that it is 3/4 of
 * pixel o / 2 plus 1/4 of the neighbour on its side, which at the edge is the pixel itself.
 */
static int neighbour(int o, int size) {
    int other = o % 2 ? o / 2 + 1 : o / 2 - 1;
    return other < 0 ? 0 : other >= size ? size - 1 : other;
}

typedef struct weighted_pixel {
    size_t index; /**< of the pixel in the input image */
    sm_real weight;
} weighted_pixel;

static void four_pixels(int y, int x, int height, int width, weighted_pixel pixels[4]) {
    int rows[2] = {y / 2, neighbour(y, height)}, columns[2] = {x / 2, neighbour(x, width)};
    sm_real weights[2] = {(sm_real)0.75, (sm_real)0.25};
    for (int i = 0; i < 4; i++) {
        pixels[i].index = (size_t)rows[i / 2] * (size_t)width + (size_t)columns[i % 2];
        pixels[i].weight = weights[i / 2] * weights[i % 2];
    }
}

void SM_REFERENCE(sm_upsample_bilinear)(const sm_real *input, int batch, int height, int width, int channels,
                                        sm_real *output, const sm_parallel *parallel) {
    (void)parallel;
    size_t image_size = (size_t)height * (size_t)width * (size_t)channels;
    for (int image = 0; image < batch; image++, input += image_size)
        for (int y = 0; y < 2 * height; y++)
            for (int x = 0; x < 2 * width; x++) {
                weighted_pixel pixels[4];
                four_pixels(y, x, height, width, pixels);
                for (int channel = 0; channel < channels; channel++) {
                    sm_real sum = 0;
                    for (int i = 0; i < 4; i++)
                        sum += pixels[i].weight * input[pixels[i].index * (size_t)channels + (size_t)channel];
                    *output++ = sum;
                }
            }
}

void SM_REFERENCE(sm_upsample_bilinear_backward)(const sm_real *output_gradient, int batch, int height, int width,
                                                 int channels, sm_real *input_gradient, bool accumulate,
                                                 const sm_parallel *parallel) {
    (void)parallel;
    size_t image_size = (size_t)height * (size_t)width * (size_t)channels;
    if (!accumulate)
        for (size_t i = 0; i < (size_t)batch * image_size; i++) input_gradient[i] = 0;
    for (int image = 0; image < batch; image++, input_gradient += image_size)
        for (int y = 0; y < 2 * height; y++)
            for (int x = 0; x < 2 * width; x++) {
                weighted_pixel pixels[4];
                four_pixels(y, x, height, width, pixels);
                for (int channel = 0; channel < channels; channel++, output_gradient++)
                    for (int i = 0; i < 4; i++)
                        input_gradient[pixels[i].index * (size_t)channels + (size_t)channel] +=
                            pixels[i].weight * *output_gradient;
            }
}
