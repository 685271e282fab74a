/**
 * The primitives of all charts: SVG elements written to a stream, axes with round tick values, and one style sheet for
 * light and dark.
 */
#ifndef SONOMASK_SVG_H
#define SONOMASK_SVG_H

#include <stdbool.h>
#include <stdio.h>

/** The number of series colours in the style; series n has colour n modulo this. */
enum { SM_SVG_COLOURS = 8 };

/** CSS rules of all charts: written once in a page with inline charts, and in each standalone file. */
extern const char sm_svg_style[];

/** Text for XML or HTML content and quoted attributes: markup escaped, control and invalid UTF-8 bytes as '?'. */
void sm_svg_escape(FILE *out, const char *text);

/**
 * Opens a chart of width x height user units, which scales to the available width. `standalone` adds what a separate
 * file needs: XML declaration, style, background. `label` is the accessible name.
 */
void sm_svg_begin(FILE *out, double width, double height, bool standalone, const char *label);
void sm_svg_end(FILE *out);
/** `anchor` is "start", "middle" or "end"; `style` names CSS classes, "" for plain text. */
void sm_svg_text(FILE *out, double x, double y, const char *anchor, const char *style, const char *text);
void sm_svg_line(FILE *out, double x1, double y1, double x2, double y2, const char *style);
/** `tooltip` may be NULL. */
void sm_svg_rectangle(FILE *out, double x, double y, double width, double height, const char *style,
                      const char *tooltip);
/** Colour classes of series `index`: "sm-s<n>" strokes, "sm-f<n>" fills. */
int sm_svg_colour(int index);

/** A linear axis: values low .. high, ticks at first, first + step, ... (`ticks` of them), printed with `decimals`. */
typedef struct sm_plot_axis {
    double low, high, first, step;
    int ticks, decimals;
} sm_plot_axis;

/**
 * Chooses about `wanted` round tick values (1, 2 or 5 times a power of ten: Heckbert, "Nice numbers for graph labels",
 * Graphics Gems, 1990). `expand` widens low and high to the ticks around them. Equal or non-finite limits give a
 * usable axis. `smallest_step` 0 leaves the step free; 1 keeps it to whole numbers.
 */
sm_plot_axis sm_plot_axis_make(double low, double high, int wanted, bool expand, double smallest_step);

/** A pair of axes and its area in the drawing. */
typedef struct sm_plot {
    double left, top, width, height;
    sm_plot_axis x, y;
} sm_plot;

double sm_plot_x(const sm_plot *plot, double value);
double sm_plot_y(const sm_plot *plot, double value);
/** Grid lines, tick labels, axis names. */
void sm_plot_frame(FILE *out, const sm_plot *plot, const char *x_label, const char *y_label);
/** A polyline through the finite points; others leave a gap. Values are clamped to the plot's area. */
void sm_plot_line(FILE *out, const sm_plot *plot, const double *x, const double *y, int count, const char *style);

#endif
