/** A model with a pool of threads, to segment many images in parallel. */
#ifndef SONOMASK_EVALUATOR_H
#define SONOMASK_EVALUATOR_H

#include "../src/parallel.h"
#include "../src/sonomask.h"
#include "ranks.h"

typedef struct sm_evaluation_options {
    const char *model_path;
    int threads;    /**< 0: one per processor */
    int input_size; /**< 0: the size in the weights */
    sm_segment_options segment;
    const sm_ranks *ranks; /**< processes that share the images; NULL: this one alone */
} sm_evaluation_options;

typedef struct sm_evaluator sm_evaluator;

/** Errors: SM_ERROR_IO, _WEIGHTS, _ARGUMENT, _MEMORY; the message names the weights file. */
sm_status sm_evaluator_create(const sm_evaluation_options *options, sm_evaluator **evaluator, sm_error *error);
void sm_evaluator_free(sm_evaluator *evaluator);
/** Its strings are owned by the evaluator. */
sm_model_info sm_evaluator_model(const sm_evaluator *evaluator);

/** The threads; a task passes its worker on to sm_evaluator_segment. */
const sm_parallel *sm_evaluator_parallel(const sm_evaluator *evaluator);
const sm_ranks *sm_evaluator_ranks(const sm_evaluator *evaluator);
/** sm_segment with the evaluator's model and options. One call at a time per worker. */
sm_status sm_evaluator_segment(sm_evaluator *evaluator, int worker, const sm_image *image, sm_result *result,
                               sm_error *error);
/** The same with the whole image as the region, whatever the evaluator's options. */
sm_status sm_evaluator_segment_whole(sm_evaluator *evaluator, int worker, const sm_image *image, sm_result *result,
                                     sm_error *error);
/** sm_refine for the image of the worker's last sm_evaluator_segment. */
sm_status sm_evaluator_refine(sm_evaluator *evaluator, int worker, const sm_prompts *prompts, sm_result *result,
                              sm_error *error);

#endif
