/**
 * 1x1 convolution, forward and backward to data: a matrix product, pixels by channels. Register tiles are 4 pixels by 2
 * vectors of output channels. With few output channels (a mask head has one), the vectors hold input channels and each
 * output is a dot product.
 */
#include "conv1x1_segments.h"

/* Up to here dot products are faster than mostly empty vectors of outputs. */
enum { FEW_OUTPUTS = V_LANES < 4 ? 1 : 3 };

size_t SM_KERNEL(sm_conv1x1_workspace)(const sm_conv *args, int threads) {
    return packed_floats(args) + (size_t)threads * buffer_floats(args) + MOST_SLOTS * slot_floats(args);
}

/** [rows][columns] to [rows][padded(columns)], or to the transpose [columns][padded(rows)]; zero-filled. */
static void pack(const float *matrix, int rows, int columns, float *packed) {
    size_t stride = (size_t)padded(columns);
    for (int row = 0; row < rows; row++) {
        memcpy(packed + (size_t)row * stride, matrix + (size_t)row * (size_t)columns, (size_t)columns * sizeof *matrix);
        memset(packed + (size_t)row * stride + columns, 0, (stride - (size_t)columns) * sizeof *matrix);
    }
}

static void pack_transposed(const float *matrix, int rows, int columns, float *packed) {
    size_t stride = (size_t)padded(rows);
    memset(packed, 0, (size_t)columns * stride * sizeof *packed);
    for (int row = 0; row < rows; row++)
        for (int column = 0; column < columns; column++)
            packed[(size_t)column * stride + (size_t)row] = matrix[(size_t)row * (size_t)columns + (size_t)column];
}

/* ---- the product: [pixels][depth] times [depth][columns] ---- */

typedef struct matrix_product {
    const float *left; /**< [pixels][left_stride] */
    int left_stride, depth;
    const float *right; /**< [depth][right_stride]; right_stride a multiple of V_LANES */
    int right_stride;
    float *output; /**< [pixels][output_stride] */
    int output_stride, columns;
    bool accumulate;
    const float *bias, *scale, *shift; /**< [columns] or NULL */
    float lowest;                      /**< 0 for a ReLU, else -infinity */
} matrix_product;

/** After the sum: bias, scale and shift, ReLU, accumulation. */
SM_INLINE void finish(const matrix_product *args, v_f32 sum, float *output, int column, int lanes) {
    if (args->bias) sum = v_add(sum, v_load_count(args->bias + column, lanes));
    if (args->scale)
        sum = v_fma(sum, v_load_count(args->scale + column, lanes), v_load_count(args->shift + column, lanes));
    sum = v_max(v_splat(args->lowest), sum);
    if (args->accumulate) sum = v_add(sum, v_load_count(output + column, lanes));
    v_store_count(output + column, sum, lanes);
}

/** The sums of a register tile, [pixels][vectors * V_LANES], to the output. */
static void finish_tile(const matrix_product *args, const float *sums, int pixel, int pixels, int column, int vectors) {
    float *output = args->output + (size_t)pixel * (size_t)args->output_stride;
    for (int i = 0; i < pixels; i++, output += args->output_stride)
        for (int v = 0; v < vectors; v++, sums += V_LANES) {
            const int at = column + v * V_LANES, left = args->columns - at;
            if (left > 0) finish(args, v_load(sums), output, at, left < V_LANES ? left : V_LANES);
        }
}

/** One register tile; `pixels` and `vectors` are constants wherever it is inlined. */
SM_INLINE void multiply_tile(const matrix_product *args, int pixel, int pixels, int column, int vectors) {
    v_f32 sum[TILE_PIXELS][TILE_VECTORS];
    SM_UNROLL
    for (int i = 0; i < pixels; i++) {
        SM_UNROLL
        for (int v = 0; v < vectors; v++) sum[i][v] = v_zero();
    }
    const float *left = args->left + (size_t)pixel * (size_t)args->left_stride;
    const float *right = args->right + column;
    for (int k = 0; k < args->depth; k++, right += args->right_stride) {
        v_f32 weight[TILE_VECTORS];
        SM_UNROLL
        for (int v = 0; v < vectors; v++) weight[v] = v_load(right + v * V_LANES);
        SM_UNROLL
        for (int i = 0; i < pixels; i++) {
            v_f32 value = v_load_splat(left + (size_t)i * (size_t)args->left_stride + k);
            SM_UNROLL
            for (int v = 0; v < vectors; v++) sum[i][v] = v_fma(value, weight[v], sum[i][v]);
        }
    }
    float sums[TILE_PIXELS * TILE_VECTORS * V_LANES];
    SM_UNROLL
    for (int i = 0; i < pixels; i++) {
        SM_UNROLL
        for (int v = 0; v < vectors; v++) v_store(sums + (i * vectors + v) * V_LANES, sum[i][v]);
    }
    finish_tile(args, sums, pixel, pixels, column, vectors);
}

SM_INLINE void multiply_columns(const matrix_product *args, int pixels, int column, int vectors) {
    int pixel = 0;
    for (; pixel + TILE_PIXELS <= pixels; pixel += TILE_PIXELS)
        multiply_tile(args, pixel, TILE_PIXELS, column, vectors);
    for (; pixel < pixels; pixel++) multiply_tile(args, pixel, 1, column, vectors);
}

static void multiply(const matrix_product *args, int pixels) {
    int column = 0;
    for (; column + V_LANES < args->columns; column += TILE_VECTORS * V_LANES)
        multiply_columns(args, pixels, column, TILE_VECTORS);
    if (column < args->columns) multiply_columns(args, pixels, column, 1);
}

