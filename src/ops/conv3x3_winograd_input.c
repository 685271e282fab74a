/** The Winograd transforms of the inputs: the lazy sources of a convolution, and the gradient of its output. */
#include "conv3x3_winograd.h"

#include <math.h>

/** B^T applied to 6 values. */
SM_INLINE void transform_input(const v_f32 d[6], v_f32 t[6]) {
    const v_f32 four = v_splat(4.0f), minus_four = v_splat(-4.0f);
    const v_f32 even = v_fma(minus_four, d[2], d[4]), odd = v_fma(minus_four, d[1], d[3]);
    const v_f32 even_outer = v_sub(d[4], d[2]), odd_outer = v_sub(d[3], d[1]);
    const v_f32 twice_odd_outer = v_add(odd_outer, odd_outer);
    t[0] = v_fma(four, v_sub(d[0], d[2]), even_outer);
    t[1] = v_add(even, odd);
    t[2] = v_sub(even, odd);
    t[3] = v_add(even_outer, twice_odd_outer);
    t[4] = v_sub(even_outer, twice_odd_outer);
    t[5] = v_fma(minus_four, odd_outer, v_sub(d[5], d[3]));
}

/** A applied to 4 values. */
SM_INLINE void transform_gradient(const v_f32 y[4], v_f32 z[6]) {
    const v_f32 two = v_splat(2.0f), minus_two = v_splat(-2.0f), four = v_splat(4.0f);
    const v_f32 even = v_add(y[0], y[2]), odd = v_add(y[1], y[3]);
    const v_f32 even_outer = v_fma(four, y[2], y[0]), odd_outer = v_fma(four, y[3], y[1]);
    z[0] = y[0];
    z[1] = v_add(even, odd);
    z[2] = v_sub(even, odd);
    z[3] = v_fma(two, odd_outer, even_outer);
    z[4] = v_fma(minus_two, odd_outer, even_outer);
    z[5] = y[3];
}

/** V_LANES concatenated channels, of one source or two, with fewer channels in the last chunk. */
typedef struct chunk_reader {
    const sm_source *source;
    int source_count;
    int channel;       /* the chunk's first, counted over the concatenation */
    int lanes;         /* lanes in use, when they are in one source: the members below describe it; else 0 */
    const float *data; /* first pixel, at the chunk */
    size_t pixel_stride, row_stride, image_stride;
    bool upsample;
    const float *scale, *shift; /* at the chunk; NULL without a scale */
    size_t scale_stride;        /* from one image to the next */
    bool relu;
} chunk_reader;

/** Finds the source of concatenated channel `channel` and makes `channel` relative to it. */
static const sm_source *source_of(const sm_source *source, int source_count, int *channel) {
    if (*channel < source[0].channels) return &source[0];
    *channel -= source[0].channels;
    return source_count > 1 && *channel < source[1].channels ? &source[1] : NULL;
}

static chunk_reader chunk_reader_make(const sm_source *source, int source_count, const winograd_grid *grid,
                                      int channel) {
    chunk_reader reader = {.source = source, .source_count = source_count, .channel = channel};
    int first = channel;
    const sm_source *own = source_of(source, source_count, &first);
    if (!own) return reader;
    const bool last = own == &source[source_count - 1];
    const int left = own->channels - first;
    if (left < V_LANES && !last) return reader;
    reader.lanes = left < V_LANES ? left : V_LANES;
    const int divisor = own->upsample ? 2 : 1;
    reader.data = own->data + first;
    reader.pixel_stride = (size_t)own->stride;
    reader.row_stride = (size_t)own->stride * (size_t)(grid->width / divisor);
    reader.image_stride = reader.row_stride * (size_t)(grid->height / divisor);
    reader.upsample = own->upsample;
    reader.scale = own->scale ? own->scale + first : NULL;
    reader.shift = own->scale ? own->shift + first : NULL;
    reader.scale_stride = own->per_image ? (size_t)own->channels : 0;
    reader.relu = own->relu;
    return reader;
}

