/** The losses. mask_loss also has a fast version (losses.c); the type losses have one row of three per image. */
#include <math.h>

#include "operations.h"

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

double SM_REFERENCE(sm_mask_loss)(const sm_mask_loss *args) {
    double total = 0;
    for (int image = 0; image < args->batch; image++) {
        size_t start = (size_t)image * (size_t)args->pixels;
        const sm_real *logits = args->logits + start, *target = args->target + start;
        double cross_entropy = 0, intersection = 0, probabilities = 0, targets = 0;
        for (int i = 0; i < args->pixels; i++) {
            double x = logits[i], t = target[i], p = sigmoid(x);
            /* -t log p - (1 - t) log(1 - p), in a form that neither overflows nor cancels. */
            cross_entropy += (x > 0 ? x : 0) - x * t + log1p(exp(-fabs(x)));
            intersection += p * t;
            probabilities += p;
            targets += t;
        }
        double numerator = 2 * intersection + args->dice_smooth;
        double denominator = probabilities + targets + args->dice_smooth;
        /* Without smoothing, and with neither predicted nor target pixels: full agreement, gradient 0. */
        bool defined = denominator > 0;
        double dice = defined ? numerator / denominator : 1;
        double weight = (args->weights ? (double)args->weights[image] : 1) / (double)args->batch;
        total += weight * (args->bce_weight * cross_entropy / args->pixels + args->dice_weight * (1 - dice));
        for (int i = 0; i < args->pixels && args->gradient; i++) {
            double t = target[i], p = sigmoid(logits[i]);
            double dice_gradient = defined ? (2 * t - dice) / denominator * p * (1 - p) : 0;
            args->gradient[start + (size_t)i] =
                (sm_real)(weight * (args->bce_weight * (p - t) / args->pixels - args->dice_weight * dice_gradient));
        }
    }
    return total;
}

double SM_REFERENCE(sm_cross_entropy)(const sm_real *logits, const sm_real *target, int rows, int classes,
                                      sm_real *gradient) {
    double total = 0;
    for (int row = 0; row < rows; row++) {
        const sm_real *x = logits + (size_t)row * (size_t)classes, *row_target = target + (size_t)row * (size_t)classes;
        double largest = x[0], sum = 0, row_loss = 0;
        double row_weight = 1 / (double)rows;
        for (int k = 1; k < classes; k++) largest = x[k] > largest ? x[k] : largest;
        for (int k = 0; k < classes; k++) sum += exp(x[k] - largest);
        for (int k = 0; k < classes; k++) {
            double log_probability = x[k] - largest - log(sum);
            row_loss -= (double)row_target[k] * log_probability;
            if (gradient)
                gradient[(size_t)row * (size_t)classes + (size_t)k] =
                    (sm_real)(row_weight * (exp(log_probability) - (double)row_target[k]));
        }
        total += row_weight * row_loss;
    }
    return total;
}

double SM_REFERENCE(sm_type_mae)(const sm_real *logits, const int *target, int rows, sm_real *gradient) {
    double total = 0;
    for (int row = 0; row < rows; row++) {
        double row_weight = 1 / (2.0 * rows);
        if (gradient) gradient[(size_t)row * 3] = 0;
        for (int k = 1; k < 3; k++) {
            size_t index = (size_t)row * 3 + (size_t)k;
            double p = sigmoid(logits[index]), difference = p - (target[row] == k ? 1 : 0);
            total += row_weight * fabs(difference);
            double sign = difference > 0 ? 1 : difference < 0 ? -1 : 0;
            if (gradient) gradient[index] = (sm_real)(row_weight * sign * p * (1 - p));
        }
    }
    return total;
}
