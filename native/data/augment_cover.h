/**
 * Tissue is copied over a part of an image, with a faded edge and matched brightness: over all lesions, which makes a
 * normal image, or over a spot without lesion. The second leaves the same seam in images whose class does not change,
 * so that the seam is no sign of a normal image.
 */
#ifndef SONOMASK_AUGMENT_COVER_H
#define SONOMASK_AUGMENT_COVER_H

#include <stdbool.h>
#include <stdint.h>

#include "dataset.h"

/** Buffers of one thread, reused for all samples. */
typedef struct sm_cover_scratch sm_cover_scratch;
/** For samples whose sides are at most `longest` pixels. NULL when memory is short. */
sm_cover_scratch *sm_cover_scratch_create(int longest);
void sm_cover_scratch_free(sm_cover_scratch *scratch);

/**
 * Both functions take the tissue of about the same depth from another part of `sample`, mirrored or not, or, where
 * there is no room, from `other` (may be NULL), never from a lesion. Of several pieces, the one whose brightness fits
 * best at the seam is used. `*result` has the size of `sample`; its arrays belong to the scratch and are valid until
 * the next call. They return false, with `*result` unset, when nothing can be covered, no tissue was found, or a sample
 * is larger than the scratch. The same seed gives the same bits.
 */

/** Covers all lesions with a margin around them. The mask of the result is empty. */
bool sm_cover_lesions(const sm_sample *sample, const sm_sample *const *others, int other_count, uint64_t seed,
                      sm_cover_scratch *scratch, sm_sample *result);

/**
 * Covers a spot without lesion that has the shape and about the depth of the lesions of `shape`, with the same margin.
 * The mask of the result is that of `sample`.
 */
bool sm_cover_spot(const sm_sample *sample, const sm_sample *shape, const sm_sample *const *others, int other_count,
                   uint64_t seed, sm_cover_scratch *scratch, sm_sample *result);

#endif
