/** A checkpoint file: the whole state of a training, from which it continues to the same weights bit for bit. */
#ifndef SONOMASK_CHECKPOINT_H
#define SONOMASK_CHECKPOINT_H

#include <stdbool.h>

#include "../../src/net.h"
#include "optimiser.h"

/** Sums over the batches of the current epoch. */
typedef struct sm_epoch_sums {
    double loss, mask_loss, type_loss, gradient_norm; /**< sums over batches */
    double dice, seconds, waited; /**< Dice summed over lesion images; seconds in all; seconds of waiting for data */
    double lesion_images, right_types, typed_images, images, batches;
} sm_epoch_sums;

typedef struct sm_checkpoint {
    char *settings; /**< "key=value ..." of the options, which must be the same when training resumes; owned */
    char *log;      /**< log.csv so far; owned */
    int epoch;      /**< current epoch, from 0 */
    int batch;      /**< next batch of that epoch */
    sm_epoch_sums sums;
    int halvings;      /**< how often the learning rate was halved because the training diverged */
    int best_epoch;    /**< epochs of training of the best weights by inner validation; 0: the initial ones */
    double best_score; /**< negative: not scored yet */
} sm_checkpoint;

/** Writes checkpoint, parameters ([net->total_count]) and optimiser to a temporary file that is renamed to `path`.
 *  Errors: SM_ERROR_IO, SM_ERROR_MEMORY. */
sm_status sm_checkpoint_write(const char *path, const sm_checkpoint *checkpoint, const float *parameters,
                              const sm_optimiser *optimiser, sm_error *error);
/**
 * Whether there is a file at `path`. Errors: SM_ERROR_IO when that is not certain, or when the file cannot be opened or
 * is not a regular file: a training must then neither start from the beginning nor replace it.
 */
sm_status sm_checkpoint_find(const char *path, bool *found, sm_error *error);
/**
 * Reads a checkpoint; `parameters` and `optimiser` must have been made for the same network. Errors: SM_ERROR_IO,
 * SM_ERROR_DATA (damaged, or other `settings`: the message shows the differences), SM_ERROR_MEMORY. More epochs (the
 * setting "epochs") and a lower learning rate ("lr") than before are no difference.
 */
sm_status sm_checkpoint_read(const char *path, const char *settings, sm_checkpoint *checkpoint, float *parameters,
                             sm_optimiser *optimiser, sm_error *error);
void sm_checkpoint_free(sm_checkpoint *checkpoint);

#endif
