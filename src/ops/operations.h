/**
 * Declares every operation twice: the reference (`sm_X_reference`, or `sm_X_reference_double` under SM_REAL_DOUBLE) and
 * the fast version of the SIMD target being compiled (`sm_X_avx512`, ...). They are documented at the members of
 * `sm_kernels` in ops.h. Only the files of this folder and the tests include this; other code uses the
 * tables.
 *
 * Operations declared only in SM_DECLARE_SHARED have no fast version: they process a few hundred numbers per network
 * pass (a softmax of three classes, a dense layer on one vector per image), or are limited by an integer hash that must
 * be the same on every target. All tables hold the reference.
 */
#ifndef SONOMASK_OPERATIONS_H
#define SONOMASK_OPERATIONS_H

#include "../simd.h"
#include "ops.h"

#define SM_DECLARE_VECTORISED(NAME, real)                                                                              \
    size_t NAME(sm_conv1x1_workspace)(const sm_conv *args, int threads);                                               \
    void NAME(sm_conv1x1_forward)(const sm_conv *args);                                                                \
    void NAME(sm_conv1x1_backward_data)(const sm_conv *args);                                                          \
    void NAME(sm_conv1x1_backward_weights)(const sm_conv *args);                                                       \
    size_t NAME(sm_norm_sums_workspace)(const sm_norm_backward *args, int threads);                                    \
    void NAME(sm_norm_sums)(const sm_norm_backward *args);                                                             \
    void NAME(sm_norm_apply)(const sm_norm_backward *args);                                                            \
    void NAME(sm_max_pool)(const sm_source *source, int batch, int height, int width, real *output,                    \
                           const sm_parallel *parallel);                                                               \
    void NAME(sm_max_pool_backward)(const sm_source *source, int batch, int height, int width,                         \
                                    const real *output_gradient, const sm_target *target,                              \
                                    const sm_parallel *parallel);                                                      \
    void NAME(sm_upsample_bilinear)(const real *input, int batch, int height, int width, int channels, real *output,   \
                                    const sm_parallel *parallel);                                                      \
    void NAME(sm_upsample_bilinear_backward)(const real *output_gradient, int batch, int height, int width,            \
                                             int channels, real *input_gradient, bool accumulate,                      \
                                             const sm_parallel *parallel);                                             \
    void NAME(sm_global_pool)(const sm_source *source, int batch, int height, int width, real *average,                \
                              real *maximum);                                                                          \
    void NAME(sm_global_pool_backward)(const sm_source *source, int batch, int height, int width,                      \
                                       const real *average_gradient, const real *maximum_gradient,                     \
                                       const sm_target *target);                                                       \
    void NAME(sm_sigmoid)(const real *input, size_t count, real *output);                                              \
    double NAME(sm_mask_loss)(const sm_mask_loss *args);                                                               \
    void NAME(sm_adamw)(const sm_adamw *args);                                                                         \
    double NAME(sm_sum_of_squares)(const real *values, size_t count);

#define SM_DECLARE_SHARED(NAME, real)                                                                                  \
    void NAME(sm_dense)(const real *input, int batch, int inputs, int outputs, const real *weights, const real *bias,  \
                        real *output);                                                                                 \
    void NAME(sm_dense_backward)(const real *input, const real *output_gradient, int batch, int inputs, int outputs,   \
                                 const real *weights, real *weights_gradient, real *bias_gradient,                     \
                                 real *input_gradient);                                                                \
    void NAME(sm_softmax)(const real *input, int rows, int classes, real *output);                                     \
    void NAME(sm_softmax_backward)(const real *output, const real *output_gradient, int rows, int classes,             \
                                   real *input_gradient);                                                              \
    void NAME(sm_dropout)(real * values, size_t count, real rate, unsigned long long seed);                            \
    double NAME(sm_cross_entropy)(const real *logits, const real *target, int rows, int classes, real *gradient);      \
    double NAME(sm_type_mae)(const real *logits, const int *target, int rows, real *gradient);

SM_DECLARE_VECTORISED(SM_REFERENCE, sm_real)
SM_DECLARE_SHARED(SM_REFERENCE, sm_real)
#ifndef SM_REAL_DOUBLE
SM_DECLARE_VECTORISED(SM_KERNEL, float)
#endif

#undef SM_DECLARE_VECTORISED
#undef SM_DECLARE_SHARED

#endif
