/**
 * Calipers and text that a scanner burned into an image: small, thin, bright (or coloured) strokes with sharp edges on
 * darker ground. Speckle is neither so bright nor so thin, and bright tissue has no such edges on both sides.
 */
#ifndef SONOMASK_MARKS_H
#define SONOMASK_MARKS_H

#include "../../src/image.h"

/** An image with at least this many marks counts as annotated. */
enum { SM_MARKS_ANNOTATED = 2 };

/** How many marks (crosses, letters) an image holds, a scanner's logo in a corner apart. Errors: SM_ERROR_MEMORY. */
sm_status sm_marks_count(const sm_image *image, int *count, sm_error *error);

#endif
