/** From the answers for the regions of an image to the answer for the image. Internal. */
#ifndef SONOMASK_REGIONS_H
#define SONOMASK_REGIONS_H

#include "state.h"

/** Fills `answer` for view `index` of the state, as for an image of its own; `regions` is not filled. */
typedef sm_status sm_region_answer(void *context, int index, sm_result *answer, sm_error *error);

/**
 * Fills `result` from the answers for all regions of the state's image. `result` is all-zero or holds an earlier
 * answer. Errors: SM_ERROR_MEMORY, and those of `answer`.
 */
sm_status sm_regions_answer(const sm_state *state, sm_region_answer *answer, void *context, sm_result *result,
                            sm_error *error);

/** The answer for the state's image without prompts. Errors: SM_ERROR_MEMORY. */
sm_status sm_regions_automatic(const sm_state *state, const sm_segment_options *options, sm_result *result,
                               sm_error *error);

#endif
