/** The immutable model: from the bytes of a weights file to a network prepared for inference. */
#include "model.h"

#include <stdlib.h>

#include "memory_plan.h"
#include "reserved.h"
#include "status.h"
#include "weights_file.h"

static sm_status read_parameter(const void *context, const sm_parameter *parameter, float *values, sm_error *error) {
    return sm_weights_parameter(context, parameter, values, error);
}

static sm_status read_bytes(const void *context, const sm_parameter *parameter, const int8_t **numbers, float *scales,
                            sm_error *error) {
    return sm_weights_file_get_bytes(context, parameter->name, parameter->rank, parameter->shape, numbers, scales,
                                     error);
}

static sm_status prepare(sm_model *model, const sm_weights_file *file, int size, sm_error *error) {
    if (size > 0) model->metadata.input_size = size;
    const sm_parameter_source source = {.read = read_parameter, .read_bytes = read_bytes, .context = file};
    return sm_inference_create_from(&model->net, &source, model->metadata.input_size, model->kernels, &model->inference,
                                    error);
}

static sm_status read_model(sm_model *model, const void *weights, size_t size, int input_size, sm_error *error) {
    sm_weights_file *file = calloc(1, sizeof *file);
    if (!file) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the weights");
    sm_status status = sm_weights_open(weights, size, file, &model->net, error);
    model->metadata = file->metadata;
    if (status == SM_OK) status = sm_outlier_get(file, &model->outlier, &model->knows_outliers, error);
    if (status == SM_OK) status = sm_decision_get(file, &model->decision, &model->has_decision, error);
    if (status == SM_OK) status = prepare(model, file, input_size, error);
    free(file);
    return status;
}

sm_status sm_model_create(const void *weights, size_t size, const sm_model_options *options, sm_model **model,
                          sm_error *error) {
    static const sm_model_options defaults;
    if (!options) options = &defaults;
    if (!model) return sm_fail(error, SM_ERROR_ARGUMENT, "no place for the model: NULL");
    *model = NULL;
    if (!weights && size > 0) return sm_fail(error, SM_ERROR_ARGUMENT, "no weights: NULL");
    if (!SM_RESERVED_ZERO(options)) return sm_fail(error, SM_ERROR_ARGUMENT, SM_RESERVED_MESSAGE, "model");
    if (options->input_size < 0)
        return sm_fail(error, SM_ERROR_ARGUMENT, "input size %d is negative", options->input_size);
    const int backend = (int)options->backend;
    const sm_kernels *kernels =
        backend >= SM_BACKEND_AUTO && backend <= SM_BACKEND_AVX512 ? sm_kernels_for(backend) : NULL;
    if (!kernels) return sm_fail(error, SM_ERROR_ARGUMENT, "this build or processor lacks backend %d", backend);
    sm_model *made = calloc(1, sizeof *made);
    if (!made) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the model");
    made->kernels = kernels;
    sm_status status = read_model(made, weights, size, options->input_size, error);
    if (status != SM_OK) {
        sm_model_free(made);
        return status;
    }
    *model = made;
    return SM_OK;
}

void sm_model_free(sm_model *model) {
    if (!model) return;
    sm_inference_free(model->inference);
    free(model);
}

static void describe_decision(const sm_model *model, sm_model_info *info) {
    info->has_decision = model->has_decision;
    if (!model->has_decision) return;
    for (int i = 0; i < SM_OPERATING_POINTS; i++) {
        const float *point = model->decision.operating_points[i];
        info->operating_points[i] = (sm_operating_point){point[0], point[1], point[2]};
    }
}

sm_model_info sm_model_describe(const sm_model *model) {
    if (!model) return (sm_model_info){.network = "", .training_data = "", .date = ""};
    const sm_weights_metadata *metadata = &model->metadata;
    sm_model_info info = {.network = metadata->network,
                          .input_size = metadata->input_size,
                          .threshold = metadata->threshold,
                          .temperature = metadata->temperature,
                          .minimum_area = metadata->minimum_area,
                          .training_data = metadata->training_data,
                          .date = metadata->date,
                          .expected_dice_power = metadata->expected_dice_power,
                          .knows_outliers = model->knows_outliers,
                          .bytes = sizeof *model + sm_inference_weight_bytes(model->inference),
                          .takes_prompts = model->net.takes_prompts};
    describe_decision(model, &info);
    return info;
}
