/** Which training image comes when: each epoch a fresh order in which rare kinds come more often. */
#ifndef SONOMASK_SAMPLER_H
#define SONOMASK_SAMPLER_H

#include <stdint.h>

#include "../data/dataset.h"

/**
 * Fills `order` with `count` indices into `records` for epoch `epoch`. An image's chance is proportional to
 * n ^ -balance, n the number of images of its data set and class: 0 takes every image once, 1 shows all kinds equally
 * often. Draws are systematic: an image comes floor or ceiling of its expected number of times. Errors:
 * SM_ERROR_MEMORY.
 */
sm_status sm_sampler_order(const sm_record *const *records, int count, float balance, uint64_t seed, int epoch,
                           int *order, sm_error *error);

/**
 * What balanced sampling makes the type head believe of how frequent the classes are, undone: to be added to its
 * logits; likewise that normal images are lent lesions with probability `lent` (see donors.h). shift[c] = log(share of
 * class c among the images / its share among those shown), 0 for a class without images. Source: Menon et al.,
 * "Long-tail learning via logit adjustment", 2021.
 */
void sm_sampler_class_shift(const sm_record *const *records, int count, float balance, float lent,
                            float shift[SM_CLASS_COUNT]);

#endif
