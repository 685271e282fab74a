/**
 * AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019) with gradient clipping by global norm
 * and an exponential moving average (EMA) of the weights.
 */
#ifndef SONOMASK_OPTIMISER_H
#define SONOMASK_OPTIMISER_H

#include "../../src/net.h"
#include "../../src/ops/ops.h"

typedef struct sm_optimiser_options {
    float learning_rate; /**< the highest, at the end of the warm-up */
    float weight_decay;  /**< of the weights of convolutions and dense layers; other parameters do not decay */
    float gradient_norm; /**< longer gradients are scaled to this norm; 0: no clipping */
    float average_decay; /**< of the EMA weights, for example 0.999 */
    float
        warm_up_share; /**< share of total_steps, 0..1, over which the rate rises linearly; then it falls as a cosine to
                          0 */
    int warm_up_steps; /**< this many steps instead of the share; negative: the share holds */
    long total_steps;
} sm_optimiser_options;

sm_optimiser_options sm_optimiser_options_default(void);

/** Parameters `first` .. `end - 1`, all with weight decay or all without. */
typedef struct sm_decay_run {
    size_t first, end;
    bool decays;
} sm_decay_run;

/** The state of the optimiser. `average` has net->total_count floats, the other arrays net->trainable_count. */
typedef struct sm_optimiser {
    float *first, *second; /**< moving averages of the gradient and of its square */
    float *average;        /**< EMA of parameters and running statistics; these are evaluated and written */
    size_t trainable_count, total_count;
    long step;          /**< number of steps done */
    sm_decay_run *runs; /**< [run_count], of all trained parameters in order */
    int run_count;
    const sm_kernels *kernels;
} sm_optimiser;

/**
 * The EMA weights start as `parameters` ([net->total_count]). `kernels` must outlive the optimiser. Errors:
 * SM_ERROR_MEMORY.
 */
sm_status sm_optimiser_create(const sm_net *net, const float *parameters, const sm_kernels *kernels,
                              sm_optimiser *optimiser, sm_error *error);
void sm_optimiser_free(sm_optimiser *optimiser);

/** The number of steps of the warm-up. */
long sm_warm_up_steps(const sm_optimiser_options *options);
/** The learning rate of step `step`, from 0. */
float sm_learning_rate(const sm_optimiser_options *options, long step);

/** Updates `parameters` by `gradients`, and the EMA weights. Returns the norm of the gradients before clipping; when
 * that is not finite, nothing is changed. */
double sm_optimiser_step(sm_optimiser *optimiser, const sm_optimiser_options *options, float *parameters,
                         const float *gradients, const sm_parallel *parallel);

#endif
