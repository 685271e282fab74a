/** Trains a network from a data set into a folder. */
#ifndef SONOMASK_TRAINER_H
#define SONOMASK_TRAINER_H

#include <signal.h>
#include <stdint.h>

#include "../../src/net_training.h"
#include "../../src/weights.h"
#include "../data/augment.h"
#include "../data/dataset.h"
#include "optimiser.h"

typedef struct sm_trainer_options {
    const char *network;
    const char *out;             /**< folder: weights.safetensors, checkpoint.bin, log.csv, curves.svg, panels/ */
    const char *initial_weights; /**< NULL, or weights of the same network to start from */
    const char *const *teachers; /**< weights files to learn from beside the truth, see teachers.h */
    int teacher_count;
    float teacher_share;      /**< of what is learnt, 0..1 */
    const char *augmentation; /**< see augment.h */
    int size;                 /**< 0: the network's default */
    int batch, epochs;
    int fold;      /**< validate on this one and train on the others; negative: train on all */
    int left_out;  /**< this fold is neither trained on nor validated on; negative: none */
    float balance; /**< see sampler.h */
    uint64_t seed;
    bool resume;
    bool overwrite; /**< replace what `out` holds: an earlier training, and files that sonomask did not write */
    sm_weights_precision precision;
    sm_optimiser_options optimiser; /**< total_steps is set by the trainer */
    sm_loss_options loss;
} sm_trainer_options;

sm_trainer_options sm_trainer_options_default(void);

/**
 * Runs to the last epoch, or until `*interrupted` becomes non-zero: then a checkpoint is saved and the result is
 * SM_ERROR_INTERRUPTED. A checkpoint is also saved after each epoch. With `resume` the training goes on from it to
 * the same bits as an uninterrupted run with the same options and threads. When all is
 * done but some images could not be used, the result is SM_ERROR_DATA.
 */
sm_status sm_train(const sm_trainer_options *options, const sm_dataset *dataset, const sm_parallel *parallel,
                   const volatile sig_atomic_t *interrupted, sm_error *error);

#endif
