/** The matrix products of the Winograd convolution: register tiles of rows x chunks accumulators. */
#include "conv3x3_winograd.h"

/*
 * Register tiles by target. Per step, a product reads one vector per chunk and one broadcast per row, so tiles are as
 * large as the registers allow: 32 (AVX-512) or 16, of which V8 can use about 15 without spilling.
 */
#if SM_TARGET == SM_TARGET_AVX512
enum { TALL = 12, MIDDLE = 4, TRANSPOSED_ROWS = 8, TRANSPOSED_WIDE = 3 };
#elif SM_TARGET == SM_TARGET_AVX2
enum { TALL = 6, MIDDLE = 2, TRANSPOSED_ROWS = 4, TRANSPOSED_WIDE = 3 };
#elif SM_TARGET == SM_TARGET_SIMD128
enum { TALL = 2, MIDDLE = 2, TRANSPOSED_ROWS = 4, TRANSPOSED_WIDE = 2 };
#else
enum { TALL = 2, MIDDLE = 2, TRANSPOSED_ROWS = 1, TRANSPOSED_WIDE = 4 };
#endif
enum { LARGEST_TILE = 16 };

/** The step of a product for one input channel: `wide` vectors of U by one value per row. */
SM_INLINE void product_step(const int rows, const int wide, const float *v, const float *u,
                            v_f32 sum[LARGEST_TILE][WINOGRAD_GROUP_LARGEST]) {
    v_f32 kernel[WINOGRAD_GROUP_LARGEST];
    SM_UNROLL
    for (int chunk = 0; chunk < wide; chunk++) kernel[chunk] = v_load(u + chunk * V_LANES);
    SM_UNROLL
    for (int row = 0; row < rows; row++) {
        const v_f32 value = v_load_splat(v + row * V_LANES);
        SM_UNROLL
        for (int chunk = 0; chunk < wide; chunk++) sum[row][chunk] = v_fma(value, kernel[chunk], sum[row][chunk]);
    }
}

/**
 * M = V x U for as many of `tiles` as fill register tiles of `rows` x `wide` (both constants where this is inlined).
 * Returns how many tiles are done.
 */
SM_INLINE int product(const int rows, const int wide, const float *v_first, size_t v_chunk_stride, int inputs,
                      const float *u_first, float *m, size_t m_chunk_stride, int tiles) {
    int done = 0;
    for (; done + rows <= tiles; done += rows, v_first += rows * V_LANES, m += rows * V_LANES) {
        v_f32 sum[LARGEST_TILE][WINOGRAD_GROUP_LARGEST];
        SM_UNROLL
        for (int row = 0; row < rows; row++) {
            SM_UNROLL
            for (int chunk = 0; chunk < wide; chunk++) sum[row][chunk] = v_zero();
        }
        const float *v = v_first, *u = u_first;
        for (int first = 0; first < inputs; first += V_LANES, v += v_chunk_stride) {
            const int count = inputs - first < V_LANES ? inputs - first : V_LANES;
            for (int input = 0; input < count; input++, u += wide * V_LANES)
                product_step(rows, wide, v + input, u, sum);
        }
        SM_UNROLL
        for (int row = 0; row < rows; row++) {
            SM_UNROLL
            for (int chunk = 0; chunk < wide; chunk++)
                v_store(m + (size_t)chunk * m_chunk_stride + row * V_LANES, sum[row][chunk]);
        }
    }
    return done;
}

typedef int product_function(const float *v, size_t v_chunk_stride, int inputs, const float *u, float *m,
                             size_t m_chunk_stride, int tiles);

#define PRODUCT(name, rows, wide)                                                                                      \
    static SM_NOINLINE int name(const float *v, size_t v_chunk_stride, int inputs, const float *u, float *m,           \
                                size_t m_chunk_stride, int tiles) {                                                    \
        return product(rows, wide, v, v_chunk_stride, inputs, u, m, m_chunk_stride, tiles);                            \
    }
