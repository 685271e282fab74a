/** The Winograd output transform, into the output of a convolution or into the targets of its gradient. */
#include "conv3x3_winograd.h"

#include <math.h>

/** A^T applied to 6 values. */
SM_INLINE void transform_output(const v_f32 m[6], v_f32 y[4]) {
    const v_f32 inner_even = v_add(m[1], m[2]), inner_odd = v_sub(m[1], m[2]);
    const v_f32 outer_even = v_add(m[3], m[4]), outer_odd = v_sub(m[3], m[4]);
    y[0] = v_add(v_add(m[0], inner_even), outer_even);
    y[1] = v_fma(v_splat(2.0f), outer_odd, inner_odd);
    y[2] = v_fma(v_splat(4.0f), outer_even, inner_even);
    y[3] = v_add(v_fma(v_splat(8.0f), outer_odd, inner_odd), m[5]);
}

/** A^T M of one chunk of one tile: [4][6][V_LANES]. */
SM_INLINE void transform_columns(const float *values, size_t position_stride, float *rows) {
    SM_KEEP_LOOP
    for (int j = 0; j < WINOGRAD_INPUT; j++, values += position_stride, rows += V_LANES) {
        v_f32 m[WINOGRAD_INPUT], y[WINOGRAD_TILE];
        SM_UNROLL
        for (int i = 0; i < WINOGRAD_INPUT; i++) m[i] = v_load(values + (size_t)(i * WINOGRAD_INPUT) * position_stride);
        transform_output(m, y);
        SM_UNROLL
        for (int i = 0; i < WINOGRAD_TILE; i++) v_store(rows + i * WINOGRAD_INPUT * V_LANES, y[i]);
    }
}

/** Row i of Y from the result of transform_columns. */
SM_INLINE void transform_row(const float *rows, int i, v_f32 y[4]) {
    v_f32 m[WINOGRAD_INPUT];
    SM_UNROLL
    for (int j = 0; j < WINOGRAD_INPUT; j++) m[j] = v_load(rows + (i * WINOGRAD_INPUT + j) * V_LANES);
    transform_output(m, y);
}

/** A^T M A of one chunk of one tile; `tile` is [4][4][V_LANES]. */
static void transform_tile(const float *values, size_t position_stride, float *tile) {
    float rows[WINOGRAD_TILE * WINOGRAD_INPUT * V_LANES];
    transform_columns(values, position_stride, rows);
    SM_KEEP_LOOP
    for (int i = 0; i < WINOGRAD_TILE; i++) {
        v_f32 y[WINOGRAD_TILE];
        transform_row(rows, i, y);
        SM_UNROLL
        for (int j = 0; j < WINOGRAD_TILE; j++) v_store(tile + (i * WINOGRAD_TILE + j) * V_LANES, y[j]);
    }
}

/**
 * Whether a tensor is written with non-temporal stores: when it is larger than the caches, so that its next reader
 * would read it from memory anyway, and all its vectors are aligned.
 */
static bool streams(const winograd_grid *grid, const float *data, int stride, int channel) {
    enum { CACHED_FLOATS = 1 << 20 };
    const size_t floats = (size_t)grid->batch * (size_t)grid->height * (size_t)grid->width * (size_t)stride;
    return floats > CACHED_FLOATS && stride % V_LANES == 0 &&
           (uintptr_t)(data + channel) % (V_LANES * sizeof *data) == 0;
}

static int smaller(int a, int b) { return a < b ? a : b; }

/** After the sum, for one chunk of channels of one image: max(floor, value * scale + shift). */
typedef struct epilogue {
    bool needed;
    v_f32 scale, shift, floor;
} epilogue;

