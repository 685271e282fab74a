#include "temperature_fit.h"

#include <math.h>

static const double SMALLEST_PROBABILITY = 1e-30;

void sm_probabilities_after_temperature(const double *raw, double temperature, double *calibrated) {
    double largest = 0;
    double sum = 0;
    for (int k = 0; k < SM_CLASS_COUNT; k++) largest = fmax(largest, raw[k]);
    largest = fmax(largest, SMALLEST_PROBABILITY);
    for (int k = 0; k < SM_CLASS_COUNT; k++) {
        calibrated[k] = exp(log(fmax(raw[k], SMALLEST_PROBABILITY) / largest) / temperature);
        sum += calibrated[k];
    }
    for (int k = 0; k < SM_CLASS_COUNT; k++) calibrated[k] /= sum;
}

static double log_loss(const double (*raw)[SM_CLASS_COUNT], const sm_class *true_class, int count, double temperature) {
    double loss = 0;
    for (int i = 0; i < count; i++) {
        double calibrated[SM_CLASS_COUNT];
        if ((int)true_class[i] >= SM_CLASS_COUNT) continue;
        sm_probabilities_after_temperature(raw[i], temperature, calibrated);
        loss -= log(fmax(calibrated[true_class[i]], SMALLEST_PROBABILITY));
    }
    return loss;
}

double sm_temperature_fit(const double (*raw)[SM_CLASS_COUNT], const sm_class *true_class, int count) {
    const double golden = 0.6180339887498949;
    int known = 0;
    for (int i = 0; i < count; i++) known += (int)true_class[i] < SM_CLASS_COUNT;
    if (known == 0) return 1;
    double low = log(SM_TEMPERATURE_LOW);
    double high = log(SM_TEMPERATURE_HIGH);
    double a = high - golden * (high - low);
    double b = low + golden * (high - low);
    double loss_a = log_loss(raw, true_class, count, exp(a));
    double loss_b = log_loss(raw, true_class, count, exp(b));
    while (high - low > 1e-5) {
        if (loss_a <= loss_b) {
            high = b;
            b = a;
            loss_b = loss_a;
            a = high - golden * (high - low);
            loss_a = log_loss(raw, true_class, count, exp(a));
        } else {
            low = a;
            a = b;
            loss_a = loss_b;
            b = low + golden * (high - low);
            loss_b = log_loss(raw, true_class, count, exp(b));
        }
    }
    return exp(0.5 * (low + high));
}
