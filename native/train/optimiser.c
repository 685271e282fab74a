#include "optimiser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/memory_plan.h"

enum { CHUNK = 65536 /* parameters per task; fixed, so that sums do not depend on the number of threads */ };

sm_optimiser_options sm_optimiser_options_default(void) {
    return (sm_optimiser_options){.weight_decay = 1e-2f,
                                  .gradient_norm = 5,
                                  .average_decay = 0.999f,
                                  .warm_up_share = 0.05f,
                                  .warm_up_steps = -1};
}

/** Divides the trained parameters into runs with and without weight decay. */
static void find_runs(const sm_net *net, sm_optimiser *optimiser) {
    for (int i = 0; i < net->parameter_count; i++) {
        const sm_parameter *parameter = &net->parameters[i];
        if (parameter->offset >= net->trainable_count) continue;
        const bool decays = parameter->kind == SM_PARAMETER_WEIGHTS;
        sm_decay_run *last = optimiser->run_count > 0 ? &optimiser->runs[optimiser->run_count - 1] : NULL;
        if (last && last->decays == decays && last->end == parameter->offset)
            last->end += parameter->count;
        else
            optimiser->runs[optimiser->run_count++] =
                (sm_decay_run){parameter->offset, parameter->offset + parameter->count, decays};
    }
}

sm_status sm_optimiser_create(const sm_net *net, const float *parameters, const sm_kernels *kernels,
                              sm_optimiser *optimiser, sm_error *error) {
    *optimiser = (sm_optimiser){.first = sm_floats_allocate(net->trainable_count),
                                .second = sm_floats_allocate(net->trainable_count),
                                .average = sm_floats_allocate(net->total_count),
                                .runs = calloc((size_t)net->parameter_count, sizeof *optimiser->runs),
                                .trainable_count = net->trainable_count,
                                .total_count = net->total_count,
                                .kernels = kernels};
    if (!optimiser->first || !optimiser->second || !optimiser->average || !optimiser->runs) {
        sm_optimiser_free(optimiser);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for the optimiser");
    }
    memcpy(optimiser->average, parameters, net->total_count * sizeof *parameters);
    find_runs(net, optimiser);
    return SM_OK;
}

void sm_optimiser_free(sm_optimiser *optimiser) {
    sm_floats_free(optimiser->first);
    sm_floats_free(optimiser->second);
    sm_floats_free(optimiser->average);
    free(optimiser->runs);
    *optimiser = (sm_optimiser){0};
}

long sm_warm_up_steps(const sm_optimiser_options *options) {
    if (options->warm_up_steps >= 0) return options->warm_up_steps;
    return (long)((double)options->warm_up_share * (double)options->total_steps + 0.5);
}

float sm_learning_rate(const sm_optimiser_options *options, long step) {
    const long warm_up = sm_warm_up_steps(options);
    if (step < warm_up) return options->learning_rate * (float)(step + 1) / (float)warm_up;
    double span = (double)(options->total_steps - warm_up);
    double share = span > 0 ? (double)(step - warm_up) / span : 1;
    if (share > 1) share = 1;
    return (float)(0.5 * (double)options->learning_rate * (1 + cos(3.14159265358979323846 * share)));
}

typedef struct step_job {
    const sm_optimiser *optimiser;
    sm_adamw step; /* of all parameters */
    float weight_decay;
    double *squares; /* one per chunk */
} step_job;

static size_t chunk_end(size_t start, size_t count) { return start + CHUNK < count ? start + CHUNK : count; }

static void sum_squares(void *arguments, int index, int worker) {
    (void)worker;
    step_job *job = arguments;
    const size_t start = (size_t)index * CHUNK, end = chunk_end(start, job->optimiser->trainable_count);
    job->squares[index] = job->optimiser->kernels->sum_of_squares(job->step.gradients + start, end - start);
}

static void update_run(const step_job *job, size_t start, size_t end, bool decays) {
    sm_adamw step = job->step;
    step.count = end - start;
    step.parameters += start;
    step.gradients += start;
    step.first += start;
    step.second += start;
    step.average += start;
    step.weight_decay = decays ? job->weight_decay : 0;
    job->optimiser->kernels->adamw(&step);
}

static void update(void *arguments, int index, int worker) {
    (void)worker;
    const step_job *job = arguments;
    const sm_optimiser *optimiser = job->optimiser;
    const size_t start = (size_t)index * CHUNK, end = chunk_end(start, optimiser->total_count);
    for (int r = 0; r < optimiser->run_count; r++) {
        const sm_decay_run *run = &optimiser->runs[r];
        const size_t from = run->first > start ? run->first : start, to = run->end < end ? run->end : end;
        if (from < to) update_run(job, from, to, run->decays);
    }
    /* Running statistics are not trained, only averaged. */
    for (size_t i = start > optimiser->trainable_count ? start : optimiser->trainable_count; i < end; i++)
        optimiser->average[i] += job->step.average_share * (job->step.parameters[i] - optimiser->average[i]);
}

double sm_optimiser_step(sm_optimiser *optimiser, const sm_optimiser_options *options, float *parameters,
                         const float *gradients, const sm_parallel *parallel) {
    enum { MAX_CHUNKS = 4096 };
    double squares[MAX_CHUNKS];
    int chunks = (int)((optimiser->total_count + CHUNK - 1) / CHUNK);
    int trained_chunks = (int)((optimiser->trainable_count + CHUNK - 1) / CHUNK);
    step_job job = {.optimiser = optimiser,
                    .step = {.parameters = parameters,
                             .first = optimiser->first,
                             .second = optimiser->second,
                             .average = optimiser->average,
                             .gradients = gradients},
                    .weight_decay = options->weight_decay,
                    .squares = squares};
    sm_parallel_run(parallel, trained_chunks, sum_squares, &job);
    double norm = 0;
    for (int i = 0; i < trained_chunks; i++) norm += squares[i];
    norm = sqrt(norm);
    if (!isfinite(norm)) return norm;
    const double limit = (double)options->gradient_norm;
    job.step.gradient_scale = limit > 0 && norm > limit ? (float)(limit / norm) : 1;
    job.step.rate = sm_learning_rate(options, optimiser->step);
    optimiser->step++;
    const double t = (double)optimiser->step;
    job.step.first_correction = (float)(1 / (1 - pow(0.9, t)));
    job.step.second_correction = (float)(1 / (1 - pow(0.999, t)));
    /* The EMA decays faster in the first steps, so that the random initial weights soon lose their influence. */
    const float young = (float)((1 + t) / (10 + t));
    job.step.average_share = 1 - (options->average_decay < young ? options->average_decay : young);
    sm_parallel_run(parallel, chunks, update, &job);
    return norm;
}
