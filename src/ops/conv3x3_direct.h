/**
 * Direct 3x3 convolution for inputs with very few channels (such as a network's first layer), for which most lanes of
 * the Winograd transforms would be empty.
 */
#ifndef SONOMASK_CONV3X3_DIRECT_H
#define SONOMASK_CONV3X3_DIRECT_H

#include "conv3x3.h"

size_t SM_KERNEL(sm_direct_forward_workspace)(const sm_conv *args, int threads);
void SM_KERNEL(sm_direct_forward)(const sm_conv *args);
size_t SM_KERNEL(sm_direct_backward_weights_workspace)(const sm_conv *args, int threads);
void SM_KERNEL(sm_direct_backward_weights)(const sm_conv *args);

#endif
