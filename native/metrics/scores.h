/** All scores of a set of images, with group-bootstrap intervals for the main figures. */
#ifndef SONOMASK_SCORES_H
#define SONOMASK_SCORES_H

#include "bootstrap.h"
#include "classes.h"
#include "evaluated.h"
#include "reliability.h"
#include "roc.h"

/** The main figures; each has an interval. "Lesion images" are those whose true mask has pixels. */
typedef enum sm_figure {
    SM_FIGURE_LESION_DICE, /**< mean over lesion images, at each image's own resolution */
    SM_FIGURE_LESION_DICE_MEDIAN,
    SM_FIGURE_BENIGN_DICE,    /**< mean over benign lesion images */
    SM_FIGURE_MALIGNANT_DICE, /**< mean over malignant lesion images */
    SM_FIGURE_LESION_IOU,     /**< mean over lesion images */
    SM_FIGURE_MISSED,         /**< share of lesion images with Dice 0 */
    SM_FIGURE_HALF_FOUND,     /**< share of lesion images with Dice of at least 0.5 */
    SM_FIGURE_SURFACE_DICE,   /**< mean over lesion images, tolerance SM_SURFACE_TOLERANCE */
    SM_FIGURE_HD95,           /**< pixels; mean over lesion images with a predicted mask */
    SM_FIGURE_HD95_MEDIAN,    /**< pixels */
    SM_FIGURE_FALSE_MASK,     /**< share of normal images with any predicted pixel */
    SM_FIGURE_ACCURACY,       /**< three classes */
    SM_FIGURE_BALANCED_ACCURACY,
    SM_FIGURE_MACRO_F1,
    SM_FIGURE_MCC,
    SM_FIGURE_AUC_MALIGNANT_BENIGN, /**< P(malignant), over benign and malignant images */
    SM_FIGURE_AUC_MALIGNANT_REST,   /**< P(malignant), over all images */
    SM_FIGURE_AUC_LESION_NORMAL,    /**< 1 - P(normal), over all images */
    SM_FIGURE_ECE,                  /**< of the calibrated probabilities */
    SM_FIGURE_BRIER,
    SM_FIGURE_EXPECTED_SPEARMAN, /**< see uncertainty.h for these four */
    SM_FIGURE_EXPECTED_AUROC,
    SM_FIGURE_RISK_COVERAGE,
    SM_FIGURE_EXPECTED_BIAS,
    SM_FIGURE_OUTLINE_AUROC, /**< of an outline's own expected Dice, for outlines that fail: see sm_outline_score */
    SM_FIGURE_PIXEL_AUROC,   /**< see pixel_uncertainty.h for these two; means over images with some wrong pixel */
    SM_FIGURE_WRONG_IN_DOUBTFUL,
    SM_FIGURE_FLAGGED, /**< share of images that do not look like ultrasound to the model; NaN when it cannot tell */
    SM_FIGURE_COUNT
} sm_figure;

typedef enum sm_figure_unit { SM_UNIT_SCORE, SM_UNIT_SHARE, SM_UNIT_PIXELS } sm_figure_unit;

typedef struct sm_figure_info {
    const char *key;   /**< in JSON, for example "lesion_dice" */
    const char *title; /**< for people */
    sm_figure_unit unit;
} sm_figure_info;

extern const sm_figure_info sm_figures[SM_FIGURE_COUNT];

typedef struct sm_score_set {
    int images, lesion_images, normal_images, groups; /**< normal images: those of class normal */
    double figure[SM_FIGURE_COUNT];                   /**< NaN where no image decides it */
    sm_interval interval[SM_FIGURE_COUNT];
    sm_confusion confusion;
    sm_classification_report types;
    sm_reliability calibrated, uncalibrated; /**< after and before the temperature */
    sm_pixel_counts pixels;                  /**< of all images together */
    sm_binary_scores pixelwise;              /**< from `pixels` */
    sm_binary_scores imagewise;              /**< mean over images */
    sm_binary_scores imagewise_lesions;      /**< mean over lesion images */
    double milliseconds;                     /**< mean an image */
} sm_score_set;

enum { SM_BOOTSTRAP_REPLICATES = 1000 };

/**
 * Scores `count` images. `seed` draws the bootstrap; the same images and seed give the same figures. No image at all
 * gives NaN figures. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_score_set_of(const sm_evaluated_image *const *images, int count, uint64_t seed, sm_score_set *scores,
                          sm_error *error);

/** The three questions that ROC curves are drawn for. */
typedef enum sm_roc_question {
    SM_ROC_MALIGNANT_BENIGN,
    SM_ROC_MALIGNANT_REST,
    SM_ROC_LESION_NORMAL,
    SM_ROC_QUESTION_COUNT
} sm_roc_question;

/** Sorted cases of one question; `cases` has room for `count`. Returns how many there are. */
int sm_roc_cases(const sm_evaluated_image *const *images, int count, sm_roc_question question, sm_roc_case *cases);

#endif
