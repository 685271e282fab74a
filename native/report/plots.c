#include "plots.h"

#include <math.h>
#include <string.h>

#include "svg.h"

/* One size for all charts, so that they form a grid. */
static const double WIDTH = 480, HEIGHT = 400;
static const sm_plot UNIT_PLOT = {.left = 60, .top = 46, .width = 396, .height = 304};

static sm_plot unit_plot(void) {
    sm_plot plot = UNIT_PLOT;
    plot.x = plot.y = sm_plot_axis_make(0, 1, 5, false, 0);
    return plot;
}

static void begin(FILE *out, const char *title) {
    sm_svg_begin(out, WIDTH, HEIGHT, false, title);
    sm_svg_text(out, 18, 24, "start", "sm-title", title);
}

static void diagonal(FILE *out, const sm_plot *plot) {
    sm_svg_line(out, sm_plot_x(plot, 0), sm_plot_y(plot, 0), sm_plot_x(plot, 1), sm_plot_y(plot, 1), "sm-guide");
}

static void roc_line(FILE *out, const sm_plot *plot, const sm_roc_series *series, const char *style) {
    fprintf(out, "<path class=\"%s\" d=\"", style);
    for (int i = 0; i < series->count; i++)
        fprintf(out, "%c%.1f %.1f", i ? 'L' : 'M', sm_plot_x(plot, series->points[i].false_positive_rate),
                sm_plot_y(plot, series->points[i].true_positive_rate));
    fputs("\"/>\n", out);
}

void sm_plot_roc(FILE *out, const sm_roc_series *series, int count) {
    sm_plot plot = unit_plot();
    begin(out, "ROC curves");
    sm_plot_frame(out, &plot, "false positive rate", "true positive rate");
    diagonal(out, &plot);
    int drawn = 0;
    for (int i = 0; i < count; i++) drawn += series[i].count > 0;
    double y = sm_plot_y(&plot, 0) - 16 - 20 * (drawn - 1), x = sm_plot_x(&plot, 0.36);
    for (int i = 0; i < count; i++) {
        char style[48], text[160];
        if (series[i].count == 0) continue;
        snprintf(style, sizeof style, "sm-line sm-s%d", sm_svg_colour(i));
        roc_line(out, &plot, &series[i], style);
        sm_svg_line(out, x, y - 4, x + 16, y - 4, style);
        fprintf(out, "<text x=\"%.5g\" y=\"%.5g\">", x + 22, y);
        sm_svg_escape(out, series[i].name);
        snprintf(text, sizeof text, " <tspan class=\"sm-strong\">%.3f</tspan></text>\n", series[i].area);
        fputs(text, out);
        y += 20;
    }
    if (drawn == 0) sm_svg_text(out, WIDTH / 2, HEIGHT / 2, "middle", "", "needs positive and negative images");
    sm_svg_end(out);
}

static void reliability_line(FILE *out, const sm_plot *plot, const sm_reliability *calibration, const char *style) {
    double x[SM_RELIABILITY_BINS], y[SM_RELIABILITY_BINS];
    int count = 0;
    for (int b = 0; b < SM_RELIABILITY_BINS; b++) {
        if (calibration->bins[b].count <= 0) continue;
        x[count] = calibration->bins[b].confidence;
        y[count++] = calibration->bins[b].accuracy;
    }
    sm_plot_line(out, plot, x, y, count, style);
}

static void line_legend(FILE *out, double x, const char *style, const char *name, double error) {
    const double y = 46;
    sm_svg_line(out, x, y - 4, x + 20, y - 4, style);
    fprintf(out, "<text x=\"%.5g\" y=\"%.5g\">%s", x + 26, y, name);
    if (isfinite(error)) fprintf(out, " <tspan class=\"sm-strong\">%.3f</tspan>", error);
    fputs("</text>\n", out);
}

