#include "loader.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/memory_plan.h"
#include "../data/random.h"
#include "../progress.h"
#include "cache_share.h"
#include "composer.h"

/* ---- cache ---- */

typedef struct load_job {
    sm_cache *cache;
    int size;
    int first, step;  /* the task of number k decodes record first + k * step */
    sm_error *errors; /* one per record */
    atomic_int done;
    sm_progress *progress;
} load_job;

static void load_one(void *arguments, int index, int worker) {
    load_job *job = arguments;
    index = job->first + index * job->step;
    sm_sample *sample = &job->cache->samples[index];
    sm_error *error = &job->errors[index];
    const sm_record *record = job->cache->records[index];
    assert(record);
    if (sm_sample_load(record, sample, error) == SM_OK && sm_sample_resize(sample, job->size, error) != SM_OK)
        sm_error_prefix(error, record->image);
    int done = atomic_fetch_add(&job->done, 1) + 1;
    if (worker == 0) sm_progress_show(job->progress, done, NULL);
}

/** Names the images that could not be read on stderr and removes them from the cache. Lack of memory is an error. */
static sm_status leave_out_failed(sm_cache *cache, const sm_error *errors, sm_error *error) {
    sm_status status = SM_OK;
    int kept = 0;
    for (int i = 0; i < cache->count; i++) {
        if (errors[i].status != SM_OK) {
            if (errors[i].status == SM_ERROR_MEMORY && status == SM_OK)
                status = sm_fail(error, SM_ERROR_MEMORY, "%s", errors[i].message);
            fprintf(stderr, "sonomask: left out: %s\n", errors[i].message);
            if (status == SM_OK) status = sm_failures_add(&cache->left_out, errors[i].message, error);
            sm_sample_free(&cache->samples[i]);
            continue;
        }
        cache->records[kept] = cache->records[i];
        cache->samples[kept++] = cache->samples[i];
    }
    cache->count = kept;
    return status;
}

sm_status sm_cache_load(const sm_dataset *dataset, bool (*wanted)(const sm_record *record, const void *context),
                        const void *context, int size, const char *label, const sm_parallel *parallel, sm_cache *cache,
                        sm_error *error) {
    return sm_cache_load_shared(dataset, wanted, context, size, label, parallel, NULL, cache, error);
}

sm_status sm_cache_load_shared(const sm_dataset *dataset, bool (*wanted)(const sm_record *record, const void *context),
                               const void *context, int size, const char *label, const sm_parallel *parallel,
                               const sm_ranks *ranks, sm_cache *cache, sm_error *error) {
    memset(cache, 0, sizeof *cache);
    size_t room = dataset->count > 0 ? (size_t)dataset->count : 1;
    cache->records = (const sm_record **)calloc(room, sizeof(const sm_record *));
    cache->samples = calloc(room, sizeof *cache->samples);
    sm_error *errors = calloc(room, sizeof *errors);
    if (!cache->records || !cache->samples || !errors) {
        sm_cache_free(cache);
        free(errors);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d images", dataset->count);
    }
    for (int i = 0; i < dataset->count; i++)
        if (wanted(&dataset->records[i], context)) cache->records[cache->count++] = &dataset->records[i];
    sm_progress progress;
    const int share = sm_ranks_share(ranks, cache->count);
    sm_progress_begin(&progress, label, share);
    load_job job = {.cache = cache,
                    .size = size,
                    .first = sm_ranks_own(ranks),
                    .step = sm_ranks_count(ranks),
                    .errors = errors,
                    .progress = &progress};
    sm_parallel_run(parallel, share, load_one, &job);
    sm_progress_end(&progress);
    sm_status status = sm_cache_share(ranks, cache, errors, error);
    if (status == SM_OK) status = leave_out_failed(cache, errors, error);
    free(errors);
    if (status != SM_OK) sm_cache_free(cache);
    return status;
}

