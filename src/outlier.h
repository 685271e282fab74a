/**
 * Does a picture look like the breast ultrasound that the network was trained on? Without a warning a network outlines
 * something in every photograph. A Gaussian fitted to the cheap statistics (image_statistics.h) of known images, kept
 * in the weights file beside the network, says how far a new picture lies from them: the Mahalanobis distance in the
 * space of the leading principal axes and, with one variance for all the rest, outside it (Moghaddam and Pentland,
 * "Probabilistic Visual Learning for Object Representation", 1997).
 */
#ifndef SONOMASK_OUTLIER_H
#define SONOMASK_OUTLIER_H

#include <stdbool.h>

#include "image_statistics.h"
#include "weights.h"

enum { SM_OUTLIER_AXES = 30, SM_OUTLIER_TENSORS = 5 };

/** The Gaussian. Statistics are first centred on `mean` and divided by `scale`. */
typedef struct sm_outlier {
    float mean[SM_STATISTICS_COUNT], scale[SM_STATISTICS_COUNT];
    float axes[SM_OUTLIER_AXES][SM_STATISTICS_COUNT]; /**< orthonormal */
    float variance[SM_OUTLIER_AXES + 1];              /**< along each axis, and along every direction but those */
    float limit;                                      /**< the distance above which a picture counts as foreign */
} sm_outlier;

/** The Mahalanobis distance of a picture's statistics: 0 and up. */
double sm_outlier_distance(const sm_outlier *outlier, const float statistics[SM_STATISTICS_COUNT]);

/** The tensors that hold the Gaussian in a weights file, their values being `outlier`'s own. */
void sm_outlier_tensors(sm_outlier *outlier, sm_weights_extra tensors[SM_OUTLIER_TENSORS]);

/**
 * Reads the statistics from the bytes of a weights file. `*known` is false, and the status SM_OK, when it holds none.
 * Errors: SM_ERROR_WEIGHTS (a tensor is missing, of another shape, not finite or out of range), SM_ERROR_MEMORY.
 */
sm_status sm_outlier_read(const void *bytes, size_t size, sm_outlier *outlier, bool *known, sm_error *error);

#endif
