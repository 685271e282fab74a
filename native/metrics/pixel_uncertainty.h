/** Does the map of doubt show where a mask is wrong? */
#ifndef SONOMASK_PIXEL_UNCERTAINTY_H
#define SONOMASK_PIXEL_UNCERTAINTY_H

#include <stddef.h>
#include <stdint.h>

/** The share of an image's pixels that are called its doubtful ones. */
#define SM_DOUBTFUL_SHARE 0.1

typedef struct sm_pixel_uncertainty {
    double auroc;             /**< of the doubt for telling wrong pixels from right ones; ties count half */
    double wrong_in_doubtful; /**< share of the wrong pixels that are among the SM_DOUBTFUL_SHARE most doubtful */
} sm_pixel_uncertainty;

/**
 * Over `count` pixels of one image: a pixel's doubt is how near its probability (0..1) is to 0.5, as in the page's
 * map; it is wrong where `truth` and `predicted` (lesion from 128 on) differ. Doubts are told apart to a thousandth;
 * both are NaN when no pixel is wrong, or all are.
 */
sm_pixel_uncertainty sm_pixel_uncertainty_of(const float *probability, const uint8_t *truth, const uint8_t *predicted,
                                             size_t count);

#endif
