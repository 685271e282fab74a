/** Runs models over data sets and collects, for each image, what the fits of a calibration need. */
#ifndef SONOMASK_ANSWERS_H
#define SONOMASK_ANSWERS_H

#include "../../src/image_statistics.h"
#include "../evaluator.h"
#include "../failures.h"
#include "outline_trials.h"

enum { SM_ANSWERS_VIEWS = 3 };

typedef struct sm_answers_options {
    const sm_evaluation_options *evaluation; /**< the model and how it runs */
    const char *folds;        /**< folder with one model per fold, instead of the model of `evaluation`; NULL: none */
    const char *const *paths; /**< data sets */
    int path_count;
    int fold, not_fold; /**< use only this cross-validation fold, or all but this one; -1: no restriction */
    bool network;       /**< collect type probabilities and outlines */
    bool grid;          /**< measure outlines at all thresholds of sm_trial_grid, not only at `threshold` */
    float threshold;    /**< for the trials SM_TRIAL_OWN */
    bool statistics;    /**< collect image statistics */
} sm_answers_options;

/** The lists have `count` entries and are owned; a list is NULL when it was not asked for. */
typedef struct sm_answers {
    int count;
    sm_failures failed;    /**< images that could not be read */
    sm_class *types;       /**< the true classes; SM_CLASS_COUNT when not known */
    bool *shows_lesion;    /**< the image is known to show a lesion */
    bool *outlined;        /**< the lesions of the image are outlined, or it is normal */
    int *sources, *groups; /**< numbers of the data set, and of the patient or scene */
    int source_count, group_count;
    double *weights;               /**< equal total weight for each data set; the mean is 1 */
    double (*raw)[SM_CLASS_COUNT]; /**< type probabilities before the temperature */
    float *type_odds;              /**< with `raw`: see decision.h */
    float *peaks;                  /**< with `raw`: of the whole map, see decision.h */
    sm_outline_trials *outlines;   /**< with `raw` */
    /** [count][SM_ANSWERS_VIEWS]: statistics of the image, and of views of it that differ in contrast, sharpness, crop
     * and the like, as images of other scanners do. */
    float (*statistics)[SM_STATISTICS_COUNT];
} sm_answers;

/**
 * Leaves out images that the manifest marks with `exclude`, and images that cannot be used, which it names on stderr.
 * With `folds`, each model answers for the images of its fold, and images of other folds are left out. Errors:
 * SM_ERROR_DATA (no image is left), SM_ERROR_IO, _WEIGHTS, _MEMORY.
 */
sm_status sm_answers_collect(const sm_answers_options *options, sm_answers *answers, sm_error *error);
void sm_answers_free(sm_answers *answers);

/**
 * Weights for the `count` images with use[i]: those of each data set have the total weight 1, the others 0. `weights`
 * is [answers->count]. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_answers_weigh(const sm_answers *answers, const bool *use, double *weights, sm_error *error);

/** Whether an image is normal by its label. */
static inline bool sm_answer_normal(const sm_answers *answers, int i) { return answers->types[i] == SM_CLASS_NORMAL; }

#endif
