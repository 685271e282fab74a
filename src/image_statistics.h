/**
 * Simple image statistics for out-of-distribution detection; they separate breast ultrasound from photographs, text,
 * drawings and other modalities: colour, grey values, gradients and speckle at three scales, structure of rows and
 * columns. They are measured at a longest side of SM_STATISTICS_SIDE pixels, so that they depend little on resolution.
 */
#ifndef SONOMASK_IMAGE_STATISTICS_H
#define SONOMASK_IMAGE_STATISTICS_H

#include "image.h"
#include "status.h"

enum { SM_STATISTICS_SIDE = 128, SM_STATISTICS_SCALES = 3, SM_STATISTICS_BANDS = 6, SM_STATISTICS_COUNT = 55 };

/** A place among the statistics: logarithm of the mean squared difference of pixels that are 4 apart across (of
 * SM_STATISTICS_SIDE), divided by that of unrelated pixels. */
enum { SM_STATISTICS_DIFFERENCE_ACROSS = 24 };

/**
 * `grey` is the image's grey, [height][width] (sm_image_to_grey). All statistics are finite, and transformed (roots
 * of shares, logarithms of strengths) so that they spread evenly. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_image_statistics(const sm_image *image, const uint8_t *grey, float statistics[SM_STATISTICS_COUNT],
                              sm_error *error);

/** The share of pixels whose channels differ by more than compression artefacts do, 0..1. */
double sm_image_coloured_share(const sm_image *image);

#endif
