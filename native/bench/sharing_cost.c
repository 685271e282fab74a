#include "sharing_cost.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../src/memory_plan.h"
#include "../json.h"
#include "../progress.h"
#include "../train/optimiser.h"
#include "../train/shard_sum.h"
#include "median.h"

enum { WARM_UP_STEPS = 3, LEAST_STEPS = 5, MOST_STEPS = 2000, EXCHANGES = 200, LARGE_EXCHANGES = 20, ADDITIONS = 9 };

static const float prompt_share = 0.35f; /* as in a training by default */

typedef struct measurement {
    const sm_bench *bench;
    const sm_ranks *ranks;
    sm_shards *shards;
    sm_optimiser optimiser;
    sm_optimiser_options optimiser_options;
    sm_loss_options loss;
    float *images, *masks, *mask_weights; /* of the whole batch */
    sm_class_set *classes;
    sm_batch batch; /* of this rank */
    double seconds[MOST_STEPS];
} measurement;

/** A bright disc with noise as the lesion of each image. */
static void draw(const sm_bench *b, int image, float *pixels, float *mask) {
    unsigned state = 1u + (unsigned)image;
    const double centre = 0.5 * b->size, radius = b->size * (0.15 + 0.02 * (image % 8));
    for (int y = 0; y < b->size; y++)
        for (int x = 0; x < b->size; x++) {
            const double dx = x - centre, dy = y - centre;
            const bool inside = dx * dx + dy * dy < radius * radius;
            const size_t at = (size_t)y * (size_t)b->size + (size_t)x;
            state = state * 1664525u + 1013904223u;
            mask[at] = inside ? 1 : 0;
            pixels[at] = (float)(state >> 8) / 16777216.0f - (inside ? 0.2f : 0.8f);
        }
}

static sm_status prepare(measurement *m, int shards, sm_error *error) {
    const sm_bench *b = m->bench;
    const size_t count = (size_t)b->batch, pixels = (size_t)b->size * (size_t)b->size;
    m->loss = sm_loss_options_default();
    m->optimiser_options = sm_optimiser_options_default();
    m->optimiser_options.total_steps = 1000000;
    m->images = sm_floats_allocate(count * pixels);
    m->masks = sm_floats_allocate(count * pixels);
    m->mask_weights = sm_floats_allocate(count);
    m->classes = calloc(count, sizeof *m->classes);
    if (!m->images || !m->masks || !m->mask_weights || !m->classes)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for a batch");
    for (int i = 0; i < b->batch; i++) {
        draw(b, i, m->images + (size_t)i * pixels, m->masks + (size_t)i * pixels);
        m->classes[i] = sm_class_set_of(i % 2 ? SM_CLASS_MALIGNANT : SM_CLASS_BENIGN);
        m->mask_weights[i] = 1;
    }
    const sm_shards_options options = {.net = b->net,
                                       .size = b->size,
                                       .batch = b->batch,
                                       .shards = shards,
                                       .kernels = b->kernels,
                                       .parallel = b->parallel,
                                       .ranks = m->ranks,
                                       .loss = &m->loss,
                                       .prompt_share = b->net->takes_prompts ? prompt_share : 0};
    sm_status status = sm_shards_create(&options, &m->shards, error);
    if (status == SM_OK) status = sm_optimiser_create(b->net, b->parameters, b->kernels, &m->optimiser, error);
    if (status != SM_OK) return status;
    int first = 0, own = 0;
    sm_shards_images(m->shards, &first, &own);
    const size_t from = (size_t)first;
    m->batch = (sm_batch){.images = m->images + from * pixels,
                          .masks = m->masks + from * pixels,
                          .mask_weights = m->mask_weights + from,
                          .classes = m->classes + from};
    return SM_OK;
}

static sm_status step(measurement *m, int number, double *optimiser, sm_error *error) {
    static const volatile sig_atomic_t never = 0;
    sm_epoch_sums sums = {0};
    bool finite = false, stop = false;
    const sm_status status = sm_shards_step(m->shards, &m->batch, SM_OK, m->bench->parameters, (uint64_t)number, 0.1f,
                                            &never, &sums, &finite, &stop, error);
    if (status != SM_OK) return status;
    if (!finite) return sm_fail(error, SM_ERROR_DATA, "the loss is not finite");
    const double before = sm_clock();
    sm_optimiser_step(&m->optimiser, &m->optimiser_options, m->bench->parameters, sm_shards_gradients(m->shards),
                      m->bench->parallel);
    *optimiser += sm_clock() - before;
    return SM_OK;
}

