/**
 * 1x1 convolution, backward to weights: [output][pixels] times [pixels][input]. Each task adds up its segments in a
 * slot of its own; the slots are summed in order, so that the result does not depend on the threads.
 */
#include "conv1x1_segments.h"

/** Adds `outputs` rows by `vectors` vectors of inputs over one segment to the slot. */
SM_INLINE void weights_tile(const float *gradient, int gradient_stride, int outputs, const float *inputs,
                            int input_stride, int vectors, int pixels, float *slot) {
    v_f32 sum[TILE_PIXELS][TILE_VECTORS];
    SM_UNROLL
    for (int o = 0; o < outputs; o++) {
        SM_UNROLL
        for (int v = 0; v < vectors; v++) sum[o][v] = v_zero();
    }
    for (int pixel = 0; pixel < pixels; pixel++, gradient += gradient_stride, inputs += input_stride) {
        v_f32 input[TILE_VECTORS];
        SM_UNROLL
        for (int v = 0; v < vectors; v++) input[v] = v_load(inputs + v * V_LANES);
        SM_UNROLL
        for (int o = 0; o < outputs; o++) {
            v_f32 factor = v_load_splat(gradient + o);
            SM_UNROLL
            for (int v = 0; v < vectors; v++) sum[o][v] = v_fma(factor, input[v], sum[o][v]);
        }
    }
    SM_UNROLL
    for (int o = 0; o < outputs; o++) {
        SM_UNROLL
        for (int v = 0; v < vectors; v++) {
            float *place = slot + (size_t)o * (size_t)input_stride + v * V_LANES;
            v_store(place, v_add(v_load(place), sum[o][v]));
        }
    }
}

SM_INLINE void weights_rows(const float *gradient, int gradient_stride, int outputs, const float *inputs,
                            int input_stride, int pixels, float *slot) {
    int i = 0;
    for (; i + TILE_VECTORS * V_LANES <= input_stride; i += TILE_VECTORS * V_LANES)
        weights_tile(gradient, gradient_stride, outputs, inputs + i, input_stride, TILE_VECTORS, pixels, slot + i);
    if (i < input_stride)
        weights_tile(gradient, gradient_stride, outputs, inputs + i, input_stride, 1, pixels, slot + i);
}

static void backward_weights_task(void *arguments, int task, int worker) {
    const segments_job *job = arguments;
    const sm_conv *args = job->args;
    int stride = padded(input_channels(args)), outputs = args->output_channels;
    float *buffer = buffer_of(args, worker), *slot = slot_of(args, task);
    float *bias = slot + (size_t)outputs * (size_t)stride;
    memset(slot, 0, slot_floats(args) * sizeof *slot);
    for (int i = task * job->segments_per_task; i < task_end(job, task); i++) {
        segment at = segment_at(i, args->height, args->width);
        const float *gradient = args->output_gradient + segment_pixel(&at, args->height, args->width) * (size_t)outputs;
        read_segment(args, &at, buffer, stride);
        int o = 0;
        for (; o + TILE_PIXELS <= outputs; o += TILE_PIXELS)
            weights_rows(gradient + o, outputs, TILE_PIXELS, buffer, stride, at.count,
                         slot + (size_t)o * (size_t)stride);
        for (; o < outputs; o++)
            weights_rows(gradient + o, outputs, 1, buffer, stride, at.count, slot + (size_t)o * (size_t)stride);
        for (o = 0; o < outputs && args->bias_gradient; o++) {
            float sum = 0;
            for (int pixel = 0; pixel < at.count; pixel++) sum += gradient[(size_t)pixel * (size_t)outputs + (size_t)o];
            bias[o] += sum;
        }
    }
}

void SM_KERNEL(sm_conv1x1_backward_weights)(const sm_conv *args) {
    int inputs = input_channels(args), outputs = args->output_channels;
    size_t stride = (size_t)padded(inputs);
    segments_job job = make_job(args, args->height, args->width, (size_t)inputs * (size_t)outputs);
    int least = (job.segments - 1) / MOST_SLOTS + 1;
    if (job.segments_per_task < least) job.segments_per_task = least;
    int slots = (job.segments - 1) / job.segments_per_task + 1;
    run_job(&job, backward_weights_task);
    for (int i = 0; i < inputs; i++)
        for (int o = 0; o < outputs; o++) {
            double sum = 0;
            for (int s = 0; s < slots; s++) sum += (double)slot_of(args, s)[(size_t)o * stride + (size_t)i];
            args->weights_gradient[(size_t)i * (size_t)outputs + (size_t)o] += (float)sum;
        }
    for (int o = 0; o < outputs && args->bias_gradient; o++) {
        double sum = 0;
        for (int s = 0; s < slots; s++) sum += (double)slot_of(args, s)[(size_t)outputs * stride + (size_t)o];
        args->bias_gradient[o] += (float)sum;
    }
}
