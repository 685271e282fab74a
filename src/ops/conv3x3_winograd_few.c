/**
 * Winograd convolution with large weights and few tiles, as in the deepest layers in training. Transformed weights are
 * 4 times as large as the weights and used only once per tile, so that storing them would cost more time than the
 * products. Here a task transforms the weights of a few channels in the second-level cache, and uses them for all
 * tiles, which are transformed before. The gradient of the weights is likewise computed in blocks that fit this cache.
 */
#include "conv3x3_winograd.h"

enum {
    FEW_TILES = 128,
    LARGE_WEIGHTS = 1 << 17, /* floats after the transform: half of a second-level cache */
    TASK_WEIGHTS = 1 << 18,  /* the same of a task, at most, unless this is less than a chunk */
    BLOCK_CHANNELS = 64      /* backward to the weights: inputs and outputs of a task, at least a chunk */
};

bool SM_KERNEL(sm_winograd_is_few)(const sm_conv *args) {
    const winograd_grid grid = winograd_grid_make(args->batch, args->height, args->width);
    const size_t weights = (size_t)sm_conv_input_channels(args) * (size_t)args->output_channels;
    return grid.tiles <= FEW_TILES && WINOGRAD_POSITIONS * weights >= LARGE_WEIGHTS;
}

static int smaller(int a, int b) { return a < b ? a : b; }

static winograd_panel panel_from(winograd_panel panel, int chunk) {
    panel.values += (size_t)chunk * panel.chunk_stride;
    return panel;
}

/* ---- forward and backward to the data ---- */

typedef struct few_job {
    const sm_conv *args;
    winograd_grid grid;
    const sm_source *source;
    int source_count;
    int inputs, outputs; /* of the product */
    int input_chunks, output_chunks;
    int group; /* output chunks of a task */
    size_t weights_floats, worker_floats;
    int leading, leading_chunks; /* as in winograd_kernel, over all outputs */
    winograd_panel tiles;        /* V of all tiles */
    float *sums;                 /* NULL, or [batch][2][output_chunks * V_LANES] */
    float *workers;              /* U and M of every worker */
} few_job;

static few_job job_make(const sm_conv *args, int inputs, int outputs, int threads) {
    few_job job = {.args = args,
                   .grid = winograd_grid_make(args->batch, args->height, args->width),
                   .inputs = inputs,
                   .outputs = outputs,
                   .input_chunks = winograd_chunks(inputs),
                   .output_chunks = winograd_chunks(outputs)};
    job.group = TASK_WEIGHTS / (WINOGRAD_POSITIONS * V_LANES * (inputs > 0 ? inputs : 1));
    if (job.group > WINOGRAD_GROUP) job.group -= job.group % WINOGRAD_GROUP;
    if (threads > 1) job.group = smaller(job.group, job.output_chunks / (2 * threads)); /* shares of similar size */
    if (job.group > job.output_chunks) job.group = job.output_chunks;
    if (job.group < 1) job.group = 1;
    job.weights_floats = winograd_align(WINOGRAD_POSITIONS * (size_t)job.group * (size_t)inputs * V_LANES);
    job.worker_floats = job.weights_floats + winograd_panel_floats(job.group, job.grid.tiles);
    return job;
}

static size_t sums_floats(const few_job *job) {
    return winograd_align((size_t)job->grid.batch * 2 * (size_t)job->output_chunks * V_LANES);
}

static size_t job_floats(const few_job *job, int threads) {
    return winograd_panel_floats(job->input_chunks, job->grid.tiles) + sums_floats(job) +
           (size_t)threads * job->worker_floats;
}

static winograd_block all_tiles(const few_job *job) { return (winograd_block){&job->grid, 0, job->grid.tiles}; }

static void input_task(void *arguments, int chunk, int worker) {
    (void)worker;
    const few_job *job = arguments;
    SM_KERNEL(sm_winograd_input)
    (job->source, job->source_count, all_tiles(job), chunk, 1, panel_from(job->tiles, chunk));
}

static void run_job(few_job *job, sm_task *task) {
    const sm_parallel *parallel = job->args->parallel;
    job->tiles = winograd_panel_make(job->args->workspace, job->input_chunks, job->grid.tiles);
    float *free_space = job->args->workspace + winograd_panel_floats(job->input_chunks, job->grid.tiles);
    if (job->sums) job->sums = free_space;
    job->workers = free_space + sums_floats(job);
    sm_parallel_run(parallel, job->input_chunks, input_task, job);
    sm_parallel_run(parallel, (job->output_chunks + job->group - 1) / job->group, task, job);
}