static epilogue epilogue_of(const sm_conv *args, int image, int channel, int lanes) {
    epilogue result = {args->bias || args->output_scale || args->relu, v_splat(1.0f), v_zero(),
                       v_splat(args->relu ? 0.0f : -INFINITY)};
    if (args->bias) result.shift = v_load_part(args->bias + channel, lanes);
    if (args->output_scale) {
        const size_t offset = (size_t)image * (size_t)args->output_channels + (size_t)channel;
        result.scale = v_load_part(args->output_scale + offset, lanes);
        result.shift = v_fma(result.shift, result.scale, v_load_part(args->output_shift + offset, lanes));
    }
    return result;
}

/** Adds the values of a tile's first rows x columns pixels and their squares. */
static void add_sums(const float *tile, int rows, int columns, float *sum, float *squares) {
    v_f32 tile_sum = v_zero(), tile_squares = v_zero();
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            const v_f32 value = v_load(tile + (i * WINOGRAD_TILE + j) * V_LANES);
            tile_sum = v_add(tile_sum, value);
            tile_squares = v_fma(value, value, tile_squares);
        }
    v_store(sum, v_add(v_load(sum), tile_sum));
    v_store(squares, v_add(v_load(squares), tile_squares));
}

SM_INLINE void store_lanes(float *p, v_f32 value, int lanes) {
    if (lanes == V_LANES)
        v_store(p, value);
    else
        v_store_part(p, value, lanes);
}

SM_INLINE void store_tile(const float *tile, int rows, int columns, float *output, size_t row_stride,
                          size_t pixel_stride, int lanes) {
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            store_lanes(output + (size_t)i * row_stride + (size_t)j * pixel_stride,
                        v_load(tile + (i * WINOGRAD_TILE + j) * V_LANES), lanes);
}

/** 2x2 maxima of a tile; rows and columns are even. */
static void store_pooled(const float *tile, int rows, int columns, float *pooled, size_t row_stride,
                         size_t pixel_stride, int lanes) {
    for (int i = 0; i < rows; i += 2)
        for (int j = 0; j < columns; j += 2) {
            const float *corner = tile + (i * WINOGRAD_TILE + j) * V_LANES;
            const v_f32 above = v_max(v_load(corner), v_load(corner + V_LANES));
            const v_f32 below =
                v_max(v_load(corner + WINOGRAD_TILE * V_LANES), v_load(corner + (WINOGRAD_TILE + 1) * V_LANES));
            store_lanes(pooled + (size_t)(i / 2) * row_stride + (size_t)(j / 2) * pixel_stride, v_max(above, below),
                        lanes);
        }
}

/** The destination of one chunk of one tile. */
typedef struct tile_output {
    float *output;
    size_t row_stride, pixel_stride;
    bool stream;
    float *pooled; /* or NULL */
    size_t pooled_row_stride, pooled_pixel_stride;
    float *sum, *squares; /* or NULL */
} tile_output;

/** A tile that is partly outside the image, or whose chunk has fewer than V_LANES channels. */
static SM_NOINLINE void output_part(const float *values, size_t position_stride, const epilogue *last,
                                    const tile_output *to, int rows, int columns, int lanes) {
    float tile[WINOGRAD_TILE * WINOGRAD_TILE * V_LANES];
    transform_tile(values, position_stride, tile);
    for (int pixel = 0; pixel < WINOGRAD_TILE * WINOGRAD_TILE; pixel++) {
        float *value = tile + pixel * V_LANES;
        v_store(value, v_max(last->floor, v_fma(v_load(value), last->scale, last->shift)));
    }
    store_tile(tile, rows, columns, to->output, to->row_stride, to->pixel_stride, lanes);
    if (to->pooled)
        store_pooled(tile, rows, columns, to->pooled, to->pooled_row_stride, to->pooled_pixel_stride, lanes);
    if (to->sum) add_sums(tile, rows, columns, to->sum, to->squares);
}

