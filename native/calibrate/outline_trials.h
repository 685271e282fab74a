/**
 * The outlines of one image at several thresholds, measured once, so that thresholds, areas, presence and operating
 * points can be tried without the probability map.
 */
#ifndef SONOMASK_OUTLINE_TRIALS_H
#define SONOMASK_OUTLINE_TRIALS_H

#include "../../src/decision.h"
#include "../data/dataset.h"

/** Thresholds 0.10, 0.15 .. 0.90, one more that the caller chooses, and that of a faint lesion (decision.h). */
enum { SM_TRIAL_GRID = 17, SM_TRIAL_OWN = SM_TRIAL_GRID, SM_TRIAL_FAINT, SM_TRIAL_THRESHOLDS };

extern const float sm_trial_grid[SM_TRIAL_GRID];

/** At most this many outlines are kept per threshold: the largest. */
enum { SM_TRIAL_OUTLINES = 16 };

typedef struct sm_trial_outline {
    int area, both; /**< pixels, and those of them that are lesion in the target */
    float sum;      /**< of the probabilities of its pixels */
    float peak;     /**< see sm_peak */
    float reach;    /**< pixels: see sm_outline_reach; 0 for an outline that touches no lesion */
} sm_trial_outline;

typedef struct sm_outline_trials {
    int pixels, target;         /**< of the image; of the target mask */
    float sum, largest;         /**< of the probabilities of all pixels */
    float peak;                 /**< of the whole map, see sm_peak */
    sm_trial_outline *outlines; /**< those of threshold t are outlines[start[t]] .. outlines[start[t + 1] - 1]; of the
                                     faint one only the largest */
    int start[SM_TRIAL_THRESHOLDS + 1];
} sm_outline_trials;

/**
 * Measures the outlines of `probability`, a map of the sample's size, at the threshold `own`, and with `grid` at those
 * of the grid. Released by sm_outline_trials_free. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_outline_trials_measure(const sm_sample *sample, const float *probability, float own, bool grid,
                                    sm_outline_trials *trials, sm_error *error);
void sm_outline_trials_free(sm_outline_trials *trials);

/** Which outlines make up an answer. */
typedef struct sm_trial_rule {
    int threshold;               /**< place in the list of thresholds */
    float minimum_area;          /**< share of the image's area */
    const sm_decision *decision; /**< for the presence; NULL: every outline counts */
    float type_odds;             /**< of the image */
    double level;                /**< least presence of an outline that counts */
    bool touching;               /**< for sm_trial_presence: only outlines that touch a lesion of the target */
} sm_trial_rule;

/**
 * The outlines that count, as sm_segment decides it: large enough ones whose presence passes the level. Returns their
 * number; `counting` has room for SM_TRIAL_OUTLINES.
 */
int sm_trial_counting(const sm_outline_trials *trials, const sm_trial_rule *rule, const sm_trial_outline **counting);

/**
 * The largest presence of the outlines, whatever the level; without a large enough one, that of the image, whose faint
 * lesion is drawn as a possible one (not with `touching`, which is about outlines that count). -1 when there is no
 * outline. Without a decision, 1 or -1.
 */
double sm_trial_presence(const sm_outline_trials *trials, const sm_trial_rule *rule);

/** The mask of the outlines that count. */
typedef struct sm_trial_answer {
    bool any;        /**< it has pixels */
    double dice;     /**< with the target; 1 when both are empty */
    double expected; /**< expected Dice before the power; NaN without pixels */
} sm_trial_answer;

sm_trial_answer sm_trial_answer_of(const sm_outline_trials *trials, const sm_trial_rule *rule);

#endif
