/**
 * Differentiable problems built from the operations, in both precisions. The double-typed structures of ops.h differ
 * from the float ones, so the problems are written once (ops_case_body.h) and compiled by two files, behind this
 * interface.
 *
 * Every problem has a vector of inputs (all variables of the gradient, one after the other) and a vector of outputs.
 * Its objective is the sum of outputs times given weights, or the loss itself.
 */
#ifndef SONOMASK_TEST_OPS_CASE_H
#define SONOMASK_TEST_OPS_CASE_H

#include <stddef.h>

struct sm_kernels;

typedef enum ops_kind {
    OPS_MAX_POOL,      /**< inputs: the tensor */
    OPS_GLOBAL_POOL,   /**< average and maximum. Inputs: the tensor */
    OPS_BILINEAR,      /**< inputs: the tensor */
    OPS_CONV1X1,       /**< two sources. Inputs: both tensors, weights, bias */
    OPS_NORM,          /**< batch normalisation, scale and shift per image, ReLU. Inputs: tensor, scales, shifts */
    OPS_DENSE,         /**< inputs: batch x channels, weights, bias */
    OPS_SOFTMAX,       /**< inputs: batch x channels */
    OPS_DROPOUT,       /**< inputs: batch x channels */
    OPS_MASK_LOSS,     /**< inputs: the logits, batch x height x width */
    OPS_CROSS_ENTROPY, /**< inputs: the logits, batch x channels */
    OPS_TYPE_MAE       /**< inputs: the logits, batch x 3 */
} ops_kind;

enum { OPS_SCALED = 1, OPS_PER_IMAGE = 2, OPS_RELU = 4, OPS_UPSAMPLED = 8, OPS_DICE_ONLY = 16, OPS_WEIGHTED = 32 };

typedef struct ops_case {
    const char *name;
    ops_kind kind;
    int batch, height, width, channels;
    int second;  /**< channels of the second source, which has no options */
    int outputs; /**< of dense and 1x1 convolution */
    int options; /**< SCALED .. UPSAMPLED: of the first source; SCALED: label smoothing; DICE_ONLY, WEIGHTED: of the
                    mask loss */
} ops_case;

size_t ops_case_input_count(const ops_case *problem);
/** Number of output weights; 0 for losses. */
size_t ops_case_output_count(const ops_case *problem);

/** By the double-precision references. */
double ops_case_objective_double(const ops_case *problem, const double *inputs, const double *weights);
void ops_case_gradient_double(const ops_case *problem, const double *inputs, const double *weights, double *gradient);
/** By a set of kernels in float; inputs, weights and result are converted. */
void ops_case_gradient_float(const ops_case *problem, const struct sm_kernels *kernels, const double *inputs,
                             const double *weights, double *gradient);

#endif
