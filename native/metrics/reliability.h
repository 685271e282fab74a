/** Do the type probabilities mean what they say? Reliability bins, ECE, Brier score, log loss. */
#ifndef SONOMASK_RELIABILITY_H
#define SONOMASK_RELIABILITY_H

#include "../../src/sonomask.h"

enum { SM_RELIABILITY_BINS = 10 };

typedef struct sm_reliability_bin {
    double count;      /**< answers whose confidence lies in [k/10, (k+1)/10), the last bin with 1 */
    double confidence; /**< mean probability of the answered class; NaN in an empty bin */
    double accuracy;   /**< share of right answers; NaN in an empty bin */
} sm_reliability_bin;

typedef struct sm_reliability {
    sm_reliability_bin bins[SM_RELIABILITY_BINS];
    double ece;      /**< expected calibration error of the answered class (Guo et al., ICML 2017), ten equal bins */
    double brier;    /**< mean over images of the squared distance to the one-hot truth, 0..2 (Brier, 1950) */
    double log_loss; /**< mean of -ln(probability of the true class), probabilities at least 1e-12 */
} sm_reliability;

/**
 * Over `count` answers: probabilities[i] sums to 1, truth[i] is the class, weights[i] how often it counts (NULL:
 * once). Figures are NaN without answers.
 */
sm_reliability sm_reliability_of(const double (*probabilities)[SM_CLASS_COUNT], const sm_class *truth,
                                 const int *weights, int count);

/**
 * Undoes the model's temperature: softmax(z / T) raised to the power T and normalised is softmax(z). `raw` gets what
 * the network answered before calibration.
 */
void sm_probabilities_before_temperature(const double *calibrated, double temperature, double *raw);

#endif
