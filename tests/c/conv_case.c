#include "conv_case.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "test_random.h"

static void *allocate(size_t count, size_t size) {
    void *memory = NULL;
    if (posix_memalign(&memory, 64, count * size > 0 ? count * size : 64)) abort();
    return memory;
}

static float *random_floats(size_t count, float offset, uint32_t *state) {
    float *values = allocate(count, sizeof *values);
    for (size_t i = 0; i < count; i++) values[i] = test_random_signed(state) + offset;
    return values;
}

static size_t pixels_of(const conv_case *what, bool upsample) {
    const size_t divisor = upsample ? 4 : 1;
    return (size_t)what->batch * (size_t)what->height * (size_t)what->width / divisor;
}

/** The tensor ends with the channels of the last pixel, without the rest of its stride. */
static size_t strided_count(size_t pixels, int channels, int stride) {
    return (pixels - 1) * (size_t)stride + (size_t)channels;
}

static void make_source(conv_tensors *tensors, int s, uint32_t *state) {
    const conv_case *what = &tensors->what;
    const int channels = what->channels[s], stride = channels + what->spare;
    const conv_lazy lazy = what->lazy[s];
    const size_t count = strided_count(pixels_of(what, what->upsample[s]), channels, stride);
    sm_source *source = &tensors->args.source[s];
    *source = (sm_source){.data = random_floats(count, 0.3f, state),
                          .channels = channels,
                          .stride = stride,
                          .upsample = what->upsample[s],
                          .per_image = lazy == LAZY_PER_IMAGE_RELU,
                          .relu = lazy != LAZY_NONE && lazy != LAZY_SCALE};
    if (lazy >= LAZY_SCALE) {
        const size_t coefficients = (size_t)channels * (source->per_image ? (size_t)what->batch : 1);
        source->scale = random_floats(coefficients, 0.5f, state);
        source->shift = random_floats(coefficients, 0.1f, state);
    }
    tensors->target_count[s] = what->unwanted[s] ? 0 : count;
    tensors->args.target[s] = (sm_target){.data = what->unwanted[s] ? NULL : random_floats(count, 0, state),
                                          .channels = channels,
                                          .stride = stride,
                                          .upsample = what->upsample[s],
                                          .accumulate = what->accumulate[s]};
}

conv_tensors conv_tensors_make(const conv_case *what, unsigned seed) {
    uint32_t state = seed * 2654435761u + 1;
    conv_tensors tensors = {.what = *what};
    sm_conv *args = &tensors.args;
    const size_t outputs = (size_t)what->outputs, batch = (size_t)what->batch, pixels = pixels_of(what, false);
    args->batch = what->batch;
    args->height = what->height;
    args->width = what->width;
    args->source_count = what->channels[1] ? 2 : 1;
    for (int s = 0; s < args->source_count; s++) make_source(&tensors, s, &state);
    args->output_channels = what->outputs;
    args->output_stride = what->outputs + what->spare;
    args->relu = what->relu;
    tensors.weights_count = 9 * (size_t)(what->channels[0] + what->channels[1]) * outputs;
    tensors.output_count = strided_count(pixels, what->outputs, args->output_stride);
    args->weights = random_floats(tensors.weights_count, 0.1f, &state);
    args->output = random_floats(tensors.output_count, 0, &state);
    args->output_gradient = random_floats(pixels * outputs, 0.1f, &state);
    args->weights_gradient = random_floats(tensors.weights_count, 0, &state);
    if (what->bias) {
        args->bias = random_floats(outputs, 0, &state);
        args->bias_gradient = random_floats(outputs, 0, &state);
    }
    if (what->output_scale) {
        args->output_scale = random_floats(batch * outputs, 0.5f, &state);
        args->output_shift = random_floats(batch * outputs, 0, &state);
    }
    if (what->pooled) {
        tensors.pooled_count = pixels / 4 * outputs;
        args->pooled = random_floats(tensors.pooled_count, 0, &state);
        args->output_unused = what->output_unused;
    }
    if (what->sums) {
        tensors.sums_count = batch * 2 * outputs;
        args->sums = allocate(tensors.sums_count, sizeof *args->sums);
    }
    return tensors;
}

static void release(const void *memory) { free((void *)(uintptr_t)memory); }

void conv_tensors_free(conv_tensors *tensors) {
    sm_conv *args = &tensors->args;
    for (int s = 0; s < 2; s++) {
        release(args->source[s].data);
        release(args->source[s].scale);
        release(args->source[s].shift);
        release(args->target[s].data);
    }
    const void *const rest[] = {args->weights,      args->transformed,      args->bias,
                                args->output_scale, args->output_shift,     args->output,
                                args->pooled,       args->output_gradient,  args->sums,
                                args->workspace,    args->weights_gradient, args->bias_gradient};
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) release(rest[i]);
    *tensors = (conv_tensors){0};
}

void conv_prepare(conv_tensors *tensors, const sm_kernels *kernels, const sm_parallel *parallel) {
    sm_conv *args = &tensors->args;
    release(args->workspace);
    release(args->transformed);
    args->parallel = parallel;
    args->transformed = NULL;
    const size_t workspace = kernels->conv3x3_workspace(args, sm_parallel_threads(parallel));
    args->workspace = allocate(workspace, sizeof *args->workspace);
    for (size_t i = 0; i < workspace; i++) args->workspace[i] = NAN;
    const int inputs = tensors->what.channels[0] + tensors->what.channels[1];
    const size_t transformed = kernels->conv3x3_transformed_size(inputs, args->output_channels);
    if (tensors->what.transformed && transformed > 0) {
        float *values = allocate(transformed, sizeof *values);
        kernels->conv3x3_transform(args->weights, inputs, args->output_channels, values);
        args->transformed = values;
    }
}

void conv_run(conv_tensors *tensors, const sm_kernels *kernels, conv_direction direction) {
    if (direction == CONV_FORWARD)
        kernels->conv3x3_forward(&tensors->args);
    else if (direction == CONV_BACKWARD_DATA)
        kernels->conv3x3_backward_data(&tensors->args);
    else
        kernels->conv3x3_backward_weights(&tensors->args);
}
