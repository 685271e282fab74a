/** The cost of loading and augmentation in training: epochs with a loader, compared with epochs on prepared batches. */
#ifndef SONOMASK_LOADING_COST_H
#define SONOMASK_LOADING_COST_H

#include "../../src/net_training.h"

/** One training step on `batch`. */
typedef void (*sm_step_function)(void *context, const sm_batch *batch);

typedef struct sm_loading_cost_options {
    int size, batch;
    int epochs;     /**< of a training: the time of decoding, which is done once, is divided by it */
    double seconds; /**< approximate duration of the measurement; at least three pairs of epochs */
    const sm_parallel *parallel;
    sm_step_function step;
    void *context;
} sm_loading_cost_options;

/** Medians of seconds per image of an epoch. */
typedef struct sm_loading_cost {
    double loaded;        /**< with batches from the loader, made at the same time */
    double ready;         /**< with batches that were prepared before */
    double decoding;      /**< decoding and scaling an image and its mask, divided by epochs and threads */
    double share;         /**< (loaded - ready + decoding) / (loaded + decoding), per pair */
    double waiting_share; /**< share of an epoch with loading in which training waits for a batch */
    double processor;     /**< processor time of augmenting an image */
    /** The same share by processor time of all threads: other processes hardly affect it. */
    double processor_share;
    int pairs;
} sm_loading_cost;

/**
 * Draws phantoms and trains on them with full augmentation, as `train` does: epochs alternate between batches from the
 * loader and copies of earlier batches. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_loading_cost_measure(const sm_loading_cost_options *options, sm_loading_cost *cost, sm_error *error);

#endif
