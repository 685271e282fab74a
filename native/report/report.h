/** The files of an evaluation: metrics.json, images.csv, report.html. */
#ifndef SONOMASK_REPORT_H
#define SONOMASK_REPORT_H

#include <stdio.h>

#include "../data/number_table.h"
#include "../evaluate/evaluation_run.h"
#include "gallery.h"

/** What the files are written from. Nothing is owned. */
typedef struct sm_report {
    const char *model_path;
    const sm_model_info *models; /**< one, or one per fold in the order of `folds`; all of the same network */
    int model_count;             /**< at least 1 */
    sm_segment_options segment;  /**< as requested: a negative value stands for the model's own */
    const char *const *data;     /**< paths as given */
    int data_count;
    int fold;               /**< the validation fold; -1: all images are one split */
    const sm_split *splits; /**< scored; the validation split comes first */
    int split_count;
    sm_gallery (*galleries)[SM_GALLERY_KINDS]; /**< per split; NULL: no pictures */
    const sm_evaluation_failure *failures;
    int failure_count;
    const sm_number_table *log;      /**< training log; NULL: none */
    bool corrections;                /**< simulated clicks and boxes were asked for */
    const sm_fold_summary *folds;    /**< of the first split; NULL: one network scored all images */
    const sm_robustness *robustness; /**< of the first split's images; NULL: not requested */
} sm_report;

/**
 * Writes images.csv, metrics.json and report.html to request->out and prints the headline metrics: one JSON line per
 * split on stdout, a table on stderr. The files replace older ones only after all three are complete. Errors:
 * SM_ERROR_IO, SM_ERROR_MEMORY.
 */
sm_status sm_report_write(const sm_evaluation_request *request, const sm_evaluation_results *results, sm_error *error);

/** The content of each file. A failed write to `out` stays in its error indicator. Errors: SM_ERROR_MEMORY. */
sm_status sm_report_json(FILE *out, const sm_report *report, sm_error *error);
sm_status sm_report_csv(FILE *out, const sm_report *report, sm_error *error);
sm_status sm_report_html(FILE *out, const sm_report *report, sm_error *error);

/** The headline metrics of a split as one JSON line. */
void sm_report_headline(FILE *out, const sm_report *report, const sm_split *split);
/** The headline metrics of a split as a table for a terminal. */
void sm_report_print(FILE *out, const sm_split *split);

/** The settings used with a model: the requested ones, else the model's own. */
double sm_report_threshold(const sm_report *report, int model);
double sm_report_minimum_area(const sm_report *report, int model);
/** The share of lesion images kept by the operating point. */
double sm_report_operating_point(const sm_report *report);

enum { SM_METRIC_TEXT = 32 };
/** "0.774", "12.3 %" or "8.1 px"; an en dash for a value that is not finite. */
void sm_metric_format(sm_metric metric, double value, char text[SM_METRIC_TEXT]);

#endif
