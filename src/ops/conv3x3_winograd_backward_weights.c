/**
 * Winograd convolution backward to the weights. A task computes a share of the tiles (in its own accumulator, a slot)
 * for a range of the input channels. Small weights are split by tiles. Large ones are split by input channels: more
 * accumulators would cost more than transforming the gradient again for each range.
 */
#include "conv3x3_winograd.h"

enum { SLOT_FLOATS = 1 << 19 }; /* weights up to this size get one slot per thread */

typedef struct weights_plan {
    winograd_grid grid;
    int input_chunks, output_chunks;
    int slots, ranges; /* tasks = slots * ranges */
    int range_chunks;  /* input chunks of a range */
    int block_tiles;
    size_t slot_floats;   /* [36][input chunks][V_LANES][output chunks][V_LANES] */
    size_t worker_floats; /* V and the transformed gradient of one block */
} weights_plan;

typedef struct weights_job {
    const sm_conv *args;
    weights_plan plan;
    float *slots, *workers;
} weights_job;

static weights_plan plan_make(const sm_conv *args, int threads) {
    weights_plan plan = {.grid = winograd_grid_make(args->batch, args->height, args->width),
                         .input_chunks = winograd_chunks(sm_conv_input_channels(args)),
                         .output_chunks = winograd_chunks(args->output_channels),
                         .slots = 1,
                         .ranges = 1};
    plan.slot_floats = WINOGRAD_POSITIONS * (size_t)plan.input_chunks * V_LANES * (size_t)plan.output_chunks * V_LANES;
    if (plan.slot_floats <= SLOT_FLOATS)
        plan.slots = threads < plan.grid.tiles ? threads : plan.grid.tiles;
    else
        plan.ranges = threads < plan.input_chunks ? threads : plan.input_chunks;
    plan.range_chunks = (plan.input_chunks + plan.ranges - 1) / plan.ranges;
    plan.block_tiles = winograd_block_tiles(plan.grid.tiles, plan.range_chunks + plan.output_chunks, plan.slots);
    /* every block reads and writes the whole accumulator, so a block should not be smaller than that */
    const size_t tile_floats = (size_t)(plan.range_chunks + plan.output_chunks) * WINOGRAD_POSITIONS * V_LANES;
    const int balanced = (int)(plan.slot_floats / (size_t)plan.ranges / tile_floats);
    if (plan.block_tiles < balanced) plan.block_tiles = balanced < plan.grid.tiles ? balanced : plan.grid.tiles;
    plan.worker_floats = winograd_panel_floats(plan.range_chunks, plan.block_tiles) +
                         winograd_panel_floats(plan.output_chunks, plan.block_tiles);
    return plan;
}

static void weights_task(void *arguments, int index, int worker) {
    const weights_job *job = arguments;
    const weights_plan *plan = &job->plan;
    const sm_conv *args = job->args;
    const int slot = index / plan->ranges, first_chunk = index % plan->ranges * plan->range_chunks;
    const int chunks_left = plan->input_chunks - first_chunk;
    const int chunks = chunks_left < plan->range_chunks ? chunks_left : plan->range_chunks;
    if (chunks <= 0) return;

    const int leading_chunks =
        winograd_chunks(winograd_leading_inputs(args->source, args->source_count, sm_conv_input_channels(args)));
    const size_t row_stride = (size_t)plan->output_chunks * V_LANES;
    const size_t position_stride = (size_t)plan->input_chunks * V_LANES * row_stride;
    float *accumulator = job->slots + (size_t)slot * plan->slot_floats + (size_t)first_chunk * V_LANES * row_stride;

    float *scratch = job->workers + (size_t)worker * plan->worker_floats;
    const winograd_panel inputs = winograd_panel_make(scratch, plan->range_chunks, plan->block_tiles);
    const winograd_panel gradients = winograd_panel_make(
        scratch + winograd_panel_floats(plan->range_chunks, plan->block_tiles), plan->output_chunks, plan->block_tiles);
    const int end = (int)((long long)plan->grid.tiles * (slot + 1) / plan->slots);
    const int start = (int)((long long)plan->grid.tiles * slot / plan->slots);
    for (int first = start; first < end; first += plan->block_tiles) {
        const int count = end - first < plan->block_tiles ? end - first : plan->block_tiles;
        const winograd_block block = {&plan->grid, first, count};
        SM_KERNEL(sm_winograd_input)(args->source, args->source_count, block, first_chunk, chunks, inputs);
        SM_KERNEL(sm_winograd_gradient)
        (args->output_gradient, args->output_channels, block, 0, plan->output_chunks, gradients);
        SM_KERNEL(sm_winograd_multiply_transposed)
        (inputs, chunks, leading_chunks - first_chunk, gradients, plan->output_chunks, count, first > start,
         accumulator, position_stride, row_stride);
    }
}

/** Adds up the slots of one chunk of inputs. */
static void gradient_task(void *arguments, int chunk, int worker) {
    (void)worker;
    const weights_job *job = arguments;
    const sm_conv *args = job->args;
    const int inputs = sm_conv_input_channels(args), left = inputs - chunk * V_LANES;
    const size_t row_stride = (size_t)job->plan.output_chunks * V_LANES;
    const winograd_weights transformed = {.values = job->slots + (size_t)chunk * V_LANES * row_stride,
                                          .slots = job->plan.slots,
                                          .slot_stride = job->plan.slot_floats,
                                          .position_stride = (size_t)job->plan.input_chunks * V_LANES * row_stride,
                                          .row_stride = row_stride,
                                          .first_input = chunk * V_LANES,
                                          .input_count = left < V_LANES ? left : V_LANES,
                                          .output_count = args->output_channels};
    SM_KERNEL(sm_winograd_weights_gradient)(&transformed, inputs, args->output_channels, args->weights_gradient);
}

size_t SM_KERNEL(sm_winograd_backward_weights_workspace)(const sm_conv *args, int threads) {
    const weights_plan plan = plan_make(args, threads);
    return (size_t)plan.slots * plan.slot_floats + (size_t)threads * plan.worker_floats;
}

void SM_KERNEL(sm_winograd_backward_weights)(const sm_conv *args) {
    weights_job job = {
        .args = args, .plan = plan_make(args, sm_parallel_threads(args->parallel)), .slots = args->workspace};
    job.workers = job.slots + (size_t)job.plan.slots * job.plan.slot_floats;
    sm_parallel_run(args->parallel, job.plan.slots * job.plan.ranges, weights_task, &job);
    sm_parallel_run(args->parallel, job.plan.input_chunks, gradient_task, &job);
}
