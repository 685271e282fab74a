#include "logistic_fit.h"

#include <math.h>
#include <string.h>

enum { SIZE = SM_LOGISTIC_FEATURES + 1 };

static double score(const sm_logistic_case *one, const double coefficients[SIZE]) {
    double sum = coefficients[SM_LOGISTIC_FEATURES];
    for (int k = 0; k < SM_LOGISTIC_FEATURES; k++) sum += coefficients[k] * one->features[k];
    return sum;
}

/* ln(1 + e^z) without overflow. */
static double softplus(double z) { return z > 0 ? z + log1p(exp(-z)) : log1p(exp(z)); }

static double loss_of(const sm_logistic_case *one, const double coefficients[SIZE]) {
    const double z = score(one, coefficients);
    return softplus(one->positive ? -z : z);
}

static double objective(const sm_logistic_case *cases, int count, double total, const double coefficients[SIZE]) {
    double sum = 0;
    for (int i = 0; i < count; i++)
        if (cases[i].weight > 0) sum += cases[i].weight / total * loss_of(&cases[i], coefficients);
    for (int k = 0; k < SM_LOGISTIC_FEATURES; k++) sum += 0.5 * SM_LOGISTIC_PENALTY * coefficients[k] * coefficients[k];
    return sum;
}

/* Solves the symmetric positive definite system matrix * x = right by elimination; x replaces `right`. */
static void solve(double matrix[SIZE][SIZE], double right[SIZE]) {
    for (int k = 0; k < SIZE; k++)
        for (int row = k + 1; row < SIZE; row++) {
            const double factor = matrix[row][k] / matrix[k][k];
            for (int column = k; column < SIZE; column++) matrix[row][column] -= factor * matrix[k][column];
            right[row] -= factor * right[k];
        }
    for (int k = SIZE - 1; k >= 0; k--) {
        for (int column = k + 1; column < SIZE; column++) right[k] -= matrix[k][column] * right[column];
        right[k] /= matrix[k][k];
    }
}

static void newton_step(const sm_logistic_case *cases, int count, double total, const bool fixed[SIZE],
                        const double coefficients[SIZE], double step[SIZE]) {
    double hessian[SIZE][SIZE] = {{0}};
    double gradient[SIZE] = {0};
    for (int i = 0; i < count; i++) {
        if (!(cases[i].weight > 0)) continue;
        double x[SIZE];
        memcpy(x, cases[i].features, sizeof cases[i].features);
        x[SM_LOGISTIC_FEATURES] = 1;
        const double p = 1 / (1 + exp(-score(&cases[i], coefficients)));
        const double weight = cases[i].weight / total;
        for (int k = 0; k < SIZE; k++) {
            gradient[k] += weight * (p - (cases[i].positive ? 1 : 0)) * x[k];
            for (int j = 0; j < SIZE; j++) hessian[k][j] += weight * p * (1 - p) * x[k] * x[j];
        }
    }
    for (int k = 0; k < SIZE; k++) {
        if (k < SM_LOGISTIC_FEATURES) gradient[k] += SM_LOGISTIC_PENALTY * coefficients[k];
        /* A ridge on the bias too, but only in the Hessian: the step stays finite, the optimum is the same. */
        hessian[k][k] += SM_LOGISTIC_PENALTY;
        if (!fixed[k]) continue;
        for (int j = 0; j < SIZE; j++) hessian[k][j] = hessian[j][k] = 0;
        hessian[k][k] = 1;
        gradient[k] = 0;
    }
    solve(hessian, gradient);
    for (int k = 0; k < SIZE; k++) step[k] = -gradient[k];
}

static void maximise(const sm_logistic_case *cases, int count, double total, const bool fixed[SIZE],
                     double coefficients[SIZE]) {
    memset(coefficients, 0, SIZE * sizeof *coefficients);
    double best = objective(cases, count, total, coefficients);
    for (int iteration = 0; iteration < 200; iteration++) {
        double step[SIZE];
        double next[SIZE];
        double largest = 0;
        newton_step(cases, count, total, fixed, coefficients, step);
        for (int k = 0; k < SIZE; k++) largest = fmax(largest, fabs(step[k]));
        /* Halved until the objective falls. */
        double value = INFINITY;
        for (double size = 1; size > 1e-6 && !(value <= best); size *= 0.5) {
            for (int k = 0; k < SIZE; k++) next[k] = coefficients[k] + size * step[k];
            value = objective(cases, count, total, next);
        }
        if (!(value <= best)) return;
        memcpy(coefficients, next, sizeof next);
        best = value;
        if (largest < 1e-10) return;
    }
}

bool sm_logistic_fit(const sm_logistic_case *cases, int count, double coefficients[SM_LOGISTIC_FEATURES + 1]) {
    double weights[2] = {0};
    for (int i = 0; i < count; i++)
        if (cases[i].weight > 0) weights[cases[i].positive] += cases[i].weight;
    if (!(weights[0] > 0) || !(weights[1] > 0)) return false;
    bool fixed[SIZE] = {false};
    for (bool again = true; again;) {
        maximise(cases, count, weights[0] + weights[1], fixed, coefficients);
        again = false;
        for (int k = 0; k < SM_LOGISTIC_FEATURES; k++)
            if (coefficients[k] < 0) again = fixed[k] = true;
    }
    return true;
}

double sm_logistic_loss(const sm_logistic_case *cases, int count, const double coefficients[SM_LOGISTIC_FEATURES + 1]) {
    double sum = 0;
    double total = 0;
    for (int i = 0; i < count; i++) {
        sum += cases[i].weight * loss_of(&cases[i], coefficients);
        total += cases[i].weight;
    }
    return total > 0 ? sum / total : NAN;
}
