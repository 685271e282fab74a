/** The shape of a view. Internal to scan*.c. */
#ifndef SONOMASK_SCAN_SHAPE_H
#define SONOMASK_SCAN_SHAPE_H

#include "scan_cells.h"

/** Sets the shape of a view whose rectangle is set: the convex hull of the cells with the label in it, grown by a cell.
 */
void sm_scan_shape_set(const sm_scan_cells *cells, const int32_t *labels, int32_t label, sm_scan_view *view);

#endif
