/**
 * The operations of the networks. All tensors are NHWC float32: [batch][height][width][channels].
 *
 * Every operation has a plain reference version (X_reference.c, compiled for float and, for the gradient tests, for
 * double) and a fast one (X.c, compiled once for every SIMD target). `sm_kernels` is the table of one such set.
 *
 * Lazy tensors. A normalised activation is never written to memory: the raw convolution output is kept and the
 * per-channel scale and shift (batch normalisation and conditioning together) and the ReLU are applied where the
 * values are read. The same goes for nearest upsampling and concatenation: a convolution reads up to two
 * `sm_source`s, and its backward pass writes to up to two `sm_target`s.
 */
#ifndef SONOMASK_OPS_H
#define SONOMASK_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../parallel.h"

/** The reference versions are compiled for both precisions. */
#ifdef SM_REAL_DOUBLE
typedef double sm_real;
#define SM_REFERENCE(name) name##_reference_double
#define sm_source sm_source_double
#define sm_target sm_target_double
#define sm_conv sm_conv_double
#define sm_norm_backward sm_norm_backward_double
#define sm_mask_loss sm_mask_loss_double
#define sm_adamw sm_adamw_double
#else
typedef float sm_real;
#define SM_REFERENCE(name) name##_reference
#endif

/** Whether sources may have a scale, a shift or a ReLU: in inference these are in the weights (net_fusion.c). */
#ifdef SM_INFERENCE_ONLY
enum { SM_SOURCES_LAZY = 0 };
#else
enum { SM_SOURCES_LAZY = 1 };
#endif

/** The input of an operation: channels of an NHWC tensor, transformed when they are read. */
typedef struct sm_source {
    const sm_real *data; /**< [batch][height][width][stride]; with `upsample`, height and width are half the reader's */
    int channels;        /**< the first `channels` of every pixel are read */
    int stride;          /**< sm_reals from one pixel to the next, >= channels */
    bool upsample;       /**< nearest x2: the reader's pixel (y, x) is this tensor's (y / 2, x / 2) */
    const sm_real *scale; /**< NULL, or [channels], or [batch][channels] with `per_image`: value * scale + shift */
    const sm_real *shift; /**< same shape; NULL exactly when scale is */
    bool per_image;
    bool relu; /**< then max(0, value); comes after scale and shift, before upsampling */
} sm_source;

/** The destination of a gradient: the adjoint of reading an `sm_source`, without its scale, shift and ReLU. */
typedef struct sm_target {
    sm_real *data; /**< [batch][height][width][stride]; NULL: this gradient is not computed */
    int channels;
    int stride;
    bool upsample;   /**< data has half the height and width: the four pixels' gradients are summed */
    bool accumulate; /**< add instead of overwriting */
} sm_target;

/**
 * A convolution, 3x3 with zero padding 1 or 1x1, stride 1. `input_channels` is the sum over the sources.
 * All of height, width, channels may be any positive number (height and width even when a source upsamples).
 */
typedef struct sm_conv {
    int batch, height, width; /**< of the output and, after upsampling, of the input */
    int source_count;         /**< 1 or 2: channels are concatenated in this order */
    sm_source source[2];      /**< forward and backward to weights */
    sm_target target[2];      /**< backward to data: gradients of the sources, same order and channels */
    int output_channels;
    const sm_real *weights; /**< [3][3][input_channels][output_channels], or [input][output] for 1x1 */
    const float
        *transformed;    /**< forward only, may be NULL: weights after X_transform; NULL: transformed in the call */
    const sm_real *bias; /**< [output_channels] or NULL */
    const sm_real *output_scale; /**< [batch][output_channels] or NULL: (sum + bias) * scale + shift, then ReLU */
    const sm_real *output_shift;
    bool relu;                      /**< max(0, .) on the output */
    sm_real *output;                /**< forward: [batch][height][width][output_stride] */
    int output_stride;              /**< >= output_channels */
    sm_real *pooled;                /**< NULL, or the output after 2x2 max-pooling (sizes even),
                                         [batch][height/2][width/2][output_channels] */
    bool output_unused;             /**< only `pooled` is read: `output` may be left as it was */
    double *sums;                   /**< NULL, or [batch][2][output_channels]: per image and channel the sum and the sum
                                         of squares of the output (overwritten) */
    const sm_real *output_gradient; /**< backward: [batch][height][width][output_channels], dense */
    sm_real *weights_gradient;      /**< backward to weights: like weights; added to */
    sm_real *bias_gradient;         /**< [output_channels] or NULL; added to */
    float *workspace;               /**< at least X_workspace(args, threads) floats, 64-byte aligned */
    const sm_parallel *parallel;    /**< may be NULL */
} sm_conv;

