/** Runs a model over records and scores its predictions; the pictures are not kept. */
#ifndef SONOMASK_EVALUATION_H
#define SONOMASK_EVALUATION_H

#include "../evaluator.h"
#include "../metrics/evaluated.h"

/** An image that could not be scored. */
typedef struct sm_evaluation_failure {
    const sm_record *record; /**< not owned */
    char *reason;            /**< starts with the file's name; owned */
} sm_evaluation_failure;

typedef struct sm_evaluation {
    sm_evaluated_image *images; /**< in the order of the records, without the failed ones */
    int count;
    sm_evaluation_failure *failures; /**< in the order of the records */
    int failure_count;
} sm_evaluation;

/**
 * Segments and scores `count` records, with a progress bar on stderr. An image that fails is reported there in one line
 * and added to `failures`; the others are still scored. With `corrections`, clicks and boxes are simulated too
 * (corrections.h), if the weights take prompts. Ranks share the images, and all get the scores of all. Errors:
 * SM_ERROR_MEMORY, those of ranks.h.
 */
sm_status sm_evaluate(sm_evaluator *evaluator, const sm_record *const *records, int count, bool corrections,
                      sm_evaluation *evaluation, sm_error *error);
void sm_evaluation_free(sm_evaluation *evaluation);
/** Moves all of `part` to the end of `evaluation`; `part` is empty afterwards. Errors: SM_ERROR_MEMORY. */
sm_status sm_evaluation_append(sm_evaluation *evaluation, sm_evaluation *part, sm_error *error);

#endif