static sm_status measure_steps(measurement *m, sm_sharing_cost *cost, sm_error *error) {
    double unused = 0;
    sm_status status = SM_OK;
    for (int i = 0; status == SM_OK && i < WARM_UP_STEPS; i++) status = step(m, i, &unused, error);
    const sm_shards_times before = sm_shards_spent(m->shards);
    const double end = sm_clock() + m->bench->seconds;
    bool more = true;
    while (status == SM_OK && more && cost->steps < MOST_STEPS) {
        const double start = sm_clock();
        status = step(m, WARM_UP_STEPS + cost->steps, &cost->optimiser, error);
        m->seconds[cost->steps++] = sm_clock() - start;
        more = cost->steps < LEAST_STEPS || sm_clock() < end;
        /* The clocks of the ranks differ. */
        if (status == SM_OK) status = sm_ranks_broadcast(m->ranks, 0, &more, sizeof more, error);
    }
    if (status != SM_OK) return status;
    const sm_shards_times after = sm_shards_spent(m->shards);
    const double steps = cost->steps;
    cost->step = sm_median(m->seconds, cost->steps);
    cost->optimiser /= steps;
    cost->times = (sm_shards_times){.computing = (after.computing - before.computing) / steps,
                                    .waiting = (after.waiting - before.waiting) / steps,
                                    .adding = (after.adding - before.adding) / steps,
                                    .sending = (after.sending - before.sending) / steps};
    return SM_OK;
}

/** Adds two vectors of `length` floats, several times. */
static sm_status measure_addition(size_t length, double *seconds, sm_error *error) {
    float *one = sm_floats_allocate(length), *two = sm_floats_allocate(length), *sum = sm_floats_allocate(length);
    double times[ADDITIONS];
    if (one && two && sum) {
        const sm_shard_node nodes[] = {{0, 1}, {1, 2}};
        const float *const values[] = {one, two};
        for (size_t i = 0; i < length; i++) one[i] = 1, two[i] = 2, sum[i] = 0;
        for (int i = 0; i < ADDITIONS; i++) {
            const double before = sm_clock();
            sm_shard_sum(nodes, values, 2, 0.5f, length, sum);
            times[i] = sm_clock() - before;
        }
        *seconds = sm_median(times, ADDITIONS);
    }
    const bool complete = one && two && sum;
    sm_floats_free(one);
    sm_floats_free(two);
    sm_floats_free(sum);
    return complete ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory for vectors");
}

/** Exchanges `each` floats with every other rank, `rounds` times; the seconds of one round. */
static sm_status exchange(const sm_ranks *ranks, int each, int rounds, double *seconds, sm_error *error) {
    const size_t count = (size_t)ranks->count, length = count * (size_t)each + 1;
    float *sent = sm_floats_allocate(length), *received = sm_floats_allocate(length);
    int *numbers = calloc(2 * count, sizeof *numbers);
    double times[EXCHANGES];
    sm_status status = SM_OK;
    if (!sent || !received || !numbers) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for an exchange");
    status = sm_ranks_agree(ranks, status, error);
    if (status == SM_OK && numbers && sent && received) {
        int *counts = numbers, *places = numbers + count;
        for (size_t i = 0; i < length; i++) sent[i] = received[i] = 1;
        for (int r = 0; r < ranks->count; r++) {
            counts[r] = r == ranks->rank ? 0 : each;
            places[r] = r * each;
        }
        for (int i = 0; status == SM_OK && i < rounds; i++) {
            const double before = sm_clock();
            status = ranks->exchange(ranks->context, sent, counts, places, received, counts, places, error);
            times[i] = sm_clock() - before;
        }
        if (status == SM_OK) *seconds = sm_median(times, rounds);
    }
    sm_floats_free(sent);
    sm_floats_free(received);
    free(numbers);
    return status;
}

static sm_status measure_exchange(const sm_ranks *ranks, size_t length, sm_sharing_cost *cost, sm_error *error) {
    const int each = (int)(length / (size_t)ranks->count);
    double large = 0;
    sm_status status = exchange(ranks, 1, EXCHANGES, &cost->latency, error);
    if (status == SM_OK) status = exchange(ranks, each, LARGE_EXCHANGES, &large, error);
    if (status == SM_OK) cost->bandwidth = (double)each * sizeof(float) * (ranks->count - 1) / large;
    return status;
}

