/** Finds images that show nearly the same picture, by the correlation of their thumbnails. */
#ifndef SONOMASK_NEAR_DUPLICATES_H
#define SONOMASK_NEAR_DUPLICATES_H

#include <stddef.h>
#include <stdint.h>

#include "../../src/sonomask.h"

enum { SM_THUMBNAIL_SIDE = 32, SM_THUMBNAIL_COARSE = 8 };

/** The image squeezed into a small square, with mean 0 and norm 1, so that brightness and contrast do not matter. */
typedef struct sm_thumbnail {
    float values[SM_THUMBNAIL_SIDE * SM_THUMBNAIL_SIDE];
    /** The same in larger cells, each the sum of its values divided by the root of their number: the projection on
     * images that are constant in the cells. */
    float coarse[SM_THUMBNAIL_COARSE * SM_THUMBNAIL_COARSE];
    float rest; /**< norm of what the projection leaves out */
} sm_thumbnail;

typedef struct sm_near_pair {
    int first, second; /**< places in the list of thumbnails, first < second */
    float correlation;
} sm_near_pair;

/** Correlation from which two images count as near-duplicates. On BUSI, whose near-duplicates are known, it finds 200
 * of 276 pairs of one scene, and no other pair. */
extern const float sm_near_correlation;

/** Errors: SM_ERROR_MEMORY. */
sm_status sm_thumbnail_make(const uint8_t *grey, int width, int height, sm_thumbnail *thumbnail, sm_error *error);

/**
 * All pairs of thumbnails that correlate by at least sm_near_correlation, in the order of `first`, then `second`. NULL
 * among the thumbnails: no image. Shows progress on stderr. `*pairs` is released with free(). Errors: SM_ERROR_MEMORY.
 */
sm_status sm_near_duplicates_find(const sm_thumbnail *const *thumbnails, int count, const sm_parallel *parallel,
                                  sm_near_pair **pairs, int *pair_count, sm_error *error);

#endif
