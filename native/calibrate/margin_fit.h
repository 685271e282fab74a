/** Split conformal prediction of the margin within which the true outline lies, with the patient as the unit. */
#ifndef SONOMASK_MARGIN_FIT_H
#define SONOMASK_MARGIN_FIT_H

#include <stdbool.h>

#include "../../src/status.h"

/** The margin holds for this share of the patients whose lesion was found. */
#define SM_MARGIN_COVERAGE 0.9

/** An outline that overlaps a lesion. */
typedef struct sm_margin_case {
    double reach;        /**< pixels: the dilation that the outline needs to contain the lesion; see sm_outline_reach */
    double outline_area; /**< pixels */
    double image_area;   /**< pixels */
    int group;           /**< 0 .. group_count - 1: the patient or scene */
} sm_margin_case;

/**
 * Fits margin_px = margin[0] * sqrt(outline_area) + margin[1] * sqrt(image_area) with margin[1] = kappa * margin[0].
 * The patients are divided into two halves at random (a fixed seed). On the first half, kappa is chosen from a grid by
 * the smallest mean margin relative to the side of the image. On the second half, the score of a patient is the largest
 * of reach / (sqrt(outline_area) + kappa * sqrt(image_area)), and margin[0] is the ceil((n + 1) *
 * SM_MARGIN_COVERAGE)-th smallest of n scores. `*fitted` is false, with `margin` unchanged, for fewer than 2 *
 * SM_MARGIN_PATIENTS patients. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_margin_fit(const sm_margin_case *cases, int count, int group_count, float margin[2], bool *fitted,
                        sm_error *error);

/** The fewest patients of a half: with 9, the quantile is the largest score. */
enum { SM_MARGIN_PATIENTS = 9 };

#endif
