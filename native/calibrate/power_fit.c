#include "power_fit.h"

#include <math.h>

double sm_power_error(const double *expected, const double *dice, const double *weights, int count, double power) {
    double sum = 0;
    double total = 0;
    for (int i = 0; i < count; i++) {
        if (!isfinite(expected[i])) continue;
        const double difference = pow(expected[i], power) - dice[i];
        sum += weights[i] * difference * difference;
        total += weights[i];
    }
    return total > 0 ? sum / total : NAN;
}

double sm_power_fit(const double *expected, const double *dice, const double *weights, int count) {
    enum { STEPS = 400 };
    double best = 1;
    double least = sm_power_error(expected, dice, weights, count, 1);
    if (!isfinite(least)) return 1;
    /* The error may have several minima, so all powers of a grid are tried. */
    for (int step = 0; step <= STEPS; step++) {
        const double power = SM_POWER_LOW * pow(SM_POWER_HIGH / SM_POWER_LOW, (double)step / STEPS);
        const double error = sm_power_error(expected, dice, weights, count, power);
        if (error >= least) continue;
        least = error;
        best = power;
    }
    return best;
}
