/** Which images a report shows, and their pictures. */
#ifndef SONOMASK_GALLERY_H
#define SONOMASK_GALLERY_H

#include "../evaluate/evaluation_run.h"
#include "../metrics/tables.h"

enum { SM_GALLERY_FAILURES = 12, SM_GALLERY_MAX = SM_GALLERY_FAILURES };

typedef struct sm_gallery_item {
    const sm_evaluated_image *image;
    unsigned char *png; /**< owned; NULL when it is not drawn */
    size_t png_size;
} sm_gallery_item;

typedef struct sm_gallery {
    const char *title, *note;
    sm_gallery_item items[SM_GALLERY_MAX];
    int count;
} sm_gallery;

enum { SM_GALLERY_KINDS = 4 };

/**
 * Fills the galleries of a split: the twelve worst lesion images by Dice, the normal images with the largest false
 * masks, and the median and the best lesion images. Among equal Dice the larger lesion is the worse failure. No image
 * is shown twice, so small splits give short galleries. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_galleries_choose(const sm_split *split, sm_gallery galleries[SM_GALLERY_KINDS], sm_error *error);

/**
 * Segments the chosen images again, each with the network that scored it, and draws image | reference mask | predicted
 * mask in tiles of `tile` pixels. An image that cannot be drawn keeps no picture.
 */
void sm_galleries_draw(const sm_evaluation_results *results, sm_gallery galleries[SM_GALLERY_KINDS], int tile);

/** Releases the pictures. */
void sm_galleries_free(sm_gallery galleries[SM_GALLERY_KINDS]);

#endif
