/** Distances between the outlines of two masks: HD95 and the normalised surface Dice. */
#ifndef SONOMASK_SURFACE_DISTANCE_H
#define SONOMASK_SURFACE_DISTANCE_H

#include <stdint.h>

#include "../../src/status.h"

/** Outlines nearer than this count as agreeing: about the width of the line that an expert draws. Pixels. */
#define SM_SURFACE_TOLERANCE 2.0

typedef struct sm_surface_distances {
    double hd95;         /**< pixels; NaN unless both masks have pixels */
    double surface_dice; /**< 0..1; 0 when one mask is empty, NaN when both are */
} sm_surface_distances;

/**
 * The outline of a mask is its pixels with a 4-neighbour outside it (or outside the picture); distances are Euclidean
 * between pixel centres, by an exact distance transform (Felzenszwalb and Huttenlocher, 2012).
 * hd95: the larger of the two directions' 95th percentiles of distances from one outline to the other (Huttenlocher et
 * al., 1993, made robust). surface_dice: the share of both outlines' pixels that have the other outline within
 * SM_SURFACE_TOLERANCE (Nikolov et al., 2018). Pixels of at least 128 belong to a mask. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_surface_distance(const uint8_t *truth, const uint8_t *predicted, int width, int height,
                              sm_surface_distances *distances, sm_error *error);

#endif
