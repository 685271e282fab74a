/** What loading and augmenting images costs a training: epochs with it, against the same steps on ready-made batches.
 */
#ifndef SONOMASK_LOADING_COST_H
#define SONOMASK_LOADING_COST_H

#include "../../src/net_training.h"

/** One training step on `batch`. */
typedef void (*sm_step_function)(void *context, const sm_batch *batch);

typedef struct sm_loading_cost_options {
    int size, batch;
    int epochs;     /**< of a training: images are decoded once, which each epoch bears its part of */
    double seconds; /**< about how long to measure, at least three pairs of epochs */
    const sm_parallel *parallel;
    sm_step_function step;
    void *context;
} sm_loading_cost_options;

/** Seconds an image of an epoch; medians. */
typedef struct sm_loading_cost {
    double loaded;        /**< with batches that the loader makes meanwhile */
    double ready;         /**< with batches made before */
    double decoding;      /**< reading an image and its mask and scaling them, spread over the epochs and threads */
    double share;         /**< (loaded - ready + decoding) / (loaded + decoding), pair by pair */
    double waiting_share; /**< of an epoch with loading: the part in which training waits for a batch */
    double processor;     /**< processor time of augmenting an image */
    /** The same share by processor time, of all threads together: what else the machine does hardly touches it. */
    double processor_share;
    int pairs;
} sm_loading_cost;

/**
 * Draws phantoms and trains on them with the full augmentation, as `train` does: epochs in turn on batches from the
 * loader and on batches that were kept from it. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_loading_cost_measure(const sm_loading_cost_options *options, sm_loading_cost *cost, sm_error *error);

#endif
