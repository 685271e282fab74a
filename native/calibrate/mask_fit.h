/** Chooses the threshold of the mask and the smallest area of a lesion. */
#ifndef SONOMASK_MASK_FIT_H
#define SONOMASK_MASK_FIT_H

#include "outline_trials.h"

enum { SM_MASK_THRESHOLDS = SM_TRIAL_GRID, SM_MASK_AREAS = 7 };

/** The smallest areas to choose from, as shares of the image's area; the thresholds are those of sm_trial_grid. */
extern const float sm_mask_areas[SM_MASK_AREAS];

/** The scores of one image at each setting. */
typedef struct sm_mask_trial {
    float dice[SM_MASK_THRESHOLDS][SM_MASK_AREAS]; /**< 1 when mask and target are both empty */
    bool any[SM_MASK_THRESHOLDS][SM_MASK_AREAS];   /**< the mask is not empty */
} sm_mask_trial;

/**
 * Scores all settings for one image. With `decision`, only the outlines whose presence is at least
 * levels[threshold][area] make up the mask; with NULL, all do, and `levels` is not read.
 */
void sm_mask_try(const sm_outline_trials *outlines, const sm_decision *decision, float type_odds,
                 const double (*levels)[SM_MASK_AREAS], sm_mask_trial *trial);

/** One image with its weights. */
typedef struct sm_mask_case {
    const sm_mask_trial *trial;
    double lesion_weight; /**< weight among the images with an outlined lesion; 0 for others */
    double normal_weight; /**< weight among the normal images; 0 for others */
} sm_mask_case;

typedef struct sm_mask_choice {
    int threshold, area; /**< indices of the settings */
    double lesion_dice;  /**< weighted mean; NaN without lesion images */
    double false_masks;  /**< weighted share of normal images with any mask; NaN without normal images */
} sm_mask_choice;

/** The weighted scores of a setting over all images. */
sm_mask_choice sm_mask_judge(const sm_mask_case *cases, int count, int threshold, int area);

/**
 * The setting with the highest objective: lesion Dice - `false_mask_price` * share of normal images with a mask. Scores
 * of a few hundred images are noisy, and extreme settings generalise badly. The objective is therefore averaged over
 * each setting and its neighbours (one step in threshold and area), and ties go to the threshold nearest to 0.5.
 */
sm_mask_choice sm_mask_choose(const sm_mask_case *cases, int count, double false_mask_price);

#endif
