/** Scores each predicted outline separately, with the Dice that the model expected of it. */
#ifndef SONOMASK_OUTLINES_H
#define SONOMASK_OUTLINES_H

#include "../../src/sonomask.h"

typedef struct sm_outline_score {
    double dice;     /**< with the reference lesions that the outline touches; 0 when it touches none */
    double expected; /**< expected_dice of the sm_lesion */
} sm_outline_score;

/**
 * Scores the `most` largest lesions of a result against the mask `reference`, [height][width], lesion where at least
 * 128. `scores` has room for `most`; `*count` receives how many were scored. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_outlines_score(const sm_result *result, const uint8_t *reference, int most, sm_outline_score *scores,
                            int *count, sm_error *error);

#endif
