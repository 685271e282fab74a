/**
 * Finds the ultrasound pictures within an image of a whole scanner screen. Internal: the callers have checked sizes.
 *
 * The surface of a screen (background, bars, buttons) is exactly constant in at least one direction, and ultrasound
 * is speckled everywhere. So the image is divided into cells, and the cells whose pixels differ along both directions
 * are grouped into regions. A morphological opening removes text, icons and ticks, which are only some cells thick.
 * A tidy crop has no surface around it and is left whole; so is a photograph, which has no constant cells at all.
 */
#ifndef SONOMASK_SCAN_H
#define SONOMASK_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "sonomask.h"
#include "status.h"

enum {
    SM_SCAN_CELLS = 128,  /**< cells along the longer side, at most */
    SM_SCAN_MAX_VIEWS = 4 /**< that are found, at most */
};

/** One ultrasound picture: a rectangle of the image, and its shape in it (a sector does not fill its rectangle). */
typedef struct sm_scan_view {
    int left, top, width, height;    /**< pixels */
    int first_row, row_count;        /**< rows of cells of the shape */
    int16_t spans[SM_SCAN_CELLS][2]; /**< per row of cells: first cell, and the one after the last; a convex shape */
} sm_scan_view;

typedef struct sm_scan {
    bool whole;    /**< one view, the whole image */
    int cell_size; /**< side of a cell, pixels */
    int count;     /**< 1..SM_REGIONS_MAX; found ones from the left, then from the top */
    float surface; /**< of an image in which no view was found: share of its cells that are surface */
    sm_scan_view views[SM_REGIONS_MAX];
} sm_scan;

/**
 * Finds the views of an image. `grey` is [height][width], 0..255. The same image gives the same views on every machine.
 * Errors: SM_ERROR_MEMORY.
 */
sm_status sm_scan_find(const uint8_t *grey, int width, int height, sm_scan *scan, sm_error *error);

/** One view, the whole image. */
void sm_scan_set_whole(int width, int height, sm_scan *scan);

/**
 * The views that a caller gives; of a rectangle the part in the image counts. `rectangles` is [count], 1 ..
 * SM_REGIONS_MAX. Errors: SM_ERROR_ARGUMENT naming the region (counted from 1): of no area, outside the image, or
 * overlapping another one.
 */
sm_status sm_scan_set_rectangles(const sm_rectangle *rectangles, int count, int width, int height, sm_scan *scan,
                                 sm_error *error);

/**
 * Gives those of a caller's rectangles that hold a sector its shape. The others, also with dark tissue or shadows at
 * their sides, stay rectangles. `grey` is [height][width]; not for a scan that is whole. Errors: SM_ERROR_MEMORY; the
 * scan must not be used then.
 */
sm_status sm_scan_find_sectors(const uint8_t *grey, int width, int height, sm_scan *scan, sm_error *error);

/**
 * Copies a view out of the image: `pixels` is [view->height][view->width][image->channels]. Pixels outside the shape,
 * where a screen has text and marks, become 0.
 */
void sm_scan_crop(const sm_scan *scan, const sm_scan_view *view, const sm_image *image, uint8_t *pixels);

/** Takes cells of the screen's surface at the slanted edges, which a mirror image will fill, out of the shape of a
 * view: nothing there can be part of a lesion. `grey` is [view->height][view->width]. */
void sm_scan_narrow(const sm_scan *scan, sm_scan_view *view, const uint8_t *grey);

/**
 * Fills the pixels of a view, [view->height][view->width], that are outside its shape with those inside, mirrored at
 * the shape's edge. With a `contrast` below 1 they are nearer to the mean of their row.
 */
void sm_scan_mirror(const sm_scan *scan, const sm_scan_view *view, float contrast, uint8_t *grey);

/** Clears the values of a map of the view, [view->height][view->width], that are outside its shape. */
void sm_scan_clip(const sm_scan *scan, const sm_scan_view *view, float *map);

#endif
