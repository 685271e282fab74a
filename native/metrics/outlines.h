/** Scores each predicted outline separately. */
#ifndef SONOMASK_OUTLINES_H
#define SONOMASK_OUTLINES_H

#include <stdbool.h>

#include "../../src/sonomask.h"

typedef struct sm_outline_score {
    double dice;     /**< with the reference lesions that the outline touches; 0 when it touches none */
    double expected; /**< expected_dice of the sm_lesion */
    double presence; /**< of the sm_lesion */
    double margin;   /**< pixels: of the sm_lesion; 0 when the weights hold none */
    double reach; /**< pixels: the dilation that the outline needs to contain those lesions; 0 when it touches none */
    double long_axis; /**< pixels */
    bool possible;    /**< below the operating point: not in the mask */
    bool found;       /**< touches a reference lesion */
} sm_outline_score;

/** At most this many outlines and reference lesions of an image are scored one by one: the largest. */
enum { SM_OUTLINES_SCORED = 8, SM_LESIONS_SCORED = 8 };

typedef struct sm_outline_scores {
    int count;
    sm_outline_score outlines[SM_OUTLINES_SCORED]; /**< those of the mask first, then the possible ones */
    int lesion_count;                              /**< reference lesions */
    /** Of each reference lesion, the highest presence of the outlines that touch it; below 0 when none does. */
    double lesion_presence[SM_LESIONS_SCORED];
} sm_outline_scores;

/**
 * Scores the lesions of a result and its possible ones against the mask `reference`, [height][width], lesion where at
 * least 128. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_outlines_score(const sm_result *result, const uint8_t *reference, sm_outline_scores *scores,
                            sm_error *error);

#endif
