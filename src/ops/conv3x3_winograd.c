/** Winograd convolution, forward and backward to the data. A task is a block of tiles. */
#include "conv3x3_winograd.h"

/** The tiles of one convolution in blocks, and the memory per worker. */
typedef struct winograd_plan {
    winograd_grid grid;
    int inputs, input_chunks, output_chunks; /* of the matrix products */
    int block_tiles, blocks;
    size_t worker_floats; /* V and M of one block */
} winograd_plan;

static winograd_plan plan_make(const sm_conv *args, int inputs, int outputs, int threads) {
    winograd_plan plan = {.grid = winograd_grid_make(args->batch, args->height, args->width),
                          .inputs = inputs,
                          .input_chunks = winograd_chunks(inputs),
                          .output_chunks = winograd_chunks(outputs)};
    plan.block_tiles = winograd_block_tiles(plan.grid.tiles, plan.input_chunks + plan.output_chunks, threads);
    plan.blocks = (plan.grid.tiles + plan.block_tiles - 1) / plan.block_tiles;
    plan.worker_floats = winograd_panel_floats(plan.input_chunks, plan.block_tiles) +
                         winograd_panel_floats(plan.output_chunks, plan.block_tiles);
    return plan;
}

static winograd_block plan_block(const winograd_plan *plan, int index) {
    const int first = index * plan->block_tiles, left = plan->grid.tiles - first;
    return (winograd_block){&plan->grid, first, left < plan->block_tiles ? left : plan->block_tiles};
}

/** A convolution in progress. */
typedef struct winograd_job {
    const sm_conv *args;
    winograd_plan plan;
    const float *kernel; /* U */
    float *sums;         /* NULL, or the sums of the blocks: see sums_slot */
    float *workers;      /* V and M of every worker */
} winograd_job;

/**
 * Sums are stored per block and image, and added up in that order afterwards. In this order block + image grows by one
 * at each step, so that it is the number of the slot.
 */
static float *sums_slot(const winograd_job *job, int block, int image) {
    return job->sums + (size_t)(block + image) * 2 * (size_t)job->plan.output_chunks * V_LANES;
}

static size_t sums_floats(const winograd_plan *plan) {
    return (size_t)(plan->blocks + plan->grid.batch) * 2 * (size_t)plan->output_chunks * V_LANES;
}

static void multiply_block(const winograd_job *job, const sm_source *source, int source_count, winograd_block block,
                           int worker, winograd_panel *result) {
    const winograd_plan *plan = &job->plan;
    float *scratch = job->workers + (size_t)worker * plan->worker_floats;
    const winograd_panel inputs = winograd_panel_make(scratch, plan->input_chunks, plan->block_tiles);
    *result = winograd_panel_make(scratch + winograd_panel_floats(plan->input_chunks, plan->block_tiles),
                                  plan->output_chunks, plan->block_tiles);
    SM_KERNEL(sm_winograd_input)(source, source_count, block, 0, plan->input_chunks, inputs);
    SM_KERNEL(sm_winograd_multiply)(inputs, block.count, plan->inputs, job->kernel, plan->output_chunks, *result);
}

static void forward_block(void *arguments, int index, int worker) {
    const winograd_job *job = arguments;
    const sm_conv *args = job->args;
    const winograd_block block = plan_block(&job->plan, index);
    winograd_panel result;
    multiply_block(job, args->source, args->source_count, block, worker, &result);
    float *sums = job->sums ? sums_slot(job, index, winograd_place_of(block.grid, block.first).image) : NULL;
    SM_KERNEL(sm_winograd_output)(args, block, 0, job->plan.output_chunks, result, sums);
}

static void add_up_sums(const winograd_job *job) {
    const sm_conv *args = job->args;
    const size_t channels = (size_t)args->output_channels, padded = (size_t)job->plan.output_chunks * V_LANES;
    for (size_t i = 0; i < (size_t)args->batch * 2 * channels; i++) args->sums[i] = 0;
    for (int index = 0; index < job->plan.blocks; index++) {
        const winograd_block block = plan_block(&job->plan, index);
        const int last_image = winograd_place_of(block.grid, block.first + block.count - 1).image;
        for (int image = winograd_place_of(block.grid, block.first).image; image <= last_image; image++) {
            const float *slot = sums_slot(job, index, image);
            double *sums = args->sums + (size_t)image * 2 * channels;
            for (size_t c = 0; c < channels; c++) {
                sums[c] += (double)slot[c];
                sums[channels + c] += (double)slot[padded + c];
            }
        }
    }
}

size_t SM_KERNEL(sm_winograd_forward_workspace)(const sm_conv *args, int threads) {
    const int inputs = sm_conv_input_channels(args), outputs = args->output_channels;
    const winograd_plan plan = plan_make(args, inputs, outputs, threads);
    return (args->transformed ? 0 : SM_KERNEL(sm_winograd_transformed_size)(inputs, outputs)) +
           (size_t)threads * plan.worker_floats + sums_floats(&plan);
}

void SM_KERNEL(sm_winograd_forward)(const sm_conv *args) {
    const int inputs = sm_conv_input_channels(args), outputs = args->output_channels;
    const int threads = sm_parallel_threads(args->parallel);
    winograd_job job = {.args = args, .plan = plan_make(args, inputs, outputs, threads), .kernel = args->transformed};
    float *free_space = args->workspace;
    if (!args->transformed) {
        SM_KERNEL(sm_winograd_transform_weights)(args->weights, inputs, outputs, free_space, args->parallel);
        job.kernel = free_space;
        free_space += SM_KERNEL(sm_winograd_transformed_size)(inputs, outputs);
    }
    job.workers = free_space;
    job.sums = args->sums ? free_space + (size_t)threads * job.plan.worker_floats : NULL;
    sm_parallel_run(args->parallel, job.plan.blocks, forward_block, &job);
    if (args->sums) add_up_sums(&job);
}

static void backward_data_block(void *arguments, int index, int worker) {
    const winograd_job *job = arguments;
    const sm_conv *args = job->args;
    const sm_source gradient = {
        .data = args->output_gradient, .channels = args->output_channels, .stride = args->output_channels};
    const winograd_block block = plan_block(&job->plan, index);
    winograd_panel result;
    multiply_block(job, &gradient, 1, block, worker, &result);
    SM_KERNEL(sm_winograd_output_to_targets)(args, block, 0, job->plan.output_chunks, result);
}

size_t SM_KERNEL(sm_winograd_backward_data_workspace)(const sm_conv *args, int threads) {
    const int inputs = sm_conv_input_channels(args), outputs = args->output_channels;
    return SM_KERNEL(sm_winograd_transformed_size)(outputs, inputs) +
           (size_t)threads * plan_make(args, outputs, inputs, threads).worker_floats;
}

void SM_KERNEL(sm_winograd_backward_data)(const sm_conv *args) {
    const int inputs = sm_conv_input_channels(args), outputs = args->output_channels;
    const int threads = sm_parallel_threads(args->parallel);
    float *kernel = args->workspace;
    SM_KERNEL(sm_winograd_transform_weights_backward)(args->weights, inputs, outputs, kernel, args->parallel);
    winograd_job job = {.args = args,
                        .plan = plan_make(args, outputs, inputs, threads),
                        .kernel = kernel,
                        .workers = kernel + SM_KERNEL(sm_winograd_transformed_size)(outputs, inputs)};
    sm_parallel_run(args->parallel, job.plan.blocks, backward_data_block, &job);
}
