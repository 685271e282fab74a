/** Reference 3x3 convolution: the definition written as plain loops, on one thread, without workspace. */
#include "conv3x3.h"

/** Offset of the reader's pixel (y, x) of `image` in a tensor that may have half the height and width. */
static size_t pixel_offset(const sm_conv *args, bool upsample, int stride, int image, int y, int x) {
    const int divisor = upsample ? 2 : 1;
    const size_t height = (size_t)(args->height / divisor), width = (size_t)(args->width / divisor);
    return (((size_t)image * height + (size_t)(y / divisor)) * width + (size_t)(x / divisor)) * (size_t)stride;
}

static size_t output_offset(const sm_conv *args, int stride, int image, int y, int x) {
    return pixel_offset(args, false, stride, image, y, x);
}

static sm_real source_value(const sm_source *source, const sm_real *pixel, int image, int channel) {
    sm_real value = pixel[channel];
    if (source->scale) {
        const size_t index = (size_t)channel + (source->per_image ? (size_t)image * (size_t)source->channels : 0);
        value = value * source->scale[index] + source->shift[index];
    }
    return source->relu && value < 0 ? 0 : value;
}

/** The input pixel under a tap (3 * kernel row + kernel column), and whether it is inside the image. */
static bool tap_inside(const sm_conv *args, int y, int x, int tap, int *input_y, int *input_x) {
    *input_y = y + tap / 3 - 1;
    *input_x = x + tap % 3 - 1;
    return *input_y >= 0 && *input_y < args->height && *input_x >= 0 && *input_x < args->width;
}

size_t SM_REFERENCE(sm_conv3x3_transformed_size)(int input_channels, int output_channels) {
    (void)input_channels, (void)output_channels;
    return 0;
}

void SM_REFERENCE(sm_conv3x3_transform)(const float *weights, int input_channels, int output_channels,
                                        float *transformed) {
    (void)weights, (void)input_channels, (void)output_channels, (void)transformed;
}

size_t SM_REFERENCE(sm_conv3x3_workspace)(const sm_conv *args, int threads) {
    (void)args, (void)threads;
    return 0;
}

static void forward_pixel(const sm_conv *args, int image, int y, int x, sm_real *output) {
    const int outputs = args->output_channels, inputs = sm_conv_input_channels(args);
    for (int o = 0; o < outputs; o++) output[o] = 0;
    for (int tap = 0; tap < 9; tap++) {
        int input_y, input_x;
        if (!tap_inside(args, y, x, tap, &input_y, &input_x)) continue;
        const sm_real *weights = args->weights + (size_t)tap * (size_t)inputs * (size_t)outputs;
        for (int s = 0; s < args->source_count; s++) {
            const sm_source *source = &args->source[s];
            const sm_real *pixel =
                source->data + pixel_offset(args, source->upsample, source->stride, image, input_y, input_x);
            for (int i = 0; i < source->channels; i++, weights += outputs) {
                const sm_real value = source_value(source, pixel, image, i);
                for (int o = 0; o < outputs; o++) output[o] += value * weights[o];
            }
        }
    }
    for (int o = 0; o < outputs; o++) {
        const size_t image_channel = (size_t)image * (size_t)outputs + (size_t)o;
        if (args->bias) output[o] += args->bias[o];
        if (args->output_scale)
            output[o] = output[o] * args->output_scale[image_channel] + args->output_shift[image_channel];
        if (args->relu && output[o] < 0) output[o] = 0;
    }
}

static void pool(const sm_conv *args) {
    sm_real *pooled = args->pooled;
    for (int image = 0; image < args->batch; image++)
        for (int y = 0; y < args->height; y += 2)
            for (int x = 0; x < args->width; x += 2)
                for (int o = 0; o < args->output_channels; o++) {
                    sm_real largest = args->output[output_offset(args, args->output_stride, image, y, x) + (size_t)o];
                    for (int corner = 1; corner < 4; corner++) {
                        const size_t offset =
                            output_offset(args, args->output_stride, image, y + corner / 2, x + corner % 2);
                        const sm_real value = args->output[offset + (size_t)o];
                        if (value > largest) largest = value;
                    }
                    *pooled++ = largest;
                }
}

