#include "sampler.h"

#include <math.h>
#include <stdlib.h>

#include "../../src/status.h"
#include "../data/random.h"
#include "../data/sources.h"

enum { KINDS = SM_CLASSES_ANY + 1 /* sets of classes */ };

struct sm_sampler {
    int count;
    double *weights;                                      /* [count], not normalised */
    double total;                                         /* sum of the weights */
    double images[SM_CLASS_COUNT], drawn[SM_CLASS_COUNT]; /* images and sum of the weights of each class */
};

static void shuffle(int *values, int count, sm_random *random) {
    for (int i = count - 1; i > 0; i--) {
        int other = sm_random_below(random, i + 1);
        int swapped = values[i];
        values[i] = values[other];
        values[other] = swapped;
    }
}

/** Weighs each record by the number of records of its kind, a kind being a data set and a class. */
static void weigh(const sm_record *const *records, const int *sources, const int (*sizes)[KINDS], float balance,
                  sm_sampler *sampler) {
    for (int i = 0; i < sampler->count; i++) {
        const double weight = pow(sizes[sources[i]][records[i]->classes], -(double)balance);
        sampler->weights[i] = weight;
        sampler->total += weight;
        sm_class type;
        if (!sm_class_set_single(records[i]->classes, &type)) continue;
        sampler->images[type] += 1;
        sampler->drawn[type] += weight;
    }
}

sm_status sm_sampler_create(const sm_record *const *records, int count, float balance, sm_sampler **sampler,
                            sm_error *error) {
    *sampler = NULL;
    const size_t room = count > 0 ? (size_t)count : 1;
    sm_sampler *made = calloc(1, sizeof *made);
    int *sources = malloc(room * sizeof *sources), source_count = 0;
    int(*sizes)[KINDS] = calloc(room, sizeof *sizes);
    if (made) made->weights = malloc(room * sizeof *made->weights);
    sm_status status = made && made->weights && sources && sizes
                           ? sm_sources_number(records, count, sources, &source_count, error)
                           : sm_fail(error, SM_ERROR_MEMORY, "no memory to sample %d images", count);
    if (status == SM_OK) {
        made->count = count;
        for (int i = 0; i < count; i++) sizes[sources[i]][records[i]->classes]++;
        weigh(records, sources, (const int(*)[KINDS])sizes, balance, made);
        *sampler = made;
    } else {
        sm_sampler_free(made);
    }
    free(sources);
    free(sizes);
    return status;
}

void sm_sampler_free(sm_sampler *sampler) {
    if (!sampler) return;
    free(sampler->weights);
    free(sampler);
}

sm_status sm_sampler_order(const sm_sampler *sampler, uint64_t seed, int epoch, int *order, sm_error *error) {
    const int count = sampler->count;
    int *shuffled = malloc((count > 0 ? (size_t)count : 1) * sizeof *shuffled);
    if (!shuffled) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the order of %d images", count);
    sm_random random = sm_random_make(sm_random_derive(seed, (uint64_t)epoch));
    for (int i = 0; i < count; i++) shuffled[i] = i;
    /* Systematic sampling along a random order: one uniform offset, then steps of one expected draw. */
    shuffle(shuffled, count, &random);
    double position = (double)sm_random_uniform(&random);
    double reached = 0;
    int drawn = 0;
    for (int i = 0; i < count; i++) {
        reached += sampler->weights[shuffled[i]] / sampler->total * count;
        while (position < reached && drawn < count) {
            order[drawn++] = shuffled[i];
            position += 1;
        }
    }
    while (drawn < count) order[drawn++] = shuffled[count - 1]; /* rounding may leave the last draw out */
    shuffle(order, count, &random);
    free(shuffled);
    return SM_OK;
}

void sm_sampler_class_shift(const sm_sampler *sampler, float pasted, float shift[SM_CLASS_COUNT]) {
    double drawn[SM_CLASS_COUNT];
    double images = 0, total = 0;
    for (int c = 0; c < SM_CLASS_COUNT; c++) {
        drawn[c] = sampler->drawn[c];
        images += sampler->images[c];
        total += drawn[c];
    }
    const double turned = (double)pasted * drawn[SM_CLASS_NORMAL];
    drawn[SM_CLASS_NORMAL] -= turned;
    drawn[SM_CLASS_BENIGN] += 0.5 * turned;
    drawn[SM_CLASS_MALIGNANT] += 0.5 * turned;
    for (int c = 0; c < SM_CLASS_COUNT; c++)
        shift[c] = sampler->images[c] > 0 ? (float)log(sampler->images[c] / images / (drawn[c] / total)) : 0;
}
