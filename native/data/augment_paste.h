/**
 * Copy-paste augmentation: a lesion is copied from one image into another. The network then sees each lesion in many
 * surroundings and cannot memorise which background has a lesion (Ghiasi et al., "Simple copy-paste is a strong data
 * augmentation method for instance segmentation", 2021; Yang et al., "TumorCP", 2021).
 */
#ifndef SONOMASK_AUGMENT_PASTE_H
#define SONOMASK_AUGMENT_PASTE_H

#include <stdbool.h>
#include <stdint.h>

#include "dataset.h"

/** Buffers of one thread, reused for all samples. */
typedef struct sm_paste_scratch sm_paste_scratch;
/** For samples whose sides are at most `longest` pixels. NULL when memory is short. */
sm_paste_scratch *sm_paste_scratch_create(int longest);
void sm_paste_scratch_free(sm_paste_scratch *scratch);

/**
 * Pastes the lesion of `donor` into `recipient`: in half of the cases mirrored, at about its original depth, without
 * overlap with other lesions, with its brightness matched to the surroundings and a faded edge. `*result` has the
 * recipient's size; its arrays belong to the scratch and are valid until the next call. Returns false, and leaves
 * `*result` unset, when the donor has no lesion, no place was found, or a sample is larger than the scratch. The same
 * seed gives the same bits.
 */
bool sm_paste_lesion(const sm_sample *recipient, const sm_sample *donor, uint64_t seed, sm_paste_scratch *scratch,
                     sm_sample *result);

#endif
