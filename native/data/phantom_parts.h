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

/** Smooth noise in -1..1, interpolated from random values on the unit grid. */
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

/** Acoustic properties of one point of tissue. */
typedef struct sm_tissue {
    float echo;        /**< strength of its scatterers, dB */
    float attenuation; /**< loss that time-gain compensation does not correct, dB per unit of depth; may be negative */
} sm_tissue;

/** The random parameters of the layers of one phantom. */
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

/** Depths of the borders at one x, computed once per column. */
typedef struct sm_borders {
    float skin, fat, gland, behind, muscle;
} sm_borders;

sm_borders sm_anatomy_borders(const sm_anatomy *anatomy, float x);
sm_tissue sm_anatomy_at(const sm_anatomy *anatomy, const sm_borders *borders, float x, float y);

/* ---- lesion ----------------------------------------------------------------------------------------------------- */

enum { SM_OUTLINE_STEPS = 512, SM_CALCIFICATIONS = 12 };

/** A lesion: an ellipse whose radius is multiplied by `outline`, a function of the angle. */
typedef struct sm_phantom_lesion {
    sm_class type; /**< SM_CLASS_NORMAL: none */
    uint32_t seed;
    float x, y, semi_x, semi_y, cosine, sine;
    float outline[SM_OUTLINE_STEPS];
    float reach;       /**< largest value of `outline` */
    float echo;        /**< dB */
    float texture;     /**< unevenness within, dB */
    float attenuation; /**< over the lesion's depth, dB; negative: posterior enhancement */
    float edge_shadow; /**< shadow below its flanks, dB */
    float capsule;     /**< thin bright rim above and below, dB */
    float halo;        /**< bright ill-defined rim, dB */
    float blur;        /**< width of the border, share of the radius */
    int calcification_count;
    float calcifications[SM_CALCIFICATIONS][2];
} sm_phantom_lesion;

/** Draws a lesion that lies within an image `width` units wide. */
sm_phantom_lesion sm_lesion_draw(sm_class type, const sm_anatomy *anatomy, float width, sm_random *random);

/** Distance from the centre relative to the outline in that direction: below 1 inside the lesion, 100 far away. */
float sm_lesion_level(const sm_phantom_lesion *lesion, float x, float y);

/** Changes the tissue at a point whose sm_lesion_level is `level`. */
void sm_lesion_apply(const sm_phantom_lesion *lesion, float level, float x, float y, sm_tissue *tissue);

/* ---- image formation -------------------------------------------------------------------------------------------- */

/** The random settings of the scanner of one phantom. */
typedef struct sm_scanner {
    float axial, lateral_near, lateral_far; /**< standard deviation of the pulse, units of height */
    float noise;                            /**< of the amplifier at the bottom, dB */
    float gain;                             /**< grey value of 0 dB, 0..255 */
    float range;                            /**< dynamic range, dB over the 256 grey values */
} sm_scanner;

sm_scanner sm_scanner_draw(sm_random *random);

/**
 * Turns echo strengths ([height][width], dB, after attenuation) into grey values. Random scatterers are weighted by the
 * echo and blurred by the pulse, in several looks; amplifier noise is added to their mean intensity, which is then
 * log-compressed. `echo` is overwritten. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_scanner_form(const sm_scanner *scanner, float *echo, int width, int height, uint64_t seed, uint8_t *grey,
                          sm_error *error);

#endif
