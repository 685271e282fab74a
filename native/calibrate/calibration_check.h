/** Inner cross-validation: whether fitted settings are better than the given ones on images they were not fitted to. */
#ifndef SONOMASK_CALIBRATION_CHECK_H
#define SONOMASK_CALIBRATION_CHECK_H

#include "calibration.h"

/**
 * Divides the groups of c->answers into at most five parts, fits to all but one part, and compares the fit with the
 * given settings on the part that was left out. Removes from c->fit what is not better by more than one standard error
 * of the difference (the one-standard-error rule of Breiman et al., "Classification and regression trees", 1984):
 *   SM_FIT_TEMPERATURE by the log loss of the type; SM_FIT_PRESENCE, _MASK and _POINTS together by the mean Dice over
 *   outlined images, in which a normal image counts 1 without a mask and 0 with one, and not when the lesion Dice
 *   falls; SM_FIT_CONFIDENCE by the squared error of the expected Dice.
 * It also removes the outlier statistics when the weights have some and there are fewer than 100 images. What is kept
 * as it was is named on stderr. Fills c->checks. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_calibration_check(sm_calibration *c, sm_error *error);

#endif