/* `uncalibrated` may be NULL. */
static void plot_reliability(FILE *out, const char *title, const sm_reliability *calibrated,
                             const sm_reliability *uncalibrated) {
    sm_plot plot = unit_plot();
    char text[160];
    begin(out, title);
    plot.top += 18;
    plot.height -= 18;
    sm_plot_frame(out, &plot, "confidence; bars: share of the images", "accuracy");
    double total = 0;
    for (int b = 0; b < SM_RELIABILITY_BINS; b++) total += calibrated->bins[b].count;
    double bin_width = plot.width / SM_RELIABILITY_BINS;
    for (int b = 0; b < SM_RELIABILITY_BINS && total > 0; b++) {
        const sm_reliability_bin *bin = &calibrated->bins[b];
        if (bin->count <= 0) continue;
        double height = plot.height * bin->count / total;
        snprintf(text, sizeof text, "%.0f images: confidence %.3f, accuracy %.3f", bin->count, bin->confidence,
                 bin->accuracy);
        sm_svg_rectangle(out, plot.left + b * bin_width + 2, plot.top + plot.height - height, bin_width - 4, height,
                         "sm-f7 sm-soft", text);
    }
    diagonal(out, &plot);
    if (uncalibrated) reliability_line(out, &plot, uncalibrated, "sm-line sm-thin sm-s7");
    reliability_line(out, &plot, calibrated, "sm-line sm-s0");
    for (int b = 0; b < SM_RELIABILITY_BINS; b++) {
        const sm_reliability_bin *bin = &calibrated->bins[b];
        if (bin->count <= 0) continue;
        fprintf(out, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"4\" class=\"sm-f0\"/>\n", sm_plot_x(&plot, bin->confidence),
                sm_plot_y(&plot, bin->accuracy));
    }
    line_legend(out, 18, "sm-line sm-s0", uncalibrated ? "after temperature" : "lesion against none", calibrated->ece);
    if (uncalibrated) line_legend(out, 238, "sm-line sm-thin sm-s7", "before temperature", uncalibrated->ece);
    sm_svg_end(out);
}

void sm_plot_reliability(FILE *out, const sm_reliability *calibrated, const sm_reliability *uncalibrated) {
    plot_reliability(out, "Reliability of the type, with ECE", calibrated, uncalibrated);
}

void sm_plot_presence_reliability(FILE *out, const sm_reliability *presence) {
    plot_reliability(out, "Reliability of the presence, with ECE", presence, NULL);
}

static void circle(FILE *out, const sm_plot *plot, double x, double y, const char *style, const char *tooltip) {
    fprintf(out, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"5\" class=\"%s\"><title>", sm_plot_x(plot, x), sm_plot_y(plot, y),
            style);
    sm_svg_escape(out, tooltip);
    fputs("</title></circle>\n", out);
}

/* The curve as steps: the share found stays the same until the next point. */
static void froc_line(FILE *out, const sm_plot *plot, const sm_froc *froc) {
    fprintf(out, "<path class=\"sm-line sm-s0\" d=\"M%.1f %.1f", sm_plot_x(plot, 0), sm_plot_y(plot, 0));
    for (int i = 0; i < froc->count; i++) {
        fprintf(out, "H%.1f", sm_plot_x(plot, fmin(froc->points[i].false_outlines, plot->x.high)));
        if (froc->points[i].false_outlines > plot->x.high) break;
        fprintf(out, "V%.1f", sm_plot_y(plot, froc->points[i].found));
    }
    fputs("\"/>\n", out);
}

void sm_plot_froc(FILE *out, const sm_froc *froc, const sm_froc_mark *marks, int mark_count) {
    sm_plot plot = unit_plot();
    char text[160];
    double most = 0.1;
    if (froc->count > 0) most = fmin(fmax(most, froc->points[froc->count - 1].false_outlines), 2);
    plot.x = sm_plot_axis_make(0, most, 5, true, 0);
    begin(out, "FROC curve by presence");
    sm_plot_frame(out, &plot, "false outlines per image", "share of the lesions found");
    if (froc->count > 0) froc_line(out, &plot, froc);
    for (int m = 0; m < mark_count; m++) {
        int last = -1;
        while (last + 1 < froc->count && froc->points[last + 1].level >= marks[m].level) last++;
        if (last < 0 || froc->points[last].false_outlines > plot.x.high) continue;
        const sm_froc_point *point = &froc->points[last];
        snprintf(text, sizeof text, "operating point %.2f: %.1f %% of the lesions, %.3f false outlines per image",
                 marks[m].kept, 100 * point->found, point->false_outlines);
        circle(out, &plot, point->false_outlines, point->found, "sm-f1", text);
        snprintf(text, sizeof text, "%.2f", marks[m].kept);
        sm_svg_text(out, sm_plot_x(&plot, point->false_outlines) + 9, sm_plot_y(&plot, point->found) + 14, "start",
                    "sm-strong", text);
    }
    if (froc->count == 0) sm_svg_text(out, WIDTH / 2, HEIGHT / 2, "middle", "", "needs lesions and outlines");
    sm_svg_end(out);
}

