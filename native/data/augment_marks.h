/**
 * Burned-in marks: calipers, text, a body mark, arrows, the frame of a region. In many data sets most images with a
 * lesion carry such marks and most normal images do not, so that a network can learn the marks instead of the lesion.
 * Drawn with the same probability and look on images of all classes, they carry no information about the class.
 */
#ifndef SONOMASK_AUGMENT_MARKS_H
#define SONOMASK_AUGMENT_MARKS_H

#include <stdint.h>

#include "dataset.h"

/**
 * Draws at least one kind of marks into `sample->grey`; the mask is unchanged. Half of the calipers on an image with a
 * lesion are at the ends of the lesion's long axis. All others measure an imagined ellipse of a lesion's size at a
 * random place, as on an image without lesion. Sizes are relative to the longer side of the sample. The same seed
 * gives the same bits, and the same kinds of marks with the same look on any image.
 */
void sm_marks_draw(sm_sample *sample, uint64_t seed);

#endif
