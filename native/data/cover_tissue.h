/** Finds a piece of tissue that fits over a part of an image. */
#ifndef SONOMASK_COVER_TISSUE_H
#define SONOMASK_COVER_TISSUE_H

#include "augment_patch.h"
#include "cover_parts.h"
#include "random.h"

/** A part of an image that is to be covered. */
typedef struct sm_cover_task {
    const sm_sample *image;
    const sm_cover_parts *parts;
    int index;           /**< of the part */
    const float *weight; /**< its opacity, see sm_cover_parts_weight */
    const uint8_t *core;
    uint8_t *tried, *best; /**< buffers of the size of the image: the piece that is tried, and the best one so far */
    float misfit; /**< root mean square difference of grey of the best piece; at first the largest accepted one */
    float gain;   /**< the factor for its brightness; 0: none was found */
} sm_cover_task;

/**
 * Tries `tries` places in `from`, which may be the image itself, at about the depth of the part and mirrored or not.
 * Keeps the piece whose grey values differ least in the faded edge. Pieces with a lesion, with a part to cover, or with
 * another texture are refused.
 */
void sm_cover_search(sm_cover_task *task, const sm_sample *from, int tries, sm_random *random);

/** The best piece. */
sm_patch sm_cover_best(const sm_cover_task *task);

#endif