sm_status sm_cache_select(const sm_cache *all, bool (*wanted)(const sm_record *record, const void *context),
                          const void *context, sm_cache *cache, sm_error *error) {
    const size_t room = (size_t)all->count + 1;
    *cache = (sm_cache){.records = (const sm_record **)calloc(room, sizeof(const sm_record *)),
                        .samples = calloc(room, sizeof *cache->samples)};
    if (!cache->records || !cache->samples) {
        sm_cache_free(cache);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d images", all->count);
    }
    for (int i = 0; i < all->count; i++) {
        if (!wanted(all->records[i], context)) continue;
        cache->records[cache->count] = all->records[i];
        cache->samples[cache->count++] = all->samples[i];
    }
    return SM_OK;
}

void sm_cache_free(sm_cache *cache) {
    for (int i = 0; i < cache->count; i++) sm_sample_free(&cache->samples[i]);
    free(cache->samples);
    free(cache->records);
    sm_failures_free(&cache->left_out);
    memset(cache, 0, sizeof *cache);
}

/* ---- loader ---- */

enum { RING = 4 /* batches prepared ahead */ };

typedef struct slot {
    float *images, *masks;
    float *mask_weights;
    sm_class_set *classes;
} slot;

struct sm_loader {
    const sm_cache *cache;
    sm_augmentation augmentation;
    sm_augment_scratch *scratch;
    sm_composer *composer;
    int size, batch;
    int part_first, part_count; /* images of each batch that are prepared */
    slot ring[RING];
    int *order;
    int batches;
    uint64_t seed;
    int made, taken; /* batches of this epoch; ring place = number % RING */
    bool stop, running;
    double waited;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

static sm_status make_batch(sm_loader *loader, int number) {
    slot *s = &loader->ring[number % RING];
    size_t pixels = (size_t)loader->size * (size_t)loader->size;
    for (int i = 0; i < loader->part_count; i++) {
        int place = number * loader->batch + loader->part_first + i;
        const uint64_t seed = sm_random_derive(loader->seed, (uint64_t)place);
        const sm_record *record = loader->cache->records[loader->order[place]];
        sm_class_set classes;
        const sm_sample *sample = sm_composer_compose(loader->composer, loader->order[place], seed, &classes);
        sm_status status = sm_augment(&loader->augmentation, sample, loader->size, seed, loader->scratch,
                                      s->images + (size_t)i * pixels, s->masks + (size_t)i * pixels);
        if (status != SM_OK) return status;
        s->classes[i] = classes;
        s->mask_weights[i] = sm_record_outlined(record) ? 1.0f : 0.0f;
    }
    return SM_OK;
}

static void *prepare(void *arguments) {
    sm_loader *loader = arguments;
    pthread_mutex_lock(&loader->lock);
    while (!loader->stop) {
        /* Batch number taken - 1 is still in use; its place in the ring must not be overwritten. */
        if (loader->made >= loader->batches || loader->made >= loader->taken + RING - 1) {
            pthread_cond_wait(&loader->changed, &loader->lock);
            continue;
        }
        int number = loader->made;
        pthread_mutex_unlock(&loader->lock);
        sm_status status = make_batch(loader, number);
        pthread_mutex_lock(&loader->lock);
        if (status != SM_OK)
            loader->batches = number; /* the epoch ends before the batch that failed */
        else
            loader->made = number + 1;
        pthread_cond_broadcast(&loader->changed);
    }
    pthread_mutex_unlock(&loader->lock);
    return NULL;
}

/** Ends the preparing thread and drops the batches that it prepared. */
static void stop(sm_loader *loader) {
    if (!loader->running) return;
    pthread_mutex_lock(&loader->lock);
    loader->stop = true;
    pthread_cond_broadcast(&loader->changed);
    pthread_mutex_unlock(&loader->lock);
    pthread_join(loader->thread, NULL);
    loader->running = false;
}

sm_status sm_loader_create(const sm_cache *cache, const sm_augmentation *augmentation, int size, int batch,
                           sm_loader **loader, sm_error *error) {
    *loader = NULL;
    sm_loader *made = calloc(1, sizeof *made);
    if (!made) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the loader");
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->changed, NULL);
    made->cache = cache;
    made->augmentation = *augmentation;
    made->size = size;
    made->batch = made->part_count = batch;
    made->scratch = sm_augment_scratch_create(size);
    size_t pixels = (size_t)batch * (size_t)size * (size_t)size;
    const sm_status status =
        sm_composer_create(cache->records, cache->samples, cache->count, size, augmentation, &made->composer, error);
    if (status != SM_OK) {
        sm_loader_free(made);
        return status;
    }
    bool complete = made->scratch != NULL;
    for (int i = 0; i < RING; i++) {
        made->ring[i] = (slot){.images = sm_floats_allocate(pixels),
                               .masks = sm_floats_allocate(pixels),
                               .mask_weights = sm_floats_allocate((size_t)batch),
                               .classes = malloc((size_t)batch * sizeof(sm_class_set))};
        complete = complete && made->ring[i].images && made->ring[i].masks && made->ring[i].mask_weights &&
                   made->ring[i].classes;
    }
    if (!complete) {
        sm_loader_free(made);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for batches of %d images", batch);
    }
    *loader = made;
    return SM_OK;
}

