/** sonomask export: writes a network and its weights for other programs. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/decision.h"
#include "../src/memory_plan.h"
#include "../src/outlier.h"
#include "../src/weights_file.h"
#include "command.h"
#include "file.h"
#include "onnx/onnx.h"
#include "open_network.h"
#include "own_files.h"

typedef struct arguments {
    const char *onnx, *weights, *model, *network;
    uint64_t seed;
    int size;
    bool overwrite, prompts;
} arguments;

static const uint64_t seed_not_given = UINT64_MAX;

static const char *check(void *pointer) {
    arguments *a = pointer;
    if (!a->onnx && !a->weights) return "give --onnx FILE, --weights FILE or both";
    if (a->prompts && !a->onnx) return "--prompts needs --onnx";
    if (a->model && a->network) return "give --net or --model, not both";
    if (a->seed != seed_not_given && !a->network) return "--seed needs --net";
    if (a->seed == seed_not_given) a->seed = 1;
    return NULL;
}

static const sm_option option_table[] = {
    {.name = "onnx",
     .value = "FILE",
     .help = "write the network as ONNX",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, onnx)},
    {.name = "weights",
     .value = "FILE",
     .help = "write the weights as safetensors (float32), the format of --model",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, weights)},
    {.name = "model",
     .value = "FILE",
     .help = "weights file to export",
     .default_text = "the weights that come with sonomask",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, model)},
    {.name = "net",
     .value = "NAME",
     .help = "export untrained weights of this network instead: sonomask2, sonomask2-unconditioned, sonomask, "
             "unet16 or unet32",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, network)},
    {.name = "seed",
     .value = "S",
     .help = "seed of the untrained weights",
     .default_text = "1",
     .kind = SM_OPTION_SEED,
     .offset = offsetof(arguments, seed)},
    {.name = "size",
     .value = "N",
     .help = "side of the square input in pixels",
     .default_text = "the model's own",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, size),
     .low = 16,
     .high = 1024},
    {.name = "prompts",
     .help = "give the ONNX model the inputs of a user's clicks and box",
     .kind = SM_OPTION_FLAG,
     .offset = offsetof(arguments, prompts)},
    SM_OVERWRITE_OPTION(offsetof(arguments, overwrite)),
    {.name = NULL},
};

static const sm_command_line line = {
    .name = "export",
    .description =
        "Writes a network with its weights for other programs. The ONNX model has the input \"image\" (batch x 1 x "
        "N x N, any number of images, grey, letterboxed, -1 to 1) and the outputs \"mask\" (batch x 1 x N x N, "
        "probability of lesion) "
        "and \"type\" (batch x 3, probabilities of normal, benign, malignant). With --prompts it also has the inputs "
        "\"clicks\" (batch x number x 3: x and y in pixels of the square, then 1 on the lesion, 0 beside it, or -1 for "
        "no click; one click at least) and \"box\" (batch x 1 x 4: left, top, right, bottom; all 0: no box). The mask "
        "follows them, but does not promise what refine promises, for example that a click beside the lesion is "
        "outside the mask.",
    .arguments_size = sizeof(arguments),
    .options = option_table,
    .check = check,
};

/** What a weights file may hold beside the parameters. */
typedef struct settings {
    sm_outlier outlier;
    sm_decision decision;
    bool has_outlier, has_decision;
} settings;

/** `model` may be NULL: none. */
static sm_status read_settings(const char *model, settings *s, sm_error *error) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    if (!model) return SM_OK;
    sm_status status = sm_file_read(model, &bytes, &size, error);
    if (status != SM_OK) return status;
    sm_weights_file *file = calloc(1, sizeof *file);
    status = file ? sm_weights_file_open(bytes, size, file, error)
                  : sm_fail(error, SM_ERROR_MEMORY, "no memory for the weights");
    if (status == SM_OK) status = sm_outlier_get(file, &s->outlier, &s->has_outlier, error);
    if (status == SM_OK) status = sm_decision_get(file, &s->decision, &s->has_decision, error);
    free(file);
    free(bytes);
    return status == SM_OK ? SM_OK : sm_error_prefix(error, model);
}

static sm_status write_weights(const arguments *a, const char *model, const sm_net *net, const float *parameters,
                               const sm_weights_metadata *metadata, sm_error *error) {
    const sm_file_options own = {.recognise = a->overwrite ? NULL : sm_own_weights, .durable = true};
    settings s = {.has_outlier = false};
    sm_status status = read_settings(model, &s, error);
    if (status != SM_OK) return status;
    sm_weights_extra extras[SM_OUTLIER_TENSORS + SM_DECISION_TENSORS];
    int extra_count = 0;
    if (s.has_outlier) {
        sm_outlier_tensors(&s.outlier, extras);
        extra_count += SM_OUTLIER_TENSORS;
    }
    if (s.has_decision) {
        sm_decision_tensors(&s.decision, extras + extra_count);
        extra_count += SM_DECISION_TENSORS;
    }
    uint8_t *bytes = NULL;
    size_t size = 0;
    status =
        sm_weights_write_with(net, parameters, metadata, SM_WEIGHTS_FLOAT32, extras, extra_count, &bytes, &size, error);
    if (status != SM_OK) return sm_error_prefix(error, a->weights);
    status = sm_file_write_as(a->weights, bytes, size, &own, error);
    free(bytes);
    return status;
}

static sm_status write_onnx(const arguments *a, const sm_net *net, const float *parameters,
                            const sm_weights_metadata *metadata, sm_error *error) {
    const sm_file_options own = {.recognise = a->overwrite ? NULL : sm_own_onnx};
    uint8_t *bytes = NULL;
    size_t size = 0;
    sm_status status = sm_onnx_write(net, parameters, metadata, metadata->input_size, a->prompts, &bytes, &size, error);
    if (status != SM_OK) return status;
    status = sm_file_write_as(a->onnx, bytes, size, &own, error);
    free(bytes);
    return status;
}

/** Fills in the metadata of untrained weights. */
static void complete_metadata(const sm_net *net, sm_weights_metadata *metadata) {
    if (metadata->network[0]) return;
    memcpy(metadata->network, net->name, sizeof metadata->network);
    metadata->input_size = net->default_size;
    metadata->threshold = 0.5f;
    metadata->temperature = 1;
    snprintf(metadata->training_data, sizeof metadata->training_data, "none: untrained weights");
}

static sm_status run(void *pointer, sm_error *error) {
    const arguments *a = pointer;
    sm_net net;
    sm_weights_metadata metadata;
    float *parameters = NULL;
    char *model = NULL;
    sm_status status = a->network ? SM_OK : sm_model_path(a->model, &model, error);
    if (status == SM_OK) status = sm_open_network(model, a->network, a->seed, &net, &metadata, &parameters, error);
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
    if (status == SM_OK && a->weights) status = write_weights(a, model, &net, parameters, &metadata, error);
    if (status == SM_OK && a->onnx) status = write_onnx(a, &net, parameters, &metadata, error);
    sm_floats_free(parameters);
    free(model);
    return status;
}

int sm_command_export(int argc, char **argv) {
    arguments a = {.seed = seed_not_given};
    return sm_command_line_run(&line, argc, argv, &a, run);
}
