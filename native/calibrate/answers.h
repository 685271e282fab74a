/** Runs a model over data sets and collects, for each image, what the fits of a calibration need. */
#ifndef SONOMASK_ANSWERS_H
#define SONOMASK_ANSWERS_H

#include "../../src/image_statistics.h"
#include "../evaluator.h"
#include "../failures.h"
#include "mask_fit.h"

enum { SM_ANSWERS_VIEWS = 3 };

typedef struct sm_answers_options {
    const sm_evaluation_options *evaluation; /**< the model and how it runs */
    const char *const *paths;                /**< data sets */
    int path_count;
    int fold, not_fold; /**< use only this cross-validation fold, or all but this one; -1: no restriction */
    bool network;       /**< collect type probabilities and the Dice of the mask */
    bool masks;         /**< also collect trials of mask settings; needs `network` */
    bool statistics;    /**< collect image statistics */
} sm_answers_options;

/** The lists have `count` entries and are owned; a list is NULL when it was not asked for. */
typedef struct sm_answers {
    int count;
    sm_failures failed;            /**< images that could not be read */
    sm_class *types;               /**< the true classes */
    double *weights;               /**< equal total weight for each data set; the mean is 1 */
    double (*raw)[SM_CLASS_COUNT]; /**< type probabilities before the temperature */
    double *expected; /**< with `raw`: Dice that the model expects of its mask, before the power; NaN without a mask */
    double *dice;     /**< with `raw`: Dice of the mask with the target mask; NaN without a mask */
    sm_mask_trial *trials;
    sm_mask_case *cases; /**< of the trials, with equal weight for each data set among lesion and among normal images */
    /** [count][SM_ANSWERS_VIEWS]: statistics of the image, and of views of it that differ in contrast, sharpness, crop
     * and the like, as images of other scanners do. */
    float (*statistics)[SM_STATISTICS_COUNT];
} sm_answers;

/**
 * Leaves out images that the manifest marks with `exclude`, and images that cannot be used, which it names on stderr.
 * Errors: SM_ERROR_DATA (no image is left), SM_ERROR_IO, _WEIGHTS, _MEMORY.
 */
sm_status sm_answers_collect(const sm_answers_options *options, sm_answers *answers, sm_error *error);
void sm_answers_free(sm_answers *answers);

#endif
