/** A network drawn as SVG. */
#ifndef SONOMASK_NETWORK_DRAWING_H
#define SONOMASK_NETWORK_DRAWING_H

#include "../src/net.h"

/** Draws the U: layers in order from left to right, each at the height of its resolution. Errors: IO, MEMORY. */
sm_status sm_network_draw(const sm_net *net, int size, const char *path, sm_error *error);

#endif
