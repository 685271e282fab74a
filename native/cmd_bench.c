/** sonomask bench: times a network layer by layer and compares it with the measured peak of the processor. */
#include <stdio.h>

#include "../src/memory_plan.h"
#include "bench/bench_report.h"
#include "bench/training_job.h"
#include "command.h"
#include "parallel.h"
#include "train/trainer.h"

typedef struct arguments {
    const char *network;
    int size, threads, backend, batch;
    float seconds;
    bool train, loading, json;
} arguments;

/* In the order of sm_backend. */
static const char *const backend_names[] = {"auto", "reference", "scalar", "simd128", "avx2", "avx512", NULL};

static const char *check(void *pointer) {
    const arguments *a = pointer;
    return a->loading && !a->train ? "--loading needs --train" : NULL;
}

static const sm_option option_table[] = {
    {.name = "net",
     .value = "NAME",
     .help = "network: sonomask2, sonomask2-wide, sonomask2-unconditioned, sonomask, unet16 or unet32",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, network)},
    {.name = "size",
     .value = "N",
     .help = "side of the square input in pixels",
     .default_text = "the network's own",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, size),
     .low = 16,
     .high = 1024},
    {.name = "threads",
     .value = "N",
     .help = "number of threads",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, threads),
     .low = 1,
     .high = 256},
    {.name = "backend",
     .value = "NAME",
     .help = "kernels",
     .kind = SM_OPTION_CHOICE,
     .offset = offsetof(arguments, backend),
     .choices = backend_names},
    {.name = "train",
     .help = "time training steps (forward, losses, backward, AdamW) instead of inference",
     .kind = SM_OPTION_FLAG,
     .offset = offsetof(arguments, train)},
    {.name = "batch",
     .value = "N",
     .help = "images per training step",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, batch),
     .low = 1,
     .high = 256},
    {.name = "loading",
     .help = "with --train: measure what loading and augmentation of phantom images add to an epoch, instead of layers",
     .kind = SM_OPTION_FLAG,
     .offset = offsetof(arguments, loading)},
    {.name = "seconds",
     .value = "X",
     .help = "duration of the measurement",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, seconds),
     .low = 0.01,
     .high = 600},
    {.name = "json",
     .help = "print one line of JSON instead of a table",
     .kind = SM_OPTION_FLAG,
     .offset = offsetof(arguments, json)},
    {.name = NULL},
};

static const sm_command_line line = {
    .name = "bench",
    .description = "Times a network on this machine: each layer and the sum, as medians over several runs.",
    .arguments_size = sizeof(arguments),
    .options = option_table,
    .check = check,
};

static sm_status run_loading(const sm_bench *bench, bool as_json, sm_error *error) {
    sm_training_job job;
    sm_loading_cost cost;
    sm_status status = sm_training_job_create(bench, &job, error);
    const sm_loading_cost_options options = {.size = bench->size,
                                             .batch = bench->batch,
                                             .epochs = sm_trainer_options_default().epochs,
                                             .seconds = bench->seconds,
                                             .parallel = bench->parallel,
                                             .step = sm_training_job_step,
                                             .context = &job};
    if (status == SM_OK) status = sm_loading_cost_measure(&options, &cost, error);
    if (status == SM_OK) sm_bench_print_loading(bench, &cost, as_json);
    sm_training_job_free(&job);
    return status;
}

static sm_status run_layers(const sm_bench *bench, bool as_json, sm_error *error) {
    sm_measurement measurement;
    const sm_status status = sm_bench_measure(bench, &measurement, error);
    if (status != SM_OK) return status;
    if (as_json)
        sm_bench_print_json(bench, &measurement);
    else
        sm_bench_print_table(bench, &measurement);
    return SM_OK;
}

static sm_status run(void *pointer, sm_error *error) {
    const arguments *a = pointer;
    sm_net net;
    sm_status status = sm_net_make(a->network, &net, error);
    if (status != SM_OK) return status;
    const sm_kernels *kernels = sm_kernels_for(a->backend);
    if (!kernels)
        return sm_fail(error, SM_ERROR_ARGUMENT, "this processor lacks the %s kernels", backend_names[a->backend]);
    sm_parallel *parallel = sm_parallel_create(a->threads);
    float *parameters = sm_floats_allocate(net.total_count);
    if (parallel && parameters) {
        const sm_bench bench = {.net = &net,
                                .parameters = parameters,
                                .size = a->size > 0 ? a->size : net.default_size,
                                .kernels = kernels,
                                .parallel = parallel,
                                .batch = a->batch,
                                .seconds = (double)a->seconds,
                                .train = a->train};
        sm_net_initialise(&net, 1, parameters);
        status = a->loading ? run_loading(&bench, a->json, error) : run_layers(&bench, a->json, error);
    } else {
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory for the measurement");
    }
    sm_floats_free(parameters);
    sm_parallel_free(parallel);
    return status;
}

int sm_command_bench(int argc, char **argv) {
    arguments a = {.network = "sonomask2", .threads = 1, .batch = 8, .seconds = 3};
    return sm_command_line_run(&line, argc, argv, &a, run);
}
