/**
 * AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019) with gradient clipping by global norm
 * and an exponential moving average of the weights.
 */
#ifndef SONOMASK_OPTIMISER_H
#define SONOMASK_OPTIMISER_H

#include "../../src/net.h"
#include "../../src/parallel.h"

typedef struct sm_optimiser_options {
    float learning_rate; /**< at its highest */
    float weight_decay;  /**< on weights of convolutions and dense layers only */
    float gradient_norm; /**< longer gradients are shortened to this; 0: never */
    float average_decay; /**< of the moving average, for example 0.999 */
    int warm_up_steps;   /**< the rate rises linearly over these, then falls as a cosine to 0 */
    long total_steps;
} sm_optimiser_options;

sm_optimiser_options sm_optimiser_options_default(void);

/** Everything that the optimiser carries from step to step; arrays of net->trainable_count, average of total_count. */
typedef struct sm_optimiser {
    float *first, *second; /**< moving moments of the gradient */
    float *average;        /**< moving average of parameters and running statistics: what is evaluated and shipped */
    float *decay;          /**< 1 where weight decay applies, else 0 */
    size_t trainable_count, total_count;
    long step; /**< steps done */
} sm_optimiser;

/** The average starts as `parameters` ([net->total_count]). Errors: SM_ERROR_MEMORY. */
sm_status sm_optimiser_create(const sm_net *net, const float *parameters, sm_optimiser *optimiser, sm_error *error);
void sm_optimiser_free(sm_optimiser *optimiser);

/** The rate of step `step` (0 ..). */
float sm_learning_rate(const sm_optimiser_options *options, long step);

/** One step: updates `parameters` by `gradients` and moves the average. Returns the gradient's norm before clipping. */
double sm_optimiser_step(sm_optimiser *optimiser, const sm_optimiser_options *options, float *parameters,
                         const float *gradients, const sm_parallel *parallel);

#endif
