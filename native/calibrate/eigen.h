/** Eigenvalues and eigenvectors of a small symmetric matrix. */
#ifndef SONOMASK_EIGEN_H
#define SONOMASK_EIGEN_H

/**
 * Jacobi's method with cyclic sweeps (Golub and Van Loan, "Matrix Computations", section 8.5). `matrix` is
 * [size][size], symmetric, and is destroyed; `values` [size] come sorted, largest first, and row k of `vectors`
 * [size][size] is the unit eigenvector of values[k], its largest component positive.
 */
void sm_eigen(double *matrix, int size, double *values, double *vectors);

#endif
