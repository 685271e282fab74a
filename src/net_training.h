/**
 * Forward and backward pass of a network on a batch. Raw convolution outputs are kept; normalised activations are
 * computed where they are read (ops/ops.h). Gradients share memory by lifetime. All memory is allocated once.
 */
#ifndef SONOMASK_NET_TRAINING_H
#define SONOMASK_NET_TRAINING_H

#include "class_set.h"
#include "net.h"
#include "ops/ops.h"
#include "prompt_maps.h"

typedef struct sm_training sm_training;

/** Images and their targets. The arrays belong to the caller. */
typedef struct sm_batch {
    const float *images;         /**< [batch][size][size], -1..1 */
    const float *masks;          /**< [batch][size][size], 0..1 */
    const float *mask_weights;   /**< [batch], of the mask losses; 0: the mask is unknown; NULL: all 1 */
    const sm_class_set *classes; /**< [batch], the possible classes; SM_CLASSES_ANY: the type is unknown */
    /** [batch][SM_CLASS_COUNT], rows sum to 1: soft targets for the cross-entropy; NULL: from `classes` */
    const float *type_probabilities;
    const sm_square_prompts *prompts; /**< [batch], for a network that takes them; NULL: no prompts */
    /** The pass before this one was sm_training_predict on these images with these parameters: layers that neither
     * prompts nor dropout change are not computed again. */
    bool predicted;
} sm_batch;

typedef struct sm_loss_options {
    float bce_weight, dice_weight; /**< of the mask loss */
    float dice_smooth;             /**< added to numerator and denominator of the soft Dice, pixels */
    float auxiliary_weight;        /**< deep supervision: weight of level 1; level k has this to the power k; 0: none */
    float type_weight;             /**< of the type loss against the mask loss */
    float label_smoothing;         /**< of the cross-entropy */
    bool type_mae;                 /**< the study's mean absolute error on two outputs instead of cross-entropy */
} sm_loss_options;

sm_loss_options sm_loss_options_default(void);

typedef struct sm_losses {
    double total, mask, type; /**< total: weighted sum; mask: of the full-size output; type: unweighted */
    int typed, masked;        /**< images in the type loss and in the mask loss */
} sm_losses;

/**
 * `net` is copied. `kernels` and `parallel` (may be NULL) must outlive the result. Errors: ARGUMENT (size, batch),
 * MEMORY.
 */
sm_status sm_training_create(const sm_net *net, int size, int batch, const sm_kernels *kernels,
                             const sm_parallel *parallel, sm_training **training, sm_error *error);
void sm_training_free(sm_training *training);

/**
 * One forward and backward pass. `parameters` is [total_count]; only its running statistics are written: they move
 * towards those of the batch by the share `statistics_momentum` (0: unchanged). `gradients` ([trainable_count]) is
 * overwritten. `seed` is that of the dropout.
 */
sm_losses sm_training_step(sm_training *training, float *parameters, const sm_batch *batch,
                           const sm_loss_options *options, float statistics_momentum, unsigned long long seed,
                           float *gradients);

/**
 * A forward pass alone, with the statistics of the batch as in training; no loss, no gradient, and `parameters` are not
 * changed. Of the batch only images and prompts are read.
 */
void sm_training_predict(sm_training *training, float *parameters, const sm_batch *batch, unsigned long long seed);

/**
 * Mean and variance of every channel that is normalised, over the batch of the last step: what the running statistics
 * move towards. `statistics` is [total_count - trainable_count], in the order of the parameter block.
 */
void sm_training_statistics(const sm_training *training, float *statistics);

/** Logits of the last step or prediction, valid until the next: mask [batch][size][size], type [batch][SM_CLASS_COUNT].
 */
const float *sm_training_mask_logits(const sm_training *training);
const float *sm_training_type_logits(const sm_training *training);

/** Bytes of activations, gradients and workspace. */
size_t sm_training_bytes(const sm_training *training);

/** Seconds per layer of all forward and all backward passes, [layer_count] each; 0 without a clock. */
void sm_training_set_clock(sm_training *training, double (*clock)(void));
void sm_training_times(const sm_training *training, double *forward, double *backward);

#endif
