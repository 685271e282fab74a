#include "stroke.h"

#include <math.h>
#include <stddef.h>

static const float pi = 3.14159265f;

static float clamp(float value, float low, float high) { return fminf(fmaxf(value, low), high); }

static void blend(const sm_canvas *canvas, int x, int y, float grey, float alpha) {
    uint8_t *pixel = &canvas->grey[(ptrdiff_t)y * canvas->width + x];
    *pixel = (uint8_t)lrintf((float)*pixel + (grey - (float)*pixel) * alpha);
}

void sm_stroke_line(const sm_canvas *canvas, const sm_pen *pen, float x0, float y0, float x1, float y1) {
    /* A stroke narrower than a pixel is drawn one pixel wide and paler. */
    const float radius = 0.5f * fmaxf(pen->width, 1.0f), alpha = pen->alpha * fminf(pen->width, 1.0f);
    const float reach = radius + 0.5f, dx = x1 - x0, dy = y1 - y0, length = dx * dx + dy * dy;
    const int left = (int)clamp(floorf(fminf(x0, x1) - reach), 0.0f, (float)canvas->width);
    const int right = (int)clamp(ceilf(fmaxf(x0, x1) + reach), -1.0f, (float)canvas->width - 1.0f);
    const int top = (int)clamp(floorf(fminf(y0, y1) - reach), 0.0f, (float)canvas->height);
    const int bottom = (int)clamp(ceilf(fmaxf(y0, y1) + reach), -1.0f, (float)canvas->height - 1.0f);
    for (int y = top; y <= bottom; y++)
        for (int x = left; x <= right; x++) {
            const float px = (float)x - x0, py = (float)y - y0;
            const float along = length > 0.0f ? clamp((px * dx + py * dy) / length, 0.0f, 1.0f) : 0.0f;
            const float away_x = px - along * dx, away_y = py - along * dy;
            const float covered = clamp(reach - sqrtf(away_x * away_x + away_y * away_y), 0.0f, 1.0f);
            if (covered > 0.0f) blend(canvas, x, y, pen->grey, alpha * covered);
        }
}

void sm_stroke_arc(const sm_canvas *canvas, const sm_pen *pen, float x, float y, float radius_x, float radius_y,
                   float from, float to) {
    const int steps = 4 + (int)(fabsf(to - from) * 12.0f / pi);
    for (int i = 0; i < steps; i++) {
        const float a = from + (to - from) * (float)i / (float)steps;
        const float b = from + (to - from) * (float)(i + 1) / (float)steps;
        sm_stroke_line(canvas, pen, x + radius_x * cosf(a), y + radius_y * sinf(a), x + radius_x * cosf(b),
                       y + radius_y * sinf(b));
    }
}

void sm_stroke_dots(const sm_canvas *canvas, const sm_pen *pen, float x0, float y0, float x1, float y1, float step) {
    const float length = sqrtf((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0));
    const int count = (int)(length / step);
    for (int i = 1; i < count; i++) {
        const float share = (float)i / (float)count, x = x0 + (x1 - x0) * share, y = y0 + (y1 - y0) * share;
        sm_stroke_line(canvas, pen, x, y, x, y);
    }
}

void sm_stroke_box(const sm_canvas *canvas, const sm_pen *pen, int left, int top, int width, int height) {
    for (int y = top > 0 ? top : 0; y < top + height && y < canvas->height; y++)
        for (int x = left > 0 ? left : 0; x < left + width && x < canvas->width; x++)
            blend(canvas, x, y, pen->grey, pen->alpha);
}

/** Strokes of the glyphs on a grid of 5 x 7 points: four digits per stroke, x and y of its start and
 *  of its end. */
static const char *const glyphs[] = {
    "0602 0220 2042 4246 0444",                          // A
    "0600 0030 3041 4142 4233 3303 3344 4445 4536 3606", // B
    "4130 3010 1001 0105 0516 1636 3645",                // C
    "0600 0030 3041 4145 4536 3606",                     // D
    "4000 0006 0646 0333",                               // E
    "4000 0006 0333",                                    // F
    "0006 4046 0343",                                    // H
    "2026 1030 1636",                                    // I
    "0006 4003 0346",                                    // K
    "0006 0646",                                         // L
    "0600 0023 2340 4046",                               // M
    "0600 0046 4640",                                    // N
    "1030 3041 4145 4536 3616 1605 0501 0110",           // O and 0
    "0600 0030 3041 4142 4233 3303",                     // P
    "0600 0030 3041 4142 4233 3303 2346",                // R
    "4110 1001 0102 0213 1333 3344 4445 4536 3605",      // S
    "0040 2026",                                         // T
    "0005 0516 1636 3645 4540",                          // U
    "0026 2640",                                         // V
    "0046 4006",                                         // X
    "1120 2026 1636",                                    // 1
    "0110 1030 3041 4142 4206 0646",                     // 2
    "0040 4022 2244 4445 4536 3616 1605",                // 3
    "3630 3004 0444",                                    // 4
    "4000 0003 0333 3344 4445 4536 3606",                // 5
    "0040 4016",                                         // 7
    "2526",                                              // point
};

int sm_glyph_count(void) { return (int)(sizeof glyphs / sizeof *glyphs); }

void sm_glyph_draw(const sm_canvas *canvas, const sm_pen *pen, int index, float x, float y, float height) {
    const float unit = height / 6.0f;
    for (const char *stroke = glyphs[index]; stroke; stroke = stroke[4] ? stroke + 5 : NULL)
        sm_stroke_line(canvas, pen, x + unit * (float)(stroke[0] - '0'), y + unit * (float)(stroke[1] - '0'),
                       x + unit * (float)(stroke[2] - '0'), y + unit * (float)(stroke[3] - '0'));
}
