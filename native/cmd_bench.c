/* sonomask bench: how long a network takes, layer by layer, and how near that is to what the processor can do. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "../src/memory_plan.h"
#include "bench/bench_report.h"
#include "bench/training_job.h"
#include "command.h"
#include "options.h"
#include "parallel.h"
#include "train/trainer.h"

static const char usage[] =
    "usage: sonomask bench [--net NAME] [--size N] [--threads N] [--backend NAME] [--train [--batch N] [--loading]]\n"
    "                      [--json]\n"
    "\n"
    "Times a network on this machine: each layer and all, medians over several runs.\n"
    "\n"
    "  --net NAME      sonomask (default), unet16 or unet32\n"
    "  --size N        side of the square input, pixels (default: the network's own)\n"
    "  --threads N     default 1\n"
    "  --backend NAME  auto (default), reference, scalar, simd128, avx2 or avx512\n"
    "  --train         training steps (forward, losses, backward, AdamW) instead of inference\n"
    "  --batch N       images a training step, default 8\n"
    "  --loading       instead of layers: what loading and augmentation add to an epoch of training steps, on "
    "phantoms\n"
    "  --seconds X     how long to measure, default 3\n"
    "  --json          one JSON line instead of a table\n";

typedef struct arguments {
    const char *network;
    int size, threads, backend, batch;
    float seconds;
    bool train, loading, json, help;
} arguments;

static const char *const backend_names[] = {"auto", "reference", "scalar", "simd128", "avx2", "avx512"};

static bool take_backend(const char *name, int *backend) {
    for (int i = 0; i < (int)(sizeof backend_names / sizeof *backend_names); i++) {
        if (strcmp(backend_names[i], name) != 0) continue;
        *backend = i;
        return true;
    }
    fprintf(stderr, "sonomask: --backend is auto, reference, scalar, simd128, avx2 or avx512, not \"%s\"\n", name);
    return false;
}

static bool parse(int argc, char **argv, arguments *a) {
    static const struct option long_options[] = {{"net", required_argument, NULL, 'n'},
                                                 {"size", required_argument, NULL, 's'},
                                                 {"threads", required_argument, NULL, 't'},
                                                 {"backend", required_argument, NULL, 'b'},
                                                 {"train", no_argument, NULL, 'r'},
                                                 {"batch", required_argument, NULL, 'B'},
                                                 {"loading", no_argument, NULL, 'l'},
                                                 {"seconds", required_argument, NULL, 'S'},
                                                 {"json", no_argument, NULL, 'j'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    optind = 1;
    int option = 0;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        bool right = true;
        switch (option) {
        case 'n':
            a->network = optarg;
            break;
        case 's':
            right = sm_option_int("size", optarg, 16, 1024, &a->size);
            break;
        case 't':
            right = sm_option_int("threads", optarg, 1, 256, &a->threads);
            break;
        case 'b':
            right = take_backend(optarg, &a->backend);
            break;
        case 'r':
            a->train = true;
            break;
        case 'B':
            right = sm_option_int("batch", optarg, 1, 256, &a->batch);
            break;
        case 'l':
            a->loading = true;
            break;
        case 'S':
            right = sm_option_decimal("seconds", optarg, 0.01, 600, &a->seconds);
            break;
        case 'j':
            a->json = true;
            break;
        case 'h':
            a->help = true;
            break;
        default:
            right = false;
        }
        if (!right) return false;
    }
    if (optind < argc) return sm_option_unexpected("bench", argv[optind]);
    if (a->loading && !a->train) fprintf(stderr, "sonomask: bench: --loading goes with --train\n");
    return !a->loading || a->train;
}

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

static sm_status run(const arguments *a, sm_error *error) {
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
    arguments a = {.network = "sonomask", .threads = 1, .batch = 8, .seconds = 3};
    if (!parse(argc, argv, &a) || a.help) return sm_command_usage(usage, a.help);
    sm_error error = {0};
    return sm_command_end(run(&a, &error), &error);
}
