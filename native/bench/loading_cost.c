#include "loading_cost.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../src/letterbox.h"
#include "../../src/memory_plan.h"
#include "../../src/sonomask.h"
#include "../data/phantom.h"
#include "../data/random.h"
#include "../progress.h"
#include "../train/loader.h"
#include "median.h"

enum {
    PHANTOMS = 24,
    PHANTOM_WIDTH = 600, /* a typical size of scanner images */
    PHANTOM_HEIGHT = 450,
    BATCHES = 24, /* an epoch */
    MIN_PAIRS = 3,
    MAX_PAIRS = 100
};

/** Copy of a batch from the loader. */
typedef struct kept_batch {
    float *images, *masks;
    sm_class_set *classes;
} kept_batch;

typedef struct measurement {
    const sm_loading_cost_options *options;
    sm_record records[PHANTOMS];
    const sm_record *record_list[PHANTOMS];
    sm_sample samples[PHANTOMS];
    sm_cache cache;
    sm_loader *loader;
    int *order;
    kept_batch kept[BATCHES];
} measurement;

static double processor_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/** Encodes a plane as PNG and decodes it; adds the time of decoding. The decoded plane replaces the given one. */
static sm_status decode_again(uint8_t **plane, int width, int height, double *seconds, sm_error *error) {
    const sm_image image = {.width = width, .height = height, .channels = 1, .pixels = *plane};
    uint8_t *file = NULL;
    size_t size = 0;
    sm_status status = sm_image_encode_png(&image, &file, &size, error);
    if (status != SM_OK) return status;
    double start = processor_clock();
    sm_image decoded = {0};
    status = sm_image_decode(file, size, &decoded, error);
    if (status == SM_OK) sm_image_to_grey(&decoded, *plane);
    *seconds += processor_clock() - start;
    sm_image_free(&decoded);
    free(file);
    return status;
}

/** Fills the cache with phantoms, as sm_cache_load does with files; `*seconds` is the time of decoding per image. */
static sm_status make_cache(measurement *m, double *seconds, sm_error *error) {
    static char source[] = "phantom"; /* read as long as the cache is */
    double total = 0;
    for (int i = 0; i < PHANTOMS; i++) {
        sm_sample *sample = &m->samples[i];
        m->records[i] =
            (sm_record){.classes = sm_class_set_of((sm_class)(i % SM_CLASS_COUNT)), .mask_count = 1, .source = source};
        m->record_list[i] = &m->records[i];
        sm_status status =
            sm_phantom_draw(PHANTOM_WIDTH, PHANTOM_HEIGHT, sm_record_type(&m->records[i]), (uint64_t)i, sample, error);
        if (status != SM_OK) return status;
        status = decode_again(&sample->grey, sample->width, sample->height, &total, error);
        if (status == SM_OK) status = decode_again(&sample->mask, sample->width, sample->height, &total, error);
        double start = processor_clock();
        if (status == SM_OK) status = sm_sample_resize(sample, m->options->size, error);
        total += processor_clock() - start;
        if (status != SM_OK) return status;
    }
    m->cache = (sm_cache){.records = m->record_list, .samples = m->samples, .count = PHANTOMS};
    /* The images are divided among the threads. */
    *seconds = total / PHANTOMS / sm_parallel_threads(m->options->parallel);
    return SM_OK;
}

static sm_status keep(const measurement *m, const sm_batch *batch, kept_batch *kept, sm_error *error) {
    size_t count = (size_t)m->options->batch;
    size_t pixels = count * (size_t)m->options->size * (size_t)m->options->size;
    kept->images = sm_floats_allocate(pixels);
    kept->masks = sm_floats_allocate(pixels);
    kept->classes = malloc(count * sizeof *kept->classes);
    if (!batch->images || !kept->images || !kept->masks || !kept->classes)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for batches");
    memcpy(kept->images, batch->images, pixels * sizeof *kept->images);
    memcpy(kept->masks, batch->masks, pixels * sizeof *kept->masks);
    memcpy(kept->classes, batch->classes, count * sizeof *kept->classes);
    return SM_OK;
}

static sm_status make_batches(measurement *m, sm_error *error) {
    const sm_augmentation augmentation = sm_augmentation_full();
    int images = BATCHES * m->options->batch;
    m->order = malloc((size_t)images * sizeof *m->order);
    if (!m->order) return sm_fail(error, SM_ERROR_MEMORY, "no memory for batches");
    for (int i = 0; i < images; i++) m->order[i] = i % PHANTOMS;
    sm_status status =
        sm_loader_create(&m->cache, &augmentation, m->options->size, m->options->batch, &m->loader, error);
    if (status == SM_OK) status = sm_loader_start(m->loader, m->order, images, 1, 0, error);
    for (int i = 0; status == SM_OK && i < BATCHES; i++) {
        sm_batch batch = sm_loader_next(m->loader);
        status = keep(m, &batch, &m->kept[i], error);
    }
    return status;
}

