#include "training_job.h"

#include "../../src/memory_plan.h"

sm_status sm_training_job_create(const sm_bench *bench, sm_training_job *job, sm_error *error) {
    const sm_net *net = bench->net;
    *job = (sm_training_job){.optimiser_options = sm_optimiser_options_default(),
                             .parallel = bench->parallel,
                             .parameters = bench->parameters,
                             .gradients = sm_floats_allocate(net->trainable_count)};
    job->optimiser_options.total_steps = 1000000;
    if (!job->gradients) return sm_fail(error, SM_ERROR_MEMORY, "no memory for gradients");
    sm_status status =
        sm_training_create(net, bench->size, bench->batch, bench->kernels, bench->parallel, &job->training, error);
    return status == SM_OK ? sm_optimiser_create(net, job->parameters, bench->kernels, &job->optimiser, error) : status;
}

void sm_training_job_free(sm_training_job *job) {
    sm_optimiser_free(&job->optimiser);
    sm_training_free(job->training);
    sm_floats_free(job->gradients);
}

void sm_training_job_step(void *context, const sm_batch *batch) {
    sm_training_job *job = context;
    sm_loss_options options = sm_loss_options_default();
    sm_training_step(job->training, job->parameters, batch, &options, 0.1f, job->steps++, job->gradients);
    sm_optimiser_step(&job->optimiser, &job->optimiser_options, job->parameters, job->gradients, job->parallel);
}
