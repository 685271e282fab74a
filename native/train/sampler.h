/** The order of the training images in an epoch: new in each epoch, with rare kinds of images drawn more often. */
#ifndef SONOMASK_SAMPLER_H
#define SONOMASK_SAMPLER_H

#include <stdint.h>

#include "../data/dataset.h"

/** Draws images with a probability proportional to n ^ -balance, where n counts the images of the same data set and
 *  class. */
typedef struct sm_sampler sm_sampler;

/**
 * Counts the kinds of `records` ([count], not needed afterwards). `balance` 0 draws every image once per epoch; 1 draws
 * all kinds equally often. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_sampler_create(const sm_record *const *records, int count, float balance, sm_sampler **sampler,
                            sm_error *error);
void sm_sampler_free(sm_sampler *sampler);

/**
 * Fills `order` with as many indices into the records as there are records. The draws are systematic: an image is drawn
 * floor or ceiling of its expected number of times. The same seed and epoch give the same order. Errors:
 * SM_ERROR_MEMORY.
 */
sm_status sm_sampler_order(const sm_sampler *sampler, uint64_t seed, int epoch, int *order, sm_error *error);

/**
 * Logit adjustment of the type head for the class frequencies that sampling changed (Menon et al., "Long-tail learning
 * via logit adjustment", 2021): shift[c] = log(share of class c among the images / its share among the drawn ones), 0
 * for a class without images. `pasted` is the probability that copy-paste augmentation puts a lesion into a normal
 * image, which then counts as benign or malignant with equal chance. The shifts are added to the logits.
 */
void sm_sampler_class_shift(const sm_sampler *sampler, float pasted, float shift[SM_CLASS_COUNT]);

#endif
