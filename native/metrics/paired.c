#include "paired.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/** Of one group. */
typedef struct group_sum {
    int images;
    double deviations; /* from the mean difference */
} group_sum;

static bool has_both(const double *first, const double *second, int i) {
    return isfinite(first[i]) && isfinite(second[i]);
}

sm_status sm_paired_compare(const double *first, const double *second, const int *groups, int count, int group_count,
                            sm_paired *pairs, sm_error *error) {
    *pairs = (sm_paired){0};
    group_sum *sums = calloc((size_t)group_count + 1, sizeof *sums);
    if (!sums) return sm_fail(error, SM_ERROR_MEMORY, "no memory to compare %d images", count);
    for (int i = 0; i < count; i++) {
        if (!has_both(first, second, i)) continue;
        pairs->count++;
        pairs->first += first[i];
        pairs->second += second[i];
    }
    const double mean = sm_paired_mean(pairs);
    for (int i = 0; i < count; i++) {
        if (!has_both(first, second, i)) continue;
        sums[groups[i]].images++;
        sums[groups[i]].deviations += second[i] - first[i] - mean;
    }
    for (int g = 0; g < group_count; g++) {
        pairs->groups += sums[g].images > 0;
        pairs->squares += sums[g].deviations * sums[g].deviations;
    }
    free(sums);
    return SM_OK;
}

double sm_paired_mean(const sm_paired *pairs) {
    return pairs->count > 0 ? (pairs->second - pairs->first) / pairs->count : 0;
}

double sm_paired_error(const sm_paired *pairs) {
    const double groups = pairs->groups;
    return pairs->groups < 2 ? NAN : sqrt(groups / (groups - 1) * pairs->squares) / pairs->count;
}
