#include "shard_sum.h"

#include <string.h>

enum { BLOCK = 2048 /* floats; two blocks per level of the tree stay in the first-level cache */ };

/** The first shard of the second half of a node. */
static int middle(sm_shard_node node) {
    int half = 1;
    while (2 * half < node.end - node.first) half *= 2;
    return node.first + half;
}

static int divide(sm_shard_node node, int first, int end, sm_shard_node *nodes) {
    if (node.first >= end || node.end <= first) return 0;
    if (node.first >= first && node.end <= end) {
        *nodes = node;
        return 1;
    }
    const int half = middle(node);
    const int before = divide((sm_shard_node){node.first, half}, first, end, nodes);
    return before + divide((sm_shard_node){half, node.end}, first, end, nodes + before);
}

int sm_shard_nodes(int shards, int first, int end, sm_shard_node *nodes) {
    return divide((sm_shard_node){0, shards}, first, end, nodes);
}

typedef struct addition {
    const sm_shard_node *nodes;
    const float *const *values;
    int count;
    size_t place, length; /* of the block */
} addition;

static void add_block(const float *a, const float *b, size_t length, float *sum) {
    for (size_t i = 0; i < length; i++) sum[i] = a[i] + b[i];
}

/** The block of a node: where it is, or in `room`, which has a block for each level of the tree below. */
static const float *block_of(const addition *job, sm_shard_node node, float *room) {
    for (int i = 0; i < job->count; i++)
        if (job->nodes[i].first == node.first && job->nodes[i].end == node.end) return job->values[i] + job->place;
    const int half = middle(node);
    /* The first half may stay in `room`; the second one uses the blocks after it. */
    const float *first = block_of(job, (sm_shard_node){node.first, half}, room);
    const float *second = block_of(job, (sm_shard_node){half, node.end}, room + BLOCK);
    add_block(first, second, job->length, room);
    return room;
}

void sm_shard_sum(const sm_shard_node *nodes, const float *const *values, int count, float scale, size_t length,
                  float *sum) {
    float room[9 * BLOCK]; /* a tree over SM_SHARDS_MAX shards has 8 levels */
    addition job = {.nodes = nodes, .values = values, .count = count};
    const sm_shard_node whole = {nodes[0].first, nodes[count - 1].end};
    for (; job.place < length; job.place += BLOCK) {
        job.length = length - job.place < BLOCK ? length - job.place : BLOCK;
        const float *block = block_of(&job, whole, room);
        float *to = sum + job.place;
        if (scale != 1)
            for (size_t i = 0; i < job.length; i++) to[i] = block[i] * scale;
        else if (to != block)
            memcpy(to, block, job.length * sizeof *to);
    }
}
