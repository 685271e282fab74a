/** Everything a training needs to go on as if it had never stopped, in one file. */
#ifndef SONOMASK_CHECKPOINT_H
#define SONOMASK_CHECKPOINT_H

#include "../../src/net.h"
#include "optimiser.h"

/** Sums over the batches of the current epoch. */
typedef struct sm_epoch_sums {
    double loss, mask_loss, type_loss, gradient_norm; /**< sums over batches */
    double dice, seconds, waited; /**< sum over lesion images; seconds in all, and waiting for data */
    double lesion_images, right_types, images, batches;
} sm_epoch_sums;

typedef struct sm_checkpoint {
    char *settings; /**< one line of text that must be the same when training goes on; owned */
    char *log;      /**< log.csv so far; owned */
    int epoch;      /**< the epoch under way, 0 .. */
    int batch;      /**< its next batch */
    sm_epoch_sums sums;
} sm_checkpoint;

/** Writes checkpoint, parameters ([net->total_count]) and optimiser to `path` (by renaming). Errors: IO, MEMORY. */
sm_status sm_checkpoint_write(const char *path, const sm_checkpoint *checkpoint, const float *parameters,
                              const sm_optimiser *optimiser, sm_error *error);
/**
 * Reads them back; `parameters` and `optimiser` must have been made for the same network. Errors: SM_ERROR_IO,
 * SM_ERROR_DATA (damaged, or `settings` differ: the message shows both), SM_ERROR_MEMORY.
 */
sm_status sm_checkpoint_read(const char *path, const char *settings, sm_checkpoint *checkpoint, float *parameters,
                             sm_optimiser *optimiser, sm_error *error);
void sm_checkpoint_free(sm_checkpoint *checkpoint);

#endif
