/** Grey levels of a part of an image. */
#ifndef SONOMASK_GREY_PLANE_H
#define SONOMASK_GREY_PLANE_H

#include <stdint.h>

#include "image.h"
#include "status.h"

typedef struct sm_grey_plane {
    uint8_t *pixels; /**< [height][width]; owned */
    int left, top;   /**< of the part, pixels of the image */
    int width, height;
} sm_grey_plane;

/** The luma of a rectangle in the image, at least 2 x 2 pixels; released with free(). Errors: SM_ERROR_MEMORY. */
sm_status sm_grey_plane_cut(const sm_image *image, int left, int top, int width, int height, sm_grey_plane *plane,
                            sm_error *error);

/** The grey level between four pixels; x and y are of the image and are moved into the plane. */
float sm_grey_plane_at(const sm_grey_plane *plane, double x, double y);

#endif