/** The memory and the output chunks of a task. */
typedef struct few_task {
    int first, count;
    float *weights;        /* U */
    winograd_panel result; /* M */
} few_task;

static few_task task_of(const few_job *job, int index, int worker) {
    const int first = index * job->group;
    float *weights = job->workers + (size_t)worker * job->worker_floats;
    return (few_task){first, smaller(job->group, job->output_chunks - first), weights,
                      winograd_panel_make(weights + job->weights_floats, job->group, job->grid.tiles)};
}

static void multiply(const few_job *job, const few_task *task) {
    const winograd_kernel kernel = {.values = task->weights,
                                    .inputs = job->inputs,
                                    .chunks = task->count,
                                    .leading = job->leading,
                                    .leading_chunks = job->leading_chunks - task->first};
    SM_KERNEL(sm_winograd_multiply)(job->tiles, job->grid.tiles, &kernel, 0, task->count, task->result);
}

static void forward_task(void *arguments, int index, int worker) {
    const few_job *job = arguments;
    const few_task task = task_of(job, index, worker);
    SM_KERNEL(sm_winograd_transform_chunks)
    (job->args->weights, job->inputs, job->outputs, task.first, task.count, task.weights);
    multiply(job, &task);
    SM_KERNEL(sm_winograd_output)(job->args, all_tiles(job), task.first, task.count, task.result, job->sums);
}

void SM_KERNEL(sm_winograd_few_forward)(const sm_conv *args) {
    const int threads = sm_parallel_threads(args->parallel);
    few_job job = job_make(args, sm_conv_input_channels(args), args->output_channels, threads);
    job.source = args->source;
    job.source_count = args->source_count;
    job.leading = winograd_leading_inputs(args->source, args->source_count, job.inputs);
    job.leading_chunks = job.output_chunks;
    job.sums = args->sums ? args->workspace : NULL;
    run_job(&job, forward_task);
    if (!args->sums) return;
    const size_t channels = (size_t)args->output_channels, padded = (size_t)job.output_chunks * V_LANES;
    for (size_t row = 0; row < 2 * (size_t)args->batch; row++)
        for (size_t c = 0; c < channels; c++) args->sums[row * channels + c] = (double)job.sums[row * padded + c];
}

static void backward_data_task(void *arguments, int index, int worker) {
    const few_job *job = arguments;
    const few_task task = task_of(job, index, worker);
    SM_KERNEL(sm_winograd_transform_chunks_backward)
    (job->args->weights, job->outputs, job->inputs, task.first, task.count, task.weights);
    multiply(job, &task);
    SM_KERNEL(sm_winograd_output_to_targets)(job->args, all_tiles(job), task.first, task.count, task.result);
}

void SM_KERNEL(sm_winograd_few_backward_data)(const sm_conv *args) {
    const int threads = sm_parallel_threads(args->parallel);
    const sm_source gradient = {
        .data = args->output_gradient, .channels = args->output_channels, .stride = args->output_channels};
    few_job job = job_make(args, args->output_channels, sm_conv_input_channels(args), threads);
    job.source = &gradient;
    job.source_count = 1;
    job.leading = job.inputs;
    job.leading_chunks = winograd_leading_targets(args, job.output_chunks);
    run_job(&job, backward_data_task);
}

/* ---- backward to the weights ---- */

typedef struct few_weights_job {
    const sm_conv *args;
    winograd_grid grid;
    int inputs, outputs, input_chunks, output_chunks;
    int block, output_blocks;        /* chunks of a block, and blocks of the outputs */
    size_t worker_floats;            /* dU of a block */
    winograd_panel tiles, gradients; /* V and Z of all tiles */
    float *workers;
} few_weights_job;

static few_weights_job weights_job_make(const sm_conv *args) {
    few_weights_job job = {.args = args,
                           .grid = winograd_grid_make(args->batch, args->height, args->width),
                           .inputs = sm_conv_input_channels(args),
                           .outputs = args->output_channels,
                           .block = BLOCK_CHANNELS / V_LANES};
    job.input_chunks = winograd_chunks(job.inputs);
    job.output_chunks = winograd_chunks(job.outputs);
    job.output_blocks = (job.output_chunks + job.block - 1) / job.block;
    job.worker_floats = WINOGRAD_POSITIONS * (size_t)(job.block * V_LANES) * (size_t)(job.block * V_LANES);
    return job;
}