/** A whole tile, row by row in registers. */
SM_INLINE void output_whole(const float *values, size_t position_stride, const epilogue *last, const tile_output *to) {
    float rows[WINOGRAD_TILE * WINOGRAD_INPUT * V_LANES];
    transform_columns(values, position_stride, rows);
    v_f32 sum = v_zero(), squares = v_zero(), left = v_zero(), right = v_zero();
    SM_KEEP_LOOP
    for (int i = 0; i < WINOGRAD_TILE; i++) {
        v_f32 y[WINOGRAD_TILE];
        transform_row(rows, i, y);
        float *output = to->output + (size_t)i * to->row_stride;
        if (last->needed) {
            SM_UNROLL
            for (int j = 0; j < WINOGRAD_TILE; j++) y[j] = v_max(last->floor, v_fma(y[j], last->scale, last->shift));
        }
        if (to->stream) {
            SM_UNROLL
            for (int j = 0; j < WINOGRAD_TILE; j++, output += to->pixel_stride) v_stream(output, y[j]);
        } else {
            SM_UNROLL
            for (int j = 0; j < WINOGRAD_TILE; j++, output += to->pixel_stride) v_store(output, y[j]);
        }
        if (to->sum) {
            sum = v_add(sum, v_add(v_add(y[0], y[1]), v_add(y[2], y[3])));
            SM_UNROLL
            for (int j = 0; j < WINOGRAD_TILE; j++) squares = v_fma(y[j], y[j], squares);
        }
        if (to->pooled) {
            const v_f32 row_left = v_max(y[0], y[1]), row_right = v_max(y[2], y[3]);
            if (i % 2) {
                float *pooled = to->pooled + (size_t)(i / 2) * to->pooled_row_stride;
                v_store(pooled, v_max(left, row_left));
                v_store(pooled + to->pooled_pixel_stride, v_max(right, row_right));
            }
            left = row_left;
            right = row_right;
        }
    }
    if (to->sum) {
        v_store(to->sum, v_add(v_load(to->sum), sum));
        v_store(to->squares, v_add(v_load(to->squares), squares));
    }
}

static SM_NOINLINE void output_chunk(const sm_conv *args, winograd_block block, int chunk, const float *values,
                                     size_t position_stride, float *sums) {
    const winograd_grid *grid = block.grid;
    const int channel = chunk * V_LANES, lanes = smaller(V_LANES, args->output_channels - channel);
    const size_t sums_stride = (size_t)winograd_chunks(args->output_channels) * V_LANES;
    tile_output to = {.pixel_stride = (size_t)args->output_stride,
                      .row_stride = (size_t)args->output_stride * (size_t)grid->width,
                      .stream = streams(grid, args->output, args->output_stride, channel),
                      .pooled_pixel_stride = (size_t)args->output_channels,
                      .pooled_row_stride = (size_t)args->output_channels * (size_t)(grid->width / 2)};
    winograd_place place = winograd_place_of(grid, block.first);
    const int first_image = place.image;
    int last_image = first_image;
    epilogue last = epilogue_of(args, first_image, channel, lanes);
    for (int t = 0; t < block.count; t++, place = winograd_place_next(grid, place), values += V_LANES) {
        if (place.image != last_image) {
            last = epilogue_of(args, place.image, channel, lanes);
            last_image = place.image;
        }
        const int y = place.row * WINOGRAD_TILE, x = place.column * WINOGRAD_TILE;
        const int rows = smaller(WINOGRAD_TILE, grid->height - y), columns = smaller(WINOGRAD_TILE, grid->width - x);
        const size_t row = (size_t)place.image * (size_t)grid->height + (size_t)y;
        to.output = args->output + row * to.row_stride + (size_t)x * to.pixel_stride + (size_t)channel;
        if (args->pooled)
            to.pooled = args->pooled + row / 2 * to.pooled_row_stride + (size_t)(x / 2) * to.pooled_pixel_stride +
                        (size_t)channel;
        if (sums) {
            to.sum = sums + (size_t)(place.image - first_image) * 2 * sums_stride + channel;
            to.squares = to.sum + sums_stride;
        }
        if (rows == WINOGRAD_TILE && columns == WINOGRAD_TILE && lanes == V_LANES)
            output_whole(values, position_stride, &last, &to);
        else
            output_part(values, position_stride, &last, &to, rows, columns, lanes);
    }
}

