#include "photograph.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/data/random.h"
#include "../../native/jpeg_write.h"
#include "../../src/status.h"

enum { CHANNELS = 3 };

static const double pi = 3.14159265358979323846;

photograph_style photograph_style_random(uint64_t seed) {
    static const int sizes[][2] = {{1600, 1200}, {1280, 960}, {2016, 1512}, {1080, 810}};
    static const int qualities[] = {70, 80, 90};
    sm_random random = sm_random_make(seed);
    const int size = sm_random_below(&random, 4);
    photograph_style style = {.width = sizes[size][0], .height = sizes[size][1], .seed = seed};
    const float tilt = sm_random_range(&random, 5, 20) * (float)pi / 180,
                direction = sm_random_range(&random, 0, 2 * (float)pi);
    style.pitch = tilt * sinf(direction);
    style.yaw = tilt * cosf(direction);
    style.roll = sm_random_range(&random, -0.06f, 0.06f);
    style.distance = sm_random_range(&random, 1.1f, 1.5f);
    style.moire = sm_random_uniform(&random) < 0.6f ? sm_random_range(&random, 0.03f, 0.3f) : 0;
    style.moire_period = sm_random_range(&random, 3, 14);
    style.glares = sm_random_below(&random, 3);
    style.gain = sm_random_range(&random, 0.6f, 1.3f);
    style.gamma = sm_random_range(&random, 0.8f, 1.3f);
    for (int c = 0; c < CHANNELS; c++) style.cast[c] = sm_random_range(&random, 0.9f, 1.1f);
    style.noise = sm_random_range(&random, 1, 6);
    style.jpeg = qualities[sm_random_below(&random, 3)];
    return style;
}

static void multiply(const double a[9], const double b[9], double product[9]) {
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            product[3 * i + j] = a[3 * i] * b[j] + a[3 * i + 1] * b[3 + j] + a[3 * i + 2] * b[6 + j];
}

static void invert(const double m[9], double inverse[9]) {
    const double cofactors[9] = {m[4] * m[8] - m[5] * m[7], m[2] * m[7] - m[1] * m[8], m[1] * m[5] - m[2] * m[4],
                                 m[5] * m[6] - m[3] * m[8], m[0] * m[8] - m[2] * m[6], m[2] * m[3] - m[0] * m[5],
                                 m[3] * m[7] - m[4] * m[6], m[1] * m[6] - m[0] * m[7], m[0] * m[4] - m[1] * m[3]};
    const double determinant = m[0] * cofactors[0] + m[1] * cofactors[3] + m[2] * cofactors[6];
    for (int i = 0; i < 9; i++) inverse[i] = cofactors[i] / determinant;
}

sm_point photograph_map(const double h[9], double x, double y) {
    const double w = h[6] * x + h[7] * y + h[8];
    return (sm_point){(float)((h[0] * x + h[1] * y + h[2]) / w), (float)((h[3] * x + h[4] * y + h[5]) / w)};
}

/** A pinhole camera in front of the middle of the screen. */
static void place_camera(const photograph_style *s, int width, int height, photograph *taken) {
    const double diagonal = hypot(width, height), cp = cos((double)s->pitch), sp = sin((double)s->pitch);
    const double cy = cos((double)s->yaw), sy = sin((double)s->yaw), cr = cos((double)s->roll),
                 sr = sin((double)s->roll);
    const double focal = 0.95 * hypot(s->width, s->height);
    const double pitch[9] = {1, 0, 0, 0, cp, -sp, 0, sp, cp}, yaw[9] = {cy, 0, sy, 0, 1, 0, -sy, 0, cy},
                 roll[9] = {cr, -sr, 0, sr, cr, 0, 0, 0, 1};
    double turned[9], rotation[9];
    multiply(yaw, pitch, turned);
    multiply(roll, turned, rotation);
    /* The plane z = 0: the third column of the rotation is replaced by the camera's place. */
    const double plane[9] = {rotation[0], rotation[1], 0,
                             rotation[3], rotation[4], 0,
                             rotation[6], rotation[7], diagonal * (double)s->distance};
    const double lens[9] = {focal, 0, 0.5 * s->width, 0, focal, 0.5 * s->height, 0, 0, 1};
    const double centred[9] = {1, 0, -0.5 * width, 0, 1, -0.5 * height, 0, 0, 1};
    double seen[9];
    multiply(lens, plane, seen);
    multiply(seen, centred, taken->from_screen);
    invert(taken->from_screen, taken->to_screen);
}

/** The colour of the screen at a point, bilinear; false outside. */
static bool look_up(const sm_image *screen, double x, double y, double rgb[CHANNELS]) {
    x -= 0.5;
    y -= 0.5;
    if (x < 0 || y < 0 || x >= screen->width - 1 || y >= screen->height - 1) return false;
    const int left = (int)x, top = (int)y;
    const double fx = x - left, fy = y - top;
    const size_t stride = CHANNELS * (size_t)screen->width;
    const uint8_t *p = screen->pixels + (size_t)top * stride + CHANNELS * (size_t)left;
    for (size_t c = 0; c < CHANNELS; c++)
        rgb[c] = (1 - fy) * ((1 - fx) * p[c] + fx * p[c + CHANNELS]) +
                 fy * ((1 - fx) * p[stride + c] + fx * p[stride + c + CHANNELS]);
    return true;
}

typedef struct glare {
    double x, y, width, height, strength;
} glare;

