/**
 * The Winograd transforms of the 3x3 weights: for the forward pass, rotated by half a turn and transposed for backward
 * to the data, and of the gradient of the weights.
 */

#include "conv3x3_winograd.h"

/** G applied to 3 values. */
SM_INLINE void transform_three(const v_f32 g[3], v_f32 u[6]) {
    const v_f32 sixth = v_splat(-1.0f / 6.0f), twelfth = v_splat(1.0f / 12.0f);
    const v_f32 inner = v_add(g[0], g[2]), outer = v_mul(v_fma(v_splat(4.0f), g[2], g[0]), v_splat(1.0f / 24.0f));
    u[0] = v_mul(g[0], v_splat(0.25f));
    u[1] = v_mul(v_add(inner, g[1]), sixth);
    u[2] = v_mul(v_sub(inner, g[1]), sixth);
    u[3] = v_fma(g[1], twelfth, outer);
    u[4] = v_sub(outer, v_mul(g[1], twelfth));
    u[5] = g[2];
}

/** G^T applied to 6 values. */
SM_INLINE void transform_back(const v_f32 u[6], v_f32 g[3]) {
    const v_f32 inner_even = v_add(u[1], u[2]), inner_odd = v_sub(u[1], u[2]);
    const v_f32 outer_even = v_add(u[3], u[4]), outer_odd = v_sub(u[3], u[4]);
    const v_f32 inner = v_mul(inner_even, v_splat(-1.0f / 6.0f));
    g[0] = v_fma(outer_even, v_splat(1.0f / 24.0f), v_fma(u[0], v_splat(0.25f), inner));
    g[1] = v_fma(outer_odd, v_splat(1.0f / 12.0f), v_mul(inner_odd, v_splat(-1.0f / 6.0f)));
    g[2] = v_fma(outer_even, v_splat(1.0f / 6.0f), v_add(inner, u[5]));
}

/** U of one input and one output chunk from its 9 taps. */
SM_INLINE void transform_taps(v_f32 taps[3][3], float *transformed, size_t position_stride) {
    v_f32 columns[3][6];
    SM_UNROLL for (int x = 0; x < 3; x++) {
        const v_f32 column[3] = {taps[0][x], taps[1][x], taps[2][x]};
        transform_three(column, columns[x]);
    }
    SM_UNROLL for (int i = 0; i < 6; i++) {
        const v_f32 row[3] = {columns[0][i], columns[1][i], columns[2][i]};
        v_f32 u[6];
        transform_three(row, u);
        SM_UNROLL for (int j = 0; j < 6; j++) v_store(transformed + (size_t)(i * 6 + j) * position_stride, u[j]);
    }
}

/** A transform of weights. */
typedef struct transform_job {
    const float *weights; /* one of these two */
    const sm_byte_weights *bytes;
    int inputs, outputs; /* of U */
    float *transformed;
} transform_job;

size_t SM_KERNEL(sm_winograd_transformed_size)(int inputs, int outputs) {
    return winograd_align(WINOGRAD_POSITIONS * (size_t)winograd_chunks(outputs) * (size_t)inputs * V_LANES);
}

static size_t position_stride_of(const transform_job *job) {
    return (size_t)winograd_chunks(job->outputs) * (size_t)job->inputs * V_LANES;
}

/** U of input 0 for an output chunk. The next inputs follow at steps of `*input_stride`. */
static float *chunk_place(const transform_job *job, int chunk, size_t *input_stride) {
    const int in_group = chunk % WINOGRAD_GROUP, group = chunk - in_group;
    *input_stride = (size_t)winograd_group_width(group, winograd_chunks(job->outputs)) * V_LANES;
    return job->transformed + ((size_t)group * (size_t)job->inputs + (size_t)in_group) * V_LANES;
}

/** The taps of one input and one output chunk. */
SM_INLINE void load_taps(const transform_job *job, int input, int first_output, v_f32 taps[3][3]) {
    const size_t tap_stride = (size_t)job->inputs * (size_t)job->outputs;
    const int left = job->outputs - first_output, lanes = left < V_LANES ? left : V_LANES;
    const float *weights = job->weights + (size_t)input * (size_t)job->outputs + (size_t)first_output;
    for (int tap = 0; tap < 9; tap++, weights += tap_stride)
        taps[tap / 3][tap % 3] = lanes == V_LANES ? v_load(weights) : v_load_part(weights, lanes);
}

/** The same for 8-bit weights. */
SM_INLINE void load_byte_taps(const transform_job *job, int input, int first_output, v_f32 taps[3][3]) {
    const size_t tap_stride = (size_t)job->inputs * (size_t)job->outputs;
    const int left = job->outputs - first_output, lanes = left < V_LANES ? left : V_LANES;
    const int8_t *numbers = job->bytes->numbers + (size_t)input * (size_t)job->outputs + (size_t)first_output;
    const float *scales = job->bytes->scale + first_output, *factors = job->bytes->factor + first_output;
    const v_f32 scale = lanes == V_LANES ? v_load(scales) : v_load_part(scales, lanes);
    const v_f32 factor = lanes == V_LANES ? v_load(factors) : v_load_part(factors, lanes);
    for (int tap = 0; tap < 9; tap++, numbers += tap_stride) {
        int8_t part[V_LANES] = {0};
        for (int i = 0; i < lanes && lanes < V_LANES; i++) part[i] = numbers[i];
        const v_f32 values = v_load_bytes(lanes == V_LANES ? numbers : part);
        taps[tap / 3][tap % 3] = v_mul(v_mul(values, scale), factor);
    }
}

