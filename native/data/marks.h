/**
 * Finds calipers and text that a scanner burned into an image: small, thin, bright or coloured strokes with sharp edges
 * on a darker background. Speckle is less bright and less thin, and bright tissue lacks sharp edges on both sides.
 */
#ifndef SONOMASK_MARKS_H
#define SONOMASK_MARKS_H

#include "../../src/image.h"

/** An image with at least this many marks counts as annotated. */
enum { SM_MARKS_ANNOTATED = 2 };

/** Counts the marks (crosses, letters) of an image, without logos in its corners. Errors: SM_ERROR_MEMORY. */
sm_status sm_marks_count(const sm_image *image, int *count, sm_error *error);

#endif