void SM_KERNEL(sm_winograd_output)(const sm_conv *args, winograd_block block, int first_chunk, int chunk_count,
                                   winograd_panel panel, float *sums) {
    if (sums) {
        const int images = winograd_place_of(block.grid, block.first + block.count - 1).image -
                           winograd_place_of(block.grid, block.first).image + 1;
        memset(sums, 0, sizeof *sums * (size_t)images * 2 * (size_t)chunk_count * V_LANES);
    }
    for (int chunk = 0; chunk < chunk_count; chunk++)
        output_chunk(args, block, first_chunk + chunk, panel.values + (size_t)chunk * panel.chunk_stride,
                     panel.position_stride, sums);
    v_stream_end();
}

/** Adds 2x2 pixels together: the gradient of nearest upsampling. rows and columns are even; in place. */
static void sum_fours(float *tile, int rows, int columns) {
    for (int i = 0; i < rows; i += 2)
        for (int j = 0; j < columns; j += 2) {
            const float *corner = tile + (i * WINOGRAD_TILE + j) * V_LANES;
            const v_f32 above = v_add(v_load(corner), v_load(corner + V_LANES));
            const v_f32 below =
                v_add(v_load(corner + WINOGRAD_TILE * V_LANES), v_load(corner + (WINOGRAD_TILE + 1) * V_LANES));
            v_store(tile + (i / 2 * WINOGRAD_TILE + j / 2) * V_LANES, v_add(above, below));
        }
}

/** Lanes first_lane .. first_lane + lanes - 1 of a tile to `target`'s channels from `channel` on. */
static void tile_to_target(const float *tile, const winograd_grid *grid, winograd_place place, const sm_target *target,
                           int channel, int first_lane, int lanes) {
    const int divisor = target->upsample ? 2 : 1;
    const int y = place.row * WINOGRAD_TILE, x = place.column * WINOGRAD_TILE;
    const int rows = smaller(WINOGRAD_TILE, grid->height - y), columns = smaller(WINOGRAD_TILE, grid->width - x);
    float halved[WINOGRAD_TILE * WINOGRAD_TILE * V_LANES];
    if (target->upsample) {
        memcpy(halved, tile, sizeof halved);
        sum_fours(halved, rows, columns);
        tile = halved;
    }
    const size_t pixel_stride = (size_t)target->stride, row_stride = pixel_stride * (size_t)(grid->width / divisor);
    const size_t row = (size_t)place.image * (size_t)(grid->height / divisor) + (size_t)(y / divisor);
    float *pixels = target->data + row * row_stride + (size_t)(x / divisor) * pixel_stride + (size_t)channel;
    for (int i = 0; i < rows / divisor; i++)
        for (int j = 0; j < columns / divisor; j++) {
            float *pixel = pixels + (size_t)i * row_stride + (size_t)j * pixel_stride;
            const float *value = tile + (i * WINOGRAD_TILE + j) * V_LANES + first_lane;
            if (lanes == V_LANES)
                v_store(pixel, target->accumulate ? v_add(v_load(pixel), v_load(value)) : v_load(value));
            else
                for (int lane = 0; lane < lanes; lane++)
                    pixel[lane] = target->accumulate ? pixel[lane] + value[lane] : value[lane];
        }
}

SM_INLINE void store_or_add(float *p, v_f32 value, bool add) { v_store(p, add ? v_add(v_load(p), value) : value); }

