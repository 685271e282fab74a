/** Synthetic B-mode breast ultrasound images with known masks, for tests and for the sample of the page. */
#ifndef SONOMASK_PHANTOM_H
#define SONOMASK_PHANTOM_H

#include <stdint.h>

#include "dataset.h"

enum { SM_PHANTOM_SIDE_MINIMUM = 32, SM_PHANTOM_SIDE_MAXIMUM = 2048 };

/**
 * Draws phantom number `seed`, width x height: skin, fat, glandular and muscle layers, attenuation with depth, Rayleigh
 * speckle whose grain widens with depth, and by `type` no lesion, a smooth oval hypoechoic one with posterior
 * enhancement (benign), or a spiculated taller-than-wide one with shadow (malignant). The same arguments give the same
 * bits. `sample->mask` is the exact mask. Errors: SM_ERROR_MEMORY, SM_ERROR_ARGUMENT (a side outside the limits above).
 */
sm_status sm_phantom_draw(int width, int height, sm_class type, uint64_t seed, sm_sample *sample, sm_error *error);

#endif
