/* sonomask export: a network and its weights as files for other programs. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/memory_plan.h"
#include "../src/outlier.h"
#include "command.h"
#include "file.h"
#include "onnx/onnx.h"
#include "open_network.h"
#include "options.h"

static const char usage[] =
    "usage: sonomask export [--onnx FILE] [--weights FILE] [--model FILE | --net NAME [--seed S]] [--size N]\n"
    "\n"
    "Writes a network with its weights for other programs, as ONNX: input \"image\" (1 x 1 x N x N, grey, "
    "letterboxed,\n"
    "-1..1), outputs \"mask\" (1 x 1 x N x N, probability of lesion) and \"type\" (normal, benign, malignant).\n"
    "\n"
    "  --onnx FILE     the ONNX file to write\n"
    "  --weights FILE  the safetensors file to write (float32): this project's own format\n"
    "  --model FILE    weights (default: the project's own)\n"
    "  --net NAME      instead: sonomask, unet16 or unet32 with fresh, untrained weights\n"
    "  --seed S        of the fresh weights, default 1\n"
    "  --size N        side of the square input, pixels (default: what the weights say)\n";

typedef struct arguments {
    const char *onnx, *weights, *model, *network;
    long long seed;
    int size;
    bool seeded, help;
} arguments;

static bool complain(const char *message) {
    fprintf(stderr, "sonomask: export: %s\n", message);
    return false;
}

static bool parse(int argc, char **argv, arguments *a) {
    static const struct option long_options[] = {
        {"onnx", required_argument, NULL, 'o'},  {"weights", required_argument, NULL, 'w'},
        {"model", required_argument, NULL, 'm'}, {"net", required_argument, NULL, 'n'},
        {"seed", required_argument, NULL, 's'},  {"size", required_argument, NULL, 'z'},
        {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0}};
    optind = 1;
    int option = 0;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (option) {
        case 'o':
            a->onnx = optarg;
            break;
        case 'w':
            a->weights = optarg;
            break;
        case 'm':
            a->model = optarg;
            break;
        case 'n':
            a->network = optarg;
            break;
        case 's':
            if (!sm_option_integer("seed", optarg, 0, 0x7FFFFFFFFFFFFFFFLL, &a->seed)) return false;
            a->seeded = true;
            break;
        case 'z':
            if (!sm_option_int("size", optarg, 16, 1024, &a->size)) return false;
            break;
        case 'h':
            a->help = true;
            return true;
        default:
            return false;
        }
    }
    if (optind < argc) return sm_option_unexpected("export", argv[optind]);
    if (!a->onnx && !a->weights) return complain("give --onnx FILE, --weights FILE or both");
    if (a->model && a->network) return complain("give --net or --model, not both");
    if (a->seeded && !a->network) return complain("--seed goes with --net");
    return true;
}

/** The statistics of known images that a weights file may hold; `model` NULL has none. */
static sm_status read_outliers(const char *model, sm_outlier *outlier, bool *known, sm_error *error) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    *known = false;
    if (!model) return SM_OK;
    sm_status status = sm_file_read(model, &bytes, &size, error);
    if (status != SM_OK) return status;
    status = sm_outlier_read(bytes, size, outlier, known, error);
    free(bytes);
    return status == SM_OK ? SM_OK : sm_error_prefix(error, model);
}

static sm_status write_weights(const char *path, const char *model, const sm_net *net, const float *parameters,
                               const sm_weights_metadata *metadata, sm_error *error) {
    sm_outlier outlier = {.limit = 0};
    bool known = false;
    sm_status status = read_outliers(model, &outlier, &known, error);
    if (status != SM_OK) return status;
    sm_weights_extra extras[SM_OUTLIER_TENSORS];
    sm_outlier_tensors(&outlier, extras);
    uint8_t *bytes = NULL;
    size_t size = 0;
    status = sm_weights_write_with(net, parameters, metadata, SM_WEIGHTS_FLOAT32, extras,
                                   known ? SM_OUTLIER_TENSORS : 0, &bytes, &size, error);
    if (status != SM_OK) return sm_error_prefix(error, path);
    status = sm_file_write(path, bytes, size, error);
    free(bytes);
    return status;
}

static sm_status write_onnx(const char *path, const sm_net *net, const float *parameters,
                            const sm_weights_metadata *metadata, sm_error *error) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    sm_status status = sm_onnx_write(net, parameters, metadata, metadata->input_size, &bytes, &size, error);
    if (status != SM_OK) return status;
    status = sm_file_write(path, bytes, size, error);
    free(bytes);
    return status;
}

/** What a weights file must say also of fresh weights. */
static void complete_metadata(const sm_net *net, sm_weights_metadata *metadata) {
    if (metadata->network[0]) return;
    memcpy(metadata->network, net->name, sizeof metadata->network);
    metadata->input_size = net->default_size;
    metadata->threshold = 0.5f;
    metadata->temperature = 1;
    snprintf(metadata->training_data, sizeof metadata->training_data, "none: fresh weights");
}

static sm_status run(const arguments *a, sm_error *error) {
    sm_net net;
    sm_weights_metadata metadata;
    float *parameters = NULL;
    char *model = NULL;
    sm_status status = a->network ? SM_OK : sm_model_path(a->model, &model, error);
    if (status == SM_OK)
        status = sm_open_network(model, a->network, (unsigned long long)a->seed, &net, &metadata, &parameters, error);
    if (status != SM_OK) {
        free(model);
        return status;
    }
    complete_metadata(&net, &metadata);
    if (a->size > 0) {
        metadata.input_size = a->size;
        if (!sm_net_size_valid(&net, a->size))
            status = sm_fail(error, SM_ERROR_ARGUMENT, "input size %d: %s needs a multiple of %d, at most 1024",
                             a->size, net.name, 1 << net.levels);
    }
    if (status == SM_OK && a->weights) status = write_weights(a->weights, model, &net, parameters, &metadata, error);
    if (status == SM_OK && a->onnx) status = write_onnx(a->onnx, &net, parameters, &metadata, error);
    sm_floats_free(parameters);
    free(model);
    return status;
}

int sm_command_export(int argc, char **argv) {
    arguments a = {.seed = 1};
    if (!parse(argc, argv, &a) || a.help) return sm_command_usage(usage, a.help);
    sm_error error = {0};
    return sm_command_end(run(&a, &error), &error);
}
