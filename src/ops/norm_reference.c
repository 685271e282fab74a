#include "operations.h"

size_t SM_REFERENCE(sm_norm_sums_workspace)(const sm_norm_backward *args, int threads) {
    (void)args;
    (void)threads;
    return 0;
}

/** Whether the gradient passes the ReLU at this raw value. */
static bool passes(const sm_norm_backward *args, int image, int channel, sm_real value) {
    if (!args->relu) return true;
    size_t index = args->per_image ? (size_t)image * (size_t)args->channels + (size_t)channel : (size_t)channel;
    return value * args->scale[index] + args->shift[index] > 0;
}

void SM_REFERENCE(sm_norm_sums)(const sm_norm_backward *args) {
    size_t channels = (size_t)args->channels;
    for (int image = 0; image < args->batch; image++)
        for (int channel = 0; channel < args->channels; channel++) {
            double sum = 0, sum_normalised = 0;
            for (int pixel = 0; pixel < args->pixels; pixel++) {
                size_t index = ((size_t)image * (size_t)args->pixels + (size_t)pixel) * channels + (size_t)channel;
                sm_real value = args->raw[index];
                if (!passes(args, image, channel, value)) continue;
                double normalised = ((double)value - args->mean[channel]) * args->inverse_deviation[channel];
                sum += args->gradient[index];
                sum_normalised += args->gradient[index] * normalised;
            }
            args->sums[((size_t)image * 2 + 0) * channels + (size_t)channel] = sum;
            args->sums[((size_t)image * 2 + 1) * channels + (size_t)channel] = sum_normalised;
        }
}

void SM_REFERENCE(sm_norm_apply)(const sm_norm_backward *args) {
    size_t index = 0;
    for (int image = 0; image < args->batch; image++)
        for (int pixel = 0; pixel < args->pixels; pixel++)
            for (int channel = 0; channel < args->channels; channel++, index++) {
                sm_real value = args->raw[index];
                sm_real gradient = passes(args, image, channel, value) ? args->gradient[index] : 0;
                sm_real a = args->a[(size_t)image * (size_t)args->channels + (size_t)channel];
                args->gradient[index] = a * gradient + args->b[channel] * value + args->c[channel];
            }
}
