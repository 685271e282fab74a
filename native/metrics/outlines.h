/** Each outlined lesion against the truth, and what the model expected of it. */
#ifndef SONOMASK_OUTLINES_H
#define SONOMASK_OUTLINES_H

#include "../../src/sonomask.h"

typedef struct sm_outline_score {
    double dice;     /**< with those lesions of the truth that it touches; 0 when it touches none */
    double expected; /**< sm_lesion's expected_dice */
} sm_outline_score;

/**
 * Scores the largest `most` lesions of a result against `truth`, [height][width], lesion from 128 on. `scores` has room
 * for `most`; `*count` says how many there are. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_outlines_score(const sm_result *result, const uint8_t *truth, int most, sm_outline_score *scores,
                            int *count, sm_error *error);

#endif
