/** The dilation that an outline needs to contain the lesions it overlaps. */
#ifndef SONOMASK_OUTLINE_REACH_H
#define SONOMASK_OUTLINE_REACH_H

#include <stdbool.h>
#include <stdint.h>

#include "../../src/status.h"

/**
 * `labels` and `reference` are label maps, [height][width]. `*reach` is the largest distance, in pixels between pixel
 * centres, from a pixel of a touched reference component to the nearest pixel of component `label`; 0 when the outline
 * contains them. `touched` is indexed by the label of the reference. There must be pixels of `label`. Errors:
 * SM_ERROR_MEMORY.
 */
sm_status sm_outline_reach(const int32_t *labels, int32_t label, const int32_t *reference, const bool *touched,
                           int width, int height, double *reach, sm_error *error);

#endif
