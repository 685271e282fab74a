/** Where a simulated user clicks: on a lesion, or on the largest error of an answer. */
#ifndef SONOMASK_CLICK_CHOICE_H
#define SONOMASK_CLICK_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "../../src/prompt_maps.h"
#include "../../src/status.h"
#include "../data/random.h"

/** A map of which some pixels are set, with room to label it. The arrays are [side][side]. */
typedef struct sm_click_canvas {
    int side;
    uint8_t *set;
    int32_t *labels;
} sm_click_canvas;

/** Errors: SM_ERROR_MEMORY. */
sm_status sm_click_canvas_create(int side, sm_click_canvas *canvas, sm_error *error);
void sm_click_canvas_free(sm_click_canvas *canvas);

/** A uniformly random set pixel; false when none is set. The point is in the pixel's centre. */
bool sm_click_on_any(const sm_click_canvas *canvas, sm_random *random, float *x, float *y);

/** The bounding box of the component that holds (x, y), a set pixel; right and bottom are exclusive. Overwrites labels.
 *  Errors: SM_ERROR_MEMORY. */
sm_status sm_click_component_box(sm_click_canvas *canvas, float x, float y, int box[4], sm_error *error);

/**
 * A click on the largest 8-connected component of pixels where answer (logit > 0) and target (>= 0.5) differ: inside
 * for a missed part, outside for a false one. Parts of fewer than `least` pixels are ignored: `*found` is then false.
 * Of a few random pixels of the part, the one deepest in it is taken. Overwrites the canvas. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_click_on_error(sm_click_canvas *canvas, const float *logits, const float *target, int least,
                            sm_random *random, sm_square_click *click, bool *found, sm_error *error);

#endif
