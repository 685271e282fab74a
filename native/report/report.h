/** The files that an evaluation leaves: metrics.json, images.csv, report.html. */
#ifndef SONOMASK_REPORT_H
#define SONOMASK_REPORT_H

#include <stdio.h>

#include "../data/number_table.h"
#include "../evaluate/folds.h"
#include "../evaluate/robustness.h"
#include "gallery.h"

/** A finished evaluation; nothing is owned. */
typedef struct sm_report {
    const char *model_path;
    const sm_model_info *models; /**< one, or one for each of the folds, in their order; of one shape */
    int model_count;             /**< at least 1 */
    sm_segment_options segment;  /**< as asked for: negative means the model's own */
    const char *const *data;     /**< paths as given */
    int data_count;
    int fold;               /**< the validation fold; -1: every image is one split */
    const sm_split *splits; /**< scored; the one to believe first */
    int split_count;
    sm_gallery (*galleries)[SM_GALLERY_KINDS]; /**< of each split; NULL: the report has no pictures */
    const sm_evaluation_failure *failures;
    int failure_count;
    const sm_number_table *log;      /**< NULL: unknown */
    const sm_fold_summary *folds;    /**< of the first split, with a network for each fold; NULL: one network */
    const sm_robustness *robustness; /**< of the first split's images; NULL: not asked for */
} sm_report;

/** Errors of all three: SM_ERROR_IO, SM_ERROR_MEMORY; on failure nothing half-written stays. */
sm_status sm_report_write_json(const sm_report *report, const char *path, sm_error *error);
sm_status sm_report_write_csv(const sm_report *report, const char *path, sm_error *error);
sm_status sm_report_write_html(const sm_report *report, const char *path, sm_error *error);

/** The headline figures of a split as one JSON line on `out`. */
void sm_report_headline(FILE *out, const sm_report *report, const sm_split *split);
/** The headline figures of a split as a table for a terminal on `out`. */
void sm_report_print(FILE *out, const sm_split *split);

/** What the run used of a model, where the options left it to the model. */
double sm_report_threshold(const sm_report *report, int model);
double sm_report_minimum_area(const sm_report *report, int model);

enum { SM_FIGURE_TEXT = 32 };
/** "0.774", "12.3 %" or "8.1 px"; an en dash where there is none. */
void sm_figure_format(sm_figure figure, double value, char text[SM_FIGURE_TEXT]);

#endif
