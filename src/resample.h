/** Resizing along one axis: the input samples of each output sample, and their weights. */
#ifndef SONOMASK_RESAMPLE_H
#define SONOMASK_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

/** The input samples of one output: `count` from `first` on, with weights[0 .. count - 1]. */
typedef struct sm_taps {
    int first, count;
    const float *weights; /**< sum 1 */
} sm_taps;

typedef struct sm_axis {
    int output_size;
    sm_taps *taps;  /**< one per output */
    float *weights; /**< of all taps, one after the other */
} sm_axis;

/**
 * Shrinking (and keeping the size): the mean over the covered interval, partly covered samples are weighted by their
 * share. Enlarging: linear between sample centres, which are at halves; beyond them the outermost sample is used.
 * Both map output coordinate x to x * input_size / output_size. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_axis_make(int input_size, int output_size, sm_axis *axis, sm_error *error);
void sm_axis_free(sm_axis *axis);

/** One row of the resized plane: output row `y`, as floats on the input's scale. `column_sums` holds `width` floats. */
void sm_resample_row(const uint8_t *input, int width, const sm_axis *horizontal, const sm_axis *vertical, int y,
                     float *column_sums, float *output);

#endif
