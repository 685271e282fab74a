/**
 * FROC curve (free-response operating characteristic; Bunch et al., 1978): the share of lesions found against the mean
 * number of false outlines per image, for all levels of the presence.
 */
#ifndef SONOMASK_FROC_H
#define SONOMASK_FROC_H

#include "evaluated.h"

typedef struct sm_froc_point {
    double level;          /**< outlines whose presence is at least this count */
    double false_outlines; /**< outlines that touch no reference lesion, mean per image */
    double found;          /**< share of the reference lesions that an outline touches */
} sm_froc_point;

typedef struct sm_froc {
    sm_froc_point *points; /**< owned; by falling level, one per distinct level */
    int count;
    int images, lesions; /**< images with a reference outline, and the lesions in them */
} sm_froc;

/** The curve has no points when there is no lesion or no outline. Errors: SM_ERROR_MEMORY. */
sm_status sm_froc_make(const sm_evaluated_image *const *images, int count, sm_froc *froc, sm_error *error);
void sm_froc_free(sm_froc *froc);

/** The highest share of lesions found with at most `false_outlines` per image; NaN for a curve without points. */
double sm_froc_found_at(const sm_froc *froc, double false_outlines);

#endif
