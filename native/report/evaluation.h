/** Runs a model over records, one state per thread, and keeps scores only. */
#ifndef SONOMASK_REPORT_EVALUATION_H
#define SONOMASK_REPORT_EVALUATION_H

#include "evaluated.h"

typedef struct sm_evaluation_options {
    const char *model_path;
    int threads;    /**< 0: one for each processor */
    int input_size; /**< 0: the size in the weights */
    sm_segment_options segment;
} sm_evaluation_options;

typedef struct sm_evaluator sm_evaluator;

/** Errors: SM_ERROR_IO, _WEIGHTS, _ARGUMENT, _MEMORY; the message names the weights file. */
sm_status sm_evaluator_create(const sm_evaluation_options *options, sm_evaluator **evaluator, sm_error *error);
void sm_evaluator_free(sm_evaluator *evaluator);
/** Strings live as long as the evaluator. */
sm_model_info sm_evaluator_model(const sm_evaluator *evaluator);

/** The threads that share the work; tasks name their worker to sm_evaluator_segment. */
const sm_parallel *sm_evaluator_parallel(const sm_evaluator *evaluator);
/** sm_segment with the state of a worker and the options of the evaluation. */
sm_status sm_evaluator_segment(sm_evaluator *evaluator, int worker, const sm_image *image, sm_result *result,
                               sm_error *error);

/** An image that could not be scored. */
typedef struct sm_evaluation_failure {
    const sm_record *record; /**< not owned */
    char *reason;            /**< names the file; owned */
} sm_evaluation_failure;

typedef struct sm_evaluation {
    sm_evaluated_image *images; /**< in the order of the records, failed ones left out */
    int count;
    sm_evaluation_failure *failures;
    int failure_count;
} sm_evaluation;

/**
 * Segments and scores `count` records with a progress bar on stderr. A bad image gives one line there, is listed in
 * `failures`, and the rest goes on. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_evaluate(sm_evaluator *evaluator, const sm_record *const *records, int count, sm_evaluation *evaluation,
                      sm_error *error);
void sm_evaluation_free(sm_evaluation *evaluation);
/** Moves all of `part` to the end of `evaluation`; `part` is empty afterwards. Errors: SM_ERROR_MEMORY. */
sm_status sm_evaluation_append(sm_evaluation *evaluation, sm_evaluation *part, sm_error *error);

/** A picture of one image's result, as PNG. */
typedef struct sm_evaluation_panel {
    const sm_record *record; /**< set by the caller */
    unsigned char *png;      /**< owned by the caller; NULL when it could not be made */
    size_t png_size;
} sm_evaluation_panel;

/** Segments the records of the panels once more and draws them, image | truth | prediction, tiles of `tile` pixels. */
void sm_evaluation_draw(sm_evaluator *evaluator, sm_evaluation_panel *panels, int count, int tile);

#endif
