/** Out-of-distribution pictures, drawn for tests. */
#ifndef SONOMASK_TEST_FOREIGN_PICTURE_H
#define SONOMASK_TEST_FOREIGN_PICTURE_H

#include <stdbool.h>

#include "../../src/image.h"

typedef enum foreign_kind {
    FOREIGN_BLANK,    /**< one grey */
    FOREIGN_NOISE,    /**< independent random pixels */
    FOREIGN_GRADIENT, /**< from dark to bright */
    FOREIGN_TEXT,     /**< dark marks in lines on white paper */
    FOREIGN_SHAPES,   /**< overlapping discs of plain greys */
    FOREIGN_SCREEN,   /**< windows, bars and a grid of buttons */
    FOREIGN_LEAVES,   /**< textured, overlapping discs of all sizes, like objects in photographs */
    FOREIGN_SCAN,     /**< a bright ring and smooth organs on black, as in computed tomography */
    FOREIGN_KINDS
} foreign_kind;

/** Draws one (grey, or with `coloured` tinted RGB); the same arguments give the same bits. Freed by sm_image_free. */
sm_image foreign_picture(foreign_kind kind, int width, int height, bool coloured, uint64_t seed);

#endif
