/** The matrix products of the Winograd convolution: register tiles of rows x chunks accumulators. */
#include "conv3x3_winograd.h"

/*
 * Register tiles by target. Per step, a product reads one vector per chunk and one broadcast per row, so tiles are as
 * large as the registers allow: 32 (AVX-512) or 16, of which V8 can use about 15 without spilling.
 */
#if SM_TARGET == SM_TARGET_AVX512
enum { TALLEST = 12, TRANSPOSED_ROWS = 8, TRANSPOSED_WIDE = 3 };
#elif SM_TARGET == SM_TARGET_AVX2
enum { TALLEST = 6, TRANSPOSED_ROWS = 4, TRANSPOSED_WIDE = 3 };
#elif SM_TARGET == SM_TARGET_SIMD128
enum { TALLEST = 2, TRANSPOSED_ROWS = 4, TRANSPOSED_WIDE = 2 };
#else
enum { TALLEST = 2, TRANSPOSED_ROWS = 1, TRANSPOSED_WIDE = 4 };
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
 * M = V x U for `passes` register tiles of `rows` tiles by `wide` chunks (both constants where this is inlined), one
 * below the other.
 */
SM_INLINE void product(const int rows, const int wide, int passes, const float *v_first, size_t v_chunk_stride,
                       int inputs, const float *u_first, float *m, size_t m_chunk_stride) {
    for (; passes > 0; passes--, v_first += rows * V_LANES, m += rows * V_LANES) {
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
}

typedef void product_function(int passes, const float *v, size_t v_chunk_stride, int inputs, const float *u, float *m,
                              size_t m_chunk_stride);

#define PRODUCT(rows, wide)                                                                                            \
    static SM_NOINLINE void product_##rows##_##wide(int passes, const float *v, size_t v_chunk_stride, int inputs,     \
                                                    const float *u, float *m, size_t m_chunk_stride) {                 \
        product(rows, wide, passes, v, v_chunk_stride, inputs, u, m, m_chunk_stride);                                  \
    }
