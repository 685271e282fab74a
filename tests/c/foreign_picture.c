#include "foreign_picture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../native/data/random.h"

/** A grey picture in the making, values 0..255. */
typedef struct paper {
    float *values;
    int width, height;
} paper;

static void rectangle(paper *p, int left, int top, int width, int height, float value) {
    for (int y = top < 0 ? 0 : top; y < top + height && y < p->height; y++)
        for (int x = left < 0 ? 0 : left; x < left + width && x < p->width; x++) p->values[y * p->width + x] = value;
}

/** A disc, or with `ripple` a textured one. */
static void disc(paper *p, float x0, float y0, float radius, float value, float ripple, float wave) {
    for (int y = 0; y < p->height; y++)
        for (int x = 0; x < p->width; x++) {
            const float dx = (float)x - x0, dy = (float)y - y0;
            if (dx * dx + dy * dy > radius * radius) continue;
            p->values[y * p->width + x] = value + ripple * sinf(wave * (dx + 0.6f * dy));
        }
}

static void text(paper *p, sm_random *random) {
    rectangle(p, 0, 0, p->width, p->height, 250);
    for (int top = 8; top + 10 < p->height; top += 14)
        for (int left = 8; left + 8 < p->width; left += 6) {
            if (sm_random_below(random, 6) == 0) continue; /* a space */
            for (int stroke = 0; stroke < 3; stroke++) {
                const bool upright = sm_random_below(random, 2) == 0;
                const int x = left + sm_random_below(random, 3), y = top + sm_random_below(random, 5);
                rectangle(p, x, y, upright ? 1 : 4, upright ? 5 : 1, 20);
            }
        }
}

static void screen(paper *p, sm_random *random) {
    rectangle(p, 0, 0, p->width, p->height, 190);
    for (int window = 0; window < 3; window++) {
        const int left = sm_random_below(random, p->width / 2), top = sm_random_below(random, p->height / 2);
        rectangle(p, left, top, p->width / 2, p->height / 2, 240);
        rectangle(p, left, top, p->width / 2, 10, 60);
        for (int row = 0; row < 4; row++)
            rectangle(p, left + 6, top + 18 + 12 * row, 20 + sm_random_below(random, p->width / 3), 4, 90);
    }
    for (int x = 4; x + 12 < p->width; x += 20) rectangle(p, x, p->height - 14, 12, 10, (float)(80 + x % 120));
}

static void scan(paper *p, sm_random *random) {
    const float x = 0.5f * (float)p->width, y = 0.5f * (float)p->height;
    const float radius = 0.42f * (float)(p->width < p->height ? p->width : p->height);
    disc(p, x, y, radius, 240, 0, 0);
    disc(p, x, y, 0.9f * radius, 110, 0, 0);
    for (int organ = 0; organ < 6; organ++)
        disc(p, x + sm_random_range(random, -0.5f, 0.5f) * radius, y + sm_random_range(random, -0.5f, 0.5f) * radius,
             sm_random_range(random, 0.1f, 0.3f) * radius, sm_random_range(random, 70, 170), 0, 0);
}

static void discs(paper *p, sm_random *random, int count, float ripple) {
    rectangle(p, 0, 0, p->width, p->height, sm_random_range(random, 40, 220));
    for (int i = 0; i < count; i++) {
        const float size = sm_random_uniform(random);
        disc(p, sm_random_range(random, 0, (float)p->width), sm_random_range(random, 0, (float)p->height),
             4 + size * size * 0.35f * (float)p->width, sm_random_range(random, 0, 255),
             ripple * sm_random_uniform(random), sm_random_range(random, 0.1f, 1.5f));
    }
}

static void draw(paper *p, foreign_kind kind, sm_random *random) {
    const int pixels = p->width * p->height;
    switch (kind) {
    case FOREIGN_BLANK:
        rectangle(p, 0, 0, p->width, p->height, (float)sm_random_below(random, 256));
        break;
    case FOREIGN_NOISE:
        for (int i = 0; i < pixels; i++) p->values[i] = 255 * sm_random_uniform(random);
        break;
    case FOREIGN_GRADIENT: {
        const float angle = sm_random_range(random, 0, 6.28f);
        for (int y = 0; y < p->height; y++)
            for (int x = 0; x < p->width; x++)
                p->values[y * p->width + x] = 127 + 120 * (cosf(angle) * ((float)x / (float)p->width - 0.5f) +
                                                           sinf(angle) * ((float)y / (float)p->height - 0.5f));
        break;
    }
    case FOREIGN_TEXT:
        text(p, random);
        break;
    case FOREIGN_SHAPES:
        discs(p, random, 12, 0);
        break;
    case FOREIGN_SCREEN:
        screen(p, random);
        break;
    case FOREIGN_LEAVES:
        discs(p, random, 60, 40);
        break;
    case FOREIGN_SCAN:
        scan(p, random);
        break;
    case FOREIGN_KINDS:
        break;
    }
}

sm_image foreign_picture(foreign_kind kind, int width, int height, bool coloured, uint64_t seed) {
    sm_random random = sm_random_make(sm_random_derive(seed, (uint64_t)kind));
    const int channels = coloured ? 3 : 1;
    paper p = {.values = calloc((size_t)(width * height), sizeof(float)), .width = width, .height = height};
    sm_image image = {
        .width = width, .height = height, .channels = channels, .pixels = malloc((size_t)(width * height * channels))};
    assert_non_null(p.values);
    assert_non_null(image.pixels);
    draw(&p, kind, &random);
    for (int i = 0; i < width * height; i++)
        for (int c = 0; c < channels; c++) {
            const float value = p.values[i] * (coloured && c == 1 ? 0.6f : 1.0f);
            image.pixels[i * channels + c] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
        }
    free(p.values);
    return image;
}
