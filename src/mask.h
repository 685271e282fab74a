/**
 * Mask geometry: threshold, connected components, contours, measurements, all in the image's own pixels. Installed;
 * sonomask.h includes it and states the common contract.
 */
#ifndef SONOMASK_MASK_H
#define SONOMASK_MASK_H

#include <stdint.h>

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sm_point {
    float x, y; /**< pixels; the centre of the top-left pixel is (0.5, 0.5), its corner (0, 0) */
} sm_point;

/** One 8-connected lesion. */
typedef struct sm_lesion {
    int label;                    /**< its value in the label map, 1.. */
    int area;                     /**< pixels */
    int left, top, width, height; /**< bounding box, pixels */
    sm_point centroid;
    /** Largest distance between two points of the contour, taken at the midpoints of its pixel edges (maximum Feret
     * diameter), pixels. */
    float long_axis;
    sm_point long_axis_ends[2];
    float short_axis; /**< extent at right angles to the long axis, pixels; the larger one if the longest distance
                         occurs in several directions */
    sm_point short_axis_ends[2];
    float perimeter;   /**< length of the outer contour, pixels */
    float circularity; /**< 4 pi area / perimeter^2, at most 1 */
    float orientation; /**< angle of the long axis to the horizontal, radians, -pi/2 .. pi/2; positive: falling to the
                          right */
    float mean_probability; /**< mean of the probability map over the lesion */
    float expected_dice;    /**< estimated Dice score of the lesion's contour, 0..1 */
    float presence;         /**< probability that the outline is of a lesion, 0..1; from sm_segment and sm_refine */
    float margin;           /**< pixels: grown by this, the outline contains the true one for at least 90 % of patients
                                 whose lesion was found. Fitted to outlines of sm_segment: for those of sm_refine it
                                 is not tested. 0 when the weights hold no margin */
    int region;             /**< index of its region in sm_result.regions; 0 from sm_mask_components */
    uint32_t reserved[5];   /**< 0; room for later fields */
} sm_lesion;

/** mask = probability >= threshold ? 255 : 0, over `count` pixels. Does nothing with NULL or a count below 1. */
SM_API void sm_mask_threshold(const float *probability, int count, float threshold, uint8_t *mask);

/**
 * Labels the 8-connected components of a 0/non-0 mask, drops those of fewer than `minimum_area` pixels (they are
 * also cleared in `mask`), and measures the rest, largest first with labels 1, 2, ... `labels` ([height][width],
 * may be NULL) receives 0 or the label; `probability` may be NULL (mean_probability and expected_dice are then 0).
 * `*lesions` is released with sm_free, and NULL when there are none. Errors: SM_ERROR_ARGUMENT, SM_ERROR_MEMORY.
 */
SM_API sm_status sm_mask_components(uint8_t *mask, int width, int height, int minimum_area, const float *probability,
                                    int32_t *labels, sm_lesion **lesions, int *lesion_count, sm_error *error);

/** A closed contour along pixel corners; holes run in the opposite direction. */
typedef struct sm_contour {
    sm_point *points;
    int point_count;
    int is_hole;
} sm_contour;

typedef struct sm_contours {
    sm_contour *items;
    int count;
} sm_contours;

/**
 * All contours of a mask (outer ones clockwise on the screen, holes anticlockwise), collinear points merged.
 * What `contours` holds before the call is overwritten, not released. Errors: SM_ERROR_ARGUMENT, SM_ERROR_MEMORY.
 */
SM_API sm_status sm_mask_contours(const uint8_t *mask, int width, int height, sm_contours *contours, sm_error *error);

/** NULL is allowed. */
SM_API void sm_contours_free(sm_contours *contours);

#ifdef __cplusplus
}
#endif
#endif
