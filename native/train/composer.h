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
 * For `count` training images whose sides are at most `longest` pixels. The arrays must outlive the result. Measures on
 * up to a thousand of the images how often each change succeeds. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_composer_create(const sm_record *const *records, const sm_sample *samples, int count, int longest,
                             const sm_augmentation *augmentation, sm_composer **composer, sm_error *error);
void sm_composer_free(sm_composer *composer);

/**
 * Prepares an epoch of the images `order` ([count]): sets how often a seam is added to images that end up with a
 * lesion and to those that end up without, such that about the share `seam_probability` of both has one. Images with
 * covered lesions count among the latter.
 */
void sm_composer_begin_epoch(sm_composer *composer, const int *order, int count);

/**
 * Returns image `index`, changed as follows, each with its probability in sm_augmentation and its own random stream:
 * 1. An image with outlined lesions becomes normal: a lesion-free crop, or its lesions are covered. When that is not
 *    possible, the image stays as it is.
 * 2. Otherwise a lesion is pasted, see copy_paste.h.
 * 3. A seam: tissue is copied over a spot without lesion. An image whose lesions were covered has a seam already.
 * 4. Marks are drawn, on all images alike.
 * An image of unknown class or without outline is changed by 4 only and is no source of tissue, since it may have
 * lesions anywhere. Sets `*classes`; the result is valid until the next call. The same seed gives the same
 * bits.
 */
const sm_sample *sm_composer_compose(sm_composer *composer, int index, uint64_t seed, sm_class_set *classes);

/** Expected share of the images that become normal, by set of classes. `shares` is [SM_CLASSES_ANY + 1]. */
void sm_composer_normal_shares(const sm_composer *composer, float *shares);

#endif
