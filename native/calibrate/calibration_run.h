/** A calibration from the weights that are read to the weights that are written. */
#ifndef SONOMASK_CALIBRATION_RUN_H
#define SONOMASK_CALIBRATION_RUN_H

#include "../evaluator.h"

/** What is fitted to the images; flags. */
enum { SM_FIT_TEMPERATURE = 1, SM_FIT_MASK = 2, SM_FIT_OUTLIERS = 4, SM_FIT_CONFIDENCE = 8, SM_FIT_ALL = 15 };

typedef struct sm_calibration_options {
    sm_evaluation_options evaluation;
    const char *const *data;                           /**< paths of data sets */
    int data_count;                                    /**< 0: nothing is fitted */
    const char *out;                                   /**< the weights file to write */
    const char *model;                                 /**< the weights to start from; NULL: the default ones */
    const char *outliers_from;                         /**< weights whose outlier statistics are taken; NULL: none */
    int fold, not_fold;                                /**< only, or all but, the images of that fold; -1: no matter */
    int fit;                                           /**< SM_FIT_ flags */
    int precision;                                     /**< bits of a stored weight: 8, 16 or 32 */
    float temperature, threshold, minimum_area, power; /**< set by hand; negative: not given */
    float false_mask_price; /**< lesion Dice that a false mask on every normal image would cost */
    float outlier_share;    /**< share of the known images and views beyond the limit, 0..0.5 */
    bool overwrite;         /**< replace `out` although sonomask did not write it */
} sm_calibration_options;

/**
 * Reads the weights, fits what is wanted to the images, sets the rest, writes the new weights to `out` and prints one
 * line of JSON. Images that cannot be used are named on stderr, left out, and make it end with SM_ERROR_DATA although
 * the weights are written. Other errors: SM_ERROR_IO, _WEIGHTS, _ARGUMENT, _MEMORY.
 */
sm_status sm_calibrate(const sm_calibration_options *options, sm_error *error);

#endif