/** One pixel of a chunk whose lanes are in two sources, lane by lane. */
static v_f32 read_scattered(const chunk_reader *reader, const winograd_grid *grid, int image, int y, int x) {
    float lanes[V_LANES] = {0};
    for (int lane = 0; lane < V_LANES; lane++) {
        int channel = reader->channel + lane;
        const sm_source *source = source_of(reader->source, reader->source_count, &channel);
        if (!source) break;
        const int divisor = source->upsample ? 2 : 1;
        const size_t row = (size_t)image * (size_t)(grid->height / divisor) + (size_t)(y / divisor);
        const size_t pixel = row * (size_t)(grid->width / divisor) + (size_t)(x / divisor);
        float value = source->data[pixel * (size_t)source->stride + (size_t)channel];
        if (source->scale) {
            const size_t index = (size_t)channel + (source->per_image ? (size_t)image * (size_t)source->channels : 0);
            value = value * source->scale[index] + source->shift[index];
        }
        lanes[lane] = source->relu && value < 0.0f ? 0.0f : value;
    }
    return v_load(lanes);
}

SM_INLINE v_f32 load_lanes(const float *p, int lanes) { return lanes == V_LANES ? v_load(p) : v_load_part(p, lanes); }

/** The lazy transform: max(floor, value * scale + shift). */
typedef struct lazy_lanes {
    v_f32 scale, shift, floor;
} lazy_lanes;

static lazy_lanes lazy_lanes_of(const chunk_reader *reader, int image) {
    lazy_lanes lazy = {v_splat(1.0f), v_zero(), v_splat(reader->relu ? 0.0f : -INFINITY)};
    if (reader->scale) {
        lazy.scale = load_lanes(reader->scale + (size_t)image * reader->scale_stride, reader->lanes);
        lazy.shift = load_lanes(reader->shift + (size_t)image * reader->scale_stride, reader->lanes);
    }
    return lazy;
}

/** A column of 6 input values, image rows y .. y+5 at column x, of a chunk with lanes in two sources. */
static SM_NOINLINE void read_scattered_column(const chunk_reader *reader, const winograd_grid *grid, int image, int y,
                                              int x, float *column) {
    for (int i = 0; i < WINOGRAD_INPUT; i++, column += V_LANES)
        v_store(column, y + i >= 0 && y + i < grid->height ? read_scattered(reader, grid, image, y + i, x) : v_zero());
}

/** The same for one source, some of whose rows may be outside the image (zero), or with fewer channels than lanes. */
SM_INLINE void read_edge_column(const chunk_reader *reader, const winograd_grid *grid, int image, int y, int x,
                                const bool upsample, const bool lazily, lazy_lanes lazy, v_f32 d[6]) {
    const int shift = upsample ? 1 : 0;
    const float *column =
        reader->data + (size_t)image * reader->image_stride + (size_t)(x >> shift) * reader->pixel_stride;
    SM_UNROLL
    for (int i = 0; i < WINOGRAD_INPUT; i++) {
        const int row = y + i;
        if (row < 0 || row >= grid->height) {
            d[i] = v_zero();
            continue;
        }
        d[i] = load_lanes(column + (size_t)(row >> shift) * reader->row_stride, reader->lanes);
        if (lazily) d[i] = v_max(lazy.floor, v_fma(d[i], lazy.scale, lazy.shift));
    }
}

/** The same for a whole chunk of one source and rows inside the image. Upsampled, rows 1 and 2 are equal, and 3 and 4.
 */
SM_INLINE void read_column(const chunk_reader *reader, int image, int y, int x, const bool upsample, const bool lazily,
                           lazy_lanes lazy, v_f32 d[6]) {
    const int shift = upsample ? 1 : 0;
    const float *pixel = reader->data + (size_t)image * reader->image_stride +
                         (size_t)(y >> shift) * reader->row_stride + (size_t)(x >> shift) * reader->pixel_stride;
    SM_UNROLL
    for (int i = 0; i < WINOGRAD_INPUT; i++) {
        if (upsample && (i == 2 || i == 4)) {
            d[i] = d[i - 1];
            continue;
        }
        d[i] = v_load(pixel);
        if (lazily) d[i] = v_max(lazy.floor, v_fma(d[i], lazy.scale, lazy.shift));
        pixel += reader->row_stride;
    }
}

