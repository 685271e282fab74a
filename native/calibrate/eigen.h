/** Eigenvalues and eigenvectors of a small symmetric matrix. */
#ifndef SONOMASK_EIGEN_H
#define SONOMASK_EIGEN_H

/**
 * Jacobi's method with cyclic sweeps (Golub and Van Loan, "Matrix Computations", section 8.5). `matrix` is
 * [size][size], symmetric, and is overwritten. `values` [size] are sorted, the largest first. Row k of `vectors`
 * [size][size] is the unit eigenvector of values[k], with a positive largest component.
 */
void sm_eigen(double *matrix, int size, double *values, double *vectors);

#endif
