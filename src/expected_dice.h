/**
 * The expected Dice score of a mask, estimated from the probability map alone. If the pixels were independent, each
 * lesion with its probability p, the expected Dice of a mask m would be about 2 sum(p m) / (sum p + sum m) (Borges et
 * al., "Soft Dice Confidence: A Near-Optimal Confidence Estimator for Selective Prediction in Semantic Segmentation",
 * 2024). It is near 1 for sharp maps and low for masks with many uncertain pixels in or around them.
 */
#ifndef SONOMASK_EXPECTED_DICE_H
#define SONOMASK_EXPECTED_DICE_H

#include <stddef.h>

#include "mask.h"

/**
 * The expected Dice of the answer for a whole image of `count` pixels, 0..1. `mask` is 0 or not;
 * `lesion_probability`, 0..1, is that of the type head. Result for a mask with pixels: its expected Dice to the power
 * `power`. (A product with the lesion probability ranks errors worse.) Result for an empty mask: the probability that
 * there is no lesion, at most 1 - the highest pixel probability.
 *
 * The plain formula is too high: networks are overconfident, and the errors of pixels are correlated. The excess is
 * regular, so that one exponent, fitted like a temperature, calibrates it.
 */
float sm_expected_dice(const float *probability, const uint8_t *mask, size_t count, double lesion_probability,
                       double power);

/** Raises the plain `expected_dice` of lesions to a power. */
void sm_expected_dice_temper(sm_lesion *lesions, int count, double power);

/**
 * Sets `expected_dice` of each of `count` lesions, which have the labels 1 .. count in `labels`, [height][width]. The
 * sums run over the bounding box with a margin of half its width and height (at least SM_SURROUNDINGS_PIXELS), without
 * the pixels of other lesions.
 */
void sm_expected_dice_of_lesions(const float *probability, const int32_t *labels, int width, int height,
                                 sm_lesion *lesions, int count);

enum { SM_SURROUNDINGS_PIXELS = 8 };

#endif
