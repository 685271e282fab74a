#include "numbers.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "test_random.h"
static float *allocate(size_t count) {
    float *numbers = malloc((count ? count : 1) * sizeof *numbers);
    if (!numbers) abort();
    return numbers;
}

float *numbers_spaced(size_t count, unsigned seed) {
    float *numbers = allocate(count);
    uint32_t state = seed * UINT32_C(0x9e3779b9) + 1;
    /* The offset 0.3 of a step keeps 0, and every mirror image of a number, off the grid. */
    for (size_t i = 0; i < count; i++) numbers[i] = (float)(2.0 * ((double)i + 0.3) / ((double)count + 1) - 1);
    for (size_t i = count; i > 1; i--) {
        size_t j = test_random_below(&state, i);
        float swapped = numbers[i - 1];
        numbers[i - 1] = numbers[j];
        numbers[j] = swapped;
    }
    return numbers;
}

float *numbers_constant(size_t count, float value) {
    float *numbers = allocate(count);
    for (size_t i = 0; i < count; i++) numbers[i] = value;
    return numbers;
}

double numbers_nmse(const float *a, const float *b, size_t count) {
    double error = 0, scale = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(a[i]) || !isfinite(b[i])) return INFINITY;
        error += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        scale += (double)b[i] * b[i];
    }
    if (error > 0 && !(scale > 0)) return INFINITY;
    return error > 0 ? error / scale : 0;
}

bool numbers_identical(const float *a, const float *b, size_t count) { return memcmp(a, b, count * sizeof *a) == 0; }
