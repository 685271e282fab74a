/** Perturbations of an image, of given strength, as scanners, programs and users cause them. */
#ifndef SONOMASK_PERTURB_H
#define SONOMASK_PERTURB_H

#include <stdint.h>

#include "../../src/image.h"

typedef enum sm_perturbation {
    SM_PERTURB_CONTRAST,   /**< strength: factor about the mean grey; 1: unchanged */
    SM_PERTURB_BRIGHTNESS, /**< share of the full range that is added; 0: unchanged */
    SM_PERTURB_BLUR,       /**< Gaussian, sigma in pixels of the network's input; 0: unchanged */
    SM_PERTURB_SPECKLE,    /**< each pixel times 1 + normal noise of this standard deviation; 0: unchanged */
    SM_PERTURB_JPEG,       /**< quality, 1..100, of a baseline JPEG */
    SM_PERTURB_DOWNSCALE,  /**< reduced by this factor and enlarged again; 1: unchanged */
    SM_PERTURB_CROP,       /**< share of width and height removed at each side; 0: unchanged */
    SM_PERTURBATIONS
} sm_perturbation;

/** "contrast", "brightness", ...; never NULL. */
const char *sm_perturbation_name(sm_perturbation kind);

/**
 * Makes the perturbed picture (grey or RGB; transparent pixels are blended with black) and its mask, [height][width].
 * Both are the caller's to free; only cropping changes the mask. `size` is the side of the network's input in pixels,
 * `seed` that of the noise. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_perturb(sm_perturbation kind, double strength, const sm_image *picture, const uint8_t *mask, int size,
                     uint64_t seed, sm_image *changed, uint8_t **changed_mask, sm_error *error);

#endif
