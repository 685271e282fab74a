/** The network and the weights file of the options --model and --net. */
#ifndef SONOMASK_OPEN_NETWORK_H
#define SONOMASK_OPEN_NETWORK_H

#include "../src/net.h"
#include "../src/weights.h"

/**
 * Reads the weights file `model`. When that is NULL, makes the network `name` with untrained weights from `seed`; the
 * metadata are then zero (`network` is empty). `*parameters` is released with sm_floats_free. Errors name the file:
 * SM_ERROR_IO, SM_ERROR_WEIGHTS, SM_ERROR_ARGUMENT (no such network), SM_ERROR_MEMORY.
 */
sm_status sm_open_network(const char *model, const char *name, unsigned long long seed, sm_net *net,
                          sm_weights_metadata *metadata, float **parameters, sm_error *error);

/**
 * The path of the weights file, from malloc: `chosen`, or the default one when that is NULL. The default one must
 * exist. Errors: SM_ERROR_IO (the message explains how to name another file), SM_ERROR_MEMORY.
 */
sm_status sm_model_path(const char *chosen, char **path, sm_error *error);

#endif
