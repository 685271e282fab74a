/**
 * The problems of ops_case.h in sm_real. The including file defines CALL(operation), which names the function to run,
 * and the prefix of the two functions made here: OBJECTIVE and GRADIENT.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/ops/operations.h"
#include "ops_case.h"

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (!memory) abort();
    return memory;
}

static sm_real *to_reals(const double *values, size_t count) {
    sm_real *reals = allocate(count, sizeof *reals);
    for (size_t i = 0; i < count; i++) reals[i] = (sm_real)values[i];
    return reals;
}

/** Copies from the vector of inputs and advances it. */
static sm_real *take_reals(const double **values, size_t count) {
    sm_real *reals = to_reals(*values, count);
    *values += count;
    return reals;
}

static void put_reals(double **gradient, const sm_real *reals, size_t count) {
    for (size_t i = 0; i < count; i++) *(*gradient)++ = (double)reals[i];
}

/* ---- a lazy tensor among the inputs ---- */

enum { SPARE = 2 }; /* strides are longer than the channels by this */

typedef struct tensor {
    sm_source source;
    sm_target target;
    sm_real *data, *gradient, *scale, *shift;
    size_t pixels;
    size_t image_pixels;
} tensor;

static tensor take_tensor(const ops_case *problem, int which, const double **inputs) {
    tensor made = {0};
    int options = which == 0 ? problem->options : 0;
    int divisor = options & OPS_UPSAMPLED ? 2 : 1, channels = which == 0 ? problem->channels : problem->second;
    made.image_pixels = (size_t)(problem->height / divisor) * (size_t)(problem->width / divisor);
    made.pixels = (size_t)problem->batch * made.image_pixels;
    size_t stride = (size_t)channels + SPARE;
    made.data = allocate(made.pixels * stride, sizeof(sm_real));
    made.gradient = allocate(made.pixels * stride, sizeof(sm_real));
    for (size_t pixel = 0; pixel < made.pixels; pixel++)
        for (int channel = 0; channel < channels; channel++)
            made.data[pixel * stride + (size_t)channel] = (sm_real) * (*inputs)++;
    made.source = (sm_source){.data = made.data,
                              .channels = channels,
                              .stride = (int)stride,
                              .upsample = options & OPS_UPSAMPLED,
                              .relu = options & OPS_RELU};
    made.target = (sm_target){
        .data = made.gradient, .channels = channels, .stride = (int)stride, .upsample = options & OPS_UPSAMPLED};
    if (options & OPS_SCALED) {
        made.source.per_image = options & OPS_PER_IMAGE;
        size_t count = (size_t)channels * (size_t)(made.source.per_image ? problem->batch : 1);
        made.scale = allocate(count, sizeof(sm_real));
        made.shift = allocate(count, sizeof(sm_real));
        for (size_t i = 0; i < count; i++) {
            /* Multiples of powers of two: exact in both precisions. Every third is negative. */
            made.scale[i] = (sm_real)(i % 3 == 2 ? -0.75 : 0.5 + 0.25 * (double)(i % 5));
            made.shift[i] = (sm_real)(0.125 * (double)(i % 4) - 0.1875);
        }
        made.source.scale = made.scale;
        made.source.shift = made.shift;
    }
    return made;
}

/** The gradient of the raw data: that of the activation times the slope of scale and ReLU. */
static void put_tensor(const tensor *made, double **gradient) {
    const sm_source *source = &made->source;
    for (size_t pixel = 0; pixel < made->pixels; pixel++)
        for (size_t channel = 0; channel < (size_t)source->channels; channel++) {
            size_t index = pixel * (size_t)source->stride + channel, at = channel;
            if (source->per_image) at += pixel / made->image_pixels * (size_t)source->channels;
            double scale = source->scale ? (double)source->scale[at] : 1;
            double shift = source->scale ? (double)source->shift[at] : 0;
            bool passes = !source->relu || (double)made->data[index] * scale + shift > 0;
            *(*gradient)++ = passes ? scale * (double)made->gradient[index] : 0;
        }
}

