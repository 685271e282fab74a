/** The kernel set of the target being compiled. */
#include "table.h"

#include "conv3x3.h"
#include "operations.h"

#define NAME_TEXT_(name) #name
#define NAME_TEXT(name) NAME_TEXT_(name)

const sm_kernels SM_KERNEL(sm_kernels_table) = {
    .name = NAME_TEXT(SM_TARGET_NAME),
    .conv3x3_transformed_size = SM_KERNEL(sm_conv3x3_transformed_size),
    .conv3x3_transform = SM_KERNEL(sm_conv3x3_transform),
    .conv3x3_transform_bytes = SM_KERNEL(sm_conv3x3_transform_bytes),
    .conv3x3_workspace = SM_KERNEL(sm_conv3x3_workspace),
    .conv3x3_forward = SM_KERNEL(sm_conv3x3_forward),
    .conv3x3_backward_data = SM_TRAINING(SM_KERNEL(sm_conv3x3_backward_data)),
    .conv3x3_backward_weights = SM_TRAINING(SM_KERNEL(sm_conv3x3_backward_weights)),
    .conv1x1_workspace = SM_KERNEL(sm_conv1x1_workspace),
    .conv1x1_forward = SM_KERNEL(sm_conv1x1_forward),
    .conv1x1_backward_data = SM_TRAINING(SM_KERNEL(sm_conv1x1_backward_data)),
    .conv1x1_backward_weights = SM_TRAINING(SM_KERNEL(sm_conv1x1_backward_weights)),
    .norm_sums_workspace = SM_TRAINING(SM_KERNEL(sm_norm_sums_workspace)),
    .norm_sums = SM_TRAINING(SM_KERNEL(sm_norm_sums)),
    .norm_apply = SM_TRAINING(SM_KERNEL(sm_norm_apply)),
    .max_pool = SM_POOLED_BY_CONVOLUTION(SM_KERNEL(sm_max_pool), sm_max_pool_reference),
    .max_pool_backward = SM_TRAINING(SM_KERNEL(sm_max_pool_backward)),
    .upsample_bilinear = SM_KERNEL(sm_upsample_bilinear),
    .upsample_bilinear_backward = SM_TRAINING(SM_KERNEL(sm_upsample_bilinear_backward)),
    .global_pool = SM_KERNEL(sm_global_pool),
    .global_pool_backward = SM_TRAINING(SM_KERNEL(sm_global_pool_backward)),
    .sigmoid = SM_KERNEL(sm_sigmoid),
    .mask_loss = SM_TRAINING(SM_KERNEL(sm_mask_loss)),
    .adamw = SM_TRAINING(SM_KERNEL(sm_adamw)),
    .sum_of_squares = SM_TRAINING(SM_KERNEL(sm_sum_of_squares)),
    .peak = SM_TRAINING(SM_KERNEL(sm_peak)),
    /* Shared by all targets; see operations.h for the reason. */
    .dense = sm_dense_reference,
    .dense_backward = SM_TRAINING(sm_dense_backward_reference),
    .softmax = sm_softmax_reference,
    .softmax_backward = SM_TRAINING(sm_softmax_backward_reference),
    .dropout = SM_TRAINING(sm_dropout_reference),
    .cross_entropy = SM_TRAINING(sm_cross_entropy_reference),
    .type_mae = SM_TRAINING(sm_type_mae_reference),
};
