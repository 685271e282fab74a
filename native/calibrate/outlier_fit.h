/** Fitting the Gaussian of known images (src/outlier.h). */
#ifndef SONOMASK_OUTLIER_FIT_H
#define SONOMASK_OUTLIER_FIT_H

#include "../../src/outlier.h"

/**
 * Fits to the statistics of `count` images. `weights[i]` says how much image i counts, above 0, so that a large data
 * set does not drown a small one. The limit is the distance that the share `beyond` of the (weighted) images exceeds.
 * Errors: SM_ERROR_DATA (fewer than 100 images), SM_ERROR_MEMORY.
 */
sm_status sm_outlier_fit(const float (*statistics)[SM_STATISTICS_COUNT], const double *weights, int count,
                         double beyond, sm_outlier *outlier, sm_error *error);

#endif
