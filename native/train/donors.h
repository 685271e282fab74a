/** Lesions that training images lend each other: which image gives one to which, for copy-paste augmentation. */
#ifndef SONOMASK_DONORS_H
#define SONOMASK_DONORS_H

#include <stdint.h>

#include "../../src/sonomask.h"
#include "../data/dataset.h"

typedef struct sm_donors sm_donors;

/**
 * Over `count` training images, their samples' sides at most `longest`; the arrays must outlive the result. NULL
 * without memory.
 */
sm_donors *sm_donors_create(const sm_record *const *records, const sm_sample *samples, int count, int longest);
void sm_donors_free(sm_donors *donors);

/**
 * Image `index`, with probability `probability` with another image's lesion put into it. An image with a lesion gets
 * one of its own type, a normal one a benign or malignant one with equal chance, and then that is its type. Returns the
 * sample, valid until the next call, and sets `*type`. The same seed gives the same bits.
 */
const sm_sample *sm_donors_lend(sm_donors *donors, int index, float probability, uint64_t seed, sm_class *type);

#endif
