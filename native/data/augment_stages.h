/** The stages of the augmentation, called by augment.c. */
#ifndef SONOMASK_AUGMENT_STAGES_H
#define SONOMASK_AUGMENT_STAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "../../src/letterbox.h"

/** The drawn geometry: mirror, scale, rotation, shift and elastic displacement. */
typedef struct sm_geometry {
    bool flip;
    float rotation;         /**< radians, clockwise on the screen */
    float scale_x, scale_y; /**< 1: unchanged; above 1: enlarged */
    float shift_x, shift_y; /**< share of the side, to the right and down */
    float elastic;          /**< standard deviation of the displacement, share of the side; 0: none */
    uint64_t elastic_seed;
} sm_geometry;

/** Buffers of the sampling; they belong to the caller. */
typedef struct sm_geometry_buffers {
    float *pairs; /**< [inner_height + 1][inner_width + 1][2]: grey 0..1 and mask 0..1, last row and column repeated */
    float *rows;  /**< SM_GEOMETRY_ROWS * size */
    int32_t *indices; /**< size */
} sm_geometry_buffers;

enum { SM_ELASTIC_POINTS = 6, SM_GEOMETRY_ROWS = SM_ELASTIC_POINTS + 2 };

/**
 * Samples the picture in the letterbox `box` bilinearly. `image`, `mask` and `inside` are [size][size]. `inside` is 1
 * where a pixel comes from inside the picture and 0 elsewhere; there `image` repeats the pixels of the picture's edge,
 * and `mask` is 0.
 */
void sm_geometry_sample(const sm_geometry *geometry, const sm_letterbox *box, const sm_geometry_buffers *buffers,
                        float *image, float *mask, float *inside);

/** Gaussian blur of `plane`, [height][width], with repeated edge pixels. `spare` is scratch of the same size. */
void sm_plane_blur(float *plane, float *spare, int width, int height, float sigma);

enum { SM_BLUR_RADIUS_MAXIMUM = 12 };

/** value = mean + (value - mean) * factor, clamped to 0..1. The mean is over the pixels whose `inside` is 1. */
void sm_adjust_contrast(float *image, const float *inside, int count, float factor);

/** value = value + offset, clamped to 0..1. */
void sm_adjust_brightness(float *image, int count, float offset);

/** value = value * (1 + deviation * normal random number), clamped to 0..1. */
void sm_add_speckle(float *image, int count, float deviation, uint64_t seed);

#endif
