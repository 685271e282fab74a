/**
 * From outlines to an answer: whether an outline counts as a lesion, and how far the true outline may lie outside it.
 * The settings are fitted to images that the network has not seen, and stored in the weights file.
 *
 * Presence. An outline is drawn at one threshold and counts when its presence passes another level (the two-threshold
 * rule of the winners of the SIIM-ACR pneumothorax challenge, 2019). Its presence is a logistic regression on the odds
 * of a lesion by the type head and on the peak of the outline's probabilities; that of the image uses the peak of the
 * whole map. An operating point is a level of the presence that a given share of the images with a lesion passes. When
 * the presence of an image passes the level and no outline reaches the drawing threshold, the lesion is faint: then the
 * largest outline at a lower threshold, a share of the peak, is drawn, and has the presence of the image. It does not
 * count, but is a possible lesion: on images that the network has not seen, about half of these outlines lie beside the
 * lesion, and most normal images whose presence passes the level have one.
 *
 * Margin. The distance by which the outlines of at least 90 % of patients must be grown to contain the true outline:
 * split conformal prediction (Lei et al., "Distribution-free predictive inference for regression", 2018) of the
 * dilation that an outline needs (ConSeMa, MICCAI 2025), with the patient as the unit.
 */
#ifndef SONOMASK_DECISION_H
#define SONOMASK_DECISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sonomask.h"
#include "weights_file.h"

enum { SM_DECISION_TENSORS = 3 };

typedef struct sm_decision {
    float presence[3];                              /**< weights of type_odds and peak, and the bias */
    float operating_points[SM_OPERATING_POINTS][3]; /**< share kept (0.80, 0.90, 0.95), least presence, bound on the
                                                        share missed */
    float margin[2]; /**< margin_px = margin[0] * sqrt(area of the outline) + margin[1] * sqrt(area of the image) */
} sm_decision;

/** ln(P(benign) + P(malignant)) - ln P(normal) from type logits at temperature 1, clamped to -20..20. */
float sm_type_odds(const float type_logits[SM_CLASS_COUNT]);

/**
 * The logit of the peak of the pixels whose `labels` value is `label` (`labels` NULL: of all pixels), clamped to
 * -20..20. The peak is a high quantile: the largest probability that at least SM_PEAK_SHARE of the image's pixels reach
 * (for a smaller outline, its least probability). -20 without pixels.
 */
float sm_peak(const float *probability, const int32_t *labels, int32_t label, int width, int height);

/** The same for an outline, which has `lesion->label` in `labels`: reads its bounding box only. */
float sm_lesion_peak(const float *probability, const int32_t *labels, int width, const sm_lesion *lesion,
                     size_t image_area);

/** A share of the image's pixels. */
#define SM_PEAK_SHARE 0.001

/** The threshold at which a faint lesion is drawn; `peak` is that of the whole map. */
float sm_faint_threshold(float peak);

#define SM_FAINT_SHARE 0.5

/** Probability of a lesion, 0..1. */
float sm_presence(const sm_decision *decision, float type_odds, float peak);

/** The margin of an outline, pixels, 0 or more. `outline_area` and `image_area` are in pixels. */
float sm_margin(const sm_decision *decision, int outline_area, size_t image_area);

/** The shares of lesion images that the operating points keep, ascending: 0.80, 0.90, 0.95. */
extern const double sm_operating_point_shares[SM_OPERATING_POINTS];

/** The place of a share among them; -1 for any other number. */
int sm_operating_point_index(double kept);

/** The operating point with this share kept; NULL when there is none. */
const float *sm_decision_point(const sm_decision *decision, double kept);

/** The tensors in a weights file. Their values point into `decision`. */
void sm_decision_tensors(sm_decision *decision, sm_weights_extra tensors[SM_DECISION_TENSORS]);

/**
 * Reads the settings from an opened weights file. `*found` is false, and the status SM_OK, when the file has none: then
 * the presence of an image and of its outlines is 1 - P(normal), every outline counts, and there are no margins.
 * Errors: SM_ERROR_WEIGHTS (a tensor is missing, of another shape, not finite or out of range).
 */
sm_status sm_decision_get(const sm_weights_file *file, sm_decision *decision, bool *found, sm_error *error);

#endif
