#include "operations.h"
#include "source.h"

/**
 * An image as a flat list of pixels. Mean and maximum do not change when every pixel is repeated four times, so an
 * upsampled source is pooled at its own size.
 */
typedef struct pixel_list {
    int count, stride, channels;
    int packed; /**< pixels per vector: more than one for 1, 2, 4 or 8 dense channels */
} pixel_list;

static pixel_list list_pixels(const sm_source *source, int height, int width) {
    int divisor = source->upsample ? 2 : 1;
    pixel_list list = {(height / divisor) * (width / divisor), source->stride, source->channels, 1};
    if (source->stride == source->channels && source->channels < V_LANES && V_LANES % source->channels == 0)
        list.packed = V_LANES / source->channels;
    return list;
}

/** Results for a vector of channels (with packed pixels: per lane). */
typedef struct pool_lanes {
    double sum[V_LANES];
    float maximum[V_LANES];
    int first[V_LANES]; /**< number of the vector that holds the first maximum */
} pool_lanes;

/** Pools `count` vectors, `step` floats apart: short blocks in float, then double and int. */
SM_INLINE void pool_vectors(const source_transform *transform, const float *data, size_t step, int count, int lanes,
                            pool_lanes *pool) {
    enum { BLOCK = 64 };
    for (int lane = 0; lane < V_LANES; lane++) {
        pool->sum[lane] = 0;
        pool->maximum[lane] = -INFINITY;
        pool->first[lane] = 0;
    }
    for (int start = 0; start < count; start += BLOCK) {
        int end = count - start < BLOCK ? count : start + BLOCK;
        v_f32 sum = v_zero(), maximum = v_splat(-INFINITY), first = v_zero();
        for (int i = start; i < end; i++) {
            v_f32 value = source_apply(transform, v_load_count(data + (size_t)i * step, lanes));
            sum = v_add(sum, value);
            first = v_select_greater(value, maximum, v_splat((float)(i - start)), first);
            maximum = v_max(value, maximum);
        }
        float sums[V_LANES], maxima[V_LANES], firsts[V_LANES];
        v_store(sums, sum);
        v_store(maxima, maximum);
        v_store(firsts, first);
        for (int lane = 0; lane < V_LANES; lane++) {
            pool->sum[lane] += (double)sums[lane];
            if (maxima[lane] > pool->maximum[lane]) {
                pool->maximum[lane] = maxima[lane];
                pool->first[lane] = start + (int)firsts[lane];
            }
        }
    }
}

/** Mean, maximum and the first maximal pixel of up to V_LANES channels. */
typedef struct channel_pool {
    float average[V_LANES], maximum[V_LANES];
    int first[V_LANES];
} channel_pool;

SM_INLINE void pool_channels(const sm_source *source, const pixel_list *list, const float *data, int image, int channel,
                             int lanes, channel_pool *result) {
    source_transform transform = source_transform_at(source, image, channel, lanes);
    pool_lanes pool;
    pool_vectors(&transform, data + channel, (size_t)list->stride, list->count, lanes, &pool);
    for (int lane = 0; lane < lanes; lane++) {
        result->average[lane] = (float)(pool.sum[lane] / list->count);
        result->maximum[lane] = pool.maximum[lane];
        result->first[lane] = pool.first[lane];
    }
}

/** Adds one more pixel's value. */
static void pool_value(double *sum, float *maximum, int *first, float value, int pixel) {
    *sum += (double)value;
    if (value > *maximum) {
        *maximum = value;
        *first = pixel;
    }
}

