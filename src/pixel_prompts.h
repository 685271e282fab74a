/** The user's prompts, checked against an image and in its whole pixels. Internal. */
#ifndef SONOMASK_PIXEL_PROMPTS_H
#define SONOMASK_PIXEL_PROMPTS_H

#include "letterbox.h"
#include "prompt_maps.h"
#include "sonomask.h"

typedef struct sm_pixel_prompts {
    int width, height;               /**< of the image */
    size_t *inside, *outside;        /**< [inside_count], [outside_count]: indices of the clicked pixels */
    int inside_count, outside_count; /**< repeated clicks are in it repeatedly */
    bool has_box;
    int left, top, right, bottom; /**< the box, clipped to the image: columns left .. right - 1, rows top .. bottom - 1;
                                       at least one pixel */
} sm_pixel_prompts;

/**
 * Checks prompts for an image of width x height pixels and fills `pixels`, which sm_pixel_prompts_free releases. The
 * box holds the pixels that lie wholly in it; when there is none, the pixel at its centre. Errors: SM_ERROR_ARGUMENT
 * naming the click (counted from 1) or the box, SM_ERROR_MEMORY; then there is nothing to release.
 */
sm_status sm_pixel_prompts_make(const sm_prompts *prompts, int width, int height, sm_pixel_prompts *pixels,
                                sm_error *error);
void sm_pixel_prompts_free(sm_pixel_prompts *pixels);

/** Whether pixel (x, y) is in the box. */
static inline bool sm_in_box(const sm_pixel_prompts *prompts, int x, int y) {
    return x >= prompts->left && x < prompts->right && y >= prompts->top && y < prompts->bottom;
}

/** Whether pixel (x, y) is outside the box and touches it, also at a corner. */
static inline bool sm_touches_box(const sm_pixel_prompts *prompts, int x, int y) {
    return x >= prompts->left - 1 && x <= prompts->right && y >= prompts->top - 1 && y <= prompts->bottom &&
           !sm_in_box(prompts, x, y);
}

/**
 * The same prompts in the network's square. `clicks` has room for prompts->click_count and must outlive the result.
 */
sm_square_prompts sm_square_prompts_make(const sm_prompts *prompts, const sm_letterbox *letterbox,
                                         sm_square_click *clicks);

#endif
