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
    const float *weights;
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

/** Inputs per task: whole lines of U are written, because the chunks of a group are done one after the other. */
enum { TRANSFORM_INPUTS = 16 };

static void transform_inputs(void *arguments, int task, int worker) {
    (void)worker;
    const transform_job *job = arguments;
    const int chunks = winograd_chunks(job->outputs);
    const int first = task * TRANSFORM_INPUTS;
    const int end = job->inputs - first < TRANSFORM_INPUTS ? job->inputs : first + TRANSFORM_INPUTS;
    const size_t tap_stride = (size_t)job->inputs * (size_t)job->outputs, position_stride = position_stride_of(job);
    for (int group = 0; group < chunks; group += WINOGRAD_GROUP) {
        size_t input_stride;
        float *place = chunk_place(job, group, &input_stride) + (size_t)first * input_stride;
        const int width = winograd_group_width(group, chunks);
        for (int input = first; input < end; input++, place += input_stride) {
            const float *weights = job->weights + (size_t)input * (size_t)job->outputs;
            for (int chunk = group; chunk < group + width; chunk++) {
                const int left = job->outputs - chunk * V_LANES, lanes = left < V_LANES ? left : V_LANES;
                v_f32 taps[3][3];
                for (int tap = 0; tap < 9; tap++) {
                    const float *weight = weights + (size_t)tap * tap_stride + (size_t)chunk * V_LANES;
                    taps[tap / 3][tap % 3] = lanes == V_LANES ? v_load(weight) : v_load_part(weight, lanes);
                }
                transform_taps(taps, place + (size_t)(chunk - group) * V_LANES, position_stride);
            }
        }
    }
}

void SM_KERNEL(sm_winograd_transform_weights)(const float *weights, int inputs, int outputs, float *transformed,
                                              const sm_parallel *parallel) {
    transform_job job = {weights, inputs, outputs, transformed};
    sm_parallel_run(parallel, (inputs + TRANSFORM_INPUTS - 1) / TRANSFORM_INPUTS, transform_inputs, &job);
}

/**
 * The same for a chunk of outputs, with weights [9][outputs][inputs] rotated by half a turn: tap t is read from tap 8 -
 * t. The lanes of a chunk are `inputs` floats apart, so they are first collected for a few inputs.
 */
static void transform_backward_chunk(void *arguments, int chunk, int worker) {
    (void)worker;
    enum { GROUP = 16 };
    const transform_job *job = arguments;
    const int left = job->outputs - chunk * V_LANES, lanes = left < V_LANES ? left : V_LANES;
    size_t input_stride;
    float *place = chunk_place(job, chunk, &input_stride);
    float collected[9][GROUP][V_LANES] = {{{0}}};
    for (int first = 0; first < job->inputs; first += GROUP) {
        const int count = job->inputs - first < GROUP ? job->inputs - first : GROUP;
        for (int tap = 0; tap < 9; tap++)
            for (int lane = 0; lane < lanes; lane++) {
                const size_t output = (size_t)(8 - tap) * (size_t)job->outputs + (size_t)(chunk * V_LANES + lane);
                const float *weight = job->weights + output * (size_t)job->inputs + first;
                for (int i = 0; i < count; i++) collected[tap][i][lane] = weight[i];
            }
        for (int i = 0; i < count; i++, place += input_stride) {
            v_f32 taps[3][3];
            for (int tap = 0; tap < 9; tap++) taps[tap / 3][tap % 3] = v_load(collected[tap][i]);
            transform_taps(taps, place, position_stride_of(job));
        }
    }
}

void SM_KERNEL(sm_winograd_transform_weights_backward)(const float *weights, int inputs, int outputs,
                                                       float *transformed, const sm_parallel *parallel) {
    transform_job job = {weights, outputs, inputs, transformed};
    sm_parallel_run(parallel, winograd_chunks(inputs), transform_backward_chunk, &job);
}

/** A gradient of weights, one task per chunk of inputs. */
typedef struct gradient_job {
    const float *transformed;
    int slots, inputs, outputs;
    float *weights_gradient;
} gradient_job;

static void gradient_rows(void *arguments, int chunk, int worker) {
    (void)worker;
    const gradient_job *job = arguments;
    const size_t row_stride = (size_t)winograd_chunks(job->outputs) * V_LANES;
    const size_t position_stride = (size_t)winograd_chunks(job->inputs) * V_LANES * row_stride;
    const size_t tap_stride = (size_t)job->inputs * (size_t)job->outputs;
    const int end = (chunk + 1) * V_LANES < job->inputs ? (chunk + 1) * V_LANES : job->inputs;
    for (int input = chunk * V_LANES; input < end; input++)
        for (int output = 0; output < job->outputs; output += V_LANES) {
            const int lanes = job->outputs - output < V_LANES ? job->outputs - output : V_LANES;
            v_f32 rows[6][3];
            for (int i = 0; i < 6; i++) {
                v_f32 u[6];
                for (int j = 0; j < 6; j++) {
                    const float *value = job->transformed + (size_t)(i * 6 + j) * position_stride +
                                         (size_t)input * row_stride + (size_t)output;
                    u[j] = v_load(value);
                    for (int slot = 1; slot < job->slots; slot++)
                        u[j] = v_add(u[j], v_load(value + (size_t)slot * WINOGRAD_POSITIONS * position_stride));
                }
                transform_back(u, rows[i]);
            }
            float *weight = job->weights_gradient + (size_t)input * (size_t)job->outputs + output;
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

void SM_KERNEL(sm_winograd_weights_gradient)(const float *transformed, int slots, int inputs, int outputs,
                                             float *weights_gradient, const sm_parallel *parallel) {
    gradient_job job = {transformed, slots, inputs, outputs, weights_gradient};
    sm_parallel_run(parallel, winograd_chunks(inputs), gradient_rows, &job);
}
