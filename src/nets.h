/** The tables of layers behind sm_net_make. */
#ifndef SONOMASK_NETS_H
#define SONOMASK_NETS_H

#include "net.h"

/** Fills name, layers, default_size and levels. sm_net_make derives the other members. */
sm_status sm_net_table(const char *name, sm_net *net, sm_error *error);

#endif
