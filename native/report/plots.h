/** The charts of an evaluation, each an inline <svg> element; the page must contain sm_svg_style. */
#ifndef SONOMASK_PLOTS_H
#define SONOMASK_PLOTS_H

#include <stdio.h>

#include "../metrics/classes.h"
#include "../metrics/froc.h"
#include "../metrics/reliability.h"
#include "../metrics/roc.h"

typedef struct sm_roc_series {
    const char *name;
    double area; /**< for the legend */
    const sm_roc_point *points;
    int count; /**< 0: not drawn */
} sm_roc_series;

void sm_plot_roc(FILE *out, const sm_roc_series *series, int count);
/** Accuracy against confidence after the temperature; dashed: before the temperature. */
void sm_plot_reliability(FILE *out, const sm_reliability *calibrated, const sm_reliability *uncalibrated);
/** The same for the presence of a lesion: lesion against none. */
void sm_plot_presence_reliability(FILE *out, const sm_reliability *presence);

/** The first operating points of the model, marked on the FROC curve. */
typedef struct sm_froc_mark {
    double kept; /**< for the label */
    double level;
} sm_froc_mark;

/** Lesions found against false outlines per image, with up to `mark_count` levels marked. */
void sm_plot_froc(FILE *out, const sm_froc *froc, const sm_froc_mark *marks, int mark_count);

/** Mean Dice after 0, 1, 2, 3 and 5 clicks, and after a box (a level line). */
void sm_plot_corrections(FILE *out, const double dice[5], double box);

/** Rows are the true class; the shade is the share of the row. */
void sm_plot_confusion(FILE *out, const sm_confusion *confusion);
/** Histogram of `count` values in 0..1, twenty bins; `mean` and `median` are marked. */
void sm_plot_histogram(FILE *out, const char *title, const char *x_label, const double *values, int count, double mean,
                       double median);

/**
 * Risk (mean of 1 - Dice) against coverage: `risk` in the order of the expected Dice, `best` in that of the true Dice;
 * the last value is the risk at full coverage. `area` is for the legend. See sm_risk_coverage.
 */
void sm_plot_risk_coverage(FILE *out, const double *coverage, const double *risk, const double *best, int count,
                           double area);

#endif
