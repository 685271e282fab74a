/** How scores fall when images change: one point for each kind and strength of change. */
#ifndef SONOMASK_ROBUSTNESS_H
#define SONOMASK_ROBUSTNESS_H

#include "../data/perturb.h"
#include "evaluation.h"

typedef struct sm_robustness_point {
    sm_perturbation kind; /**< SM_PERTURBATIONS: the unchanged images */
    double strength;
    bool study;                       /**< one of the changes of the study's augmentation, at its strength */
    int images, right;                /**< of images; whose type was answered right */
    int lesion_images, normal_images; /**< a cropped image counts when it keeps 90 % of its lesion's pixels */
    double dice, masks;               /**< sums: over lesion images; normal images with any mask */
} sm_robustness_point;

enum { SM_ROBUSTNESS_POINTS = 32 };

typedef struct sm_robustness {
    sm_robustness_point points[SM_ROBUSTNESS_POINTS]; /**< the first is that of the unchanged images */
    int images;
} sm_robustness;

/** Lists what will be tried. */
sm_robustness sm_robustness_make(void);

/**
 * Segments `count` records under every change and adds the scores, with a progress bar. Images that cannot be read are
 * left out (sm_evaluate has said so). Errors: SM_ERROR_MEMORY.
 */
sm_status sm_robustness_add(sm_robustness *robustness, sm_evaluator *evaluator, const sm_record *const *records,
                            int count, sm_error *error);

/** NaN without images that decide it. */
double sm_robustness_dice(const sm_robustness_point *point);
double sm_robustness_accuracy(const sm_robustness_point *point);
double sm_robustness_false_masks(const sm_robustness_point *point);
/** Mean over the study's changes of lesion Dice. */
double sm_robustness_study_dice(const sm_robustness *robustness);

#endif
