#include "svg.h"

#include <math.h>
#include <stddef.h>

/* The series colours remain distinguishable with common colour-vision deficiencies, in both themes. */
const char sm_svg_style[] = ".sm-chart{font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;font-size:12px}"
                            ".sm-chart text{fill:#57606a}"
                            ".sm-chart .sm-title{font-size:14px;font-weight:600;fill:#1b2330}"
                            ".sm-chart .sm-strong{font-weight:600;fill:#1b2330}"
                            ".sm-chart .sm-large{font-size:17px;font-weight:600}"
                            ".sm-chart .sm-on-dark{fill:#ffffff}.sm-chart .sm-on-light{fill:#1b2330}"
                            ".sm-paper{fill:#ffffff}.sm-cell{fill:#2563eb}.sm-cell-base{fill:#f1f4f9}"
                            ".sm-grid{stroke:#e3e7ee;stroke-width:1}.sm-axis{stroke:#aab2bf;stroke-width:1}"
                            ".sm-guide{stroke:#8b95a5;stroke-width:1.25;stroke-dasharray:4 4;fill:none}"
                            ".sm-line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}"
                            ".sm-thin{stroke-width:1.5;stroke-dasharray:5 3}"
                            ".sm-soft{opacity:.18}.sm-bar{opacity:.82}"
                            ".sm-s0{stroke:#2563eb}.sm-f0{fill:#2563eb}.sm-s1{stroke:#e8590c}.sm-f1{fill:#e8590c}"
                            ".sm-s2{stroke:#0a8f6c}.sm-f2{fill:#0a8f6c}.sm-s3{stroke:#9333ea}.sm-f3{fill:#9333ea}"
                            ".sm-s4{stroke:#db2777}.sm-f4{fill:#db2777}.sm-s5{stroke:#0e8fb0}.sm-f5{fill:#0e8fb0}"
                            ".sm-s6{stroke:#b07d05}.sm-f6{fill:#b07d05}.sm-s7{stroke:#64748b}.sm-f7{fill:#64748b}"
                            "@media (prefers-color-scheme:dark){"
                            ".sm-chart text{fill:#a3adbb}.sm-chart .sm-title,.sm-chart .sm-strong{fill:#eef2f7}"
                            ".sm-chart .sm-on-dark{fill:#ffffff}.sm-chart .sm-on-light{fill:#eef2f7}"
                            ".sm-paper{fill:#12161d}.sm-cell{fill:#3b82f6}.sm-cell-base{fill:#1d2530}"
                            ".sm-grid{stroke:#29323f}.sm-axis{stroke:#566273}.sm-guide{stroke:#7b8797}"
                            ".sm-s0{stroke:#60a5fa}.sm-f0{fill:#60a5fa}.sm-s1{stroke:#ff9248}.sm-f1{fill:#ff9248}"
                            ".sm-s2{stroke:#3ed0a4}.sm-f2{fill:#3ed0a4}.sm-s3{stroke:#c084fc}.sm-f3{fill:#c084fc}"
                            ".sm-s4{stroke:#f472b6}.sm-f4{fill:#f472b6}.sm-s5{stroke:#4cc9ea}.sm-f5{fill:#4cc9ea}"
                            ".sm-s6{stroke:#e5b83b}.sm-f6{fill:#e5b83b}.sm-s7{stroke:#9aa7b8}.sm-f7{fill:#9aa7b8}}";

/* Length of the valid UTF-8 sequence at `text` (RFC 3629), or 0. */
static int utf8_length(const unsigned char *text) {
    if (text[0] < 0x80) return 1;
    int length = text[0] >= 0xC2 && text[0] < 0xE0   ? 2
                 : text[0] >= 0xE0 && text[0] < 0xF0 ? 3
                 : text[0] >= 0xF0 && text[0] < 0xF5 ? 4
                                                     : 0;
    for (int i = 1; i < length; i++)
        if ((text[i] & 0xC0) != 0x80) return 0;
    if ((text[0] == 0xE0 && text[1] < 0xA0) || (text[0] == 0xED && text[1] > 0x9F)) return 0;
    if ((text[0] == 0xF0 && text[1] < 0x90) || (text[0] == 0xF4 && text[1] > 0x8F)) return 0;
    return length;
}

