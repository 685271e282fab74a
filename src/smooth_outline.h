/**
 * The outer outline of a lesion as a smooth polygon: a fixed number of points, equally far apart along the outline, so
 * that what is measured from it depends neither on the size of the image nor on the steps of its pixels.
 */
#ifndef SONOMASK_SMOOTH_OUTLINE_H
#define SONOMASK_SMOOTH_OUTLINE_H

#include <stdint.h>

#include "mask.h"
#include "status.h"

enum { SM_OUTLINE_POINTS = 256 };

typedef struct sm_xy {
    double x, y; /**< pixels of the mask */
} sm_xy;

typedef struct sm_smooth_outline {
    sm_xy points[SM_OUTLINE_POINTS]; /**< clockwise on the screen */
    double area;                     /**< square pixels, above 0 */
    double perimeter;                /**< pixels */
    sm_xy centroid;
    double major, minor; /**< semi-axes of the ellipse of the same second moments, major >= minor > 0 */
    sm_xy axis;          /**< unit vector along the major axis */
} sm_smooth_outline;

/**
 * The outline of the lesion whose bounding box is that of `lesion`, [height][width] mask of 0 or not. Smoothed with a
 * Gaussian whose standard deviation is 1 % of the perimeter and at least a pixel. Errors: SM_ERROR_ARGUMENT (the mask
 * has no component with this bounding box), SM_ERROR_MEMORY.
 */
sm_status sm_smooth_outline_make(const uint8_t *mask, int width, int height, const sm_lesion *lesion,
                                 sm_smooth_outline *outline, sm_error *error);

/** Smooths it further, by a Gaussian whose standard deviation is `share` of the perimeter, and measures it again. */
void sm_smooth_outline_blur(sm_smooth_outline *outline, double share);

#endif
