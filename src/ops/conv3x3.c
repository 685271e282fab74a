/** The fast 3x3 convolution: choice of the algorithm. */
#include "conv3x3.h"

#include "conv3x3_direct.h"
#include "conv3x3_winograd.h"

/** Inputs of up to this many channels are convolved directly. */
enum { DIRECT_MOST_INPUTS = 4 };

static bool is_direct(int input_channels) { return input_channels <= DIRECT_MOST_INPUTS; }

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

size_t SM_KERNEL(sm_conv3x3_transformed_size)(int input_channels, int output_channels) {
    return is_direct(input_channels) ? 0 : SM_KERNEL(sm_winograd_transformed_size)(input_channels, output_channels);
}

void SM_KERNEL(sm_conv3x3_transform)(const float *weights, int input_channels, int output_channels,
                                     float *transformed) {
    if (!is_direct(input_channels))
        SM_KERNEL(sm_winograd_transform_weights)(weights, input_channels, output_channels, transformed, NULL);
}

/**
 * Large weights and few tiles, in training. Weights that were transformed before need no special treatment, so that an
 * inference build does not contain it.
 */
static bool is_few(const sm_conv *args) {
#ifdef SM_INFERENCE_ONLY
    (void)args;
    return false;
#else
    return !is_direct(sm_conv_input_channels(args)) && SM_KERNEL(sm_winograd_is_few)(args);
#endif
}

void SM_KERNEL(sm_conv3x3_transform_bytes)(const sm_byte_weights *weights, int input_channels, int output_channels,
                                           float *transformed) {
    if (!is_direct(input_channels))
        SM_KERNEL(sm_winograd_transform_bytes)(weights, input_channels, output_channels, transformed);
}

size_t SM_KERNEL(sm_conv3x3_workspace)(const sm_conv *args, int threads) {
    const bool direct = is_direct(sm_conv_input_channels(args)), few = is_few(args);
    if (few && !args->transformed) return SM_KERNEL(sm_winograd_few_workspace)(args, threads);
    const size_t forward = direct ? SM_KERNEL(sm_direct_forward_workspace)(args, threads)
                                  : SM_KERNEL(sm_winograd_forward_workspace)(args, threads);
    if (args->transformed && !args->output_gradient && !args->weights_gradient) return forward; /* inference */
    if (few) return larger(forward, SM_KERNEL(sm_winograd_few_workspace)(args, threads));
    const size_t weights = direct ? SM_KERNEL(sm_direct_backward_weights_workspace)(args, threads)
                                  : SM_KERNEL(sm_winograd_backward_weights_workspace)(args, threads);
    return larger(larger(forward, weights), SM_KERNEL(sm_winograd_backward_data_workspace)(args, threads));
}

void SM_KERNEL(sm_conv3x3_forward)(const sm_conv *args) {
    if (is_direct(sm_conv_input_channels(args)))
        SM_KERNEL(sm_direct_forward)(args);
    else if (is_few(args) && !args->transformed)
        SM_KERNEL(sm_winograd_few_forward)(args);
    else
        SM_KERNEL(sm_winograd_forward)(args);
}

void SM_KERNEL(sm_conv3x3_backward_data)(const sm_conv *args) {
    bool wanted = false;
    for (int s = 0; s < args->source_count; s++) wanted = wanted || args->target[s].data;
    if (!wanted) return;
    if (is_few(args))
        SM_KERNEL(sm_winograd_few_backward_data)(args);
    else
        SM_KERNEL(sm_winograd_backward_data)(args);
}

/** Sums the output's gradient over all pixels, row by row to reduce rounding errors. */
static void add_bias_gradient(const sm_conv *args) {
    const size_t channels = (size_t)args->output_channels;
    for (size_t c = 0; c < channels; c += V_LANES) {
        const int lanes = channels - c < V_LANES ? (int)(channels - c) : V_LANES;
        const float *pixel = args->output_gradient + c;
        double total[V_LANES] = {0};
        for (int row = 0; row < args->batch * args->height; row++) {
            v_f32 sum = v_zero();
            for (int x = 0; x < args->width; x++, pixel += channels)
                sum = v_add(sum, lanes == V_LANES ? v_load(pixel) : v_load_part(pixel, lanes));
            float row_sum[V_LANES];
            v_store(row_sum, sum);
            for (int lane = 0; lane < lanes; lane++) total[lane] += (double)row_sum[lane];
        }
        for (int lane = 0; lane < lanes; lane++) args->bias_gradient[c + (size_t)lane] += (float)total[lane];
    }
}

void SM_KERNEL(sm_conv3x3_backward_weights)(const sm_conv *args) {
    if (is_direct(sm_conv_input_channels(args)))
        SM_KERNEL(sm_direct_backward_weights)(args);
    else if (is_few(args))
        SM_KERNEL(sm_winograd_few_backward_weights)(args);
    else
        SM_KERNEL(sm_winograd_backward_weights)(args);
    if (args->bias_gradient) add_bias_gradient(args);
}