/** A photograph in the making. */
typedef struct shot {
    const photograph_style *style;
    const sm_image *screen;
    const uint8_t *mask;
    glare glares[4];
    double moire[2], bend[2];        /* waves per pixel; and how the pattern bends */
    double room[CHANNELS], slope[2]; /* brightness around the screen */
    double bezel;
    sm_random noise;
} shot;

/** The mean of four points in a pixel, as a lens that is not quite sharp. */
static void expose(shot *s, const photograph *taken, int x, int y, double rgb[CHANNELS]) {
    static const double spread = 0.45;
    memset(rgb, 0, CHANNELS * sizeof *rgb);
    for (int k = 0; k < 4; k++) {
        const sm_point at = photograph_map(taken->to_screen, x + 0.5 + (k & 1 ? spread : -spread),
                                           y + 0.5 + (k & 2 ? spread : -spread));
        double colour[CHANNELS];
        const double border = 0.03 * s->screen->width;
        if (look_up(s->screen, (double)at.x, (double)at.y, colour)) {
            for (int c = 0; c < CHANNELS; c++) rgb[c] += 0.25 * (colour[c] + 4);
        } else {
            const bool bezel = (double)at.x > -border && (double)at.x < s->screen->width + border &&
                               (double)at.y > -border && (double)at.y < s->screen->height + border;
            for (int c = 0; c < CHANNELS; c++)
                rgb[c] += 0.25 * (bezel ? s->bezel : s->room[c] * (1 + s->slope[0] * x + s->slope[1] * y));
        }
    }
}

static uint8_t develop(shot *s, int channel, double value, double wave, double added) {
    const photograph_style *style = s->style;
    value *= 1 + (double)style->moire * wave;
    value = 255 * pow(fmax(value, 0) / 255, (double)style->gamma) * (double)style->gain * (double)style->cast[channel];
    value += added + (double)(style->noise * sm_random_normal(&s->noise));
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5);
}

static void draw(shot *s, photograph *taken) {
    const photograph_style *style = s->style;
    for (int y = 0; y < style->height; y++)
        for (int x = 0; x < style->width; x++) {
            double rgb[CHANNELS], added = 0;
            expose(s, taken, x, y, rgb);
            for (int k = 0; k < style->glares; k++) {
                const glare *g = &s->glares[k];
                const double dx = (x - g->x) / g->width, dy = (y - g->y) / g->height;
                added += g->strength * exp(-0.5 * (dx * dx + dy * dy));
            }
            const double across = (double)x / style->width, down = (double)y / style->height;
            const double phase =
                2 * pi * (s->moire[0] * x + s->moire[1] * y + s->bend[0] * across * across + s->bend[1] * down * down);
            const size_t at = (size_t)y * (size_t)style->width + (size_t)x;
            for (int c = 0; c < CHANNELS; c++)
                taken->image.pixels[CHANNELS * at + (size_t)c] = develop(s, c, rgb[c], sin(phase + 0.7 * c), added);
            const sm_point from = photograph_map(taken->to_screen, x + 0.5, y + 0.5);
            const bool on_screen =
                from.x >= 0 && from.y >= 0 && from.x < (float)s->screen->width && from.y < (float)s->screen->height;
            taken->mask[at] =
                on_screen ? s->mask[(size_t)(int)from.y * (size_t)s->screen->width + (size_t)(int)from.x] : 0;
        }
}

sm_status photograph_take(const photograph_style *style, const sm_image *screen, const uint8_t *mask, photograph *taken,
                          sm_error *error) {
    const size_t pixels = (size_t)style->width * (size_t)style->height;
    *taken = (photograph){.image = {.width = style->width, .height = style->height, .channels = CHANNELS}};
    taken->image.pixels = malloc(CHANNELS * pixels);
    taken->mask = malloc(pixels);
    if (!taken->image.pixels || !taken->mask) {
        photograph_free(taken);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for a photograph");
    }
    place_camera(style, screen->width, screen->height, taken);
    sm_random random = sm_random_make(sm_random_derive(style->seed, 1));
    shot s = {
        .style = style, .screen = screen, .mask = mask, .noise = sm_random_make(sm_random_derive(style->seed, 2))};
    for (int k = 0; k < 4; k++)
        s.glares[k] = (glare){(double)sm_random_range(&random, 0.1f, 0.9f) * style->width,
                              (double)sm_random_range(&random, 0.1f, 0.9f) * style->height,
                              (double)sm_random_range(&random, 0.02f, 0.09f) * style->width,
                              (double)sm_random_range(&random, 0.02f, 0.09f) * style->width,
                              (double)sm_random_range(&random, 40, 260)};
    const double direction = (double)sm_random_range(&random, 0, (float)pi);
    s.moire[0] = cos(direction) / (double)style->moire_period;
    s.moire[1] = sin(direction) / (double)style->moire_period;
    for (int k = 0; k < 2; k++) {
        s.bend[k] = (double)sm_random_range(&random, -6, 6);
        s.slope[k] = (double)sm_random_range(&random, -0.4f, 0.4f) / style->width;
    }
    const double room = (double)sm_random_range(&random, 10, 200);
    for (int c = 0; c < CHANNELS; c++) s.room[c] = room * (double)sm_random_range(&random, 0.85f, 1.15f);
    s.bezel = (double)sm_random_range(&random, 5, 60);
    draw(&s, taken);
    const sm_status status = sm_jpeg_round_trip(&taken->image, style->jpeg, error);
    if (status != SM_OK) photograph_free(taken);
    return status;
}

void photograph_free(photograph *taken) {
    free(taken->image.pixels);
    free(taken->mask);
    *taken = (photograph){0};
}
