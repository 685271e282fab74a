/* sonomask bench: how long a network takes, layer by layer, and how near that is to what the processor can do. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/memory_plan.h"
#include "../src/net_inference.h"
#include "../src/net_training.h"
#include "../src/sonomask.h"
#include "command.h"
#include "json.h"
#include "loading_cost.h"
#include "median.h"
#include "options.h"
#include "parallel.h"
#include "progress.h"
#include "train/optimiser.h"
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

enum { MAX_RUNS = 400, MIN_RUNS = 3, WARM_UP_RUNS = 2 };

/** What was measured: seconds, medians over the runs. Backward is 0 for inference. */
typedef struct measurement {
    double total;
    double forward[SM_NET_MAX_LAYERS], backward[SM_NET_MAX_LAYERS];
    double peak; /* operations a second of all threads together */
    int runs;
    size_t bytes; /* activations, gradients and workspace */
} measurement;

typedef struct peak_job {
    const sm_kernels *kernels;
    long rounds;
    double operations[256];
    volatile float sink;
} peak_job;

static void run_peak(void *arguments_, int index, int worker) {
    (void)worker;
    peak_job *job = arguments_;
    job->sink = job->kernels->peak(job->rounds, &job->operations[index]);
}

/** Multiply-adds a second of all threads together, the best of several tries. */
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

/** Times of single runs, kept for the medians. */
typedef struct samples {
    double total[MAX_RUNS];
    double forward[SM_NET_MAX_LAYERS][MAX_RUNS], backward[SM_NET_MAX_LAYERS][MAX_RUNS];
} samples;

static void take_medians(const sm_net *net, samples *s, int runs, measurement *m) {
    m->runs = runs;
    m->total = sm_median(s->total, runs);
    for (int i = 0; i < net->layer_count; i++) {
        m->forward[i] = sm_median(s->forward[i], runs);
        m->backward[i] = sm_median(s->backward[i], runs);
    }
}

static sm_status measure_inference(const arguments *a, const sm_net *net, const float *parameters, int size,
                                   const sm_kernels *kernels, const sm_parallel *parallel, samples *s, measurement *m,
                                   sm_error *error) {
    sm_inference *inference = NULL;
    size_t pixels = (size_t)size * (size_t)size;
    float *image = sm_floats_allocate(pixels);
    float *logits = sm_floats_allocate(pixels);
    sm_status status = SM_OK;
    if (!image || !logits)
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory for an image");
    else
        status = sm_inference_create(net, parameters, size, kernels, parallel, &inference, error);
    if (image && logits && inference) {
        fill_noise(image, pixels);
        for (int i = 0; i < WARM_UP_RUNS; i++) sm_inference_run(inference, image, logits, NULL);
        double end = sm_clock() + (double)a->seconds;
        int runs = 0;
        while (runs < MIN_RUNS || (runs < MAX_RUNS && sm_clock() < end)) {
            double start = sm_clock();
            sm_inference_run(inference, image, logits, NULL);
            s->total[runs] = sm_clock() - start;
            sm_layer_time times[SM_NET_MAX_LAYERS];
            int count = sm_inference_profile(inference, image, sm_clock, times);
            for (int i = 0; i < count; i++) s->forward[times[i].layer][runs] = times[i].seconds;
            runs++;
        }
        take_medians(net, s, runs, m);
        m->bytes = sm_inference_activation_bytes(inference);
    }
    sm_inference_free(inference);
    sm_floats_free(image);
    sm_floats_free(logits);
    return status;
}

/** What a training step works on. */
typedef struct training_job {
    sm_training *training;
    sm_optimiser optimiser;
    sm_optimiser_options optimiser_options;
    const sm_parallel *parallel;
    float *parameters, *gradients;
    unsigned long long steps; /* done */
} training_job;

static void run_step(void *context, const sm_batch *batch) {
    training_job *job = context;
    sm_loss_options options = sm_loss_options_default();
    sm_training_step(job->training, job->parameters, batch, &options, 0.1f, job->steps++, job->gradients);
    sm_optimiser_step(&job->optimiser, &job->optimiser_options, job->parameters, job->gradients, job->parallel);
}

