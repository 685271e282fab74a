#include "outlier.h"

#include <math.h>

#include "weights.h"

double sm_outlier_distance(const sm_outlier *outlier, const float statistics[SM_STATISTICS_COUNT]) {
    double centred[SM_STATISTICS_COUNT];
    double rest = 0;
    for (int i = 0; i < SM_STATISTICS_COUNT; i++) {
        centred[i] = (double)(statistics[i] - outlier->mean[i]) / (double)outlier->scale[i];
        rest += centred[i] * centred[i];
    }
    double distance = 0;
    for (int k = 0; k < SM_OUTLIER_AXES; k++) {
        double along = 0;
        for (int i = 0; i < SM_STATISTICS_COUNT; i++) along += (double)outlier->axes[k][i] * centred[i];
        distance += along * along / (double)outlier->variance[k];
        rest -= along * along;
    }
    return sqrt(distance + fmax(rest, 0) / (double)outlier->variance[SM_OUTLIER_AXES]);
}

sm_status sm_outlier_read(const void *bytes, size_t size, sm_outlier *outlier, bool *known, sm_error *error) {
    const sm_weights_extra extras[] = {
        {.name = "outlier.mean", .rank = 1, .shape = {SM_STATISTICS_COUNT}, .values = outlier->mean},
        {.name = "outlier.scale", .rank = 1, .shape = {SM_STATISTICS_COUNT}, .values = outlier->scale},
        {.name = "outlier.axes",
         .rank = 2,
         .shape = {SM_OUTLIER_AXES, SM_STATISTICS_COUNT},
         .values = outlier->axes[0]},
        {.name = "outlier.variance", .rank = 1, .shape = {SM_OUTLIER_AXES + 1}, .values = outlier->variance},
        {.name = "outlier.limit", .rank = 1, .shape = {1}, .values = &outlier->limit},
    };
    sm_status status = sm_weights_read_extras(bytes, size, extras, sizeof extras / sizeof *extras, known, error);
    if (status != SM_OK || !*known) return status;
    bool usable = outlier->limit > 0;
    for (int i = 0; i < SM_STATISTICS_COUNT; i++) usable = usable && outlier->scale[i] > 0;
    for (int k = 0; k <= SM_OUTLIER_AXES; k++) usable = usable && outlier->variance[k] > 0;
    if (usable) return SM_OK;
    *known = false;
    return sm_fail(error, SM_ERROR_WEIGHTS, "the statistics of the training images are out of range");
}