/**
 * Backward through normalisation with conditioning and ReLU, given the raw convolution output.
 * With raw value v of image n and channel c:  h = (v - mean) * inverse_deviation,  z = h * scale_n + shift_n  (the lazy
 * form combines these into one scale and shift of v), activation = max(0, z).
 * Step 1, `norm_sums`: for each image and channel, over pixels with z > 0 (all when !relu): sum of g and of g * h.
 * Step 2 (net_training_backward.c, a few vectors): gradients of scale and shift, and the coefficients a, b, c of
 * step 3. Step 3, `norm_apply`: g <- a * (z > 0 ? g : 0) + b * v + c, in place, with a per image, b and c per channel.
 */
typedef struct sm_norm_backward {
    int batch, pixels, channels; /**< pixels = height * width */
    const sm_real *raw;          /**< [batch][pixels][channels] */
    sm_real *gradient;           /**< [batch][pixels][channels]: of the activation, becomes that of `raw` */
    const sm_real *scale,
        *shift; /**< combined, [channels], or [batch][channels] with per_image: z = v * scale + shift */
    bool per_image, relu;
    const sm_real *mean, *inverse_deviation; /**< [channels] */
    double *sums;                            /**< step 1 writes [batch][2][channels]: sum g, sum g * h */
    const sm_real *a;                        /**< [batch][channels] */
    const sm_real *b, *c;                    /**< [channels] */
    float *workspace;                        /**< norm_sums_workspace(args, threads) floats */
    const sm_parallel *parallel;
} sm_norm_backward;

/** Loss of mask logits: mean over the images of bce_weight * mean BCE + dice_weight * (1 - soft Dice). */
typedef struct sm_mask_loss {
    int batch, pixels;
    const sm_real *logits;  /**< [batch][pixels] */
    const sm_real *target;  /**< [batch][pixels], 0..1 */
    const sm_real *weights; /**< [batch], of each image's loss; NULL: all 1 */
    sm_real bce_weight, dice_weight;
    sm_real dice_smooth; /**< soft Dice = (2 sum p t + smooth) / (sum p + sum t + smooth) */
    sm_real *gradient;   /**< NULL, or [batch][pixels]: overwritten */
} sm_mask_loss;

/**
 * One step of AdamW on `count` parameters, and of the moving average of the weights. With g = gradient *
 * gradient_scale: first <- 0.9 first + 0.1 g, second <- 0.999 second + 0.001 g g, and the parameter p becomes p - rate
 * * (first * first_correction / (sqrt(second * second_correction) + 1e-8) + weight_decay * p).
 */
typedef struct sm_adamw {
    size_t count;
    sm_real *parameters, *first, *second; /**< [count] */
    sm_real *average;                     /**< [count]: moves towards the new parameters by `average_share` */
    const sm_real *gradients;             /**< [count] */
    sm_real gradient_scale, rate, weight_decay;
    sm_real first_correction, second_correction; /**< 1 / (1 - decay^steps), for averages that began at 0 */
    sm_real average_share;
} sm_adamw;

/** Weights as 8-bit numbers: a weight of output channel c is (number * scale[c]) * factor[c]. */
typedef struct sm_byte_weights {
    const int8_t *numbers; /**< [3][3][input_channels][output_channels] */
    const float *scale, *factor;
} sm_byte_weights;

