/**
 * Warming up: engines run a function first in code that was compiled quickly and is three times as slow, and compile it
 * again, on another thread, once it has run for a while. The kernels run here on little data before the weights are
 * prepared, so that the fast code is there, or nearly there, when the first image comes.
 */
#include "../src/memory_plan.h"
#include "../src/ops/ops.h"
#include "exports_state.h"

enum { SIDE = 48, CHANNELS = 32, PIXELS = SIDE * SIDE };

/** Offsets in one block of floats. */
enum {
    INPUT = 0,
    DEEP = INPUT + PIXELS * CHANNELS,
    WEIGHTS = DEEP + PIXELS / 4 * CHANNELS,
    VECTORS = WEIGHTS + 9 * 2 * CHANNELS * CHANNELS,
    OUTPUT = VECTORS + 3 * CHANNELS,
    POOLED = OUTPUT + PIXELS * CHANNELS,
    FLOATS = POOLED + PIXELS / 4 * CHANNELS
};

void sm_exports_warm_up(int backend) {
    const sm_kernels *kernels = sm_kernels_for(backend);
    float *values = kernels ? sm_floats_allocate(FLOATS) : NULL;
    if (!values) return;
    sm_conv conv = {.batch = 1,
                    .height = SIDE,
                    .width = SIDE,
                    .source_count = 2,
                    .source = {{.data = values + INPUT, .channels = CHANNELS, .stride = CHANNELS},
                               {.data = values + DEEP, .channels = CHANNELS, .stride = CHANNELS, .upsample = true}},
                    .output_channels = CHANNELS,
                    .weights = values + WEIGHTS,
                    .bias = values + VECTORS,
                    .output_scale = values + VECTORS + CHANNELS,
                    .output_shift = values + VECTORS + 2 * (size_t)CHANNELS,
                    .relu = true,
                    .output = values + OUTPUT,
                    .output_stride = CHANNELS,
                    .pooled = values + POOLED};
    conv.workspace = sm_floats_reserve(kernels->conv3x3_workspace(&conv, 1));
    if (conv.workspace) kernels->conv3x3_forward(&conv);
    sm_floats_free(conv.workspace);
    sm_floats_free(values);
}
