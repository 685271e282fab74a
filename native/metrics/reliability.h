/** How well the type probabilities are calibrated: reliability bins, expected calibration error, Brier score, log loss.
 */
#ifndef SONOMASK_RELIABILITY_H
#define SONOMASK_RELIABILITY_H

#include "../../src/sonomask.h"

enum { SM_RELIABILITY_BINS = 10 };

typedef struct sm_reliability_bin {
    double count;      /**< images whose confidence lies in [k/10, (k+1)/10); the last bin includes 1 */
    double confidence; /**< mean probability of the predicted class; NaN in an empty bin */
    double accuracy;   /**< share of correct predictions; NaN in an empty bin */
} sm_reliability_bin;

typedef struct sm_reliability {
    sm_reliability_bin bins[SM_RELIABILITY_BINS];
    double ece;      /**< expected calibration error of the predicted class (Guo et al., ICML 2017), equal-width bins */
    double brier;    /**< mean squared distance to the one-hot true class, summed over classes: 0..2 (Brier, 1950) */
    double log_loss; /**< mean of -ln(probability of the true class); probabilities are clamped to at least 1e-12 */
} sm_reliability;

/**
 * Over `count` images: probabilities[i] is finite and sums to 1, true_class[i] is the label, weights[i] is how often
 * the image counts (NULL: once). Images of unknown class (SM_CLASS_COUNT) are left out. The predicted class is the most
 * probable one, the first of equal ones. Without images every value is NaN.
 */
sm_reliability sm_reliability_of(const double (*probabilities)[SM_CLASS_COUNT], const sm_class *true_class,
                                 const int *weights, int count);

/**
 * Reverts temperature scaling: softmax(z / T) to the power T, normalised, is softmax(z). `raw` receives the
 * probabilities before the temperature.
 */
void sm_probabilities_before_temperature(const double *calibrated, double temperature, double *raw);

#endif
