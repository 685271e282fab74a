/** What the fits of a calibration need of each image of a data set. */
#ifndef SONOMASK_GATHER_H
#define SONOMASK_GATHER_H

#include "../../src/image_statistics.h"
#include "../evaluator.h"
#include "../failures.h"
#include "mask_fit.h"

enum { SM_GATHER_VIEWS = 3 };

typedef struct sm_gather_options {
    const sm_evaluation_options *evaluation; /**< of the network */
    const char *const *paths;                /**< data sets */
    int path_count;
    int fold, not_fold;              /**< only, or all but, the images of that fold; -1: no matter */
    bool network, masks, statistics; /**< what is wanted: the type's answers, trials of masks, image statistics */
} sm_gather_options;

/** Of `count` images, each list owned and NULL when it was not wanted. */
typedef struct sm_gathered {
    int count;
    sm_failures failed; /**< images that were left out because they could not be read */
    sm_class *truth;
    double *weights;               /**< every data set counts the same; the mean is 1 */
    double (*raw)[SM_CLASS_COUNT]; /**< type probabilities before the temperature */
    double *expected, *dice;       /**< with raw: plain expected and true Dice of the mask; both NaN without a mask */
    sm_mask_trial *trials;
    sm_mask_case *cases; /**< of the trials; every data set counts the same among lesion and among normal images */
    /** [count][SM_GATHER_VIEWS]: of the image, and of views of it with another contrast, sharpness, crop and the like,
     * as other scanners and programs give them. */
    float (*statistics)[SM_STATISTICS_COUNT];
} sm_gathered;

/**
 * Images marked `exclude` are left out, and so are bad ones, each named on stderr. Errors: SM_ERROR_DATA (no image is
 * left), SM_ERROR_IO, _WEIGHTS, _MEMORY.
 */
sm_status sm_gather(const sm_gather_options *options, sm_gathered *gathered, sm_error *error);
void sm_gathered_free(sm_gathered *gathered);

#endif
