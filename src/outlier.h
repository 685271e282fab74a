/**
 * Out-of-distribution detection: whether an image differs from the breast ultrasound of the training set. A network
 * outlines something in every photograph, so such images need a warning. A Gaussian is fitted to simple statistics
 * (image_statistics.h) of training images and kept in the weights file. The score of an image is its Mahalanobis
 * distance: one variance per leading principal axis, and one for all other directions (Moghaddam and Pentland,
 * "Probabilistic Visual Learning for Object Representation", 1997). Some photographs lie within the Gaussian, so that
 * one statistic has a limit of its own.
 */
#ifndef SONOMASK_OUTLIER_H
#define SONOMASK_OUTLIER_H

#include <stdbool.h>

#include "image_statistics.h"
#include "weights_file.h"

enum { SM_OUTLIER_AXES = 30, SM_OUTLIER_TENSORS = 5 };

/** The Gaussian. Statistics are first centred on `mean` and divided by `scale`. */
typedef struct sm_outlier {
    float mean[SM_STATISTICS_COUNT], scale[SM_STATISTICS_COUNT];
    float axes[SM_OUTLIER_AXES][SM_STATISTICS_COUNT]; /**< orthonormal */
    float variance[SM_OUTLIER_AXES + 1];              /**< per axis, and one for all other directions */
    float limit;                                      /**< above this distance an image is out of distribution */
} sm_outlier;

/** The Mahalanobis distance of an image's statistics, 0 or more. */
double sm_outlier_distance(const sm_outlier *outlier, const float statistics[SM_STATISTICS_COUNT]);

/** Above 1 an image is out of distribution: its distance is beyond the limit, or it changes faster across than tissue.
 */
double sm_outlier_score(const sm_outlier *outlier, const float statistics[SM_STATISTICS_COUNT]);

/** The tensors of the Gaussian in a weights file. Their values point into `outlier`. */
void sm_outlier_tensors(sm_outlier *outlier, sm_weights_extra tensors[SM_OUTLIER_TENSORS]);

/**
 * Reads the Gaussian from an opened weights file. `*found` is false, and the status SM_OK, when the file has none.
 * Errors: SM_ERROR_WEIGHTS (a tensor is missing, of another shape, not finite or out of range).
 */
sm_status sm_outlier_get(const sm_weights_file *file, sm_outlier *outlier, bool *found, sm_error *error);

/** The same from the bytes of a weights file. Errors: those of sm_weights_file_open too, SM_ERROR_MEMORY. */
sm_status sm_outlier_read(const void *bytes, size_t size, sm_outlier *outlier, bool *found, sm_error *error);

#endif
