/** sonomask bench: times a network layer by layer and compares it with the measured peak of the processor. */
#include <stdio.h>
#include <stdlib.h>

#include "../src/memory_plan.h"
#include "bench/bench_report.h"
#include "bench/sharing_cost.h"
#include "bench/stages.h"
#include "bench/training_job.h"
#include "command.h"
#include "data/phantom.h"
#include "file.h"
#include "open_network.h"
#include "own_files.h"
#include "parallel.h"
#include "train/trainer.h"

typedef struct arguments {
    const char *network, *model, *image;
    int size, threads, backend, batch, shards;
    float seconds;
    bool train, loading, stages, json;
} arguments;

/* In the order of sm_backend. */
static const char *const backend_names[] = {"auto", "reference", "scalar", "simd128", "avx2", "avx512", NULL};

static const char *check(void *pointer) {
    const arguments *a = pointer;
    if (a->loading && !a->train) return "--loading needs --train";
    if (a->shards > 0 && (!a->train || a->loading)) return "--shards needs --train, without --loading";
    if (a->shards == 0 && sm_ranks_count(sm_ranks_current()) > 1) return "several processes of mpirun need --shards";
    if (a->stages && a->train) return "--stages and --train exclude each other";
    return !a->stages && (a->model || a->image) ? "--model and --image need --stages" : NULL;
}

static const sm_option option_table[] = {
    {.name = "net",
     .value = "NAME",
     .help = "network: sonomask2, sonomask2-unconditioned, sonomask, unet16 or unet32",
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
    {.name = "shards",
     .value = "N",
     .help = "with --train: measure steps whose batch is cut into N parts that threads and the processes of mpirun "
             "share, and the exchange between these, instead of layers",
     .default_text = "the batch is not cut",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, shards),
     .low = 1,
     .high = 256},
    {.name = "stages",
     .help = "time the stages from the bytes of an image file to the answer instead of layers, and loading the weights",
     .kind = SM_OPTION_FLAG,
     .offset = offsetof(arguments, stages)},
    {.name = "model",
     .value = "FILE",
     .help = "with --stages: weights file",
     .default_text = "$SONOMASK_MODEL, else the weights that come with sonomask",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, model)},
    {.name = "image",
     .value = "FILE",
     .help = "with --stages: image",
     .default_text = "a phantom of 600 x 450 pixels",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, image)},
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
    .description =
        "Times a network on this machine: each layer and the sum, as medians over several runs. With --stages, "
        "times the way from an image file to the answer.",
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
                                             .epochs = SM_LEAST_EPOCHS,
                                             .seconds = bench->seconds,
                                             .parallel = bench->parallel,
                                             .step = sm_training_job_step,
                                             .context = &job};
    if (status == SM_OK) status = sm_loading_cost_measure(&options, &cost, error);
    if (status == SM_OK) sm_bench_print_loading(bench, &cost, as_json);
    sm_training_job_free(&job);
    return status;
}

static sm_status run_shards(const sm_bench *bench, int shards, bool as_json, sm_error *error) {
    const sm_ranks *ranks = sm_ranks_current();
    sm_sharing_cost cost;
    const sm_status status = sm_sharing_cost_measure(bench, shards, ranks, &cost, error);
    if (status == SM_OK && sm_ranks_first(ranks)) sm_sharing_cost_print(bench, &cost, as_json);
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

/** PNG file of a phantom with a lesion. */
static sm_status draw_image(unsigned char **bytes, size_t *size, sm_error *error) {
    sm_sample sample = {0};
    sm_status status = sm_phantom_draw(600, 450, SM_CLASS_MALIGNANT, 1, &sample, error);
    if (status != SM_OK) return status;
    const sm_image image = {sample.width, sample.height, 1, sample.grey};
    status = sm_own_png_encode(&image, bytes, size, error);
    sm_sample_free(&sample);
    return status;
}

static sm_status run_stages(const arguments *a, sm_error *error) {
    char *path = NULL;
    unsigned char *weights = NULL, *image = NULL;
    sm_stages_options options = {.backend = (sm_backend)a->backend, .seconds = (double)a->seconds};
    sm_stage_times times;
    sm_status status = sm_model_path(a->model, &path, error);
    if (status == SM_OK) status = sm_file_read(path, &weights, &options.weights_size, error);
    if (status == SM_OK)
        status = a->image ? sm_file_read(a->image, &image, &options.image_size, error)
                          : draw_image(&image, &options.image_size, error);
    sm_parallel *parallel = status == SM_OK ? sm_parallel_create(a->threads) : NULL;
    if (status == SM_OK && !parallel) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for the measurement");
    options.weights = weights;
    options.image = image;
    options.parallel = parallel;
    if (status == SM_OK) status = sm_stages_measure(&options, &times, error);
    if (status == SM_OK) sm_stages_print(&times, a->threads, a->json);
    sm_parallel_free(parallel);
    free(weights);
    free(image);
    free(path);
    return status;
}

static sm_status run(void *pointer, sm_error *error) {
    const arguments *a = pointer;
    if (a->stages) return run_stages(a, error);
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
        status = a->loading      ? run_loading(&bench, a->json, error)
                 : a->shards > 0 ? run_shards(&bench, a->shards, a->json, error)
                                 : run_layers(&bench, a->json, error);
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
