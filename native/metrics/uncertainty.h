/** Does a model know when it is wrong? How well the expected Dice ranks the true one. */
#ifndef SONOMASK_UNCERTAINTY_H
#define SONOMASK_UNCERTAINTY_H

#include "evaluated.h"

/** Answers with a Dice below this are failures. */
#define SM_FAILED_DICE 0.5

/** The answers of a set of images, sorted once for all questions. */
typedef struct sm_uncertainty sm_uncertainty;

/** NULL without memory. */
sm_uncertainty *sm_uncertainty_make(const sm_evaluated_image *const *images, int count);
void sm_uncertainty_free(sm_uncertainty *uncertainty);

/** weights[i] says how often image i counts. All are NaN where nothing decides them. */
typedef struct sm_uncertainty_scores {
    double spearman; /**< rank correlation of expected and true Dice over all images (ties take their mean rank) */
    double auroc;    /**< of the expected Dice for telling failures from the rest */
    /** Area under the risk-coverage curve: the mean, over all shares of images answered, the surest first, of the mean
     * of 1 - Dice among them (Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks", 2017). */
    double risk_coverage_area;
    double bias; /**< mean expected Dice - mean true Dice */
} sm_uncertainty_scores;

sm_uncertainty_scores sm_uncertainty_score(const sm_uncertainty *uncertainty, const int *weights);

/**
 * The curve: coverage[k] = (k + 1) / count, risk[k] the mean of 1 - Dice of the k + 1 surest answers, and best[k] the
 * same if the model knew the true Dice; each has room for all images. Returns their number.
 */
int sm_risk_coverage(const sm_uncertainty *uncertainty, double *coverage, double *risk, double *best);

#endif
