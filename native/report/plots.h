/** The charts of an evaluation, each an inline <svg> element; the page brings sm_svg_style. */
#ifndef SONOMASK_REPORT_PLOTS_H
#define SONOMASK_REPORT_PLOTS_H

#include <stdio.h>

#include "../metrics/classes.h"
#include "../metrics/reliability.h"
#include "../metrics/roc.h"

typedef struct sm_roc_series {
    const char *name;
    double area; /**< for the legend */
    const sm_roc_point *points;
    int count; /**< 0: not drawn */
} sm_roc_series;

void sm_plot_roc(FILE *out, const sm_roc_series *series, int count);
/** Accuracy against confidence of the calibrated answers, with the uncalibrated ones as a dashed line. */
void sm_plot_reliability(FILE *out, const sm_reliability *calibrated, const sm_reliability *uncalibrated);
/** Rows are the truth; the shade is the share of the row. */
void sm_plot_confusion(FILE *out, const sm_confusion *confusion);
/** Histogram of `count` values in 0..1, twenty bins; `mean` and `median` are marked. */
void sm_plot_histogram(FILE *out, const char *title, const char *x_label, const double *values, int count, double mean,
                       double median);

/**
 * Risk (1 - Dice) against coverage: `risk` of the answers sorted by the model's own expectation, `best` if it knew the
 * truth; the last value is the risk of answering everything. `area` is for the legend.
 */
void sm_plot_risk_coverage(FILE *out, const double *coverage, const double *risk, const double *best, int count,
                           double area);

#endif
