/** The last step of a segmentation: from the network's type logits and probability map to an sm_result. Internal. */
#ifndef SONOMASK_ANSWER_H
#define SONOMASK_ANSWER_H

#include "state.h"

/** What the options and the weights together set. */
typedef struct sm_answer_settings {
    float threshold;
    bool draws_faint; /**< without an outline, one below the threshold is drawn, as a possible lesion, when the presence
                           of the image passes the level */
    int minimum_area; /**< pixels */
    sm_operating_point operating_point; /**< 0 when the weights hold no decision */
    const size_t *rejected; /**< [rejected_count]: a lesion below the threshold must not hold these pixels */
    int rejected_count;
} sm_answer_settings;

/** Errors: SM_ERROR_ARGUMENT. */
sm_status sm_segment_options_check(const sm_segment_options *options, sm_error *error);

/** For checked options and an image of `pixels` pixels. */
sm_answer_settings sm_answer_settings_make(const sm_model *model, const sm_segment_options *options, size_t pixels);

/** `type_logits` are those of the network, before the temperature. With `lesion_shown`, "normal" is excluded. */
void sm_type_probabilities(const sm_model *model, const float type_logits[SM_CLASS_COUNT], bool lesion_shown,
                           float probabilities[SM_CLASS_COUNT]);

/** Fills `type` and `probabilities`. */
void sm_answer_type(const sm_model *model, const float type_logits[SM_CLASS_COUNT], bool lesion_shown,
                    sm_result *result);

/** Fills the outlier fields. */
void sm_answer_outlier(const sm_view *view, sm_result *result);

/** Fills `probability_map` of the answer for view `index` from a map on its square; 0 outside the shape of the view. */
void sm_answer_map(const sm_state *state, int index, const float *square, sm_result *result);

/** Releases the lesions and regions of an earlier answer, and makes `probability_map` and `mask` for an image of this
 * size; those of an earlier answer are used again when they fit. Errors: SM_ERROR_MEMORY. */
sm_status sm_answer_maps(sm_result *result, int width, int height, sm_error *error);

/**
 * Fills the remaining fields from `probability_map`, `mask` and `probabilities`: lesions, possible lesions, presence,
 * expected Dice. Outlines that hold a pixel of `pins` ([pin_count], indices into the mask) count at every operating
 * point. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_answer_lesions(const sm_model *model, const float type_logits[SM_CLASS_COUNT],
                            const sm_answer_settings *settings, const size_t *pins, int pin_count, sm_result *result,
                            sm_error *error);

/** The answer for view `index` of the state without prompts, as for an image of its own. `regions` is not filled.
 * Errors: SM_ERROR_MEMORY. */
sm_status sm_answer_view(const sm_state *state, int index, const sm_segment_options *options, sm_result *result,
                         sm_error *error);

#endif
