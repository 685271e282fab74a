#include "cache_share.h"

#include <stdlib.h>

/** Passes on the size of an image, or why it failed, and allocates what other ranks decoded. */
static sm_status share_head(const sm_ranks *ranks, int from, sm_sample *sample, sm_error *failure, sm_error *error) {
    struct {
        int width, height;
        sm_error failure;
    } head = {sample->width, sample->height, *failure};
    sm_status status = sm_ranks_broadcast(ranks, from, &head, sizeof head, error);
    if (status != SM_OK || sm_ranks_own(ranks) == from) return status;
    *failure = head.failure;
    if (failure->status != SM_OK) return SM_OK;
    const size_t pixels = (size_t)head.width * (size_t)head.height;
    *sample = (sm_sample){head.width, head.height, .grey = malloc(pixels), .mask = malloc(pixels)};
    return SM_OK;
}

static sm_status share_pixels(const sm_ranks *ranks, int from, const sm_sample *sample, sm_error *error) {
    const size_t pixels = (size_t)sample->width * (size_t)sample->height;
    const sm_status status = sm_ranks_broadcast(ranks, from, sample->grey, pixels, error);
    return status == SM_OK ? sm_ranks_broadcast(ranks, from, sample->mask, pixels, error) : status;
}

sm_status sm_cache_share(const sm_ranks *ranks, sm_cache *cache, sm_error *errors, sm_error *error) {
    sm_status status = SM_OK;
    const int count = sm_ranks_count(ranks);
    if (count == 1) return SM_OK;
    for (int i = 0; status == SM_OK && i < cache->count; i++)
        status = share_head(ranks, i % count, &cache->samples[i], &errors[i], error);
    for (int i = 0; status == SM_OK && i < cache->count; i++)
        if (errors[i].status == SM_OK && (!cache->samples[i].grey || !cache->samples[i].mask))
            status = sm_fail(error, SM_ERROR_MEMORY, "no memory for %d images", cache->count);
    status = sm_ranks_agree(ranks, status, error);
    for (int i = 0; status == SM_OK && i < cache->count; i++)
        if (errors[i].status == SM_OK) status = share_pixels(ranks, i % count, &cache->samples[i], error);
    return status;
}
