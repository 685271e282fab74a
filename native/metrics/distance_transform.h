/** The exact Euclidean distance transform (Felzenszwalb and Huttenlocher, "Distance Transforms of Sampled Functions",
 * 2012). */
#ifndef SONOMASK_DISTANCE_TRANSFORM_H
#define SONOMASK_DISTANCE_TRANSFORM_H

#include <stdbool.h>

/** Working memory for planes of at most a given longer side. */
typedef struct sm_distance_scratch {
    float *line;
    int *roots;
    double *bounds;
} sm_distance_scratch;

/** False when memory is short; released by sm_distance_scratch_free in any case. */
bool sm_distance_scratch_make(sm_distance_scratch *scratch, int longer_side);
void sm_distance_scratch_free(sm_distance_scratch *scratch);

/**
 * `squared` is [height][width]: 0 at the pixels of a set, FLT_MAX elsewhere. On return each value is the squared
 * distance between the centres of the pixel and the nearest pixel of the set; all stay FLT_MAX for an empty set.
 */
void sm_distance_transform(float *squared, int width, int height, sm_distance_scratch *scratch);

#endif
