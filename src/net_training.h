/**
 * Forward and backward of a network on a batch. Raw convolution outputs are kept, normalised activations are
 * computed where they are read (see ops/ops.h); gradients share memory by lifetime. Everything is allocated once.
 */
#ifndef SONOMASK_NET_TRAINING_H
#define SONOMASK_NET_TRAINING_H

#include "net.h"
#include "ops/ops.h"

typedef struct sm_training sm_training;

/** What to learn from; arrays belong to the caller. */
typedef struct sm_batch {
    const float *images; /**< [batch][size][size], -1..1 */
    const float *masks;  /**< [batch][size][size], 0..1 */
    const int *types;    /**< [batch], sm_class */
    /** [batch][SM_CLASS_COUNT], rows sum to 1: soft targets for the cross-entropy; NULL: one-hot from `types` */
    const float *type_probabilities;
} sm_batch;

typedef struct sm_loss_options {
    float bce_weight, dice_weight; /**< of the mask loss */
    float dice_smooth;             /**< pixels added above and below in soft Dice */
    float auxiliary_weight;        /**< deep supervision: level k below the mask counts this to the power k; 0: none */
    float type_weight;             /**< of the type loss against the mask loss */
    float label_smoothing;         /**< of the cross-entropy */
    bool type_mae;                 /**< the study's mean absolute error on two outputs instead of cross-entropy */
} sm_loss_options;

sm_loss_options sm_loss_options_default(void);

typedef struct sm_losses {
    double total, mask, type; /**< total: weighted sum; mask: of the full-size output; type: unweighted */
} sm_losses;

/**
 * `net` is copied; `parameters` ([total_count]) stay the caller's and are read at each step, their running statistics
 * written. `kernels` and `parallel` (may be NULL) must outlive the result. Errors: ARGUMENT (size, batch), MEMORY.
 */
sm_status sm_training_create(const sm_net *net, int size, int batch, const sm_kernels *kernels,
                             const sm_parallel *parallel, sm_training **training, sm_error *error);
void sm_training_free(sm_training *training);

/**
 * One forward and backward pass. `gradients` ([trainable_count]) is overwritten. `seed` drives dropout. Running
 * statistics move towards the batch's by `statistics_momentum` (0 leaves them).
 */
sm_losses sm_training_step(sm_training *training, float *parameters, const sm_batch *batch,
                           const sm_loss_options *options, float statistics_momentum, unsigned long long seed,
                           float *gradients);

/** The last step's mask logits, [batch][size][size], and type logits, [batch][SM_CLASS_COUNT]; valid until the next. */
const float *sm_training_mask_logits(const sm_training *training);
const float *sm_training_type_logits(const sm_training *training);

/** Bytes held for activations, gradients and workspace. */
size_t sm_training_bytes(const sm_training *training);

/** Seconds spent in each layer's forward and backward since creation, [layer_count] each; needs a clock to be set. */
void sm_training_set_clock(sm_training *training, double (*clock)(void));
void sm_training_times(const sm_training *training, double *forward, double *backward);

#endif
