/** What all burned-in marks share: a pen of random look, and strokes in units that scale with the image. */
#ifndef SONOMASK_MARK_PAINTER_H
#define SONOMASK_MARK_PAINTER_H

#include <stdbool.h>

#include "dataset.h"
#include "random.h"
#include "stroke.h"

typedef struct sm_mark_painter {
    sm_canvas canvas;
    float unit;          /**< pixels; the longer side of an image is 192 units */
    float width, height; /**< of the image, units */
    sm_pen pen;          /**< its width is in pixels */
    bool rim;            /**< strokes have a dark rim */
} sm_mark_painter;

/** Draws the look of the pen. The stroke width is between the two numbers, in units. */
sm_mark_painter sm_mark_painter_make(const sm_sample *sample, sm_random *look, float least_width, float most_width);

/** Draws the strokes of the mark `what` with a pen. */
typedef void (*sm_mark_strokes)(const sm_mark_painter *painter, const sm_pen *pen, const void *what);
/** Calls `strokes` for the dark rim, if there is one, and then for the mark itself. */
void sm_mark_draw(const sm_mark_painter *painter, sm_mark_strokes strokes, const void *what);

/** As sm_stroke_line and sm_stroke_arc, in units. */
void sm_mark_line(const sm_mark_painter *painter, const sm_pen *pen, float x0, float y0, float x1, float y1);
void sm_mark_arc(const sm_mark_painter *painter, const sm_pen *pen, float x, float y, float radius_x, float radius_y,
                 float from, float to);

/** The kinds of marks. Their look and their place have random streams of their own, so that the look does not depend on
 *  the image. */
void sm_mark_add_calipers(const sm_sample *sample, sm_random *look, sm_random *place);
void sm_mark_add_text(const sm_sample *sample, sm_random *look, sm_random *place);
void sm_mark_add_body_mark(const sm_sample *sample, sm_random *look, sm_random *place);
void sm_mark_add_arrow(const sm_sample *sample, sm_random *look, sm_random *place);
void sm_mark_add_frame(const sm_sample *sample, sm_random *look, sm_random *place);

#endif
