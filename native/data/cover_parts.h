/** The separate parts of an image that are to be covered, with a margin and a faded edge. */
#ifndef SONOMASK_COVER_PARTS_H
#define SONOMASK_COVER_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"

enum { SM_COVER_PARTS = 12 /**< most parts of an image */ };

/** Buffers for images of up to a given number of pixels. */
typedef struct sm_cover_parts {
    uint8_t *spot;      /**< not 0: pixel to cover; filled by the caller */
    uint16_t *distance; /**< to the next such pixel */
    uint8_t *part;      /**< number of the part, from 1; 0: outside of all */
    int32_t *stack;     /**< pixels of the flood fill */
    float margin, fade; /**< widths of the margin and of the faded edge, pixels */
    int width, height;  /**< of the image */
    int count;
    sm_frame boxes[SM_COVER_PARTS]; /**< bounding boxes of the parts with margin and edge */
} sm_cover_parts;

/** False when memory is short; the buffers are then to be freed as well. */
bool sm_cover_parts_allocate(sm_cover_parts *parts, size_t pixels);
void sm_cover_parts_free(sm_cover_parts *parts);

/** Widths for an image of this size. */
float sm_cover_margin(int width, int height);
float sm_cover_fade(int width, int height);

/** Finds the parts of an image of this size. Parts whose edges touch are one. False when there are none or too many. */
bool sm_cover_parts_find(sm_cover_parts *parts, int width, int height);

/** Fills the bounding box of part `index` with its opacity, 1 up to the margin and from there falling smoothly to 0,
 *  and `core` with 255 where the opacity is 1. */
void sm_cover_parts_weight(const sm_cover_parts *parts, int index, float *weight, uint8_t *core);

/** Whether a pixel is in the margin of any part, or in the part itself. */
static inline bool sm_cover_parts_hold(const sm_cover_parts *parts, int x, int y) {
    const uint16_t distance = parts->distance[(size_t)y * (size_t)parts->width + (size_t)x];
    return distance <= (int)(3.0f * parts->margin); /* in thirds of a pixel */
}

#endif
