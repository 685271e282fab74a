/** Images that ranks decode a share of each, and pass on to each other. */
#ifndef SONOMASK_CACHE_SHARE_H
#define SONOMASK_CACHE_SHARE_H

#include "../ranks.h"
#include "loader.h"

/**
 * Image i of the cache was decoded by rank i modulo the number of ranks, into samples[i] or with the failure errors[i].
 * Afterwards every rank has all of both. Errors: SM_ERROR_MEMORY, those of ranks.h.
 */
sm_status sm_cache_share(const sm_ranks *ranks, sm_cache *cache, sm_error *errors, sm_error *error);

#endif
