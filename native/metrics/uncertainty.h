/** How well the expected Dice predicts the true Dice: rank correlation, failure detection, risk and coverage. */
#ifndef SONOMASK_UNCERTAINTY_H
#define SONOMASK_UNCERTAINTY_H

#include "evaluated.h"

/** A mask or outline with a Dice below this is a failure. */
#define SM_FAILED_DICE 0.5

/** Expected and true Dice of the images with a reference outline, sorted once for all scores. */
typedef struct sm_uncertainty sm_uncertainty;

/** NULL when memory is short. */
sm_uncertainty *sm_uncertainty_make(const sm_evaluated_image *const *images, int count);
void sm_uncertainty_free(sm_uncertainty *uncertainty);

/** A score is NaN when no image determines it. */
typedef struct sm_uncertainty_scores {
    double spearman; /**< rank correlation of expected and true Dice over all images; ties have their mean rank */
    double auroc;    /**< of the expected Dice for separating failures from the rest */
    /** Area under the risk-coverage curve. With the images in the order of falling expected Dice, the risk of the first
     * n is their mean of 1 - Dice; the area is the mean risk over all n (Geifman and El-Yaniv, "Selective
     * Classification for Deep Neural Networks", 2017). */
    double risk_coverage_area;
    double bias; /**< mean expected Dice - mean true Dice */
} sm_uncertainty_scores;

/** weights[i] is how often image i counts. */
sm_uncertainty_scores sm_uncertainty_score(const sm_uncertainty *uncertainty, const int *weights);

/**
 * The risk-coverage curve: coverage[k] = (k + 1) / count, risk[k] is the mean of 1 - Dice of the k + 1 images with the
 * highest expected Dice, best[k] the same for the highest true Dice. Each array has room for all images. Returns the
 * number of images with a reference outline.
 */
int sm_risk_coverage(const sm_uncertainty *uncertainty, double *coverage, double *risk, double *best);

#endif
