/** Whole screens of an ultrasound scanner, drawn around given pictures, for tests. */
#ifndef SONOMASK_TEST_SCREEN_H
#define SONOMASK_TEST_SCREEN_H

#include "../../native/data/dataset.h"

enum { SCREEN_VIEWS_MAX = 4 };

typedef struct screen_style {
    int width, height;
    float fill;      /**< size of the views, as a share of the place for them, 0..1 */
    bool thumbnails; /**< small copies of the first picture below the views */
    bool sector;     /**< the pictures are cut to a sector; the rest of their rectangle is black */
    bool coloured;   /**< bars, buttons and text have colours */
    bool gradient;   /**< the background grows brighter from top to bottom */
    int jpeg;        /**< quality of a compression; 0: none */
    float scale;     /**< the finished screen is resized by this factor; 0: not */
    uint64_t seed;   /**< of all that is left open */
} screen_style;

typedef struct screen {
    sm_image image; /**< RGB */
    uint8_t *mask;  /**< [height][width], 0 or 255 */
    int view_count;
    sm_rectangle views[SCREEN_VIEWS_MAX];
} screen;

/**
 * Draws a screen with header, side menu with buttons, grey bar, text and depth ticks around `count` pictures
 * (0..SCREEN_VIEWS_MAX; two are side by side, more in two rows). The same arguments give the same bits. Errors:
 * SM_ERROR_MEMORY. Released by screen_free.
 */
sm_status screen_draw(const screen_style *style, const sm_sample *pictures, int count, screen *drawn, sm_error *error);
void screen_free(screen *drawn);

/** Whether a pixel of a picture of this size is in the sector that it is cut to, whose apex lies above the picture. */
bool screen_in_sector(int x, int y, int width, int height);

/** A style of random size, layout and compression, without a sector. */
screen_style screen_style_random(uint64_t seed);

#endif
