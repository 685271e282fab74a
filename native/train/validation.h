/** Quick scores during training, at the network's input size. `sonomask evaluate` computes the scores to report. */
#ifndef SONOMASK_VALIDATION_H
#define SONOMASK_VALIDATION_H

#include "../../src/decision.h"
#include "loader.h"

typedef struct sm_scores {
    double lesion_dice; /**< mean over images with a lesion; NaN when there is none */
    /** What chooses the best epoch: mean Dice over the outlined images, where a normal image counts 1 without a mask
     * and 0 with one; the accuracy when no image is outlined. */
    double overall;
    double accuracy;    /**< of the three classes */
    double false_masks; /**< share of normal images with any mask; NaN when there is none */
} sm_scores;

/** What an answer takes from the settings of the weights. */
typedef struct sm_validation_rule {
    float threshold; /**< least probability of a pixel of the mask */
    /** The mask counts when the presence of the image passes the default operating point. NULL: it always counts. */
    const sm_decision *decision;
} sm_validation_rule;

enum { SM_VALIDATION_EXAMPLES = 8 };

/** One image with its prediction, to look at; all arrays are [size][size]. */
typedef struct sm_validation_example {
    int size;
    const uint8_t *grey, *target; /**< target: 0 or 255 */
    const float *probability;     /**< of the predicted mask, 0..1 */
} sm_validation_example;

typedef struct sm_validation sm_validation;

/**
 * `two_sigmoid`: the network has the study's two type outputs. `net`, `cache`, `kernels` and `parallel` must outlive
 * the result. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_validation_create(const sm_net *net, const sm_cache *cache, int size, bool two_sigmoid,
                               const sm_kernels *kernels, const sm_parallel *parallel, sm_validation **validation,
                               sm_error *error);
/** The ranks then divide the images of a run among them; all get the same scores. `ranks` must outlive the result. */
void sm_validation_spread(sm_validation *validation, const sm_ranks *ranks);
/** Runs then score masks by this rule. Without it, by the threshold 0.5 alone. `rule->decision` must outlive the
 * result.
 */
void sm_validation_decide(sm_validation *validation, const sm_validation_rule *rule);
void sm_validation_free(sm_validation *validation);

/** Scores `parameters` on all images, with a progress bar. Errors: SM_ERROR_MEMORY. */
sm_status sm_validation_run(sm_validation *validation, const float *parameters, sm_scores *scores, sm_error *error);

/** [cache->count]: of each image of the last run, what `overall` is the mean of; NaN for one that does not count. Valid
 * until the next run. */
const double *sm_validation_values(const sm_validation *validation);

/** Up to SM_VALIDATION_EXAMPLES images of the last run, spread evenly over all; valid until the next run. */
const sm_validation_example *sm_validation_examples(const sm_validation *validation, int *count);

/** Dice of logits > level against target >= 0.5 over `count` pixels; 1 when both are empty. The level 0 is the
 * probability 0.5. */
double sm_dice_of_logits(const float *logits, float level, const float *target, size_t count);
/** The class with the largest type logit; with `two_sigmoid`, the logit of the normal class counts as 0. */
int sm_class_of_logits(const float *logits, bool two_sigmoid);

/** Seconds in which the network ran, in all runs so far. */
double sm_validation_network_seconds(const sm_validation *validation);

#endif