static size_t weights_job_floats(const few_weights_job *job, int threads) {
    return winograd_panel_floats(job->input_chunks, job->grid.tiles) +
           winograd_panel_floats(job->output_chunks, job->grid.tiles) + (size_t)threads * job->worker_floats;
}

/** One chunk of V or of Z. */
static void panels_task(void *arguments, int index, int worker) {
    (void)worker;
    const few_weights_job *job = arguments;
    const sm_conv *args = job->args;
    const winograd_block all = {&job->grid, 0, job->grid.tiles};
    const int chunk = index - job->input_chunks;
    if (chunk < 0)
        SM_KERNEL(sm_winograd_input)(args->source, args->source_count, all, index, 1, panel_from(job->tiles, index));
    else
        SM_KERNEL(sm_winograd_gradient)
    (args->output_gradient, job->outputs, all, chunk, 1, panel_from(job->gradients, chunk));
}

static void weights_task(void *arguments, int index, int worker) {
    const few_weights_job *job = arguments;
    const int input_chunk = index / job->output_blocks * job->block;
    const int output_chunk = index % job->output_blocks * job->block;
    const int input_chunks = smaller(job->block, job->input_chunks - input_chunk);
    const int output_chunks = smaller(job->block, job->output_chunks - output_chunk);
    const int leading_chunks =
        winograd_chunks(winograd_leading_inputs(job->args->source, job->args->source_count, job->inputs));
    const size_t row_stride = (size_t)output_chunks * V_LANES;
    const winograd_weights transformed = {
        .values = job->workers + (size_t)worker * job->worker_floats,
        .slots = 1,
        .position_stride = (size_t)input_chunks * V_LANES * row_stride,
        .row_stride = row_stride,
        .first_input = input_chunk * V_LANES,
        .input_count = smaller(input_chunks * V_LANES, job->inputs - input_chunk * V_LANES),
        .first_output = output_chunk * V_LANES,
        .output_count = smaller(output_chunks * V_LANES, job->outputs - output_chunk * V_LANES)};
    SM_KERNEL(sm_winograd_multiply_transposed)
    (panel_from(job->tiles, input_chunk), input_chunks, leading_chunks - input_chunk,
     panel_from(job->gradients, output_chunk), output_chunks, job->grid.tiles, false,
     job->workers + (size_t)worker * job->worker_floats, transformed.position_stride, row_stride);
    SM_KERNEL(sm_winograd_weights_gradient)
    (&transformed, job->inputs, job->outputs, job->args->weights_gradient);
}

void SM_KERNEL(sm_winograd_few_backward_weights)(const sm_conv *args) {
    few_weights_job job = weights_job_make(args);
    const size_t tiles_floats = winograd_panel_floats(job.input_chunks, job.grid.tiles);
    float *free_space = args->workspace + tiles_floats;
    job.tiles = winograd_panel_make(args->workspace, job.input_chunks, job.grid.tiles);
    job.gradients = winograd_panel_make(free_space, job.output_chunks, job.grid.tiles);
    job.workers = free_space + winograd_panel_floats(job.output_chunks, job.grid.tiles);
    const int input_blocks = (job.input_chunks + job.block - 1) / job.block;
    sm_parallel_run(args->parallel, job.input_chunks + job.output_chunks, panels_task, &job);
    sm_parallel_run(args->parallel, input_blocks * job.output_blocks, weights_task, &job);
}

/* ---- workspace ---- */

size_t SM_KERNEL(sm_winograd_few_workspace)(const sm_conv *args, int threads) {
    const int inputs = sm_conv_input_channels(args), outputs = args->output_channels;
    const few_job forward = job_make(args, inputs, outputs, threads), back = job_make(args, outputs, inputs, threads);
    const few_weights_job weights = weights_job_make(args);
    size_t floats = job_floats(&forward, threads);
    if (job_floats(&back, threads) > floats) floats = job_floats(&back, threads);
    if (weights_job_floats(&weights, threads) > floats) floats = weights_job_floats(&weights, threads);
    return floats;
}
