/** Input and results of `sonomask bench`. */
#ifndef SONOMASK_BENCH_H
#define SONOMASK_BENCH_H

#include <stdbool.h>

#include "../../src/net_inference.h"
#include "../../src/net_training.h"
#include "../../src/sonomask.h"

/** A network with untrained weights and the settings of the measurement. Nothing is owned. */
typedef struct sm_bench {
    const sm_net *net;
    float *parameters; /**< [net->total_count]; training changes them */
    int size;          /**< side of the square input, pixels */
    const sm_kernels *kernels;
    const sm_parallel *parallel;
    int batch;      /**< images per training step */
    double seconds; /**< duration of the measurement */
    bool train;     /**< training steps instead of inference */
} sm_bench;

/** Results: seconds, medians over the runs. Backward is 0 for inference. */
typedef struct sm_measurement {
    double total;
    double forward[SM_NET_MAX_LAYERS], backward[SM_NET_MAX_LAYERS];
    double peak; /* operations per second of all threads together */
    int runs;
    size_t bytes; /* activations, gradients and workspace */
} sm_measurement;

/** Times inference or, with `train`, training steps, layer by layer. Errors: SM_ERROR_MEMORY, SM_ERROR_ARGUMENT. */
sm_status sm_bench_measure(const sm_bench *bench, sm_measurement *measurement, sm_error *error);

#endif
