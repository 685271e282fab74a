#include "operating_point_fit.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "../metrics/proportion.h"

static bool counts(const sm_kept_case *one, double level) { return one->presence >= 0 && one->presence >= level; }

static int highest_first(const void *first, const void *second) {
    const double a = ((const sm_kept_case *)first)->presence;
    const double b = ((const sm_kept_case *)second)->presence;
    return a > b ? -1 : a < b;
}

sm_status sm_presence_level(const sm_kept_case *cases, int count, double kept, double *level, sm_error *error) {
    *level = 0;
    if (count < 1) return SM_OK;
    sm_kept_case *sorted = malloc((size_t)count * sizeof *sorted);
    if (!sorted) return sm_fail(error, SM_ERROR_MEMORY, "no memory for an operating point of %d images", count);
    double total = 0;
    for (int i = 0; i < count; i++) {
        sorted[i] = cases[i];
        total += cases[i].weight;
    }
    qsort(sorted, (size_t)count, sizeof *sorted, highest_first);
    double reached = 0;
    for (int i = 0; i < count && sorted[i].presence >= 0; i++) {
        reached += sorted[i].weight;
        /* The tolerance covers the rounding of the sum. */
        if (reached < kept * total * (1 - 1e-12)) continue;
        *level = sorted[i].presence;
        break;
    }
    free(sorted);
    return SM_OK;
}

double sm_kept_share(const sm_kept_case *cases, int count, double level) {
    double kept = 0;
    double total = 0;
    for (int i = 0; i < count; i++) {
        total += cases[i].weight;
        if (counts(&cases[i], level)) kept += cases[i].weight;
    }
    return total > 0 ? kept / total : NAN;
}

/* A patient. */
typedef struct patient {
    bool seen, missed;
    int source;
} patient;

sm_status sm_missed_bound(const sm_kept_case *cases, int count, int group_count, double level, double *bound,
                          sm_error *error) {
    *bound = 1;
    patient *patients = calloc((size_t)group_count + 1, sizeof *patients);
    double *sizes = calloc((size_t)group_count + 1, sizeof *sizes); /* patients of each data set */
    if (!patients || !sizes) {
        free(patients);
        free(sizes);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d patients", group_count);
    }
    for (int i = 0; i < count; i++) {
        patient *one = &patients[cases[i].group];
        if (!one->seen) sizes[cases[i].source]++;
        one->seen = true;
        one->source = cases[i].source;
        if (!counts(&cases[i], level)) one->missed = true;
    }
    double total = 0;
    double squares = 0;
    double missed = 0;
    for (int g = 0; g < group_count; g++) {
        if (!patients[g].seen) continue;
        const double weight = 1 / sizes[patients[g].source];
        total += weight;
        squares += weight * weight;
        if (patients[g].missed) missed += weight;
    }
    if (total > 0) {
        const double effective = total * total / squares;
        *bound = sm_proportion_upper(missed / total * effective, effective, 0.95);
    }
    free(patients);
    free(sizes);
    return SM_OK;
}
