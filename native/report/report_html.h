/** Parts of report.html; see report_html.c for the page. */
#ifndef SONOMASK_REPORT_HTML_H
#define SONOMASK_REPORT_HTML_H

#include "report.h"

void sm_report_cards(FILE *out, const sm_score_set *scores);
/** Every metric with its interval. */
void sm_report_metrics_table(FILE *out, const sm_score_set *scores);
void sm_report_classes_table(FILE *out, const sm_score_set *scores);
void sm_report_masks_table(FILE *out, const sm_score_set *scores);
void sm_report_calibration_table(FILE *out, const sm_score_set *scores);
/** One row per subgroup of the images. */
void sm_report_subgroups_table(FILE *out, const sm_table *table);
/** Operating points, margins and corrections: one row per subgroup. Nothing when the models have none of them. */
void sm_report_decisions_table(FILE *out, const sm_table *table);
/** Agreement of the measures of both outlines, with the number of lesions: one row per subgroup. Nothing without found
 * lesions. */
void sm_report_measures_table(FILE *out, const sm_table *table);
void sm_report_folds_table(FILE *out, const sm_fold_summary *folds);
/** Scores of perturbed images: a summary, a table of the study's perturbations, and a chart per kind. */
void sm_report_robustness(FILE *out, const sm_robustness *robustness);

/** Dice histogram, FROC, corrections, ROC, reliability, confusion matrix, risk and coverage. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_report_charts(FILE *out, const sm_report *report, const sm_split *split, sm_error *error);
/** Reliability diagrams of presence and type, one pair per row of the table of data sets, folded. */
void sm_report_reliabilities(FILE *out, const sm_table *table);
/** Training curves by epoch. Errors: SM_ERROR_MEMORY. */
sm_status sm_report_curves(FILE *out, const sm_number_table *log, sm_error *error);

#endif
