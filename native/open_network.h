/** The network and the weights file that a command's --model and --net ask for. */
#ifndef SONOMASK_OPEN_NETWORK_H
#define SONOMASK_OPEN_NETWORK_H

#include "../src/net.h"
#include "../src/weights.h"

/**
 * Reads the weights file `model`, or, when that is NULL, makes the network called `name` with fresh weights by `seed`.
 * `*parameters` is released with sm_floats_free. The metadata of fresh weights have an empty `network`: nothing is
 * known of them. Errors name the file: SM_ERROR_IO, SM_ERROR_WEIGHTS, SM_ERROR_ARGUMENT (no such network),
 * SM_ERROR_MEMORY.
 */
sm_status sm_open_network(const char *model, const char *name, unsigned long long seed, sm_net *net,
                          sm_weights_metadata *metadata, float **parameters, sm_error *error);

/**
 * The weights file to read, from malloc: `chosen`, or when that is NULL the default one, which must be there. Errors:
 * SM_ERROR_IO (saying how to name another), SM_ERROR_MEMORY.
 */
sm_status sm_model_path(const char *chosen, char **path, sm_error *error);

#endif
