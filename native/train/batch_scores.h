/** Adds what a training step shows about its batch to the sums of an epoch. */
#ifndef SONOMASK_BATCH_SCORES_H
#define SONOMASK_BATCH_SCORES_H

#include "../../src/net_training.h"
#include "checkpoint.h"

/** `batch` ([images] of side `size`) and `losses` are those of the last step of `training`. Counts no batch. */
void sm_batch_scores_add(const sm_training *training, const sm_batch *batch, int images, int size, bool type_mae,
                         const sm_losses *losses, sm_epoch_sums *sums);

#endif
