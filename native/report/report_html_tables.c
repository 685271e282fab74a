#include "report_html.h"

#include <math.h>
#include <stdbool.h>

#include "html.h"
#include "svg.h"

static void cell(FILE *out, double value, int decimals) {
    if (isfinite(value))
        fprintf(out, "<td>%.*f</td>", decimals, value);
    else
        fputs("<td>\xE2\x80\x93</td>", out);
}

static void row_name(FILE *out, const char *name) {
    fputs("<tr><th scope=\"row\">", out);
    sm_svg_escape(out, name);
    fputs("</th>", out);
}

static void header(FILE *out, const char *const *names, int count) {
    fputs("<thead><tr>", out);
    for (int i = 0; i < count; i++) {
        fputs("<th scope=\"col\">", out);
        sm_svg_escape(out, names[i]);
        fputs("</th>", out);
    }
    fputs("</tr></thead>\n<tbody>\n", out);
}

/* "0.741 to 0.803" or "12.1 to 13.4 %". */
static void write_interval(FILE *out, sm_metric metric, sm_interval interval) {
    if (!isfinite(interval.low)) return;
    if (sm_metrics[metric].unit == SM_UNIT_SHARE)
        fprintf(out, "%.1f to %.1f %%", 100 * interval.low, 100 * interval.high);
    else if (sm_metrics[metric].unit == SM_UNIT_PIXELS)
        fprintf(out, "%.1f to %.1f px", interval.low, interval.high);
    else
        fprintf(out, "%.3f to %.3f", interval.low, interval.high);
}

void sm_report_cards(FILE *out, const sm_score_set *scores) {
    static const sm_metric shown[] = {SM_METRIC_LESION_DICE,     SM_METRIC_LESION_DICE_MEDIAN,
                                      SM_METRIC_MISSED,          SM_METRIC_FALSE_MASK,
                                      SM_METRIC_ACCURACY,        SM_METRIC_AUC_MALIGNANT_BENIGN,
                                      SM_METRIC_AUC_PRESENCE,    SM_METRIC_DICE_1_CLICK,
                                      SM_METRIC_MARGIN_COVERAGE, SM_METRIC_ECE};
    char value[SM_METRIC_TEXT];
    fputs("<div class=\"cards\">\n", out);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        sm_metric metric = shown[i];
        if (!isfinite(scores->metric[metric])) continue;
        sm_metric_format(metric, scores->metric[metric], value);
        fprintf(out, "<div class=\"card\"><div class=\"name\">%s</div><div class=\"value\">%s</div>",
                sm_metrics[metric].title, value);
        fputs("<div class=\"interval\">", out);
        write_interval(out, metric, scores->interval[metric]);
        fputs("</div></div>\n", out);
    }
    fputs("</div>\n", out);
}

void sm_report_metrics_table(FILE *out, const sm_score_set *scores) {
    static const char *const names[] = {"Metric", "Value", "95 % interval"};
    char value[SM_METRIC_TEXT];
    sm_html_table_begin(out, "All metrics");
    header(out, names, 3);
    for (int f = 0; f < SM_METRIC_COUNT; f++) {
        if (!isfinite(scores->metric[f])) continue;
        sm_metric_format((sm_metric)f, scores->metric[f], value);
        row_name(out, sm_metrics[f].title);
        fprintf(out, "<td>%s</td><td>", value);
        write_interval(out, (sm_metric)f, scores->interval[f]);
        fputs("</td></tr>\n", out);
    }
    fputs("</tbody>", out);
    sm_html_table_end(out);
}

static void class_row(FILE *out, const char *name, const sm_class_scores *scores) {
    row_name(out, name);
    cell(out, scores->precision, 3);
    cell(out, scores->recall, 3);
    cell(out, scores->f1, 3);
    cell(out, scores->support, 0);
    fputs("</tr>\n", out);
}

void sm_report_classes_table(FILE *out, const sm_score_set *scores) {
    static const char *const names[] = {"Type", "Precision", "Recall", "F1", "Support"};
    sm_html_table_begin(out, "Classification report");
    header(out, names, 5);
    for (int k = 0; k < SM_CLASS_COUNT; k++) class_row(out, sm_class_name((sm_class)k), &scores->types.classes[k]);
    class_row(out, "macro average", &scores->types.macro);
    class_row(out, "weighted average", &scores->types.weighted);
    fputs("</tbody>", out);
    sm_html_table_end(out);
}

static void mask_row(FILE *out, const char *name, const sm_binary_scores *scores) {
    row_name(out, name);
    cell(out, scores->accuracy, 3);
    cell(out, scores->precision, 3);
    cell(out, scores->recall, 3);
    cell(out, scores->specificity, 3);
    cell(out, scores->f1, 3);
    cell(out, scores->iou, 3);
    fputs("</tr>\n", out);
}

