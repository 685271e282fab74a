/** Overlap scores of a predicted mask with a reference mask, from counts of pixels of one image or of many. */
#ifndef SONOMASK_PIXELS_H
#define SONOMASK_PIXELS_H

#include <stddef.h>
#include <stdint.h>

typedef struct sm_pixel_counts {
    long long true_positive, false_positive, false_negative, true_negative;
} sm_pixel_counts;

/** Counts over `count` pixels; in both masks a pixel is lesion where it is at least 128. */
sm_pixel_counts sm_pixel_count(const uint8_t *reference, const uint8_t *predicted, size_t count);
void sm_pixel_counts_add(sm_pixel_counts *sum, const sm_pixel_counts *counts);

/** For a binary mask recall is sensitivity and F1 is Dice. Both names are kept, as both are used in the field. */
typedef struct sm_binary_scores {
    double accuracy, precision, recall, f1, specificity, dice, sensitivity, iou;
} sm_binary_scores;

/**
 * When both masks are empty they agree: precision, recall, F1, Dice and IoU are 1. Any other 0/0 is 0, but specificity
 * is NaN without background, and all scores are NaN without pixels.
 */
sm_binary_scores sm_binary_scores_of(const sm_pixel_counts *counts);

/** Means over `count` images; NaN values are left out. NaN when no value is left. */
sm_binary_scores sm_binary_scores_mean(const sm_binary_scores *scores, int count);

#endif
