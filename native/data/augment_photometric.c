/** Photometric augmentation of grey values 0..1. The loops are simple so that the compiler vectorises them. */
#include <math.h>
#include <string.h>

#include "augment_stages.h"
#include "random.h"

static float clamp_unit(float value) {
    value = value > 0.0f ? value : 0.0f;
    return value < 1.0f ? value : 1.0f;
}

/** Half of a normalised Gaussian kernel, with the centre in weights[0]; returns its radius. */
static int make_kernel(float sigma, float weights[SM_BLUR_RADIUS_MAXIMUM + 1]) {
    int radius = (int)ceilf(2.5f * sigma);
    if (radius > SM_BLUR_RADIUS_MAXIMUM) radius = SM_BLUR_RADIUS_MAXIMUM;
    weights[0] = 1.0f;
    float total = 1.0f;
    for (int tap = 1; tap <= radius; tap++) {
        weights[tap] = expf(-0.5f * (float)(tap * tap) / (sigma * sigma));
        total += 2.0f * weights[tap];
    }
    for (int tap = 0; tap <= radius; tap++) weights[tap] /= total;
    return radius;
}

/** sum += weight * (a + b) */
static void add_rows(float *restrict sum, const float *restrict a, const float *restrict b, float weight, int count) {
    for (int x = 0; x < count; x++) sum[x] += weight * (a[x] + b[x]);
}

static void blur_columns(const float *plane, float *blurred, int width, int height, const float *weights, int radius) {
    for (int y = 0; y < height; y++) {
        float *sum = blurred + (ptrdiff_t)y * width;
        const float *middle = plane + (ptrdiff_t)y * width;
        for (int x = 0; x < width; x++) sum[x] = weights[0] * middle[x];
        for (int tap = 1; tap <= radius; tap++) {
            const int above = y - tap > 0 ? y - tap : 0, below = y + tap < height ? y + tap : height - 1;
            add_rows(sum, plane + (ptrdiff_t)above * width, plane + (ptrdiff_t)below * width, weights[tap], width);
        }
    }
}

/** Blurs one row: the middle by shifted rows, the ends pixel by pixel with repeated edge pixels. */
static void blur_row(const float *restrict row, float *restrict sum, int width, const float *weights, int radius) {
    for (int x = 0; x < width; x++) sum[x] = weights[0] * row[x];
    const int inner = width - 2 * radius;
    for (int tap = 1; tap <= radius && inner > 0; tap++)
        add_rows(sum + radius, row + radius - tap, row + radius + tap, weights[tap], inner);
    for (int x = 0; x < width; x++) {
        if (inner > 0 && x == radius) x = width - radius;
        for (int tap = 1; tap <= radius; tap++) {
            const int left = x - tap > 0 ? x - tap : 0, right = x + tap < width ? x + tap : width - 1;
            sum[x] += weights[tap] * (row[left] + row[right]);
        }
    }
}

void sm_plane_blur(float *plane, float *spare, int width, int height, float sigma) {
    float weights[SM_BLUR_RADIUS_MAXIMUM + 1];
    const int radius = make_kernel(sigma, weights);
    blur_columns(plane, spare, width, height, weights, radius);
    for (int y = 0; y < height; y++)
        blur_row(spare + (ptrdiff_t)y * width, plane + (ptrdiff_t)y * width, width, weights, radius);
}

/** Mean of `image` where `inside` is 1, in eight partial sums so that the compiler can vectorise it. */
static float mean_inside(const float *image, const float *inside, int count) {
    enum { LANES = 8 };
    float sums[LANES] = {0}, counts[LANES] = {0};
    int i = 0;
    for (; i + LANES <= count; i += LANES)
        for (int lane = 0; lane < LANES; lane++) {
            sums[lane] += image[i + lane] * inside[i + lane];
            counts[lane] += inside[i + lane];
        }
    for (; i < count; i++) {
        sums[0] += image[i] * inside[i];
        counts[0] += inside[i];
    }
    for (int lane = 1; lane < LANES; lane++) {
        sums[0] += sums[lane];
        counts[0] += counts[lane];
    }
    return counts[0] > 0.0f ? sums[0] / counts[0] : 0.0f;
}

void sm_adjust_contrast(float *image, const float *inside, int count, float factor) {
    const float mean = mean_inside(image, inside, count);
    for (int i = 0; i < count; i++) image[i] = clamp_unit(mean + (image[i] - mean) * factor);
}

void sm_adjust_brightness(float *image, int count, float offset) {
    for (int i = 0; i < count; i++) image[i] = clamp_unit(image[i] + offset);
}

void sm_add_speckle(float *image, int count, float deviation, uint64_t seed) {
    sm_random random = sm_random_make(seed);
    // The sum of four uniform 16-bit numbers is nearly normal and needs one draw only.
    const float mean = 2.0f * 65535.0f, unit = deviation / 37837.2276f; // sqrt(4 * (65536^2 - 1) / 12)
    for (int i = 0; i < count; i++) {
        const uint64_t bits = sm_random_next(&random);
        const uint64_t halves = (bits & 0x0000FFFF0000FFFFu) + ((bits >> 16) & 0x0000FFFF0000FFFFu);
        const float sum = (float)(int32_t)((halves & 0xFFFFFFFFu) + (halves >> 32));
        image[i] = clamp_unit(image[i] * (1.0f + unit * (sum - mean)));
    }
}
