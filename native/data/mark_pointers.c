/** Arrows, focus triangles and the frame of a region. */
#include <math.h>

#include "mark_painter.h"

static const float pi = 3.14159265f;

/** Two or three strokes from the tip. */
typedef struct arrow {
    float x, y, size, angle; /* of the tip, units; the direction in which it points */
    bool shaft;              /* an arrow; otherwise a triangle, as for the focus depth */
} arrow;

static void draw_arrow(const sm_mark_painter *p, const sm_pen *pen, const void *what) {
    const arrow *a = what;
    const float wing = 0.5f, head = a->shaft ? 0.45f * a->size : a->size;
    const float left_x = a->x - head * cosf(a->angle + wing), left_y = a->y - head * sinf(a->angle + wing);
    const float right_x = a->x - head * cosf(a->angle - wing), right_y = a->y - head * sinf(a->angle - wing);
    sm_mark_line(p, pen, a->x, a->y, left_x, left_y);
    sm_mark_line(p, pen, a->x, a->y, right_x, right_y);
    if (a->shaft)
        sm_mark_line(p, pen, a->x, a->y, a->x - a->size * cosf(a->angle), a->y - a->size * sinf(a->angle));
    else
        sm_mark_line(p, pen, left_x, left_y, right_x, right_y);
}

void sm_mark_add_arrow(const sm_sample *sample, sm_random *look, sm_random *place) {
    const sm_mark_painter p = sm_mark_painter_make(sample, look, 0.7f, 1.5f);
    arrow a = {.size = sm_random_range(look, 5.0f, 14.0f), .shaft = sm_random_uniform(look) < 0.5f};
    a.x = p.width * sm_random_range(place, 0.1f, 0.9f);
    a.y = p.height * sm_random_range(place, 0.1f, 0.9f);
    a.angle = sm_random_range(place, 0.0f, 2.0f * pi);
    if (!a.shaft) { /* at the left or right edge, pointing inwards */
        const bool right = sm_random_uniform(place) < 0.5f;
        a.x = right ? p.width - a.size : a.size;
        a.angle = right ? pi : 0.0f;
    }
    sm_mark_draw(&p, draw_arrow, &a);
}

typedef struct corners {
    float x0, y0, x1, y1; /* units */
} corners;

/** The frame of a region, as for Doppler or an enlarged part. */
static void draw_frame(const sm_mark_painter *p, const sm_pen *pen, const void *what) {
    const corners *c = what;
    sm_mark_line(p, pen, c->x0, c->y0, c->x1, c->y0);
    sm_mark_line(p, pen, c->x1, c->y0, c->x1, c->y1);
    sm_mark_line(p, pen, c->x1, c->y1, c->x0, c->y1);
    sm_mark_line(p, pen, c->x0, c->y1, c->x0, c->y0);
}

void sm_mark_add_frame(const sm_sample *sample, sm_random *look, sm_random *place) {
    const sm_mark_painter p = sm_mark_painter_make(sample, look, 0.5f, 1.0f);
    const float width = p.width * sm_random_range(look, 0.3f, 0.8f);
    const float height = p.height * sm_random_range(look, 0.3f, 0.8f);
    const float left = sm_random_uniform(place) * (p.width - width);
    const float top = sm_random_uniform(place) * (p.height - height);
    const corners frame = {.x0 = left, .y0 = top, .x1 = left + width, .y1 = top + height};
    sm_mark_draw(&p, draw_frame, &frame);
}
