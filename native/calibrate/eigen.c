#include "eigen.h"

#include <math.h>
#include <stddef.h>

enum { SWEEPS = 60 };

static double *at(double *matrix, int size, int row, int column) {
    return matrix + (size_t)row * (size_t)size + (size_t)column;
}

static double off_diagonal(double *matrix, int size) {
    double sum = 0;
    for (int i = 0; i < size; i++)
        for (int k = 0; k < i; k++) sum += *at(matrix, size, i, k) * *at(matrix, size, i, k);
    return sum;
}

/** Makes matrix[p][q] zero by a rotation of axes p and q, and applies it to the rows of `vectors`. */
static void rotate(double *matrix, double *vectors, int size, int p, int q) {
    const double apq = *at(matrix, size, p, q);
    if (apq == 0) return;
    const double theta = (*at(matrix, size, q, q) - *at(matrix, size, p, p)) / (2 * apq);
    const double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1));
    const double c = 1 / sqrt(t * t + 1);
    const double s = t * c;
    for (int k = 0; k < size; k++) {
        const double kp = *at(matrix, size, k, p);
        const double kq = *at(matrix, size, k, q);
        *at(matrix, size, k, p) = c * kp - s * kq;
        *at(matrix, size, k, q) = s * kp + c * kq;
    }
    for (int k = 0; k < size; k++) {
        const double pk = *at(matrix, size, p, k);
        const double qk = *at(matrix, size, q, k);
        *at(matrix, size, p, k) = c * pk - s * qk;
        *at(matrix, size, q, k) = s * pk + c * qk;
        const double vp = *at(vectors, size, p, k);
        const double vq = *at(vectors, size, q, k);
        *at(vectors, size, p, k) = c * vp - s * vq;
        *at(vectors, size, q, k) = s * vp + c * vq;
    }
}

static void swap_rows(double *vectors, int size, int first, int second) {
    for (int k = 0; k < size; k++) {
        const double kept = *at(vectors, size, first, k);
        *at(vectors, size, first, k) = *at(vectors, size, second, k);
        *at(vectors, size, second, k) = kept;
    }
}

/** Makes the largest component positive, since the sign of an eigenvector is arbitrary. */
static void fix_sign(double *vector, int size) {
    int largest = 0;
    for (int k = 1; k < size; k++)
        if (fabs(vector[k]) > fabs(vector[largest])) largest = k;
    if (vector[largest] >= 0) return;
    for (int k = 0; k < size; k++) vector[k] = -vector[k];
}

void sm_eigen(double *matrix, int size, double *values, double *vectors) {
    double scale = 0;
    for (int i = 0; i < size; i++) {
        scale += *at(matrix, size, i, i) * *at(matrix, size, i, i);
        for (int k = 0; k < size; k++) *at(vectors, size, i, k) = i == k;
    }
    for (int sweep = 0; sweep < SWEEPS && off_diagonal(matrix, size) > 1e-24 * scale; sweep++)
        for (int p = 0; p < size; p++)
            for (int q = p + 1; q < size; q++) rotate(matrix, vectors, size, p, q);
    for (int i = 0; i < size; i++) values[i] = *at(matrix, size, i, i);
    for (int i = 0; i < size; i++) {
        int largest = i;
        for (int k = i + 1; k < size; k++)
            if (values[k] > values[largest]) largest = k;
        const double kept = values[i];
        values[i] = values[largest];
        values[largest] = kept;
        if (largest != i) swap_rows(vectors, size, i, largest);
        fix_sign(at(vectors, size, i, 0), size);
    }
}
