/** Turning an image the way its EXIF orientation says. */
#ifndef SONOMASK_IMAGE_ORIENTATION_H
#define SONOMASK_IMAGE_ORIENTATION_H

#include "image.h"
#include "status.h"

/** Turns `image` in place (width and height swap for 5..8). Errors: SM_ERROR_MEMORY; the image is then unchanged. */
sm_status sm_image_orient(sm_image *image, int orientation, sm_error *error);

#endif
