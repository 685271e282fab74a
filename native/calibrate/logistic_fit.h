/** Logistic regression with two features. */
#ifndef SONOMASK_LOGISTIC_FIT_H
#define SONOMASK_LOGISTIC_FIT_H

#include <stdbool.h>

enum { SM_LOGISTIC_FEATURES = 2 };

typedef struct sm_logistic_case {
    double features[SM_LOGISTIC_FEATURES];
    bool positive;
    double weight; /**< 0 or more */
} sm_logistic_case;

/** The penalty on the squared coefficients, for a total weight of 1. It keeps them finite for separable cases. */
#define SM_LOGISTIC_PENALTY 1e-3

/**
 * Maximum likelihood by Newton's method, with an L2 penalty on the coefficients but not on the bias. `coefficients` are
 * those of the features, then the bias. Both features are evidence for a positive, so a coefficient that would be
 * negative is set to 0 and the others are fitted again. Returns false, with `coefficients` unchanged, when there are no
 * positive or no negative cases of positive weight.
 */
bool sm_logistic_fit(const sm_logistic_case *cases, int count, double coefficients[SM_LOGISTIC_FEATURES + 1]);

/** Mean weighted log loss (natural logarithm); NaN without weight. */
double sm_logistic_loss(const sm_logistic_case *cases, int count, const double coefficients[SM_LOGISTIC_FEATURES + 1]);

#endif
