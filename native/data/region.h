/** Rectangles of an image. */
#ifndef SONOMASK_REGION_H
#define SONOMASK_REGION_H

#include <stdbool.h>

#include "dataset.h"

typedef struct sm_region {
    int left, top, width, height; /**< pixels */
} sm_region;

/** Sets `*box` to the bounding box of the mask values of at least `least`. False, and an empty box, without one. */
bool sm_region_of_mask(const sm_sample *sample, int least, sm_region *box);

#endif
