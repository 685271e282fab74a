/** Calipers: two crosses at the ends of a measured distance, and often two more across it. */
#include <math.h>
#include <stddef.h>

#include "mark_painter.h"

/** A measured distance, in units. */
typedef struct axis {
    float x0, y0, x1, y1;
} axis;

typedef struct calipers {
    axis measured;
    float arm;     /* half of the cross, units */
    float gap;     /* the cross is open in the middle, units */
    bool diagonal; /* x instead of + */
    bool dotted;   /* joined by a dotted line */
    int number;    /* glyph beside the first cross; negative: none */
} calipers;

static void draw_cross(const sm_mark_painter *p, const sm_pen *pen, const calipers *c, float x, float y) {
    const float long_x = c->diagonal ? 0.75f * c->arm : c->arm, long_y = c->diagonal ? 0.75f * c->arm : 0.0f;
    const float near = c->gap / c->arm;
    for (int turn = 0; turn < 4; turn++) {
        const float sign = turn < 2 ? 1.0f : -1.0f;
        const float dx = sign * (turn % 2 ? -long_y : long_x), dy = sign * (turn % 2 ? long_x : long_y);
        sm_mark_line(p, pen, x + near * dx, y + near * dy, x + dx, y + dy);
    }
}

static void draw_calipers(const sm_mark_painter *p, const sm_pen *pen, const void *what) {
    const calipers *c = what;
    const axis *a = &c->measured;
    draw_cross(p, pen, c, a->x0, a->y0);
    draw_cross(p, pen, c, a->x1, a->y1);
    const float u = p->unit;
    if (c->dotted) {
        const sm_pen dot = {.width = 0.8f * pen->width, .grey = pen->grey, .alpha = pen->alpha};
        sm_stroke_dots(&p->canvas, &dot, a->x0 * u, a->y0 * u, a->x1 * u, a->y1 * u, 3.0f * u);
    }
    if (c->number >= 0)
        sm_glyph_draw(&p->canvas, pen, c->number, (a->x0 + c->arm + 1.0f) * u, (a->y0 + 1.0f) * u, 5.0f * u);
}

/** The long axis of the lesion, through its centroid along the main direction, in units. False without a lesion. */
static bool long_axis(const sm_sample *sample, float unit, axis *result) {
    double count = 0, x_sum = 0, y_sum = 0, xx = 0, yy = 0, xy = 0;
    for (int y = 0; y < sample->height; y++)
        for (int x = 0; x < sample->width; x++) {
            if (sample->mask[(ptrdiff_t)y * sample->width + x] < 128) continue;
            count += 1, x_sum += x, y_sum += y;
            xx += (double)x * x, yy += (double)y * y, xy += (double)x * y;
        }
    if (count <= 0) return false;
    const double mean_x = x_sum / count, mean_y = y_sum / count;
    const double var_x = xx / count - mean_x * mean_x, var_y = yy / count - mean_y * mean_y;
    const double angle = 0.5 * atan2(2.0 * (xy / count - mean_x * mean_y), var_x - var_y);
    const double c = cos(angle), s = sin(angle);
    double low = 0, high = 0;
    for (int y = 0; y < sample->height; y++)
        for (int x = 0; x < sample->width; x++) {
            if (sample->mask[(ptrdiff_t)y * sample->width + x] < 128) continue;
            const double along = (x - mean_x) * c + (y - mean_y) * s;
            low = fmin(low, along), high = fmax(high, along);
        }
    *result = (axis){.x0 = (float)(mean_x + low * c) / unit,
                     .y0 = (float)(mean_y + low * s) / unit,
                     .x1 = (float)(mean_x + high * c) / unit,
                     .y1 = (float)(mean_y + high * s) / unit};
    return true;
}

/** The long axis of an imagined ellipse of a lesion's size. */
static axis imagined_axis(const sm_mark_painter *p, sm_random *place) {
    const float half = 0.5f * p->width * expf(sm_random_range(place, -2.5f, -0.7f));
    const float angle = sm_random_range(place, -0.6f, 0.6f);
    const float x = p->width * sm_random_range(place, 0.15f, 0.85f);
    const float y = p->height * sm_random_range(place, 0.15f, 0.75f);
    const float dx = half * cosf(angle), dy = half * sinf(angle);
    return (axis){.x0 = x - dx, .y0 = y - dy, .x1 = x + dx, .y1 = y + dy};
}

/** The axis across the middle of another one. */
static axis across(const axis *a, float share) {
    const float x = 0.5f * (a->x0 + a->x1), y = 0.5f * (a->y0 + a->y1);
    const float dx = -0.5f * share * (a->y1 - a->y0), dy = 0.5f * share * (a->x1 - a->x0);
    return (axis){.x0 = x - dx, .y0 = y - dy, .x1 = x + dx, .y1 = y + dy};
}

void sm_mark_add_calipers(const sm_sample *sample, sm_random *look, sm_random *place) {
    const sm_mark_painter p = sm_mark_painter_make(sample, look, 0.6f, 1.3f);
    calipers c = {.arm = 0.5f * sm_random_range(look, 5.0f, 13.0f), .number = -1};
    c.gap = sm_random_uniform(look) < 0.4f ? 0.3f * c.arm : 0.0f;
    c.diagonal = sm_random_uniform(look) < 0.3f;
    c.dotted = sm_random_uniform(look) < 0.4f;
    if (sm_random_uniform(look) < 0.3f) c.number = sm_random_below(look, sm_glyph_count());
    const bool second = sm_random_uniform(look) < 0.4f;
    const float share = sm_random_range(look, 0.4f, 0.9f);
    /* Drawn in any case, so that the numbers that follow in the stream do not depend on the mask. */
    c.measured = imagined_axis(&p, place);
    axis lesion;
    if (sm_random_uniform(place) < 0.5f && long_axis(sample, p.unit, &lesion)) c.measured = lesion;
    sm_mark_draw(&p, draw_calipers, &c);
    if (!second) return;
    c.measured = across(&c.measured, share);
    sm_mark_draw(&p, draw_calipers, &c);
}
