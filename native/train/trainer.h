/** Trains a network on a data set and writes the results into a folder. */
#ifndef SONOMASK_TRAINER_H
#define SONOMASK_TRAINER_H

#include <signal.h>
#include <stdint.h>

#include "../../src/net_training.h"
#include "../../src/weights.h"
#include "../data/augment.h"
#include "../data/dataset.h"
#include "../ranks.h"
#include "loader.h"
#include "optimiser.h"
#include "validation.h"

/** Epochs of a training when the options leave their number open, unless its images are so few that it takes more. */
enum { SM_LEAST_EPOCHS = 60 };

/** What an epoch produced; everything is valid during the call of the observer only. */
typedef struct sm_epoch_result {
    int epoch;          /**< from 1 */
    int fold;           /**< that validates; negative: none */
    int epochs;         /**< of the whole training */
    bool last;          /**< the training ends here */
    int best_epoch;     /**< by inner validation; -1 without one, 0 for the initial weights */
    int inner_images;   /**< of inner validation */
    const char *recipe; /**< as in sm_training_facts */
    const char *log;    /**< log.csv up to this epoch, see training_log.h */
    bool saved; /**< results are saved now (see save_seconds); otherwise there are no examples when no fold validates */
    /** Of validation images; when no fold validates of those of inner validation; else of training images. */
    const sm_validation_example *examples;
    int example_count;
    const char *examples_of; /**< "validation", "inner validation" or "training" */
} sm_epoch_result;

/** What a training is, once its images are loaded; everything is valid during the call of the observer only. */
typedef struct sm_training_facts {
    const char *recipe;    /**< "key=value ..." of everything that decides the weights */
    const char *data_hash; /**< of the decoded training images, masks and classes */
    const char *kernels;   /**< name of the kernel set */
    int ranks, shards;     /**< processes; parts of a batch, 0: not cut */
    int training_images, inner_images, validation_images, epochs, steps, warm_up_steps;
    float learning_rate;
    bool resumed;
} sm_training_facts;

/** Receives the result of each epoch, for example to draw it. The trainer itself draws nothing. */
typedef struct sm_training_observer {
    /** An error ends the training with that error. NULL: no observer. */
    sm_status (*begun)(void *context, const sm_training_facts *facts, sm_error *error); /**< may be NULL */
    sm_status (*epoch_done)(void *context, const sm_epoch_result *result, sm_error *error);
    void *context;
} sm_training_observer;

typedef struct sm_trainer_options {
    const char *network;
    const char *out; /**< folder for weights.safetensors, checkpoint.bin and log.csv */
    /** Weights of the same network to start from (fine-tuning); NULL: random. Their settings (threshold, temperature,
     * presence, outlier statistics) are kept in what is written. */
    const char *initial_weights;
    /** Share of the trained weights in what is validated and written, 0..1; the rest are the initial weights, if there
     * are any (WiSE-FT: Wortsman et al., "Robust fine-tuning of zero-shot models", 2022). Negative: 0.5 for fewer than
     * 500 training images, else 1. */
    float mix;
    const char *const *teachers; /**< weights files of teacher networks, see distillation.h */
    int teacher_count;
    float teacher_share;      /**< share of the teachers' answers in the targets, 0..1 */
    float prompt_share;       /**< share of the images with simulated prompts, for a network that takes them, 0..1 */
    const char *augmentation; /**< see augment.h */
    int size;                 /**< side of the network's input, pixels; 0: the network's default */
    int batch;
    /** Parts of a batch with statistics of their own, see shards.h: the weights then do not depend on the number of
     * threads and ranks. 0: the batch is not cut, but for several ranks, which choose sm_shards_default. */
    int shards;
    const sm_ranks *ranks; /**< NULL: this process alone */
    int epochs; /**< 0: at least 60, and enough for 3,000 steps; with initial weights at least 10, and 100 steps */
    /** Share of the training images, by whole groups and by class, that are not trained on but choose the best epoch;
     * 0: none. The weights of that epoch are written to best.safetensors; the initial weights count as epoch 0, and are
     * replaced by one whose gain is more than two standard errors (see paired.h), on at least five groups. */
    float inner_share;
    int patience;     /**< end after this many epochs without a better inner score; 0: never */
    int save_seconds; /**< results are saved after the last epoch, and after others when so much time has passed */
    int fold;         /**< cross-validation fold to validate on; the others are trained on. Negative: train on all */
    int left_out;     /**< fold that is neither trained on nor validated on; negative: none */
    float balance;    /**< see sampler.h */
    float normals;    /**< least share of normal images in the last third of the training, see sampler.h */
    uint64_t seed;
    bool resume;
    bool overwrite; /**< replace what `out` holds: an earlier training, and files that sonomask did not write */
    sm_weights_precision precision;
    /** total_steps is set by the trainer. learning_rate 0: 0.002, and 0.0002 with initial weights. */
    sm_optimiser_options optimiser;
    const sm_cache *images; /**< all images of the data set at the network's size, decoded already; NULL: none */
    sm_loss_options loss;
    sm_training_observer observer;
} sm_trainer_options;

sm_trainer_options sm_trainer_options_default(void);

/** The side of the network's input that the options mean. Errors: SM_ERROR_ARGUMENT, _IO, _WEIGHTS, _MEMORY. */
sm_status sm_trainer_input_size(const sm_trainer_options *options, int *size, sm_error *error);

/**
 * Trains to the last epoch, or until `*interrupted` is not zero: then it saves a checkpoint and returns
 * SM_ERROR_INTERRUPTED. It also saves a checkpoint after epochs, see save_seconds. A loss, a gradient or
 * weights that are not finite, or weights too large for the file's precision, make it go back to the start of an
 * earlier epoch and halve the learning rate, at most four times; such a state is never saved, nor one close to it
 * before the last epoch. With `resume` it
 * continues from the checkpoint, also to more epochs than before or with a lower learning rate; with the same options
 * and number of threads, the weights are then the same, bit for bit, as those of an uninterrupted training (unless it
 * diverges: a resumed one goes back no further than to where it began). Returns SM_ERROR_DATA, with the results
 * written, when some images could not be used. Other errors: SM_ERROR_ARGUMENT, _DATA, _IO, _WEIGHTS, _MEMORY.
 */
sm_status sm_train(const sm_trainer_options *options, const sm_dataset *dataset, const sm_parallel *parallel,
                   const volatile sig_atomic_t *interrupted, sm_error *error);

#endif
