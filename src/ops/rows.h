/**
 * Splits the rows of a tensor over tasks, and a row's channels over vectors.
 * The rows per task depend on the sizes only, not on the number of threads.
 */
#ifndef SONOMASK_ROWS_H
#define SONOMASK_ROWS_H

#include "../simd.h"
#include "ops.h"

/** Computes row `row` of an image; `arguments` are those of the operation. */
typedef void sm_row(const void *arguments, int image, int row);

typedef struct sm_row_job {
    sm_row *compute;
    const void *arguments;
    int batch, rows;   /**< rows per image */
    int rows_per_task; /**< counted over the images */
} sm_row_job;

static inline void rows_task(void *job_, int index, int worker) {
    const sm_row_job *job = job_;
    (void)worker;
    int first = index * job->rows_per_task, end = first + job->rows_per_task;
    if (end > job->batch * job->rows) end = job->batch * job->rows;
    for (int row = first; row < end; row++) job->compute(job->arguments, row / job->rows, row % job->rows);
}

/** Computes all rows of all images; one row handles about `row_floats` floats. */
static inline void rows_run(sm_row *compute, const void *arguments, int batch, int rows, size_t row_floats,
                            const sm_parallel *parallel) {
    enum { TASK_FLOATS = 32768 }; /* enough work to make the cost of starting a task negligible */
    size_t rows_per_task = TASK_FLOATS / (row_floats ? row_floats : 1) + 1;
    int total = batch * rows;
    if (rows_per_task > (size_t)total) rows_per_task = (size_t)(total > 0 ? total : 1);
    sm_row_job job = {compute, arguments, batch, rows, (int)rows_per_task};
    sm_parallel_run(parallel, (total + job.rows_per_task - 1) / job.rows_per_task, rows_task, &job);
}

/** `count` lanes. For the constant V_LANES a plain vector load or store. */
SM_INLINE v_f32 v_load_count(const float *p, int count) { return count == V_LANES ? v_load(p) : v_load_part(p, count); }
SM_INLINE void v_store_count(float *p, v_f32 a, int count) {
    if (count == V_LANES)
        v_store(p, a);
    else
        v_store_part(p, a, count);
}

/** Lane i holds p[i % period]: one vector over several pixels of fewer channels than lanes. */
static inline v_f32 v_load_repeated(const float *p, int period) {
    float lanes[V_LANES];
    for (int lane = 0; lane < V_LANES; lane++) lanes[lane] = p[lane % period];
    return v_load(lanes);
}

/**
 * Calls `function(..., channel, lanes)` for every vector of `channels` (or of the pixels of a one-channel row): with
 * the constant V_LANES for the full ones, so that the inlined body has no lane counting, and once with the remainder.
 */
#define FOR_CHANNEL_VECTORS(channels, function, ...)                                                                   \
    do {                                                                                                               \
        int channel_ = 0;                                                                                              \
        for (; channel_ + V_LANES <= (channels); channel_ += V_LANES) function(__VA_ARGS__, channel_, V_LANES);        \
        if (channel_ < (channels)) function(__VA_ARGS__, channel_, (channels)-channel_);                               \
    } while (0)

enum { GROUP = 4 /* most vectors of a group */ };

/**
 * The same by groups of neighbouring vectors: calls `function(..., channel, vectors, lanes)` with the constants 4, 2 or
 * 1 for `vectors`. This reads neighbouring channels of a pixel together: one pass over a big tensor per vector, in
 * steps of a whole pixel, would use a third of the memory bandwidth.
 */
#define FOR_CHANNEL_GROUPS(channels, function, ...)                                                                    \
    do {                                                                                                               \
        int channel_ = 0;                                                                                              \
        for (; channel_ + 4 * V_LANES <= (channels); channel_ += 4 * V_LANES)                                          \
            function(__VA_ARGS__, channel_, 4, V_LANES);                                                               \
        for (; channel_ + 2 * V_LANES <= (channels); channel_ += 2 * V_LANES)                                          \
            function(__VA_ARGS__, channel_, 2, V_LANES);                                                               \
        for (; channel_ + V_LANES <= (channels); channel_ += V_LANES) function(__VA_ARGS__, channel_, 1, V_LANES);     \
        if (channel_ < (channels)) function(__VA_ARGS__, channel_, 1, (channels)-channel_);                            \
    } while (0)

#endif
