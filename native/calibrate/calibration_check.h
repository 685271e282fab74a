/** Inner cross-validation: whether fitted settings are better than the given ones on images they were not fitted to. */
#ifndef SONOMASK_CALIBRATION_CHECK_H
#define SONOMASK_CALIBRATION_CHECK_H

#include "calibration.h"

/**
 * Divides the groups of c->answers into at most five parts, fits to all but one part, and compares the fit with the
 * given settings on the part that was left out. Removes from c->fit what is not better by more than one standard error
 * of the difference (the one-standard-error rule of Breiman et al., "Classification and regression trees", 1984; the
 * error is clustered by the groups, see paired.h), on at least ten groups:
 *   SM_FIT_TEMPERATURE by the log loss of the type; SM_FIT_PRESENCE, _MASK and _POINTS together by the mean Dice over
 *   outlined images, in which a normal image counts 1 without a mask and 0 with one, and not when the lesion Dice
 *   falls; SM_FIT_CONFIDENCE by the squared error of the expected Dice.
 *   SM_FIT_OUTLIERS, when the weights have such statistics, by the share of the images and their views beyond the
 * limit. Fewer than 100 groups are too few for them: fitted to few images, they take other images of the same kind for
 *   foreign ones, and sm_segment looks for a picture inside those.
 * What is kept as it was is named on stderr. Fills c->checks. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_calibration_check(sm_calibration *c, sm_error *error);

#endif
