/** Line charts of several series, for example training curves: several panels in a file, or one as inline SVG. */
#ifndef SONOMASK_CURVES_H
#define SONOMASK_CURVES_H

#include <stdio.h>

#include "../../src/status.h"

typedef struct sm_curve_series {
    const char *name;    /**< for the legend */
    int count;           /**< points */
    const double *x, *y; /**< [count]; a point that is not finite leaves a gap */
} sm_curve_series;

typedef struct sm_curve_panel {
    const char *title, *x_label, *y_label; /**< "" for none */
    const sm_curve_series *series;
    int series_count;
    double y_low, y_high; /**< limits of the y axis; both 0: fitted to the values */
} sm_curve_panel;

/**
 * Writes a standalone SVG of the panels, two per row, under a temporary name and renames it: a viewer never reads half
 * a file. Errors: SM_ERROR_ARGUMENT (no panel), SM_ERROR_IO, SM_ERROR_MEMORY.
 */
sm_status sm_curves_write(const char *path, const sm_curve_panel *panels, int panel_count, sm_error *error);

/** One panel as an inline <svg> element; the page must contain sm_svg_style. */
void sm_curve_panel_svg(FILE *out, const sm_curve_panel *panel);

#endif
