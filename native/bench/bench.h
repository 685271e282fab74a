/** What `sonomask bench` works on, and what it measures. */
#ifndef SONOMASK_BENCH_H
#define SONOMASK_BENCH_H

#include <stdbool.h>

#include "../../src/net_inference.h"
#include "../../src/net_training.h"
#include "../../src/sonomask.h"

/** A network with fresh weights, and how it is to be timed; nothing is owned. */
typedef struct sm_bench {
    const sm_net *net;
    float *parameters; /**< [net->total_count]; training changes them */
    int size;          /**< side of the square input, pixels */
    const sm_kernels *kernels;
    const sm_parallel *parallel;
    int batch;      /**< images a training step */
    double seconds; /**< how long to measure */
    bool train;     /**< training steps instead of inference */
} sm_bench;

/** What was measured: seconds, medians over the runs. Backward is 0 for inference. */
typedef struct sm_measurement {
    double total;
    double forward[SM_NET_MAX_LAYERS], backward[SM_NET_MAX_LAYERS];
    double peak; /* operations a second of all threads together */
    int runs;
    size_t bytes; /* activations, gradients and workspace */
} sm_measurement;

/** Times inference or, with `train`, training steps, layer by layer. Errors: SM_ERROR_MEMORY, SM_ERROR_ARGUMENT. */
sm_status sm_bench_measure(const sm_bench *bench, sm_measurement *measurement, sm_error *error);

#endif