static void free_tensor(tensor *made) {
    free(made->data);
    free(made->gradient);
    free(made->scale);
    free(made->shift);
}

static double weighted_sum(const sm_real *outputs, const double *weights, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)outputs[i] * weights[i];
    return sum;
}

/*
 * Each problem is one function for both directions: with `gradient` NULL it returns the objective, else it writes the
 * gradient by the backward operation, for which `weights` are the gradient of the outputs.
 */
typedef struct call {
    const ops_case *problem;
    const struct sm_kernels *kernels; /* NULL in double */
    const double *inputs, *weights;
    double *gradient;
} call;

static double run_max_pool(call c) {
    const ops_case *p = c.problem;
    tensor made = take_tensor(p, 0, &c.inputs);
    size_t count = ops_case_output_count(p);
    sm_real *outputs = to_reals(c.weights, count);
    double objective = 0;
    if (c.gradient) {
        CALL(max_pool_backward)(&made.source, p->batch, p->height, p->width, outputs, &made.target, NULL);
        put_tensor(&made, &c.gradient);
    } else {
        CALL(max_pool)(&made.source, p->batch, p->height, p->width, outputs, NULL);
        objective = weighted_sum(outputs, c.weights, count);
    }
    free(outputs);
    free_tensor(&made);
    return objective;
}

static double run_global_pool(call c) {
    const ops_case *p = c.problem;
    tensor made = take_tensor(p, 0, &c.inputs);
    size_t count = ops_case_output_count(p);
    sm_real *outputs = to_reals(c.weights, count);
    sm_real *average = outputs, *maximum = outputs + count / 2;
    double objective = 0;
    if (c.gradient) {
        CALL(global_pool_backward)(&made.source, p->batch, p->height, p->width, average, maximum, &made.target);
        put_tensor(&made, &c.gradient);
    } else {
        CALL(global_pool)(&made.source, p->batch, p->height, p->width, average, maximum);
        objective = weighted_sum(outputs, c.weights, count);
    }
    free(outputs);
    free_tensor(&made);
    return objective;
}

static double run_bilinear(call c) {
    const ops_case *p = c.problem;
    size_t input_count = ops_case_input_count(p), count = ops_case_output_count(p);
    sm_real *inputs = take_reals(&c.inputs, input_count), *outputs = to_reals(c.weights, count);
    double objective = 0;
    if (c.gradient) {
        CALL(upsample_bilinear_backward)(outputs, p->batch, p->height, p->width, p->channels, inputs, false, NULL);
        put_reals(&c.gradient, inputs, input_count);
    } else {
        CALL(upsample_bilinear)(inputs, p->batch, p->height, p->width, p->channels, outputs, NULL);
        objective = weighted_sum(outputs, c.weights, count);
    }
    free(inputs);
    free(outputs);
    return objective;
}

