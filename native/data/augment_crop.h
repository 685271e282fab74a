/** Lesion-free crops: normal images cut out of images with a lesion. */
#ifndef SONOMASK_AUGMENT_CROP_H
#define SONOMASK_AUGMENT_CROP_H

#include <stdbool.h>
#include <stdint.h>

#include "dataset.h"

/**
 * Copies a random rectangle without lesion pixels from beside, above or below the lesions of `sample`. Each of its
 * sides is at least 35 % of the sample's side and at least a quarter of the sample's longer side, and its shape is not
 * longer than 2:1. `result` has room for the pixels of `sample`; its width and height are set and its mask is empty.
 * False, with `result` unchanged, when the sample has no lesion, or when no such rectangle was found that shows mostly
 * tissue. The same seed gives the same bits.
 */
bool sm_crop_without_lesion(const sm_sample *sample, uint64_t seed, sm_sample *result);

#endif
