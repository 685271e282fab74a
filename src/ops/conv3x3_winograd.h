/**
 * Parts of the Winograd F(4x4,3x3) convolution (Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks",
 * 2015), with interpolation points 0, 1, -1, 2, -2 and infinity.
 *
 * The output is cut into 4x4 tiles, each computed from a 6x6 input tile that overlaps its neighbours by 2:
 *     Y = A^T [ sum over input channels of (G g G^T) * (B^T d B) ] A        (* is elementwise)
 * so that for each of the 36 positions the sum over channels is one matrix product
 *     M[tiles][output channels] = V[tiles][input channels] x U[input channels][output channels].
 * Backward to the data is the same with the weights rotated and transposed. The gradient of the weights is the
 * adjoint: G^T [ sum over tiles of (B^T d B) * (A dY A^T) ] G.
 *
 * Tiles are numbered by image, row and column of the grid, and processed in blocks whose V and M fit the second-level
 * cache. Channels are cut into chunks of V_LANES.
 */
#ifndef SONOMASK_CONV3X3_WINOGRAD_H
#define SONOMASK_CONV3X3_WINOGRAD_H

#include "conv3x3.h"

enum {
    WINOGRAD_TILE = 4,                  /* side of a tile, output pixels */
    WINOGRAD_INPUT = WINOGRAD_TILE + 2, /* side of a tile, input pixels */
    WINOGRAD_POSITIONS = 6 * 6,         /* elements of a transformed tile */
    WINOGRAD_BLOCK_FLOATS = 1 << 17,    /* 512 KB: V and M of a block */
    WINOGRAD_ALIGNMENT = 16             /* floats of a cache line */
};

/**
 * Chunks of output channels that a product computes together: in U the vectors of such a group are adjacent. The last
 * group may be narrower.
 */
#if SM_TARGET == SM_TARGET_AVX512 || SM_TARGET == SM_TARGET_AVX2
#define WINOGRAD_GROUP 2
#else
#define WINOGRAD_GROUP 4
#endif
enum { WINOGRAD_GROUP_LARGEST = 4 };

/** How the output is cut into tiles. */
typedef struct winograd_grid {
    int batch, height, width;
    int rows, columns; /**< tiles down and across one image */
    int tiles;         /**< batch * rows * columns */
} winograd_grid;

/** The tiles `first` .. `first + count - 1` of a grid. */
typedef struct winograd_block {
    const winograd_grid *grid;
    int first, count;
} winograd_block;

/** Transformed tiles of one block: [36][chunks][tiles][V_LANES]. */
typedef struct winograd_panel {
    float *values;
    size_t position_stride; /**< floats from one of the 36 positions to the next */
    size_t chunk_stride;    /**< floats from one chunk of channels to the next */
} winograd_panel;

/** The position of a tile. */
typedef struct winograd_place {
    int image, row, column; /**< row and column of the grid */
} winograd_place;

static inline winograd_grid winograd_grid_make(int batch, int height, int width) {
    const int rows = (height + WINOGRAD_TILE - 1) / WINOGRAD_TILE,
              columns = (width + WINOGRAD_TILE - 1) / WINOGRAD_TILE;
    return (winograd_grid){batch, height, width, rows, columns, batch * rows * columns};
}

static inline winograd_place winograd_place_of(const winograd_grid *grid, int tile) {
    const int in_image = tile % (grid->rows * grid->columns);
    return (winograd_place){tile / (grid->rows * grid->columns), in_image / grid->columns, in_image % grid->columns};
}

static inline winograd_place winograd_place_next(const winograd_grid *grid, winograd_place place) {
    if (++place.column == grid->columns) {
        place.column = 0;
        if (++place.row == grid->rows) {
            place.row = 0;
            place.image++;
        }
    }
    return place;
}

static inline int winograd_chunks(int channels) { return (channels + V_LANES - 1) / V_LANES; }

static inline size_t winograd_align(size_t floats) {
    return (floats + WINOGRAD_ALIGNMENT - 1) / WINOGRAD_ALIGNMENT * WINOGRAD_ALIGNMENT;
}

/**
 * Floats between the 36 positions of a panel: an odd number of cache lines, because the transforms iterate
 * over the positions, and a power of two would map all of them to the same few lines of the first-level cache.
 */
static inline size_t winograd_position_stride(int chunks, int tiles) {
    const size_t floats = winograd_align((size_t)chunks * (size_t)tiles * V_LANES);
    return floats / WINOGRAD_ALIGNMENT % 2 ? floats : floats + WINOGRAD_ALIGNMENT;
}

static inline size_t winograd_panel_floats(int chunks, int tiles) {
    return WINOGRAD_POSITIONS * winograd_position_stride(chunks, tiles);
}

/**
 * Tiles of a block when each needs `chunks` chunks of V and M together: as many as the budget allows, but enough to
 * reuse the weights in cache. The number of blocks is a multiple of `threads` when it is small.
 */
static inline int winograd_block_tiles(int tiles, int chunks, int threads) {
    enum { MULTIPLE = 12, FEWEST = 2 * MULTIPLE, FEW_BLOCKS = 8 }; /* the products' tallest register tiles divide 12 */
    int size = WINOGRAD_BLOCK_FLOATS / (WINOGRAD_POSITIONS * V_LANES * chunks) / MULTIPLE * MULTIPLE;
    if (size < FEWEST) size = FEWEST;
    int blocks = (tiles + size - 1) / size;
    if (blocks >= FEW_BLOCKS * threads) return size;
    blocks = (blocks + threads - 1) / threads * threads;
    return (tiles + blocks - 1) / blocks;
}

