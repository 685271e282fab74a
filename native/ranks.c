#include "ranks.h"

#include <stdlib.h>
#include <string.h>

static const sm_ranks *current;

const sm_ranks *sm_ranks_current(void) { return current; }

void sm_ranks_set(const sm_ranks *ranks) { current = ranks; }

int sm_ranks_share(const sm_ranks *ranks, int total) {
    const int count = sm_ranks_count(ranks), own = sm_ranks_own(ranks);
    return total > own ? (total - own + count - 1) / count : 0;
}

sm_status sm_ranks_broadcast(const sm_ranks *ranks, int root, void *bytes, size_t size, sm_error *error) {
    if (sm_ranks_count(ranks) == 1 || size == 0) return SM_OK;
    return ranks->broadcast(ranks->context, root, bytes, size, error);
}

sm_status sm_ranks_merge(const sm_ranks *ranks, void *bytes, size_t size, sm_error *error) {
    if (sm_ranks_count(ranks) == 1 || size == 0) return SM_OK;
    return ranks->merge(ranks->context, bytes, size, error);
}

/** Gives all ranks the `value` of each in `values` ([ranks->count], zeros). */
static sm_status collect(const sm_ranks *ranks, uint64_t value, uint64_t *values, sm_error *error) {
    values[ranks->rank] = value;
    return sm_ranks_merge(ranks, values, (size_t)ranks->count * sizeof *values, error);
}

sm_status sm_ranks_agree(const sm_ranks *ranks, sm_status status, sm_error *error) {
    if (sm_ranks_count(ranks) == 1) return status;
    uint64_t *all = calloc((size_t)ranks->count, sizeof *all);
    if (!all) return status != SM_OK ? status : sm_fail(error, SM_ERROR_MEMORY, "no memory for %d ranks", ranks->count);
    sm_error lost = {0};
    const sm_status reached = collect(ranks, (uint64_t)status, all, &lost);
    int first = 0;
    while (first < ranks->count && all[first] == SM_OK) first++;
    const sm_status agreed = first < ranks->count ? (sm_status)all[first] : SM_OK;
    free(all);
    if (reached != SM_OK) { /* a failure of this rank's own comes first */
        if (status == SM_OK && error) *error = lost;
        return status != SM_OK ? status : reached;
    }
    if (agreed == SM_OK) return SM_OK;
    ranks->agreed(ranks->context);
    if (first == ranks->rank) {
        if (first > 0 && error && error->message[0]) ranks->complain(ranks->context, error->message);
    } else if (error) {
        *error = (sm_error){.status = agreed};
    }
    return agreed;
}

sm_status sm_ranks_check_same(const sm_ranks *ranks, uint64_t hash, const char *what, sm_error *error) {
    if (sm_ranks_count(ranks) == 1) return SM_OK;
    uint64_t *all = calloc((size_t)ranks->count, sizeof *all);
    if (!all) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d ranks", ranks->count);
    sm_status status = collect(ranks, hash, all, error);
    for (int r = 1; status == SM_OK && r < ranks->count; r++) {
        if (all[r] == all[0]) continue;
        ranks->agreed(ranks->context);
        status = sm_fail(error, SM_ERROR_DATA, "rank %d has %s than rank 0: all ranks must have the same", r, what);
    }
    free(all);
    return status;
}
