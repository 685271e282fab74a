/** Image formation: speckle, amplifier noise, log compression. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/status.h"
#include "phantom_parts.h"

enum { LOOKS = 3, RADIUS_MAXIMUM = 24 };

sm_scanner sm_scanner_draw(sm_random *random) {
    sm_scanner scanner;
    scanner.axial = sm_random_range(random, 0.0020f, 0.0032f);
    scanner.lateral_near = sm_random_range(random, 0.0040f, 0.0060f);
    scanner.lateral_far = scanner.lateral_near * sm_random_range(random, 1.4f, 2.0f);
    scanner.noise = sm_random_range(random, -40.0f, -32.0f);
    scanner.gain = sm_random_range(random, 125.0f, 165.0f);
    scanner.range = sm_random_range(random, 52.0f, 64.0f);
    return scanner;
}

/** Half of a Gaussian kernel of unit energy, with the centre in weights[0]; returns its radius. */
static int make_pulse(float sigma, float weights[RADIUS_MAXIMUM + 1]) {
    if (sigma < 0.3f) sigma = 0.3f;
    int radius = (int)ceilf(2.2f * sigma);
    if (radius > RADIUS_MAXIMUM) radius = RADIUS_MAXIMUM;
    weights[0] = 1.0f;
    float energy = 1.0f;
    for (int tap = 1; tap <= radius; tap++) {
        weights[tap] = expf(-0.5f * (float)(tap * tap) / (sigma * sigma));
        energy += 2.0f * weights[tap] * weights[tap];
    }
    for (int tap = 0; tap <= radius; tap++) weights[tap] /= sqrtf(energy);
    return radius;
}

static void add_rows(float *restrict sum, const float *restrict a, const float *restrict b, float weight, int count) {
    for (int x = 0; x < count; x++) sum[x] += weight * (a[x] + b[x]);
}

/** Fills a row with random scatterers: nearly normal numbers of unit variance. */
static void draw_scatterers(float *row, int count, sm_random *random) {
    for (int x = 0; x < count; x++) {
        const uint64_t bits = sm_random_next(random);
        const uint64_t halves = (bits & 0x0000FFFF0000FFFFu) + ((bits >> 16) & 0x0000FFFF0000FFFFu);
        const float sum = (float)(int32_t)((halves & 0xFFFFFFFFu) + (halves >> 32));
        row[x] = (sum - 2.0f * 65535.0f) * (1.0f / 37837.2276f);
    }
}

typedef struct workspace {
    float *intensity; /**< [height][width] */
    float *field;     /**< [width] */
    float *ring;      /**< [2 * RADIUS_MAXIMUM + 1][width]: rows of scatterers after the lateral blur */
    float *padded;    /**< [width + 2 * RADIUS_MAXIMUM] */
} workspace;

/** Makes row `y` of weighted scatterers, blurred by the beam, whose width grows with depth. */
static void make_beam_row(const sm_scanner *scanner, const float *amplitude, int width, int height, int y,
                          sm_random *random, float *padded, float *row) {
    draw_scatterers(padded, width + 2 * RADIUS_MAXIMUM, random);
    for (int x = 0; x < width; x++) padded[x + RADIUS_MAXIMUM] *= amplitude[x];
    for (int x = 0; x < RADIUS_MAXIMUM; x++) {
        padded[x] *= amplitude[0];
        padded[x + width + RADIUS_MAXIMUM] *= amplitude[width - 1];
    }
    float weights[RADIUS_MAXIMUM + 1];
    const float depth = ((float)y + 0.5f) / (float)height;
    const float sigma = scanner->lateral_near + (scanner->lateral_far - scanner->lateral_near) * depth;
    const int radius = make_pulse(sigma * (float)height, weights);
    const float *middle = padded + RADIUS_MAXIMUM;
    for (int x = 0; x < width; x++) row[x] = weights[0] * middle[x];
    for (int tap = 1; tap <= radius; tap++) add_rows(row, middle - tap, middle + tap, weights[tap], width);
}

