/** Measuring labelled lesions. */
#ifndef SONOMASK_MASK_MEASURE_H
#define SONOMASK_MASK_MEASURE_H

#include "mask.h"
#include "status.h"

/**
 * Fills everything but `label`, `area` and the bounding box, which are given, of lesions[0 .. count - 1], labelled
 * 1 .. count in `labels`. `probability` may be NULL. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_mask_measure(const uint8_t *mask, int width, int height, const int32_t *labels, const float *probability,
                          sm_lesion *lesions, int count, sm_error *error);

#endif
