/** Weights files in. */
#include <math.h>
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

static sm_status check_metadata(const sm_weights_file *header, const sm_net *net, sm_error *error) {
    const sm_weights_metadata *metadata = &header->metadata;
    if (header->version != SM_WEIGHTS_FORMAT_VERSION)
        return sm_fail(error, SM_ERROR_WEIGHTS, "format version %d is not understood (this program knows %d)",
                       header->version, SM_WEIGHTS_FORMAT_VERSION);
    if (!sm_net_size_valid(net, metadata->input_size))
        return sm_fail(error, SM_ERROR_WEIGHTS, "the input size is not one that %s can have", net->name);
    const float power = metadata->expected_dice_power;
    const struct {
        const char *name, *range;
        bool good;
    } settings[] = {
        {"threshold", "from 0 to 1", metadata->threshold >= 0 && metadata->threshold <= 1},
        {"temperature", "above 0", metadata->temperature > 0 && isfinite(metadata->temperature)},
        {"minimum area", "from 0 to below 1", metadata->minimum_area >= 0 && metadata->minimum_area < 1},
        {"power of the expected Dice", "above 0, at most 100", power > 0 && power <= 100},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (!settings[i].good)
            return sm_fail(error, SM_ERROR_WEIGHTS, "the header's %s is not a number %s", settings[i].name,
                           settings[i].range);
    return SM_OK;
}

sm_status sm_weights_open(const void *bytes, size_t size, sm_weights_file *file, sm_net *net, sm_error *error) {
    sm_status status = sm_weights_file_open(bytes, size, file, error);
    if (status != SM_OK) return status;
    if (!file->metadata.network[0])
        return sm_fail(error, SM_ERROR_WEIGHTS, "not weights of this program: the header names no network");
    sm_error unknown = {0};
    if (sm_net_make(file->metadata.network, net, &unknown) != SM_OK)
        return sm_fail(error, SM_ERROR_WEIGHTS, "%s", unknown.message);
    return check_metadata(file, net, error);
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

sm_status sm_weights_read_extras(const void *bytes, size_t size, const sm_weights_extra *extras, int extra_count,
                                 bool *found, sm_error *error) {
    *found = false;
    sm_weights_file *file = calloc(1, sizeof *file);
    if (!file) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the weights");
    sm_status status = sm_weights_file_open(bytes, size, file, error);
    bool any = false;
    for (int i = 0; status == SM_OK && i < extra_count; i++)
        if (sm_weights_file_find(file, extras[i].name)) any = true;
    for (int i = 0; status == SM_OK && any && i < extra_count; i++)
        status = sm_weights_file_get(file, extras[i].name, extras[i].rank, extras[i].shape, extras[i].values, error);
    *found = any && status == SM_OK;
    free(file);
    return status;
}
