/** Drawing of a network as SVG. */
#ifndef SONOMASK_NETWORK_DRAWING_H
#define SONOMASK_NETWORK_DRAWING_H

#include <stdbool.h>

#include "../src/net.h"

/**
 * Writes the drawing: layers from left to right, each at the height of its resolution. `overwrite`: a file that
 * sonomask did not write may be replaced. Errors: SM_ERROR_IO, _MEMORY.
 */
sm_status sm_network_draw(const sm_net *net, int size, const char *path, bool overwrite, sm_error *error);

#endif