/**
 * One chunk of all tiles of a block, columns first. A ring of six transformed columns is kept, because the last two of
 * a tile are the first two of its right neighbour. Upsampled, columns 1 and 2 are equal, and 3 and 4: places 2 and 3 of
 * the ring are then unused.
 */
SM_INLINE void transform_chunk(const chunk_reader *reader, winograd_block block, const bool upsample, const bool lazily,
                               float *values, size_t position_stride) {
    float ring[WINOGRAD_INPUT][WINOGRAD_INPUT * V_LANES];
    const winograd_grid *grid = block.grid;
    winograd_place place = winograd_place_of(grid, block.first);
    lazy_lanes lazy = lazy_lanes_of(reader, place.image);
    int lazy_image = place.image, start = 0;
    for (int tile = 0; tile < block.count; tile++, place = winograd_place_next(grid, place), values += V_LANES) {
        if (lazily && lazy_image != place.image) {
            lazy = lazy_lanes_of(reader, place.image);
            lazy_image = place.image;
        }
        const int y = place.row * WINOGRAD_TILE - 1, x = place.column * WINOGRAD_TILE - 1;
        const bool inside = reader->lanes == V_LANES && y >= 0 && y + WINOGRAD_INPUT <= grid->height;
        const bool continued = tile > 0 && place.column > 0;
        start = continued ? (start + WINOGRAD_TILE) % WINOGRAD_INPUT : 0;
        for (int j = continued ? WINOGRAD_INPUT - WINOGRAD_TILE : 0; j < WINOGRAD_INPUT; j++) {
            if (upsample && (j == 2 || j == 3)) continue;
            float *column = ring[(start + j) % WINOGRAD_INPUT];
            v_f32 d[WINOGRAD_INPUT], t[WINOGRAD_INPUT];
            if (x + j < 0 || x + j >= grid->width) {
                for (int i = 0; i < WINOGRAD_INPUT; i++) v_store(column + i * V_LANES, v_zero());
                continue;
            }
            if (inside)
                read_column(reader, place.image, y, x + j, upsample, lazily, lazy, d);
            else if (reader->lanes > 0)
                read_edge_column(reader, grid, place.image, y, x + j, upsample, lazily, lazy, d);
            else {
                read_scattered_column(reader, grid, place.image, y, x + j, column);
                SM_UNROLL
                for (int i = 0; i < WINOGRAD_INPUT; i++) d[i] = v_load(column + i * V_LANES);
            }
            transform_input(d, t);
            SM_UNROLL
            for (int i = 0; i < WINOGRAD_INPUT; i++) v_store(column + i * V_LANES, t[i]);
        }
        const float *columns[WINOGRAD_INPUT];
        for (int j = 0; j < WINOGRAD_INPUT; j++) {
            const int stored = !upsample ? j : j == 2 ? 1 : j == 3 ? 4 : j;
            columns[j] = ring[(start + stored) % WINOGRAD_INPUT];
        }
        float *position = values;
        SM_KEEP_LOOP
        for (int i = 0; i < WINOGRAD_INPUT; i++) {
            v_f32 d[WINOGRAD_INPUT], t[WINOGRAD_INPUT];
            SM_UNROLL
            for (int j = 0; j < WINOGRAD_INPUT; j++) d[j] = v_load(columns[j] + i * V_LANES);
            transform_input(d, t);
            SM_UNROLL
            for (int j = 0; j < WINOGRAD_INPUT; j++, position += position_stride) v_store(position, t[j]);
        }
    }
}

#define TRANSFORM_CHUNK(name, upsample, lazily)                                                                        \
    static SM_NOINLINE void name(const chunk_reader *reader, winograd_block block, float *values,                      \
                                 size_t position_stride) {                                                             \
        transform_chunk(reader, block, upsample, lazily, values, position_stride);                                     \
    }
TRANSFORM_CHUNK(transform_plain, false, false)
TRANSFORM_CHUNK(transform_lazy, false, true)
TRANSFORM_CHUNK(transform_upsampled, true, false)
TRANSFORM_CHUNK(transform_upsampled_lazy, true, true)

