#include "augment_marks.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "random.h"
#include "stroke.h"

static const float pi = 3.14159265f;

typedef enum mark_kind { CALIPERS, TEXT, BODY_MARK, ARROW, FRAME, MARK_KINDS } mark_kind;

/** Probability of each kind. Calipers are drawn when chance draws none. */
static const float kind_probability[MARK_KINDS] = {0.65f, 0.45f, 0.35f, 0.2f, 0.07f};

/** Each kind has two random streams, for its look and for its place. */
enum { STREAMS_PER_KIND = 2, KINDS_STREAM = 100 };

typedef struct painter {
    sm_canvas canvas;
    float unit;          /* pixels; a longer side of 192 pixels has 192 units */
    float width, height; /* of the image, units */
    sm_pen pen;          /* stroke width in pixels */
    bool rim;            /* strokes have a dark rim */
} painter;

/** A measured distance, in units. */
typedef struct axis {
    float x0, y0, x1, y1;
} axis;

/** Strokes are drawn twice: the dark rim, if any, first. */
typedef void (*stroke_function)(const painter *p, const sm_pen *pen, const void *what);

static void draw_with_rim(const painter *p, stroke_function draw, const void *what) {
    if (p->rim) {
        const sm_pen dark = {.width = p->pen.width + 2.0f * p->unit, .grey = 0.0f, .alpha = 0.5f * p->pen.alpha};
        draw(p, &dark, what);
    }
    draw(p, &p->pen, what);
}

static painter make_painter(const sm_sample *sample, sm_random *random, float least_width, float most_width) {
    const int longest = sample->width > sample->height ? sample->width : sample->height;
    const float unit = (float)longest / 192.0f;
    painter p = {.canvas = {.width = sample->width, .height = sample->height, .grey = sample->grey},
                 .unit = unit,
                 .width = (float)sample->width / unit,
                 .height = (float)sample->height / unit};
    p.pen.grey = sm_random_range(random, 180.0f, 255.0f);
    p.pen.width = unit * sm_random_range(random, least_width, most_width);
    p.pen.alpha = sm_random_range(random, 0.85f, 1.0f);
    p.rim = sm_random_uniform(random) < 0.3f;
    return p;
}

static void line(const painter *p, const sm_pen *pen, float x0, float y0, float x1, float y1) {
    sm_stroke_line(&p->canvas, pen, x0 * p->unit, y0 * p->unit, x1 * p->unit, y1 * p->unit);
}

static void arc(const painter *p, const sm_pen *pen, float x, float y, float radius_x, float radius_y, float from,
                float to) {
    sm_stroke_arc(&p->canvas, pen, x * p->unit, y * p->unit, radius_x * p->unit, radius_y * p->unit, from, to);
}

/* ---- calipers ---- */

typedef struct calipers {
    axis measured;
    float arm;     /* half of the cross, units */
    float gap;     /* the cross is open in the middle, units */
    bool diagonal; /* x instead of + */
    bool dotted;   /* joined by a dotted line */
    int number;    /* glyph beside the first cross; negative: none */
} calipers;

static void draw_cross(const painter *p, const sm_pen *pen, const calipers *c, float x, float y) {
    const float long_x = c->diagonal ? 0.75f * c->arm : c->arm, long_y = c->diagonal ? 0.75f * c->arm : 0.0f;
    const float near = c->gap / c->arm;
    for (int turn = 0; turn < 4; turn++) {
        const float sign = turn < 2 ? 1.0f : -1.0f;
        const float dx = sign * (turn % 2 ? -long_y : long_x), dy = sign * (turn % 2 ? long_x : long_y);
        line(p, pen, x + near * dx, y + near * dy, x + dx, y + dy);
    }
}