static inline winograd_panel winograd_panel_make(float *values, int chunks, int tiles) {
    return (winograd_panel){values, winograd_position_stride(chunks, tiles), (size_t)tiles * V_LANES};
}

/** V = B^T d B for channel chunks `first_chunk` .. of the concatenated sources; padding is zero after their lazy
 * transforms. Lanes beyond the last channel are zero. */
void SM_KERNEL(sm_winograd_input)(const sm_source *source, int source_count, winograd_block block, int first_chunk,
                                  int chunk_count, winograd_panel panel);

/** A dY A^T for all chunks of a dense gradient [batch][height][width][channels]; the adjoint of the output's. */
void SM_KERNEL(sm_winograd_gradient)(const float *gradient, int channels, winograd_block block, winograd_panel panel);

/**
 * Y = A^T M A of `chunk_count` output chunks from `first_chunk` on, with the operations of sm_conv after the sum.
 * `panel` holds only these chunks. `sums` is NULL or [images of the block][2][output chunks * V_LANES], and is
 * overwritten; then the chunks are all.
 */
void SM_KERNEL(sm_winograd_output)(const sm_conv *args, winograd_block block, int first_chunk, int chunk_count,
                                   winograd_panel panel, float *sums);

/** Y = A^T M A of all input chunks into the convolution's targets. */
void SM_KERNEL(sm_winograd_output_to_targets)(const sm_conv *args, winograd_block block, winograd_panel panel);

/** Chunks in the group that begins with `chunk`, of `chunks` in all. */
static inline int winograd_group_width(int chunk, int chunks) {
    return chunks - chunk < WINOGRAD_GROUP ? chunks - chunk : WINOGRAD_GROUP;
}

/** Floats of U, [36][groups of output chunks][inputs][chunks of the group][V_LANES]. */
size_t SM_KERNEL(sm_winograd_transformed_size)(int inputs, int outputs);

/** U = G g G^T of weights [3][3][inputs][outputs]. The second function: of the rotated and transposed weights. */
void SM_KERNEL(sm_winograd_transform_weights)(const float *weights, int inputs, int outputs, float *transformed,
                                              const sm_parallel *parallel);
void SM_KERNEL(sm_winograd_transform_weights_backward)(const float *weights, int inputs, int outputs,
                                                       float *transformed, const sm_parallel *parallel);

/** weights_gradient += G^T (sum over `slots` of dU) G for all weights; dU is [slots][36][inputs'][outputs'] with both
 * rounded up to V_LANES. */
void SM_KERNEL(sm_winograd_weights_gradient)(const float *transformed, int slots, int inputs, int outputs,
                                             float *weights_gradient, const sm_parallel *parallel);

/**
 * Whether V is zero in this position for upsampled inputs. Of the 6 rows (and columns) of their tiles, 1 and 2 are
 * equal, and 3 and 4, so that row (and column) 2 of B^T d B is exactly zero: 11 of the 36 positions.
 */
static inline bool winograd_zero_if_upsampled(int position) {
    return position / WINOGRAD_INPUT == 2 || position % WINOGRAD_INPUT == 2;
}

/** The inputs, counted from the first, after which all others are upsampled. */
static inline int winograd_leading_inputs(const sm_source *source, int source_count, int inputs) {
    if (source[0].upsample) return source_count == 1 || source[1].upsample ? 0 : inputs;
    return source_count > 1 && source[1].upsample ? source[0].channels : inputs;
}

/** The right sides of the 36 products. */
typedef struct winograd_kernel {
    const float *values; /**< U */
    int inputs, chunks;  /**< terms of a product, chunks of outputs */
    int leading;         /**< terms where V of upsampled inputs is zero: see winograd_leading_inputs */
} winograd_kernel;

/** M = V x U for all 36 positions; `tiles` rows, and of the output chunks `chunk_count` from `first_chunk` on (the
 * first of a group), which are all that `outputs_panel` holds. */
void SM_KERNEL(sm_winograd_multiply)(winograd_panel inputs_panel, int tiles, const winograd_kernel *kernel,
                                     int first_chunk, int chunk_count, winograd_panel outputs_panel);

/**
 * dU += V^T x Z for all 36 positions: `input_chunks` chunks of V, `output_chunks` of Z, summed over `tiles`.
 * dU is [36][..][row_stride] with `position_stride` floats between positions.
 */
void SM_KERNEL(sm_winograd_multiply_transposed)(winograd_panel inputs_panel, int input_chunks,
                                                winograd_panel outputs_panel, int output_chunks, int tiles,
                                                float *accumulator, size_t position_stride, size_t row_stride);

size_t SM_KERNEL(sm_winograd_forward_workspace)(const sm_conv *args, int threads);
void SM_KERNEL(sm_winograd_forward)(const sm_conv *args);
size_t SM_KERNEL(sm_winograd_backward_data_workspace)(const sm_conv *args, int threads);
void SM_KERNEL(sm_winograd_backward_data)(const sm_conv *args);
size_t SM_KERNEL(sm_winograd_backward_weights_workspace)(const sm_conv *args, int threads);
void SM_KERNEL(sm_winograd_backward_weights)(const sm_conv *args);

#endif
