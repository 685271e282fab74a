/** Fits the Gaussian of in-distribution images (src/outlier.h). */
#ifndef SONOMASK_OUTLIER_FIT_H
#define SONOMASK_OUTLIER_FIT_H

#include "../../src/outlier.h"

/**
 * Fits to the statistics of `count` images with the positive weights `weights[i]`, which let a small data set count as
 * much as a large one. The limit is the distance that the weighted share `beyond` of the images exceeds. Errors:
 * SM_ERROR_DATA (fewer than 100 images), SM_ERROR_MEMORY.
 */
sm_status sm_outlier_fit(const float (*statistics)[SM_STATISTICS_COUNT], const double *weights, int count,
                         double beyond, sm_outlier *outlier, sm_error *error);

#endif
