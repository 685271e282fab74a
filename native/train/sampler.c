#include "sampler.h"

#include <math.h>
#include <stdlib.h>

#include "../../src/status.h"
#include "../data/random.h"
#include "../data/sources.h"

enum { KINDS = SM_CLASSES_ANY + 1 /* sets of classes */ };

struct sm_sampler {
    int count;
    double *weights;       /* [count], not normalised */
    sm_class_set *classes; /* [count] */
    double total;          /* sum of the weights */
    double images[KINDS];  /* number of the images of each set of classes */
    double drawn[KINDS];   /* sum of their weights */
    double normals;        /* share of the normal images at the end */
};

static const sm_class_set normal_set = 1 << SM_CLASS_NORMAL;

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
        sampler->classes[i] = records[i]->classes;
        sampler->total += weight;
        sampler->images[records[i]->classes] += 1;
        sampler->drawn[records[i]->classes] += weight;
    }
}

/** Factors of the weights of normal images and of all others that raise the share of the normal ones. */
typedef struct factors {
    double normal, other;
} factors;

static factors factors_at(const sm_sampler *sampler, double progress) {
    const double share = sampler->total > 0 ? sampler->drawn[normal_set] / sampler->total : 0;
    const double ramp = fmin(fmax(3 * progress - 1, 0), 1);
    if (ramp <= 0 || share <= 0 || share >= sampler->normals) return (factors){.normal = 1, .other = 1};
    const double raised = share + ramp * (sampler->normals - share);
    return (factors){.normal = raised / share, .other = (1 - raised) / (1 - share)};
}

sm_status sm_sampler_create(const sm_record *const *records, int count, float balance, float normals,
                            sm_sampler **sampler, sm_error *error) {
    *sampler = NULL;
    const size_t room = count > 0 ? (size_t)count : 1;
    sm_sampler *made = calloc(1, sizeof *made);
    int *sources = malloc(room * sizeof *sources), source_count = 0;
    int(*sizes)[KINDS] = calloc(room, sizeof *sizes);
    if (made) {
        made->weights = malloc(room * sizeof *made->weights);
        made->classes = malloc(room * sizeof *made->classes);
        made->normals = (double)normals;
    }
    sm_status status = made && made->weights && made->classes && sources && sizes
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
    free(sampler->classes);
    free(sampler);
}

sm_status sm_sampler_order(const sm_sampler *sampler, uint64_t seed, int epoch, double progress, int *order,
                           sm_error *error) {
    const int count = sampler->count;
    int *shuffled = malloc((count > 0 ? (size_t)count : 1) * sizeof *shuffled);
    if (!shuffled) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the order of %d images", count);
    sm_random random = sm_random_make(sm_random_derive(seed, (uint64_t)epoch));
    for (int i = 0; i < count; i++) shuffled[i] = i;
    /* Systematic sampling along a random order: one uniform offset, then steps of one expected draw. */
    shuffle(shuffled, count, &random);
    const factors raise = factors_at(sampler, progress);
    double position = (double)sm_random_uniform(&random);
    double reached = 0;
    int drawn = 0;
    for (int i = 0; i < count; i++) {
        const double factor = sampler->classes[shuffled[i]] == normal_set ? raise.normal : raise.other;
        reached += factor * sampler->weights[shuffled[i]] / sampler->total * count;
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

void sm_sampler_class_shift(const sm_sampler *sampler, double progress, const sm_class_changes *changes,
                            float shift[SM_CLASS_COUNT]) {
    const factors raise = factors_at(sampler, progress);
    double drawn[SM_CLASS_COUNT] = {0}, images[SM_CLASS_COUNT] = {0}, image_total = 0, drawn_total = 0;
    for (int set = 0; set < KINDS; set++) {
        const double weight = sampler->drawn[set] * (set == normal_set ? raise.normal : raise.other);
        const double emptied = weight * (double)changes->to_normal[set];
        drawn[SM_CLASS_NORMAL] += emptied;
        sm_class type;
        if (!sm_class_set_single((sm_class_set)set, &type)) continue;
        images[type] = sampler->images[set];
        drawn[type] += weight - emptied;
        image_total += images[type];
    }
    const double pasted = (double)changes->pasted * sampler->drawn[normal_set] * raise.normal;
    drawn[SM_CLASS_NORMAL] -= pasted;
    drawn[SM_CLASS_BENIGN] += 0.5 * pasted;
    drawn[SM_CLASS_MALIGNANT] += 0.5 * pasted;
    for (int c = 0; c < SM_CLASS_COUNT; c++) drawn_total += drawn[c];
    for (int c = 0; c < SM_CLASS_COUNT; c++)
        shift[c] = images[c] > 0 ? (float)log(images[c] / image_total / (drawn[c] / drawn_total)) : 0;
}
