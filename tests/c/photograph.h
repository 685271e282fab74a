/** Photographs of a screen, and coloured ultrasound pictures, made for tests. */
#ifndef SONOMASK_TEST_PHOTOGRAPH_H
#define SONOMASK_TEST_PHOTOGRAPH_H

#include "../../src/sonomask.h"

typedef struct photograph_style {
    int width, height;      /**< of the photograph */
    float pitch, yaw, roll; /**< the camera's, radians */
    float distance;         /**< from the camera to the screen, in diagonals of the screen */
    float moire;            /**< amplitude of the pattern, 0..1 */
    float moire_period;     /**< pixels of the photograph */
    int glares;             /**< bright reflections */
    float gain, gamma;      /**< exposure */
    float cast[3];          /**< factor per channel */
    float noise;            /**< standard deviation, grey levels */
    int jpeg;               /**< quality */
    uint64_t seed;
} photograph_style;

typedef struct photograph {
    sm_image image;      /**< RGB */
    uint8_t *mask;       /**< [height][width], 0 or 255 */
    double to_screen[9]; /**< homography from pixels of the photograph to pixels of the screen, rows */
    double from_screen[9];
} photograph;

/** A style of random size, tilt and light. The camera is turned by 5 to 20 degrees. */
photograph_style photograph_style_random(uint64_t seed);

/**
 * Photographs a screen that shows an RGB image, which has a mask of the same size. The same arguments give the same
 * bits. Errors: SM_ERROR_MEMORY. Released by photograph_free.
 */
sm_status photograph_take(const photograph_style *style, const sm_image *screen, const uint8_t *mask, photograph *taken,
                          sm_error *error);
void photograph_free(photograph *taken);

/** Maps a point by a homography, rows. */
sm_point photograph_map(const double homography[9], double x, double y);

#endif