static double run_conv1x1(call c) {
    const ops_case *p = c.problem;
    tensor tensors[2] = {take_tensor(p, 0, &c.inputs), take_tensor(p, 1, &c.inputs)};
    size_t weight_count = (size_t)(p->channels + p->second) * (size_t)p->outputs, count = ops_case_output_count(p);
    sm_real *weights = take_reals(&c.inputs, weight_count), *bias = take_reals(&c.inputs, (size_t)p->outputs);
    sm_real *outputs = to_reals(c.weights, count);
    sm_conv args = {.batch = p->batch,
                    .height = p->height,
                    .width = p->width,
                    .source_count = 2,
                    .source = {tensors[0].source, tensors[1].source},
                    .target = {tensors[0].target, tensors[1].target},
                    .output_channels = p->outputs,
                    .weights = weights,
                    .bias = bias,
                    .output = outputs,
                    .output_stride = p->outputs,
                    .output_gradient = outputs,
                    .weights_gradient = allocate(weight_count, sizeof(sm_real)),
                    .bias_gradient = allocate((size_t)p->outputs, sizeof(sm_real))};
    args.workspace = allocate(CALL(conv1x1_workspace)(&args, 1), sizeof *args.workspace);
    double objective = 0;
    if (c.gradient) {
        CALL(conv1x1_backward_data)(&args);
        CALL(conv1x1_backward_weights)(&args);
        put_tensor(&tensors[0], &c.gradient);
        put_tensor(&tensors[1], &c.gradient);
        put_reals(&c.gradient, args.weights_gradient, weight_count);
        put_reals(&c.gradient, args.bias_gradient, (size_t)p->outputs);
    } else {
        CALL(conv1x1_forward)(&args);
        objective = weighted_sum(outputs, c.weights, count);
    }
    free(args.workspace);
    free(args.weights_gradient);
    free(args.bias_gradient);
    free(weights);
    free(bias);
    free(outputs);
    free_tensor(&tensors[0]);
    free_tensor(&tensors[1]);
    return objective;
}

/** Mean and 1 / deviation of each channel over all images, as in training. */
static void batch_statistics(const sm_real *raw, size_t pixels, size_t channels, double *mean, double *inverse) {
    for (size_t channel = 0; channel < channels; channel++) {
        double sum = 0, squares = 0;
        for (size_t pixel = 0; pixel < pixels; pixel++) sum += (double)raw[pixel * channels + channel];
        mean[channel] = sum / (double)pixels;
        for (size_t pixel = 0; pixel < pixels; pixel++) {
            double centred = (double)raw[pixel * channels + channel] - mean[channel];
            squares += centred * centred;
        }
        inverse[channel] = 1 / sqrt(squares / (double)pixels + 1e-5);
    }
}

static double run_norm(call c) {
    const ops_case *p = c.problem;
    size_t channels = (size_t)p->channels, image_pixels = (size_t)p->height * (size_t)p->width;
    size_t pixels = (size_t)p->batch * image_pixels, count = pixels * channels;
    size_t vectors = (size_t)p->batch * channels;
    sm_real *raw = take_reals(&c.inputs, count), *gradient = to_reals(c.weights, count);
    const double *gamma = c.inputs, *beta = c.inputs + vectors;
    double *mean = allocate(channels, sizeof *mean), *inverse = allocate(channels, sizeof *inverse);
    batch_statistics(raw, pixels, channels, mean, inverse);
    double objective = 0;
    if (!c.gradient) {
        for (size_t i = 0; i < count; i++) {
            size_t channel = i % channels, vector = i / channels / image_pixels * channels + channel;
            double z = ((double)raw[i] - mean[channel]) * inverse[channel] * gamma[vector] + beta[vector];
            if (z > 0 || !(p->options & OPS_RELU)) objective += c.weights[i] * z;
        }
    } else {
        sm_real *scale = allocate(vectors, sizeof *scale), *shift = allocate(vectors, sizeof *shift);
        sm_real *real_mean = to_reals(mean, channels), *real_inverse = to_reals(inverse, channels);
        sm_real *a = allocate(vectors, sizeof *a), *b = allocate(channels, sizeof *b),
                *k = allocate(channels, sizeof *k);
        double *sums = allocate(2 * vectors, sizeof *sums);
        for (size_t i = 0; i < vectors; i++) {
            scale[i] = (sm_real)(gamma[i] * inverse[i % channels]);
            shift[i] = (sm_real)(beta[i] - gamma[i] * inverse[i % channels] * mean[i % channels]);
        }
        sm_norm_backward args = {.batch = p->batch,
                                 .pixels = (int)image_pixels,
                                 .channels = p->channels,
                                 .raw = raw,
                                 .gradient = gradient,
                                 .scale = scale,
                                 .shift = shift,
                                 .per_image = true,
                                 .relu = p->options & OPS_RELU,
                                 .mean = real_mean,
                                 .inverse_deviation = real_inverse,
                                 .sums = sums,
                                 .a = a,
                                 .b = b,
                                 .c = k};
        args.workspace = allocate(CALL(norm_sums_workspace)(&args, 1), sizeof *args.workspace);
        CALL(norm_sums)(&args);
        /* Ioffe and Szegedy 2015, with a gamma of each image: the means of dL/dh and of h dL/dh are subtracted. */
        for (size_t channel = 0; channel < channels; channel++) {
            double mean_gradient = 0, mean_product = 0;
            for (int image = 0; image < p->batch; image++) {
                size_t vector = (size_t)image * channels + channel;
                mean_gradient += gamma[vector] * sums[2 * (size_t)image * channels + channel] / (double)pixels;
                mean_product += gamma[vector] * sums[(2 * (size_t)image + 1) * channels + channel] / (double)pixels;
                a[vector] = (sm_real)(gamma[vector] * inverse[channel]);
            }
            b[channel] = (sm_real)(-inverse[channel] * inverse[channel] * mean_product);
            k[channel] =
                (sm_real)(inverse[channel] * (inverse[channel] * mean_product * mean[channel] - mean_gradient));
        }
        CALL(norm_apply)(&args);
        put_reals(&c.gradient, gradient, count);
        for (int which = 1; which >= 0; which--) /* of gamma: sum of g h, of beta: sum of g */
            for (size_t vector = 0; vector < vectors; vector++)
                *c.gradient++ = sums[(2 * (vector / channels) + (size_t)which) * channels + vector % channels];
        void *all[] = {args.workspace, scale, shift, real_mean, real_inverse, a, b, k, sums};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    }
    free(raw);
    free(gradient);
    free(mean);
    free(inverse);
    return objective;
}