/** One complete set of kernels. Sizes called `count` are numbers of floats. */
typedef struct sm_kernels {
    const char *name;

    /** @name 3x3 convolution @{ */
    size_t (*conv3x3_transformed_size)(int input_channels, int output_channels); /**< floats; 0: needs no transform */
    void (*conv3x3_transform)(const float *weights, int input_channels, int output_channels, float *transformed);
    /** The same for 8-bit weights, without their floats in memory. NULL in the reference, which has no transform. */
    void (*conv3x3_transform_bytes)(const sm_byte_weights *weights, int input_channels, int output_channels,
                                    float *transformed);
    /** Enough for all three directions; for forward alone when `transformed` is set and both gradients are NULL. */
    size_t (*conv3x3_workspace)(const sm_conv *args, int threads);
    void (*conv3x3_forward)(const sm_conv *args);
    void (*conv3x3_backward_data)(const sm_conv *args);
    void (*conv3x3_backward_weights)(const sm_conv *args);
    /** @} @name 1x1 convolution (`pooled`, `sums`, `transformed` unused) @{ */
    size_t (*conv1x1_workspace)(const sm_conv *args, int threads);
    void (*conv1x1_forward)(const sm_conv *args);
    void (*conv1x1_backward_data)(const sm_conv *args);
    void (*conv1x1_backward_weights)(const sm_conv *args);
    /** @} @name Normalisation backward @{ */
    size_t (*norm_sums_workspace)(const sm_norm_backward *args, int threads);
    void (*norm_sums)(const sm_norm_backward *args);
    void (*norm_apply)(const sm_norm_backward *args);
    /** @} */

    /** 2x2 max-pooling of one source; height and width are the source's, even. output
     * [batch][height/2][width/2][channels]. */
    void (*max_pool)(const sm_source *source, int batch, int height, int width, float *output,
                     const sm_parallel *parallel);
    /** The gradient goes to the first maximum of each 2x2 window (rows first); the activation is computed again. */
    void (*max_pool_backward)(const sm_source *source, int batch, int height, int width, const float *output_gradient,
                              const sm_target *target, const sm_parallel *parallel);
    /** x2 bilinear upsampling, half-pixel centres, edges clamped: [batch][height][width][channels] to twice the size.
     */
    void (*upsample_bilinear)(const float *input, int batch, int height, int width, int channels, float *output,
                              const sm_parallel *parallel);
    void (*upsample_bilinear_backward)(const float *output_gradient, int batch, int height, int width, int channels,
                                       float *input_gradient, bool accumulate, const sm_parallel *parallel);
    /** Mean and maximum over the pixels of one source: average and maximum are [batch][channels]; either may be NULL.
     */
    void (*global_pool)(const sm_source *source, int batch, int height, int width, float *average, float *maximum);
    /** Either gradient may be NULL; the maximum's goes to the first maximal pixel. */
    void (*global_pool_backward)(const sm_source *source, int batch, int height, int width,
                                 const float *average_gradient, const float *maximum_gradient, const sm_target *target);
    /** output[n][o] = bias[o] + sum_i input[n][i] weights[i][o]; bias may be NULL. */
    void (*dense)(const float *input, int batch, int inputs, int outputs, const float *weights, const float *bias,
                  float *output);
    /** Adds to weights_gradient and bias_gradient (may be NULL); overwrites input_gradient (may be NULL). */
    void (*dense_backward)(const float *input, const float *output_gradient, int batch, int inputs, int outputs,
                           const float *weights, float *weights_gradient, float *bias_gradient, float *input_gradient);
    void (*sigmoid)(const float *input, size_t count, float *output);
    /** Softmax of each row of [rows][classes]. */
    void (*softmax)(const float *input, int rows, int classes, float *output);
    void (*softmax_backward)(const float *output, const float *output_gradient, int rows, int classes,
                             float *input_gradient);
    /** Inverted dropout, in place: keeps value i with probability 1 - rate by a hash of (seed, i), scaled by
     * 1/(1-rate). Calling it on the gradient with the same seed is the backward pass. */
    void (*dropout)(float *values, size_t count, float rate, unsigned long long seed);
    double (*mask_loss)(const sm_mask_loss *args);
    /** Mean cross-entropy over the rows. target[n][k] is the target probability of class k; each row sums to 1. The
     * gradient of the logits may be NULL. */
    double (*cross_entropy)(const float *logits, const float *target, int rows, int classes, float *gradient);
    /** The study's type loss: mean absolute error of sigmoid(logits[n][1..]) (benign, malignant) against one-hot
     * targets; normal is 0, 0. target[n] is a class. Column 0 of the three logits gets the gradient 0. */
    double (*type_mae)(const float *logits, const int *target, int rows, float *gradient);
    void (*adamw)(const sm_adamw *args);
    double (*sum_of_squares)(const float *values, size_t count);
    /** Runs `rounds` rounds of independent multiply-adds and sets the number of floating-point operations: the peak for
     * `bench`. The result must be used, or a compiler would remove the work. NULL in the reference. */
    float (*peak)(long rounds, double *operations);
} sm_kernels;

/** The kernel sets of this build. */
const sm_kernels *sm_kernels_reference(void);
const sm_kernels *sm_kernels_for(int backend); /**< an sm_backend; NULL if the build or processor lacks it */

#endif
