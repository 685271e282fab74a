/** Fits the temperature of the type probabilities. */
#ifndef SONOMASK_TEMPERATURE_FIT_H
#define SONOMASK_TEMPERATURE_FIT_H

#include "../../src/sonomask.h"

#define SM_TEMPERATURE_LOW 0.1
#define SM_TEMPERATURE_HIGH 10.0

/** Applies a temperature to probabilities: softmax(log(raw) / temperature). */
void sm_probabilities_after_temperature(const double *raw, double temperature, double *calibrated);

/**
 * The temperature between SM_TEMPERATURE_LOW and _HIGH with the lowest mean negative log likelihood of the true classes
 * (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017), found by golden-section search, since the
 * likelihood has a single optimum. Images of unknown class (SM_CLASS_COUNT) are left out. 1 without answers.
 */
double sm_temperature_fit(const double (*raw)[SM_CLASS_COUNT], const sm_class *true_class, int count);

#endif
