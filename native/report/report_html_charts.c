#include "report_html.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../metrics/uncertainty.h"
#include "curves.h"
#include "plots.h"

static sm_status draw_roc(FILE *out, const sm_split *split, sm_error *error) {
    static const struct {
        const char *name;
        sm_metric metric;
    } questions[SM_ROC_QUESTION_COUNT] = {
        [SM_ROC_MALIGNANT_BENIGN] = {"malignant against benign", SM_METRIC_AUC_MALIGNANT_BENIGN},
        [SM_ROC_MALIGNANT_REST] = {"malignant against the rest", SM_METRIC_AUC_MALIGNANT_REST},
        [SM_ROC_LESION_NORMAL] = {"lesion against normal, type", SM_METRIC_AUC_LESION_NORMAL},
        [SM_ROC_PRESENCE] = {"lesion against none, presence", SM_METRIC_AUC_PRESENCE}};
    size_t room = (size_t)split->count + 1;
    sm_roc_case *cases = malloc(room * sizeof *cases);
    sm_roc_point *points = malloc(SM_ROC_QUESTION_COUNT * room * sizeof *points);
    sm_status status = SM_OK;
    if (!cases || !points) {
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory for ROC curves");
    } else {
        sm_roc_series series[SM_ROC_QUESTION_COUNT];
        for (int q = 0; q < SM_ROC_QUESTION_COUNT; q++) {
            int count = sm_roc_cases(split->images, split->count, (sm_roc_question)q, cases);
            sm_roc_point *of_question = points + (size_t)q * room;
            series[q] = (sm_roc_series){.name = questions[q].name,
                                        .area = split->all.metric[questions[q].metric],
                                        .points = of_question,
                                        .count = sm_roc_curve(cases, count, of_question)};
        }
        sm_plot_roc(out, series, SM_ROC_QUESTION_COUNT);
    }
    free(points);
    free(cases);
    return status;
}

static sm_status draw_dice(FILE *out, const sm_split *split, sm_error *error) {
    double *dice = malloc(((size_t)split->count + 1) * sizeof *dice);
    if (!dice) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a histogram");
    int count = 0;
    for (int i = 0; i < split->count; i++)
        if (sm_evaluated_has_lesion(split->images[i])) dice[count++] = split->images[i]->scores.dice;
    sm_plot_histogram(out, "Dice of lesion images", "Dice", dice, count, split->all.metric[SM_METRIC_LESION_DICE],
                      split->all.metric[SM_METRIC_LESION_DICE_MEDIAN]);
    free(dice);
    return SM_OK;
}

static sm_status draw_risk(FILE *out, const sm_split *split, sm_error *error) {
    double *values = malloc(3 * ((size_t)split->count + 1) * sizeof *values);
    sm_uncertainty *uncertainty = sm_uncertainty_make(split->images, split->count);
    sm_status status = SM_OK;
    if (values && uncertainty) {
        double *risk = values + split->count, *best = risk + split->count;
        const int count = sm_risk_coverage(uncertainty, values, risk, best);
        sm_plot_risk_coverage(out, values, risk, best, count, split->all.metric[SM_METRIC_RISK_COVERAGE]);
    } else {
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory for a risk-coverage curve");
    }
    sm_uncertainty_free(uncertainty);
    free(values);
    return status;
}

/* The levels differ between the networks of a cross-validation; those of the first one are marked. */
static sm_status draw_froc(FILE *out, const sm_report *report, const sm_split *split, sm_error *error) {
    sm_froc froc;
    sm_froc_mark marks[SM_OPERATING_POINTS];
    const sm_model_info *model = &report->models[0];
    const sm_status status = sm_froc_make(split->images, split->count, &froc, error);
    if (status != SM_OK) return status;
    for (int p = 0; p < SM_OPERATING_POINTS; p++)
        marks[p] = (sm_froc_mark){(double)model->operating_points[p].kept, (double)model->operating_points[p].presence};
    sm_plot_froc(out, &froc, marks, model->has_decision ? SM_OPERATING_POINTS : 0);
    sm_froc_free(&froc);
    return SM_OK;
}

static void draw_corrections(FILE *out, const sm_score_set *scores) {
    const double dice[5] = {scores->metric[SM_METRIC_LESION_DICE], scores->metric[SM_METRIC_DICE_1_CLICK],
                            scores->metric[SM_METRIC_DICE_2_CLICKS], scores->metric[SM_METRIC_DICE_3_CLICKS],
                            scores->metric[SM_METRIC_DICE_5_CLICKS]};
    sm_plot_corrections(out, dice, scores->metric[SM_METRIC_DICE_BOX]);
}

