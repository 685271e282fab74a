/** Whether a pixel's uncertainty shows where a mask is wrong. */
#ifndef SONOMASK_PIXEL_UNCERTAINTY_H
#define SONOMASK_PIXEL_UNCERTAINTY_H

#include <stddef.h>
#include <stdint.h>

/** The most uncertain pixels are this share of an image's pixels. */
#define SM_UNCERTAIN_SHARE 0.1

typedef struct sm_pixel_uncertainty {
    double auroc;              /**< of the uncertainty for separating wrong from correct pixels; ties count half */
    double wrong_in_uncertain; /**< share of the wrong pixels that are among the most uncertain ones */
} sm_pixel_uncertainty;

/**
 * Over `count` pixels of one image. The uncertainty of a pixel is 1 - |2 p - 1|, as in the page's uncertainty map, in
 * steps of 1/999. A pixel is wrong where `reference` and `predicted` (lesion where at least 128) differ. Both results
 * are NaN when no pixel is wrong, or all are.
 */
sm_pixel_uncertainty sm_pixel_uncertainty_of(const float *probability, const uint8_t *reference,
                                             const uint8_t *predicted, size_t count);

#endif
