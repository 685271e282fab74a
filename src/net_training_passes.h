/** The parts of a training step, implemented in net_training_forward.c, _losses.c and _backward.c. */
#ifndef SONOMASK_NET_TRAINING_PASSES_H
#define SONOMASK_NET_TRAINING_PASSES_H

#include "net_training_state.h"

/** Computes layer `index` from earlier layers. */
void sm_training_forward(sm_training *training, int index, float *parameters, unsigned long long seed);
/** Moves the running statistics of layer `index`, if it has any, towards those of the batch. */
void sm_training_update_statistics(const sm_training *training, int index, float *parameters, float momentum);
/** The losses of all outputs; writes the gradients of their logits. */
sm_losses sm_training_losses(sm_training *training, const sm_batch *batch, const sm_loss_options *options);
/** Propagates the gradient of layer `index` to its inputs and parameters. */
void sm_training_backward(sm_training *training, int index, float *parameters, float *gradients,
                          unsigned long long seed);

#endif
