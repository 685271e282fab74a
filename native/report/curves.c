#include "curves.h"

#include <math.h>
#include <string.h>

#include "../file.h"
#include "svg.h"

static const double PANEL_WIDTH = 480, PANEL_HEIGHT = 320, LEGEND_ROW = 18;

/* Estimated widths of a legend text, and of a number in bold, in user units: SVG has no text metrics before it is
 * rendered. Wide fonts have bold digits of 0.7 of their size. */
static double text_width(const char *text) { return 6.9 * (double)strlen(text); }
static double strong_width(const char *text) { return 9.1 * (double)strlen(text); }

typedef struct range {
    double low, high;
} range;

static void extend(range *limits, double value) {
    if (!isfinite(value)) return;
    limits->low = fmin(limits->low, value);
    limits->high = fmax(limits->high, value);
}

/* Draws the legend, unless `out` is NULL. Returns its number of rows. */
static int legend(FILE *out, const sm_curve_panel *panel, double left, double top, double width) {
    double x = left;
    int row = 0;
    for (int i = 0; i < panel->series_count; i++) {
        const sm_curve_series *series = &panel->series[i];
        double last = NAN;
        for (int k = series->count - 1; k >= 0 && !isfinite(last); k--) last = series->y[k];
        char value[40] = "";
        if (isfinite(last)) snprintf(value, sizeof value, "%.4g", last);
        double needed = 20 + text_width(series->name) + (value[0] ? 6 + strong_width(value) : 0) + 16;
        if (x > left && x + needed - 16 > left + width) {
            x = left;
            row++;
        }
        if (out) {
            char style[48];
            double y = top + row * LEGEND_ROW;
            snprintf(style, sizeof style, "sm-line sm-s%d", sm_svg_colour(i));
            sm_svg_line(out, x, y - 4, x + 14, y - 4, style);
            fprintf(out, "<text x=\"%.5g\" y=\"%.5g\">", x + 20, y);
            sm_svg_escape(out, series->name);
            if (value[0]) fprintf(out, " <tspan class=\"sm-strong\">%s</tspan>", value);
            fputs("</text>\n", out);
        }
        x += needed;
    }
    return row + 1;
}

static void draw_panel(FILE *out, const sm_curve_panel *panel) {
    range x = {INFINITY, -INFINITY}, y = {INFINITY, -INFINITY};
    bool whole = true;
    for (int i = 0; i < panel->series_count; i++)
        for (int k = 0; k < panel->series[i].count; k++) {
            extend(&x, panel->series[i].x[k]);
            extend(&y, panel->series[i].y[k]);
            if (panel->series[i].x[k] != floor(panel->series[i].x[k])) whole = false;
        }
    bool fixed = panel->y_low != panel->y_high;
    int rows = panel->series_count > 0 ? legend(NULL, panel, 18, 0, PANEL_WIDTH - 36) : 0;
    double top = 42 + rows * LEGEND_ROW;
    sm_plot plot = {.left = 60, .top = top, .width = PANEL_WIDTH - 78, .height = PANEL_HEIGHT - top - 46};
    plot.x = sm_plot_axis_make(x.low, x.high, 8, false, whole ? 1.0 : 0.0);
    plot.y = fixed ? sm_plot_axis_make(panel->y_low, panel->y_high, 5, false, 0.0)
                   : sm_plot_axis_make(y.low, y.high, 5, true, 0.0);
    sm_svg_text(out, 18, 22, "start", "sm-title", panel->title);
    if (rows > 0) legend(out, panel, 18, 42, PANEL_WIDTH - 36);
    sm_plot_frame(out, &plot, panel->x_label, panel->y_label);
    for (int i = 0; i < panel->series_count; i++) {
        char style[48];
        snprintf(style, sizeof style, "sm-line sm-s%d", sm_svg_colour(i));
        sm_plot_line(out, &plot, panel->series[i].x, panel->series[i].y, panel->series[i].count, style);
    }
}

void sm_curve_panel_svg(FILE *out, const sm_curve_panel *panel) {
    sm_svg_begin(out, PANEL_WIDTH, PANEL_HEIGHT, false, panel->title);
    draw_panel(out, panel);
    sm_svg_end(out);
}

sm_status sm_curves_write(const char *path, const sm_curve_panel *panels, int panel_count, sm_error *error) {
    if (panel_count < 1) return sm_fail(error, SM_ERROR_ARGUMENT, "%s: no curves to draw", path);
    sm_file_writer writer = {0};
    sm_status status = sm_file_writer_open(&writer, path, error);
    if (status != SM_OK) return status;
    int columns = panel_count > 1 ? 2 : 1, rows = (panel_count + columns - 1) / columns;
    sm_svg_begin(writer.file, PANEL_WIDTH * columns, PANEL_HEIGHT * rows, true, "Curves");
    for (int i = 0; i < panel_count; i++) {
        const int column = i % columns, row = i / columns;
        fprintf(writer.file, "<g transform=\"translate(%g %g)\">\n", PANEL_WIDTH * column, PANEL_HEIGHT * row);
        draw_panel(writer.file, &panels[i]);
        fputs("</g>\n", writer.file);
    }
    sm_svg_end(writer.file);
    return sm_file_writer_commit(&writer, error);
}