/** A whole tile of a chunk within one target, with that target's `pixel` and row stride. */
SM_INLINE void whole_tile_to_target(const float *values, size_t position_stride, const sm_target *target, float *pixel,
                                    size_t row_stride, bool stream) {
    float rows[WINOGRAD_TILE * WINOGRAD_INPUT * V_LANES];
    transform_columns(values, position_stride, rows);
    const size_t pixel_stride = (size_t)target->stride;
    const bool add = target->accumulate;
    v_f32 left = v_zero(), right = v_zero();
    SM_KEEP_LOOP
    for (int i = 0; i < WINOGRAD_TILE; i++) {
        v_f32 y[WINOGRAD_TILE];
        transform_row(rows, i, y);
        if (stream) {
            SM_UNROLL
            for (int j = 0; j < WINOGRAD_TILE; j++) v_stream(pixel + (size_t)j * pixel_stride, y[j]);
            pixel += row_stride;
            continue;
        }
        if (!target->upsample) {
            SM_UNROLL
            for (int j = 0; j < WINOGRAD_TILE; j++) store_or_add(pixel + (size_t)j * pixel_stride, y[j], add);
            pixel += row_stride;
            continue;
        }
        const v_f32 row_left = v_add(y[0], y[1]), row_right = v_add(y[2], y[3]);
        if (i % 2) {
            store_or_add(pixel, v_add(left, row_left), add);
            store_or_add(pixel + pixel_stride, v_add(right, row_right), add);
            pixel += row_stride;
        }
        left = row_left;
        right = row_right;
    }
}

/** The target of all lanes of a chunk, with `*channel` relative to it; NULL when there are two. */
static const sm_target *target_of(const sm_conv *args, int *channel) {
    for (int s = 0; s < args->source_count; *channel -= sm_conv_channels(args, s), s++)
        if (*channel >= 0 && *channel + V_LANES <= sm_conv_channels(args, s)) return &args->target[s];
    return NULL;
}

/** A tile at the image's edge, or of a chunk with lanes of two targets or of none. */
static SM_NOINLINE void part_to_targets(const sm_conv *args, const winograd_grid *grid, winograd_place place, int chunk,
                                        const float *values, size_t position_stride) {
    float tile[WINOGRAD_TILE * WINOGRAD_TILE * V_LANES];
    transform_tile(values, position_stride, tile);
    for (int s = 0, start = 0; s < args->source_count; start += sm_conv_channels(args, s), s++) {
        const int first = chunk * V_LANES > start ? chunk * V_LANES : start;
        const int end = smaller((chunk + 1) * V_LANES, start + sm_conv_channels(args, s));
        if (first < end && args->target[s].data)
            tile_to_target(tile, grid, place, &args->target[s], first - start, first - chunk * V_LANES, end - first);
    }
}

void SM_KERNEL(sm_winograd_output_to_targets)(const sm_conv *args, winograd_block block, winograd_panel panel) {
    const winograd_grid *grid = block.grid;
    for (int chunk = 0; chunk < winograd_chunks(sm_conv_input_channels(args)); chunk++) {
        int channel = chunk * V_LANES;
        const sm_target *target = target_of(args, &channel);
        if (target && !target->data) continue;
        const int divisor = target && target->upsample ? 2 : 1;
        const size_t pixel_stride = target ? (size_t)target->stride : 0;
        const size_t row_stride = pixel_stride * (size_t)(grid->width / divisor);
        const bool stream =
            target && !target->upsample && !target->accumulate && streams(grid, target->data, target->stride, channel);
        const float *values = panel.values + (size_t)chunk * panel.chunk_stride;
        winograd_place place = winograd_place_of(grid, block.first);
        for (int t = 0; t < block.count; t++, place = winograd_place_next(grid, place), values += V_LANES) {
            const int y = place.row * WINOGRAD_TILE, x = place.column * WINOGRAD_TILE;
            if (target && y + WINOGRAD_TILE <= grid->height && x + WINOGRAD_TILE <= grid->width) {
                const size_t row = (size_t)place.image * (size_t)(grid->height / divisor) + (size_t)(y / divisor);
                whole_tile_to_target(values, panel.position_stride, target,
                                     target->data + row * row_stride + (size_t)(x / divisor) * pixel_stride +
                                         (size_t)channel,
                                     row_stride, stream);
            } else
                part_to_targets(args, grid, place, chunk, values, panel.position_stride);
        }
    }
    v_stream_end();
}
