/**
 * The edge of a lesion in the image, found near its outline. Two outlines of one lesion, as drawn by two people or by a
 * network, differ most in their small details; the edge near both is nearly the same. So what is measured from the edge
 * depends little on who drew the outline.
 */
#ifndef SONOMASK_EDGE_OUTLINE_H
#define SONOMASK_EDGE_OUTLINE_H

#include "grey_plane.h"
#include "smooth_outline.h"

typedef struct sm_edge_outline {
    sm_smooth_outline outline;
    double contrast;   /**< mean of (outside - inside) / (outside + inside) along the edge, -1..1 */
    double weak;       /**< share of the edge where that is below SM_WEAK_EDGE */
    double halo_ratio; /**< grey of a thin rim outside the edge / of the tissue farther out: the median over the parts
                            of the edge that do not face down, where shadow and enhancement are */
} sm_edge_outline;

#define SM_WEAK_EDGE 0.08

/**
 * Finds the closed path of the strongest edge, darker inside, within 0.3 radii of `outline` (of its smooth form), by
 * dynamic programming as in active contours (A. A. Amini, T. E. Weymouth, R. C. Jain, "Using dynamic programming for
 * solving variational problems in vision", IEEE PAMI 12, 1990). A radius is that of the circle of the same area.
 * Errors: SM_ERROR_MEMORY.
 */
sm_status sm_edge_outline_find(const sm_grey_plane *grey, const sm_smooth_outline *outline, sm_edge_outline *edge,
                               sm_error *error);

#endif
