#include "conv3x3_direct.h"

#include <math.h>

enum {
    PIXELS = V_LANES > 4 ? 8 : 4, /* output pixels computed together */
    TASK_ROWS = 16,               /* output rows of a forward task; even, because of the pooling */
    ALIGNMENT = 16
};

static size_t align(size_t floats) { return (floats + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

static int chunks_of(int channels) { return (channels + V_LANES - 1) / V_LANES; }

static int lanes_of(int channels, int chunk) {
    const int left = channels - chunk * V_LANES;
    return left < V_LANES ? left : V_LANES;
}

/** Floats of one input row with a zero pixel at each end: [1 + width + 1][inputs]. */
static size_t row_floats(const sm_conv *args) {
    return align((size_t)(args->width + 2) * (size_t)sm_conv_input_channels(args));
}

/** One row of the concatenated sources after their lazy transforms, between zero pixels. Zero outside the image. */
static void read_row(const sm_conv *args, int image, int y, float *row) {
    const size_t inputs = (size_t)sm_conv_input_channels(args), width = (size_t)args->width;
    if (y < 0 || y >= args->height) {
        memset(row, 0, sizeof *row * (width + 2) * inputs);
        return;
    }
    memset(row, 0, sizeof *row * inputs);
    memset(row + (width + 1) * inputs, 0, sizeof *row * inputs);
    float *channel = row + inputs;
    for (int s = 0; s < args->source_count; s++) {
        const sm_source *source = &args->source[s];
        const int shift = source->upsample ? 1 : 0;
        const float floor = source->relu ? 0.0f : -INFINITY;
        const size_t source_row = (size_t)image * (size_t)(args->height >> shift) + (size_t)(y >> shift);
        const float *data = source->data + source_row * (size_t)(args->width >> shift) * (size_t)source->stride;
        const size_t coefficients = source->per_image ? (size_t)image * (size_t)source->channels : 0;
        for (int c = 0; c < source->channels; c++, channel++) {
            const float factor = source->scale ? source->scale[coefficients + (size_t)c] : 1.0f;
            const float term = source->scale ? source->shift[coefficients + (size_t)c] : 0.0f;
            for (size_t x = 0; x < width; x++) {
                const float value = data[(x >> shift) * (size_t)source->stride + (size_t)c] * factor + term;
                channel[x * inputs] = value <= floor ? floor : value; /* keeps NaN */
            }
        }
    }
}

/** Three input rows around an output row. */
typedef struct row_window {
    const float *row[3];
} row_window;

/** Weights padded to whole chunks: [chunks][9 * inputs][V_LANES]. */
static void pack_weights(const sm_conv *args, float *packed) {
    const int taps = 9 * sm_conv_input_channels(args);
    for (int chunk = 0; chunk < chunks_of(args->output_channels); chunk++)
        for (int tap = 0; tap < taps; tap++, packed += V_LANES)
            v_store(packed,
                    v_load_part(args->weights + (size_t)tap * (size_t)args->output_channels + (size_t)chunk * V_LANES,
                                lanes_of(args->output_channels, chunk)));
}

static size_t packed_floats(const sm_conv *args) {
    return align((size_t)chunks_of(args->output_channels) * 9 * (size_t)sm_conv_input_channels(args) * V_LANES);
}

/** After the sum, for one chunk: max(floor, value * scale + shift), store, sums. */
typedef struct chunk_output {
    v_f32 scale, shift, floor;
    bool wants_sums;
    v_f32 sum, squares;
    float *pixel; /* of x = 0 */
    size_t stride;
    int lanes;
} chunk_output;

/** `count` neighbouring output pixels (a constant where this is inlined) of one chunk. */
SM_INLINE void forward_pixels(const int count, const row_window *window, int x, int inputs, const float *weights,
                              chunk_output *out) {
    v_f32 sum[PIXELS];
    SM_UNROLL for (int p = 0; p < count; p++) sum[p] = v_zero();
    SM_KEEP_LOOP
    for (int ky = 0; ky < 3; ky++) {
        const float *row = window->row[ky] + (size_t)x * (size_t)inputs;
        SM_KEEP_LOOP
        for (int tap = 0; tap < 3 * inputs; tap++, weights += V_LANES) {
            const v_f32 weight = v_load(weights);
            SM_UNROLL for (int p = 0; p < count; p++) {
                sum[p] = v_fma(v_load_splat(row + tap + p * inputs), weight, sum[p]);
            }
        }
    }
    SM_UNROLL for (int p = 0; p < count; p++) {
        const v_f32 value = v_max(out->floor, v_fma(sum[p], out->scale, out->shift));
        float *pixel = out->pixel + (size_t)(x + p) * out->stride;
        if (out->lanes == V_LANES)
            v_store(pixel, value);
        else
            v_store_part(pixel, value, out->lanes);
        if (out->wants_sums) {
            out->sum = v_add(out->sum, value);
            out->squares = v_fma(value, value, out->squares);
        }
    }
}

static SM_NOINLINE void forward_row(const row_window *window, int width, int inputs, const float *weights,
                                    chunk_output *out) {
    int x = 0;
    if (inputs == 1) /* the common case, with constant offsets */
        for (; x + PIXELS <= width; x += PIXELS) forward_pixels(PIXELS, window, x, 1, weights, out);
    for (; x + PIXELS <= width; x += PIXELS) forward_pixels(PIXELS, window, x, inputs, weights, out);
    for (; x < width; x++) forward_pixels(1, window, x, inputs, weights, out);
}

typedef struct direct_job {
    const sm_conv *args;
    int image_tasks; /* forward: tasks of one image; backward: unused */
    int slots;       /* backward: number of tasks */
    float *weights;  /* forward: packed; backward: the tasks' accumulators */
    float *sums;     /* forward: NULL, or [tasks][2][chunks * V_LANES] */
    float *workers;  /* forward: the memory of every worker; backward: its input rows */
} direct_job;

/** Two rows of the output, of a convolution whose output is read by its pooling alone. */
static size_t pooled_rows_floats(const sm_conv *args) {
    if (!args->pooled || !args->output_unused) return 0;
    return align(2 * (size_t)args->width * (size_t)args->output_channels);
}

/** Three input rows, then two output rows. */
static size_t forward_worker_floats(const sm_conv *args) { return 3 * row_floats(args) + pooled_rows_floats(args); }

SM_INLINE void pool_pixel(const float *above, const float *below, size_t stride, int lanes, float *pooled) {
    const v_f32 upper = v_max(v_load_part(above, lanes), v_load_part(above + stride, lanes));
    const v_f32 lower = v_max(v_load_part(below, lanes), v_load_part(below + stride, lanes));
    v_store_part(pooled, v_max(upper, lower), lanes);
}

SM_INLINE void pool_whole_pixel(const float *above, const float *below, size_t stride, float *pooled) {
    const v_f32 upper = v_max(v_load(above), v_load(above + stride));
    v_store(pooled, v_max(upper, v_max(v_load(below), v_load(below + stride))));
}

/** 2x2 maxima of the output rows y and y + 1, whose pixels are `stride` floats apart. */
static void pool_rows(const sm_conv *args, int image, int y, const float *above, const float *below, size_t stride) {
    const size_t channels = (size_t)args->output_channels, width = (size_t)args->width;
    const size_t row = (size_t)image * (size_t)args->height + (size_t)y;
    float *pooled = args->pooled + row / 2 * (width / 2) * channels;
    for (size_t x = 0; x < width; x += 2, above += 2 * stride, below += 2 * stride, pooled += channels) {
        size_t c = 0;
        for (; c + V_LANES <= channels; c += V_LANES) pool_whole_pixel(above + c, below + c, stride, pooled + c);
        if (c < channels) pool_pixel(above + c, below + c, stride, (int)(channels - c), pooled + c);
    }
}

/** `row` is the output's, with pixels `stride` floats apart. */
static chunk_output chunk_output_make(const sm_conv *args, int image, float *row, size_t stride, int chunk) {
    chunk_output out = {.scale = v_splat(1.0f),
                        .shift = v_zero(),
                        .floor = v_splat(args->relu ? 0.0f : -INFINITY),
                        .wants_sums = args->sums != NULL,
                        .sum = v_zero(),
                        .squares = v_zero(),
                        .stride = stride,
                        .lanes = lanes_of(args->output_channels, chunk)};
    const size_t channel = (size_t)chunk * V_LANES;
    out.pixel = row + channel;
    if (args->bias) out.shift = v_load_part(args->bias + channel, out.lanes);
    if (args->output_scale) {
        const size_t offset = (size_t)image * (size_t)args->output_channels + channel;
        out.scale = v_load_part(args->output_scale + offset, out.lanes);
        out.shift = v_fma(out.shift, out.scale, v_load_part(args->output_shift + offset, out.lanes));
    }
    return out;
}

static void forward_task(void *arguments, int index, int worker) {
    const direct_job *job = arguments;
    const sm_conv *args = job->args;
    const int inputs = sm_conv_input_channels(args), chunks = chunks_of(args->output_channels);
    const int image = index / job->image_tasks, first = index % job->image_tasks * TASK_ROWS;
    const int end = first + TASK_ROWS < args->height ? first + TASK_ROWS : args->height;
    const size_t row_size = row_floats(args), sums_stride = (size_t)chunks * V_LANES;
    float *rows = job->workers + (size_t)worker * forward_worker_floats(args);
    float *sums = job->sums ? job->sums + (size_t)index * 2 * sums_stride : NULL;
    if (sums) memset(sums, 0, sizeof *sums * 2 * sums_stride);
    const bool unused = args->pooled && args->output_unused;
    const size_t stride = (size_t)(unused ? args->output_channels : args->output_stride);
    const size_t output_row = (size_t)args->width * stride, image_row = (size_t)image * (size_t)args->height;

    read_row(args, image, first - 1, rows + (size_t)(first % 3) * row_size);
    read_row(args, image, first, rows + (size_t)((first + 1) % 3) * row_size);
    for (int y = first; y < end; y++) {
        read_row(args, image, y + 1, rows + (size_t)((y + 2) % 3) * row_size);
        const row_window window = {{rows + (size_t)(y % 3) * row_size, rows + (size_t)((y + 1) % 3) * row_size,
                                    rows + (size_t)((y + 2) % 3) * row_size}};
        float *output = unused ? rows + 3 * row_size + (size_t)(y % 2) * output_row
                               : args->output + (image_row + (size_t)y) * output_row;
        for (int chunk = 0; chunk < chunks; chunk++) {
            chunk_output out = chunk_output_make(args, image, output, stride, chunk);
            forward_row(&window, args->width, inputs, job->weights + (size_t)chunk * 9 * (size_t)inputs * V_LANES,
                        &out);
            if (sums) {
                float *sum = sums + (size_t)chunk * V_LANES, *squares = sum + sums_stride;
                v_store(sum, v_add(v_load(sum), out.sum));
                v_store(squares, v_add(v_load(squares), out.squares));
            }
        }
        if (args->pooled && y % 2) pool_rows(args, image, y - 1, output - output_row, output, stride);
    }
}

static int image_tasks(const sm_conv *args) { return (args->height + TASK_ROWS - 1) / TASK_ROWS; }

static size_t sums_floats(const sm_conv *args) {
    return (size_t)args->batch * (size_t)image_tasks(args) * 2 * (size_t)chunks_of(args->output_channels) * V_LANES;
}

static void add_up_sums(const direct_job *job) {
    const sm_conv *args = job->args;
    const size_t channels = (size_t)args->output_channels;
    const size_t padded = (size_t)chunks_of(args->output_channels) * V_LANES;
    const float *slot = job->sums;
    for (int image = 0; image < args->batch; image++) {
        double *sums = args->sums + (size_t)image * 2 * channels;
        for (size_t c = 0; c < 2 * channels; c++) sums[c] = 0;
        for (int task = 0; task < job->image_tasks; task++, slot += 2 * padded)
            for (size_t c = 0; c < channels; c++) {
                sums[c] += (double)slot[c];
                sums[channels + c] += (double)slot[padded + c];
            }
    }
}

size_t SM_KERNEL(sm_direct_forward_workspace)(const sm_conv *args, int threads) {
    return packed_floats(args) + (size_t)threads * forward_worker_floats(args) + sums_floats(args);
}

void SM_KERNEL(sm_direct_forward)(const sm_conv *args) {
    direct_job job = {.args = args, .image_tasks = image_tasks(args), .weights = args->workspace};
    job.workers = job.weights + packed_floats(args);
    if (args->sums) job.sums = job.workers + (size_t)sm_parallel_threads(args->parallel) * forward_worker_floats(args);
    pack_weights(args, job.weights);
    sm_parallel_run(args->parallel, args->batch * job.image_tasks, forward_task, &job);
    if (args->sums) add_up_sums(&job);
}

/**
 * Adds the contribution of one output row to the gradient of 9 weights of one chunk: 3 neighbouring taps (from `tap`
 * on, counted along an input row) in each of the 3 rows. `accumulator` is that of the first; taps are V_LANES floats
 * apart, rows `row_stride`.
 */
static SM_NOINLINE void backward_row(const row_window *window, int tap, int width, int inputs, const float *gradient,
                                     size_t gradient_stride, int lanes, float *accumulator, size_t row_stride) {
    v_f32 sum[3][3];
    SM_UNROLL for (int ky = 0; ky < 3; ky++) { SM_UNROLL for (int kx = 0; kx < 3; kx++) sum[ky][kx] = v_zero(); }
    const float *first = window->row[0] + tap, *second = window->row[1] + tap, *third = window->row[2] + tap;
    for (int x = 0; x < width; x++, gradient += gradient_stride) {
        const v_f32 g = lanes == V_LANES ? v_load(gradient) : v_load_part(gradient, lanes);
        SM_UNROLL for (int kx = 0; kx < 3; kx++) {
            sum[0][kx] = v_fma(v_load_splat(first + kx), g, sum[0][kx]);
            sum[1][kx] = v_fma(v_load_splat(second + kx), g, sum[1][kx]);
            sum[2][kx] = v_fma(v_load_splat(third + kx), g, sum[2][kx]);
        }
        first += inputs, second += inputs, third += inputs;
    }
    SM_UNROLL for (int ky = 0; ky < 3; ky++) {
        SM_UNROLL for (int kx = 0; kx < 3; kx++) {
            float *cell = accumulator + (size_t)ky * row_stride + (size_t)kx * V_LANES;
            v_store(cell, v_add(v_load(cell), sum[ky][kx]));
        }
    }
}

static size_t accumulator_floats(const sm_conv *args) { return packed_floats(args); }

static void backward_weights_task(void *arguments, int index, int worker) {
    const direct_job *job = arguments;
    const sm_conv *args = job->args;
    const int inputs = sm_conv_input_channels(args), chunks = chunks_of(args->output_channels);
    const size_t row_size = row_floats(args), gradient_stride = (size_t)args->output_channels;
    const long long all_rows = (long long)args->batch * args->height;
    const int first = (int)(all_rows * index / job->slots), end = (int)(all_rows * (index + 1) / job->slots);
    float *rows = job->workers + (size_t)worker * 3 * row_size;
    float *accumulator = job->weights + (size_t)index * accumulator_floats(args);
    memset(accumulator, 0, sizeof *accumulator * accumulator_floats(args));
    for (int row = first; row < end; row++) {
        const int image = row / args->height, y = row % args->height;
        row_window window;
        for (int ky = 0; ky < 3; ky++) {
            float *input = rows + (size_t)((y + ky) % 3) * row_size;
            if (ky == 2 || row == first || y == 0) read_row(args, image, y + ky - 1, input);
            window.row[ky] = input;
        }
        for (int chunk = 0; chunk < chunks; chunk++) {
            const float *gradient =
                args->output_gradient + (size_t)row * (size_t)args->width * gradient_stride + (size_t)chunk * V_LANES;
            float *cells = accumulator + (size_t)chunk * 9 * (size_t)inputs * V_LANES;
            for (int tap = 0; tap < 3 * inputs; tap += 3)
                backward_row(&window, tap, args->width, inputs, gradient, gradient_stride,
                             lanes_of(args->output_channels, chunk), cells + (size_t)tap * V_LANES,
                             3 * (size_t)inputs * V_LANES);
        }
    }
}

static int backward_slots(const sm_conv *args, int threads) {
    return threads < args->batch * args->height ? threads : args->batch * args->height;
}

size_t SM_KERNEL(sm_direct_backward_weights_workspace)(const sm_conv *args, int threads) {
    return (size_t)backward_slots(args, threads) * accumulator_floats(args) + (size_t)threads * 3 * row_floats(args);
}

void SM_KERNEL(sm_direct_backward_weights)(const sm_conv *args) {
    direct_job job = {
        .args = args, .slots = backward_slots(args, sm_parallel_threads(args->parallel)), .weights = args->workspace};
    job.workers = job.weights + (size_t)job.slots * accumulator_floats(args);
    sm_parallel_run(args->parallel, job.slots, backward_weights_task, &job);
    const int taps = 9 * sm_conv_input_channels(args), outputs = args->output_channels;
    for (int slot = 0; slot < job.slots; slot++)
        for (int tap = 0; tap < taps; tap++)
            for (int o = 0; o < outputs; o++) {
                const size_t cell = ((size_t)(o / V_LANES) * (size_t)taps + (size_t)tap) * V_LANES;
                args->weights_gradient[(size_t)tap * (size_t)outputs + (size_t)o] +=
                    job.weights[(size_t)slot * accumulator_floats(args) + cell + (size_t)(o % V_LANES)];
            }
}
