/** Prompts of an image, divided among its regions. Internal. */
#ifndef SONOMASK_REGION_PROMPTS_H
#define SONOMASK_REGION_PROMPTS_H

#include "scan.h"

typedef struct sm_region_prompts {
    sm_click *clicks;              /**< [first[count]]: region after region, in pixels of the region */
    int first[SM_REGIONS_MAX + 1]; /**< the clicks of region i are first[i] .. first[i + 1] - 1 */
    sm_box box;                    /**< in pixels of its region; a part may lie outside of it */
    int box_region;                /**< -1: there is no box */
} sm_region_prompts;

/**
 * Divides prompts that sm_pixel_prompts_make accepts for the image. A click belongs to the region that it is in, the
 * box to the region that holds the largest part of it. Errors: SM_ERROR_ARGUMENT (a click, counted from 1, or the box
 * is in no region), SM_ERROR_MEMORY; then there is nothing to release.
 */
sm_status sm_region_prompts_make(const sm_prompts *prompts, const sm_scan *scan, sm_region_prompts *divided,
                                 sm_error *error);
void sm_region_prompts_free(sm_region_prompts *divided);

/** The prompts of region `index`, which point into `divided`. */
sm_prompts sm_region_prompts_of(const sm_region_prompts *divided, int index);

#endif
