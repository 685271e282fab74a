/**
 * The grey values of a coloured ultrasound picture: colour maps of the whole picture (sepia, blue ...) are inverted,
 * and coloured overlays (the flow of a Doppler mode) are replaced from their surroundings. Internal.
 */
#ifndef SONOMASK_COLOUR_H
#define SONOMASK_COLOUR_H

#include <stdbool.h>

#include "image.h"
#include "status.h"

typedef struct sm_colour {
    bool tinted;         /**< one colour per grey value, and it is not grey */
    float overlay_share; /**< of the pixels that an overlay covered, 0..1; 0: there is none */
} sm_colour;

/**
 * Changes `grey`, [height][width], which holds the luma of the image, to the values without the colours. A grey image,
 * a photograph in colours and small coloured marks are left as they are. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_colour_remove(const sm_image *image, uint8_t *grey, sm_colour *found, sm_error *error);

#endif
