#include "open_network.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../src/memory_plan.h"
#include "file.h"

sm_status sm_open_network(const char *model, const char *name, unsigned long long seed, sm_net *net,
                          sm_weights_metadata *metadata, float **parameters, sm_error *error) {
    *parameters = NULL;
    memset(metadata, 0, sizeof *metadata);
    if (model) {
        unsigned char *bytes = NULL;
        size_t size = 0;
        sm_status status = sm_file_read(model, &bytes, &size, error);
        if (status != SM_OK) return status;
        status = sm_weights_read(bytes, size, metadata, net, parameters, error);
        free(bytes);
        return status == SM_OK ? SM_OK : sm_error_prefix(error, model);
    }
    sm_status status = sm_net_make(name, net, error);
    if (status != SM_OK) return status;
    *parameters = sm_floats_allocate(net->total_count);
    if (!*parameters) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the weights");
    sm_net_initialise(net, seed, *parameters);
    return SM_OK;
}

sm_status sm_model_path(const char *chosen, char **path, sm_error *error) {
    *path = chosen ? strdup(chosen) : sm_default_model_path();
    if (!*path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the name of the model");
    if (chosen || access(*path, F_OK) == 0) return SM_OK;
    sm_error_set(error, SM_ERROR_IO, "%s: %s; name a weights file with --model, or in SONOMASK_MODEL", *path,
                 strerror(errno));
    free(*path);
    *path = NULL;
    return SM_ERROR_IO;
}
