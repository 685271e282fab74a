/** The state of one calibration. Internal: calibration_run.c fills it, calibration_fits.c fits, calibration_print.c
 * prints. */
#ifndef SONOMASK_CALIBRATION_H
#define SONOMASK_CALIBRATION_H

#include "../../src/decision.h"
#include "../../src/net.h"
#include "../../src/outlier.h"
#include "../../src/weights.h"
#include "../metrics/reliability.h"
#include "answers.h"
#include "calibration_run.h"
#include "mask_fit.h"

/** Mean losses on images that the settings were not fitted to, see calibration_check.h. */
typedef struct sm_calibration_compared {
    int images, groups;                   /**< with both values, and their groups (patients or scenes) */
    double before, after, standard_error; /**< the error is that of the difference, see paired.h */
    bool better;
} sm_calibration_compared;

typedef struct sm_calibration {
    const sm_calibration_options *options;
    sm_net net;
    sm_weights_metadata metadata; /**< first as read, then with the fitted settings */
    float *parameters;
    sm_outlier outlier;
    bool knows_outliers;
    sm_decision decision;
    bool has_decision;
    sm_answers answers;
    int threshold; /**< place of the mask threshold in the list of thresholds of sm_outline_trials */
    int fit;       /**< SM_FIT_ flags of what to fit: those of the options, without what the check refused */
    bool quiet;    /**< what cannot be fitted is not named */
    bool checked;
    struct {
        sm_calibration_compared type, answer, power, beyond; /**< without images: not compared */
    } checks;
    int fitted;                   /**< SM_FIT_ flags of what was fitted; the other settings are as they were read */
    sm_reliability before, after; /**< of the type, before and after the temperature */
    sm_mask_choice mask_before, mask_after;
    double power_error_before, power_error_after;
    double presence_loss;             /**< mean log loss of the presence */
    double kept[SM_OPERATING_POINTS]; /**< measured share of lesion images kept */
    int margin_patients;              /**< patients with a found lesion */
    double outliers_beyond;           /**< share of the images, with equal weight per data set */
} sm_calibration;

/** The rule of the settings of `c`, at the default operating point. */
sm_trial_rule sm_calibration_rule(const sm_calibration *c, float type_odds);

/** Fits what c->fit asks for to c->answers, and names on stderr what the images do not allow to fit. Errors:
 * SM_ERROR_MEMORY. */
sm_status sm_calibration_fit(sm_calibration *c, sm_error *error);

/** Prints the settings and the figures as one line of JSON; `size` is that of the weights file. */
void sm_calibration_print(const sm_calibration *c, size_t size);

#endif
