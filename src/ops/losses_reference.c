/** mask_loss has a fast version in losses.c; the type losses are shared by all targets: one row of three an image. */
#include <math.h>

#include "operations.h"

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

double SM_REFERENCE(sm_mask_loss)(const sm_mask_loss *args) {
    double total = 0;
    for (int image = 0; image < args->batch; image++) {
        size_t start = (size_t)image * (size_t)args->pixels;
        const sm_real *logits = args->logits + start, *truth = args->truth + start;
        double cross_entropy = 0, intersection = 0, probabilities = 0, truths = 0;
        for (int i = 0; i < args->pixels; i++) {
            double x = logits[i], t = truth[i], p = sigmoid(x);
            /* -t log p - (1 - t) log(1 - p), in a form that neither overflows nor cancels. */
            cross_entropy += (x > 0 ? x : 0) - x * t + log1p(exp(-fabs(x)));
            intersection += p * t;
            probabilities += p;
            truths += t;
        }
        double numerator = 2 * intersection + args->dice_smooth;
        double denominator = probabilities + truths + args->dice_smooth;
        /* Nothing found where nothing is, without smoothing: that is full agreement, and no way to improve. */
        bool defined = denominator > 0;
        double dice = defined ? numerator / denominator : 1;
        double weight = (args->image_weight ? args->image_weight[image] : 1) / (double)args->batch;
        total += weight * (args->bce_weight * cross_entropy / args->pixels + args->dice_weight * (1 - dice));
        for (int i = 0; i < args->pixels && args->gradient; i++) {
            double t = truth[i], p = sigmoid(logits[i]);
            double dice_gradient = defined ? (2 * t - dice) / denominator * p * (1 - p) : 0;
            args->gradient[start + (size_t)i] =
                (sm_real)(weight * (args->bce_weight * (p - t) / args->pixels - args->dice_weight * dice_gradient));
        }
    }
    return total;
}

double SM_REFERENCE(sm_cross_entropy)(const sm_real *logits, const sm_real *truth, const sm_real *weight, int rows,
                                      int classes, sm_real *gradient) {
    double total = 0;
    for (int row = 0; row < rows; row++) {
        const sm_real *x = logits + (size_t)row * (size_t)classes, *wanted = truth + (size_t)row * (size_t)classes;
        double largest = x[0], sum = 0, row_loss = 0;
        double row_weight = (weight ? weight[row] : 1) / (double)rows;
        for (int k = 1; k < classes; k++) largest = x[k] > largest ? x[k] : largest;
        for (int k = 0; k < classes; k++) sum += exp(x[k] - largest);
        for (int k = 0; k < classes; k++) {
            double log_probability = x[k] - largest - log(sum);
            row_loss -= (double)wanted[k] * log_probability;
            if (gradient)
                gradient[(size_t)row * (size_t)classes + (size_t)k] =
                    (sm_real)(row_weight * (exp(log_probability) - (double)wanted[k]));
        }
        total += row_weight * row_loss;
    }
    return total;
}

double SM_REFERENCE(sm_type_mae)(const sm_real *logits, const int *truth, const sm_real *weight, int rows,
                                 sm_real *gradient) {
    double total = 0;
    for (int row = 0; row < rows; row++) {
        double row_weight = (weight ? weight[row] : 1) / (2.0 * rows);
        if (gradient) gradient[(size_t)row * 3] = 0;
        for (int k = 1; k < 3; k++) {
            size_t index = (size_t)row * 3 + (size_t)k;
            double p = sigmoid(logits[index]), difference = p - (truth[row] == k ? 1 : 0);
            total += row_weight * fabs(difference);
            double sign = difference > 0 ? 1 : difference < 0 ? -1 : 0;
            if (gradient) gradient[index] = (sm_real)(row_weight * sign * p * (1 - p));
        }
    }
    return total;
}
