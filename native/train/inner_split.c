#include "inner_split.h"

#include <stdlib.h>
#include <string.h>

#include "../data/random.h"

typedef struct place {
    uint64_t hash; /* of the group */
    int index;     /* into the cache */
} place;

static int by_hash(const void *a, const void *b) {
    const place *p = a, *q = b;
    if (p->hash != q->hash) return p->hash < q->hash ? -1 : 1;
    return p->index - q->index;
}

static uint64_t hash_group(const char *group, uint64_t seed) {
    uint64_t hash = 0xCBF29CE484222325ULL;
    for (const char *c = group; *c; c++) hash = (hash ^ (unsigned char)*c) * 0x100000001B3ULL;
    return sm_random_derive(seed ^ 0x1EAFu, hash);
}

/** Where the group that begins at `start` ends. */
static int group_end(const sm_cache *cache, const place *places, int start) {
    int end = start + 1;
    while (end < cache->count && places[end].hash == places[start].hash) end++;
    return end;
}

/** Marks whole groups, in the order of their hash, until each class has its share. A group counts for the class of its
 * first image. */
static void choose(const sm_cache *cache, const place *places, float share, bool *held) {
    int total[SM_CLASSES_ANY + 1] = {0}, taken[SM_CLASSES_ANY + 1] = {0};
    for (int i = 0; i < cache->count; i++) total[cache->records[i]->classes]++;
    for (int start = 0, end; start < cache->count; start = end) {
        const sm_class_set set = cache->records[places[start].index]->classes;
        end = group_end(cache, places, start);
        const int size = end - start;
        /* The nearest whole number of images: a group is taken when more than half of it is still missing. */
        if ((double)taken[set] + 0.5 * size > (double)share * total[set]) continue;
        taken[set] += size;
        for (int i = start; i < end; i++) held[places[i].index] = true;
    }
}

/** Marks the smallest group, if there is another one. A few patients with many images each are all too large for a
 * share. */
static void choose_smallest(const sm_cache *cache, const place *places, bool *held) {
    int first = 0, size = cache->count;
    for (int start = 0, end; start < cache->count; start = end) {
        end = group_end(cache, places, start);
        if (end - start >= size) continue;
        first = start;
        size = end - start;
    }
    for (int i = first; i < first + size && size < cache->count; i++) held[places[i].index] = true;
}

sm_status sm_inner_split(sm_cache *training, float share, uint64_t seed, sm_cache *inner, sm_error *error) {
    const size_t room = (size_t)training->count + 1;
    place *places = malloc(room * sizeof *places);
    bool *held = calloc(room, sizeof *held);
    inner->records = (const sm_record **)calloc(room, sizeof(const sm_record *));
    inner->samples = calloc(room, sizeof *inner->samples);
    sm_status status = SM_OK;
    if (places && held && inner->records && inner->samples) {
        for (int i = 0; i < training->count; i++) places[i] = (place){hash_group(training->records[i]->group, seed), i};
        qsort(places, (size_t)training->count, sizeof *places, by_hash);
        choose(training, places, share, held);
        if (!memchr(held, true, (size_t)training->count)) choose_smallest(training, places, held);
        int kept = 0;
        for (int i = 0; i < training->count; i++) {
            sm_cache *to = held[i] ? inner : training;
            const int at = held[i] ? inner->count++ : kept++;
            to->records[at] = training->records[i];
            to->samples[at] = training->samples[i];
        }
        training->count = kept;
    } else {
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory to divide %d images", training->count);
    }
    free(places);
    free(held);
    return status;
}
