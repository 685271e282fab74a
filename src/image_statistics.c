#include "image_statistics.h"

#include <math.h>
#include <stdlib.h>

#include "exp_log.h"
#include "letterbox.h"

/** Grey values 0..1, [height][width]. */
typedef struct plane {
    const float *values;
    int width, height;
} plane;

/** Place of the next statistic. */
typedef struct writer {
    float *values;
    int count;
} writer;

static void put(writer *out, double value) {
    if (out->count < SM_STATISTICS_COUNT) out->values[out->count++] = isfinite(value) ? (float)value : 0.0f;
}

/** Spreads small shares as widely as large ones. */
static void put_share(writer *out, double part, double whole) { put(out, whole > 0 ? sqrt(part / whole) : 0.0); }

static void put_strength(writer *out, double value) { put(out, sm_log(value + 1e-3)); }

static float at(const plane *p, int x, int y) { return p->values[(size_t)y * (size_t)p->width + (size_t)x]; }

/* ---- colour, at the original size ---- */

enum { COLOURED = 24 }; /* a difference between channels beyond compression artefacts */

/** Sums over the pixels of an image of at least three channels; 0 for a grey one. */
static void sum_colours(const sm_image *image, double *saturation, size_t *coloured) {
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    const size_t channels = (size_t)image->channels;
    *saturation = 0;
    *coloured = 0;
    for (size_t i = 0; channels >= 3 && i < pixels; i++) {
        const uint8_t *p = image->pixels + channels * i;
        int low = p[0] < p[1] ? p[0] : p[1];
        int high = p[0] > p[1] ? p[0] : p[1];
        if (p[2] < low) low = p[2];
        if (p[2] > high) high = p[2];
        *saturation += high - low;
        *coloured += high - low > COLOURED;
    }
}

double sm_image_coloured_share(const sm_image *image) {
    double saturation;
    size_t coloured;
    sum_colours(image, &saturation, &coloured);
    return (double)coloured / ((double)image->width * image->height);
}

static void put_colour(const sm_image *image, writer *out) {
    const double pixels = (double)image->width * image->height;
    double saturation;
    size_t coloured;
    sum_colours(image, &saturation, &coloured);
    put_share(out, saturation / 255, pixels);
    put_share(out, (double)coloured, pixels);
}

/* ---- grey values ---- */

enum { HISTOGRAM_BINS = 32 };

static double quantile(const int *histogram, int total, double share) {
    double left = share * total;
    for (int b = 0; b < HISTOGRAM_BINS; b++) {
        if (left <= histogram[b] && histogram[b] > 0) return (b + left / histogram[b]) / HISTOGRAM_BINS;
        left -= histogram[b];
    }
    return 1;
}

/** Returns the variance. */
static double put_grey_values(const plane *p, writer *out) {
    const int pixels = p->width * p->height;
    int histogram[HISTOGRAM_BINS] = {0};
    int black = 0;
    int white = 0;
    double sum = 0;
    for (int i = 0; i < pixels; i++) {
        const float value = p->values[i];
        const int bin = (int)(value * HISTOGRAM_BINS);
        histogram[bin < HISTOGRAM_BINS ? bin : HISTOGRAM_BINS - 1]++;
        black += value <= 4.0f / 255;
        white += value >= 250.0f / 255;
        sum += (double)value;
    }
    const double mean = sum / pixels;
    double moments[3] = {0, 0, 0};
    for (int i = 0; i < pixels; i++) {
        const double d = (double)p->values[i] - mean;
        moments[0] += d * d;
        moments[1] += d * d * d;
        moments[2] += d * d * d * d;
    }
    const double variance = moments[0] / pixels;
    const double deviation = sqrt(variance) + 1e-3;
    double entropy = 0;
    int most = 0;
    for (int b = 0; b < HISTOGRAM_BINS; b++) {
        const double share = (double)histogram[b] / pixels;
        if (share > 0) entropy -= share * sm_log(share);
        if (histogram[b] > most) most = histogram[b];
    }
    put_share(out, black, pixels);
    put_share(out, white, pixels);
    put(out, mean);
    put(out, deviation);
    put(out, moments[1] / pixels / (deviation * deviation * deviation));
    put(out, sm_log(moments[2] / pixels / (deviation * deviation * deviation * deviation) + 0.1));
    put(out, entropy);
    put_share(out, most, pixels);
    put(out, quantile(histogram, pixels, 0.1));
    put(out, quantile(histogram, pixels, 0.5));
    put(out, quantile(histogram, pixels, 0.9));
    return variance;
}

/* ---- gradients and speckle ---- */

