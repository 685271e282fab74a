/** Where simulated users click: a pixel at random, or the most interior pixel of the largest component. */
#ifndef SONOMASK_CLICK_GEOMETRY_H
#define SONOMASK_CLICK_GEOMETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "../../src/status.h"
#include "../data/random.h"

typedef struct sm_pixel {
    int x, y;
} sm_pixel;

/** A component of a mask: its pixels have `label` in the map that was labelled, and these bounds. */
typedef struct sm_component {
    int32_t label;                /**< 0: the mask is empty */
    int area;                     /**< pixels */
    int left, top, right, bottom; /**< the last two are one past the last pixel */
} sm_component;

/**
 * Labels the 8-connected components of `mask` (lesion where not 0) in `labels`, [height][width], and finds the largest;
 * of equal ones, the first. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_largest_component(const uint8_t *mask, int width, int height, int32_t *labels, sm_component *largest,
                               sm_error *error);

/**
 * The pixel of a component that is farthest from all pixels outside it and from the border of the image; the first of
 * equal ones. The component must not be empty. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_most_interior_pixel(const int32_t *labels, int width, const sm_component *component, sm_pixel *pixel,
                                 sm_error *error);

/** A pixel of the mask, each with the same chance. False when the mask is empty. */
bool sm_random_pixel(const uint8_t *mask, int width, int height, sm_random *random, sm_pixel *pixel);

#endif
