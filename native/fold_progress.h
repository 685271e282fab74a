/** Lines about trainings that run side by side, each of which writes its own progress to a file. */
#ifndef SONOMASK_FOLD_PROGRESS_H
#define SONOMASK_FOLD_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

typedef struct sm_fold_progress {
    FILE *console;       /**< NULL: nothing is printed */
    double begun, shown; /**< seconds, see sm_clock */
    int first;           /**< the first epoch of this run; 0 before it */
} sm_fold_progress;

/** Keeps the present stderr, so that stderr can then be given to a file. Without memory nothing is printed. */
void sm_fold_progress_begin(sm_fold_progress *progress);

/** Says that `epoch` (from 1) of `epochs` of the fold is done and how long the others will take; at most twice a
 * minute. */
void sm_fold_progress_show(sm_fold_progress *progress, int fold, int epoch, int epochs);

/** Says that the fold is done, if it is, and releases what was kept. */
void sm_fold_progress_end(sm_fold_progress *progress, int fold, bool done);

#endif
