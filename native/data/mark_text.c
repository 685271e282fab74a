/** Lines of random letters. */
#include "mark_painter.h"

enum { MOST_LETTERS = 12, MOST_LINES = 2 };

typedef struct text_line {
    float x, y, height; /* units */
    int count;
    int glyphs[MOST_LETTERS]; /* negative: a space */
} text_line;

static void draw_text_line(const sm_mark_painter *p, const sm_pen *pen, const void *what) {
    const text_line *t = what;
    for (int i = 0; i < t->count; i++)
        if (t->glyphs[i] >= 0)
            sm_glyph_draw(&p->canvas, pen, t->glyphs[i], (t->x + 0.95f * t->height * (float)i) * p->unit,
                          t->y * p->unit, t->height * p->unit);
}

void sm_mark_add_text(const sm_sample *sample, sm_random *look, sm_random *place) {
    sm_mark_painter p = sm_mark_painter_make(sample, look, 0.6f, 1.0f);
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
        sm_mark_draw(&p, draw_text_line, &t);
    }
}
