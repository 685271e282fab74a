#include "margin_fit.h"

#include <math.h>
#include <stdlib.h>

#include "../data/random.h"

static const double kappas[] = {0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5};
enum { KAPPAS = sizeof kappas / sizeof *kappas };
static const uint64_t HALVES_SEED = 90;

static double scale(const sm_margin_case *one, double kappa) {
    return sqrt(one->outline_area) + kappa * sqrt(one->image_area);
}

static int ascending(const void *first, const void *second) {
    const double a = *(const double *)first;
    const double b = *(const double *)second;
    return a < b ? -1 : a > b;
}

/* The conformal quantile of the patients' scores in one half. `scores` has room for group_count. */
static double quantile(const sm_margin_case *cases, int count, const int *half, int wanted, int group_count,
                       double kappa, double *scores) {
    for (int g = 0; g < group_count; g++) scores[g] = half[g] == wanted ? 0 : -1;
    for (int i = 0; i < count; i++) {
        const int group = cases[i].group;
        if (half[group] == wanted) scores[group] = fmax(scores[group], cases[i].reach / scale(&cases[i], kappa));
    }
    int patients = 0;
    for (int g = 0; g < group_count; g++)
        if (scores[g] >= 0) scores[patients++] = scores[g];
    qsort(scores, (size_t)patients, sizeof *scores, ascending);
    const int place = (int)ceil((patients + 1) * SM_MARGIN_COVERAGE - 1e-9);
    return scores[(place < patients ? place : patients) - 1];
}

/* half[g] becomes 0 or 1 for the patients of the cases, -1 for the others. Returns the number of patients. */
static int divide(const sm_margin_case *cases, int count, int *half, int *order, int group_count) {
    int patients = 0;
    for (int g = 0; g < group_count; g++) half[g] = -1;
    for (int i = 0; i < count; i++) {
        if (half[cases[i].group] < 0) order[patients++] = cases[i].group;
        half[cases[i].group] = 0;
    }
    sm_random random = sm_random_make(HALVES_SEED);
    for (int i = patients - 1; i > 0; i--) {
        const int other = sm_random_below(&random, i + 1);
        const int kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
    for (int i = 0; i < patients; i++) half[order[i]] = i >= patients / 2;
    return patients;
}

static double choose_kappa(const sm_margin_case *cases, int count, const int *half, int group_count, double *scores) {
    double best = INFINITY;
    double chosen = 0;
    for (int k = 0; k < KAPPAS; k++) {
        const double factor = quantile(cases, count, half, 0, group_count, kappas[k], scores);
        double sum = 0;
        for (int i = 0; i < count; i++)
            if (half[cases[i].group] == 0) sum += factor * scale(&cases[i], kappas[k]) / sqrt(cases[i].image_area);
        if (!(sum < best)) continue;
        best = sum;
        chosen = kappas[k];
    }
    return chosen;
}

sm_status sm_margin_fit(const sm_margin_case *cases, int count, int group_count, float margin[2], bool *fitted,
                        sm_error *error) {
    *fitted = false;
    int *half = malloc(((size_t)group_count + 1) * sizeof *half);
    int *order = malloc(((size_t)group_count + 1) * sizeof *order);
    double *scores = malloc(((size_t)group_count + 1) * sizeof *scores);
    sm_status status = SM_OK;
    if (!half || !order || !scores)
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory for %d patients", group_count);
    else if (divide(cases, count, half, order, group_count) >= 2 * SM_MARGIN_PATIENTS) {
        const double kappa = choose_kappa(cases, count, half, group_count, scores);
        const double factor = quantile(cases, count, half, 1, group_count, kappa, scores);
        margin[0] = (float)factor;
        margin[1] = (float)(factor * kappa);
        *fitted = true;
    }
    free(half);
    free(order);
    free(scores);
    return status;
}
