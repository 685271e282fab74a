/** Divides the images of a training into those that are trained on and those that choose the best epoch. */
#ifndef SONOMASK_INNER_SPLIT_H
#define SONOMASK_INNER_SPLIT_H

#include "loader.h"

/**
 * Moves about the share `share` of the images from `training` to `inner` (empty), whole groups only, and about the same
 * share of each class. The choice depends on the seed and the names of the groups. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_inner_split(sm_cache *training, float share, uint64_t seed, sm_cache *inner, sm_error *error);

#endif
