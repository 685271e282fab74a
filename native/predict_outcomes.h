/**
 * What `predict` prints about each file, in the order of the files, although ranks (ranks.h) share them. A rank that
 * prints nothing itself sends its outcomes to rank 0.
 */
#ifndef SONOMASK_PREDICT_OUTCOMES_H
#define SONOMASK_PREDICT_OUTCOMES_H

#include <stdbool.h>
#include <stddef.h>

#include "ranks.h"

/** Of one file. Zero-initialise; the texts are owned, from malloc. */
typedef struct sm_predict_outcome {
    bool done, failed;
    char *line;           /**< the JSON line with its end; NULL or empty: none */
    char *messages;       /**< for stderr, each ends with NUL; may be NULL */
    size_t messages_size; /**< bytes */
} sm_predict_outcome;

void sm_predict_outcome_free(sm_predict_outcome *outcome);

/** Of all files of a run, on rank 0; on other ranks, nothing is kept. */
typedef struct sm_predict_outcomes {
    const sm_ranks *ranks; /**< not owned */
    sm_predict_outcome *items;
    int count;   /**< files */
    int next;    /**< those before it are printed */
    int working; /**< other ranks that have not ended */
} sm_predict_outcomes;

/** Release with sm_predict_outcomes_free, also after a failure. Errors: SM_ERROR_MEMORY. */
sm_status sm_predict_outcomes_create(const sm_ranks *ranks, int count, sm_predict_outcomes *outcomes, sm_error *error);
void sm_predict_outcomes_free(sm_predict_outcomes *outcomes);

/** Takes over the outcome of file `index`, which this rank processed. Errors: SM_ERROR_MEMORY, those of ranks.h. */
sm_status sm_predict_outcomes_add(sm_predict_outcomes *outcomes, int index, sm_predict_outcome *outcome,
                                  sm_error *error);
/** This rank adds no more. Errors: as sm_predict_outcomes_add. */
sm_status sm_predict_outcomes_end(sm_predict_outcomes *outcomes, sm_error *error);
/**
 * On rank 0: takes over what other ranks have sent; with `wait`, until something has come. Does nothing when all of
 * them have ended. Errors: SM_ERROR_MEMORY, those of ranks.h.
 */
sm_status sm_predict_outcomes_receive(sm_predict_outcomes *outcomes, bool wait, sm_error *error);

/**
 * On rank 0: the next outcome that can be printed, its place in `*index`; NULL when there is none yet. With `skip`,
 * files without an outcome are passed over: the run was interrupted. It may be freed after printing.
 */
sm_predict_outcome *sm_predict_outcomes_next(sm_predict_outcomes *outcomes, bool skip, int *index);

#endif
