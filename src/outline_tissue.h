/** Grey levels inside, beside, below and above an outline. */
#ifndef SONOMASK_OUTLINE_TISSUE_H
#define SONOMASK_OUTLINE_TISSUE_H

#include <stdbool.h>

#include "grey_plane.h"
#include "smooth_outline.h"

typedef struct sm_outline_tissue {
    double depth;     /**< pixels from the skin to the top of the outline */
    bool has_beside;  /**< there is tissue beside the outline, at the same depth */
    double beside;    /**< its median */
    double inside[5]; /**< 0.1, 0.25, 0.5, 0.75 and 0.9 quantile inside */
    bool has_below;   /**< and below it */
    double below;     /**< mean below the outline / mean beside that */
    double strips[2]; /**< the least and the greatest ratio of SM_POSTERIOR_STRIPS upright strips */
} sm_outline_tissue;

enum { SM_POSTERIOR_STRIPS = 5 };

/** `grey` starts at the upper side of the ultrasound picture. */
void sm_outline_tissue_measure(const sm_grey_plane *grey, const sm_smooth_outline *outline, sm_outline_tissue *tissue);

#endif
