/** Times a network layer by layer and measures the peak of the processor. */
#include <stdlib.h>

#include "../../src/memory_plan.h"
#include "../progress.h"
#include "bench.h"
#include "median.h"
#include "training_job.h"

enum { MAX_RUNS = 400, MIN_RUNS = 3, WARM_UP_RUNS = 2, MAX_THREADS = 256 };

typedef struct peak_job {
    const sm_kernels *kernels;
    long rounds;
    double operations[MAX_THREADS]; /* per task */
    float
        results[MAX_THREADS]; /* per task; unused, but the kernel returns them so that its work is not optimised away */
} peak_job;

static void run_peak(void *arguments, int index, int worker) {
    (void)worker;
    peak_job *job = arguments;
    job->results[index] = job->kernels->peak(job->rounds, &job->operations[index]);
}

/** Operations per second of all threads together, the best of several attempts. */
static double measure_peak(const sm_kernels *kernels, const sm_parallel *parallel) {
    peak_job job = {.kernels = kernels->peak ? kernels : sm_kernels_for(SM_BACKEND_SCALAR), .rounds = 2000000};
    double best = 0;
    int threads = sm_parallel_threads(parallel);
    for (int attempt = 0; attempt < 5; attempt++) {
        double start = sm_clock();
        sm_parallel_run(parallel, threads, run_peak, &job);
        double seconds = sm_clock() - start;
        double operations = 0;
        for (int i = 0; i < threads; i++) operations += job.operations[i];
        if (operations / seconds > best) best = operations / seconds;
    }
    return best;
}

static void fill_noise(float *values, size_t count) {
    unsigned state = 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (float)(state >> 8) / 8388608.0f - 1;
    }
}

/** Times of each run, for the medians. */
typedef struct samples {
    double total[MAX_RUNS];
    double forward[SM_NET_MAX_LAYERS][MAX_RUNS], backward[SM_NET_MAX_LAYERS][MAX_RUNS];
} samples;

static void take_medians(const sm_net *net, samples *s, int runs, sm_measurement *m) {
    m->runs = runs;
    m->total = sm_median(s->total, runs);
    for (int i = 0; i < net->layer_count; i++) {
        m->forward[i] = sm_median(s->forward[i], runs);
        m->backward[i] = sm_median(s->backward[i], runs);
    }
}

static sm_status measure_inference(const sm_bench *b, samples *s, sm_measurement *m, sm_error *error) {
    sm_inference *inference = NULL;
    sm_inference_state *state = NULL;
    size_t pixels = (size_t)b->size * (size_t)b->size;
    float *image = sm_floats_allocate(pixels);
    float *logits = sm_floats_allocate(pixels);
    sm_status status = SM_OK;
    if (!image || !logits)
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory for an image");
    else
        status = sm_inference_create(b->net, b->parameters, b->size, b->kernels, &inference, error);
    if (status == SM_OK) status = sm_inference_state_create(inference, b->parallel, &state, error);
    if (status == SM_OK) {
        fill_noise(image, pixels);
        for (int i = 0; i < WARM_UP_RUNS; i++) sm_inference_run(state, image, logits, NULL);
        double end = sm_clock() + b->seconds;
        int runs = 0;
        while (runs < MIN_RUNS || (runs < MAX_RUNS && sm_clock() < end)) {
            double start = sm_clock();
            sm_inference_run(state, image, logits, NULL);
            s->total[runs] = sm_clock() - start;
            sm_layer_time times[SM_NET_MAX_LAYERS];
            int count = sm_inference_profile(state, image, sm_clock, times);
            for (int i = 0; i < count; i++) s->forward[times[i].layer][runs] = times[i].seconds;
            runs++;
        }
        take_medians(b->net, s, runs, m);
        m->bytes = sm_inference_activation_bytes(state);
    }
    sm_inference_state_free(state);
    sm_inference_free(inference);
    sm_floats_free(image);
    sm_floats_free(logits);
    return status;
}

static void measure_steps(const sm_bench *b, sm_training_job *job, const sm_batch *batch, samples *s,
                          sm_measurement *m) {
    sm_training *training = job->training;
    double before[2][SM_NET_MAX_LAYERS];
    double after[2][SM_NET_MAX_LAYERS];
    for (int i = 0; i < WARM_UP_RUNS; i++) sm_training_job_step(job, batch);
    sm_training_set_clock(training, sm_clock);
    double end = sm_clock() + b->seconds;
    int runs = 0;
    while (runs < MIN_RUNS || (runs < MAX_RUNS && sm_clock() < end)) {
        sm_training_times(training, before[0], before[1]);
        double start = sm_clock();
        sm_training_job_step(job, batch);
        s->total[runs] = sm_clock() - start;
        sm_training_times(training, after[0], after[1]);
        for (int i = 0; i < b->net->layer_count; i++) {
            s->forward[i][runs] = after[0][i] - before[0][i];
            s->backward[i][runs] = after[1][i] - before[1][i];
        }
        runs++;
    }
    take_medians(b->net, s, runs, m);
    m->bytes = sm_training_bytes(training);
}

static sm_status measure_training(const sm_bench *b, samples *s, sm_measurement *m, sm_error *error) {
    sm_training_job job;
    size_t pixels = (size_t)b->batch * (size_t)b->size * (size_t)b->size;
    float *images = sm_floats_allocate(pixels);
    float *masks = sm_floats_allocate(pixels);
    sm_class_set *classes = calloc((size_t)b->batch, sizeof *classes);
    sm_status status = sm_training_job_create(b, &job, error);
    if (status == SM_OK && !(images && masks && classes))
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory for a batch");
    if (status == SM_OK) {
        fill_noise(images, pixels);
        for (size_t i = 0; i < pixels; i++) masks[i] = i % 7 == 0 ? 1 : 0;
        for (int i = 0; i < b->batch; i++) classes[i] = sm_class_set_of((sm_class)(i % SM_CLASS_COUNT));
        sm_batch batch = {.images = images, .masks = masks, .classes = classes};
        measure_steps(b, &job, &batch, s, m);
    }
    sm_training_job_free(&job);
    sm_floats_free(images);
    sm_floats_free(masks);
    free(classes);
    return status;
}

sm_status sm_bench_measure(const sm_bench *bench, sm_measurement *measurement, sm_error *error) {
    samples *s = calloc(1, sizeof *s);
    if (!s) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the measurement");
    *measurement = (sm_measurement){.peak = measure_peak(bench->kernels, bench->parallel)};
    const sm_status status =
        bench->train ? measure_training(bench, s, measurement, error) : measure_inference(bench, s, measurement, error);
    free(s);
    return status;
}
