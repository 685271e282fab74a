#include "outlier_fit.h"

#include <math.h>
#include <stdlib.h>

#include "eigen.h"

enum { FEWEST_IMAGES = 100, N = SM_STATISTICS_COUNT };

/* Some statistics, above all of colour, hardly vary in the given images and may vary more elsewhere. These floors are
 * added to the standard deviations (in quadrature), and to the variances along the principal axes of the scaled
 * statistics. */
static const double SCALE_FLOOR = 0.02;
static const double VARIANCE_FLOOR = 0.02;

static void fit_scale(const float (*statistics)[N], const double *weights, int count, sm_outlier *outlier) {
    double total = 0;
    for (int i = 0; i < count; i++) total += weights[i];
    for (int k = 0; k < N; k++) {
        double mean = 0;
        double variance = 0;
        for (int i = 0; i < count; i++) mean += weights[i] / total * (double)statistics[i][k];
        for (int i = 0; i < count; i++) {
            const double d = (double)statistics[i][k] - mean;
            variance += weights[i] / total * d * d;
        }
        outlier->mean[k] = (float)mean;
        outlier->scale[k] = (float)sqrt(variance + SCALE_FLOOR * SCALE_FLOOR);
    }
}

static void fit_axes(const float (*statistics)[N], const double *weights, int count, double *work,
                     sm_outlier *outlier) {
    double *covariance = work;
    double *vectors = work + N * N;
    double values[N];
    double total = 0;
    for (int i = 0; i < N * N; i++) covariance[i] = 0;
    for (int i = 0; i < count; i++) {
        double centred[N];
        for (int k = 0; k < N; k++)
            centred[k] = (double)(statistics[i][k] - outlier->mean[k]) / (double)outlier->scale[k];
        for (int k = 0; k < N; k++)
            for (int j = 0; j < N; j++) covariance[k * N + j] += weights[i] * centred[k] * centred[j];
        total += weights[i];
    }
    for (int i = 0; i < N * N; i++) covariance[i] /= total;
    sm_eigen(covariance, N, values, vectors);
    double rest = 0;
    for (int k = SM_OUTLIER_AXES; k < N; k++) rest += values[k] / (N - SM_OUTLIER_AXES);
    for (int k = 0; k < SM_OUTLIER_AXES; k++) {
        for (int j = 0; j < N; j++) outlier->axes[k][j] = (float)vectors[k * N + j];
        outlier->variance[k] = (float)(values[k] + VARIANCE_FLOOR);
    }
    outlier->variance[SM_OUTLIER_AXES] = (float)fmax(rest, VARIANCE_FLOOR);
}

typedef struct weighed {
    double distance, weight;
} weighed;

static int farthest_first(const void *first, const void *second) {
    const double a = ((const weighed *)first)->distance;
    const double b = ((const weighed *)second)->distance;
    return a > b ? -1 : a < b;
}

static void fit_limit(const float (*statistics)[N], const double *weights, int count, double beyond, weighed *list,
                      sm_outlier *outlier) {
    double total = 0;
    for (int i = 0; i < count; i++) {
        list[i] = (weighed){sm_outlier_distance(outlier, statistics[i]), weights[i]};
        total += weights[i];
    }
    qsort(list, (size_t)count, sizeof *list, farthest_first);
    double left = beyond * total;
    int i = 0;
    while (i + 1 < count && left >= list[i].weight) left -= list[i++].weight;
    outlier->limit = (float)fmax(list[i].distance, 1e-6);
}

sm_status sm_outlier_fit(const float (*statistics)[SM_STATISTICS_COUNT], const double *weights, int count,
                         double beyond, sm_outlier *outlier, sm_error *error) {
    if (count < FEWEST_IMAGES)
        return sm_fail(error, SM_ERROR_DATA,
                       "%d images and views of them are too few (%d are needed)", count, FEWEST_IMAGES);
    double *work = malloc(2 * (size_t)N * N * sizeof *work);
    weighed *list = malloc((size_t)count * sizeof *list);
    sm_status status = SM_OK;
    if (work && list) {
        fit_scale(statistics, weights, count, outlier);
        fit_axes(statistics, weights, count, work, outlier);
        fit_limit(statistics, weights, count, beyond, list, outlier);
    } else {
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory for the statistics of %d images", count);
    }
    free(work);
    free(list);
    return status;
}
