/** The kernel sets of the SIMD targets; which of them a build links is told by SM_HAVE_* (see kernels.c). */
#ifndef SONOMASK_TABLE_H
#define SONOMASK_TABLE_H

#include "ops.h"

extern const sm_kernels sm_kernels_table_scalar;
extern const sm_kernels sm_kernels_table_simd128;
extern const sm_kernels sm_kernels_table_avx2;
extern const sm_kernels sm_kernels_table_avx512;

#endif
