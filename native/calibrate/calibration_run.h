/** Fits the settings of a trained network to labelled images and writes a new weights file. */
#ifndef SONOMASK_CALIBRATION_RUN_H
#define SONOMASK_CALIBRATION_RUN_H

#include "../evaluator.h"

/** Flags: the settings to fit. */
enum {
    SM_FIT_TEMPERATURE = 1,
    SM_FIT_MASK = 2,
    SM_FIT_OUTLIERS = 4,
    SM_FIT_CONFIDENCE = 8,
    SM_FIT_PRESENCE = 16,
    SM_FIT_POINTS = 32,
    SM_FIT_MARGIN = 64,
    SM_FIT_ALL = 127
};

typedef struct sm_calibration_options {
    sm_evaluation_options evaluation;
    const char *const *data;   /**< paths of data sets */
    int data_count;            /**< 0: nothing is fitted */
    const char *out;           /**< the weights file to write */
    const char *model;         /**< the weights to start from; NULL: the default ones */
    const char *outliers_from; /**< weights to copy the out-of-distribution statistics from; NULL: none */
    const char *decision_from; /**< weights to copy presence, operating points and margin from; NULL: none */
    /** Folder with one network per cross-validation fold, whose answers for the images of their folds are pooled; NULL:
     * the answers of `model`. */
    const char *folds;
    int fold, not_fold; /**< use only this cross-validation fold, or all but this one; -1: no restriction */
    int fit;            /**< SM_FIT_ flags */
    bool check; /**< fit only what inner cross-validation finds better than the given settings, see calibration_check.h
                 */
    int precision;                                     /**< bits per stored weight: 6, 7, 8, 16 or 32 */
    float temperature, threshold, minimum_area, power; /**< values to set instead of fitting; negative: not given */
    float false_mask_price; /**< without a presence: lesion Dice that a false mask on every normal image costs */
    float outlier_share;    /**< share of the images and their views that lie beyond the limit, 0..0.5 */
    bool overwrite;         /**< replace `out` although sonomask did not write it */
} sm_calibration_options;

/**
 * Reads the weights, fits and sets their settings, writes the new weights to `out` and prints one line of JSON. Images
 * that cannot be used are named on stderr and left out; the result is then SM_ERROR_DATA, with the weights written.
 * Other errors: SM_ERROR_IO, _WEIGHTS, _ARGUMENT, _MEMORY.
 */
sm_status sm_calibrate(const sm_calibration_options *options, sm_error *error);

#endif