void sm_plot_corrections(FILE *out, const double dice[5], double box) {
    static const double clicks[5] = {0, 1, 2, 3, 5};
    sm_plot plot = unit_plot();
    char text[96];
    double lowest = isfinite(box) ? box : 1;
    for (int i = 0; i < 5; i++)
        if (isfinite(dice[i])) lowest = fmin(lowest, dice[i]);
    plot.x = sm_plot_axis_make(0, 5, 5, false, 1);
    plot.y = sm_plot_axis_make(lowest, 1, 5, true, 0);
    begin(out, "Lesion Dice after corrections");
    plot.left += 10; /* room for tick labels with two decimals */
    plot.width -= 10;
    plot.top += 18;
    plot.height -= 18;
    sm_plot_frame(out, &plot, "clicks", "mean lesion Dice");
    const double ends[2] = {0, 5}, level[2] = {box, box};
    if (isfinite(box)) sm_plot_line(out, &plot, ends, level, 2, "sm-line sm-thin sm-s1");
    sm_plot_line(out, &plot, clicks, dice, 5, "sm-line sm-s0");
    for (int i = 0; i < 5; i++) {
        if (!isfinite(dice[i])) continue;
        snprintf(text, sizeof text, "%.0f clicks: %.3f", clicks[i], dice[i]);
        circle(out, &plot, clicks[i], dice[i], "sm-f0", text);
    }
    line_legend(out, 18, "sm-line sm-s0", "clicks; after one", dice[1]);
    line_legend(out, 238, "sm-line sm-thin sm-s1", "a box alone", box);
    sm_svg_end(out);
}

void sm_plot_confusion(FILE *out, const sm_confusion *confusion) {
    const double left = 104, top = 62, cell_width = 116, cell_height = 88, gap = 4;
    char text[160];
    begin(out, "Confusion matrix");
    sm_svg_text(out, left + 1.5 * cell_width, top - 16, "middle", "", "predicted type");
    for (int t = 0; t < SM_CLASS_COUNT; t++) {
        double row = 0, y = top + t * cell_height;
        for (int p = 0; p < SM_CLASS_COUNT; p++) row += confusion->count[t][p];
        sm_svg_text(out, left - 10, y + cell_height / 2, "end", "sm-strong", sm_class_name((sm_class)t));
        snprintf(text, sizeof text, "%.0f images", row);
        sm_svg_text(out, left - 10, y + cell_height / 2 + 16, "end", "", text);
        for (int p = 0; p < SM_CLASS_COUNT; p++) {
            double share = row > 0 ? confusion->count[t][p] / row : 0.0, x = left + p * cell_width;
            double middle = x + (cell_width - gap) / 2;
            sm_svg_rectangle(out, x, y, cell_width - gap, cell_height - gap, "sm-cell-base", NULL);
            snprintf(text, sizeof text, "%s predicted as %s", sm_class_name((sm_class)t), sm_class_name((sm_class)p));
            fprintf(out, "<g opacity=\"%.3f\">", share);
            sm_svg_rectangle(out, x, y, cell_width - gap, cell_height - gap, "sm-cell", text);
            fputs("</g>\n", out);
            const char *ink = share > 0.5 ? "sm-on-dark" : "sm-on-light";
            char style[48];
            snprintf(style, sizeof style, "sm-large %s", ink);
            snprintf(text, sizeof text, "%.0f", confusion->count[t][p]);
            sm_svg_text(out, middle, y + cell_height / 2 - 2, "middle", style, text);
            if (row > 0)
                snprintf(text, sizeof text, "%.0f %%", 100 * share);
            else
                snprintf(text, sizeof text, "\xE2\x80\x93");
            sm_svg_text(out, middle, y + cell_height / 2 + 18, "middle", ink, text);
        }
    }
    for (int p = 0; p < SM_CLASS_COUNT; p++)
        sm_svg_text(out, left + p * cell_width + (cell_width - gap) / 2, top + 3 * cell_height + 16, "middle",
                    "sm-strong", sm_class_name((sm_class)p));
    sm_svg_text(out, left + 1.5 * cell_width, top + 3 * cell_height + 44, "middle", "",
                "rows: true type; shade and percentage: share of the row");
    sm_svg_end(out);
}

