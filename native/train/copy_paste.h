/** Copy-paste augmentation over a training set: chooses the donor image whose lesion is pasted into another image. */
#ifndef SONOMASK_COPY_PASTE_H
#define SONOMASK_COPY_PASTE_H

#include <stdint.h>

#include "../../src/sonomask.h"
#include "../data/dataset.h"

typedef struct sm_copy_paste sm_copy_paste;

/**
 * For `count` training images whose sides are at most `longest` pixels. The arrays must outlive the result. NULL when
 * memory is short.
 */
sm_copy_paste *sm_copy_paste_create(const sm_record *const *records, const sm_sample *samples, int count, int longest);
void sm_copy_paste_free(sm_copy_paste *copy_paste);

/**
 * Returns image `index`; with the given probability, the lesion of another image is pasted into it. The donor of an
 * image with a lesion has the same class. The donor of a normal image is benign or malignant with equal chance, and its
 * class becomes the class of the result. An image whose class or mask is unknown is neither changed nor a donor. The
 * image is unchanged when no donor or no place for the lesion is found. Sets `*classes`; the result is valid until the
 * next call. The same seed gives the same bits.
 */
const sm_sample *sm_copy_paste_apply(sm_copy_paste *copy_paste, int index, float probability, uint64_t seed,
                                     sm_class_set *classes);

#endif
