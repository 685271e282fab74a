#include "gradient_check.h"

#include <math.h>

void gradient_numeric(gradient_objective *objective, void *context, double *values, size_t count, double step,
                      double *numeric) {
    for (size_t i = 0; i < count; i++) {
        double value = values[i];
        values[i] = value + step;
        double above = objective(values, context);
        values[i] = value - step;
        double below = objective(values, context);
        values[i] = value;
        numeric[i] = (above - below) / (2 * step);
    }
}

double gradient_error(const double *analytic, const double *numeric, size_t count) {
    double error = 0, largest = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(analytic[i]) || !isfinite(numeric[i])) return INFINITY;
        error = fmax(error, fabs(analytic[i] - numeric[i]));
        largest = fmax(largest, fabs(numeric[i]));
    }
    return largest > 0 ? error / largest : INFINITY;
}