enum { DIRECTIONS = 4 };

static void put_gradients(const plane *p, writer *out) {
    double across = 0;
    double down = 0;
    double squares = 0;
    double fourths = 0;
    double speckle = 0;
    double energy[DIRECTIONS] = {0, 0, 0, 0};
    double total = 0;
    int flat = 0;
    int pixels = 0;
    for (int y = 1; y + 1 < p->height; y++)
        for (int x = 1; x + 1 < p->width; x++) {
            const double dx = 0.5 * (double)(at(p, x + 1, y) - at(p, x - 1, y));
            const double dy = 0.5 * (double)(at(p, x, y + 1) - at(p, x, y - 1));
            const double around =
                0.25 * (double)(at(p, x + 1, y) + at(p, x - 1, y) + at(p, x, y + 1) + at(p, x, y - 1));
            const double square = dx * dx + dy * dy;
            const double ax = fabs(dx);
            const double ay = fabs(dy);
            across += ax;
            down += ay;
            squares += square;
            fourths += square * square;
            speckle += fabs((double)at(p, x, y) - around) / (around + 0.05);
            flat += square < 1.0 / (255.0 * 255.0);
            /* Horizontal, vertical, and the two diagonals: within 22.5 degrees (tangent 0.4142). */
            const int direction = ay < 0.4142 * ax ? 0 : ax < 0.4142 * ay ? 1 : dx * dy > 0 ? 2 : 3;
            energy[direction] += square;
            total += square;
            pixels++;
        }
    if (pixels == 0) pixels = 1;
    put_strength(out, across / pixels);
    put(out, sm_log((down + 1e-3 * pixels) / (across + 1e-3 * pixels)));
    put_strength(out, speckle / pixels);
    put_share(out, flat, pixels);
    put(out, sm_log((fourths / pixels + 1e-9) / (squares / pixels * squares / pixels + 1e-9)));
    put(out, (energy[0] + energy[1] + 1e-6) / (total + 2e-6));
    put(out, (energy[2] + 1e-6) / (energy[2] + energy[3] + 2e-6));
}

/** Half the width and height, by the mean of four. Odd last rows and columns are dropped. */
static void halve(const plane *p, float *values, plane *half) {
    const int width = p->width / 2;
    const int height = p->height / 2;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            values[(size_t)y * (size_t)width + (size_t)x] =
                0.25f *
                (at(p, 2 * x, 2 * y) + at(p, 2 * x + 1, 2 * y) + at(p, 2 * x, 2 * y + 1) + at(p, 2 * x + 1, 2 * y + 1));
    *half = (plane){.values = values, .width = width, .height = height};
}

/* ---- structure ---- */

/** Tissue forms bands below the probe: the fall of brightness with depth, and the differences of rows and columns.
 * `spare` is [height] or more. */
static void put_rows_and_columns(const plane *p, double variance, double *spare, writer *out) {
    double mean = 0;
    double rows = 0;
    double columns = 0;
    for (int y = 0; y < p->height; y++) {
        spare[y] = 0;
        for (int x = 0; x < p->width; x++) spare[y] += (double)at(p, x, y);
        spare[y] /= p->width;
        mean += spare[y] / p->height;
    }
    for (int y = 0; y < p->height; y++) rows += (spare[y] - mean) * (spare[y] - mean) / p->height;
    for (int band = 0; band < SM_STATISTICS_BANDS; band++) {
        const int from = band * p->height / SM_STATISTICS_BANDS;
        const int to = (band + 1) * p->height / SM_STATISTICS_BANDS;
        double sum = 0;
        for (int y = from; y < to; y++) sum += spare[y];
        put(out, to > from ? sum / (to - from) - mean : 0.0);
    }
    for (int x = 0; x < p->width; x++) {
        double sum = 0;
        for (int y = 0; y < p->height; y++) sum += (double)at(p, x, y);
        const double d = sum / p->height - mean;
        columns += d * d / p->width;
    }
    put_share(out, rows, variance + 1e-6);
    put_share(out, columns, variance + 1e-6);
    double mirrored = 0;
    for (int y = 0; y < p->height; y++)
        for (int x = 0; x < p->width / 2; x++) mirrored += fabs((double)(at(p, x, y) - at(p, p->width - 1 - x, y)));
    const int pairs = p->height * (p->width / 2);
    put(out, mirrored / (pairs + 1) / (sqrt(variance) + 1e-2));
}