static void pool_packed(const sm_source *source, const pixel_list *list, const float *data, int image,
                        channel_pool *result) {
    source_transform transform = source_transform_repeated(source, image);
    int vectors = list->count / list->packed, rest = list->count % list->packed;
    pool_lanes pool;
    pool_vectors(&transform, data, V_LANES, vectors, V_LANES, &pool);
    float last[V_LANES];
    v_store(last, source_apply(&transform, v_load_part(data + (size_t)vectors * V_LANES, rest * list->channels)));
    for (int channel = 0; channel < list->channels; channel++) {
        double sum = 0;
        float maximum = -INFINITY;
        int first = 0;
        for (int pixel = 0; pixel < list->packed && vectors > 0; pixel++) {
            int lane = pixel * list->channels + channel, at = pool.first[lane] * list->packed + pixel;
            sum += pool.sum[lane];
            if (pool.maximum[lane] > maximum || (pool.maximum[lane] >= maximum && at < first)) {
                maximum = pool.maximum[lane];
                first = at;
            }
        }
        for (int pixel = 0; pixel < rest; pixel++)
            // packed * channels is V_LANES, so one lane never reaches this. The analyser does not recognise this.
            // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage)
            pool_value(&sum, &maximum, &first, last[pixel * list->channels + channel], vectors * list->packed + pixel);
        result->average[channel] = (float)(sum / list->count);
        result->maximum[channel] = maximum;
        result->first[channel] = first;
    }
}

/** Pools the vector of channels from `channel` on. Returns their number. */
static int pool_next(const sm_source *source, const pixel_list *list, int image, int channel, channel_pool *result) {
    const float *data = source->data + (size_t)image * (size_t)list->count * (size_t)list->stride;
    if (list->packed > 1) {
        pool_packed(source, list, data, image, result);
        return list->channels;
    }
    if (channel + V_LANES <= list->channels) {
        pool_channels(source, list, data, image, channel, V_LANES, result);
        return V_LANES;
    }
    pool_channels(source, list, data, image, channel, list->channels - channel, result);
    return list->channels - channel;
}

void SM_KERNEL(sm_global_pool)(const sm_source *source, int batch, int height, int width, float *average,
                               float *maximum) {
    pixel_list list = list_pixels(source, height, width);
    channel_pool pool;
    for (int image = 0; image < batch; image++)
        for (int channel = 0, lanes; channel < list.channels; channel += lanes) {
            lanes = pool_next(source, &list, image, channel, &pool);
            size_t index = (size_t)image * (size_t)list.channels + (size_t)channel;
            if (average) memcpy(average + index, pool.average, (size_t)lanes * sizeof *average);
            if (maximum) memcpy(maximum + index, pool.maximum, (size_t)lanes * sizeof *maximum);
        }
}

/** Sets every pixel to the same values, or adds them. */
SM_INLINE void spread_vector(const sm_target *target, const pixel_list *list, const float *values, float factor,
                             float *data, int channel, int lanes) {
    v_f32 value = values ? v_mul(v_load_count(values + channel, lanes), v_splat(factor)) : v_zero();
    for (int pixel = 0; pixel < list->count; pixel++) {
        float *place = data + (size_t)pixel * (size_t)target->stride + channel;
        v_store_count(place, target->accumulate ? v_add(v_load_count(place, lanes), value) : value, lanes);
    }
}

void SM_KERNEL(sm_global_pool_backward)(const sm_source *source, int batch, int height, int width,
                                        const float *average_gradient, const float *maximum_gradient,
                                        const sm_target *target) {
    if (!target->data) return;
    pixel_list list = list_pixels(source, height, width);
    for (int image = 0; image < batch; image++) {
        size_t index = (size_t)image * (size_t)list.channels;
        float *data = target->data + (size_t)image * (size_t)list.count * (size_t)target->stride;
        const float *average = average_gradient ? average_gradient + index : NULL;
        if (average || !target->accumulate)
            FOR_CHANNEL_VECTORS(list.channels, spread_vector, target, &list, average, 1.0f / (float)list.count, data);
        channel_pool pool;
        for (int channel = 0, lanes; channel < list.channels && maximum_gradient; channel += lanes) {
            lanes = pool_next(source, &list, image, channel, &pool);
            for (int lane = 0; lane < lanes; lane++)
                data[(size_t)pool.first[lane] * (size_t)target->stride + (size_t)(channel + lane)] +=
                    maximum_gradient[index + (size_t)(channel + lane)];
        }
    }
}
