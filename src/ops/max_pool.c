#include "operations.h"
#include "source.h"

typedef struct max_pool_arguments {
    const sm_source *source;
    const sm_target *target;
    int height, width; /**< the reader's */
    float *output;
    const float *output_gradient;
} max_pool_arguments;

/** The four corners of the windows of one output row: the first window's, and the step to the next. */
typedef struct window_row {
    size_t upper, lower; /**< index of the left pixels */
    size_t right;        /**< from a left pixel to its right neighbour */
    size_t step;         /**< from window to window */
} window_row;

/** In an upsampled tensor the four corners are the same pixel. */
static window_row window_row_at(int image, int row, int height, int width, int stride, bool upsample) {
    size_t output_row = (size_t)image * (size_t)(height / 2) + (size_t)row, pixel = (size_t)stride;
    if (upsample) {
        size_t start = output_row * (size_t)(width / 2) * pixel;
        return (window_row){start, start, 0, pixel};
    }
    size_t row_floats = (size_t)width * pixel;
    return (window_row){2 * output_row * row_floats, (2 * output_row + 1) * row_floats, pixel, 2 * pixel};
}

/** The values of the four corners, `at` floats into the first window's. */
typedef struct window_values {
    v_f32 corner[4];
} window_values;

SM_INLINE window_values read_window(const sm_source *source, const source_transform *transform, const window_row *from,
                                    size_t at, int lanes) {
    const float *upper = source->data + from->upper + at, *lower = source->data + from->lower + at;
    return (window_values){{source_apply(transform, v_load_count(upper, lanes)),
                            source_apply(transform, v_load_count(upper + from->right, lanes)),
                            source_apply(transform, v_load_count(lower, lanes)),
                            source_apply(transform, v_load_count(lower + from->right, lanes))}};
}

SM_INLINE void pool_group(const max_pool_arguments *args, int image, const window_row *from, float *output, int channel,
                          int vectors, int lanes) {
    const sm_source *source = args->source;
    source_transform transform[GROUP];
    SM_UNROLL
    for (int v = 0; v < vectors; v++) transform[v] = source_transform_at(source, image, channel + v * V_LANES, lanes);
    output += channel;
    for (int x = 0; x < args->width / 2; x++, output += source->channels) {
        SM_UNROLL
        for (int v = 0; v < vectors; v++) {
            size_t at = (size_t)x * from->step + (size_t)(channel + v * V_LANES);
            window_values values = read_window(source, &transform[v], from, at, lanes);
            v_f32 top = v_max(values.corner[0], values.corner[1]), bottom = v_max(values.corner[2], values.corner[3]);
            v_store_count(output + v * V_LANES, v_max(top, bottom), lanes);
        }
    }
}

/** A dense one-channel tensor: vectors run along the row. `lanes` windows from window `x` on. */
SM_INLINE void pool_map_vector(const source_transform *transform, const float *upper, const float *lower, float *output,
                               int x, int lanes) {
    int first = 2 * lanes < V_LANES ? 2 * lanes : V_LANES, second = 2 * lanes - first; /* lanes of the two loads */
    v_f32 maxima[2], left, right;
    for (int i = 0; i < 2; i++) {
        size_t at = 2 * (size_t)x + (size_t)(i * V_LANES);
        int count = i ? second : first;
        if (!count) at = 0; /* nothing is loaded; the address must still be within the row */
        maxima[i] = v_max(source_apply(transform, v_load_count(upper + at, count)),
                          source_apply(transform, v_load_count(lower + at, count)));
    }
    v_deinterleave(maxima[0], maxima[1], &left, &right);
    v_store_count(output + x, v_max(left, right), lanes);
}

/** Whether a tensor is a map that pool_map_vector can take. */
static bool is_map(int channels, int stride, bool upsample) { return channels == 1 && stride == 1 && !upsample; }

static void pool_map_row(const max_pool_arguments *args, int image, const window_row *at, float *output) {
    source_transform transform = source_transform_repeated(args->source, image);
    const float *upper = args->source->data + at->upper, *lower = args->source->data + at->lower;
    FOR_CHANNEL_VECTORS(args->width / 2, pool_map_vector, &transform, upper, lower, output);
}

static void pool_row(const void *arguments, int image, int row) {
    const max_pool_arguments *args = arguments;
    const sm_source *source = args->source;
    window_row at = window_row_at(image, row, args->height, args->width, source->stride, source->upsample);
    size_t output_row = (size_t)image * (size_t)(args->height / 2) + (size_t)row;
    float *output = args->output + output_row * (size_t)(args->width / 2) * (size_t)source->channels;
    if (is_map(source->channels, source->stride, source->upsample))
        pool_map_row(args, image, &at, output);
    else
        FOR_CHANNEL_GROUPS(source->channels, pool_group, args, image, &at, output);
}

void SM_KERNEL(sm_max_pool)(const sm_source *source, int batch, int height, int width, float *output,
                            const sm_parallel *parallel) {
    max_pool_arguments args = {source, NULL, height, width, output, NULL};
    rows_run(pool_row, &args, batch, height / 2, 2 * (size_t)width * (size_t)source->channels, parallel);
}

