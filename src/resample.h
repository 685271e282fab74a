/** Resizing along one axis: which input samples make an output sample, and with what weights. */
#ifndef SONOMASK_RESAMPLE_H
#define SONOMASK_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

/** The samples behind one output: `count` of them from `first` on, weighted by weights[0 ..]. */
typedef struct sm_taps {
    int first, count;
    const float *weights; /**< sum 1 */
} sm_taps;

typedef struct sm_axis {
    int output_size;
    sm_taps *taps;  /**< one for each output */
    float *weights; /**< theirs, one after the other */
} sm_axis;

/**
 * Shrinking (and keeping the size): the mean over the covered interval, partly covered samples counting by their
 * share. Enlarging: linear between sample centres, which lie at halves; the outermost samples continue outwards.
 * Both map output coordinate x to x * input_size / output_size. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_axis_make(int input_size, int output_size, sm_axis *axis, sm_error *error);
void sm_axis_free(sm_axis *axis);

/** One row of the resized plane: output row `y`, as floats on the input's scale. `column_sums` holds `width` floats. */
void sm_resample_row(const uint8_t *input, int width, const sm_axis *horizontal, const sm_axis *vertical, int y,
                     float *column_sums, float *output);

#endif
