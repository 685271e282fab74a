#include "optimiser.h"

#include <math.h>
#include <string.h>

#include "../../src/memory_plan.h"

enum { CHUNK = 65536 /* parameters per task; fixed, so that sums do not depend on the number of threads */ };

sm_optimiser_options sm_optimiser_options_default(void) {
    return (sm_optimiser_options){.learning_rate = 2e-3f,
                                  .weight_decay = 1e-2f,
                                  .gradient_norm = 5,
                                  .average_decay = 0.999f,
                                  .warm_up_steps = 200};
}

sm_status sm_optimiser_create(const sm_net *net, const float *parameters, sm_optimiser *optimiser, sm_error *error) {
    *optimiser = (sm_optimiser){.first = sm_floats_allocate(net->trainable_count),
                                .second = sm_floats_allocate(net->trainable_count),
                                .average = sm_floats_allocate(net->total_count),
                                .decay = sm_floats_allocate(net->trainable_count),
                                .trainable_count = net->trainable_count,
                                .total_count = net->total_count};
    if (!optimiser->first || !optimiser->second || !optimiser->average || !optimiser->decay) {
        sm_optimiser_free(optimiser);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for the optimiser");
    }
    memcpy(optimiser->average, parameters, net->total_count * sizeof *parameters);
    for (int i = 0; i < net->parameter_count; i++) {
        const sm_parameter *parameter = &net->parameters[i];
        if (parameter->kind != SM_PARAMETER_WEIGHTS) continue;
        for (size_t k = 0; k < parameter->count; k++) optimiser->decay[parameter->offset + k] = 1;
    }
    return SM_OK;
}

void sm_optimiser_free(sm_optimiser *optimiser) {
    sm_floats_free(optimiser->first);
    sm_floats_free(optimiser->second);
    sm_floats_free(optimiser->average);
    sm_floats_free(optimiser->decay);
    *optimiser = (sm_optimiser){0};
}

float sm_learning_rate(const sm_optimiser_options *options, long step) {
    if (step < options->warm_up_steps)
        return options->learning_rate * (float)(step + 1) / (float)options->warm_up_steps;
    double span = (double)(options->total_steps - options->warm_up_steps);
    double share = span > 0 ? (double)(step - options->warm_up_steps) / span : 1;
    if (share > 1) share = 1;
    return (float)(0.5 * (double)options->learning_rate * (1 + cos(3.14159265358979323846 * share)));
}

typedef struct step_job {
    sm_optimiser *optimiser;
    float *parameters;
    const float *gradients;
    double *squares; /* one per chunk */
    float clip, rate, decay, average_decay;
    float first_correction, second_correction;
} step_job;

static size_t chunk_end(size_t start, size_t count) { return start + CHUNK < count ? start + CHUNK : count; }

static void sum_squares(void *arguments, int index, int worker) {
    (void)worker;
    step_job *job = arguments;
    size_t start = (size_t)index * CHUNK;
    size_t end = chunk_end(start, job->optimiser->trainable_count);
    double sum = 0;
    for (size_t i = start; i < end; i++) sum += (double)job->gradients[i] * (double)job->gradients[i];
    job->squares[index] = sum;
}

static void update(void *arguments, int index, int worker) {
    (void)worker;
    step_job *job = arguments;
    sm_optimiser *optimiser = job->optimiser;
    const float first_decay = 0.9f;
    const float second_decay = 0.999f;
    size_t start = (size_t)index * CHUNK;
    size_t end = chunk_end(start, optimiser->trainable_count);
    for (size_t i = start; i < end; i++) {
        float gradient = job->gradients[i] * job->clip;
        float first = first_decay * optimiser->first[i] + (1 - first_decay) * gradient;
        float second = second_decay * optimiser->second[i] + (1 - second_decay) * gradient * gradient;
        float direction = first * job->first_correction / (sqrtf(second * job->second_correction) + 1e-8f);
        float value = job->parameters[i];
        value -= job->rate * (direction + job->decay * optimiser->decay[i] * value);
        optimiser->first[i] = first;
        optimiser->second[i] = second;
        job->parameters[i] = value;
    }
    end = chunk_end(start, optimiser->total_count);
    for (size_t i = start; i < end; i++)
        optimiser->average[i] += (1 - job->average_decay) * (job->parameters[i] - optimiser->average[i]);
}

double sm_optimiser_step(sm_optimiser *optimiser, const sm_optimiser_options *options, float *parameters,
                         const float *gradients, const sm_parallel *parallel) {
    enum { MAX_CHUNKS = 4096 };
    double squares[MAX_CHUNKS];
    int chunks = (int)((optimiser->total_count + CHUNK - 1) / CHUNK);
    int trained_chunks = (int)((optimiser->trainable_count + CHUNK - 1) / CHUNK);
    step_job job = {.optimiser = optimiser, .gradients = gradients, .squares = squares};
    job.parameters = parameters;
    sm_parallel_run(parallel, trained_chunks, sum_squares, &job);
    double norm = 0;
    for (int i = 0; i < trained_chunks; i++) norm += squares[i];
    norm = sqrt(norm);
    double limit = (double)options->gradient_norm;
    job.clip = limit > 0 && norm > limit ? (float)(limit / norm) : 1;
    job.rate = sm_learning_rate(options, optimiser->step);
    job.decay = options->weight_decay;
    optimiser->step++;
    double t = (double)optimiser->step;
    job.first_correction = (float)(1 / (1 - pow(0.9, t)));
    job.second_correction = (float)(1 / (1 - pow(0.999, t)));
    /* The EMA decays faster in the first steps, so that the random initial weights soon lose their influence. */
    float young = (float)((1 + t) / (10 + t));
    job.average_decay = options->average_decay < young ? options->average_decay : young;
    sm_parallel_run(parallel, chunks, update, &job);
    return norm;
}
