/**
 * Warming up: engines run a function first in code that was compiled quickly and is three times as slow, and compile it
 * again, on another thread, once it has run for a while. The kernels run here on little data before the weights are
 * prepared, so that the fast code is there, or nearly there, when the first image comes.
 */
#include "../src/memory_plan.h"
#include "../src/ops/ops.h"
#include "exports_state.h"

enum { WARM_SIDE = 48, WARM_CHANNELS = 32, WARM_PIXELS = WARM_SIDE * WARM_SIDE };

/** Offsets in one block of floats. */
enum {
    WARM_INPUT = 0,
    WARM_DEEP = WARM_INPUT + WARM_PIXELS * WARM_CHANNELS,
    WARM_WEIGHTS = WARM_DEEP + WARM_PIXELS / 4 * WARM_CHANNELS,
    WARM_VECTORS = WARM_WEIGHTS + 9 * 2 * WARM_CHANNELS * WARM_CHANNELS,
    WARM_OUTPUT = WARM_VECTORS + 3 * WARM_CHANNELS,
    WARM_POOLED = WARM_OUTPUT + WARM_PIXELS * WARM_CHANNELS,
    WARM_FLOATS = WARM_POOLED + WARM_PIXELS / 4 * WARM_CHANNELS
};

/** Runs the kernels of a backend (an sm_backend). Before the weights are in memory, so that they can take its memory.
 */
SM_EXPORT(sonomask_warm_up) void sonomask_warm_up(int backend) {
    if (backend < SM_BACKEND_AUTO || backend > SM_BACKEND_SIMD128) return;
    const sm_kernels *kernels = sm_kernels_for(backend);
    if (!kernels || kernels == sm_kernels_reference()) return;
    float *values = sm_floats_allocate(WARM_FLOATS);
    if (!values) return;
    sm_conv conv = {
        .batch = 1,
        .height = WARM_SIDE,
        .width = WARM_SIDE,
        .source_count = 2,
        .source = {{.data = values + WARM_INPUT, .channels = WARM_CHANNELS, .stride = WARM_CHANNELS},
                   {.data = values + WARM_DEEP, .channels = WARM_CHANNELS, .stride = WARM_CHANNELS, .upsample = true}},
        .output_channels = WARM_CHANNELS,
        .weights = values + WARM_WEIGHTS,
        .bias = values + WARM_VECTORS,
        .output_scale = values + WARM_VECTORS + WARM_CHANNELS,
        .output_shift = values + WARM_VECTORS + 2 * (size_t)WARM_CHANNELS,
        .relu = true,
        .output = values + WARM_OUTPUT,
        .output_stride = WARM_CHANNELS,
        .pooled = values + WARM_POOLED};
    conv.workspace = sm_floats_reserve(kernels->conv3x3_workspace(&conv, 1));
    if (conv.workspace) kernels->conv3x3_forward(&conv);
    sm_floats_free(conv.workspace);
    sm_floats_free(values);
}