void sm_report_masks_table(FILE *out, const sm_score_set *scores) {
    static const char *const names[] = {"Masks",       "Accuracy",  "Precision", "Recall = sensitivity",
                                        "Specificity", "F1 = Dice", "IoU"};
    sm_html_table_begin(out, "Masks, pixelwise and imagewise");
    header(out, names, 7);
    mask_row(out, "pixelwise: all pixels together", &scores->pixelwise);
    mask_row(out, "imagewise: mean over images", &scores->imagewise);
    mask_row(out, "imagewise: mean over lesion images", &scores->imagewise_lesions);
    fputs("</tbody>", out);
    sm_html_table_end(out);
}

static void calibration_row(FILE *out, const char *name, const sm_reliability *calibration) {
    row_name(out, name);
    cell(out, calibration->ece, 3);
    cell(out, calibration->brier, 3);
    cell(out, calibration->log_loss, 3);
    fputs("</tr>\n", out);
}

void sm_report_calibration_table(FILE *out, const sm_score_set *scores) {
    static const char *const names[] = {"Type probabilities", "ECE", "Brier", "Log loss"};
    sm_html_table_begin(out, "Calibration");
    header(out, names, 4);
    calibration_row(out, "before temperature", &scores->uncalibrated);
    calibration_row(out, "after temperature", &scores->calibrated);
    fputs("</tbody>", out);
    sm_html_table_end(out);
}

typedef struct column {
    sm_metric metric;
    const char *title;
} column;

enum { COLUMNS_MAX = 12 };

/* A table of the columns in which at least one row has a value; nothing without such a column. */
static void scores_table(FILE *out, const char *title, const sm_table *table, const column *columns, int count) {
    const char *names[COLUMNS_MAX + 2] = {"", "Images"};
    sm_metric shown[COLUMNS_MAX];
    int shown_count = 0;
    for (int c = 0; c < count; c++) {
        bool any = false;
        for (int r = 0; r < table->row_count; r++)
            any = any || isfinite(table->rows[r].scores.metric[columns[c].metric]);
        if (!any) continue;
        names[2 + shown_count] = columns[c].title;
        shown[shown_count++] = columns[c].metric;
    }
    if (shown_count == 0) return;
    char value[SM_METRIC_TEXT];
    sm_html_table_begin(out, title);
    header(out, names, shown_count + 2);
    for (int r = 0; r < table->row_count; r++) {
        const sm_score_set *scores = &table->rows[r].scores;
        row_name(out, table->rows[r].label);
        fprintf(out, "<td>%d</td>", scores->images);
        for (int c = 0; c < shown_count; c++) {
            sm_metric_format(shown[c], scores->metric[shown[c]], value);
            fprintf(out, "<td>%s", value);
            if (c == 0 && isfinite(scores->interval[shown[c]].low)) {
                fputs("<small>", out);
                write_interval(out, shown[c], scores->interval[shown[c]]);
                fputs("</small>", out);
            }
            fputs("</td>", out);
        }
        fputs("</tr>\n", out);
    }
    fputs("</tbody>", out);
    sm_html_table_end(out);
}

void sm_report_subgroups_table(FILE *out, const sm_table *table) {
    static const column columns[] = {{SM_METRIC_LESION_DICE, "Lesion Dice"},
                                     {SM_METRIC_LESION_DICE_MEDIAN, "Median"},
                                     {SM_METRIC_MISSED, "Missed"},
                                     {SM_METRIC_SURFACE_DICE, "Surface Dice"},
                                     {SM_METRIC_HD95_MEDIAN, "HD95, median"},
                                     {SM_METRIC_FALSE_MASK, "False masks"},
                                     {SM_METRIC_ACCURACY, "Accuracy"},
                                     {SM_METRIC_AUC_MALIGNANT_BENIGN, "AUC mal./ben."},
                                     {SM_METRIC_AUC_PRESENCE, "AUC les./none"},
                                     {SM_METRIC_ECE, "ECE, type"},
                                     {SM_METRIC_PRESENCE_ECE, "ECE, presence"}};
    scores_table(out, table->title, table, columns, sizeof columns / sizeof *columns);
}