/** Correlation of pixels at a distance, across and down: speckle is wider than deep, photographs correlate farther. */
static void put_likeness(const plane *p, writer *out) {
    static const int distances[] = {1, 2, 4, 8};
    double mean = 0;
    double variance = 0;
    const int pixels = p->width * p->height;
    for (int i = 0; i < pixels; i++) mean += (double)p->values[i] / pixels;
    for (int i = 0; i < pixels; i++) {
        const double d = (double)p->values[i] - mean;
        variance += d * d / pixels;
    }
    for (int down = 0; down < 2; down++)
        for (size_t k = 0; k < sizeof distances / sizeof *distances; k++) {
            const int dx = down ? 0 : distances[k];
            const int dy = down ? distances[k] : 0;
            double difference = 0;
            int pairs = 0;
            for (int y = 0; y + dy < p->height; y++)
                for (int x = 0; x + dx < p->width; x++) {
                    const double d = (double)(at(p, x, y) - at(p, x + dx, y + dy));
                    difference += d * d;
                    pairs++;
                }
            put(out, pairs ? sm_log(difference / pairs / (2 * variance + 1e-4) + 1e-3) : 0.0);
        }
}

/** Speckle is multiplicative noise: bright blocks vary more than dark ones. Blocks of 8 x 8 pixels. */
static void put_noise_law(const plane *p, writer *out) {
    enum { BLOCK = 8 };
    double sums[6] = {0, 0, 0, 0, 0, 0}; /* of mean, deviation, their squares and product, and smooth blocks */
    int blocks = 0;
    for (int top = 0; top + BLOCK <= p->height; top += BLOCK)
        for (int left = 0; left + BLOCK <= p->width; left += BLOCK) {
            double sum = 0;
            double squares = 0;
            for (int y = top; y < top + BLOCK; y++)
                for (int x = left; x < left + BLOCK; x++) {
                    const double value = (double)at(p, x, y);
                    sum += value;
                    squares += value * value;
                }
            const double mean = sum / (BLOCK * BLOCK);
            const double deviation = sqrt(fmax(squares / (BLOCK * BLOCK) - mean * mean, 0));
            sums[0] += mean;
            sums[1] += deviation;
            sums[2] += mean * mean;
            sums[3] += deviation * deviation;
            sums[4] += mean * deviation;
            sums[5] += deviation < 0.01 && mean > 0.04;
            blocks++;
        }
    const double n = blocks ? blocks : 1;
    const double mean_variance = sums[2] / n - sums[0] / n * sums[0] / n;
    const double deviation_variance = sums[3] / n - sums[1] / n * sums[1] / n;
    put(out, (sums[4] / n - sums[0] / n * sums[1] / n) / (sqrt(fmax(mean_variance * deviation_variance, 0)) + 1e-4));
    put_strength(out, sums[1] / n);
    put(out, sqrt(fmax(deviation_variance, 0)) / (sums[1] / n + 1e-2));
    put_share(out, sums[5], n);
}

static void measure(const sm_image *image, plane *p, float *spare_plane, double *spare, float *statistics) {
    writer out = {.values = statistics};
    for (int i = 0; i < SM_STATISTICS_COUNT; i++) statistics[i] = 0;
    put_colour(image, &out);
    const double variance = put_grey_values(p, &out);
    put_rows_and_columns(p, variance, spare, &out);
    put_likeness(p, &out);
    put_noise_law(p, &out);
    plane halved;
    for (int scale = 0; scale < SM_STATISTICS_SCALES; scale++) {
        put_gradients(p, &out);
        halve(p, spare_plane, &halved);
        *p = halved;
        spare_plane += (size_t)halved.width * (size_t)halved.height;
    }
}

sm_status sm_image_statistics(const sm_image *image, const uint8_t *grey, float statistics[SM_STATISTICS_COUNT],
                              sm_error *error) {
    const sm_letterbox box = sm_letterbox_make(image->width, image->height, SM_STATISTICS_SIDE);
    const size_t pixels = (size_t)box.inner_width * (size_t)box.inner_height;
    uint8_t *small = malloc(pixels);
    float *values = malloc(2 * pixels * sizeof *values); /* and the halved sizes, together less than the same again */
    double spare[SM_STATISTICS_SIDE];
    sm_status status =
        small && values ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory for the statistics of an image");
    if (status == SM_OK)
        status = sm_plane_resize(grey, image->width, image->height, small, box.inner_width, box.inner_height, error);
    if (status == SM_OK) {
        for (size_t i = 0; i < pixels; i++) values[i] = (float)small[i] / 255.0f;
        plane p = {.values = values, .width = box.inner_width, .height = box.inner_height};
        measure(image, &p, values + pixels, spare, statistics);
    }
    free(small);
    free(values);
    return status;
}