/** Inputs per task: whole lines of U are written, because the chunks of a group are done one after the other. */
enum { TRANSFORM_INPUTS = 16 };

SM_INLINE void transform_inputs(const transform_job *job, int task, bool of_bytes) {
    const int chunks = winograd_chunks(job->outputs);
    const int first = task * TRANSFORM_INPUTS;
    const int end = job->inputs - first < TRANSFORM_INPUTS ? job->inputs : first + TRANSFORM_INPUTS;
    const size_t position_stride = position_stride_of(job);
    for (int group = 0; group < chunks; group += WINOGRAD_GROUP) {
        size_t input_stride;
        float *place = chunk_place(job, group, &input_stride) + (size_t)first * input_stride;
        const int width = winograd_group_width(group, chunks);
        for (int input = first; input < end; input++, place += input_stride)
            for (int chunk = group; chunk < group + width; chunk++) {
                v_f32 taps[3][3];
                if (of_bytes)
                    load_byte_taps(job, input, chunk * V_LANES, taps);
                else
                    load_taps(job, input, chunk * V_LANES, taps);
                transform_taps(taps, place + (size_t)(chunk - group) * V_LANES, position_stride);
            }
    }
}

static void transform_task(void *arguments, int task, int worker) {
    (void)worker;
    transform_inputs(arguments, task, false);
}

void SM_KERNEL(sm_winograd_transform_weights)(const float *weights, int inputs, int outputs, float *transformed,
                                              const sm_parallel *parallel) {
    transform_job job = {.weights = weights, .inputs = inputs, .outputs = outputs, .transformed = transformed};
    sm_parallel_run(parallel, (inputs + TRANSFORM_INPUTS - 1) / TRANSFORM_INPUTS, transform_task, &job);
}

void SM_KERNEL(sm_winograd_transform_bytes)(const sm_byte_weights *weights, int inputs, int outputs,
                                            float *transformed) {
    transform_job job = {.bytes = weights, .inputs = inputs, .outputs = outputs, .transformed = transformed};
    for (int task = 0; task * TRANSFORM_INPUTS < inputs; task++) transform_inputs(&job, task, true);
}

/** Rows of V_LANES floats, `row_stride` apart, to columns: a row of `columns` has V_LANES floats. */
static SM_NOINLINE void transpose(const float *rows, size_t row_stride, float *columns) {
    v_f32 from[V_LANES], to[V_LANES];
    SM_UNROLL for (int i = 0; i < V_LANES; i++) from[i] = v_load(rows + (size_t)i * row_stride);
    SM_UNROLL for (int width = 1; width < V_LANES; width *= 2) {
        SM_UNROLL for (int i = 0; i < V_LANES / 2; i++) {
            v_interleave(from[i], from[i + V_LANES / 2], &to[2 * i], &to[2 * i + 1]);
        }
        SM_UNROLL for (int i = 0; i < V_LANES; i++) from[i] = to[i];
    }
    SM_UNROLL for (int i = 0; i < V_LANES; i++) v_store(columns + (size_t)i * V_LANES, from[i]);
}

/**
 * U of one chunk of outputs from weights [9][outputs][inputs] rotated by half a turn: tap t is read from tap 8 - t. The
 * lanes of a chunk are `inputs` floats apart, so they are first collected for a few inputs. The next inputs of U follow
 * at steps of `input_stride`.
 */
static void transform_backward_inputs(const transform_job *job, int chunk, float *place, size_t input_stride,
                                      size_t position_stride) {
    const int left = job->outputs - chunk * V_LANES, lanes = left < V_LANES ? left : V_LANES;
    const size_t row_stride = (size_t)job->inputs;
    float collected[9][V_LANES * V_LANES] = {{0}};
    for (int first = 0; first < job->inputs; first += V_LANES) {
        const int count = job->inputs - first < V_LANES ? job->inputs - first : V_LANES;
        for (int tap = 0; tap < 9; tap++) {
            const size_t row = (size_t)(8 - tap) * (size_t)job->outputs + (size_t)(chunk * V_LANES);
            const float *weight = job->weights + row * row_stride + first;
            if (lanes == V_LANES && count == V_LANES) {
                transpose(weight, row_stride, collected[tap]);
                continue;
            }
            for (int lane = 0; lane < lanes; lane++)
                for (int i = 0; i < count; i++)
                    collected[tap][i * V_LANES + lane] = weight[(size_t)lane * row_stride + (size_t)i];
        }
        for (int i = 0; i < count; i++, place += input_stride) {
            v_f32 taps[3][3];
            for (int tap = 0; tap < 9; tap++) taps[tap / 3][tap % 3] = v_load(collected[tap] + (size_t)i * V_LANES);
            transform_taps(taps, place, position_stride);
        }
    }
}

