/** Applies an EXIF orientation. */
#ifndef SONOMASK_IMAGE_ORIENTATION_H
#define SONOMASK_IMAGE_ORIENTATION_H

#include "image.h"
#include "status.h"

/** Rotates and mirrors `image` (5..8 swap width and height). Errors: SM_ERROR_MEMORY; the image is then unchanged. */
sm_status sm_image_orient(sm_image *image, int orientation, sm_error *error);

#endif
