/** What a training step costs when threads and ranks (ranks.h) share the shards of its batch. */
#ifndef SONOMASK_SHARING_COST_H
#define SONOMASK_SHARING_COST_H

#include "../ranks.h"
#include "../train/shards.h"
#include "bench.h"

typedef struct sm_sharing_cost {
    int ranks, shards, steps;
    int own_shards;        /**< of rank 0 */
    double step;           /**< seconds, median of the steps; all ranks take the same time */
    sm_shards_times times; /**< seconds per step of rank 0 */
    double optimiser;      /**< seconds per step of rank 0 */
    double addition;       /**< seconds to add one vector to another on one thread */
    size_t bytes;          /**< gradients and statistics of one shard */
    double latency;        /**< seconds until all ranks have exchanged a few bytes; 0 for one rank, as the next */
    double bandwidth;      /**< bytes per second that a rank sends, while it receives as many */
} sm_sharing_cost;

/** Measures for bench->seconds. All ranks call it. Errors: SM_ERROR_MEMORY, those of sm_shards_create and ranks.h. */
sm_status sm_sharing_cost_measure(const sm_bench *bench, int shards, const sm_ranks *ranks, sm_sharing_cost *cost,
                                  sm_error *error);
void sm_sharing_cost_print(const sm_bench *bench, const sm_sharing_cost *cost, bool as_json);

#endif
