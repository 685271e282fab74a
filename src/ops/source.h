/** Reading an `sm_source` in the fast kernels: vectors of channels, with scale, shift and ReLU in registers. */
#ifndef SONOMASK_SOURCE_H
#define SONOMASK_SOURCE_H

#include <math.h>

#include "rows.h"

/** The lazy transformation of one vector of channels: max(lowest, value * scale + shift). */
typedef struct source_transform {
    v_f32 scale, shift;
    v_f32 lowest; /**< 0 with ReLU; without, -infinity, which changes nothing */
} source_transform;

SM_INLINE v_f32 source_apply(const source_transform *transform, v_f32 value) {
    return SM_SOURCES_LAZY ? v_max(transform->lowest, v_fma(value, transform->scale, transform->shift)) : value;
}

/** For the `lanes` channels from `channel` on. */
SM_INLINE source_transform source_transform_at(const sm_source *source, int image, int channel, int lanes) {
    source_transform transform = {v_splat(1.0f), v_zero(), v_splat(source->relu ? 0.0f : -INFINITY)};
    if (source->scale) {
        size_t index = (source->per_image ? (size_t)image * (size_t)source->channels : 0) + (size_t)channel;
        transform.scale = v_load_count(source->scale + index, lanes);
        transform.shift = v_load_count(source->shift + index, lanes);
    }
    return transform;
}

/** For a vector over several pixels of fewer channels than lanes: lane i holds channel i % channels. */
static inline source_transform source_transform_repeated(const sm_source *source, int image) {
    source_transform transform = {v_splat(1.0f), v_zero(), v_splat(source->relu ? 0.0f : -INFINITY)};
    if (source->scale) {
        size_t index = source->per_image ? (size_t)image * (size_t)source->channels : 0;
        transform.scale = v_load_repeated(source->scale + index, source->channels);
        transform.shift = v_load_repeated(source->shift + index, source->channels);
    }
    return transform;
}

SM_INLINE void source_read_group(const sm_source *source, int image, const float *row, int x0, int count, float *output,
                                 int output_stride, int channel, int vectors, int lanes) {
    source_transform transform[GROUP];
    SM_UNROLL
    for (int v = 0; v < vectors; v++) transform[v] = source_transform_at(source, image, channel + v * V_LANES, lanes);
    output += channel;
    for (int i = 0; i < count; i++, output += output_stride) {
        int x = source->upsample ? (x0 + i) / 2 : x0 + i;
        const float *pixel = row + (size_t)x * (size_t)source->stride + channel;
        SM_UNROLL
        for (int v = 0; v < vectors; v++)
            v_store_count(output + v * V_LANES, source_apply(&transform[v], v_load_count(pixel + v * V_LANES, lanes)),
                          lanes);
    }
}

/**
 * Materialises `count` pixels of the reader's row `y` from `x0` on, into pixels `output_stride` floats apart.
 * `height` and `width` are the reader's.
 */
static inline void source_read_pixels(const sm_source *source, int image, int y, int x0, int count, int height,
                                      int width, float *output, int output_stride) {
    int shift = source->upsample ? 1 : 0;
    size_t row_index = (size_t)image * (size_t)(height >> shift) + (size_t)(y >> shift);
    const float *row = source->data + row_index * (size_t)(width >> shift) * (size_t)source->stride;
    bool dense = source->channels == source->stride && source->channels == output_stride && !source->upsample;
    if (dense && source->channels < V_LANES && V_LANES % source->channels == 0) {
        source_transform transform = source_transform_repeated(source, image);
        const float *input = row + (size_t)x0 * (size_t)source->stride;
        int total = count * source->channels, i = 0;
        for (; i + V_LANES <= total; i += V_LANES) v_store(output + i, source_apply(&transform, v_load(input + i)));
        if (i < total) v_store_part(output + i, source_apply(&transform, v_load_part(input + i, total - i)), total - i);
        return;
    }
    FOR_CHANNEL_GROUPS(source->channels, source_read_group, source, image, row, x0, count, output, output_stride);
}

#endif
