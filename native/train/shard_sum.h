/** Adds vectors along a fixed tree, so that the sum does not depend on who added which part. */
#ifndef SONOMASK_SHARD_SUM_H
#define SONOMASK_SHARD_SUM_H

#include <stddef.h>

/** The most shards of a batch. */
enum { SM_SHARDS_MAX = 256 };

/**
 * Shards `first` .. `end - 1`: a node of the tree. The node of n shards has those of its first p shards and of the rest
 * below it, p being the largest power of two that is less than n.
 */
typedef struct sm_shard_node {
    int first, end;
} sm_shard_node;

/**
 * Divides the shards first .. end - 1 of a tree over `shards` into as few whole nodes as possible, in order. Fills
 * `nodes`, which has room for SM_SHARDS_MAX, and returns their number.
 */
int sm_shard_nodes(int shards, int first, int end, sm_shard_node *nodes);

/**
 * Adds the vectors of `count` nodes, which together are the whole node (nodes[0].first, nodes[count - 1].end), and
 * multiplies the sum with `scale`. `values[i]` ([length]) is that of node i. `sum` may be values[0].
 */
void sm_shard_sum(const sm_shard_node *nodes, const float *const *values, int count, float scale, size_t length,
                  float *sum);

#endif
