/** Decoded training images in memory, and batches of augmented examples prepared while the network computes. */
#ifndef SONOMASK_LOADER_H
#define SONOMASK_LOADER_H

#include <stdint.h>

#include "../../src/net_training.h"
#include "../../src/parallel.h"
#include "../data/augment.h"
#include "../data/dataset.h"
#include "../failures.h"

/** Records with their decoded images, the longer side scaled to the network's size. */
typedef struct sm_cache {
    const sm_record **records; /**< [count], belonging to the data set */
    sm_sample *samples;        /**< [count] */
    int count;
    sm_failures left_out; /**< why records could not be used */
} sm_cache;

/**
 * Decodes the records for which `wanted(record, context)` is true, with a progress bar labelled `label`. An image or
 * mask that cannot be used is named on stderr and left out. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_cache_load(const sm_dataset *dataset, bool (*wanted)(const sm_record *record, const void *context),
                        const void *context, int size, const char *label, const sm_parallel *parallel, sm_cache *cache,
                        sm_error *error);
void sm_cache_free(sm_cache *cache);

typedef struct sm_loader sm_loader;

/** One thread of its own fills batches ahead. `cache` must outlive the loader. Errors: SM_ERROR_MEMORY. */
sm_status sm_loader_create(const sm_cache *cache, const sm_augmentation *augmentation, int size, int batch,
                           sm_loader **loader, sm_error *error);
void sm_loader_free(sm_loader *loader);

/** Starts an epoch: `order` ([count], copied) says which images; the example at place p is drawn with seed
 *  sm_random_derive(seed, p). Batches begin at `first_batch`; the last, incomplete batch is left out. */
sm_status sm_loader_start(sm_loader *loader, const int *order, int count, uint64_t seed, int first_batch,
                          sm_error *error);
/** The next batch, waiting if need be; valid until the next call. NULL arrays after the last, or without memory. */
sm_batch sm_loader_next(sm_loader *loader);
/** Seconds spent waiting in sm_loader_next since creation. */
double sm_loader_waited(const sm_loader *loader);

#endif