void SM_KERNEL(sm_winograd_input)(const sm_source *source, int source_count, winograd_block block, int first_chunk,
                                  int chunk_count, winograd_panel panel) {
    for (int chunk = 0; chunk < chunk_count; chunk++) {
        const chunk_reader reader =
            chunk_reader_make(source, source_count, block.grid, (first_chunk + chunk) * V_LANES);
        float *values = panel.values + (size_t)chunk * panel.chunk_stride;
        const bool lazily = SM_SOURCES_LAZY && (reader.scale || reader.relu);
        if (reader.upsample)
            (lazily ? transform_upsampled_lazy : transform_upsampled)(&reader, block, values, panel.position_stride);
        else
            (lazily ? transform_lazy : transform_plain)(&reader, block, values, panel.position_stride);
    }
}

/** One tile of the gradient: `lanes` channels, rows x columns pixels of it inside the image. */
SM_INLINE void transform_gradient_tile(const float *gradient, size_t row_stride, size_t pixel_stride, const int lanes,
                                       int rows, int columns, float *values, size_t position_stride) {
    float transformed[WINOGRAD_TILE][WINOGRAD_INPUT * V_LANES];
    SM_KEEP_LOOP
    for (int j = 0; j < WINOGRAD_TILE; j++) {
        v_f32 y[WINOGRAD_TILE], z[WINOGRAD_INPUT];
        SM_UNROLL for (int i = 0; i < WINOGRAD_TILE; i++) {
            const float *pixel = gradient + (size_t)i * row_stride + (size_t)j * pixel_stride;
            if (i >= rows || j >= columns)
                y[i] = v_zero();
            else
                y[i] = lanes == V_LANES ? v_load(pixel) : v_load_part(pixel, lanes);
        }
        transform_gradient(y, z);
        SM_UNROLL for (int i = 0; i < WINOGRAD_INPUT; i++) v_store(transformed[j] + i * V_LANES, z[i]);
    }
    SM_KEEP_LOOP
    for (int i = 0; i < WINOGRAD_INPUT; i++) {
        v_f32 y[WINOGRAD_TILE], z[WINOGRAD_INPUT];
        SM_UNROLL for (int j = 0; j < WINOGRAD_TILE; j++) y[j] = v_load(transformed[j] + i * V_LANES);
        transform_gradient(y, z);
        SM_UNROLL for (int j = 0; j < WINOGRAD_INPUT; j++) {
            v_store(values + (size_t)(i * WINOGRAD_INPUT + j) * position_stride, z[j]);
        }
    }
}

void SM_KERNEL(sm_winograd_gradient)(const float *gradient, int channels, winograd_block block, int first_chunk,
                                     int chunk_count, winograd_panel panel) {
    const winograd_grid *grid = block.grid;
    const size_t pixel_stride = (size_t)channels, row_stride = pixel_stride * (size_t)grid->width;
    for (int chunk = first_chunk; chunk < first_chunk + chunk_count; chunk++) {
        const int lanes = channels - chunk * V_LANES < V_LANES ? channels - chunk * V_LANES : V_LANES;
        winograd_place place = winograd_place_of(grid, block.first);
        for (int tile = 0; tile < block.count; tile++, place = winograd_place_next(grid, place)) {
            const int y = place.row * WINOGRAD_TILE, x = place.column * WINOGRAD_TILE;
            const int rows = grid->height - y, columns = grid->width - x;
            const float *pixel = gradient + ((size_t)place.image * (size_t)grid->height + (size_t)y) * row_stride +
                                 (size_t)x * pixel_stride + (size_t)chunk * V_LANES;
            float *values = panel.values + (size_t)(chunk - first_chunk) * panel.chunk_stride + (size_t)tile * V_LANES;
            if (lanes == V_LANES && rows >= WINOGRAD_TILE && columns >= WINOGRAD_TILE)
                transform_gradient_tile(pixel, row_stride, pixel_stride, V_LANES, WINOGRAD_TILE, WINOGRAD_TILE, values,
                                        panel.position_stride);
            else
                transform_gradient_tile(pixel, row_stride, pixel_stride, lanes, rows, columns, values,
                                        panel.position_stride);
        }
    }
}