void sm_svg_escape(FILE *out, const char *text) {
    const unsigned char *p = (const unsigned char *)(text ? text : "");
    while (*p) {
        int length = utf8_length(p);
        if (*p == '&')
            fputs("&amp;", out);
        else if (*p == '<')
            fputs("&lt;", out);
        else if (*p == '>')
            fputs("&gt;", out);
        else if (*p == '"')
            fputs("&quot;", out);
        else if (*p == '\'')
            fputs("&#39;", out);
        else if (length == 0 || *p == 0x7F || (*p < 0x20 && *p != '\t' && *p != '\n'))
            fputc('?', out);
        else
            fwrite(p, 1, (size_t)length, out);
        p += length > 0 ? length : 1;
    }
}

void sm_svg_begin(FILE *out, double width, double height, bool standalone, const char *label) {
    if (standalone)
        fprintf(out,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%g\" height=\"%g\"",
                width, height);
    else
        fputs("<svg", out); /* in HTML the namespace is implied */
    fprintf(out, " class=\"sm-chart\" viewBox=\"0 0 %g %g\"", width, height);
    fputs(" role=\"img\" aria-label=\"", out);
    sm_svg_escape(out, label);
    fputs("\">\n", out);
    if (standalone)
        fprintf(out, "<style>%s</style>\n<rect class=\"sm-paper\" width=\"%g\" height=\"%g\"/>\n", sm_svg_style, width,
                height);
}

void sm_svg_end(FILE *out) { fputs("</svg>\n", out); }

void sm_svg_text(FILE *out, double x, double y, const char *anchor, const char *style, const char *text) {
    fprintf(out, "<text x=\"%.5g\" y=\"%.5g\" text-anchor=\"%s\"", x, y, anchor);
    if (*style) fprintf(out, " class=\"%s\"", style);
    fputc('>', out);
    sm_svg_escape(out, text);
    fputs("</text>\n", out);
}

void sm_svg_line(FILE *out, double x1, double y1, double x2, double y2, const char *style) {
    fprintf(out, "<line x1=\"%.5g\" y1=\"%.5g\" x2=\"%.5g\" y2=\"%.5g\" class=\"%s\"/>\n", x1, y1, x2, y2, style);
}

void sm_svg_rectangle(FILE *out, double x, double y, double width, double height, const char *style,
                      const char *tooltip) {
    fprintf(out, "<rect x=\"%.5g\" y=\"%.5g\" width=\"%.5g\" height=\"%.5g\" rx=\"2\" class=\"%s\"", x, y, width,
            height, style);
    if (!tooltip) {
        fputs("/>\n", out);
        return;
    }
    fputs("><title>", out);
    sm_svg_escape(out, tooltip);
    fputs("</title></rect>\n", out);
}

int sm_svg_colour(int index) { return index % SM_SVG_COLOURS; }

/* The smallest of 1, 2, 5, 10 times a power of ten that is at least `value`, up to rounding. */
static double nice_number(double value) {
    double power = pow(10.0, floor(log10(value)));
    double fraction = value / power;
    if (fraction <= 1.0 + 1e-9) return power;
    if (fraction <= 2.0 + 1e-9) return 2.0 * power;
    if (fraction <= 5.0 + 1e-9) return 5.0 * power;
    return 10.0 * power;
}