static void mark(FILE *out, const sm_plot *plot, double value, const char *name, double label_y) {
    if (!isfinite(value)) return;
    char text[64];
    double x = sm_plot_x(plot, value);
    bool right = value < 0.6;
    sm_svg_line(out, x, plot->top, x, plot->top + plot->height, "sm-guide");
    snprintf(text, sizeof text, "%s %.3f", name, value);
    sm_svg_text(out, right ? x + 6 : x - 6, label_y, right ? "start" : "end", "sm-strong", text);
}

void sm_plot_histogram(FILE *out, const char *title, const char *x_label, const double *values, int count, double mean,
                       double median) {
    enum { BINS = 20 };
    int bins[BINS] = {0}, largest = 1;
    for (int i = 0; i < count; i++) {
        if (!isfinite(values[i])) continue;
        int bin = (int)(values[i] * BINS);
        bin = bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin;
        if (++bins[bin] > largest) largest = bins[bin];
    }
    sm_plot plot = UNIT_PLOT;
    plot.x = sm_plot_axis_make(0, 1, 5, false, 0);
    plot.y = sm_plot_axis_make(0, largest, 5, true, 1);
    begin(out, title);
    sm_plot_frame(out, &plot, x_label, "images");
    double bin_width = plot.width / BINS;
    for (int b = 0; b < BINS; b++) {
        if (bins[b] == 0) continue;
        char text[96];
        double top = sm_plot_y(&plot, bins[b]);
        snprintf(text, sizeof text, "%.2f to %.2f: %d images", (double)b / BINS, (b + 1.0) / BINS, bins[b]);
        sm_svg_rectangle(out, plot.left + b * bin_width + 1, top, bin_width - 2, plot.top + plot.height - top,
                         "sm-f0 sm-bar", text);
    }
    mark(out, &plot, mean, "mean", plot.top + 14);
    mark(out, &plot, median, "median", plot.top + 32);
    sm_svg_end(out);
}

void sm_plot_risk_coverage(FILE *out, const double *coverage, const double *risk, const double *best, int count,
                           double area) {
    char text[96];
    sm_plot plot = UNIT_PLOT;
    double highest = 0.1;
    for (int i = 0; i < count; i++) highest = fmax(highest, risk[i]);
    plot.x = sm_plot_axis_make(0, 1, 5, false, 0);
    plot.y = sm_plot_axis_make(0, highest, 5, true, 0);
    begin(out, "Risk and coverage by expected Dice");
    plot.left += 10; /* room for tick labels with two decimals */
    plot.width -= 10;
    plot.top += 18;
    plot.height -= 18;
    sm_plot_frame(out, &plot, "coverage: share of images, highest expected Dice first", "risk: mean of 1 - Dice");
    if (count > 0) {
        const double all[2] = {risk[count - 1], risk[count - 1]}, ends[2] = {0, 1};
        sm_plot_line(out, &plot, ends, all, 2, "sm-guide");
        sm_plot_line(out, &plot, coverage, best, count, "sm-line sm-thin sm-s7");
        sm_plot_line(out, &plot, coverage, risk, count, "sm-line sm-s0");
    }
    snprintf(text, sizeof text, "by expected Dice; area");
    line_legend(out, 18, "sm-line sm-s0", text, area);
    line_legend(out, 268, "sm-line sm-thin sm-s7", "by the true Dice", NAN);
    sm_svg_end(out);
}
