/** Training-time augmentation: the study's five kinds and the geometric and photometric ones that others' ablations
 * favour. */
#ifndef SONOMASK_AUGMENT_H
#define SONOMASK_AUGMENT_H

#include <stdint.h>

#include "dataset.h"

/** Probability and strength of each transformation; zero probability switches it off. */
typedef struct sm_augmentation {
    float flip_probability;                       /**< left-right */
    float rotation_probability, rotation_radians; /**< uniform in +-radians */
    float scale_probability, scale_log, aspect_log,
        shift;                                   /**< exp(+-scale_log), exp(+-aspect_log), +-shift of the side */
    float elastic_probability, elastic_strength; /**< 6x6 normal displacement field, bicubic; sd as share of the side */
    float gamma_probability, gamma_log;          /**< exp(+-gamma_log) */
    float contrast_probability, contrast_low, contrast_high; /**< factor about the image's mean */
    float brightness_probability, brightness;                /**< +- share of the full range */
    float blur_probability, blur_sigma;                      /**< Gaussian, sigma uniform in 0.3 .. blur_sigma pixels */
    float low_resolution_probability;                        /**< shrink by a factor of 1.5 .. 2.5 and enlarge again */
    float speckle_probability, speckle;                      /**< multiplicative noise, sd up to this */
    float erase_probability; /**< a random rectangle of up to a quarter side set to a random grey */
    float paste_probability; /**< another image's lesion is put in beside, see augment_paste.h; sm_augment does not do
                                it */
    /** Not each for itself by its probability, but none or one of those of non-zero probability, with equal chance. */
    bool exclusive;
} sm_augmentation;

sm_augmentation sm_augmentation_none(void);
/** The study's: each image stays itself or gets one of contrast, brightness, flip, blur, with equal chance. */
sm_augmentation sm_augmentation_study(void);
sm_augmentation sm_augmentation_full(void);

/**
 * "none", "study" or "full", or "full" without one group: "no-geometry" (flip, rotation, scale, shift, elastic),
 * "no-intensity" (gamma, contrast, brightness), "no-quality" (blur, low resolution, speckle, erased rectangles) or
 * "no-paste" (lesions of other images). SM_ERROR_ARGUMENT names the possible ones.
 */
sm_status sm_augmentation_by_name(const char *name, sm_augmentation *augmentation, sm_error *error);

/** Scratch that one thread reuses from sample to sample, for squares of side `size` or less; NULL without memory. */
typedef struct sm_augment_scratch sm_augment_scratch;
sm_augment_scratch *sm_augment_scratch_create(int size);
void sm_augment_scratch_free(sm_augment_scratch *scratch);

/**
 * Draws one training example: `sample` (any size) letterboxed into size x size and transformed as `seed` says; the same
 * seed gives the same bits on any thread. `image` is [size][size] in -1..1 (outside the image: -1), `mask` is
 * [size][size] in 0..1 and undergoes the same geometry. With sm_augmentation_none it equals sm_letterbox_apply's result
 * up to rounding. One affine + elastic map is sampled once, bilinearly (no repeated blurring). Blur and low resolution
 * act before that map, with a strength in pixels of the square; the others after it, and only inside the image.
 * A sample resized by sm_sample_resize to `size` is the fast case. Errors: SM_ERROR_MEMORY (for a
 * sample of another size, or with low resolution), SM_ERROR_ARGUMENT (a square larger than the scratch).
 */
sm_status sm_augment(const sm_augmentation *augmentation, const sm_sample *sample, int size, uint64_t seed,
                     sm_augment_scratch *scratch, float *image, float *mask);

#endif
