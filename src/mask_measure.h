/** Measuring labelled lesions. */
#ifndef SONOMASK_MASK_MEASURE_H
#define SONOMASK_MASK_MEASURE_H

#include "mask.h"
#include "status.h"

/**
 * Fills lesions[0 .. count - 1], which have the labels 1 .. count in `labels`. `label`, `area` and the bounding box
 * must be set already. `probability` may be NULL. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_mask_measure(const uint8_t *mask, int width, int height, const int32_t *labels, const float *probability,
                          sm_lesion *lesions, int count, sm_error *error);

#endif
