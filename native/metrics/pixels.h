/** Scores of a mask against the truth, from counts of pixels; pooled over images or one image at a time. */
#ifndef SONOMASK_PIXELS_H
#define SONOMASK_PIXELS_H

#include <stddef.h>
#include <stdint.h>

typedef struct sm_pixel_counts {
    long long true_positive, false_positive, false_negative, true_negative;
} sm_pixel_counts;

/** Counts over `count` pixels; a pixel of either mask is lesion where it is at least 128. */
sm_pixel_counts sm_pixel_count(const uint8_t *truth, const uint8_t *predicted, size_t count);
void sm_pixel_counts_add(sm_pixel_counts *sum, const sm_pixel_counts *counts);

/**
 * What the seed study reports. For one binary mask recall is sensitivity and F1 is Dice; both names are kept so that
 * a reader finds what he looks for.
 */
typedef struct sm_binary_scores {
    double accuracy, precision, recall, f1, specificity, dice, sensitivity, iou;
} sm_binary_scores;

/**
 * 0/0 counts as the field does: where truth and prediction are both empty they agree (precision, recall, F1, Dice and
 * IoU are 1), any other score without a denominator is 0; specificity without background and anything without pixels
 * is NaN.
 */
sm_binary_scores sm_binary_scores_of(const sm_pixel_counts *counts);

/** Means of scores over `count` images, leaving out what is NaN; NaN when nothing is left. */
sm_binary_scores sm_binary_scores_mean(const sm_binary_scores *scores, int count);

#endif
