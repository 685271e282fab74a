/** The state of a training at the start of an epoch, kept in memory to go back to when it diverges. */
#ifndef SONOMASK_SNAPSHOT_H
#define SONOMASK_SNAPSHOT_H

#include "checkpoint.h"

/** Zero-initialise; released by sm_snapshot_free. */
typedef struct sm_snapshot {
    float *parameters, *first, *second, *average; /**< as in sm_optimiser; NULL: nothing was taken */
    size_t log_length;
    long step;
    int epoch, batch, best_epoch;
    sm_epoch_sums sums;
} sm_snapshot;

/** Replaces what the snapshot holds. Errors: SM_ERROR_MEMORY. */
sm_status sm_snapshot_take(sm_snapshot *snapshot, const sm_checkpoint *progress, const float *parameters,
                           const sm_optimiser *optimiser, sm_error *error);
/** Sets the state to that of the snapshot; the log loses the epochs after it. */
void sm_snapshot_restore(const sm_snapshot *snapshot, sm_checkpoint *progress, float *parameters,
                         sm_optimiser *optimiser);
void sm_snapshot_free(sm_snapshot *snapshot);

#endif
