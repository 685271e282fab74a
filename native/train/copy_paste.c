#include "copy_paste.h"

#include <stdlib.h>

#include "../data/augment_paste.h"
#include "../data/random.h"

struct sm_copy_paste {
    const sm_record *const *records;
    const sm_sample *samples;
    int *donors[SM_CLASS_COUNT]; /* indices of the images of each class; NULL for normal images */
    int donor_counts[SM_CLASS_COUNT];
    sm_paste_scratch *scratch;
    sm_sample pasted;
};

sm_copy_paste *sm_copy_paste_create(const sm_record *const *records, const sm_sample *samples, int count, int longest) {
    sm_copy_paste *copy_paste = calloc(1, sizeof *copy_paste);
    if (!copy_paste) return NULL;
    copy_paste->records = records;
    copy_paste->samples = samples;
    copy_paste->scratch = sm_paste_scratch_create(longest);
    bool complete = copy_paste->scratch != NULL;
    for (int class = SM_CLASS_BENIGN; class < SM_CLASS_COUNT; class ++) {
        copy_paste->donors[class] = malloc(((size_t)count + 1) * sizeof(int));
        complete = complete && copy_paste->donors[class];
    }
    if (!complete) {
        sm_copy_paste_free(copy_paste);
        return NULL;
    }
    for (int i = 0; i < count; i++) {
        sm_class type;
        if (sm_class_set_single(records[i]->classes, &type) && type != SM_CLASS_NORMAL && records[i]->mask_count > 0)
            copy_paste->donors[type][copy_paste->donor_counts[type]++] = i;
    }
    return copy_paste;
}

void sm_copy_paste_free(sm_copy_paste *copy_paste) {
    if (!copy_paste) return;
    for (int class = 0; class < SM_CLASS_COUNT; class ++) free(copy_paste->donors[class]);
    sm_paste_scratch_free(copy_paste->scratch);
    free(copy_paste);
}

const sm_sample *sm_copy_paste_apply(sm_copy_paste *copy_paste, int index, float probability, uint64_t seed,
                                     sm_class_set *classes) {
    const sm_sample *own = &copy_paste->samples[index];
    const sm_record *record = copy_paste->records[index];
    *classes = record->classes;
    sm_class donor_type;
    if (!sm_class_set_single(record->classes, &donor_type) || !sm_record_outlined(record)) return own;
    sm_random random = sm_random_make(seed);
    if (sm_random_uniform(&random) >= probability) return own;
    if (donor_type == SM_CLASS_NORMAL)
        donor_type = sm_random_uniform(&random) < 0.5f ? SM_CLASS_BENIGN : SM_CLASS_MALIGNANT;
    if (copy_paste->donor_counts[donor_type] == 0) return own;
    const int donor = copy_paste->donors[donor_type][sm_random_below(&random, copy_paste->donor_counts[donor_type])];
    if (donor == index || !sm_paste_lesion(own, &copy_paste->samples[donor], sm_random_next(&random),
                                           copy_paste->scratch, &copy_paste->pasted))
        return own;
    *classes = sm_class_set_of(donor_type);
    return &copy_paste->pasted;
}
