/** Training-time augmentation: the seed study's five kinds, and further geometric and photometric ones. */
#ifndef SONOMASK_AUGMENT_H
#define SONOMASK_AUGMENT_H

#include <stdint.h>

#include "dataset.h"

/** Probability and strength of each transformation; probability 0 switches it off. */
typedef struct sm_augmentation {
    float flip_probability;     /**< left-right */
    float rotation_probability; /**< by an angle uniform in +-rotation_radians */
    float rotation_radians;
    float scale_probability;     /**< of scale, aspect and shift together */
    float scale_log, aspect_log; /**< factors exp(+-scale_log) and exp(+-aspect_log), uniform in the exponent */
    float shift;                 /**< +- share of the side, in each direction */
    float elastic_probability;   /**< displacement by a field of 6x6 normal vectors, interpolated bicubically */
    float elastic_strength;      /**< standard deviation of the displacement, share of the side */
    float gamma_probability;     /**< grey to the power exp(+-gamma_log), uniform in the exponent */
    float gamma_log;
    float contrast_probability; /**< factor about the image's mean, uniform in contrast_low .. contrast_high */
    float contrast_low, contrast_high;
    float brightness_probability; /**< offset uniform in +-brightness, share of the full range */
    float brightness;
    float blur_probability; /**< Gaussian, sigma uniform in 0.3 .. blur_sigma pixels of the square */
    float blur_sigma;
    float low_resolution_probability; /**< shrinks by a factor uniform in 1.5 .. 2.5 and enlarges again */
    float speckle_probability;        /**< multiplicative noise with a standard deviation uniform in 0 .. speckle */
    float speckle;
    /* The following change what an image shows. sm_augment does not apply them, see ../train/composer.h. */
    float paste_probability; /**< copy-paste augmentation, see augment_paste.h */
    float crop_probability;  /**< of an image with a lesion becoming a normal one, see augment_crop.h */
    float erase_probability; /**< the same by covering its lesions, see augment_cover.h */
    float seam_probability;  /**< share of images with tissue copied over a part of them, see augment_cover.h */
    float marks_probability; /**< burned-in marks, see augment_marks.h */
    /** Apply none or exactly one of the transformations whose probability is not 0, each with the same chance. */
    bool exclusive;
} sm_augmentation;

sm_augmentation sm_augmentation_none(void);
/** The study's: none or one of contrast, brightness, flip and blur, each with the same chance. */
sm_augmentation sm_augmentation_study(void);
/** The default: all transformations. */
sm_augmentation sm_augmentation_full(void);

/**
 * "none", "study", "full", or "full" without one group: "no-geometry" (flip, rotation, scale, shift, elastic),
 * "no-intensity" (gamma, contrast, brightness), "no-quality" (blur, low resolution, speckle), "no-paste" (copy-paste),
 * "no-negatives" (crop, erase, seam) or "no-marks". Errors: SM_ERROR_ARGUMENT, whose message lists the names.
 */
sm_status sm_augmentation_by_name(const char *name, sm_augmentation *augmentation, sm_error *error);

/** Buffers of one thread, reused for all samples, for squares of side `size` or less. NULL when memory is short. */
typedef struct sm_augment_scratch sm_augment_scratch;
sm_augment_scratch *sm_augment_scratch_create(int size);
void sm_augment_scratch_free(sm_augment_scratch *scratch);

/**
 * Makes one training example: letterboxes `sample` (of any size) into size x size and applies the transformations that
 * `seed` draws. The same seed gives the same bits on any thread. `image` is [size][size] in -1..1, and -1 outside the
 * picture; `mask` is [size][size] in 0..1 with the same geometry. With sm_augmentation_none the result is that of
 * sm_letterbox_apply, up to rounding.
 *
 * All geometry is one map that is sampled once, bilinearly, so that pixels are not blurred repeatedly. Blur and low
 * resolution are applied before that map, with a strength in pixels of the square; the others after it, inside the
 * picture only. A sample that sm_sample_resize made for `size` takes the least time. Errors: SM_ERROR_MEMORY (a sample
 * of another size, or low resolution), SM_ERROR_ARGUMENT (`size` larger than the scratch).
 */
sm_status sm_augment(const sm_augmentation *augmentation, const sm_sample *sample, int size, uint64_t seed,
                     sm_augment_scratch *scratch, float *image, float *mask);

#endif
