/**
 * Both directions process rows of vectors of channels. An output pixel is 3/4 of its own input pixel plus 1/4 of the
 * neighbour on its side, for rows and columns; beyond the edge the edge pixel is used. Backward, an input pixel
 * receives 3/4 of its own two outputs and 1/4 of the outputs before and after them, with the same clamping.
 *
 * The vectors of a one-channel map (mask logits) run along the row: rows are blended into a small buffer, then columns,
 * and the two outputs of each pixel are interleaved.
 */
#include "operations.h"
#include "rows.h"

enum { BUFFER_PIXELS = 128 };

typedef struct bilinear_arguments {
    const float *input;
    float *output;
    int height, width, channels; /**< of the small tensor */
    bool accumulate;
} bilinear_arguments;

static int clamp(int value, int size) { return value < 0 ? 0 : value >= size ? size - 1 : value; }

/** 3/4 near + 1/4 far. */
SM_INLINE v_f32 blend(v_f32 near, v_f32 far) { return v_fma(v_splat(0.25f), far, v_mul(v_splat(0.75f), near)); }

/** The rows that belong to one row of the small tensor. */
static const float *row_of(const float *image, int row, int rows, size_t row_floats) {
    return image + (size_t)clamp(row, rows) * row_floats;
}

SM_INLINE void upsample_vector(const float *above, const float *row, const float *below, int width, int channels,
                               float *upper, float *lower, int channel, int lanes) {
    v_f32 left[2], middle[2], right[2]; /* of the upper and the lower output row */
    v_f32 centre = v_load_count(row + channel, lanes);
    middle[0] = left[0] = blend(centre, v_load_count(above + channel, lanes));
    middle[1] = left[1] = blend(centre, v_load_count(below + channel, lanes));
    for (int x = 0; x < width; x++) {
        size_t next = (size_t)(x + 1 < width ? x + 1 : x) * (size_t)channels + (size_t)channel;
        centre = v_load_count(row + next, lanes);
        right[0] = blend(centre, v_load_count(above + next, lanes));
        right[1] = blend(centre, v_load_count(below + next, lanes));
        size_t even = 2 * (size_t)x * (size_t)channels + (size_t)channel, odd = even + (size_t)channels;
        v_store_count(upper + even, blend(middle[0], left[0]), lanes);
        v_store_count(upper + odd, blend(middle[0], right[0]), lanes);
        v_store_count(lower + even, blend(middle[1], left[1]), lanes);
        v_store_count(lower + odd, blend(middle[1], right[1]), lanes);
        for (int i = 0; i < 2; i++) {
            left[i] = middle[i];
            middle[i] = right[i];
        }
    }
}

/** One output row of a one-channel map. */
static void upsample_map_row(const float *row, const float *neighbour, int width, float *output) {
    float blended[BUFFER_PIXELS + V_LANES + 2] = {0}; /* a chunk of the row, the pixel before and the pixel after */
    for (int start = 0; start < width; start += BUFFER_PIXELS) {
        int count = width - start < BUFFER_PIXELS ? width - start : BUFFER_PIXELS;
        for (int i = 0; i < count; i += V_LANES) {
            int lanes = count - i < V_LANES ? count - i : V_LANES;
            v_store(blended + 1 + i,
                    blend(v_load_count(row + start + i, lanes), v_load_count(neighbour + start + i, lanes)));
        }
        int before = clamp(start - 1, width), after = clamp(start + count, width);
        blended[0] = 0.75f * row[before] + 0.25f * neighbour[before];
        blended[count + 1] = 0.75f * row[after] + 0.25f * neighbour[after];
        for (int i = 0; i < count; i += V_LANES) {
            v_f32 pixel = v_load(blended + i + 1), low, high;
            v_interleave(blend(pixel, v_load(blended + i)), blend(pixel, v_load(blended + i + 2)), &low, &high);
            float *pair = output + 2 * (start + i);
            if (i + V_LANES <= count) {
                v_store(pair, low);
                v_store(pair + V_LANES, high);
            } else {
                float rest[2 * V_LANES];
                v_store(rest, low);
                v_store(rest + V_LANES, high);
                memcpy(pair, rest, 2 * (size_t)(count - i) * sizeof *pair);
            }
        }
    }
}

static void upsample_row(const void *arguments, int image, int y) {
    const bilinear_arguments *args = arguments;
    size_t row_floats = (size_t)args->width * (size_t)args->channels;
    const float *input = args->input + (size_t)image * (size_t)args->height * row_floats;
    const float *row = row_of(input, y, args->height, row_floats);
    const float *above = row_of(input, y - 1, args->height, row_floats);
    const float *below = row_of(input, y + 1, args->height, row_floats);
    float *upper = args->output + ((size_t)image * (size_t)args->height + (size_t)y) * 4 * row_floats;
    float *lower = upper + 2 * row_floats;
    if (args->channels == 1) {
        upsample_map_row(row, above, args->width, upper);
        upsample_map_row(row, below, args->width, lower);
        return;
    }
    FOR_CHANNEL_VECTORS(args->channels, upsample_vector, above, row, below, args->width, args->channels, upper, lower);
}

