/** Pictures of a running training: curves.svg and panels/epoch_NNN.png. */
#ifndef SONOMASK_TRAINING_REPORT_H
#define SONOMASK_TRAINING_REPORT_H

#include "../train/trainer.h"

/**
 * An observer that draws each epoch into the folder `out`, which it makes when it is missing; `out` must outlive the
 * training. Errors of its calls: SM_ERROR_IO, SM_ERROR_MEMORY.
 */
sm_training_observer sm_training_report(const char *out);

#endif
