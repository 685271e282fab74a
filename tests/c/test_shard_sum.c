/* Sums along the tree of shards: the same bits for every division among ranks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../native/data/random.h"
#include "../../native/train/shard_sum.h"
#include "../../native/train/shards.h"

enum { LENGTH = 5000, MOST = 11 };

static float leaves[MOST][LENGTH];

/** Adds the shards first .. end - 1, which are a node, as they are. */
static void add_node(sm_shard_node node, float scale, float *sum) {
    sm_shard_node ones[MOST];
    const float *values[MOST];
    for (int i = node.first; i < node.end; i++) {
        ones[i - node.first] = (sm_shard_node){i, i + 1};
        values[i - node.first] = leaves[i];
    }
    sm_shard_sum(ones, values, node.end - node.first, scale, LENGTH, sum);
}

static void any_division_gives_the_same_sum(void **state) {
    (void)state;
    static float whole[LENGTH], parts[MOST][LENGTH], sum[LENGTH];
    sm_random random = sm_random_make(1);
    for (int i = 0; i < MOST; i++)
        for (int k = 0; k < LENGTH; k++) leaves[i][k] = sm_random_normal(&random);
    for (int shards = 1; shards <= MOST; shards++) {
        const float scale = 1 / (float)shards;
        add_node((sm_shard_node){0, shards}, scale, whole);
        for (int ranks = 1; ranks <= shards; ranks++) {
            sm_shard_node nodes[MOST];
            const float *values[MOST];
            int count = 0;
            for (int r = 0; r < ranks; r++)
                count += sm_shard_nodes(shards, r * shards / ranks, (r + 1) * shards / ranks, nodes + count);
            for (int n = 0; n < count; n++) {
                assert_int_equal(nodes[n].first, n > 0 ? nodes[n - 1].end : 0);
                add_node(nodes[n], 1, parts[n]);
                values[n] = parts[n];
            }
            assert_int_equal(nodes[count - 1].end, shards);
            sm_shard_sum(nodes, values, count, scale, LENGTH, sum);
            assert_memory_equal(sum, whole, sizeof sum);
        }
    }
}

static void the_sum_is_right(void **state) {
    (void)state;
    static float sum[LENGTH];
    add_node((sm_shard_node){0, MOST}, 0.5f, sum);
    for (int k = 0; k < LENGTH; k++) {
        double expected = 0;
        for (int i = 0; i < MOST; i++) expected += 0.5 * (double)leaves[i][k];
        assert_true((double)sum[k] - expected < 1e-5 && expected - (double)sum[k] < 1e-5);
    }
}

static void default_shards_divide_the_batch(void **state) {
    (void)state;
    assert_int_equal(sm_shards_default(8), 4);
    assert_int_equal(sm_shards_default(32), 8);
    assert_int_equal(sm_shards_default(12), 6);
    assert_int_equal(sm_shards_default(7), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_division_gives_the_same_sum),
        cmocka_unit_test(the_sum_is_right),
        cmocka_unit_test(default_shards_divide_the_batch),
    };
    return cmocka_run_group_tests_name("shard_sum", tests, NULL, NULL);
}