static double run_dense(call c) {
    const ops_case *p = c.problem;
    size_t input_count = (size_t)p->batch * (size_t)p->channels, count = ops_case_output_count(p);
    size_t weight_count = (size_t)p->channels * (size_t)p->outputs;
    sm_real *inputs = take_reals(&c.inputs, input_count), *weights = take_reals(&c.inputs, weight_count);
    sm_real *bias = take_reals(&c.inputs, (size_t)p->outputs), *outputs = to_reals(c.weights, count);
    double objective = 0;
    if (c.gradient) {
        sm_real *input_gradient = allocate(input_count, sizeof(sm_real));
        sm_real *weights_gradient = allocate(weight_count, sizeof(sm_real));
        sm_real *bias_gradient = allocate((size_t)p->outputs, sizeof(sm_real));
        CALL(dense_backward)
        (inputs, outputs, p->batch, p->channels, p->outputs, weights, weights_gradient, bias_gradient, input_gradient);
        put_reals(&c.gradient, input_gradient, input_count);
        put_reals(&c.gradient, weights_gradient, weight_count);
        put_reals(&c.gradient, bias_gradient, (size_t)p->outputs);
        free(input_gradient);
        free(weights_gradient);
        free(bias_gradient);
    } else {
        CALL(dense)(inputs, p->batch, p->channels, p->outputs, weights, bias, outputs);
        objective = weighted_sum(outputs, c.weights, count);
    }
    free(inputs);
    free(weights);
    free(bias);
    free(outputs);
    return objective;
}

static double run_softmax(call c) {
    const ops_case *p = c.problem;
    size_t count = ops_case_output_count(p);
    sm_real *inputs = take_reals(&c.inputs, count), *outputs = allocate(count, sizeof(sm_real));
    CALL(softmax)(inputs, p->batch, p->channels, outputs);
    double objective = weighted_sum(outputs, c.weights, count);
    if (c.gradient) {
        sm_real *output_gradient = to_reals(c.weights, count);
        CALL(softmax_backward)(outputs, output_gradient, p->batch, p->channels, inputs);
        put_reals(&c.gradient, inputs, count);
        free(output_gradient);
    }
    free(inputs);
    free(outputs);
    return objective;
}

