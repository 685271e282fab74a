#include "donors.h"

#include <stdlib.h>

#include "../data/augment_paste.h"
#include "../data/random.h"

struct sm_donors {
    const sm_record *const *records;
    const sm_sample *samples;
    int *images[SM_CLASS_COUNT]; /* indices of the images of a class; those of normal ones are not needed */
    int counts[SM_CLASS_COUNT];
    sm_paste_scratch *scratch;
    sm_sample pasted;
};

sm_donors *sm_donors_create(const sm_record *const *records, const sm_sample *samples, int count, int longest) {
    sm_donors *donors = calloc(1, sizeof *donors);
    if (!donors) return NULL;
    donors->records = records;
    donors->samples = samples;
    donors->scratch = sm_paste_scratch_create(longest);
    bool complete = donors->scratch != NULL;
    for (int class = SM_CLASS_BENIGN; class < SM_CLASS_COUNT; class ++) {
        donors->images[class] = malloc(((size_t)count + 1) * sizeof(int));
        complete = complete && donors->images[class];
    }
    if (!complete) {
        sm_donors_free(donors);
        return NULL;
    }
    for (int i = 0; i < count; i++) {
        const sm_class type = records[i]->type;
        if (type != SM_CLASS_NORMAL) donors->images[type][donors->counts[type]++] = i;
    }
    return donors;
}

void sm_donors_free(sm_donors *donors) {
    if (!donors) return;
    for (int class = 0; class < SM_CLASS_COUNT; class ++) free(donors->images[class]);
    sm_paste_scratch_free(donors->scratch);
    free(donors);
}

const sm_sample *sm_donors_lend(sm_donors *donors, int index, float probability, uint64_t seed, sm_class *type) {
    const sm_sample *own = &donors->samples[index];
    *type = donors->records[index]->type;
    sm_random random = sm_random_make(seed);
    if (sm_random_uniform(&random) >= probability) return own;
    sm_class given = *type;
    if (given == SM_CLASS_NORMAL) given = sm_random_uniform(&random) < 0.5f ? SM_CLASS_BENIGN : SM_CLASS_MALIGNANT;
    if (donors->counts[given] == 0) return own;
    const int donor = donors->images[given][sm_random_below(&random, donors->counts[given])];
    if (donor == index ||
        !sm_paste_lesion(own, &donors->samples[donor], sm_random_next(&random), donors->scratch, &donors->pasted))
        return own;
    *type = given;
    return &donors->pasted;
}
