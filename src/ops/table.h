/** The kernel sets of the SIMD targets. SM_HAVE_* defines which of them a build has (kernels.c). */
#ifndef SONOMASK_TABLE_H
#define SONOMASK_TABLE_H

#include "ops.h"

/**
 * Marks the entries that only training and `bench` call. In an inference build (the wasm module) they are NULL, so that
 * the linker drops their functions, a third of the code.
 */
#ifdef SM_INFERENCE_ONLY
#define SM_TRAINING(function) NULL
#else
#define SM_TRAINING(function) function
#endif

/** In inference the convolution before a pooling performs it (net_inference.c), so that the small code is enough there.
 */
#ifdef SM_INFERENCE_ONLY
#define SM_POOLED_BY_CONVOLUTION(function, reference) reference
#else
#define SM_POOLED_BY_CONVOLUTION(function, reference) function
#endif

/* See `peak` in sm_kernels. */
float sm_peak_scalar(long rounds, double *operations);
float sm_peak_simd128(long rounds, double *operations);
float sm_peak_avx2(long rounds, double *operations);
float sm_peak_avx512(long rounds, double *operations);

extern const sm_kernels sm_kernels_table_scalar;
extern const sm_kernels sm_kernels_table_simd128;
extern const sm_kernels sm_kernels_table_avx2;
extern const sm_kernels sm_kernels_table_avx512;

#endif
