/** Which images a report shows. */
#ifndef SONOMASK_REPORT_GALLERY_H
#define SONOMASK_REPORT_GALLERY_H

#include "../evaluate/evaluation.h"
#include "../metrics/tables.h"

enum { SM_GALLERY_FAILURES = 12, SM_GALLERY_MAX = SM_GALLERY_FAILURES };

typedef struct sm_gallery {
    const char *title, *note;
    const sm_evaluated_image *images[SM_GALLERY_MAX];
    sm_evaluation_panel panels[SM_GALLERY_MAX];
    int count;
} sm_gallery;

enum { SM_GALLERY_KINDS = 4 };

/**
 * Fills the galleries of a split: the best and the middle lesion images by Dice, the twelve worst, and the normal
 * images with the largest false masks. Among equal Dice the larger lesion is the worse failure. Every image is shown
 * once, so small splits give short galleries. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_galleries_choose(const sm_split *split, sm_gallery galleries[SM_GALLERY_KINDS], sm_error *error);
/** Releases the pictures. */
void sm_galleries_free(sm_gallery galleries[SM_GALLERY_KINDS]);

#endif
