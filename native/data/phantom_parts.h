/**
 * The parts of the phantom. Lengths are in units of the image's height, so that the tissue does not depend on the
 * number of pixels: x runs from 0 to width / height, y (the depth) from 0 to 1. Echo strengths are in decibels over
 * glandular tissue.
 */
#ifndef SONOMASK_PHANTOM_PARTS_H
#define SONOMASK_PHANTOM_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "../../src/sonomask.h"
#include "random.h"

/* ---- noise ------------------------------------------------------------------------------------------------------ */

/** Smooth noise in -1..1 with one random value to each point of the unit grid. */
float sm_noise(float x, float y, uint32_t seed);

/** Sum of two octaves of sm_noise, -1..1. */
float sm_noise_rough(float x, float y, uint32_t seed);

/** One cell of a division of the plane into irregular cells of about unit size. */
typedef struct sm_cell {
    float edge;               /**< distance to the nearest border between cells, about 0 .. 0.5 */
    float normal_x, normal_y; /**< unit vector across that border */
    float value;              /**< the cell's own random number, -1..1 */
} sm_cell;

/** Worley, "A cellular texture basis function", SIGGRAPH 1996. */
sm_cell sm_cells(float x, float y, uint32_t seed);

/* ---- tissue ----------------------------------------------------------------------------------------------------- */

/** What one point of tissue does to sound. */
typedef struct sm_tissue {
    float echo;        /**< strength of its scatterers, dB */
    float attenuation; /**< loss beyond what the machine makes up for, dB per unit of depth; negative: less loss */
} sm_tissue;

/** Layers and their habits, as drawn for one phantom. */
typedef struct sm_anatomy {
    uint32_t seed;
    float skin, fat, gland, behind, muscle; /**< mean depth of the lower border of each layer */
    float undulation;                       /**< height of the waves of the borders */
    float fat_echo, gland_echo, muscle_echo;
    float septa;        /**< strength of the ligaments between fat lobules, dB */
    float lobule_width; /**< of a fat lobule */
    float streaks;      /**< contrast of the glandular streaks, dB */
    float islands;      /**< share of fat islands within the gland, 0..1 */
    float tilt;         /**< rise of streaks and muscle fibres along x */
} sm_anatomy;

sm_anatomy sm_anatomy_draw(sm_random *random);

/** Depths of the borders at one x: one column of the image needs them once. */
typedef struct sm_borders {
    float skin, fat, gland, behind, muscle;
} sm_borders;

sm_borders sm_anatomy_borders(const sm_anatomy *anatomy, float x);
sm_tissue sm_anatomy_at(const sm_anatomy *anatomy, const sm_borders *borders, float x, float y);

/* ---- lesion ----------------------------------------------------------------------------------------------------- */

enum { SM_OUTLINE_STEPS = 512, SM_CALCIFICATIONS = 12 };

/** A lesion: an ellipse whose radius is multiplied by `outline` as the angle says. */
typedef struct sm_phantom_lesion {
    sm_class type; /**< SM_CLASS_NORMAL: none */
    uint32_t seed;
    float x, y, semi_x, semi_y, cosine, sine;
    float outline[SM_OUTLINE_STEPS];
    float reach;       /**< largest value of `outline` */
    float echo;        /**< dB */
    float texture;     /**< unevenness within, dB */
    float attenuation; /**< over the lesion's depth, dB; negative: enhancement behind it */
    float edge_shadow; /**< below its flanks, dB */
    float capsule;     /**< thin bright rim above and below, dB */
    float halo;        /**< bright ill-defined rim, dB */
    float blur;        /**< width of the border, share of the radius */
    int calcification_count;
    float calcifications[SM_CALCIFICATIONS][2];
} sm_phantom_lesion;

/** Draws a lesion that lies within an image `width` units wide. */
sm_phantom_lesion sm_lesion_draw(sm_class type, const sm_anatomy *anatomy, float width, sm_random *random);

/** Distance from the centre as a share of the outline's in that direction: below 1 within the lesion. Large when far.
 */
float sm_lesion_level(const sm_phantom_lesion *lesion, float x, float y);

/** Changes `tissue` at a point of that level. */
void sm_lesion_apply(const sm_phantom_lesion *lesion, float level, float x, float y, sm_tissue *tissue);

/* ---- image formation -------------------------------------------------------------------------------------------- */

/** The machine's settings, as drawn for one phantom. */
typedef struct sm_scanner {
    float axial, lateral_near, lateral_far; /**< standard deviation of the pulse, units of height */
    float noise;                            /**< of the amplifier at the bottom, dB */
    float gain;                             /**< grey value of 0 dB, 0..255 */
    float range;                            /**< dynamic range, dB over the 256 grey values */
} sm_scanner;

sm_scanner sm_scanner_draw(sm_random *random);

/**
 * From echo strengths, [height][width] in dB with attenuation applied, to grey values: several looks of random
 * scatterers weighted by the echo and blurred by the pulse; their mean intensity, amplifier noise added, is
 * log-compressed. Destroys `echo`. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_scanner_form(const sm_scanner *scanner, float *echo, int width, int height, uint64_t seed, uint8_t *grey,
                          sm_error *error);

#endif
