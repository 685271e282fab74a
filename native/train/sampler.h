/** The order of the training images in an epoch: new in each epoch, with rare kinds of images drawn more often. */
#ifndef SONOMASK_SAMPLER_H
#define SONOMASK_SAMPLER_H

#include <stdint.h>

#include "../data/dataset.h"

/** Draws images with a probability proportional to n ^ -balance, where n counts the images of the same data set and
 *  class. The share of normal images rises late in the training. */
typedef struct sm_sampler sm_sampler;

/**
 * Counts the kinds of `records` ([count], not needed afterwards). `balance` 0 draws every image once per epoch; 1 draws
 * all kinds equally often. In the last third of the training at least the share `normals` of the drawn images is
 * normal; in the middle third the share rises linearly from what `balance` gives. 0: no change. Errors:
 * SM_ERROR_MEMORY.
 */
sm_status sm_sampler_create(const sm_record *const *records, int count, float balance, float normals,
                            sm_sampler **sampler, sm_error *error);
void sm_sampler_free(sm_sampler *sampler);

/**
 * Fills `order` with as many indices into the records as there are records. `progress` is the share of the training
 * that is done when the epoch begins, 0..1. The draws are systematic: an image is drawn floor or ceiling of its
 * expected number of times. The same seed, epoch and progress give the same order. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_sampler_order(const sm_sampler *sampler, uint64_t seed, int epoch, double progress, int *order,
                           sm_error *error);

/** How augmentation changes the classes of the drawn images. */
typedef struct sm_class_changes {
    float
        pasted; /**< share of the normal images that get a lesion, and are then benign or malignant with equal chance */
    float to_normal[SM_CLASSES_ANY + 1]; /**< by set of classes: share of the images that become normal */
} sm_class_changes;

/**
 * Logit adjustment of the type head for the class frequencies that sampling and augmentation changed (Menon et al.,
 * "Long-tail learning via logit adjustment", 2021): shift[c] = log(share of class c among the images / its share among
 * the drawn ones), 0 for a class without images. The shifts are added to the logits. `progress` as above.
 */
void sm_sampler_class_shift(const sm_sampler *sampler, double progress, const sm_class_changes *changes,
                            float shift[SM_CLASS_COUNT]);

#endif