static void open_chart(FILE *out) { fputs("<div class=\"chart\">", out); }
static void close_chart(FILE *out) { fputs("</div>\n", out); }

/* Charts without data are left out. */
sm_status sm_report_charts(FILE *out, const sm_report *report, const sm_split *split, sm_error *error) {
    const sm_score_set *all = &split->all;
    sm_status status = SM_OK;
    fputs("<div class=\"charts\">\n", out);
    if (all->lesion_images > 0) {
        open_chart(out);
        status = draw_dice(out, split, error);
        close_chart(out);
        open_chart(out);
        if (status == SM_OK) status = draw_froc(out, report, split, error);
        close_chart(out);
    }
    if (isfinite(all->metric[SM_METRIC_DICE_1_CLICK])) {
        open_chart(out);
        draw_corrections(out, all);
        close_chart(out);
    }
    if (isfinite(all->metric[SM_METRIC_AUC_PRESENCE]) || isfinite(all->metric[SM_METRIC_AUC_MALIGNANT_REST])) {
        open_chart(out);
        if (status == SM_OK) status = draw_roc(out, split, error);
        close_chart(out);
    }
    if (isfinite(all->presence.ece)) {
        open_chart(out);
        sm_plot_presence_reliability(out, &all->presence);
        close_chart(out);
    }
    if (all->typed_images > 0) {
        open_chart(out);
        sm_plot_confusion(out, &all->confusion);
        close_chart(out);
        open_chart(out);
        sm_plot_reliability(out, &all->calibrated, &all->uncalibrated);
        close_chart(out);
    }
    if (all->outlined_images > 0) {
        open_chart(out);
        if (status == SM_OK) status = draw_risk(out, split, error);
        close_chart(out);
    }
    fputs("</div>\n", out);
    return status;
}

/* A panel of curves: the columns of the log whose names contain one of the words. */
typedef struct curve_kind {
    const char *title;
    const char *words[5];
    double high; /* the y axis is 0..high; 0: fitted to the values */
} curve_kind;

static bool names_one(const curve_kind *kind, const char *name) {
    for (int w = 0; w < 5 && kind->words[w]; w++)
        if (strstr(name, kind->words[w])) return true;
    return false;
}

enum { LABEL_SIZE = 64 };

/* A column's name with spaces for underscores, as a legend. */
static void plain_words(const char *name, char *label) {
    snprintf(label, LABEL_SIZE, "%s", name);
    for (char *c = label; *c; c++)
        if (*c == '_') *c = ' ';
}

sm_status sm_report_curves(FILE *out, const sm_number_table *log, sm_error *error) {
    static const curve_kind kinds[] = {{"Loss", {"loss"}, 0},
                                       {"Masks", {"dice", "iou", "false"}, 1},
                                       {"Type", {"accuracy", "auc", "f1"}, 1},
                                       {"Learning rate", {"rate", "lr"}, 0}};
    enum { KINDS = sizeof kinds / sizeof kinds[0] };
    int epoch = sm_number_table_column(log, "epoch");
    if (epoch < 0 || log->rows < 1) return SM_OK;
    sm_curve_series *series = calloc((size_t)log->columns, sizeof *series);
    bool *used = calloc((size_t)log->columns, sizeof *used);
    char(*labels)[LABEL_SIZE] = malloc((size_t)log->columns * sizeof *labels);
    if (!series || !used || !labels) {
        free(labels);
        free(used);
        free(series);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for training curves");
    }
    used[epoch] = true;
    fputs("<h2 id=\"training-curves\">Training curves</h2>\n<div class=\"charts\">\n", out);
    for (int k = 0; k < KINDS; k++) {
        int count = 0;
        for (int c = 0; c < log->columns; c++) {
            if (used[c] || !names_one(&kinds[k], log->names[c])) continue;
            used[c] = true;
            plain_words(log->names[c], labels[c]);
            series[count++] = (sm_curve_series){labels[c], log->rows, log->values[epoch], log->values[c]};
        }
        if (count == 0) continue;
        const sm_curve_panel panel = {.title = kinds[k].title,
                                      .x_label = "epoch",
                                      .y_label = "",
                                      .series = series,
                                      .series_count = count,
                                      .y_high = kinds[k].high};
        fputs("<div class=\"chart\">", out);
        sm_curve_panel_svg(out, &panel);
        fputs("</div>\n", out);
    }
    fputs("</div>\n", out);
    free(labels);
    free(used);
    free(series);
    return SM_OK;
}
