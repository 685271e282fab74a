/**
 * How good a mask probably is, from the probability map alone: the expected Dice score. When each pixel were lesion
 * with its probability p, independently, the expected Dice of a mask m is nearly 2 sum(p m) / (sum p + sum m)
 * (Borges et al., "Soft Dice Confidence: A Near-Optimal Confidence Estimator for Selective Prediction in Semantic
 * Segmentation", 2024). Sharp maps come near 1; a mask with much doubtful tissue in or around it comes out low.
 */
#ifndef SONOMASK_EXPECTED_DICE_H
#define SONOMASK_EXPECTED_DICE_H

#include <stddef.h>

#include "mask.h"

/**
 * Of the answer for a whole image, `count` pixels: `mask` is 0 or not, `lesion_probability` what the type says of there
 * being a lesion at all, 0..1. With a mask it is the mask's expected Dice, to the power `power`; without one, the
 * probability that there is indeed no lesion (an empty mask is then right, and scores 1), which the surest pixel also
 * bounds. 0..1. (To multiply the former with the lesion probability makes it rank errors worse.)
 *
 * Networks are surer of their pixels than they should be, and pixels err together: the plain formula promises too
 * much, but in a regular way, so that one exponent, fitted like a temperature, makes the promise true.
 */
float sm_expected_dice(const float *probability, const uint8_t *mask, size_t count, double lesion_probability,
                       double power);

/** Raises the plain `expected_dice` of lesions to a power. */
void sm_expected_dice_temper(sm_lesion *lesions, int count, double power);

/**
 * Sets `expected_dice` of each of `count` lesions, whose labels are 1 .. count in `labels`, [height][width]: that of
 * the lesion's own mask among the probabilities of its surroundings, the bounding box and half its width and height
 * (at least SM_SURROUNDINGS_PIXELS) on each side, without the pixels of other lesions.
 */
void sm_expected_dice_of_lesions(const float *probability, const int32_t *labels, int width, int height,
                                 sm_lesion *lesions, int count);

enum { SM_SURROUNDINGS_PIXELS = 8 };

#endif
