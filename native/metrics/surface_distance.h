/** Distances between the outlines of two masks: HD95 and the normalised surface Dice. */
#ifndef SONOMASK_SURFACE_DISTANCE_H
#define SONOMASK_SURFACE_DISTANCE_H

#include <stdint.h>

#include "../../src/status.h"

/** Outlines at most this many pixels apart agree: about the width of the line an expert draws. */
#define SM_SURFACE_TOLERANCE 2.0

typedef struct sm_surface_distances {
    double hd95;         /**< pixels; NaN unless both masks have pixels */
    double surface_dice; /**< 0..1; 0 when one mask is empty, NaN when both are */
} sm_surface_distances;

/**
 * Both masks are [height][width]; a pixel is lesion where it is at least 128. The outline of a mask is its pixels with
 * a 4-neighbour outside the mask or the image. Distances are Euclidean between pixel centres, by an exact distance
 * transform (Felzenszwalb and Huttenlocher, 2012).
 * hd95: the larger of the two directed 95th percentiles of distances from one outline to the other (a robust form of
 * Huttenlocher et al., 1993). surface_dice: the share of both outlines' pixels that have the other outline within
 * SM_SURFACE_TOLERANCE (Nikolov et al., 2018). Errors: SM_ERROR_MEMORY.
 */
sm_status sm_surface_distance(const uint8_t *reference, const uint8_t *predicted, int width, int height,
                              sm_surface_distances *distances, sm_error *error);

#endif
