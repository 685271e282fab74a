/**
 * Chooses what a training image shows, before sm_augment deforms it: lesions of other images are pasted, an image with
 * a lesion becomes a normal one, seams and burned-in marks are added.
 */
#ifndef SONOMASK_COMPOSER_H
#define SONOMASK_COMPOSER_H

#include <stdint.h>

#include "../data/augment.h"
#include "../data/dataset.h"

typedef struct sm_composer sm_composer;

/**
 * For `count` training images whose sides are at most `longest` pixels. The arrays must outlive the result. Errors:
 * SM_ERROR_MEMORY.
 */
sm_status sm_composer_create(const sm_record *const *records, const sm_sample *samples, int count, int longest,
                             const sm_augmentation *augmentation, sm_composer **composer, sm_error *error);
void sm_composer_free(sm_composer *composer);

/**
 * Returns image `index`, changed as follows, each with its probability in sm_augmentation and its own random stream:
 * 1. An image with outlined lesions becomes normal: a lesion-free crop, or its lesions are covered. When that is not
 *    possible, the image stays as it is.
 * 2. Otherwise a lesion is pasted, see copy_paste.h.
 * 3. Tissue is copied over a spot without lesion, on images with and without lesion alike. An image whose lesions were
 *    covered has such a seam already and gets no other.
 * 4. Marks are drawn, on all images alike.
 * An image of unknown class or without outline is changed by 4 only, since it may have lesions anywhere; for the same
 * reason it gives no tissue. Sets `*classes`; the result is valid until the next call. The same seed gives the same
 * bits.
 */
const sm_sample *sm_composer_compose(sm_composer *composer, int index, uint64_t seed, sm_class_set *classes);

/**
 * Estimates by set of classes which share of the images becomes normal: each image with outlined lesions is cropped and
 * covered once. `shares` is [SM_CLASSES_ANY + 1].
 */
void sm_composer_normal_shares(sm_composer *composer, float *shares);

#endif