#define PRODUCTS(wide)                                                                                                 \
    PRODUCT(product_tall_##wide, TALL, wide)                                                                           \
    PRODUCT(product_middle_##wide, MIDDLE, wide)                                                                       \
    PRODUCT(product_one_##wide, 1, wide)
PRODUCTS(1)
PRODUCTS(2)
#if WINOGRAD_GROUP > 2
PRODUCTS(3)
PRODUCTS(4)
#endif

/** By rows (TALL, MIDDLE, 1) and by chunks (from 1 on). */
static product_function *const products[3][WINOGRAD_GROUP] = {
#if WINOGRAD_GROUP > 2
    {product_tall_1, product_tall_2, product_tall_3, product_tall_4},
    {product_middle_1, product_middle_2, product_middle_3, product_middle_4},
    {product_one_1, product_one_2, product_one_3, product_one_4},
#else
    {product_tall_1, product_tall_2},
    {product_middle_1, product_middle_2},
    {product_one_1, product_one_2},
#endif
};

void SM_KERNEL(sm_winograd_multiply)(winograd_panel inputs_panel, int tiles, int inputs, const float *kernel,
                                     int chunks, winograd_panel outputs_panel) {
    for (int position = 0; position < WINOGRAD_POSITIONS; position++) {
        const float *v = inputs_panel.values + (size_t)position * inputs_panel.position_stride;
        const float *u = kernel + (size_t)position * (size_t)chunks * (size_t)inputs * V_LANES;
        float *m = outputs_panel.values + (size_t)position * outputs_panel.position_stride;
        for (int chunk = 0; chunk < chunks; chunk += WINOGRAD_GROUP) {
            const int wide = winograd_group_width(chunk, chunks);
            for (int size = 0, tile = 0; size < 3; size++)
                tile +=
                    products[size][wide - 1](v + (size_t)tile * V_LANES, inputs_panel.chunk_stride, inputs,
                                             u + (size_t)chunk * (size_t)inputs * V_LANES,
                                             m + (size_t)chunk * outputs_panel.chunk_stride + (size_t)tile * V_LANES,
                                             outputs_panel.chunk_stride, tiles - tile);
        }
    }
}

/** One register tile of dU = V^T x Z or dU += V^T x Z: `rows` channels of one input chunk by `wide` output chunks. */
SM_INLINE void product_transposed(const int rows, const int wide, const float *SM_RESTRICT v,
                                  const float *SM_RESTRICT z, size_t z_chunk_stride, int tiles, bool add,
                                  float *SM_RESTRICT accumulator, size_t row_stride) {
    v_f32 sum[LARGEST_TILE][WINOGRAD_GROUP_LARGEST];
    SM_UNROLL for (int row = 0; row < rows; row++) {
        SM_UNROLL for (int chunk = 0; chunk < wide; chunk++) sum[row][chunk] = v_zero();
    }
    for (int tile = 0; tile < tiles; tile++, v += V_LANES, z += V_LANES) {
        v_f32 gradient[WINOGRAD_GROUP_LARGEST];
        SM_UNROLL for (int chunk = 0; chunk < wide; chunk++) {
            gradient[chunk] = v_load(z + (size_t)chunk * z_chunk_stride);
        }
        SM_UNROLL for (int row = 0; row < rows; row++) {
            const v_f32 value = v_load_splat(v + row);
            SM_UNROLL for (int chunk = 0; chunk < wide; chunk++) {
                sum[row][chunk] = v_fma(value, gradient[chunk], sum[row][chunk]);
            }
        }
    }
    SM_UNROLL for (int row = 0; row < rows; row++) {
        SM_UNROLL for (int chunk = 0; chunk < wide; chunk++) {
            float *cell = accumulator + (size_t)row * row_stride + (size_t)chunk * V_LANES;
            v_store(cell, add ? v_add(v_load(cell), sum[row][chunk]) : sum[row][chunk]);
        }
    }
}

typedef void product_transposed_function(const float *v, const float *z, size_t z_chunk_stride, int tiles, bool add,
                                         float *accumulator, size_t row_stride);

static SM_NOINLINE void product_transposed_wide(const float *v, const float *z, size_t z_chunk_stride, int tiles,
                                                bool add, float *accumulator, size_t row_stride) {
    product_transposed(TRANSPOSED_ROWS, TRANSPOSED_WIDE, v, z, z_chunk_stride, tiles, add, accumulator, row_stride);
}

static SM_NOINLINE void product_transposed_two(const float *v, const float *z, size_t z_chunk_stride, int tiles,
                                               bool add, float *accumulator, size_t row_stride) {
    product_transposed(TRANSPOSED_ROWS, 2, v, z, z_chunk_stride, tiles, add, accumulator, row_stride);
}

static SM_NOINLINE void product_transposed_one(const float *v, const float *z, size_t z_chunk_stride, int tiles,
                                               bool add, float *accumulator, size_t row_stride) {
    product_transposed(V_LANES, 1, v, z, z_chunk_stride, tiles, add, accumulator, row_stride);
}

void SM_KERNEL(sm_winograd_multiply_transposed)(winograd_panel inputs_panel, int input_chunks,
                                                winograd_panel outputs_panel, int output_chunks, int tiles, bool add,
                                                float *accumulator, size_t position_stride, size_t row_stride) {
    for (int position = 0; position < WINOGRAD_POSITIONS; position++) {
        const float *z = outputs_panel.values + (size_t)position * outputs_panel.position_stride;
        for (int input_chunk = 0; input_chunk < input_chunks; input_chunk++) {
            const float *v = inputs_panel.values + (size_t)position * inputs_panel.position_stride +
                             (size_t)input_chunk * inputs_panel.chunk_stride;
            float *rows = accumulator + (size_t)position * position_stride + (size_t)input_chunk * V_LANES * row_stride;
            for (int chunk = 0; chunk < output_chunks;) {
                const int left = output_chunks - chunk;
                const int wide = left == TRANSPOSED_WIDE + 1 ? 2
                                 : left >= TRANSPOSED_WIDE   ? TRANSPOSED_WIDE
                                 : left >= 2                 ? 2
                                                             : 1;
                product_transposed_function *const run = wide == 1   ? product_transposed_one
                                                         : wide == 2 ? product_transposed_two
                                                                     : product_transposed_wide;
                const int step = wide == 1 ? V_LANES : TRANSPOSED_ROWS;
                for (int row = 0; row < V_LANES; row += step)
                    run(v + row, z + (size_t)chunk * outputs_panel.chunk_stride, outputs_panel.chunk_stride, tiles, add,
                        rows + (size_t)row * row_stride + (size_t)chunk * V_LANES, row_stride);
                chunk += wide;
            }
        }
    }
}