static void measure_steps(const arguments *a, training_job *job, const sm_batch *batch, const sm_net *net, samples *s,
                          measurement *m) {
    sm_training *training = job->training;
    double before[2][SM_NET_MAX_LAYERS];
    double after[2][SM_NET_MAX_LAYERS];
    for (int i = 0; i < WARM_UP_RUNS; i++) run_step(job, batch);
    sm_training_set_clock(training, sm_clock);
    double end = sm_clock() + (double)a->seconds;
    int runs = 0;
    while (runs < MIN_RUNS || (runs < MAX_RUNS && sm_clock() < end)) {
        sm_training_times(training, before[0], before[1]);
        double start = sm_clock();
        run_step(job, batch);
        s->total[runs] = sm_clock() - start;
        sm_training_times(training, after[0], after[1]);
        for (int i = 0; i < net->layer_count; i++) {
            s->forward[i][runs] = after[0][i] - before[0][i];
            s->backward[i][runs] = after[1][i] - before[1][i];
        }
        runs++;
    }
    take_medians(net, s, runs, m);
    m->bytes = sm_training_bytes(training);
}

static sm_status create_job(const arguments *a, const sm_net *net, float *parameters, int size,
                            const sm_kernels *kernels, const sm_parallel *parallel, training_job *job,
                            sm_error *error) {
    *job = (training_job){.optimiser_options = sm_optimiser_options_default(),
                          .parallel = parallel,
                          .parameters = parameters,
                          .gradients = sm_floats_allocate(net->trainable_count)};
    job->optimiser_options.total_steps = 1000000;
    if (!job->gradients) return sm_fail(error, SM_ERROR_MEMORY, "no memory for gradients");
    sm_status status = sm_training_create(net, size, a->batch, kernels, parallel, &job->training, error);
    return status == SM_OK ? sm_optimiser_create(net, parameters, &job->optimiser, error) : status;
}

static void free_job(training_job *job) {
    sm_optimiser_free(&job->optimiser);
    sm_training_free(job->training);
    sm_floats_free(job->gradients);
}

static sm_status measure_training(const arguments *a, const sm_net *net, training_job *job, int size, samples *s,
                                  measurement *m, sm_error *error) {
    size_t pixels = (size_t)a->batch * (size_t)size * (size_t)size;
    float *images = sm_floats_allocate(pixels);
    float *masks = sm_floats_allocate(pixels);
    int *types = calloc((size_t)a->batch, sizeof *types);
    sm_status status = SM_OK;
    if (images && masks && types) {
        fill_noise(images, pixels);
        for (size_t i = 0; i < pixels; i++) masks[i] = i % 7 == 0 ? 1 : 0;
        for (int i = 0; i < a->batch; i++) types[i] = i % SM_CLASS_COUNT;
        sm_batch batch = {.images = images, .masks = masks, .types = types};
        measure_steps(a, job, &batch, net, s, m);
    } else {
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory for a batch");
    }
    sm_floats_free(images);
    sm_floats_free(masks);
    free(types);
    return status;
}

/** Operations of a layer in one run: a multiply-accumulate is two, a training step does each thrice. */
static double layer_operations(const arguments *a, const sm_net *net, int layer, int size) {
    if (!a->train && !sm_net_in_inference(net, layer)) return 0;
    return sm_net_layer_macs(net, layer, size) * 2 * (a->train ? 3.0 * a->batch : 1);
}

static double all_operations(const arguments *a, const sm_net *net, int size) {
    double operations = 0;
    for (int i = 0; i < net->layer_count; i++) operations += layer_operations(a, net, i, size);
    return operations;
}

