/**
 * Speed of the 3x3 convolutions of unet16, in GFLOP/s of the direct algorithm (2 x 9 x inputs x outputs per
 * pixel), the fastest of several runs: one image on one thread as in inference, then a batch of 8 on two threads as in
 * training, all three directions.
 *
 *     bench_conv3x3 [backend, a number of sm_backend] [size of the image]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../native/parallel.h"
#include "../../src/sonomask.h"
#include "conv_case.h"

typedef struct layer {
    int divisor; /* the image's size over that of the layer */
    int channels[2], outputs;
    bool upsample;
} layer;

static const layer layers[] = {
    {1, {1}, 16, false},      {1, {16}, 16, false},     {2, {16}, 32, false},     {2, {32}, 32, false},
    {4, {32}, 64, false},     {4, {64}, 64, false},     {8, {64}, 128, false},    {8, {128}, 128, false},
    {16, {128}, 256, false},  {16, {256}, 256, false},  {8, {256}, 128, true},    {8, {128, 128}, 128, false},
    {8, {128}, 128, false},   {4, {128}, 64, true},     {4, {64, 64}, 64, false}, {4, {64}, 64, false},
    {2, {64}, 32, true},      {2, {32, 32}, 32, false}, {2, {32}, 32, false},     {1, {32}, 16, true},
    {1, {16, 16}, 16, false}, {1, {16}, 16, false},
};
enum { LAYERS = sizeof layers / sizeof *layers, DIRECTIONS = 3 };

static double milliseconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

static double fastest_run(conv_tensors *tensors, const sm_kernels *kernels, conv_direction direction) {
    double fastest = 1e30, spent = 0;
    for (int run = 0; run < 3 || (spent < 150 && run < 50); run++) {
        const double start = milliseconds_now();
        conv_run(tensors, kernels, direction);
        const double took = milliseconds_now() - start;
        spent += took;
        if (took < fastest) fastest = took;
    }
    return fastest;
}

static void measure(const sm_kernels *kernels, int size, int batch, int threads, bool training) {
    sm_parallel *parallel = threads > 1 ? sm_parallel_create(threads) : NULL;
    const int directions = training ? DIRECTIONS : 1;
    double total[DIRECTIONS] = {0}, all_work = 0;
    printf("%s, %d x %d, batch %d, threads %d\n%5s %5s %7s   %s\n", kernels->name, size, size, batch, threads, "side",
           "in", "out", training ? "forward, backward to data, to weights: ms (GFLOP/s)" : "ms (GFLOP/s)");
    for (int i = 0; i < LAYERS; i++) {
        const layer *l = &layers[i];
        const int side = size / l->divisor, inputs = l->channels[0] + l->channels[1];
        conv_case what = {.batch = batch, .height = side, .width = side, .outputs = l->outputs, .sums = training};
        what.transformed = !training;
        what.bias = what.relu = !training;
        for (int s = 0; s < 2; s++) {
            what.channels[s] = l->channels[s];
            if (training && inputs > 1) what.lazy[s] = LAZY_SCALE_RELU;
        }
        what.upsample[0] = l->upsample;
        what.unwanted[0] = inputs == 1;
        conv_tensors tensors = conv_tensors_make(&what, 1);
        conv_prepare(&tensors, kernels, parallel);
        const double work = 18e-6 * batch * side * side * inputs * l->outputs;
        all_work += work;
        printf("%5d %5d %s%5d  ", side, inputs, l->upsample ? "up" : "  ", l->outputs);
        for (int direction = 0; direction < directions; direction++) {
            const double took = fastest_run(&tensors, kernels, (conv_direction)direction);
            total[direction] += took;
            printf(" %8.3f (%5.0f)", took, work / took);
        }
        printf("\n");
        conv_tensors_free(&tensors);
    }
    printf("total               ");
    double sum = 0;
    for (int direction = 0; direction < directions; direction++) {
        printf(" %8.3f (%5.0f)", total[direction], all_work / total[direction]);
        sum += total[direction];
    }
    printf("   all %.1f ms (%.0f)\n\n", sum, all_work * directions / sum);
    sm_parallel_free(parallel);
}

int main(int argc, char **argv) {
    const sm_kernels *kernels = sm_kernels_for(argc > 1 ? atoi(argv[1]) : SM_BACKEND_AUTO);
    const int size = argc > 2 ? atoi(argv[2]) : 256;
    if (!kernels || size < 16 || size % 16) {
        fprintf(stderr, "usage: bench_conv3x3 [backend that this processor has] [size, a multiple of 16]\n");
        return 2;
    }
    measure(kernels, size, 1, 1, false);
    measure(kernels, size, 8, 2, true);
    return 0;
}
