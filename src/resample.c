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

/** column_sums[x] = the weighted sum of the rows, added in their order. */
static void sum_rows(const uint8_t *input, int width, const sm_taps *rows, float *restrict column_sums) {
    const uint8_t *row = input + (size_t)rows->first * (size_t)width;
    const float *weights = rows->weights;
    const uint8_t *next = row + width;
    /* Two rows per pass. */
    if (rows->count == 1)
        for (int x = 0; x < width; x++) column_sums[x] = weights[0] * (float)row[x];
    else
        for (int x = 0; x < width; x++) column_sums[x] = weights[0] * (float)row[x] + weights[1] * (float)next[x];
    for (int tap = 2; tap < rows->count; tap += 2) {
        row += 2 * (size_t)width;
        next += 2 * (size_t)width;
        if (tap + 1 == rows->count)
            for (int x = 0; x < width; x++) column_sums[x] += weights[tap] * (float)row[x];
        else
            for (int x = 0; x < width; x++)
                column_sums[x] = column_sums[x] + weights[tap] * (float)row[x] + weights[tap + 1] * (float)next[x];
    }
}

void sm_resample_row(const uint8_t *input, int width, const sm_axis *horizontal, const sm_axis *vertical, int y,
                     float *column_sums, float *output) {
    sum_rows(input, width, &vertical->taps[y], column_sums);
    for (int x = 0; x < horizontal->output_size; x++) {
        const sm_taps *columns = &horizontal->taps[x];
        float sum = 0.0f;
        for (int tap = 0; tap < columns->count; tap++) sum += columns->weights[tap] * column_sums[columns->first + tap];
        output[x] = sum;
    }
}
