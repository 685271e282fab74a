#include "sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/status.h"
#include "../data/random.h"

static void shuffle(int *values, int count, sm_random *random) {
    for (int i = count - 1; i > 0; i--) {
        int other = sm_random_below(random, i + 1);
        int swapped = values[i];
        values[i] = values[other];
        values[other] = swapped;
    }
}

/** Images of the same data set and class as record `index`. */
static int kind_count(const sm_record *const *records, int count, int index) {
    int same = 0;
    for (int i = 0; i < count; i++)
        if (records[i]->type == records[index]->type && strcmp(records[i]->source, records[index]->source) == 0) same++;
    return same;
}

sm_status sm_sampler_order(const sm_record *const *records, int count, float balance, uint64_t seed, int epoch,
                           int *order, sm_error *error) {
    double *weight = malloc((size_t)count * sizeof *weight);
    int *shuffled = malloc((size_t)count * sizeof *shuffled);
    if (!weight || !shuffled) {
        free(weight);
        free(shuffled);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for the order of %d images", count);
    }
    sm_random random = sm_random_make(sm_random_derive(seed, (uint64_t)epoch));
    double total = 0;
    for (int i = 0; i < count; i++) {
        weight[i] = pow(kind_count(records, count, i), -(double)balance);
        total += weight[i];
        shuffled[i] = i;
    }
    /* Systematic sampling along a random order: one uniform offset, then steps of one expected draw. */
    shuffle(shuffled, count, &random);
    double position = (double)sm_random_uniform(&random);
    double reached = 0;
    int drawn = 0;
    for (int i = 0; i < count; i++) {
        reached += weight[shuffled[i]] / total * count;
        while (position < reached && drawn < count) {
            order[drawn++] = shuffled[i];
            position += 1;
        }
    }
    while (drawn < count) order[drawn++] = shuffled[count - 1]; /* rounding at the very end */
    shuffle(order, count, &random);
    free(weight);
    free(shuffled);
    return SM_OK;
}

void sm_sampler_class_shift(const sm_record *const *records, int count, float balance, float lent,
                            float shift[SM_CLASS_COUNT]) {
    double images[SM_CLASS_COUNT] = {0}, shown[SM_CLASS_COUNT] = {0}, total = 0;
    for (int i = 0; i < count; i++) {
        double weight = pow(kind_count(records, count, i), -(double)balance);
        images[records[i]->type] += 1;
        shown[records[i]->type] += weight;
        total += weight;
    }
    const double turned = (double)lent * shown[SM_CLASS_NORMAL];
    shown[SM_CLASS_NORMAL] -= turned;
    shown[SM_CLASS_BENIGN] += 0.5 * turned;
    shown[SM_CLASS_MALIGNANT] += 0.5 * turned;
    for (int c = 0; c < SM_CLASS_COUNT; c++)
        shift[c] = images[c] > 0 ? (float)log(images[c] / count / (shown[c] / total)) : 0;
}