void sm_report_decisions_table(FILE *out, const sm_table *table) {
    static const column points[] = {{SM_METRIC_FALSE_MASK_80, "False masks, 80\xC2\xA0%"},
                                    {SM_METRIC_FALSE_MASK_90, "90 %"},
                                    {SM_METRIC_FALSE_MASK_95, "95 %"},
                                    {SM_METRIC_KEPT_80, "Kept, 80\xC2\xA0%"},
                                    {SM_METRIC_KEPT_90, "90 %"},
                                    {SM_METRIC_KEPT_95, "95 %"},
                                    {SM_METRIC_MISSED_80, "Missed, 80\xC2\xA0%"},
                                    {SM_METRIC_MISSED_90, "90 %"},
                                    {SM_METRIC_MISSED_95, "95 %"},
                                    {SM_METRIC_MARGIN_COVERAGE, "Margin covers"},
                                    {SM_METRIC_MARGIN_PIXELS, "Margin"},
                                    {SM_METRIC_MARGIN_SHARE, "of long axis"}};
    static const column corrections[] = {{SM_METRIC_LESION_DICE, "Lesion Dice"},
                                         {SM_METRIC_DICE_1_CLICK, "1 click"},
                                         {SM_METRIC_DICE_2_CLICKS, "2 clicks"},
                                         {SM_METRIC_DICE_3_CLICKS, "3 clicks"},
                                         {SM_METRIC_DICE_5_CLICKS, "5 clicks"},
                                         {SM_METRIC_DICE_BOX, "Box"},
                                         {SM_METRIC_MISSED_1_CLICK, "Missed after 1 click"},
                                         {SM_METRIC_CLEARED, "False masks removed"}};
    bool corrected = false;
    for (int r = 0; r < table->row_count; r++)
        corrected = corrected || isfinite(table->rows[r].scores.metric[SM_METRIC_DICE_1_CLICK]) ||
                    isfinite(table->rows[r].scores.metric[SM_METRIC_CLEARED]);
    scores_table(out, "Operating points (share of lesion images kept) and margins", table, points,
                 sizeof points / sizeof *points);
    if (corrected)
        scores_table(out, "After simulated clicks and a box", table, corrections,
                     sizeof corrections / sizeof *corrections);
}

void sm_report_measures_table(FILE *out, const sm_table *table) {
    static const column columns[] = {{SM_METRIC_LONG_AXIS_ICC, "Longest diameter, ICC"},
                                     {SM_METRIC_SHAPE_KAPPA, "Shape, kappa"},
                                     {SM_METRIC_ORIENTATION_KAPPA, "Orientation, kappa"},
                                     {SM_METRIC_MARGIN_KAPPA, "Margin, kappa"},
                                     {SM_METRIC_WORDS_KAPPA, "Mean kappa"}};
    enum { COUNT = sizeof columns / sizeof *columns };
    const char *names[COUNT + 2] = {"", "Found lesions"};
    for (int c = 0; c < COUNT; c++) names[c + 2] = columns[c].title;
    bool any = false;
    for (int r = 0; r < table->row_count; r++) any = any || table->rows[r].scores.measured_lesions > 0;
    if (!any) return;
    char value[SM_METRIC_TEXT];
    sm_html_table_begin(out, "Measures: the network's outline against the expert's");
    header(out, names, COUNT + 2);
    for (int r = 0; r < table->row_count; r++) {
        const sm_score_set *scores = &table->rows[r].scores;
        row_name(out, table->rows[r].label);
        fprintf(out, "<td>%d</td>", scores->measured_lesions);
        for (int c = 0; c < COUNT; c++) {
            const sm_metric metric = columns[c].metric;
            sm_metric_format(metric, scores->metric[metric], value);
            fprintf(out, "<td>%s<small>", value);
            write_interval(out, metric, scores->interval[metric]);
            fputs("</small></td>", out);
        }
        fputs("</tr>\n", out);
    }
    fputs("</tbody>", out);
    sm_html_table_end(out);
}

void sm_report_folds_table(FILE *out, const sm_fold_summary *folds) {
    static const sm_metric columns[] = {
        SM_METRIC_LESION_DICE,     SM_METRIC_LESION_DICE_MEDIAN,   SM_METRIC_MISSED,       SM_METRIC_FALSE_MASK,
        SM_METRIC_ACCURACY,        SM_METRIC_AUC_MALIGNANT_BENIGN, SM_METRIC_AUC_PRESENCE, SM_METRIC_ECE,
        SM_METRIC_MARGIN_COVERAGE, SM_METRIC_DICE_1_CLICK};
    static const char *const names[] = {
        "",    "Lesion Dice",   "Median",       "Missed", "False masks", "Accuracy", "AUC mal./ben.", "AUC les./none",
        "ECE", "Margin covers", "Dice, 1 click"};
    enum { COLUMNS = sizeof columns / sizeof columns[0] };
    char title[96], mean[SM_METRIC_TEXT], deviation[SM_METRIC_TEXT];
    snprintf(title, sizeof title, "Mean over %d folds, each scored by a network that was not trained on it",
             folds->fold_count);
    sm_html_table_begin(out, title);
    header(out, names, COLUMNS + 1);
    for (int r = 0; r < folds->row_count; r++) {
        const sm_fold_row *row = &folds->rows[r];
        row_name(out, row->label);
        for (int c = 0; c < COLUMNS; c++) {
            sm_metric_format(columns[c], row->mean[columns[c]], mean);
            fprintf(out, "<td>%s", mean);
            if (isfinite(row->deviation[columns[c]])) {
                sm_metric_format(columns[c], row->deviation[columns[c]], deviation);
                fprintf(out, "<small>\xC2\xB1 %s</small>", deviation);
            }
            fputs("</td>", out);
        }
        fputs("</tr>\n", out);
    }
    fputs("</tbody>", out);
    sm_html_table_end(out);
}
