#include "resample.h"

#include <stdlib.h>

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

/** Output `i` covers [i, i + 1) * input / output; in units of 1 / output, so that the shares are exact. */
static int area_taps(int64_t input, int64_t output, int64_t i, float *weights, int *first) {
    const int64_t start = i * input, end = (i + 1) * input;
    int count = 0;
    *first = (int)(start / output);
    for (int64_t sample = start / output; sample * output < end; sample++)
        weights[count++] = (float)(least((sample + 1) * output, end) - most(sample * output, start)) / (float)input;
    return count;
}

/** The centre of output `i` lies at (i + 1/2) * input / output - 1/2 in sample numbers. */
static int linear_taps(int64_t input, int64_t output, int64_t i, float *weights, int *first) {
    const int64_t unit = 2 * output, position = (2 * i + 1) * input - output;
    if (position <= 0 || position >= (input - 1) * unit) {
        *first = position <= 0 ? 0 : (int)input - 1;
        weights[0] = 1.0f;
        return 1;
    }
    *first = (int)(position / unit);
    const float share = (float)(position % unit) / (float)unit;
    weights[0] = 1.0f - share;
    weights[1] = share;
    return 2;
}

sm_status sm_axis_make(int input_size, int output_size, sm_axis *axis, sm_error *error) {
    // Neighbouring intervals share at most one sample, so that there are at most input + output weights.
    const size_t weight_count = (size_t)input_size + 2 * (size_t)output_size;
    *axis = (sm_axis){.output_size = output_size,
                      .taps = calloc((size_t)output_size, sizeof *axis->taps),
                      .weights = calloc(weight_count, sizeof *axis->weights)};
    if (!axis->taps || !axis->weights) {
        sm_axis_free(axis);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory to resize an image");
    }
    float *weights = axis->weights;
    for (int i = 0; i < output_size; i++) {
        sm_taps *taps = &axis->taps[i];
        taps->weights = weights;
        taps->count = output_size <= input_size ? area_taps(input_size, output_size, i, weights, &taps->first)
                                                : linear_taps(input_size, output_size, i, weights, &taps->first);
        weights += taps->count;
    }
    return SM_OK;
}

void sm_axis_free(sm_axis *axis) {
    free(axis->taps);
    free(axis->weights);
    *axis = (sm_axis){0};
}

void sm_resample_row(const uint8_t *input, int width, const sm_axis *horizontal, const sm_axis *vertical, int y,
                     float *column_sums, float *output) {
    const sm_taps *rows = &vertical->taps[y];
    for (int x = 0; x < width; x++) column_sums[x] = 0.0f;
    for (int tap = 0; tap < rows->count; tap++) {
        const uint8_t *row = input + (size_t)(rows->first + tap) * (size_t)width;
        const float weight = rows->weights[tap];
        for (int x = 0; x < width; x++) column_sums[x] += weight * (float)row[x];
    }
    for (int x = 0; x < horizontal->output_size; x++) {
        const sm_taps *columns = &horizontal->taps[x];
        float sum = 0.0f;
        for (int tap = 0; tap < columns->count; tap++) sum += columns->weights[tap] * column_sums[columns->first + tap];
        output[x] = sum;
    }
}
