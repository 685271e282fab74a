/** The body mark: the outline of a breast with a stroke for the probe. */
#include <math.h>

#include "mark_painter.h"

static const float pi = 3.14159265f;

typedef struct body_mark {
    float x, y, size;          /* of its square, units */
    float flip;                /* 1: left breast, -1: right */
    float probe_x, probe_y;    /* centre of the probe stroke, from the centre of the breast, in radii */
    float probe_angle, radius; /* radius in units */
    bool torso;                /* with the outline of the chest */
} body_mark;

static void draw_body_mark(const sm_mark_painter *p, const sm_pen *pen, const void *what) {
    const body_mark *b = what;
    const float x = b->x + 0.5f * b->size, y = b->y + 0.5f * b->size, r = b->radius;
    if (b->torso) { /* round below, open towards the arm above */
        sm_mark_arc(p, pen, x, y, r, r, b->flip > 0 ? -0.3f * pi : 0.0f, b->flip > 0 ? pi : 1.3f * pi);
        sm_mark_line(p, pen, x - b->flip * r, y, x - b->flip * r, b->y + 1.0f);
        sm_mark_line(p, pen, x + b->flip * 0.59f * r, y - 0.81f * r, x + b->flip * 1.2f * r, b->y + 1.0f);
    } else {
        sm_mark_arc(p, pen, x, y, r, r, 0.0f, 2.0f * pi);
    }
    sm_mark_arc(p, pen, x, y, 0.15f * r, 0.15f * r, 0.0f, 2.0f * pi);
    const float dx = 0.35f * r * cosf(b->probe_angle), dy = 0.35f * r * sinf(b->probe_angle);
    const sm_pen probe = {.width = 2.0f * pen->width, .grey = pen->grey, .alpha = pen->alpha};
    sm_mark_line(p, &probe, x + b->probe_x * r - dx, y + b->probe_y * r - dy, x + b->probe_x * r + dx,
                 y + b->probe_y * r + dy);
}

void sm_mark_add_body_mark(const sm_sample *sample, sm_random *look, sm_random *place) {
    sm_mark_painter p = sm_mark_painter_make(sample, look, 0.6f, 1.1f);
    body_mark b = {.size = sm_random_range(look, 18.0f, 34.0f)};
    b.radius = b.size * sm_random_range(look, 0.32f, 0.42f);
    b.flip = sm_random_uniform(look) < 0.5f ? 1.0f : -1.0f;
    b.torso = sm_random_uniform(look) < 0.6f;
    const float angle = sm_random_range(look, 0.0f, 2.0f * pi), distance = sm_random_range(look, 0.3f, 0.8f);
    b.probe_x = distance * cosf(angle);
    b.probe_y = distance * sinf(angle);
    b.probe_angle = sm_random_range(look, 0.0f, pi);
    const bool panel = sm_random_uniform(look) < 0.5f;
    const float panel_grey = sm_random_range(look, 120.0f, 190.0f);
    const bool right = sm_random_uniform(place) < 0.5f, bottom = sm_random_uniform(place) < 0.7f;
    b.x = right ? p.width - b.size : 0.0f;
    b.y = bottom ? p.height - b.size : 0.0f;
    if (panel) { /* a bright panel with a dark or white drawing */
        const sm_pen fill = {.grey = panel_grey, .alpha = 1.0f};
        const int side = (int)(b.size * p.unit);
        sm_stroke_box(&p.canvas, &fill, (int)(b.x * p.unit), (int)(b.y * p.unit), side, side);
        if (sm_random_uniform(look) < 0.7f) p.pen.grey = sm_random_range(look, 20.0f, 80.0f);
        p.rim = false;
    }
    sm_mark_draw(&p, draw_body_mark, &b);
}
