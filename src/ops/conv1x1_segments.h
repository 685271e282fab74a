/**
 * What the directions of the 1x1 convolution share: how rows are cut into segments, the workspace, and tasks.
 * Short segments of a row of pixels are materialised (after scale, shift, ReLU, upsampling and concatenation) into a
 * buffer that fits the first-level cache.
 */
#ifndef SONOMASK_CONV1X1_SEGMENTS_H
#define SONOMASK_CONV1X1_SEGMENTS_H

#include "operations.h"
#include "source.h"

enum {
    SEGMENT_PIXELS = 32,
    TILE_PIXELS = 4,
    TILE_VECTORS = 2,
    MOST_SLOTS = 16 /* tasks of the backward pass to the weights, for any number of threads */
};

static inline int padded(int channels) { return (channels + V_LANES - 1) / V_LANES * V_LANES; }

static inline int input_channels(const sm_conv *args) {
    return args->source[0].channels + (args->source_count > 1 ? args->source[1].channels : 0);
}

/* ---- segments: how rows are cut ---- */

typedef struct segment {
    int image, y, x, count;
} segment;

static inline int segments_per_row(int width) { return (width - 1) / SEGMENT_PIXELS + 1; }

static inline segment segment_at(int index, int height, int width) {
    int per_row = segments_per_row(width), row = index / per_row, x = index % per_row * SEGMENT_PIXELS;
    return (segment){row / height, row % height, x, width - x < SEGMENT_PIXELS ? width - x : SEGMENT_PIXELS};
}

static inline size_t segment_pixel(const segment *at, int height, int width) {
    return ((size_t)at->image * (size_t)height + (size_t)at->y) * (size_t)width + (size_t)at->x;
}

/* ---- workspace: [packed weights][one segment buffer per worker][slots] ---- */

static inline size_t packed_floats(const sm_conv *args) {
    return (size_t)padded(input_channels(args)) * (size_t)padded(args->output_channels);
}

static inline size_t buffer_floats(const sm_conv *args) {
    return (size_t)SEGMENT_PIXELS * (size_t)(padded(input_channels(args)) + padded(args->output_channels));
}

/** The gradient of the weights, transposed and padded, [output][padded(input)], then that of the bias. */
static inline size_t slot_floats(const sm_conv *args) {
    return (size_t)args->output_channels * (size_t)padded(input_channels(args)) + (size_t)padded(args->output_channels);
}

static inline float *buffer_of(const sm_conv *args, int worker) {
    return args->workspace + packed_floats(args) + (size_t)worker * buffer_floats(args);
}

static inline float *slot_of(const sm_conv *args, int slot) {
    return buffer_of(args, sm_parallel_threads(args->parallel)) + (size_t)slot * slot_floats(args);
}

/** Materialises the sources' segment as [count][stride]; channels beyond the last are zero. */
static inline void read_segment(const sm_conv *args, const segment *at, float *buffer, int stride) {
    int channel = 0;
    for (int s = 0; s < args->source_count; s++) {
        source_read_pixels(&args->source[s], at->image, at->y, at->x, at->count, args->height, args->width,
                           buffer + channel, stride);
        channel += args->source[s].channels;
    }
    for (int i = 0; i < at->count && channel < stride; i++)
        memset(buffer + (size_t)i * (size_t)stride + channel, 0, (size_t)(stride - channel) * sizeof *buffer);
}

/* ---- tasks: each a run of segments ---- */

typedef struct segments_job {
    const sm_conv *args;
    const sm_target *target; /**< backward to data */
    const float *weights;    /**< in the layout of `product.right` */
    int right_stride;
    int height, width; /**< of the tensor whose segments these are */
    int segments, segments_per_task;
} segments_job;

static inline segments_job make_job(const sm_conv *args, int height, int width, size_t pixel_work) {
    enum { TASK_WORK = 1 << 18 }; /* multiply-adds */
    segments_job job = {.args = args, .height = height, .width = width};
    job.segments = args->batch * height * segments_per_row(width);
    size_t per_task = TASK_WORK / (pixel_work * SEGMENT_PIXELS) + 1;
    job.segments_per_task = per_task < (size_t)job.segments ? (int)per_task : job.segments;
    if (job.segments_per_task < 1) job.segments_per_task = 1; /* an empty tensor has no tasks */
    return job;
}

static inline void run_job(segments_job *job, sm_task *task) {
    int tasks = (job->segments + job->segments_per_task - 1) / job->segments_per_task;
    sm_parallel_run(job->args->parallel, tasks, task, job);
}

static inline int task_end(const segments_job *job, int task) {
    int end = (task + 1) * job->segments_per_task;
    return end < job->segments ? end : job->segments;
}

#endif
