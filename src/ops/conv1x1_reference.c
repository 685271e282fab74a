#include "operations.h"
#include "source_reference.h"

size_t SM_REFERENCE(sm_conv1x1_workspace)(const sm_conv *args, int threads) {
    (void)args;
    (void)threads;
    return 0;
}

void SM_REFERENCE(sm_conv1x1_forward)(const sm_conv *args) {
    for (int image = 0; image < args->batch; image++)
        for (int y = 0; y < args->height; y++)
            for (int x = 0; x < args->width; x++) {
                sm_real *output = args->output + reference_pixel_index(image, y, x, args->height, args->width,
                                                                       args->output_stride, false);
                for (int o = 0; o < args->output_channels; o++) {
                    const sm_real *weights = args->weights + o;
                    double sum = args->bias ? args->bias[o] : 0;
                    for (int s = 0; s < args->source_count; s++)
                        for (int i = 0; i < args->source[s].channels; i++, weights += args->output_channels)
                            sum += (double)reference_source_value(&args->source[s], image, y, x, args->height,
                                                                  args->width, i) *
                                   *weights;
                    if (args->output_scale) {
                        size_t index = (size_t)image * (size_t)args->output_channels + (size_t)o;
                        sum = sum * args->output_scale[index] + args->output_shift[index];
                    }
                    output[o] = args->relu && sum < 0 ? 0 : (sm_real)sum;
                }
            }
}

void SM_REFERENCE(sm_conv1x1_backward_data)(const sm_conv *args) {
    const sm_real *weights = args->weights;
    for (int t = 0; t < args->source_count; t++) {
        const sm_target *target = &args->target[t];
        reference_target_clear(target, args->batch, args->height, args->width);
        const sm_real *gradient = args->output_gradient;
        for (int image = 0; image < args->batch && target->data; image++)
            for (int y = 0; y < args->height; y++)
                for (int x = 0; x < args->width; x++, gradient += args->output_channels)
                    for (int i = 0; i < target->channels; i++) {
                        double sum = 0;
                        for (int o = 0; o < args->output_channels; o++)
                            sum += (double)gradient[o] * weights[(size_t)i * (size_t)args->output_channels + (size_t)o];
                        *reference_target_value(target, image, y, x, args->height, args->width, i) += (sm_real)sum;
                    }
        weights += (size_t)target->channels * (size_t)args->output_channels;
    }
}

void SM_REFERENCE(sm_conv1x1_backward_weights)(const sm_conv *args) {
    sm_real *weights_gradient = args->weights_gradient;
    size_t pixels = (size_t)args->batch * (size_t)args->height * (size_t)args->width;
    for (int s = 0; s < args->source_count; s++)
        for (int i = 0; i < args->source[s].channels; i++)
            for (int o = 0; o < args->output_channels; o++) {
                const sm_real *gradient = args->output_gradient + o;
                double sum = 0;
                for (int image = 0; image < args->batch; image++)
                    for (int y = 0; y < args->height; y++)
                        for (int x = 0; x < args->width; x++, gradient += args->output_channels)
                            sum += (double)*gradient *
                                   reference_source_value(&args->source[s], image, y, x, args->height, args->width, i);
                *weights_gradient++ += (sm_real)sum;
            }
    for (int o = 0; o < args->output_channels && args->bias_gradient; o++) {
        double sum = 0;
        for (size_t pixel = 0; pixel < pixels; pixel++)
            sum += args->output_gradient[pixel * (size_t)args->output_channels + (size_t)o];
        args->bias_gradient[o] += (sm_real)sum;
    }
}
