#include "reliability.h"

#include <math.h>

static const double SMALLEST_PROBABILITY = 1e-12;

static int most_probable(const double *probabilities) {
    int best = 0;
    for (int k = 1; k < SM_CLASS_COUNT; k++)
        if (probabilities[k] > probabilities[best]) best = k;
    return best;
}

sm_reliability sm_reliability_of(const double (*probabilities)[SM_CLASS_COUNT], const sm_class *true_class,
                                 const int *weights, int count) {
    sm_reliability reliability = {0};
    double total = 0;
    for (int i = 0; i < count; i++) {
        if ((int)true_class[i] >= SM_CLASS_COUNT) continue;
        double weight = weights ? weights[i] : 1;
        int predicted = most_probable(probabilities[i]);
        double confidence = probabilities[i][predicted];
        int bin = (int)(confidence * SM_RELIABILITY_BINS);
        bin = bin < 0 ? 0 : bin >= SM_RELIABILITY_BINS ? SM_RELIABILITY_BINS - 1 : bin;
        reliability.bins[bin].count += weight;
        reliability.bins[bin].confidence += weight * confidence;
        reliability.bins[bin].accuracy += predicted == (int)true_class[i] ? weight : 0.0;
        for (int k = 0; k < SM_CLASS_COUNT; k++) {
            double difference = probabilities[i][k] - (k == (int)true_class[i] ? 1.0 : 0.0);
            reliability.brier += weight * difference * difference;
        }
        reliability.log_loss -= weight * log(fmax(probabilities[i][true_class[i]], SMALLEST_PROBABILITY));
        total += weight;
    }
    for (int b = 0; b < SM_RELIABILITY_BINS; b++) {
        sm_reliability_bin *bin = &reliability.bins[b];
        reliability.ece += fabs(bin->accuracy - bin->confidence);
        bin->confidence = bin->count > 0 ? bin->confidence / bin->count : NAN;
        bin->accuracy = bin->count > 0 ? bin->accuracy / bin->count : NAN;
    }
    double images = total > 0 ? total : NAN;
    reliability.ece /= images;
    reliability.brier /= images;
    reliability.log_loss /= images;
    return reliability;
}

void sm_probabilities_before_temperature(const double *calibrated, double temperature, double *raw) {
    double largest = fmax(calibrated[most_probable(calibrated)], 1e-300), sum = 0;
    for (int k = 0; k < SM_CLASS_COUNT; k++) {
        raw[k] = calibrated[k] > 0 ? exp(temperature * log(calibrated[k] / largest)) : 0.0;
        sum += raw[k];
    }
    for (int k = 0; k < SM_CLASS_COUNT; k++) raw[k] = sum > 0 ? raw[k] / sum : 1.0 / SM_CLASS_COUNT;
}
