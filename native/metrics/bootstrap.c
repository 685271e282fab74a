#include "bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../data/random.h"

/* The splitmix64 generator: one multiplication chain per number, with a state of 64 bits. */
static uint64_t next_random(uint64_t *state) {
    const uint64_t number = sm_random_scatter(*state);
    *state += 0x9E3779B97F4A7C15U;
    return number;
}

/* Uniform in 0 .. bound-1. The bias is below bound / 2^32. */
static int random_below(uint64_t *state, int bound) {
    return (int)(((next_random(state) >> 32) * (uint64_t)bound) >> 32);
}

static int by_value(const void *first, const void *second) {
    double a = *(const double *)first, b = *(const double *)second;
    return a < b ? -1 : a > b;
}

/* Quantile of sorted values with linear interpolation (type 7 of Hyndman and Fan, 1996). */
static double quantile(const double *sorted, int count, double share) {
    double position = share * (count - 1);
    int below = (int)position;
    if (below + 1 >= count) return sorted[count - 1];
    return sorted[below] + (position - below) * (sorted[below + 1] - sorted[below]);
}

sm_status sm_bootstrap(const int *group, int item_count, int group_count, int replicates, uint64_t seed,
                       sm_bootstrap_statistic *statistic, void *data, int value_count, sm_interval *intervals,
                       sm_error *error) {
    if (item_count < 1 || group_count < 1 || replicates < 2 || value_count < 1)
        return sm_fail(error, SM_ERROR_ARGUMENT, "a bootstrap needs items, groups and replicates");
    int *drawn = malloc((size_t)group_count * sizeof *drawn);
    int *weights = malloc((size_t)item_count * sizeof *weights);
    double *values = malloc((size_t)value_count * sizeof *values);
    double *samples = calloc((size_t)replicates * (size_t)value_count, sizeof *samples);
    sm_status status = SM_OK;
    if (!drawn || !weights || !values || !samples) {
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory for %d bootstrap replicates", replicates);
        goto done;
    }
    for (int r = 0; r < replicates; r++) {
        memset(drawn, 0, (size_t)group_count * sizeof *drawn);
        for (int g = 0; g < group_count; g++) drawn[random_below(&seed, group_count)]++;
        for (int i = 0; i < item_count; i++) weights[i] = drawn[group[i]];
        statistic(data, weights, values);
        for (int v = 0; v < value_count; v++) samples[(size_t)v * (size_t)replicates + (size_t)r] = values[v];
    }
    for (int v = 0; v < value_count; v++) {
        double *of_value = samples + (size_t)v * (size_t)replicates;
        int finite = 0;
        for (int r = 0; r < replicates; r++)
            if (isfinite(of_value[r])) of_value[finite++] = of_value[r];
        intervals[v] = (sm_interval){NAN, NAN};
        if (finite * 2 < replicates) continue;
        qsort(of_value, (size_t)finite, sizeof *of_value, by_value);
        intervals[v] = (sm_interval){quantile(of_value, finite, 0.025), quantile(of_value, finite, 0.975)};
    }
done:
    free(samples);
    free(values);
    free(weights);
    free(drawn);
    return status;
}
