#include "distance_transform.h"

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

bool sm_distance_scratch_make(sm_distance_scratch *scratch, int longer_side) {
    const size_t longest = (size_t)longer_side;
    *scratch = (sm_distance_scratch){.line = malloc(longest * sizeof(float)),
                                     .roots = malloc(longest * sizeof(int)),
                                     .bounds = malloc(longest * sizeof(double))};
    return scratch->line && scratch->roots && scratch->bounds;
}

void sm_distance_scratch_free(sm_distance_scratch *scratch) {
    free(scratch->line);
    free(scratch->roots);
    free(scratch->bounds);
    *scratch = (sm_distance_scratch){0};
}

/* One pass: values[q] becomes the minimum over r of (q - r)^2 + values[r], for `count` values that lie `stride` apart.
 * The lower envelope of the parabolas is kept in `roots` and `bounds`. */
static void transform_line(float *values, size_t stride, int count, sm_distance_scratch *scratch) {
    float *copy = scratch->line;
    int *roots = scratch->roots;
    double *bounds = scratch->bounds;
    int last = -1;
    for (int q = 0; q < count; q++) {
        copy[q] = values[(size_t)q * stride];
        if (copy[q] >= FLT_MAX) continue;
        double start = -INFINITY;
        while (last >= 0) {
            const int r = roots[last];
            start = ((double)copy[q] + (double)q * q - (double)copy[r] - (double)r * r) / (2.0 * (q - r));
            if (start > bounds[last]) break;
            start = -INFINITY;
            last--;
        }
        last++;
        roots[last] = q;
        bounds[last] = start;
    }
    if (last < 0) return;
    int k = 0;
    for (int q = 0; q < count; q++) {
        while (k < last && bounds[k + 1] < q) k++;
        const double away = q - roots[k];
        values[(size_t)q * stride] = (float)(away * away + (double)copy[roots[k]]);
    }
}

void sm_distance_transform(float *squared, int width, int height, sm_distance_scratch *scratch) {
    for (int x = 0; x < width; x++) transform_line(squared + x, (size_t)width, height, scratch);
    for (int y = 0; y < height; y++) transform_line(squared + (size_t)y * (size_t)width, 1, width, scratch);
}
