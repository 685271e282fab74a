/** The JSON line of `predict`. */
#ifndef SONOMASK_PREDICT_JSON_H
#define SONOMASK_PREDICT_JSON_H

#include <stdio.h>

#include "../src/sonomask.h"

/**
 * Prints the line of one image. `has_decision` is that of the weights: without it the operating point and the margins
 * are null. `descriptors` are those of the lesions, then of the possible lesions.
 */
void sm_predict_json(FILE *to, const char *file, const sm_result *result, const sm_descriptors *descriptors,
                     bool has_decision, double milliseconds);

#endif
