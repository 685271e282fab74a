#include "evaluator.h"

#include <stdlib.h>

#include "file.h"
#include "parallel.h"

struct sm_evaluator {
    sm_parallel *parallel;
    sm_model *model;   /* one copy of the weights for all threads */
    sm_state **states; /* [parallel->threads] */
    sm_segment_options segment;
    const sm_ranks *ranks;
};

sm_status sm_evaluator_create(const sm_evaluation_options *options, sm_evaluator **evaluator, sm_error *error) {
    *evaluator = NULL;
    unsigned char *weights = NULL;
    size_t size = 0;
    sm_status status = sm_file_read(options->model_path, &weights, &size, error);
    if (status != SM_OK) return status;
    sm_evaluator *made = calloc(1, sizeof *made);
    if (made) {
        made->segment = options->segment;
        made->ranks = options->ranks;
        made->parallel = sm_parallel_create(options->threads);
    }
    if (made && made->parallel) made->states = calloc((size_t)made->parallel->threads, sizeof(sm_state *));
    if (!made || !made->states) status = sm_fail(error, SM_ERROR_MEMORY, "no memory or threads for the evaluation");
    const sm_model_options model_options = {.input_size = options->input_size};
    if (status == SM_OK) {
        status = sm_model_create(weights, size, &model_options, &made->model, error);
        if (status != SM_OK) sm_error_prefix(error, options->model_path);
    }
    free(weights);
    for (int i = 0; status == SM_OK && i < made->parallel->threads; i++)
        status = sm_state_create(made->model, NULL, &made->states[i], error);
    if (status != SM_OK) {
        sm_evaluator_free(made);
        return status;
    }
    *evaluator = made;
    return SM_OK;
}

void sm_evaluator_free(sm_evaluator *evaluator) {
    if (!evaluator) return;
    for (int i = 0; evaluator->states && i < evaluator->parallel->threads; i++) sm_state_free(evaluator->states[i]);
    free(evaluator->states);
    sm_model_free(evaluator->model);
    sm_parallel_free(evaluator->parallel);
    free(evaluator);
}

sm_model_info sm_evaluator_model(const sm_evaluator *evaluator) { return sm_model_describe(evaluator->model); }

const sm_parallel *sm_evaluator_parallel(const sm_evaluator *evaluator) { return evaluator->parallel; }

const sm_ranks *sm_evaluator_ranks(const sm_evaluator *evaluator) { return evaluator->ranks; }

sm_status sm_evaluator_segment(sm_evaluator *evaluator, int worker, const sm_image *image, sm_result *result,
                               sm_error *error) {
    return sm_segment(evaluator->states[worker], image, &evaluator->segment, result, error);
}

sm_status sm_evaluator_segment_whole(sm_evaluator *evaluator, int worker, const sm_image *image, sm_result *result,
                                     sm_error *error) {
    sm_segment_options whole = evaluator->segment;
    whole.find_regions = false;
    whole.region_count = 0;
    return sm_segment(evaluator->states[worker], image, &whole, result, error);
}

sm_status sm_evaluator_refine(sm_evaluator *evaluator, int worker, const sm_prompts *prompts, sm_result *result,
                              sm_error *error) {
    return sm_refine(evaluator->states[worker], prompts, &evaluator->segment, result, error);
}
