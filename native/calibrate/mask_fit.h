/** Choosing the threshold of the mask and the smallest lesion. */
#ifndef SONOMASK_MASK_FIT_H
#define SONOMASK_MASK_FIT_H

#include "../../src/sonomask.h"
#include "../data/dataset.h"

enum { SM_MASK_THRESHOLDS = 17, SM_MASK_AREAS = 9 };

/** The settings that are tried: 0.10, 0.15 .. 0.90, and shares of the image's area. */
extern const float sm_mask_thresholds[SM_MASK_THRESHOLDS];
extern const float sm_mask_areas[SM_MASK_AREAS];

/** What each setting would make of one image. */
typedef struct sm_mask_trial {
    float dice[SM_MASK_THRESHOLDS][SM_MASK_AREAS]; /**< 1 when mask and truth are both empty */
    bool any[SM_MASK_THRESHOLDS][SM_MASK_AREAS];   /**< some mask is left */
} sm_mask_trial;

/** Tries all settings on a probability map of the sample's size. Errors: SM_ERROR_MEMORY. */
sm_status sm_mask_try(const sm_sample *sample, const float *probability, sm_mask_trial *trial, sm_error *error);

/** One image in the choice. */
typedef struct sm_mask_case {
    const sm_mask_trial *trial;
    double lesion_weight; /**< how much its Dice counts among the lesion images; 0: it is none */
    double normal_weight; /**< how much it counts among the normal images; 0: it is none */
} sm_mask_case;

typedef struct sm_mask_choice {
    int threshold, area; /**< indices of the settings */
    double lesion_dice;  /**< weighted mean; NaN without lesion images */
    double false_masks;  /**< weighted share of normal images with any mask; NaN without normal images */
} sm_mask_choice;

/** How a setting does. */
sm_mask_choice sm_mask_judge(const sm_mask_case *cases, int count, int threshold, int area);

/**
 * The setting with the highest objective: lesion Dice - `false_mask_price` * share of normal images with a mask. A
 * score from a few hundred images is uncertain, and extreme settings generalise badly: each setting is judged by the
 * mean over itself and its neighbours (one step in threshold and area), ties go to the threshold nearest 0.5.
 */
sm_mask_choice sm_mask_choose(const sm_mask_case *cases, int count, double false_mask_price);

#endif