static sm_status run_loaded(measurement *m, uint64_t seed, sm_error *error) {
    sm_status status = sm_loader_start(m->loader, m->order, BATCHES * m->options->batch, seed, 0, error);
    for (int i = 0; status == SM_OK && i < BATCHES; i++) {
        sm_batch batch = sm_loader_next(m->loader);
        if (!batch.images) return sm_fail(error, SM_ERROR_MEMORY, "no memory to prepare a batch");
        m->options->step(m->options->context, &batch);
    }
    return status;
}

static void run_ready(const measurement *m) {
    for (int i = 0; i < BATCHES; i++) {
        const kept_batch *kept = &m->kept[i];
        const sm_batch batch = {.images = kept->images, .masks = kept->masks, .classes = kept->classes};
        m->options->step(m->options->context, &batch);
    }
}

/** Processor time of the loader alone, seconds per image. */
static sm_status measure_augmentation(measurement *m, double *seconds, sm_error *error) {
    int images = BATCHES * m->options->batch;
    double start = processor_clock();
    sm_status status = sm_loader_start(m->loader, m->order, images, 1, 0, error);
    for (int i = 0; status == SM_OK && i < BATCHES; i++)
        if (!sm_loader_next(m->loader).images) status = sm_fail(error, SM_ERROR_MEMORY, "no memory to prepare a batch");
    *seconds = (processor_clock() - start) / images;
    return status;
}

static sm_status measure_pairs(measurement *m, sm_loading_cost *cost, sm_error *error) {
    double loaded[MAX_PAIRS], ready[MAX_PAIRS], share[MAX_PAIRS], waiting[MAX_PAIRS], steps[MAX_PAIRS];
    double images = (double)BATCHES * m->options->batch;
    double end = sm_clock() + m->options->seconds;
    int pairs = 0;
    while (pairs < MIN_PAIRS || (pairs < MAX_PAIRS && sm_clock() < end)) {
        double waited = sm_loader_waited(m->loader);
        double start = sm_clock();
        sm_status status = run_loaded(m, (uint64_t)pairs + 2, error);
        if (status != SM_OK) return status;
        double middle = sm_clock();
        double processor = processor_clock();
        run_ready(m);
        steps[pairs] = (processor_clock() - processor) / images;
        loaded[pairs] = (middle - start) / images;
        ready[pairs] = (sm_clock() - middle) / images;
        share[pairs] = (loaded[pairs] - ready[pairs] + cost->decoding) / (loaded[pairs] + cost->decoding);
        waiting[pairs] = (sm_loader_waited(m->loader) - waited) / images / loaded[pairs];
        pairs++;
    }
    cost->pairs = pairs;
    cost->loaded = sm_median(loaded, pairs);
    cost->ready = sm_median(ready, pairs);
    cost->share = sm_median(share, pairs);
    cost->waiting_share = sm_median(waiting, pairs);
    double outside = cost->processor + cost->decoding * sm_parallel_threads(m->options->parallel);
    cost->processor_share = outside / (outside + sm_median(steps, pairs));
    return SM_OK;
}

sm_status sm_loading_cost_measure(const sm_loading_cost_options *options, sm_loading_cost *cost, sm_error *error) {
    measurement *m = calloc(1, sizeof *m);
    if (!m) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the measurement");
    m->options = options;
    *cost = (sm_loading_cost){0};
    sm_status status = make_cache(m, &cost->decoding, error);
    cost->decoding /= options->epochs;
    if (status == SM_OK) status = make_batches(m, error);
    if (status == SM_OK) status = measure_augmentation(m, &cost->processor, error);
    if (status == SM_OK) run_ready(m); /* warm-up: the first steps touch all memory */
    if (status == SM_OK) status = measure_pairs(m, cost, error);
    sm_loader_free(m->loader);
    for (int i = 0; i < PHANTOMS; i++) sm_sample_free(&m->samples[i]);
    for (int i = 0; i < BATCHES; i++) {
        sm_floats_free(m->kept[i].images);
        sm_floats_free(m->kept[i].masks);
        free(m->kept[i].classes);
    }
    free(m->order);
    free(m);
    return status;
}