void SM_KERNEL(sm_upsample_bilinear)(const float *input, int batch, int height, int width, int channels, float *output,
                                     const sm_parallel *parallel) {
    bilinear_arguments args = {input, output, height, width, channels, false};
    rows_run(upsample_row, &args, batch, height, 4 * (size_t)width * (size_t)channels, parallel);
}

/** The four gradient rows that reach one row of the small tensor: the one before, its own two, the one after. */
typedef struct four_rows {
    const float *row[4];
} four_rows;

SM_INLINE v_f32 blend_column(const four_rows *rows, size_t index, int lanes) {
    v_f32 own = v_add(v_load_count(rows->row[1] + index, lanes), v_load_count(rows->row[2] + index, lanes));
    v_f32 others = v_add(v_load_count(rows->row[0] + index, lanes), v_load_count(rows->row[3] + index, lanes));
    return blend(own, others);
}

SM_INLINE void backward_vector(const four_rows *rows, int width, int channels, float *output, bool accumulate,
                               int channel, int lanes) {
    size_t pixel = (size_t)channels;
    v_f32 own_left = blend_column(rows, (size_t)channel, lanes), before = own_left;
    for (int x = 0; x < width; x++) {
        size_t odd = (2 * (size_t)x + 1) * pixel + (size_t)channel;
        v_f32 own_right = blend_column(rows, odd, lanes);
        v_f32 after = x + 1 < width ? blend_column(rows, odd + pixel, lanes) : own_right;
        v_f32 sum = blend(v_add(own_left, own_right), v_add(before, after));
        float *target = output + (size_t)x * pixel + (size_t)channel;
        if (accumulate) sum = v_add(sum, v_load_count(target, lanes));
        v_store_count(target, sum, lanes);
        before = own_right;
        own_left = after;
    }
}

static void backward_map_row(const four_rows *rows, int width, float *output, bool accumulate) {
    float blended[2 * (BUFFER_PIXELS + V_LANES) + 2] = {0}; /* columns 2 start - 1 .. 2 (start + count) */
    for (int start = 0; start < width; start += BUFFER_PIXELS) {
        int count = width - start < BUFFER_PIXELS ? width - start : BUFFER_PIXELS;
        for (int i = 0; i < 2 * count; i += V_LANES) {
            int lanes = 2 * count - i < V_LANES ? 2 * count - i : V_LANES;
            v_store(blended + 1 + i, blend_column(rows, 2 * (size_t)start + (size_t)i, lanes));
        }
        size_t before = (size_t)clamp(2 * start - 1, 2 * width), after = (size_t)clamp(2 * (start + count), 2 * width);
        v_store_part(blended, blend_column(rows, before, 1), 1);
        v_store_part(blended + 2 * count + 1, blend_column(rows, after, 1), 1);
        for (int i = 0; i < count; i += V_LANES) {
            int lanes = count - i < V_LANES ? count - i : V_LANES;
            const float *columns = blended + 2 * i;
            v_f32 own_left, own_right, before_own, after_own;
            v_deinterleave(v_load(columns), v_load(columns + V_LANES), &before_own, &own_left);
            v_deinterleave(v_load(columns + 2), v_load(columns + V_LANES + 2), &own_right, &after_own);
            v_f32 sum = blend(v_add(own_left, own_right), v_add(before_own, after_own));
            float *target = output + start + i;
            if (accumulate) sum = v_add(sum, v_load_count(target, lanes));
            v_store_count(target, sum, lanes);
        }
    }
}

static void backward_row(const void *arguments, int image, int y) {
    const bilinear_arguments *args = arguments;
    size_t row_floats = (size_t)args->width * (size_t)args->channels;
    const float *gradient = args->input + (size_t)image * (size_t)args->height * 4 * row_floats;
    four_rows rows;
    for (int i = 0; i < 4; i++) rows.row[i] = row_of(gradient, 2 * y - 1 + i, 2 * args->height, 2 * row_floats);
    float *output = args->output + ((size_t)image * (size_t)args->height + (size_t)y) * row_floats;
    if (args->channels == 1)
        backward_map_row(&rows, args->width, output, args->accumulate);
    else
        FOR_CHANNEL_VECTORS(args->channels, backward_vector, &rows, args->width, args->channels, output,
                            args->accumulate);
}

void SM_KERNEL(sm_upsample_bilinear_backward)(const float *output_gradient, int batch, int height, int width,
                                              int channels, float *input_gradient, bool accumulate,
                                              const sm_parallel *parallel) {
    bilinear_arguments args = {output_gradient, input_gradient, height, width, channels, accumulate};
    rows_run(backward_row, &args, batch, height, 4 * (size_t)width * (size_t)channels, parallel);
}
