/** Reading weights files. */
#include <stdlib.h>
#include <string.h>

#include "memory_plan.h"
#include "nets.h"
#include "weights_file.h"

sm_status sm_weights_parameter(const sm_weights_file *file, const sm_parameter *parameter, float *values,
                               sm_error *error) {
    const sm_status status =
        sm_weights_file_get(file, parameter->name, parameter->rank, parameter->shape, values, error);
    if (status != SM_OK || parameter->kind != SM_PARAMETER_NORM_VARIANCE) return status;
    for (size_t i = 0; i < parameter->count; i++)
        if (values[i] < 0)
            return sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s holds a negative variance", parameter->name);
    return SM_OK;
}

sm_status sm_weights_check_metadata(const sm_weights_metadata *metadata, const sm_net *net, sm_error *error) {
    if (!sm_net_size_valid(net, metadata->input_size))
        return sm_fail(error, SM_ERROR_WEIGHTS, "%s cannot have an input of %d x %d pixels", net->name,
                       metadata->input_size, metadata->input_size);
    // Files hold six decimals: a smaller temperature or power would be written as 0.
    const float temperature = metadata->temperature, power = metadata->expected_dice_power;
    const struct {
        const char *name, *range;
        bool good;
    } settings[] = {
        {"threshold", "from 0 to 1", metadata->threshold >= 0 && metadata->threshold <= 1},
        {"temperature", "from 0.001 to 1000", temperature >= 0.001f && temperature <= 1000},
        {"minimum area", "from 0 to below 1", metadata->minimum_area >= 0 && metadata->minimum_area < 1},
        {"expected_dice_power", "from 0.001 to 100", power >= 0.001f && power <= 100},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (!settings[i].good)
            return sm_fail(error, SM_ERROR_WEIGHTS, "the %s is not a number %s", settings[i].name, settings[i].range);
    return SM_OK;
}

sm_status sm_weights_open(const void *bytes, size_t size, sm_weights_file *file, sm_net *net, sm_error *error) {
    sm_status status = sm_weights_file_open(bytes, size, file, error);
    if (status != SM_OK) return status;
    if (!file->metadata.network[0])
        return sm_fail(error, SM_ERROR_WEIGHTS, "not weights of this program: the header names no network");
    if (file->version == 0) return sm_fail(error, SM_ERROR_WEIGHTS, "the header has no valid format version");
    if (file->version != SM_WEIGHTS_FORMAT_VERSION)
        return sm_fail(error, SM_ERROR_WEIGHTS, "format version %d cannot be read (this program reads version %d)",
                       file->version, SM_WEIGHTS_FORMAT_VERSION);
    sm_error unknown = {0};
    if (sm_net_make(file->metadata.network, net, &unknown) != SM_OK)
        return sm_fail(error, SM_ERROR_WEIGHTS, "%s", unknown.message);
    return sm_weights_check_metadata(&file->metadata, net, error);
}

static sm_status read_all(const sm_weights_file *file, const sm_net *net, float **parameters, sm_error *error) {
    float *values = sm_floats_allocate(net->total_count);
    if (!values) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the weights");
    sm_status status = SM_OK;
    for (int i = 0; i < net->parameter_count && status == SM_OK; i++)
        status = sm_weights_parameter(file, &net->parameters[i], values + net->parameters[i].offset, error);
    if (status != SM_OK) {
        sm_floats_free(values);
        return status;
    }
    *parameters = values;
    return SM_OK;
}

sm_status sm_weights_read(const void *bytes, size_t size, sm_weights_metadata *metadata, sm_net *net,
                          float **parameters, sm_error *error) {
    *parameters = NULL;
    memset(metadata, 0, sizeof *metadata);
    sm_weights_file *file = calloc(1, sizeof *file);
    if (!file) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the weights");
    sm_status status = sm_weights_open(bytes, size, file, net, error);
    if (status == SM_OK) status = read_all(file, net, parameters, error);
    if (status == SM_OK) *metadata = file->metadata;
    free(file);
    return status;
}