static double run_dropout(call c) {
    size_t count = ops_case_output_count(c.problem);
    sm_real *values = to_reals(c.gradient ? c.weights : c.inputs, count);
    CALL(dropout)(values, count, (sm_real)0.375, 1234567);
    double objective = weighted_sum(values, c.weights, count);
    if (c.gradient) put_reals(&c.gradient, values, count);
    free(values);
    return objective;
}

static double run_mask_loss(call c) {
    const ops_case *p = c.problem;
    size_t count = ops_case_input_count(p);
    sm_real *logits = take_reals(&c.inputs, count), *target = allocate(count, sizeof(sm_real));
    sm_real *gradient = c.gradient ? allocate(count, sizeof(sm_real)) : NULL;
    sm_real *weights = allocate((size_t)p->batch, sizeof(sm_real)); /* 0, 0.75, 1.5, ... */
    for (int i = 0; i < p->batch; i++) weights[i] = (sm_real)(0.75 * i);
    for (size_t i = 0; i < count; i++) {
        logits[i] *= 8;
        target[i] = (sm_real)(i % 3 == 0 ? 1 : i % 5 == 0 ? 0.25 : 0);
    }
    sm_mask_loss args = {.batch = p->batch,
                         .pixels = p->height * p->width,
                         .logits = logits,
                         .target = target,
                         .bce_weight = (sm_real)(p->options & OPS_DICE_ONLY ? 0 : 0.75),
                         .dice_weight = (sm_real)1.5,
                         .dice_smooth = (sm_real)0.5,
                         .weights = p->options & OPS_WEIGHTED ? weights : NULL,
                         .gradient = gradient};
    double objective = CALL(mask_loss)(&args);
    for (size_t i = 0; i < count && gradient; i++) *c.gradient++ = 8 * (double)gradient[i];
    free(weights);
    free(logits);
    free(target);
    free(gradient);
    return objective;
}

static double run_type_loss(call c) {
    const ops_case *p = c.problem;
    size_t count = ops_case_input_count(p);
    sm_real *logits = take_reals(&c.inputs, count);
    sm_real *gradient = c.gradient ? allocate(count, sizeof(sm_real)) : NULL;
    int *target = allocate((size_t)p->batch, sizeof *target);
    sm_real *soft_target = allocate(count, sizeof *soft_target);
    const double smoothing = p->options & OPS_SCALED ? 0.125 : 0;
    for (int i = 0; i < p->batch; i++) {
        target[i] = i % p->channels;
        for (int k = 0; k < p->channels; k++)
            soft_target[i * p->channels + k] =
                (sm_real)((k == target[i] ? 1 - smoothing : 0) + smoothing / p->channels);
    }
    double objective = p->kind == OPS_TYPE_MAE
                           ? CALL(type_mae)(logits, target, p->batch, gradient)
                           : CALL(cross_entropy)(logits, soft_target, p->batch, p->channels, gradient);
    free(soft_target);
    if (gradient) put_reals(&c.gradient, gradient, count);
    free(logits);
    free(gradient);
    free(target);
    return objective;
}

static double run(call c) {
    switch (c.problem->kind) {
    case OPS_MAX_POOL:
        return run_max_pool(c);
    case OPS_GLOBAL_POOL:
        return run_global_pool(c);
    case OPS_BILINEAR:
        return run_bilinear(c);
    case OPS_CONV1X1:
        return run_conv1x1(c);
    case OPS_NORM:
        return run_norm(c);
    case OPS_DENSE:
        return run_dense(c);
    case OPS_SOFTMAX:
        return run_softmax(c);
    case OPS_DROPOUT:
        return run_dropout(c);
    case OPS_MASK_LOSS:
        return run_mask_loss(c);
    case OPS_CROSS_ENTROPY:
    case OPS_TYPE_MAE:
        return run_type_loss(c);
    }
    abort();
}