/** Adds the squared real (or imaginary) part of one look to the intensity. */
static void add_look(const sm_scanner *scanner, const float *amplitude, int width, int height, sm_random *random,
                     const workspace *work) {
    float weights[RADIUS_MAXIMUM + 1];
    const int radius = make_pulse(scanner->axial * (float)height, weights), rows = 2 * radius + 1;
    for (int next = -radius; next < height + radius; next++) {
        const int clamped = next < 0 ? 0 : next >= height ? height - 1 : next;
        make_beam_row(scanner, amplitude + (ptrdiff_t)clamped * width, width, height, clamped, random, work->padded,
                      work->ring + (ptrdiff_t)((next + rows) % rows) * width);
        const int y = next - radius;
        if (y < 0) continue;
        float *sum = work->field, *restrict intensity = work->intensity + (ptrdiff_t)y * width;
        const float *middle = work->ring + (ptrdiff_t)(y % rows) * width;
        for (int x = 0; x < width; x++) sum[x] = weights[0] * middle[x];
        for (int tap = 1; tap <= radius; tap++)
            add_rows(sum, work->ring + (ptrdiff_t)((y - tap + rows) % rows) * width,
                     work->ring + (ptrdiff_t)((y + tap) % rows) * width, weights[tap], width);
        for (int x = 0; x < width; x++) intensity[x] += sum[x] * sum[x];
    }
}

/** Adds the noise of the amplifier and converts intensity to decibels, in place. */
static void compress(const sm_scanner *scanner, float *intensity, int width, int height, sm_random *random) {
    const float decibel = 3.01029996f, share = 1.0f / (2.0f * LOOKS);
    for (int y = 0; y < height; y++) {
        const float depth = (float)y / (float)height; // time-gain compensation amplifies the noise too
        const float noise = exp2f((scanner->noise - 22.0f * (1.0f - depth)) / decibel);
        float *row = intensity + (ptrdiff_t)y * width;
        for (int x = 0; x < width; x++) {
            const float hiss = noise * (0.4f + 1.2f * sm_random_uniform(random));
            row[x] = decibel * log2f(row[x] * share + hiss);
        }
    }
}

/** Smooths with the kernel 1 2 1 in both directions, as scanners do, and converts to grey. */
static void show(const sm_scanner *scanner, const float *level, float *sum, int width, int height, uint8_t *grey) {
    const float scale = 255.0f / scanner->range / 16.0f;
    for (int y = 0; y < height; y++) {
        const float *middle = level + (ptrdiff_t)y * width;
        const float *above = y > 0 ? middle - width : middle, *below = y + 1 < height ? middle + width : middle;
        for (int x = 0; x < width; x++) sum[x] = above[x] + 2.0f * middle[x] + below[x];
        for (int x = 0; x < width; x++) {
            const float left = sum[x > 0 ? x - 1 : x], right = sum[x + 1 < width ? x + 1 : x];
            float value = scanner->gain + scale * (left + 2.0f * sum[x] + right) + 0.5f;
            value = value > 0.0f ? value : 0.0f;
            grey[(ptrdiff_t)y * width + x] = (uint8_t)(value < 255.0f ? value : 255.0f);
        }
    }
}

sm_status sm_scanner_form(const sm_scanner *scanner, float *echo, int width, int height, uint64_t seed, uint8_t *grey,
                          sm_error *error) {
    const size_t count = (size_t)width * (size_t)height, row = (size_t)width * sizeof(float);
    workspace work = {.intensity = calloc(count, sizeof(float)),
                      .field = malloc(row),
                      .ring = malloc((2 * RADIUS_MAXIMUM + 1) * row),
                      .padded = calloc((size_t)width + 2 * RADIUS_MAXIMUM, sizeof(float))};
    sm_status status = SM_OK;
    if (work.intensity && work.field && work.ring && work.padded) {
        for (size_t i = 0; i < count; i++) echo[i] = exp2f(echo[i] * (1.0f / 6.02059991f)); // dB to amplitude
        for (int look = 0; look < 2 * LOOKS; look++) {
            sm_random random = sm_random_make(sm_random_derive(seed, (uint64_t)look));
            add_look(scanner, echo, width, height, &random, &work);
        }
        sm_random random = sm_random_make(sm_random_derive(seed, 2 * LOOKS));
        compress(scanner, work.intensity, width, height, &random);
        show(scanner, work.intensity, work.field, width, height, grey);
    } else {
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory for a phantom of %d x %d pixels", width, height);
    }
    free(work.intensity);
    free(work.field);
    free(work.ring);
    free(work.padded);
    return status;
}