static void print_table(const arguments *a, const sm_net *net, int size, const sm_kernels *kernels,
                        const measurement *m) {
    double operations = all_operations(a, net, size);
    double images = a->train ? a->batch : 1;
    printf("%s %dx%d, %s, %s kernels, %d thread%s: %.2f ms a %s, %.1f images/s, %.1f GFLOP/s (peak %.1f: %.0f %%), "
           "%.1f MB, median of %d\n",
           net->name, size, size, a->train ? "training" : "inference", kernels->name, a->threads,
           a->threads > 1 ? "s" : "", m->total * 1e3, a->train ? "step" : "image", images / m->total,
           operations / m->total / 1e9, m->peak / 1e9, 100 * operations / m->total / m->peak, (double)m->bytes / 1e6,
           m->runs);
    printf("(direct convolution would need these operations; Winograd's algorithm needs fewer, so the share of the "
           "peak may exceed 100 %%)\n");
    printf("%-22s %10s %10s %9s %10s %8s\n", "layer", "forward ms", a->train ? "back ms" : "", "share", "GFLOP/s",
           "of peak");
    for (int i = 0; i < net->layer_count; i++) {
        double seconds = m->forward[i] + m->backward[i];
        if (seconds <= 0) continue;
        double speed = layer_operations(a, net, i, size) / seconds;
        char back[16] = "";
        if (a->train) snprintf(back, sizeof back, "%.3f", m->backward[i] * 1e3);
        printf("%-22s %10.3f %10s %8.1f%% %10.1f %7.0f%%\n", net->layers[i].name, m->forward[i] * 1e3, back,
               100 * seconds / m->total, speed / 1e9, 100 * speed / m->peak);
    }
}

static void print_json(const arguments *a, const sm_net *net, int size, const sm_kernels *kernels,
                       const measurement *m) {
    double operations = all_operations(a, net, size);
    sm_json json = {.file = stdout};
    sm_json_object_begin(&json, NULL);
    sm_json_string(&json, "network", net->name);
    sm_json_integer(&json, "size", size);
    sm_json_string(&json, "mode", a->train ? "training" : "inference");
    sm_json_string(&json, "kernels", kernels->name);
    sm_json_integer(&json, "threads", a->threads);
    sm_json_integer(&json, "batch", a->train ? a->batch : 1);
    sm_json_integer(&json, "runs", m->runs);
    sm_json_number(&json, "milliseconds", m->total * 1e3);
    sm_json_number(&json, "images_per_second", (a->train ? a->batch : 1) / m->total);
    sm_json_number(&json, "gflops", operations / m->total / 1e9);
    sm_json_number(&json, "peak_gflops", m->peak / 1e9);
    sm_json_integer(&json, "bytes", (long long)m->bytes);
    sm_json_array_begin(&json, "layers");
    for (int i = 0; i < net->layer_count; i++) {
        double seconds = m->forward[i] + m->backward[i];
        if (seconds <= 0) continue;
        sm_json_object_begin(&json, NULL);
        sm_json_string(&json, "name", net->layers[i].name);
        sm_json_number(&json, "forward_ms", m->forward[i] * 1e3);
        if (a->train) sm_json_number(&json, "backward_ms", m->backward[i] * 1e3);
        sm_json_number(&json, "gflops", layer_operations(a, net, i, size) / seconds / 1e9);
        sm_json_object_end(&json);
    }
    sm_json_array_end(&json);
    sm_json_object_end(&json);
}

