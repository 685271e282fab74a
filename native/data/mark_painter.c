#include "mark_painter.h"

void sm_mark_draw(const sm_mark_painter *p, sm_mark_strokes strokes, const void *what) {
    if (p->rim) {
        const sm_pen dark = {.width = p->pen.width + 2.0f * p->unit, .grey = 0.0f, .alpha = 0.5f * p->pen.alpha};
        strokes(p, &dark, what);
    }
    strokes(p, &p->pen, what);
}

sm_mark_painter sm_mark_painter_make(const sm_sample *sample, sm_random *look, float least_width, float most_width) {
    const int longest = sample->width > sample->height ? sample->width : sample->height;
    const float unit = (float)longest / 192.0f;
    sm_mark_painter p = {.canvas = {.width = sample->width, .height = sample->height, .grey = sample->grey},
                         .unit = unit,
                         .width = (float)sample->width / unit,
                         .height = (float)sample->height / unit};
    p.pen.grey = sm_random_range(look, 180.0f, 255.0f);
    p.pen.width = unit * sm_random_range(look, least_width, most_width);
    p.pen.alpha = sm_random_range(look, 0.85f, 1.0f);
    p.rim = sm_random_uniform(look) < 0.3f;
    return p;
}

void sm_mark_line(const sm_mark_painter *p, const sm_pen *pen, float x0, float y0, float x1, float y1) {
    sm_stroke_line(&p->canvas, pen, x0 * p->unit, y0 * p->unit, x1 * p->unit, y1 * p->unit);
}

void sm_mark_arc(const sm_mark_painter *p, const sm_pen *pen, float x, float y, float radius_x, float radius_y,
                 float from, float to) {
    sm_stroke_arc(&p->canvas, pen, x * p->unit, y * p->unit, radius_x * p->unit, radius_y * p->unit, from, to);
}
