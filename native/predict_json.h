/** The JSON line of `predict`. */
#ifndef SONOMASK_PREDICT_JSON_H
#define SONOMASK_PREDICT_JSON_H

#include <stdio.h>

#include "../src/sonomask.h"

/**
 * Prints the line of one image. `has_decision` is that of the weights: without it the operating point and the margins
 * are null. The outlines are described from `image`, the image of the result; null where the memory does not suffice.
 */
void sm_predict_json(FILE *to, const char *file, const sm_image *image, const sm_result *result, bool has_decision,
                     double milliseconds);

#endif
