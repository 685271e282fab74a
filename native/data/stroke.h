/** Thin antialiased strokes and letters, as scanners draw them into images. */
#ifndef SONOMASK_STROKE_H
#define SONOMASK_STROKE_H

#include <stdbool.h>
#include <stdint.h>

/** A grey image that is drawn on; pixels outside are ignored. */
typedef struct sm_canvas {
    int width, height;
    uint8_t *grey; /**< [height][width] */
} sm_canvas;

typedef struct sm_pen {
    float width; /**< of the stroke, pixels; a stroke narrower than a pixel is drawn paler */
    float grey;  /**< 0..255 */
    float alpha; /**< opacity, 0..1 */
} sm_pen;

/** A line with round ends. Coordinates are in pixels; the centre of the first pixel is (0, 0). */
void sm_stroke_line(const sm_canvas *canvas, const sm_pen *pen, float x0, float y0, float x1, float y1);
/** A part of an ellipse, from angle `from` to `to`, in radians from the right, clockwise on the screen. */
void sm_stroke_arc(const sm_canvas *canvas, const sm_pen *pen, float x, float y, float radius_x, float radius_y,
                   float from, float to);
/** Dots along a line, `step` pixels apart, without its ends. */
void sm_stroke_dots(const sm_canvas *canvas, const sm_pen *pen, float x0, float y0, float x1, float y1, float step);
/** A filled rectangle. */
void sm_stroke_box(const sm_canvas *canvas, const sm_pen *pen, int left, int top, int width, int height);

/** Number of glyphs: capital letters, digits and a point. */
int sm_glyph_count(void);
/** Draws glyph `index` with its upper left corner at (x, y), `height` pixels high and 2/3 as wide. */
void sm_glyph_draw(const sm_canvas *canvas, const sm_pen *pen, int index, float x, float y, float height);

#endif
