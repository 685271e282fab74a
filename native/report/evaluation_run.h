/** An evaluation from networks and data sets to a report. */
#ifndef SONOMASK_EVALUATION_RUN_H
#define SONOMASK_EVALUATION_RUN_H

#include "evaluation.h"

typedef struct sm_evaluation_request {
    sm_evaluation_options options; /**< its model_path is filled in */
    const char *const *data;       /**< paths of data sets */
    int data_count;
    const char *out;       /**< folder for report.html, metrics.json and images.csv */
    const char *model;     /**< weights; NULL: the default ones */
    const char *folds;     /**< folder of a network for each fold, instead of one model; NULL: none */
    int fold;              /**< the validation fold, the others are training; -1: every image is one split */
    int robustness_images; /**< most images to change; 0: all */
    bool validation_only;  /**< leave the training images out */
    bool robustness;       /**< also score changed images */
    bool no_pictures;      /**< a small report without images of the data */
    bool overwrite;        /**< replace files in `out` that sonomask did not write */
} sm_evaluation_request;

/**
 * Scores the networks, writes the files to `out` and prints the headline figures: one JSON line a split on stdout, a
 * table on stderr. An image that fails is named on stderr, listed at the end, and makes it end with SM_ERROR_DATA
 * although the rest is reported. Other errors: SM_ERROR_IO, _WEIGHTS, _ARGUMENT, _MEMORY; SM_ERROR_DATA when nothing
 * could be scored.
 */
sm_status sm_evaluation_run(const sm_evaluation_request *request, sm_error *error);

#endif
