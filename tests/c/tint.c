#include "tint.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "../../native/data/random.h"

enum { CHANNELS = 3, STOPS = 4 };

/** Colours of evenly spaced greys. */
typedef struct colour_map {
    const char *name;
    int count;
    double stops[STOPS][CHANNELS];
} colour_map;

static const colour_map maps[TINT_KINDS] = {
    {"sepia", 3, {{0, 0, 0}, {140, 100, 60}, {255, 240, 210}}},
    {"amber", 2, {{0, 0, 0}, {255, 170, 40}}},
    {"blue", 2, {{0, 0, 0}, {150, 190, 255}}},
    {"deep blue", 3, {{0, 0, 0}, {20, 40, 220}, {255, 255, 255}}},
    {"hot", 4, {{0, 0, 0}, {255, 0, 0}, {255, 255, 0}, {255, 255, 255}}},
    {"green", 2, {{0, 0, 0}, {90, 255, 120}}},
    {"magenta", 3, {{0, 0, 0}, {190, 30, 170}, {255, 255, 255}}},
};

const char *tint_name(tint_kind kind) { return maps[kind].name; }

sm_image tint_image(tint_kind kind, const uint8_t *grey, int width, int height) {
    const size_t pixels = (size_t)width * (size_t)height;
    sm_image image = {width, height, CHANNELS, malloc(CHANNELS * pixels)};
    const colour_map *map = &maps[kind];
    for (size_t i = 0; image.pixels && i < pixels; i++) {
        const double place = grey[i] / 255.0 * (map->count - 1);
        const int first = place >= map->count - 1 ? map->count - 2 : (int)place;
        for (int c = 0; c < CHANNELS; c++)
            image.pixels[CHANNELS * i + (size_t)c] =
                (uint8_t)(map->stops[first][c] + (place - first) * (map->stops[first + 1][c] - map->stops[first][c]) +
                          0.5);
    }
    return image;
}

enum { WAVES = 14 };

/** Smooth noise, a sum of waves. */
typedef struct field {
    double across[WAVES], down[WAVES], phase[WAVES];
} field;

static field field_make(sm_random *random, double pixels) {
    field f;
    for (int k = 0; k < WAVES; k++) {
        f.across[k] = (double)sm_random_normal(random) / pixels;
        f.down[k] = (double)sm_random_normal(random) / pixels;
        f.phase[k] = (double)sm_random_range(random, 0, 6.2831853f);
    }
    return f;
}

static double field_at(const field *f, int x, int y) {
    double sum = 0;
    for (int k = 0; k < WAVES; k++) sum += sin(f->across[k] * x + f->down[k] * y + f->phase[k]);
    return sum / sqrt(0.5 * WAVES);
}

static void paint(sm_image *image, int x, int y, double r, double g, double b) {
    uint8_t *p = image->pixels + CHANNELS * ((size_t)y * (size_t)image->width + (size_t)x);
    p[0] = (uint8_t)r;
    p[1] = (uint8_t)g;
    p[2] = (uint8_t)b;
}

int tint_doppler(sm_image *image, double middle_x, double middle_y, double half, uint64_t seed) {
    sm_random random = sm_random_make(seed);
    const int left = (int)fmax(0, (middle_x - half) * image->width),
              right = (int)fmin(image->width - 1, (middle_x + half) * image->width);
    const int top = (int)fmax(0, (middle_y - half) * image->height),
              bottom = (int)fmin(image->height - 1, (middle_y + half) * image->height);
    const double size = (double)image->width / 30;
    const field place = field_make(&random, size), speed = field_make(&random, 0.5 * size);
    const double least = (double)sm_random_range(&random, 0.8f, 1.6f);
    const bool power = sm_random_uniform(&random) < 0.3f;
    int count = 0;
    for (int y = top; y <= bottom; y++)
        for (int x = left; x <= right; x++) {
            if (x == left || x == right || y == top || y == bottom) {
                paint(image, x, y, 40, 220, 60);
                continue;
            }
            if (field_at(&place, x, y) < least) continue;
            const double v = field_at(&speed, x, y), strength = fmin(1, fabs(v) / 1.5);
            if (power || v >= 0)
                paint(image, x, y, 120 + 135 * strength, 220 * strength * strength, 10);
            else
                paint(image, x, y, 10, 200 * strength * strength, 120 + 135 * strength);
            count++;
        }
    return count;
}