static sm_status measure(measurement *m, int shards, sm_sharing_cost *cost, sm_error *error) {
    const size_t length = m->bench->net->total_count;
    cost->ranks = sm_ranks_count(m->ranks);
    cost->shards = shards;
    cost->bytes = length * sizeof(float);
    sm_status status = sm_ranks_agree(m->ranks, prepare(m, shards, error), error);
    if (status != SM_OK) return status;
    int first = 0, own = 0;
    sm_shards_images(m->shards, &first, &own);
    cost->own_shards = own / (m->bench->batch / shards);
    status = measure_steps(m, cost, error);
    if (status == SM_OK) status = sm_ranks_agree(m->ranks, measure_addition(length, &cost->addition, error), error);
    if (status == SM_OK && cost->ranks > 1) status = measure_exchange(m->ranks, length, cost, error);
    return status;
}

sm_status sm_sharing_cost_measure(const sm_bench *bench, int shards, const sm_ranks *ranks, sm_sharing_cost *cost,
                                  sm_error *error) {
    *cost = (sm_sharing_cost){.ranks = 1};
    measurement *m = calloc(1, sizeof *m);
    if (!m) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the measurement");
    m->bench = bench;
    m->ranks = ranks;
    const sm_status status = measure(m, shards, cost, error);
    sm_shards_free(m->shards);
    sm_optimiser_free(&m->optimiser);
    sm_floats_free(m->images);
    sm_floats_free(m->masks);
    sm_floats_free(m->mask_weights);
    free(m->classes);
    free(m);
    return status;
}

void sm_sharing_cost_print(const sm_bench *b, const sm_sharing_cost *c, bool as_json) {
    const int threads = sm_parallel_threads(b->parallel);
    if (!as_json) {
        printf("%s %dx%d, training, batch %d in %d shards, %d rank%s of %d thread%s: %.2f ms per step, %.1f images/s, "
               "median of %d\n"
               "rank 0, ms per step: computing %.2f (%d shards), waiting for other ranks %.2f, adding %.2f, sending "
               "%.2f, optimiser %.2f; adding two vectors of %.1f MB %.2f\n",
               b->net->name, b->size, b->size, b->batch, c->shards, c->ranks, c->ranks > 1 ? "s" : "", threads,
               threads > 1 ? "s" : "", c->step * 1e3, b->batch / c->step, c->steps, c->times.computing * 1e3,
               c->own_shards, c->times.waiting * 1e3, c->times.adding * 1e3, c->times.sending * 1e3, c->optimiser * 1e3,
               (double)c->bytes / 1e6, c->addition * 1e3);
        if (c->ranks > 1)
            printf("exchange: %.1f us for a few bytes, %.2f GB/s in each direction\n", c->latency * 1e6,
                   c->bandwidth / 1e9);
        return;
    }
    sm_json json = {.file = stdout};
    sm_json_object_begin(&json, NULL);
    sm_json_string(&json, "network", b->net->name);
    sm_json_integer(&json, "size", b->size);
    sm_json_string(&json, "mode", "shards");
    sm_json_integer(&json, "threads", threads);
    sm_json_integer(&json, "batch", b->batch);
    sm_json_integer(&json, "ranks", c->ranks);
    sm_json_integer(&json, "shards", c->shards);
    sm_json_integer(&json, "own_shards", c->own_shards);
    sm_json_integer(&json, "steps", c->steps);
    sm_json_number(&json, "step_ms", c->step * 1e3);
    sm_json_number(&json, "images_per_second", b->batch / c->step);
    sm_json_number(&json, "computing_ms", c->times.computing * 1e3);
    sm_json_number(&json, "waiting_ms", c->times.waiting * 1e3);
    sm_json_number(&json, "adding_ms", c->times.adding * 1e3);
    sm_json_number(&json, "sending_ms", c->times.sending * 1e3);
    sm_json_number(&json, "optimiser_ms", c->optimiser * 1e3);
    sm_json_number(&json, "addition_ms", c->addition * 1e3);
    sm_json_integer(&json, "bytes", (long long)c->bytes);
    sm_json_number(&json, "latency_us", c->latency * 1e6);
    sm_json_number(&json, "bandwidth_gb_per_second", c->bandwidth / 1e9);
    sm_json_object_end(&json);
}
