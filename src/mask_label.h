/** Connected-component labelling. */
#ifndef SONOMASK_MASK_LABEL_H
#define SONOMASK_MASK_LABEL_H

#include <stdbool.h>
#include <stdint.h>

#include "status.h"

/**
 * Labels the 8-connected components of a 0/non-0 mask 1, 2, ... in the order of their first pixels, rows first;
 * `labels` is [height][width]. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_mask_label(const uint8_t *mask, int width, int height, int32_t *labels, int *count, sm_error *error);

/** The non-zero pixels of one row of a mask lie in `*left` .. `*right` - 1; false when there is none. */
bool sm_mask_row_extent(const uint8_t *row, int width, int *left, int *right);

#endif
