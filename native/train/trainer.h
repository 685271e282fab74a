/** Trains a network on a data set and writes the results into a folder. */
#ifndef SONOMASK_TRAINER_H
#define SONOMASK_TRAINER_H

#include <signal.h>
#include <stdint.h>

#include "../../src/net_training.h"
#include "../../src/weights.h"
#include "../data/augment.h"
#include "../data/dataset.h"
#include "optimiser.h"
#include "validation.h"

/** What an epoch produced; everything is valid during the call of the observer only. */
typedef struct sm_epoch_result {
    int epoch;                             /**< from 1 */
    const char *log;                       /**< log.csv up to this epoch, see training_log.h */
    const sm_validation_example *examples; /**< of validation images, or of training images when no fold validates */
    int example_count;
} sm_epoch_result;

/** Receives the result of each epoch, for example to draw it. The trainer itself draws nothing. */
typedef struct sm_training_observer {
    /** An error ends the training with that error. NULL: no observer. */
    sm_status (*epoch_done)(void *context, const sm_epoch_result *result, sm_error *error);
    void *context;
} sm_training_observer;

typedef struct sm_trainer_options {
    const char *network;
    const char *out;             /**< folder for weights.safetensors, checkpoint.bin and log.csv */
    const char *initial_weights; /**< weights of the same network to start from; NULL: random */
    const char *const *teachers; /**< weights files of teacher networks, see distillation.h */
    int teacher_count;
    float teacher_share;      /**< share of the teachers' answers in the targets, 0..1 */
    float prompt_share;       /**< share of the images with simulated prompts, for a network that takes them, 0..1 */
    const char *augmentation; /**< see augment.h */
    int size;                 /**< side of the network's input, pixels; 0: the network's default */
    int batch, epochs;
    int fold;      /**< cross-validation fold to validate on; the others are trained on. Negative: train on all */
    int left_out;  /**< fold that is neither trained on nor validated on; negative: none */
    float balance; /**< see sampler.h */
    float normals; /**< least share of normal images in the last third of the training, see sampler.h */
    uint64_t seed;
    bool resume;
    bool overwrite; /**< replace what `out` holds: an earlier training, and files that sonomask did not write */
    sm_weights_precision precision;
    sm_optimiser_options optimiser; /**< total_steps is set by the trainer */
    sm_loss_options loss;
    sm_training_observer observer;
} sm_trainer_options;

sm_trainer_options sm_trainer_options_default(void);

/**
 * Trains to the last epoch, or until `*interrupted` is not zero: then it saves a checkpoint and returns
 * SM_ERROR_INTERRUPTED. It also saves a checkpoint after each epoch. With `resume` it continues from the checkpoint;
 * the weights are then the same, bit for bit, as those of an uninterrupted training with the same options and number
 * of threads. Returns SM_ERROR_DATA, with the results written, when some images could not be used. Other errors:
 * SM_ERROR_ARGUMENT, _DATA, _IO, _WEIGHTS, _MEMORY.
 */
sm_status sm_train(const sm_trainer_options *options, const sm_dataset *dataset, const sm_parallel *parallel,
                   const volatile sig_atomic_t *interrupted, sm_error *error);

#endif
