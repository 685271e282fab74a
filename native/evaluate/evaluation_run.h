/** An evaluation from networks and data sets to scores. */
#ifndef SONOMASK_EVALUATION_RUN_H
#define SONOMASK_EVALUATION_RUN_H

#include "evaluation.h"
#include "folds.h"
#include "robustness.h"

typedef struct sm_evaluation_request {
    sm_evaluation_options options; /**< the run sets model_path */
    const char *const *data;       /**< paths of data sets */
    int data_count;
    const char *out;       /**< folder for report.html, metrics.json and images.csv */
    const char *model;     /**< weights file; NULL: the default one */
    const char *folds;     /**< folder with one network per cross-validation fold; NULL: `model` scores all images */
    int fold;              /**< the validation fold, the others are training; -1: all images are one split */
    int robustness_images; /**< at most this many images for `robustness`; 0: all */
    bool validation_only;  /**< leave the training images out */
    bool robustness;       /**< also score perturbed images */
    bool corrections;      /**< also score simulated clicks and boxes */
    bool no_pictures;      /**< the report shows no images of the data */
} sm_evaluation_request;

/** A network and the fold it is scored on. */
typedef struct sm_scored_network {
    char *path;
    int fold; /**< -1: any image */
    sm_evaluator *evaluator;
} sm_scored_network;

/** What a run computed. Zero-initialise; released by sm_evaluation_results_free. */
typedef struct sm_evaluation_results {
    sm_scored_network networks[SM_FOLDS_MAX];
    int network_count;
    sm_dataset dataset;
    int record_count; /**< images to score; those that failed are in `evaluation` */
    sm_evaluation evaluation;
    sm_split splits[2]; /**< of evaluation.images; the validation split comes first */
    int split_count;
    sm_fold_summary folds;    /**< of splits[0]; only with request->folds */
    sm_robustness robustness; /**< of splits[0]; only with request->robustness */
} sm_evaluation_results;

/**
 * Loads the data, opens the networks, makes the folder `out`, and scores. An image that fails is reported on stderr and
 * listed in the results; the others are still scored. On an error the results hold what was finished before it.
 * Errors: SM_ERROR_IO, _WEIGHTS, _ARGUMENT, _MEMORY; SM_ERROR_DATA when no image could be scored.
 */
sm_status sm_evaluation_run(const sm_evaluation_request *request, sm_evaluation_results *results, sm_error *error);
void sm_evaluation_results_free(sm_evaluation_results *results);

/** The network that scored an image. */
sm_evaluator *sm_evaluation_evaluator(const sm_evaluation_results *results, const sm_record *record);

/**
 * Lists the failed images on stderr, as the last thing a user sees. Returns `status`, or SM_ERROR_DATA when that is
 * SM_OK and an image failed.
 */
sm_status sm_evaluation_end(const sm_evaluation_results *results, sm_status status, sm_error *error);

#endif
