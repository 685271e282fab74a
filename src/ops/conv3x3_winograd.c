/**
 * Winograd convolution, forward and backward to the data. A task is a block of tiles with all outputs. Where a
 * convolution has more weights than data, a task is a group of outputs with all tiles, so that each weight is read
 * once.
 */
#include "conv3x3_winograd.h"

/** The tiles of one convolution in blocks, and the memory per worker. */
typedef struct winograd_plan {
    winograd_grid grid;
    int inputs, input_chunks, output_chunks; /* of the matrix products */
    int task_chunks; /* by outputs: output chunks of a task, whole groups, and there is one block; otherwise 0 */
    int block_tiles, blocks;
    size_t shared_floats; /* by outputs: V */
    size_t worker_floats; /* V and M of one block; by outputs: M of one task */
} winograd_plan;

/**
 * Groups of output chunks per task, when U is larger than V and M together and the groups keep all threads busy;
 * otherwise 0. Two tasks per thread, because a thread may be slowed down by other work of its processor.
 */
static int groups_per_task(const winograd_plan *plan, int outputs, int threads) {
    enum { TASKS_PER_THREAD = 2 };
    const int groups = (plan->output_chunks + WINOGRAD_GROUP - 1) / WINOGRAD_GROUP;
    const int rounds = (groups + threads - 1) / threads;
    const bool heavy = (long long)plan->grid.tiles * (plan->inputs + outputs) <= (long long)plan->inputs * outputs;
    const bool busy = 5 * groups >= 4 * rounds * threads;
    const bool same = threads == 1 && plan->blocks == 1;
    if (!heavy || !busy || same) return 0;
    return threads == 1 ? groups : (rounds + TASKS_PER_THREAD - 1) / TASKS_PER_THREAD;
}

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

static void plan_by_outputs(winograd_plan *plan, int outputs, int threads) {
    const int chunks = groups_per_task(plan, outputs, threads) * WINOGRAD_GROUP;
    if (chunks == 0) return;
    plan->task_chunks = chunks < plan->output_chunks ? chunks : plan->output_chunks;
    plan->block_tiles = plan->grid.tiles;
    plan->blocks = 1;
    plan->shared_floats = winograd_panel_floats(plan->input_chunks, plan->block_tiles);
    plan->worker_floats = winograd_panel_floats(plan->task_chunks, plan->block_tiles);
}

static winograd_block plan_block(const winograd_plan *plan, int index) {
    const int first = index * plan->block_tiles, left = plan->grid.tiles - first;
    return (winograd_block){&plan->grid, first, left < plan->block_tiles ? left : plan->block_tiles};
}

/** A convolution in progress. */
typedef struct winograd_job {
    const sm_conv *args;
    winograd_plan plan;
    winograd_kernel kernel;
    float *sums;    /* NULL, or the sums of the blocks: see sums_slot */
    float *shared;  /* by outputs: V */
    float *workers; /* the memory of every worker */
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
    SM_KERNEL(sm_winograd_multiply)(inputs, block.count, &job->kernel, 0, plan->output_chunks, *result);
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

static winograd_panel shared_inputs(const winograd_job *job) {
    return winograd_panel_make(job->shared, job->plan.input_chunks, job->plan.block_tiles);
}

/** By outputs, first step: V of one chunk of inputs. */
static void transform_inputs(void *arguments, int chunk, int worker) {
    (void)worker;
    const winograd_job *job = arguments;
    winograd_panel inputs = shared_inputs(job);
    inputs.values += (size_t)chunk * inputs.chunk_stride;
    SM_KERNEL(sm_winograd_input)
    (job->args->source, job->args->source_count, plan_block(&job->plan, 0), chunk, 1, inputs);
}

/** By outputs, second step. */
static void forward_outputs(void *arguments, int index, int worker) {
    const winograd_job *job = arguments;
    const winograd_plan *plan = &job->plan;
    const winograd_block block = plan_block(plan, 0);
    const int first = index * plan->task_chunks, left = plan->output_chunks - first;
    const int count = left < plan->task_chunks ? left : plan->task_chunks;
    const winograd_panel result =
        winograd_panel_make(job->workers + (size_t)worker * plan->worker_floats, count, plan->block_tiles);
    SM_KERNEL(sm_winograd_multiply)(shared_inputs(job), block.count, &job->kernel, first, count, result);
    SM_KERNEL(sm_winograd_output)(job->args, block, first, count, result, NULL);
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

static size_t plan_floats(const winograd_plan *plan, int threads) {
    return plan->shared_floats + (size_t)threads * plan->worker_floats + sums_floats(plan);
}

size_t SM_KERNEL(sm_winograd_forward_workspace)(const sm_conv *args, int threads) {
    const int inputs = sm_conv_input_channels(args), outputs = args->output_channels;
    winograd_plan plan = plan_make(args, inputs, outputs, threads);
    const size_t by_blocks = plan_floats(&plan, threads);
    plan_by_outputs(&plan, outputs, threads);
    const size_t by_outputs = plan_floats(&plan, threads);
    return (args->transformed ? 0 : SM_KERNEL(sm_winograd_transformed_size)(inputs, outputs)) +
           (by_blocks > by_outputs ? by_blocks : by_outputs);
}

void SM_KERNEL(sm_winograd_forward)(const sm_conv *args) {
    const int inputs = sm_conv_input_channels(args), outputs = args->output_channels;
    const int threads = sm_parallel_threads(args->parallel);
    winograd_job job = {.args = args, .plan = plan_make(args, inputs, outputs, threads), .shared = args->workspace};
    if (!args->sums) plan_by_outputs(&job.plan, outputs, threads); /* sums are added up by blocks of tiles */
    const float *transformed = args->transformed;
    if (!transformed) {
        SM_KERNEL(sm_winograd_transform_weights)(args->weights, inputs, outputs, args->workspace, args->parallel);
        transformed = args->workspace;
        job.shared += SM_KERNEL(sm_winograd_transformed_size)(inputs, outputs);
    }
    job.kernel = (winograd_kernel){.values = transformed,
                                   .inputs = inputs,
                                   .chunks = job.plan.output_chunks,
                                   .leading = winograd_leading_inputs(args->source, args->source_count, inputs)};
    job.workers = job.shared + job.plan.shared_floats;
    if (job.plan.task_chunks > 0) {
        const int tasks = (job.plan.output_chunks + job.plan.task_chunks - 1) / job.plan.task_chunks;
        sm_parallel_run(args->parallel, job.plan.input_chunks, transform_inputs, &job);
        sm_parallel_run(args->parallel, tasks, forward_outputs, &job);
        return;
    }
    job.sums = args->sums ? job.workers + (size_t)threads * job.plan.worker_floats : NULL;
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
    SM_KERNEL(sm_winograd_output_to_targets)(args, block, result);
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
                        .kernel = {kernel, outputs, winograd_chunks(inputs), outputs},
                        .workers = kernel + SM_KERNEL(sm_winograd_transformed_size)(outputs, inputs)};
    sm_parallel_run(args->parallel, job.plan.blocks, backward_data_block, &job);
}