/** The same with few columns and the right side transposed, [columns][left_stride], zero beyond the depth. */
static void multiply_few(const matrix_product *args, int pixels) {
    for (int column = 0; column < args->columns; column++) {
        const float *weights = args->right + (size_t)column * (size_t)args->left_stride;
        float scale = args->scale ? args->scale[column] : 1.0f, shift = args->shift ? args->shift[column] : 0.0f;
        float bias = args->bias ? args->bias[column] : 0.0f;
        for (int pixel = 0; pixel < pixels; pixel += 4) {
            const float *left[4]; /* an incomplete last group repeats its last pixel */
            for (int i = 0; i < 4; i++) {
                int row = pixel + i < pixels ? pixel + i : pixels - 1;
                left[i] = args->left + (size_t)row * (size_t)args->left_stride;
            }
            v_f32 sum[4] = {v_zero(), v_zero(), v_zero(), v_zero()};
            for (int k = 0; k < args->left_stride; k += V_LANES) {
                v_f32 weight = v_load(weights + k);
                SM_UNROLL
                for (int i = 0; i < 4; i++) sum[i] = v_fma(v_load(left[i] + k), weight, sum[i]);
            }
            float sums[4];
            v_sum4(sum, sums);
            for (int i = 0; i < 4 && pixel + i < pixels; i++) {
                float value = (sums[i] + bias) * scale + shift;
                args->output[(size_t)(pixel + i) * (size_t)args->output_stride + (size_t)column] =
                    args->lowest > value ? args->lowest : value;
            }
        }
    }
}

/* ---- forward ---- */

static void forward_task(void *arguments, int task, int worker) {
    const segments_job *job = arguments;
    const sm_conv *args = job->args;
    int stride = padded(input_channels(args));
    matrix_product product = {.left = buffer_of(args, worker),
                              .left_stride = stride,
                              .depth = input_channels(args),
                              .right = job->weights,
                              .right_stride = job->right_stride,
                              .output_stride = args->output_stride,
                              .columns = args->output_channels,
                              .bias = args->bias,
                              .lowest = args->relu ? 0.0f : -INFINITY};
    for (int i = task * job->segments_per_task; i < task_end(job, task); i++) {
        segment at = segment_at(i, args->height, args->width);
        read_segment(args, &at, buffer_of(args, worker), stride);
        product.output = args->output + segment_pixel(&at, args->height, args->width) * (size_t)args->output_stride;
        if (args->output_scale) {
            product.scale = args->output_scale + (size_t)at.image * (size_t)args->output_channels;
            product.shift = args->output_shift + (size_t)at.image * (size_t)args->output_channels;
        }
        if (args->output_channels <= FEW_OUTPUTS)
            multiply_few(&product, at.count);
        else
            multiply(&product, at.count);
    }
}

void SM_KERNEL(sm_conv1x1_forward)(const sm_conv *args) {
    int inputs = input_channels(args), outputs = args->output_channels;
    segments_job job = make_job(args, args->height, args->width, (size_t)inputs * (size_t)outputs);
    job.weights = args->workspace;
    job.right_stride = padded(outputs);
    if (outputs <= FEW_OUTPUTS)
        pack_transposed(args->weights, inputs, outputs, args->workspace);
    else if (outputs % V_LANES)
        pack(args->weights, inputs, outputs, args->workspace);
    else
        job.weights = args->weights;
    run_job(&job, forward_task);
}

/* ---- backward to data: output_gradient times the transposed weights, one target after the other ---- */

/** Sums the gradient over 2x2 pixels: the product is linear, so an upsampled target needs only the sums. */
static void sum_quads(const sm_conv *args, const segment *at, float *buffer) {
    size_t channels = (size_t)args->output_channels, row = (size_t)args->width * channels;
    const float *upper = args->output_gradient + ((size_t)at->image * (size_t)args->height + 2 * (size_t)at->y) * row +
                         2 * (size_t)at->x * channels;
    for (int i = 0; i < at->count; i++, upper += 2 * channels)
        for (size_t c = 0; c < channels; c++)
            *buffer++ = (upper[c] + upper[channels + c]) + (upper[row + c] + upper[row + channels + c]);
}

static void backward_data_task(void *arguments, int task, int worker) {
    const segments_job *job = arguments;
    const sm_conv *args = job->args;
    const sm_target *target = job->target;
    matrix_product product = {.left = buffer_of(args, worker),
                              .left_stride = args->output_channels,
                              .depth = args->output_channels,
                              .right = job->weights,
                              .right_stride = job->right_stride,
                              .output_stride = target->stride,
                              .columns = target->channels,
                              .accumulate = target->accumulate,
                              .lowest = -INFINITY};
    for (int i = task * job->segments_per_task; i < task_end(job, task); i++) {
        segment at = segment_at(i, job->height, job->width);
        size_t pixel = segment_pixel(&at, job->height, job->width);
        if (target->upsample)
            sum_quads(args, &at, buffer_of(args, worker));
        else
            product.left = args->output_gradient + pixel * (size_t)args->output_channels;
        product.output = target->data + pixel * (size_t)target->stride;
        multiply(&product, at.count);
    }
}

void SM_KERNEL(sm_conv1x1_backward_data)(const sm_conv *args) {
    const float *weights = args->weights;
    for (int t = 0; t < args->source_count; t++) {
        const sm_target *target = &args->target[t];
        if (target->data) {
            int divisor = target->upsample ? 2 : 1;
            segments_job job = make_job(args, args->height / divisor, args->width / divisor,
                                        (size_t)target->channels * (size_t)args->output_channels);
            pack_transposed(weights, target->channels, args->output_channels, args->workspace);
            job.target = target;
            job.weights = args->workspace;
            job.right_stride = padded(target->channels);
            run_job(&job, backward_data_task);
        }
        weights += (size_t)target->channels * (size_t)args->output_channels;
    }
}