/** What loading and augmentation cost, in words or as JSON. */
static void print_loading(const arguments *a, const sm_net *net, int size, const sm_loading_cost *cost) {
    if (!a->json) {
        printf(
            "%s %dx%d, training, batch %d, %d thread%s: %.2f ms an image with loading and augmentation, %.2f ms with "
            "ready batches, and %.3f ms for decoding: %.1f %% of an epoch outside the network, median of %d pairs\n"
            "(by processor time %.1f %%: augmenting an image takes %.3f ms; waiting for batches %.2f %%)\n",
            net->name, size, size, a->batch, a->threads, a->threads > 1 ? "s" : "", cost->loaded * 1e3,
            cost->ready * 1e3, cost->decoding * 1e3, 100 * cost->share, cost->pairs, 100 * cost->processor_share,
            cost->processor * 1e3, 100 * cost->waiting_share);
        return;
    }
    sm_json json = {.file = stdout};
    sm_json_object_begin(&json, NULL);
    sm_json_string(&json, "network", net->name);
    sm_json_integer(&json, "size", size);
    sm_json_string(&json, "mode", "loading");
    sm_json_integer(&json, "threads", a->threads);
    sm_json_integer(&json, "batch", a->batch);
    sm_json_integer(&json, "pairs", cost->pairs);
    sm_json_number(&json, "loaded_ms", cost->loaded * 1e3);
    sm_json_number(&json, "ready_ms", cost->ready * 1e3);
    sm_json_number(&json, "decoding_ms", cost->decoding * 1e3);
    sm_json_number(&json, "processor_ms", cost->processor * 1e3);
    sm_json_number(&json, "outside_share", cost->share);
    sm_json_number(&json, "processor_share", cost->processor_share);
    sm_json_number(&json, "waiting_share", cost->waiting_share);
    sm_json_object_end(&json);
}

/** What all measurements share. */
typedef struct set_up {
    sm_net net;
    int size;
    const sm_kernels *kernels;
    sm_parallel *parallel;
    float *parameters;
} set_up;

static sm_status run_loading(const arguments *a, const set_up *u, sm_error *error) {
    training_job job;
    sm_loading_cost cost;
    sm_status status = create_job(a, &u->net, u->parameters, u->size, u->kernels, u->parallel, &job, error);
    const sm_loading_cost_options options = {.size = u->size,
                                             .batch = a->batch,
                                             .epochs = sm_trainer_options_default().epochs,
                                             .seconds = (double)a->seconds,
                                             .parallel = u->parallel,
                                             .step = run_step,
                                             .context = &job};
    if (status == SM_OK) status = sm_loading_cost_measure(&options, &cost, error);
    if (status == SM_OK) print_loading(a, &u->net, u->size, &cost);
    free_job(&job);
    return status;
}

static sm_status run_layers(const arguments *a, const set_up *u, sm_error *error) {
    samples *s = calloc(1, sizeof *s);
    if (!s) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the measurement");
    measurement m = {.peak = measure_peak(u->kernels, u->parallel)};
    sm_status status = SM_OK;
    if (a->train) {
        training_job job;
        status = create_job(a, &u->net, u->parameters, u->size, u->kernels, u->parallel, &job, error);
        if (status == SM_OK) status = measure_training(a, &u->net, &job, u->size, s, &m, error);
        free_job(&job);
    } else {
        status = measure_inference(a, &u->net, u->parameters, u->size, u->kernels, u->parallel, s, &m, error);
    }
    if (status == SM_OK) {
        if (a->json)
            print_json(a, &u->net, u->size, u->kernels, &m);
        else
            print_table(a, &u->net, u->size, u->kernels, &m);
    }
    free(s);
    return status;
}

static sm_status run(const arguments *a, sm_error *error) {
    set_up u = {0};
    sm_status status = sm_net_make(a->network, &u.net, error);
    if (status != SM_OK) return status;
    u.size = a->size > 0 ? a->size : u.net.default_size;
    u.kernels = sm_kernels_for(a->backend);
    if (!u.kernels)
        return sm_fail(error, SM_ERROR_ARGUMENT, "this processor lacks the %s kernels", backend_names[a->backend]);
    u.parallel = sm_parallel_create(a->threads);
    u.parameters = sm_floats_allocate(u.net.total_count);
    if (u.parallel && u.parameters) {
        sm_net_initialise(&u.net, 1, u.parameters);
        status = a->loading ? run_loading(a, &u, error) : run_layers(a, &u, error);
    } else {
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory for the measurement");
    }
    sm_floats_free(u.parameters);
    sm_parallel_free(u.parallel);
    return status;
}

int sm_command_bench(int argc, char **argv) {
    arguments a = {.network = "sonomask", .threads = 1, .batch = 8, .seconds = 3};
    if (!parse(argc, argv, &a) || a.help) return sm_command_usage(usage, a.help);
    sm_error error = {0};
    return sm_command_end(run(&a, &error), &error);
}