SM_INLINE void add_or_store(float *p, v_f32 value, bool accumulate, int lanes) {
    v_store_count(p, accumulate ? v_add(v_load_count(p, lanes), value) : value, lanes);
}

/**
 * The gradient goes to the first maximum of the four values: each later value that is larger than the running maximum
 * takes it over.
 */
SM_INLINE void split_gradient(const v_f32 values[4], v_f32 whole, v_f32 shares[4]) {
    v_f32 maximum = values[0];
    shares[0] = whole;
    SM_UNROLL
    for (int i = 1; i < 4; i++) {
        SM_UNROLL
        for (int j = 0; j < i; j++) shares[j] = v_select_greater(values[i], maximum, v_zero(), shares[j]);
        shares[i] = v_select_greater(values[i], maximum, whole, v_zero());
        maximum = v_max(values[i], maximum);
    }
}

SM_INLINE void pool_backward_group(const max_pool_arguments *args, int image, const window_row *from,
                                   const window_row *to, const float *gradient, int channel, int vectors, int lanes) {
    const sm_source *source = args->source;
    const sm_target *target = args->target;
    source_transform transform[GROUP];
    SM_UNROLL
    for (int v = 0; v < vectors; v++) transform[v] = source_transform_at(source, image, channel + v * V_LANES, lanes);
    gradient += channel;
    for (int x = 0; x < args->width / 2; x++, gradient += source->channels) {
        SM_UNROLL
        for (int v = 0; v < vectors; v++) {
            size_t offset = (size_t)channel + (size_t)v * V_LANES;
            float *upper = target->data + to->upper + (size_t)x * to->step + offset;
            float *lower = target->data + to->lower + (size_t)x * to->step + offset;
            v_f32 whole = v_load_count(gradient + v * V_LANES, lanes), shares[4];
            if (target->upsample) { /* the four corners are one pixel */
                add_or_store(upper, whole, target->accumulate, lanes);
                continue;
            }
            window_values values = read_window(source, &transform[v], from, (size_t)x * from->step + offset, lanes);
            split_gradient(values.corner, whole, shares);
            add_or_store(upper, shares[0], target->accumulate, lanes);
            add_or_store(upper + to->right, shares[1], target->accumulate, lanes);
            add_or_store(lower, shares[2], target->accumulate, lanes);
            add_or_store(lower + to->right, shares[3], target->accumulate, lanes);
        }
    }
}

/** For maps: `lanes` windows from window `x` on. */
SM_INLINE void pool_backward_map_vector(const max_pool_arguments *args, const source_transform *transform,
                                        const window_row *at, const float *gradient, int x, int lanes) {
    const float *rows[2] = {args->source->data + at->upper, args->source->data + at->lower};
    float *targets[2] = {args->target->data + at->upper, args->target->data + at->lower};
    int counts[2] = {2 * lanes < V_LANES ? 2 * lanes : V_LANES, 0};
    counts[1] = 2 * lanes - counts[0];
    size_t starts[2] = {2 * (size_t)x, counts[1] ? 2 * (size_t)x + V_LANES : 0};
    v_f32 values[4], shares[4];
    for (int row = 0; row < 2; row++)
        v_deinterleave(source_apply(transform, v_load_count(rows[row] + starts[0], counts[0])),
                       source_apply(transform, v_load_count(rows[row] + starts[1], counts[1])), &values[2 * row],
                       &values[2 * row + 1]);
    split_gradient(values, v_load_count(gradient + x, lanes), shares);
    for (int row = 0; row < 2; row++) {
        v_f32 parts[2];
        v_interleave(shares[2 * row], shares[2 * row + 1], &parts[0], &parts[1]);
        for (int i = 0; i < 2; i++)
            if (counts[i]) add_or_store(targets[row] + starts[i], parts[i], args->target->accumulate, counts[i]);
    }
}

static void pool_backward_row(const void *arguments, int image, int row) {
    const max_pool_arguments *args = arguments;
    const sm_source *source = args->source;
    const sm_target *target = args->target;
    window_row from = window_row_at(image, row, args->height, args->width, source->stride, source->upsample);
    window_row to = window_row_at(image, row, args->height, args->width, target->stride, target->upsample);
    size_t output_row = (size_t)image * (size_t)(args->height / 2) + (size_t)row;
    const float *gradient = args->output_gradient + output_row * (size_t)(args->width / 2) * (size_t)source->channels;
    if (is_map(source->channels, source->stride, source->upsample) &&
        is_map(target->channels, target->stride, target->upsample)) {
        source_transform transform = source_transform_repeated(source, image);
        FOR_CHANNEL_VECTORS(args->width / 2, pool_backward_map_vector, args, &transform, &from, gradient);
        return;
    }
    FOR_CHANNEL_GROUPS(source->channels, pool_backward_group, args, image, &from, &to, gradient);
}

void SM_KERNEL(sm_max_pool_backward)(const sm_source *source, int batch, int height, int width,
                                     const float *output_gradient, const sm_target *target,
                                     const sm_parallel *parallel) {
    if (!target->data) return;
    max_pool_arguments args = {source, target, height, width, NULL, output_gradient};
    rows_run(pool_backward_row, &args, batch, height / 2, 4 * (size_t)width * (size_t)source->channels, parallel);
}
