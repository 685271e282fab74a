/** Rectangles of an image. */
#ifndef SONOMASK_FRAME_H
#define SONOMASK_FRAME_H

#include <stdbool.h>

#include "dataset.h"

typedef struct sm_frame {
    int left, top, width, height; /**< pixels */
} sm_frame;

/** Sets `*box` to the bounding box of the mask values of at least `least`. False, and an empty box, without one. */
bool sm_frame_of_mask(const sm_sample *sample, int least, sm_frame *box);

#endif