static void transform_backward_chunk(void *arguments, int chunk, int worker) {
    (void)worker;
    const transform_job *job = arguments;
    size_t input_stride;
    float *place = chunk_place(job, chunk, &input_stride);
    transform_backward_inputs(job, chunk, place, input_stride, position_stride_of(job));
}

void SM_KERNEL(sm_winograd_transform_weights_backward)(const float *weights, int inputs, int outputs,
                                                       float *transformed, const sm_parallel *parallel) {
    transform_job job = {.weights = weights, .inputs = outputs, .outputs = inputs, .transformed = transformed};
    sm_parallel_run(parallel, winograd_chunks(inputs), transform_backward_chunk, &job);
}

/** The place of chunk `chunk` (of `chunks`) in U of `inputs` inputs, as chunk_place. */
static float *place_of(float *transformed, int inputs, int chunk, int chunks, size_t *input_stride) {
    const int in_group = chunk % WINOGRAD_GROUP, group = chunk - in_group;
    *input_stride = (size_t)winograd_group_width(group, chunks) * V_LANES;
    return transformed + ((size_t)group * (size_t)inputs + (size_t)in_group) * V_LANES;
}

void SM_KERNEL(sm_winograd_transform_chunks)(const float *weights, int inputs, int outputs, int first_chunk,
                                             int chunk_count, float *transformed) {
    const size_t tap_stride = (size_t)inputs * (size_t)outputs;
    const size_t position_stride = (size_t)chunk_count * (size_t)inputs * V_LANES;
    for (int chunk = 0; chunk < chunk_count; chunk++) {
        const int channel = (first_chunk + chunk) * V_LANES;
        const int lanes = outputs - channel < V_LANES ? outputs - channel : V_LANES;
        size_t input_stride;
        float *place = place_of(transformed, inputs, chunk, chunk_count, &input_stride);
        const float *weight = weights + channel;
        for (int input = 0; input < inputs; input++, place += input_stride, weight += outputs) {
            v_f32 taps[3][3];
            for (int tap = 0; tap < 9; tap++) {
                const float *p = weight + (size_t)tap * tap_stride;
                taps[tap / 3][tap % 3] = lanes == V_LANES ? v_load(p) : v_load_part(p, lanes);
            }
            transform_taps(taps, place, position_stride);
        }
    }
}

void SM_KERNEL(sm_winograd_transform_chunks_backward)(const float *weights, int inputs, int outputs, int first_chunk,
                                                      int chunk_count, float *transformed) {
    const transform_job job = {.weights = weights, .inputs = outputs, .outputs = inputs, .transformed = transformed};
    const size_t position_stride = (size_t)chunk_count * (size_t)outputs * V_LANES;
    for (int chunk = 0; chunk < chunk_count; chunk++) {
        size_t input_stride;
        float *place = place_of(transformed, outputs, chunk, chunk_count, &input_stride);
        transform_backward_inputs(&job, first_chunk + chunk, place, input_stride, position_stride);
    }
}

void SM_KERNEL(sm_winograd_weights_gradient)(const winograd_weights *transformed, int inputs, int outputs,
                                             float *weights_gradient) {
    const size_t tap_stride = (size_t)inputs * (size_t)outputs;
    for (int input = 0; input < transformed->input_count; input++)
        for (int output = 0; output < transformed->output_count; output += V_LANES) {
            const int left = transformed->output_count - output, lanes = left < V_LANES ? left : V_LANES;
            v_f32 rows[6][3];
            for (int i = 0; i < 6; i++) {
                v_f32 u[6];
                for (int j = 0; j < 6; j++) {
                    const float *value = transformed->values + (size_t)(i * 6 + j) * transformed->position_stride +
                                         (size_t)input * transformed->row_stride + (size_t)output;
                    u[j] = v_load(value);
                    for (int slot = 1; slot < transformed->slots; slot++)
                        u[j] = v_add(u[j], v_load(value + (size_t)slot * transformed->slot_stride));
                }
                transform_back(u, rows[i]);
            }
            float *weight = weights_gradient + (size_t)(transformed->first_input + input) * (size_t)outputs +
                            (size_t)(transformed->first_output + output);
            for (int x = 0; x < 3; x++) {
                v_f32 column[6], gradient[3];
                for (int i = 0; i < 6; i++) column[i] = rows[i][x];
                transform_back(column, gradient);
                for (int y = 0; y < 3; y++) {
                    float *tap = weight + (size_t)(y * 3 + x) * tap_stride;
                    if (lanes == V_LANES)
                        v_store(tap, v_add(v_load(tap), gradient[y]));
                    else
                        v_store_part(tap, v_add(v_load_part(tap, lanes), gradient[y]), lanes);
                }
            }
        }
}
