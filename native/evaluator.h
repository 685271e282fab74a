/** A model that a pool of threads shares, to run it over many images at once. */
#ifndef SONOMASK_EVALUATOR_H
#define SONOMASK_EVALUATOR_H

#include "../src/parallel.h"
#include "../src/sonomask.h"

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
/** sm_segment with the model and the options of a worker. */
sm_status sm_evaluator_segment(sm_evaluator *evaluator, int worker, const sm_image *image, sm_result *result,
                               sm_error *error);

#endif