void sm_loader_free(sm_loader *loader) {
    if (!loader) return;
    stop(loader);
    for (int i = 0; i < RING; i++) {
        sm_floats_free(loader->ring[i].images);
        sm_floats_free(loader->ring[i].masks);
        sm_floats_free(loader->ring[i].mask_weights);
        free(loader->ring[i].classes);
    }
    sm_augment_scratch_free(loader->scratch);
    sm_composer_free(loader->composer);
    free(loader->order);
    pthread_cond_destroy(&loader->changed);
    pthread_mutex_destroy(&loader->lock);
    free(loader);
}

void sm_loader_prepare_part(sm_loader *loader, int first, int count) {
    loader->part_first = first;
    loader->part_count = count;
}

void sm_loader_normal_shares(const sm_loader *loader, float *shares) {
    sm_composer_normal_shares(loader->composer, shares);
}

sm_status sm_loader_start(sm_loader *loader, const int *order, int count, uint64_t seed, int first_batch,
                          sm_error *error) {
    stop(loader);
    int *copy = realloc(loader->order, (size_t)(count > 0 ? count : 1) * sizeof *copy);
    if (!copy) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the order of %d images", count);
    loader->order = copy;
    memcpy(loader->order, order, (size_t)count * sizeof *order);
    sm_composer_begin_epoch(loader->composer, order, count);
    loader->batches = count / loader->batch;
    loader->seed = seed;
    loader->made = loader->taken = first_batch;
    loader->stop = false;
    if (pthread_create(&loader->thread, NULL, prepare, loader) != 0)
        return sm_fail(error, SM_ERROR_MEMORY, "cannot start the loading thread");
    loader->running = true;
    return SM_OK;
}

sm_batch sm_loader_next(sm_loader *loader) {
    sm_batch batch = {0};
    double start = sm_clock();
    pthread_mutex_lock(&loader->lock);
    if (loader->taken < loader->batches) {
        int number = loader->taken++;
        pthread_cond_broadcast(&loader->changed);
        while (loader->made <= number && number < loader->batches) pthread_cond_wait(&loader->changed, &loader->lock);
        const slot *s = &loader->ring[number % RING];
        if (number < loader->batches)
            batch = (sm_batch){
                .images = s->images, .masks = s->masks, .mask_weights = s->mask_weights, .classes = s->classes};
    }
    pthread_mutex_unlock(&loader->lock);
    loader->waited += sm_clock() - start;
    return batch;
}

double sm_loader_waited(const sm_loader *loader) { return loader->waited; }