static void draw_calipers(const painter *p, const sm_pen *pen, const void *what) {
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
static axis imagined_axis(const painter *p, sm_random *place) {
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

static void add_calipers(const sm_sample *sample, sm_random *look, sm_random *place) {
    const painter p = make_painter(sample, look, 0.6f, 1.3f);
    calipers c = {.arm = 0.5f * sm_random_range(look, 5.0f, 13.0f), .number = -1};
    c.gap = sm_random_uniform(look) < 0.4f ? 0.3f * c.arm : 0.0f;
    c.diagonal = sm_random_uniform(look) < 0.3f;
    c.dotted = sm_random_uniform(look) < 0.4f;
    if (sm_random_uniform(look) < 0.3f) c.number = sm_random_below(look, sm_glyph_count());
    const bool second = sm_random_uniform(look) < 0.4f;
    const float share = sm_random_range(look, 0.4f, 0.9f);
    /* The imagined axis is drawn in any case, so that the numbers of the stream do not depend on the mask. */
    c.measured = imagined_axis(&p, place);
    axis lesion;
    if (sm_random_uniform(place) < 0.5f && long_axis(sample, p.unit, &lesion)) c.measured = lesion;
    draw_with_rim(&p, draw_calipers, &c);
    if (!second) return;
    c.measured = across(&c.measured, share);
    draw_with_rim(&p, draw_calipers, &c);
}

/* ---- text ---- */

enum { MOST_LETTERS = 12, MOST_LINES = 2 };

typedef struct text_line {
    float x, y, height; /* units */
    int count;
    int glyphs[MOST_LETTERS]; /* negative: a space */
} text_line;

static void draw_text_line(const painter *p, const sm_pen *pen, const void *what) {
    const text_line *t = what;
    for (int i = 0; i < t->count; i++)
        if (t->glyphs[i] >= 0)
            sm_glyph_draw(&p->canvas, pen, t->glyphs[i], (t->x + 0.95f * t->height * (float)i) * p->unit,
                          t->y * p->unit, t->height * p->unit);
}

static void add_text(const sm_sample *sample, sm_random *look, sm_random *place) {
    painter p = make_painter(sample, look, 0.6f, 1.0f);
    const float height = sm_random_range(look, 4.0f, 9.0f);
    const int lines = 1 + sm_random_below(look, MOST_LINES);
    p.pen.width = p.unit * height * sm_random_range(look, 0.12f, 0.22f);
    float x = p.width * sm_random_range(place, 0.0f, 0.75f), y = p.height * sm_random_uniform(place);
    /* Most text is near the upper or the lower edge. */
    if (sm_random_uniform(place) < 0.6f)
        y = sm_random_uniform(place) < 0.5f ? 2.0f : p.height - (float)lines * 1.5f * height;
    for (int l = 0; l < lines; l++) {
        text_line t = {.x = x, .y = y + 1.5f * height * (float)l, .height = height};
        t.count = 2 + sm_random_below(look, MOST_LETTERS - 1);
        for (int i = 0; i < t.count; i++)
            t.glyphs[i] = i > 0 && sm_random_uniform(look) < 0.15f ? -1 : sm_random_below(look, sm_glyph_count());
        draw_with_rim(&p, draw_text_line, &t);
    }
}

/* ---- body mark ---- */

typedef struct body_mark {
    float x, y, size;          /* of its square, units */
    float flip;                /* 1: left breast, -1: right */
    float probe_x, probe_y;    /* centre of the probe stroke, from the centre of the breast, in radii */
    float probe_angle, radius; /* radius in units */
    bool torso;                /* with the outline of the chest */
} body_mark;

static void draw_body_mark(const painter *p, const sm_pen *pen, const void *what) {
    const body_mark *b = what;
    const float x = b->x + 0.5f * b->size, y = b->y + 0.5f * b->size, r = b->radius;
    if (b->torso) { /* the breast is round below, and goes over into the arm above */
        arc(p, pen, x, y, r, r, b->flip > 0 ? -0.3f * pi : 0.0f, b->flip > 0 ? pi : 1.3f * pi);
        line(p, pen, x - b->flip * r, y, x - b->flip * r, b->y + 1.0f);
        line(p, pen, x + b->flip * 0.59f * r, y - 0.81f * r, x + b->flip * 1.2f * r, b->y + 1.0f);
    } else {
        arc(p, pen, x, y, r, r, 0.0f, 2.0f * pi);
    }
    arc(p, pen, x, y, 0.15f * r, 0.15f * r, 0.0f, 2.0f * pi);
    const float dx = 0.35f * r * cosf(b->probe_angle), dy = 0.35f * r * sinf(b->probe_angle);
    const sm_pen probe = {.width = 2.0f * pen->width, .grey = pen->grey, .alpha = pen->alpha};
    line(p, &probe, x + b->probe_x * r - dx, y + b->probe_y * r - dy, x + b->probe_x * r + dx, y + b->probe_y * r + dy);
}

static void add_body_mark(const sm_sample *sample, sm_random *look, sm_random *place) {
    painter p = make_painter(sample, look, 0.6f, 1.1f);
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
    draw_with_rim(&p, draw_body_mark, &b);
}

/* ---- arrow and frame ---- */

/** Two or three strokes from the tip. */
typedef struct arrow {
    float x, y, size, angle; /* of the tip, units; the direction in which it points */
    bool shaft;              /* an arrow; otherwise a triangle, as for the focus depth */
} arrow;

static void draw_arrow(const painter *p, const sm_pen *pen, const void *what) {
    const arrow *a = what;
    const float wing = 0.5f, head = a->shaft ? 0.45f * a->size : a->size;
    const float left_x = a->x - head * cosf(a->angle + wing), left_y = a->y - head * sinf(a->angle + wing);
    const float right_x = a->x - head * cosf(a->angle - wing), right_y = a->y - head * sinf(a->angle - wing);
    line(p, pen, a->x, a->y, left_x, left_y);
    line(p, pen, a->x, a->y, right_x, right_y);
    if (a->shaft)
        line(p, pen, a->x, a->y, a->x - a->size * cosf(a->angle), a->y - a->size * sinf(a->angle));
    else
        line(p, pen, left_x, left_y, right_x, right_y);
}

static void add_arrow(const sm_sample *sample, sm_random *look, sm_random *place) {
    const painter p = make_painter(sample, look, 0.7f, 1.5f);
    arrow a = {.size = sm_random_range(look, 5.0f, 14.0f), .shaft = sm_random_uniform(look) < 0.5f};
    a.x = p.width * sm_random_range(place, 0.1f, 0.9f);
    a.y = p.height * sm_random_range(place, 0.1f, 0.9f);
    a.angle = sm_random_range(place, 0.0f, 2.0f * pi);
    if (!a.shaft) { /* at the left or right edge, pointing inwards */
        const bool right = sm_random_uniform(place) < 0.5f;
        a.x = right ? p.width - a.size : a.size;
        a.angle = right ? pi : 0.0f;
    }
    draw_with_rim(&p, draw_arrow, &a);
}

/** The frame of a region, as for Doppler or an enlarged part. */
static void draw_frame(const painter *p, const sm_pen *pen, const void *what) {
    const axis *a = what;
    line(p, pen, a->x0, a->y0, a->x1, a->y0);
    line(p, pen, a->x1, a->y0, a->x1, a->y1);
    line(p, pen, a->x1, a->y1, a->x0, a->y1);
    line(p, pen, a->x0, a->y1, a->x0, a->y0);
}

static void add_frame(const sm_sample *sample, sm_random *look, sm_random *place) {
    const painter p = make_painter(sample, look, 0.5f, 1.0f);
    const float width = p.width * sm_random_range(look, 0.3f, 0.8f);
    const float height = p.height * sm_random_range(look, 0.3f, 0.8f);
    const float left = sm_random_uniform(place) * (p.width - width);
    const float top = sm_random_uniform(place) * (p.height - height);
    const axis corners = {.x0 = left, .y0 = top, .x1 = left + width, .y1 = top + height};
    draw_with_rim(&p, draw_frame, &corners);
}

void sm_marks_draw(sm_sample *sample, uint64_t seed) {
    static void (*const add[MARK_KINDS])(const sm_sample *, sm_random *, sm_random *) = {
        [CALIPERS] = add_calipers, [TEXT] = add_text,   [BODY_MARK] = add_body_mark,
        [ARROW] = add_arrow,       [FRAME] = add_frame,
    };
    sm_random kinds = sm_random_make(sm_random_derive(seed, KINDS_STREAM));
    int drawn = 0;
    for (int kind = MARK_KINDS - 1; kind >= 0; kind--) {
        const bool wanted = sm_random_uniform(&kinds) < kind_probability[kind];
        if (!wanted && !(kind == CALIPERS && drawn == 0)) continue;
        sm_random look = sm_random_make(sm_random_derive(seed, (uint64_t)(STREAMS_PER_KIND * kind)));
        sm_random place = sm_random_make(sm_random_derive(seed, (uint64_t)(STREAMS_PER_KIND * kind + 1)));
        add[kind](sample, &look, &place);
        drawn++;
    }
}
