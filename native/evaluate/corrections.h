/**
 * Simulated corrections by a user, scored by the Dice of the corrected masks.
 *
 * Lesion images: the first click is inside, at a random pixel of the reference lesion. Each further click is at the
 * most interior pixel of the largest component of the current error: inside when the mask misses it, outside when the
 * mask has it in addition. A mask without errors gets no more clicks. The box, on its own, is the bounding box of the
 * largest reference lesion, each side moved by up to 5 % of the box, inwards or outwards. Normal images with a mask:
 * one click outside, at a random pixel of the mask; the outline that holds it should be gone.
 */
#ifndef SONOMASK_CORRECTIONS_H
#define SONOMASK_CORRECTIONS_H

#include "../evaluator.h"
#include "../metrics/evaluated.h"

/**
 * Fills image->corrected_dice or image->cleared. `answer` is that of the worker's last sm_evaluator_segment. The random
 * numbers depend on the names of the image and of its data set only. Nothing is done for an image without a reference
 * outline. Errors: SM_ERROR_MEMORY, and those of sm_refine.
 */
sm_status sm_corrections_simulate(sm_evaluator *evaluator, int worker, const sm_sample *sample, const sm_result *answer,
                                  sm_evaluated_image *image, sm_error *error);

#endif
