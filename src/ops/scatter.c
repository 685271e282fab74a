#include "operations.h"
#include "rows.h"

typedef struct scatter_arguments {
    const float *gradient;
    const sm_target *target;
    int target_count, height, width, channels;
} scatter_arguments;

/** `count` pixels one to one. */
SM_INLINE void copy_group(const sm_target *target, const float *gradient, int gradient_stride, float *output, int count,
                          int channel, int vectors, int lanes) {
    gradient += channel;
    output += channel;
    for (int x = 0; x < count; x++, gradient += gradient_stride, output += target->stride) {
        SM_UNROLL
        for (int v = 0; v < vectors; v++) {
            v_f32 value = v_load_count(gradient + v * V_LANES, lanes);
            if (target->accumulate) value = v_add(value, v_load_count(output + v * V_LANES, lanes));
            v_store_count(output + v * V_LANES, value, lanes);
        }
    }
}

/** `count` pixels of the target, each the sum of two by two of the gradient. */
SM_INLINE void sum_group(const sm_target *target, const float *upper, const float *lower, int gradient_stride,
                         float *output, int count, int channel, int vectors, int lanes) {
    output += channel;
    for (int x = 0; x < count; x++, output += target->stride) {
        size_t left = 2 * (size_t)x * (size_t)gradient_stride + (size_t)channel;
        size_t right = left + (size_t)gradient_stride;
        SM_UNROLL
        for (int v = 0; v < vectors; v++) {
            size_t at = (size_t)v * V_LANES;
            v_f32 value = v_add(v_add(v_load_count(upper + left + at, lanes), v_load_count(upper + right + at, lanes)),
                                v_add(v_load_count(lower + left + at, lanes), v_load_count(lower + right + at, lanes)));
            if (target->accumulate) value = v_add(value, v_load_count(output + at, lanes));
            v_store_count(output + at, value, lanes);
        }
    }
}

/** A pair of the gradient's rows, so that an upsampled target's row is one task's alone. */
static void scatter_row_pair(const void *arguments, int image, int pair) {
    const scatter_arguments *args = arguments;
    size_t row_floats = (size_t)args->width * (size_t)args->channels;
    size_t first_row = (size_t)image * (size_t)args->height + 2 * (size_t)pair;
    int rows = args->height - 2 * pair < 2 ? 1 : 2;
    const float *gradient = args->gradient + first_row * row_floats;
    for (int t = 0; t < args->target_count; gradient += args->target[t].channels, t++) {
        const sm_target *target = &args->target[t];
        if (!target->data) continue;
        if (target->upsample) {
            size_t row = (size_t)image * (size_t)(args->height / 2) + (size_t)pair;
            float *output = target->data + row * (size_t)(args->width / 2) * (size_t)target->stride;
            FOR_CHANNEL_GROUPS(target->channels, sum_group, target, gradient, gradient + row_floats, args->channels,
                               output, args->width / 2);
            continue;
        }
        float *output = target->data + first_row * (size_t)args->width * (size_t)target->stride;
        int count = rows * args->width; /* both rows at once: they follow each other on either side */
        if (target->channels == target->stride && target->channels == args->channels) {
            sm_target flat = *target; /* nothing but a copy: vectors across pixels whatever the channels */
            flat.stride = V_LANES;
            int total = count * target->channels, whole = total / V_LANES;
            copy_group(&flat, gradient, V_LANES, output, whole, 0, 1, V_LANES);
            if (total % V_LANES) {
                size_t done = (size_t)whole * V_LANES;
                copy_group(&flat, gradient + done, V_LANES, output + done, 1, 0, 1, total % V_LANES);
            }
            continue;
        }
        FOR_CHANNEL_GROUPS(target->channels, copy_group, target, gradient, args->channels, output, count);
    }
}

void SM_KERNEL(sm_scatter)(const float *gradient, const sm_target *target, int target_count, int batch, int height,
                           int width, const sm_parallel *parallel) {
    scatter_arguments args = {gradient, target, target_count, height, width, 0};
    for (int t = 0; t < target_count; t++) args.channels += target[t].channels;
    rows_run(scatter_row_pair, &args, batch, (height + 1) / 2, 2 * (size_t)width * (size_t)args.channels, parallel);
}