static void sum_outputs(const sm_conv *args) {
    const size_t outputs = (size_t)args->output_channels;
    for (int image = 0; image < args->batch; image++) {
        double *sum = args->sums + (size_t)image * 2 * outputs, *squares = sum + outputs;
        for (size_t o = 0; o < 2 * outputs; o++) sum[o] = 0;
        for (int y = 0; y < args->height; y++)
            for (int x = 0; x < args->width; x++) {
                const sm_real *output = args->output + output_offset(args, args->output_stride, image, y, x);
                for (size_t o = 0; o < outputs; o++) {
                    sum[o] += (double)output[o];
                    squares[o] += (double)output[o] * (double)output[o];
                }
            }
    }
}

void SM_REFERENCE(sm_conv3x3_forward)(const sm_conv *args) {
    for (int image = 0; image < args->batch; image++)
        for (int y = 0; y < args->height; y++)
            for (int x = 0; x < args->width; x++)
                forward_pixel(args, image, y, x, args->output + output_offset(args, args->output_stride, image, y, x));
    if (args->pooled) pool(args);
    if (args->sums) sum_outputs(args);
}

/** Adds the contribution of one output pixel's gradient to the target pixels under the kernel. */
static void backward_data_pixel(const sm_conv *args, int image, int y, int x) {
    const int outputs = args->output_channels, inputs = sm_conv_input_channels(args);
    const sm_real *gradient = args->output_gradient + output_offset(args, outputs, image, y, x);
    for (int tap = 0; tap < 9; tap++) {
        int input_y, input_x;
        if (!tap_inside(args, y, x, tap, &input_y, &input_x)) continue;
        const sm_real *weights = args->weights + (size_t)tap * (size_t)inputs * (size_t)outputs;
        for (int s = 0; s < args->source_count; s++) {
            const sm_target *target = &args->target[s];
            if (!target->data) {
                weights += (size_t)sm_conv_channels(args, s) * (size_t)outputs;
                continue;
            }
            sm_real *pixel =
                target->data + pixel_offset(args, target->upsample, target->stride, image, input_y, input_x);
            for (int i = 0; i < target->channels; i++, weights += outputs) {
                sm_real sum = 0;
                for (int o = 0; o < outputs; o++) sum += gradient[o] * weights[o];
                pixel[i] += sum;
            }
        }
    }
}

void SM_REFERENCE(sm_conv3x3_backward_data)(const sm_conv *args) {
    for (int s = 0; s < args->source_count; s++) {
        const sm_target *target = &args->target[s];
        if (!target->data || target->accumulate) continue;
        const int divisor = target->upsample ? 2 : 1;
        const size_t pixels = (size_t)args->batch * (size_t)(args->height / divisor) * (size_t)(args->width / divisor);
        for (size_t pixel = 0; pixel < pixels; pixel++)
            for (int i = 0; i < target->channels; i++) target->data[pixel * (size_t)target->stride + (size_t)i] = 0;
    }
    for (int image = 0; image < args->batch; image++)
        for (int y = 0; y < args->height; y++)
            for (int x = 0; x < args->width; x++) backward_data_pixel(args, image, y, x);
}

/** Adds the contribution of one output pixel to the gradients of weights and bias. */
static void backward_weights_pixel(const sm_conv *args, int image, int y, int x) {
    const int outputs = args->output_channels, inputs = sm_conv_input_channels(args);
    const sm_real *gradient = args->output_gradient + output_offset(args, outputs, image, y, x);
    for (int tap = 0; tap < 9; tap++) {
        int input_y, input_x;
        if (!tap_inside(args, y, x, tap, &input_y, &input_x)) continue;
        sm_real *weights = args->weights_gradient + (size_t)tap * (size_t)inputs * (size_t)outputs;
        for (int s = 0; s < args->source_count; s++) {
            const sm_source *source = &args->source[s];
            const sm_real *pixel =
                source->data + pixel_offset(args, source->upsample, source->stride, image, input_y, input_x);
            for (int i = 0; i < source->channels; i++, weights += outputs) {
                const sm_real value = source_value(source, pixel, image, i);
                for (int o = 0; o < outputs; o++) weights[o] += value * gradient[o];
            }
        }
    }
    if (args->bias_gradient)
        for (int o = 0; o < outputs; o++) args->bias_gradient[o] += gradient[o];
}

void SM_REFERENCE(sm_conv3x3_backward_weights)(const sm_conv *args) {
    for (int image = 0; image < args->batch; image++)
        for (int y = 0; y < args->height; y++)
            for (int x = 0; x < args->width; x++) backward_weights_pixel(args, image, y, x);
}
