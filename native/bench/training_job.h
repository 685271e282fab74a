/** Training steps for the measurement. */
#ifndef SONOMASK_TRAINING_JOB_H
#define SONOMASK_TRAINING_JOB_H

#include "../train/optimiser.h"
#include "bench.h"

/** State of the training. */
typedef struct sm_training_job {
    sm_training *training;
    sm_optimiser optimiser;
    sm_optimiser_options optimiser_options;
    const sm_parallel *parallel;
    float *parameters, *gradients;
    unsigned long long steps; /* done */
} sm_training_job;

/** Call sm_training_job_free also after a failure. Errors: SM_ERROR_MEMORY, _ARGUMENT. */
sm_status sm_training_job_create(const sm_bench *bench, sm_training_job *job, sm_error *error);
void sm_training_job_free(sm_training_job *job);
/** One step on `batch`: forward, losses, backward, AdamW. `context` is an sm_training_job. */
void sm_training_job_step(void *context, const sm_batch *batch);

#endif
