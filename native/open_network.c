#include "open_network.h"

#include <stdlib.h>
#include <string.h>

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
