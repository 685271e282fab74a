/**
 * Data-parallel training steps. The batch is cut into shards that are normalised by their own statistics ("ghost batch
 * normalisation": Hoffer, Hubara and Soudry, "Train longer, generalize better", 2017). Threads and ranks (ranks.h)
 * share the shards. Gradients and statistics are averaged over the shards along a fixed tree, so that the result does
 * not depend on the number of threads and ranks, bit for bit.
 *
 * Between ranks, each one adds up a segment of the vector and sends the sum to all (reduce-scatter, then all-gather:
 * Thakur, Rabenseifner and Gropp, "Optimization of collective communication operations in MPICH", 2005). A rank sends
 * and receives about twice the vector, however many ranks there are.
 */
#ifndef SONOMASK_SHARDS_H
#define SONOMASK_SHARDS_H

#include <signal.h>

#include "../../src/net_training.h"
#include "../ranks.h"
#include "checkpoint.h"

typedef struct sm_shards sm_shards;

typedef struct sm_shards_options {
    const sm_net *net; /**< must outlive the result, as kernels, parallel, ranks and loss */
    int size, batch;   /**< `batch` of all ranks together */
    int shards;        /**< divides `batch`; at least the number of ranks, at most SM_SHARDS_MAX */
    const sm_kernels *kernels;
    const sm_parallel *parallel;
    const sm_ranks *ranks;
    const sm_loss_options *loss;
    float prompt_share;          /**< 0: no prompts are simulated */
    const char *const *teachers; /**< see distillation.h */
    int teacher_count;
    float teacher_share;
} sm_shards_options;

/** The shards of a batch when none are chosen: the most, up to 8, that divide it and hold two images each; else 1. */
int sm_shards_default(int batch);

/** Errors: SM_ERROR_ARGUMENT (shards), those of sm_training_create and sm_distillation_create. */
sm_status sm_shards_create(const sm_shards_options *options, sm_shards **shards, sm_error *error);
void sm_shards_free(sm_shards *shards);

/** The images of a batch that this rank trains on: `*count`, from number `*first`. */
void sm_shards_images(const sm_shards *shards, int *first, int *count);
/** Hash of the teachers, see distillation.h. */
uint64_t sm_shards_teachers_hash(const sm_shards *shards);

/** Seconds of this rank in all steps so far. */
typedef struct sm_shards_times {
    double computing; /**< forward and backward */
    double waiting;   /**< for the slowest rank */
    double adding;    /**< of vectors */
    double sending;   /**< vectors */
} sm_shards_times;
sm_shards_times sm_shards_spent(const sm_shards *shards);

/**
 * One step. `batch` holds this rank's images; `prepared` is the status of preparing it: when any rank failed, all do.
 * The running statistics in `parameters` move by `momentum`. Adds the scores of the whole batch to `*sums`, and sets
 * `*stop` when any rank is interrupted. A loss that is not finite is returned as SM_OK, with parameters, sums and
 * gradients unchanged and `*finite` false. On an error `parameters` are unchanged, too. Errors: SM_ERROR_MEMORY, those
 * of ranks.h.
 */
sm_status sm_shards_step(sm_shards *shards, const sm_batch *batch, sm_status prepared, float *parameters, uint64_t seed,
                         float momentum, const volatile sig_atomic_t *interrupted, sm_epoch_sums *sums, bool *finite,
                         bool *stop, sm_error *error);
/** The mean gradient of the last step, [net->trainable_count]. */
const float *sm_shards_gradients(const sm_shards *shards);

#endif
