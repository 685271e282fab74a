#include "cache_share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size) {
    const unsigned char *b = bytes;
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        memcpy(&word, b + i, sizeof word);
        hash = (hash ^ word) * 0x100000001B3ULL;
        hash ^= hash >> 29;
    }
    for (; i < size; i++) hash = (hash ^ b[i]) * 0x100000001B3ULL;
    return hash ^ (hash >> 31);
}

static uint64_t hash_file(uint64_t hash, const char *path) {
    unsigned char bytes[65536];
    FILE *file = fopen(path, "rb");
    size_t size;
    while (file && (size = fread(bytes, 1, sizeof bytes, file)) > 0) hash = hash_bytes(hash, bytes, size);
    if (file) fclose(file);
    return hash;
}

uint64_t sm_dataset_hash(const sm_dataset *dataset) {
    uint64_t hash = 0xCBF29CE484222325ULL;
    for (int i = 0; i < dataset->count; i++) {
        const sm_record *record = &dataset->records[i];
        const int numbers[] = {(int)record->classes, record->fold, record->exclude, record->mask_count,
                               record->problem != NULL};
        hash = hash_bytes(hash, numbers, sizeof numbers);
        hash = hash_bytes(hash, record->source, strlen(record->source) + 1);
        hash = hash_bytes(hash, record->group, strlen(record->group) + 1);
        hash = hash_file(hash, record->image);
        for (int m = 0; m < record->mask_count; m++) hash = hash_file(hash, record->masks[m]);
    }
    return hash;
}

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
