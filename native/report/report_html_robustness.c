/* Scores of perturbed images. */
#include "report_html.h"

#include <math.h>

#include "curves.h"
#include "html.h"

/* The chart of each kind of perturbation; `unchanged` is the x value of the unchanged images. */
static const struct {
    const char *title, *x_label;
    double unchanged;
} kinds[SM_PERTURBATIONS] = {
    [SM_PERTURB_CONTRAST] = {"Contrast", "factor about the mean", 1},
    [SM_PERTURB_BRIGHTNESS] = {"Brightness", "added share of the range", 0},
    [SM_PERTURB_BLUR] = {"Blur", "sigma, pixels of the network's input", 0},
    [SM_PERTURB_SPECKLE] = {"Speckle", "standard deviation of the factor", 0},
    [SM_PERTURB_JPEG] = {"JPEG compression", "100 - quality", 0},
    [SM_PERTURB_DOWNSCALE] = {"Lower resolution", "factor", 1},
    [SM_PERTURB_CROP] = {"Cropping", "share removed at each side", 0},
};

static double place_of(const sm_robustness_point *point) {
    return point->kind == SM_PERTURB_JPEG ? 100 - point->strength : point->strength;
}

/* The points of one kind, including the unchanged images, in the order of x. Returns their number. */
static int gather(const sm_robustness *robustness, int kind, double *x, double *dice, double *accuracy) {
    int count = 0;
    bool placed = false;
    for (int p = 1; p <= SM_ROBUSTNESS_POINTS; p++) {
        const sm_robustness_point *point = p < SM_ROBUSTNESS_POINTS ? &robustness->points[p] : NULL;
        const bool ours = point && (int)point->kind == kind;
        if (!placed && ((ours && place_of(point) > kinds[kind].unchanged) || !point)) {
            x[count] = kinds[kind].unchanged;
            dice[count] = sm_robustness_dice(&robustness->points[0]);
            accuracy[count++] = sm_robustness_accuracy(&robustness->points[0]);
            placed = true;
        }
        if (!ours) continue;
        x[count] = place_of(point);
        dice[count] = sm_robustness_dice(point);
        accuracy[count++] = sm_robustness_accuracy(point);
    }
    return count;
}

static void draw_kind(FILE *out, const sm_robustness *robustness, int kind) {
    double x[SM_ROBUSTNESS_POINTS + 1], dice[SM_ROBUSTNESS_POINTS + 1], accuracy[SM_ROBUSTNESS_POINTS + 1];
    const int count = gather(robustness, kind, x, dice, accuracy);
    const sm_curve_series series[] = {{"lesion Dice", count, x, dice}, {"accuracy of the type", count, x, accuracy}};
    const sm_curve_panel panel = {.title = kinds[kind].title,
                                  .x_label = kinds[kind].x_label,
                                  .y_label = "",
                                  .series = series,
                                  .series_count = 2,
                                  .y_high = 1};
    fputs("<div class=\"chart\">", out);
    sm_curve_panel_svg(out, &panel);
    fputs("</div>\n", out);
}

static void study_table(FILE *out, const sm_robustness *robustness) {
    const sm_robustness_point *points = robustness->points;
    const double before = sm_robustness_dice(&points[0]);
    sm_html_table_begin(out, "Perturbations of the seed study");
    fputs("<thead><tr><th scope=\"col\">Perturbation</th><th scope=\"col\">Strength</th><th scope=\"col\">Lesion "
          "Dice</th>"
          "<th scope=\"col\">Drop</th><th scope=\"col\">Accuracy</th></tr></thead>\n<tbody>\n",
          out);
    for (int p = 0; p < SM_ROBUSTNESS_POINTS; p++) {
        if (p > 0 && !points[p].study) continue;
        if (p == 0)
            fputs("<tr><th scope=\"row\">none</th><td></td>", out);
        else
            fprintf(out, "<tr><th scope=\"row\">%s</th><td>%.3g</td>", sm_perturbation_name(points[p].kind),
                    points[p].strength);
        const double dice = sm_robustness_dice(&points[p]);
        fprintf(out, "<td>%.3f</td><td>%.3f</td><td>%.3f</td></tr>\n", dice, before - dice,
                sm_robustness_accuracy(&points[p]));
    }
    fputs("</tbody>", out);
    sm_html_table_end(out);
}

void sm_report_robustness(FILE *out, const sm_robustness *robustness) {
    const double before = sm_robustness_dice(&robustness->points[0]);
    const double study = sm_robustness_study_dice(robustness);
    fputs("<h2 id=\"robustness\">Robustness</h2>\n", out);
    if (isfinite(before))
        fprintf(
            out,
            "<p class=\"lead\">Contrast, brightness and blur at the seed study's strengths change the mean lesion Dice "
            "by %+.3f, from %.3f to %.3f (%d images).</p>\n",
            study - before, before, study, robustness->images);
    study_table(out, robustness);
    fputs("<div class=\"charts\">\n", out);
    for (int kind = 0; kind < SM_PERTURBATIONS; kind++) draw_kind(out, robustness, kind);
    fputs(
        "</div>\n<p class=\"note\">Lower resolution: the image is reduced by the factor and enlarged again. A cropped "
        "image counts if it keeps 90 % of its lesion.</p>\n",
        out);
}
