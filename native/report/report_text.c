/* Metrics as text: one value, and tables for a terminal. */
#include "report.h"

#include <math.h>
#include <string.h>

double sm_report_threshold(const sm_report *report, int model) {
    const float requested = report->segment.threshold;
    return (double)(requested < 0 ? report->models[model].threshold : requested);
}

double sm_report_minimum_area(const sm_report *report, int model) {
    const float requested = report->segment.minimum_area;
    return (double)(requested < 0 ? report->models[model].minimum_area : requested);
}

double sm_report_operating_point(const sm_report *report) {
    const double requested = report->segment.operating_point;
    return requested > 0 ? requested : (double)SM_DEFAULT_OPERATING_POINT;
}

void sm_metric_format(sm_metric metric, double value, char text[SM_METRIC_TEXT]) {
    if (!isfinite(value))
        snprintf(text, SM_METRIC_TEXT, "\xE2\x80\x93");
    else if (sm_metrics[metric].unit == SM_UNIT_SHARE)
        snprintf(text, SM_METRIC_TEXT, "%.1f %%", 100 * value);
    else if (sm_metrics[metric].unit == SM_UNIT_PIXELS)
        snprintf(text, SM_METRIC_TEXT, "%.1f px", value);
    else
        snprintf(text, SM_METRIC_TEXT, "%.3f", value);
}

static void print_scores(FILE *out, const char *name, const sm_score_set *scores) {
    char value[SM_METRIC_TEXT], low[SM_METRIC_TEXT], high[SM_METRIC_TEXT];
    fprintf(out, "\n%s: %d images, %d with a lesion, %d normal, %d groups\n", name, scores->images,
            scores->lesion_images, scores->normal_images, scores->groups);
    for (int f = 0; f < SM_METRIC_COUNT; f++) {
        if (!isfinite(scores->metric[f])) continue;
        sm_metric_format((sm_metric)f, scores->metric[f], value);
        fprintf(out, "  %-50s %9s", sm_metrics[f].title, value);
        if (isfinite(scores->interval[f].low)) {
            sm_metric_format((sm_metric)f, scores->interval[f].low, low);
            sm_metric_format((sm_metric)f, scores->interval[f].high, high);
            fprintf(out, "   [%s, %s]", low, high);
        }
        fputc('\n', out);
    }
}

/* One line per row, with the most used metrics. */
static void print_table(FILE *out, const sm_table *table) {
    static const struct {
        sm_metric metric;
        const char *title;
    } columns[] = {{SM_METRIC_LESION_DICE, "Dice"},  {SM_METRIC_LESION_DICE_MEDIAN, "median"},
                   {SM_METRIC_MISSED, "missed"},     {SM_METRIC_FALSE_MASK, "false mask"},
                   {SM_METRIC_ACCURACY, "accuracy"}, {SM_METRIC_AUC_MALIGNANT_BENIGN, "AUC m/b"}};
    enum { COLUMNS = sizeof columns / sizeof columns[0] };
    char value[SM_METRIC_TEXT];
    fprintf(out, "\n  %-38s %6s", table->title, "images");
    for (int c = 0; c < COLUMNS; c++) fprintf(out, " %10s", columns[c].title);
    for (int r = 0; r < table->row_count; r++) {
        const sm_table_row *row = &table->rows[r];
        fprintf(out, "\n  %-38s %6d", row->label, row->scores.images);
        for (int c = 0; c < COLUMNS; c++) {
            double metric = row->scores.metric[columns[c].metric];
            sm_metric_format(columns[c].metric, metric, value);
            /* The width counts bytes, and an en dash has three. */
            fprintf(out, isfinite(metric) ? " %10s" : " %12s", value);
        }
    }
    fputc('\n', out);
}

void sm_report_print(FILE *out, const sm_split *split) {
    print_scores(out, split->name, &split->all);
    for (int t = 0; t < split->table_count; t++)
        if (split->tables[t].row_count > 1) print_table(out, &split->tables[t]);
    fflush(out);
}
