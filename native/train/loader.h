/** Decoded training images in memory, and batches of augmented examples that a thread prepares ahead. */
#ifndef SONOMASK_LOADER_H
#define SONOMASK_LOADER_H

#include <stdint.h>

#include "../../src/net_training.h"
#include "../../src/parallel.h"
#include "../data/augment.h"
#include "../data/dataset.h"
#include "../failures.h"
#include "../ranks.h"

/** Records with their decoded images, resized so that the longer side is the network's input size. */
typedef struct sm_cache {
    const sm_record **records; /**< [count], belonging to the data set */
    sm_sample *samples;        /**< [count] */
    int count;
    sm_failures left_out; /**< messages of the images that could not be used */
} sm_cache;

/**
 * Decodes the records for which `wanted(record, context)` is true, with a progress bar labelled `label`. An image or
 * mask that cannot be used is named on stderr and left out. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_cache_load(const sm_dataset *dataset, bool (*wanted)(const sm_record *record, const void *context),
                        const void *context, int size, const char *label, const sm_parallel *parallel, sm_cache *cache,
                        sm_error *error);
/** The records of a loaded cache for which `wanted` is true. The samples stay those of `all`: before sm_cache_free, set
 * the count to 0. Errors: SM_ERROR_MEMORY. */
sm_status sm_cache_select(const sm_cache *all, bool (*wanted)(const sm_record *record, const void *context),
                          const void *context, sm_cache *cache, sm_error *error);
/** The same on several ranks, each of which decodes its share of the images; see cache_share.h. */
sm_status sm_cache_load_shared(const sm_dataset *dataset, bool (*wanted)(const sm_record *record, const void *context),
                               const void *context, int size, const char *label, const sm_parallel *parallel,
                               const sm_ranks *ranks, sm_cache *cache, sm_error *error);
void sm_cache_free(sm_cache *cache);

typedef struct sm_loader sm_loader;

/** For batches of `batch` squares of side `size`, at least that of the cache. `cache` must outlive the loader. Errors:
 * SM_ERROR_MEMORY. */
sm_status sm_loader_create(const sm_cache *cache, const sm_augmentation *augmentation, int size, int batch,
                           sm_loader **loader, sm_error *error);
void sm_loader_free(sm_loader *loader);
/** As sm_composer_normal_shares. */
void sm_loader_normal_shares(const sm_loader *loader, float *shares);

/** From the next epoch on, only the images first .. first + count - 1 of each batch are prepared: batches then hold
 *  these. */
void sm_loader_prepare_part(sm_loader *loader, int first, int count);

/**
 * Starts an epoch with the images `order` ([count], copied). The example at place p of the order is composed and
 * augmented with the seed sm_random_derive(seed, p), see composer.h and augment.h. The first batch returned is number
 * `first_batch`; an incomplete batch at the end is left out. Errors: SM_ERROR_MEMORY (also when the thread cannot
 * start).
 */
sm_status sm_loader_start(sm_loader *loader, const int *order, int count, uint64_t seed, int first_batch,
                          sm_error *error);
/** Waits for the next batch, which is valid until the next call. Its arrays are NULL after the last batch, and when
 *  memory was too short to prepare it. */
sm_batch sm_loader_next(sm_loader *loader);
/** Seconds spent waiting in sm_loader_next since creation. */
double sm_loader_waited(const sm_loader *loader);

#endif