#if WINOGRAD_GROUP > 2
#define PRODUCTS(rows) PRODUCT(rows, 1) PRODUCT(rows, 2) PRODUCT(rows, 3) PRODUCT(rows, 4)
#define PRODUCT_NAMES(rows)                                                                                            \
    { product_##rows##_1, product_##rows##_2, product_##rows##_3, product_##rows##_4 }
#else
#define PRODUCTS(rows) PRODUCT(rows, 1) PRODUCT(rows, 2)
#define PRODUCT_NAMES(rows)                                                                                            \
    { product_##rows##_1, product_##rows##_2 }
#endif
#if SM_TARGET == SM_TARGET_AVX512
PRODUCTS(12)
PRODUCTS(11)
PRODUCTS(10)
PRODUCTS(9)
PRODUCTS(8) PRODUCTS(7)
#endif
#if SM_TARGET == SM_TARGET_AVX512 || SM_TARGET == SM_TARGET_AVX2
    PRODUCTS(6) PRODUCTS(5) PRODUCTS(4) PRODUCTS(3)
#endif
        PRODUCTS(2) PRODUCTS(1)

    /** By rows and chunks, both from 1 on. */
    static product_function *const products[TALLEST][WINOGRAD_GROUP] = {
        PRODUCT_NAMES(1), PRODUCT_NAMES(2),
#if SM_TARGET == SM_TARGET_AVX512 || SM_TARGET == SM_TARGET_AVX2
        PRODUCT_NAMES(3), PRODUCT_NAMES(4), PRODUCT_NAMES(5), PRODUCT_NAMES(6),
#endif
#if SM_TARGET == SM_TARGET_AVX512
        PRODUCT_NAMES(7), PRODUCT_NAMES(8), PRODUCT_NAMES(9), PRODUCT_NAMES(10), PRODUCT_NAMES(11), PRODUCT_NAMES(12),
#endif
};

/**
 * M = V x U for `tiles` tiles and `wide` chunks, over `terms` inputs. The register tiles are of nearly equal height: a
 * low one at the end would have too few sums to hide their latency.
 */
static void multiply_group(int tiles, int wide, const float *v, size_t v_chunk_stride, int terms, const float *u,
                           float *m, size_t m_chunk_stride) {
    const int passes = (tiles + TALLEST - 1) / TALLEST;
    const int height = tiles / passes, taller = tiles % passes;
    const size_t done = (size_t)taller * (size_t)(height + 1) * V_LANES;
    if (taller > 0) products[height][wide - 1](taller, v, v_chunk_stride, terms, u, m, m_chunk_stride);
    products[height - 1][wide - 1](passes - taller, v + done, v_chunk_stride, terms, u, m + done, m_chunk_stride);
}

void SM_KERNEL(sm_winograd_multiply)(winograd_panel inputs_panel, int tiles, const winograd_kernel *kernel,
                                     int first_chunk, int chunk_count, winograd_panel outputs_panel) {
    const size_t chunk_floats = (size_t)kernel->inputs * V_LANES;
    for (int position = 0; position < WINOGRAD_POSITIONS; position++) {
        const float *v = inputs_panel.values + (size_t)position * inputs_panel.position_stride;
        const float *u = kernel->values + (size_t)(position * kernel->chunks + first_chunk) * chunk_floats;
        float *m = outputs_panel.values + (size_t)position * outputs_panel.position_stride;
        const int terms = winograd_zero_if_upsampled(position) ? kernel->leading : kernel->inputs;
        for (int chunk = 0; chunk < chunk_count; chunk += WINOGRAD_GROUP)
            multiply_group(tiles, winograd_group_width(chunk, chunk_count), v, inputs_panel.chunk_stride, terms,
                           u + (size_t)chunk * chunk_floats, m + (size_t)chunk * outputs_panel.chunk_stride,
                           outputs_panel.chunk_stride);
    }
}

/** One register tile of dU += V^T x Z: `rows` channels of one input chunk by `wide` output chunks. */
SM_INLINE void product_transposed(const int rows, const int wide, const float *SM_RESTRICT v,
                                  const float *SM_RESTRICT z, size_t z_chunk_stride, int tiles,
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
            v_store(cell, v_add(v_load(cell), sum[row][chunk]));
        }
    }
}

typedef void product_transposed_function(const float *v, const float *z, size_t z_chunk_stride, int tiles,
                                         float *accumulator, size_t row_stride);

static SM_NOINLINE void product_transposed_wide(const float *v, const float *z, size_t z_chunk_stride, int tiles,
                                                float *accumulator, size_t row_stride) {
    product_transposed(TRANSPOSED_ROWS, TRANSPOSED_WIDE, v, z, z_chunk_stride, tiles, accumulator, row_stride);
}

static SM_NOINLINE void product_transposed_two(const float *v, const float *z, size_t z_chunk_stride, int tiles,
                                               float *accumulator, size_t row_stride) {
    product_transposed(TRANSPOSED_ROWS, 2, v, z, z_chunk_stride, tiles, accumulator, row_stride);
}

static SM_NOINLINE void product_transposed_one(const float *v, const float *z, size_t z_chunk_stride, int tiles,
                                               float *accumulator, size_t row_stride) {
    product_transposed(V_LANES, 1, v, z, z_chunk_stride, tiles, accumulator, row_stride);
}

void SM_KERNEL(sm_winograd_multiply_transposed)(winograd_panel inputs_panel, int input_chunks,
                                                winograd_panel outputs_panel, int output_chunks, int tiles,
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
                    run(v + row, z + (size_t)chunk * outputs_panel.chunk_stride, outputs_panel.chunk_stride, tiles,
                        rows + (size_t)row * row_stride + (size_t)chunk * V_LANES, row_stride);
                chunk += wide;
            }
        }
    }
}
