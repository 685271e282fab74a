/**
 * Copy-paste augmentation: a lesion is taken out of one image and put into another. The network then cannot learn by
 * heart which background has a lesion and where, and sees every lesion in many surroundings (Ghiasi et al., "Simple
 * copy-paste is a strong data augmentation method for instance segmentation", 2021; Yang et al., "TumorCP", 2021).
 */
#ifndef SONOMASK_AUGMENT_PASTE_H
#define SONOMASK_AUGMENT_PASTE_H

#include <stdbool.h>
#include <stdint.h>

#include "dataset.h"

/** Scratch that one thread reuses from sample to sample; NULL without memory. */
typedef struct sm_paste_scratch sm_paste_scratch;
/** For samples whose sides are at most `longest`. */
sm_paste_scratch *sm_paste_scratch_create(int longest);
void sm_paste_scratch_free(sm_paste_scratch *scratch);

/**
 * Puts the lesion of `donor`, perhaps mirrored, into `recipient`, at about the depth that it had, beside the lesions
 * that are there, its brightness matched to the surroundings and its edge faded out. `*result` has the recipient's
 * size; its arrays belong to the scratch and are valid until its next use. False, with `*result` unset, when the
 * donor has no lesion or no place was found, or a sample is larger than the scratch. The same seed gives the same bits.
 */
bool sm_paste_lesion(const sm_sample *recipient, const sm_sample *donor, uint64_t seed, sm_paste_scratch *scratch,
                     sm_sample *result);

#endif
