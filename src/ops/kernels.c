/**
 * Chooses a kernel set. The build defines SM_HAVE_SCALAR, SM_HAVE_SIMD128, SM_HAVE_AVX2 and SM_HAVE_AVX512 for the
 * targets that it compiles: all those of the architecture natively, one in a wasm module.
 */
#include "../simd.h"
#include "../types.h"
#include "conv3x3.h"
#include "operations.h"
#include "table.h"

static const sm_kernels reference = {
    .name = "reference",
    .conv3x3_transformed_size = sm_conv3x3_transformed_size_reference,
    .conv3x3_transform = sm_conv3x3_transform_reference,
    .conv3x3_workspace = sm_conv3x3_workspace_reference,
    .conv3x3_forward = sm_conv3x3_forward_reference,
    .conv3x3_backward_data = SM_TRAINING(sm_conv3x3_backward_data_reference),
    .conv3x3_backward_weights = SM_TRAINING(sm_conv3x3_backward_weights_reference),
    .conv1x1_workspace = sm_conv1x1_workspace_reference,
    .conv1x1_forward = sm_conv1x1_forward_reference,
    .conv1x1_backward_data = SM_TRAINING(sm_conv1x1_backward_data_reference),
    .conv1x1_backward_weights = SM_TRAINING(sm_conv1x1_backward_weights_reference),
    .norm_sums_workspace = SM_TRAINING(sm_norm_sums_workspace_reference),
    .norm_sums = SM_TRAINING(sm_norm_sums_reference),
    .norm_apply = SM_TRAINING(sm_norm_apply_reference),
    .max_pool = sm_max_pool_reference,
    .max_pool_backward = SM_TRAINING(sm_max_pool_backward_reference),
    .upsample_bilinear = sm_upsample_bilinear_reference,
    .upsample_bilinear_backward = SM_TRAINING(sm_upsample_bilinear_backward_reference),
    .global_pool = sm_global_pool_reference,
    .global_pool_backward = SM_TRAINING(sm_global_pool_backward_reference),
    .dense = sm_dense_reference,
    .dense_backward = SM_TRAINING(sm_dense_backward_reference),
    .sigmoid = sm_sigmoid_reference,
    .softmax = sm_softmax_reference,
    .softmax_backward = SM_TRAINING(sm_softmax_backward_reference),
    .dropout = SM_TRAINING(sm_dropout_reference),
    .mask_loss = SM_TRAINING(sm_mask_loss_reference),
    .cross_entropy = SM_TRAINING(sm_cross_entropy_reference),
    .type_mae = SM_TRAINING(sm_type_mae_reference),
    .adamw = SM_TRAINING(sm_adamw_reference),
    .sum_of_squares = SM_TRAINING(sm_sum_of_squares_reference),
};

/** A set of this build and the target that the processor must support. */
typedef struct kernel_choice {
    int backend, target;
    const sm_kernels *kernels;
} kernel_choice;

/** Fastest first. The reference, which every build has, is last. */
static const kernel_choice choices[] = {
#ifdef SM_HAVE_AVX512
    {SM_BACKEND_AVX512, SM_TARGET_AVX512, &sm_kernels_table_avx512},
#endif
#ifdef SM_HAVE_AVX2
    {SM_BACKEND_AVX2, SM_TARGET_AVX2, &sm_kernels_table_avx2},
#endif
#ifdef SM_HAVE_SIMD128
    {SM_BACKEND_SIMD128, SM_TARGET_SIMD128, &sm_kernels_table_simd128},
#endif
#ifdef SM_HAVE_SCALAR
    {SM_BACKEND_SCALAR, SM_TARGET_SCALAR, &sm_kernels_table_scalar},
#endif
    {SM_BACKEND_REFERENCE, SM_TARGET_SCALAR, &reference},
};

const sm_kernels *sm_kernels_reference(void) { return &reference; }

const sm_kernels *sm_kernels_for(int backend) {
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        const kernel_choice *choice = &choices[i];
        if ((backend == SM_BACKEND_AUTO || backend == choice->backend) && sm_cpu_supports(choice->target))
            return choice->kernels;
    }
    return NULL;
}
