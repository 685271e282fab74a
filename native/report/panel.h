/** Panels: image | reference mask (green) | predicted mask (orange, with the reference outline as a faint line). */
#ifndef SONOMASK_PANEL_H
#define SONOMASK_PANEL_H

#include <stdint.h>

#include "../../src/image.h"

/** One image of a panel. All arrays are [height][width] and not owned. */
typedef struct sm_panel_row {
    int width, height;        /**< pixels */
    const uint8_t *grey;      /**< 0..255 */
    const uint8_t *reference; /**< reference mask, lesion where at least 128; NULL: no lesion */
    const uint8_t *predicted; /**< predicted mask, likewise; NULL: `probability` >= `threshold` */
    const float *probability; /**< 0..1; read only when `predicted` is NULL; NULL: no lesion */
    float threshold;          /**< 0..1 */
} sm_panel_row;

enum { SM_PANEL_TILE_MIN = 16, SM_PANEL_TILE_MAX = 1024 };

/**
 * Draws one row, RGB: three tiles side by side, each the image scaled (aspect kept) so that its longer side is `tile`
 * pixels. Release with sm_image_free. Errors: SM_ERROR_ARGUMENT, SM_ERROR_MEMORY.
 */
sm_status sm_panel_render(const sm_panel_row *row, int tile, sm_image *panel, sm_error *error);

/** Stacks rows into one RGB picture of square tiles. Errors: SM_ERROR_ARGUMENT (no row, too large), _MEMORY. */
sm_status sm_panel_sheet(const sm_panel_row *rows, int count, int tile, sm_image *sheet, sm_error *error);

/** The sheet as a PNG file, written under a temporary name and renamed. Errors: also SM_ERROR_IO. */
sm_status sm_panel_write(const char *path, const sm_panel_row *rows, int count, int tile, sm_error *error);

/** Tints the inside of a mask and draws its outline in the colour of reference masks. `mask` is [height][width], lesion
 * where at least 128; `pixels` is RGB, its top-left pixel, with `stride` bytes per line. */
void sm_panel_draw_reference(uint8_t *pixels, size_t stride, const uint8_t *mask, int width, int height);

#endif
