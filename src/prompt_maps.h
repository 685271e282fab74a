/**
 * Prompts of a user (clicks and a box) as input maps of the decoder. Each decoder level gets maps at its own
 * resolution, so that a click reaches far at the coarse levels and is precise at the fine ones.
 */
#ifndef SONOMASK_PROMPT_MAPS_H
#define SONOMASK_PROMPT_MAPS_H

#include <stdbool.h>

/** Channels of the maps: clicks inside, clicks outside, the box, and 1 everywhere when a prompt shows a lesion. */
enum { SM_PROMPT_CHANNELS = 4 };

/** A click in the network's square, pixels; (0, 0) is the corner of the first pixel. */
typedef struct sm_square_click {
    float x, y;
    bool inside; /**< on the lesion; otherwise on tissue that is not lesion */
} sm_square_click;

/** All prompts of one image. The clicks belong to the caller. All-zero: no prompt. */
typedef struct sm_square_prompts {
    const sm_square_click *clicks; /**< [click_count] */
    int click_count;
    bool has_box;
    float left, top, right, bottom; /**< of the box, pixels of the square */
} sm_square_prompts;

/** True when there is a click or a box. */
static inline bool sm_prompts_any(const sm_square_prompts *prompts) {
    return prompts->click_count > 0 || prompts->has_box;
}

/** True when the prompts say that there is a lesion: a box or a click inside. */
bool sm_prompts_show_lesion(const sm_square_prompts *prompts);

/**
 * Fills `maps` ([side][side][SM_PROMPT_CHANNELS], side = size >> level). A click is a Gaussian with a standard
 * deviation of 1.5 cells, cut off at 4 cells; where clicks of one kind overlap, the maximum counts. The box is the
 * share of each cell that it covers. Without prompts all maps are 0.
 */
void sm_prompt_maps(const sm_square_prompts *prompts, int size, int level, float *maps);

#endif
