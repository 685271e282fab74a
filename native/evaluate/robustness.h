/** How scores fall when images are perturbed: one point for each kind and strength of perturbation. */
#ifndef SONOMASK_ROBUSTNESS_H
#define SONOMASK_ROBUSTNESS_H

#include "../data/perturb.h"
#include "../evaluator.h"
#include "../metrics/evaluated.h"

typedef struct sm_robustness_point {
    sm_perturbation kind; /**< SM_PERTURBATIONS: the unchanged images */
    double strength;
    bool study;                       /**< the kind and strength are among the seed study's augmentations */
    int images, typed_images, right;  /**< all images, those of known type, and those predicted correctly */
    int lesion_images, normal_images; /**< a cropped image counts if it keeps 90 % of its lesion's pixels */
    double dice;                      /**< sum over lesion images */
    double masks;                     /**< number of normal images with any mask */
} sm_robustness_point;

enum { SM_ROBUSTNESS_POINTS = 32 };

typedef struct sm_robustness {
    sm_robustness_point points[SM_ROBUSTNESS_POINTS]; /**< the first is that of the unchanged images */
    int images;
} sm_robustness;

/** All points, without scores. */
sm_robustness sm_robustness_make(void);

/**
 * Segments `count` records under every perturbation and adds the scores, with a progress bar on stderr. Images that
 * cannot be read are left out without a message, as sm_evaluate reports them. Ranks share the records. Errors:
 * SM_ERROR_MEMORY, those of ranks.h.
 */
sm_status sm_robustness_add(sm_robustness *robustness, sm_evaluator *evaluator, const sm_record *const *records,
                            int count, sm_error *error);

/** NaN when no image determines the value. */
double sm_robustness_dice(const sm_robustness_point *point);
double sm_robustness_accuracy(const sm_robustness_point *point);
double sm_robustness_false_masks(const sm_robustness_point *point);
/** Mean lesion Dice over the study's perturbations. */
double sm_robustness_study_dice(const sm_robustness *robustness);

#endif
