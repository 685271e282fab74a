/** Coloured ultrasound pictures, made for tests. */
#ifndef SONOMASK_TEST_TINT_H
#define SONOMASK_TEST_TINT_H

#include "../../src/image.h"

typedef enum tint_kind {
    TINT_SEPIA,     /**< black, brown, cream */
    TINT_AMBER,     /**< black to one orange */
    TINT_BLUE,      /**< black to one light blue */
    TINT_DEEP_BLUE, /**< black, blue, white */
    TINT_HOT,       /**< black, red, yellow, white */
    TINT_GREEN,     /**< black to one green */
    TINT_MAGENTA,   /**< black, magenta, white */
    TINT_KINDS
} tint_kind;

/** The name of a kind. */
const char *tint_name(tint_kind kind);

/** An RGB image of a grey one, [height][width], by the colour map of a scanner. NULL without memory; else freed by
 * sm_image_free. */
sm_image tint_image(tint_kind kind, const uint8_t *grey, int width, int height);

/**
 * Draws the box of a Doppler mode and the coloured flow in it over an RGB image. Middle and half size of the box are
 * shares of the image. The same arguments give the same bits. Returns the number of coloured pixels.
 */
int tint_doppler(sm_image *image, double x, double y, double half, uint64_t seed);

#endif
