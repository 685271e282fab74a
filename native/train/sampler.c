#include "sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../data/random.h"

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

static bool same_kind(const sm_record *a, const sm_record *b) {
    return a->type == b->type && strcmp(a->source, b->source) == 0;
}

/** FNV-1a of the data set's name and the class. */
static size_t hash_kind(const sm_record *record) {
    uint64_t hash = 0xCBF29CE484222325ULL ^ (uint64_t)record->type;
    for (const char *c = record->source; *c; c++) hash = (hash ^ (unsigned char)*c) * 0x100000001B3ULL;
    return (size_t)sm_random_scatter(hash);
}

/**
 * Counts the records of each kind in a hash table, so that the time is proportional to `count`. kinds[i] is the first
 * record of the same kind as record i, and sizes[kinds[i]] the number of records of that kind. Errors: SM_ERROR_MEMORY.
 */
static sm_status count_kinds(const sm_record *const *records, int count, int *kinds, int *sizes, sm_error *error) {
    size_t slots = 16;
    while (slots < 2 * (size_t)count) slots *= 2;
    int *table = malloc(slots * sizeof *table);
    if (!table) return sm_fail(error, SM_ERROR_MEMORY, "no memory to count the kinds of %d images", count);
    for (size_t i = 0; i < slots; i++) table[i] = -1;
    for (int i = 0; i < count; i++) {
        size_t slot = hash_kind(records[i]) & (slots - 1);
        while (table[slot] >= 0 && !same_kind(records[table[slot]], records[i])) slot = (slot + 1) & (slots - 1);
        if (table[slot] < 0) table[slot] = i;
        kinds[i] = table[slot];
        sizes[kinds[i]]++;
    }
    free(table);
    return SM_OK;
}

sm_status sm_sampler_create(const sm_record *const *records, int count, float balance, sm_sampler **sampler,
                            sm_error *error) {
    *sampler = NULL;
    const size_t room = count > 0 ? (size_t)count : 1;
    sm_sampler *made = calloc(1, sizeof *made);
    int *kinds = malloc(room * sizeof *kinds), *sizes = calloc(room, sizeof *sizes);
    if (made) made->weights = malloc(room * sizeof *made->weights);
    sm_status status = made && made->weights && kinds && sizes
                           ? count_kinds(records, count, kinds, sizes, error)
                           : sm_fail(error, SM_ERROR_MEMORY, "no memory to sample %d images", count);
    if (status == SM_OK) {
        made->count = count;
        for (int i = 0; i < count; i++) {
            made->weights[i] = pow(sizes[kinds[i]], -(double)balance);
            made->total += made->weights[i];
            made->images[records[i]->type] += 1;
            made->drawn[records[i]->type] += made->weights[i];
        }
        *sampler = made;
    } else {
        sm_sampler_free(made);
    }
    free(kinds);
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
    for (int c = 0; c < SM_CLASS_COUNT; c++) drawn[c] = sampler->drawn[c];
    const double turned = (double)pasted * drawn[SM_CLASS_NORMAL];
    drawn[SM_CLASS_NORMAL] -= turned;
    drawn[SM_CLASS_BENIGN] += 0.5 * turned;
    drawn[SM_CLASS_MALIGNANT] += 0.5 * turned;
    for (int c = 0; c < SM_CLASS_COUNT; c++)
        shift[c] =
            sampler->images[c] > 0 ? (float)log(sampler->images[c] / sampler->count / (drawn[c] / sampler->total)) : 0;
}
