/** Quick scores during training, at the network's own size; `sonomask evaluate` gives those to report. */
#ifndef SONOMASK_VALIDATION_H
#define SONOMASK_VALIDATION_H

#include "loader.h"

typedef struct sm_scores {
    double lesion_dice; /**< mean over images with a lesion; NaN when there is none */
    double accuracy;    /**< of the three classes */
    double false_masks; /**< share of normal images with any mask; NaN when there is none */
} sm_scores;

enum { SM_PANEL_ROWS = 8 /**< images that the panels show */ };

typedef struct sm_validation sm_validation;

/** `cache` and `parallel` must outlive it. Errors: SM_ERROR_MEMORY. */
sm_status sm_validation_create(const sm_net *net, const sm_cache *cache, int size, bool two_sigmoid,
                               const sm_kernels *kernels, const sm_parallel *parallel, sm_validation **validation,
                               sm_error *error);
void sm_validation_free(sm_validation *validation);

/** Scores `parameters`, with a progress bar; writes panels of some images to `panel_path` unless it is NULL. */
sm_status sm_validation_run(sm_validation *validation, const float *parameters, const char *panel_path,
                            sm_scores *scores, sm_error *error);

/** Dice of logits > 0 against truth >= 0.5 over `count` pixels; 1 when both are empty. */
double sm_dice_of_logits(const float *logits, const float *truth, size_t count);
/** The class that type logits say; with two_sigmoid, logit 0 counts as 0. */
int sm_class_of_logits(const float *logits, bool two_sigmoid);

#endif