sm_plot_axis sm_plot_axis_make(double low, double high, int wanted, bool expand, double smallest_step) {
    if (!isfinite(low) || !isfinite(high) || low > high) {
        low = 0.0;
        high = 1.0;
    }
    /* A range below the rounding error of its limits is treated as a single value. */
    if (high - low <= 1e-9 * fmax(fabs(low), fabs(high)) || high - low < 1e-300) {
        double margin = low == 0.0 ? 0.5 : 0.1 * fabs(low);
        if (margin < 0.5 * smallest_step) margin = 0.5 * smallest_step;
        low -= margin;
        high += margin;
    }
    if (wanted < 2) wanted = 2;
    sm_plot_axis axis = {.low = low, .high = high};
    axis.step = nice_number((high - low) / wanted);
    if (axis.step < smallest_step) axis.step = smallest_step;
    if (expand) {
        axis.low = floor(low / axis.step + 1e-9) * axis.step;
        axis.high = ceil(high / axis.step - 1e-9) * axis.step;
    }
    axis.first = ceil(axis.low / axis.step - 1e-9) * axis.step;
    axis.ticks = (int)floor((axis.high - axis.first) / axis.step + 1e-9) + 1;
    axis.decimals = axis.step >= 1.0 - 1e-12 ? 0 : (int)ceil(-log10(axis.step) - 1e-9);
    return axis;
}

static double share(const sm_plot_axis *axis, double value) { return (value - axis->low) / (axis->high - axis->low); }

double sm_plot_x(const sm_plot *plot, double value) { return plot->left + plot->width * share(&plot->x, value); }
double sm_plot_y(const sm_plot *plot, double value) {
    return plot->top + plot->height * (1.0 - share(&plot->y, value));
}

static void tick_label(const sm_plot_axis *axis, double value, char *text, size_t size) {
    if (fabs(value) < 1e-9 * axis->step) value = 0.0;
    if (axis->decimals > 5 || fabs(value) >= 1e6)
        snprintf(text, size, "%.3g", value);
    else
        snprintf(text, size, "%.*f", axis->decimals, value);
}

void sm_plot_frame(FILE *out, const sm_plot *plot, const char *x_label, const char *y_label) {
    char text[64];
    double bottom = plot->top + plot->height;
    for (int i = 0; i < plot->y.ticks; i++) {
        double value = plot->y.first + i * plot->y.step, y = sm_plot_y(plot, value);
        sm_svg_line(out, plot->left, y, plot->left + plot->width, y, "sm-grid");
        tick_label(&plot->y, value, text, sizeof text);
        sm_svg_text(out, plot->left - 8, y + 4, "end", "", text);
    }
    for (int i = 0; i < plot->x.ticks; i++) {
        double value = plot->x.first + i * plot->x.step, x = sm_plot_x(plot, value);
        sm_svg_line(out, x, bottom, x, bottom + 4, "sm-axis");
        tick_label(&plot->x, value, text, sizeof text);
        sm_svg_text(out, x, bottom + 18, "middle", "", text);
    }
    sm_svg_line(out, plot->left, bottom, plot->left + plot->width, bottom, "sm-axis");
    if (x_label && *x_label) sm_svg_text(out, plot->left + plot->width / 2, bottom + 36, "middle", "", x_label);
    if (y_label && *y_label) {
        double x = plot->left - 42, y = plot->top + plot->height / 2;
        fprintf(out, "<text transform=\"translate(%.5g %.5g) rotate(-90)\" text-anchor=\"middle\">", x, y);
        sm_svg_escape(out, y_label);
        fputs("</text>\n", out);
    }
}

static double clamp(double value, double low, double high) { return fmin(fmax(value, low), high); }

void sm_plot_line(FILE *out, const sm_plot *plot, const double *x, const double *y, int count, const char *style) {
    fprintf(out, "<path class=\"%s\" d=\"", style);
    bool pen_down = false;
    for (int i = 0; i < count; i++) {
        if (!isfinite(x[i]) || !isfinite(y[i])) {
            pen_down = false;
            continue;
        }
        double px = sm_plot_x(plot, clamp(x[i], plot->x.low, plot->x.high));
        double py = sm_plot_y(plot, clamp(y[i], plot->y.low, plot->y.high));
        fprintf(out, "%c%.2f %.2f", pen_down ? 'L' : 'M', px, py);
        /* A point with gaps on both sides is drawn as a zero-length line, which has round caps. */
        if (!pen_down && (i + 1 == count || !isfinite(x[i + 1]) || !isfinite(y[i + 1])))
            fprintf(out, "L%.2f %.2f", px, py);
        pen_down = true;
    }
    fputs("\"/>\n", out);
}
