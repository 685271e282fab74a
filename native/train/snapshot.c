#include "snapshot.h"

#include <string.h>

#include "../../src/memory_plan.h"

sm_status sm_snapshot_take(sm_snapshot *snapshot, const sm_checkpoint *progress, const float *parameters,
                           const sm_optimiser *optimiser, sm_error *error) {
    const size_t trained = optimiser->trainable_count, all = optimiser->total_count;
    if (!snapshot->parameters) {
        snapshot->parameters = sm_floats_reserve(all);
        snapshot->first = sm_floats_reserve(trained);
        snapshot->second = sm_floats_reserve(trained);
        snapshot->average = sm_floats_reserve(all);
        if (!snapshot->parameters || !snapshot->first || !snapshot->second || !snapshot->average) {
            sm_snapshot_free(snapshot);
            return sm_fail(error, SM_ERROR_MEMORY, "no memory for a copy of the training's state");
        }
    }
    memcpy(snapshot->parameters, parameters, all * sizeof *parameters);
    memcpy(snapshot->first, optimiser->first, trained * sizeof *optimiser->first);
    memcpy(snapshot->second, optimiser->second, trained * sizeof *optimiser->second);
    memcpy(snapshot->average, optimiser->average, all * sizeof *optimiser->average);
    snapshot->log_length = strlen(progress->log);
    snapshot->step = optimiser->step;
    snapshot->epoch = progress->epoch;
    snapshot->batch = progress->batch;
    snapshot->best_epoch = progress->best_epoch;
    snapshot->sums = progress->sums;
    return SM_OK;
}

void sm_snapshot_restore(const sm_snapshot *snapshot, sm_checkpoint *progress, float *parameters,
                         sm_optimiser *optimiser) {
    const size_t trained = optimiser->trainable_count, all = optimiser->total_count;
    memcpy(parameters, snapshot->parameters, all * sizeof *parameters);
    memcpy(optimiser->first, snapshot->first, trained * sizeof *optimiser->first);
    memcpy(optimiser->second, snapshot->second, trained * sizeof *optimiser->second);
    memcpy(optimiser->average, snapshot->average, all * sizeof *optimiser->average);
    progress->log[snapshot->log_length] = '\0';
    optimiser->step = snapshot->step;
    progress->epoch = snapshot->epoch;
    progress->batch = snapshot->batch;
    progress->sums = snapshot->sums;
}

void sm_snapshot_free(sm_snapshot *snapshot) {
    sm_floats_free(snapshot->parameters);
    sm_floats_free(snapshot->first);
    sm_floats_free(snapshot->second);
    sm_floats_free(snapshot->average);
    *snapshot = (sm_snapshot){0};
}
