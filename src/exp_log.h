/**
 * Exponential and logarithm in double precision, for arguments of any kind: infinities, NaN and subnormal numbers give
 * what exp() and log() of the C library give. The error is at most 2 units in the last place.
 *
 * Not those of the C library: the tables behind them take a fifteenth of the WebAssembly module. And the same code
 * gives the same bits in every build.
 */
#ifndef SONOMASK_EXP_LOG_H
#define SONOMASK_EXP_LOG_H

double sm_exp(double x);

/** The natural logarithm. */
double sm_log(double x);

/** log(1 + x), also for small x. */
double sm_log1p(double x);

#endif
