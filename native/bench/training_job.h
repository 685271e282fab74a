/** Training steps to be timed. */
#ifndef SONOMASK_TRAINING_JOB_H
#define SONOMASK_TRAINING_JOB_H

#include "../train/optimiser.h"
#include "bench.h"

/** What a training step works on. */
typedef struct sm_training_job {
    sm_training *training;
    sm_optimiser optimiser;
    sm_optimiser_options optimiser_options;
    const sm_parallel *parallel;
    float *parameters, *gradients;
    unsigned long long steps; /* done */
} sm_training_job;

/** Zero-initialises `job` first; sm_training_job_free also after a failure. Errors: SM_ERROR_MEMORY, _ARGUMENT. */
sm_status sm_training_job_create(const sm_bench *bench, sm_training_job *job, sm_error *error);
void sm_training_job_free(sm_training_job *job);
/** One step (`context` is an sm_training_job) with the batch's examples: forward, losses, backward, AdamW. */
void sm_training_job_step(void *context, const sm_batch *batch);

#endif
