/** All scores of a set of images; the metrics have bootstrap intervals. */
#ifndef SONOMASK_SCORES_H
#define SONOMASK_SCORES_H

#include "bootstrap.h"
#include "classes.h"
#include "evaluated.h"
#include "reliability.h"
#include "roc.h"

/**
 * Lesion images are those whose reference mask has pixels; normal images are those of class normal. Masks are scored on
 * images with a reference outline, types on images of known type, presence on images that are known to show a lesion or
 * none.
 */
typedef enum sm_metric {
    SM_METRIC_LESION_DICE, /**< mean over lesion images, at each image's own resolution */
    SM_METRIC_LESION_DICE_MEDIAN,
    SM_METRIC_BENIGN_DICE,    /**< mean over benign lesion images */
    SM_METRIC_MALIGNANT_DICE, /**< mean over malignant lesion images */
    SM_METRIC_LESION_IOU,     /**< mean over lesion images */
    SM_METRIC_MISSED,         /**< share of lesion images with Dice 0 */
    SM_METRIC_HALF_FOUND,     /**< share of lesion images with Dice of at least 0.5 */
    SM_METRIC_SURFACE_DICE,   /**< mean over lesion images, tolerance SM_SURFACE_TOLERANCE */
    SM_METRIC_HD95,           /**< pixels; mean over lesion images with a predicted mask */
    SM_METRIC_HD95_MEDIAN,    /**< pixels */
    SM_METRIC_FALSE_MASK,     /**< share of normal images with any predicted pixel */
    SM_METRIC_ACCURACY,       /**< three classes */
    SM_METRIC_BALANCED_ACCURACY,
    SM_METRIC_MACRO_F1,
    SM_METRIC_MCC,
    SM_METRIC_AUC_MALIGNANT_BENIGN, /**< P(malignant), over benign and malignant images */
    SM_METRIC_AUC_MALIGNANT_REST,   /**< P(malignant), over all images */
    SM_METRIC_AUC_LESION_NORMAL,    /**< 1 - P(normal) */
    SM_METRIC_AUC_PRESENCE,         /**< presence, lesion against none */
    SM_METRIC_ECE,                  /**< of the calibrated probabilities */
    SM_METRIC_PRESENCE_ECE,         /**< of the presence, lesion against none */
    SM_METRIC_BRIER,
    SM_METRIC_EXPECTED_SPEARMAN, /**< this and the next three: see uncertainty.h */
    SM_METRIC_EXPECTED_AUROC,
    SM_METRIC_RISK_COVERAGE,
    SM_METRIC_EXPECTED_BIAS,
    SM_METRIC_OUTLINE_AUROC, /**< of an outline's expected Dice for separating failed outlines */
    SM_METRIC_PIXEL_AUROC,   /**< this and the next: see pixel_uncertainty.h; means over images where they exist */
    SM_METRIC_WRONG_IN_UNCERTAIN,
    SM_METRIC_FLAGGED, /**< share of images flagged as out-of-distribution; NaN when the model has no statistics for it
                        */
    SM_METRIC_FALSE_MASK_80, /**< this and the next two: SM_METRIC_FALSE_MASK at the operating points of the model */
    SM_METRIC_FALSE_MASK_90,
    SM_METRIC_FALSE_MASK_95,
    SM_METRIC_MISSED_80, /**< and SM_METRIC_MISSED: no counted outline touches a lesion */
    SM_METRIC_MISSED_90,
    SM_METRIC_MISSED_95,
    SM_METRIC_KEPT_80, /**< share of the images that show a lesion, outlined or not, in which any outline counts */
    SM_METRIC_KEPT_90,
    SM_METRIC_KEPT_95,
    SM_METRIC_MARGIN_COVERAGE, /**< share of the patients with a found lesion whose found lesions all lie within their
                                    outlines grown by the margin */
    SM_METRIC_MARGIN_PIXELS,   /**< mean over the outlines that touch a lesion */
    SM_METRIC_MARGIN_SHARE,    /**< margin / long axis of the outline; mean over the same outlines */
    SM_METRIC_DICE_1_CLICK,    /**< mean over lesion images after simulated corrections: see clicks.h */
    SM_METRIC_DICE_2_CLICKS,
    SM_METRIC_DICE_3_CLICKS,
    SM_METRIC_DICE_5_CLICKS,
    SM_METRIC_DICE_BOX,
    SM_METRIC_MISSED_1_CLICK, /**< share of lesion images with Dice 0 after one click */
    SM_METRIC_CLEARED,        /**< share of the normal images with a mask in which one click outside removes it */
    SM_METRIC_LONG_AXIS_ICC,  /**< this and the next: agreement between outlines of the network and of the expert, over
                                   found lesions; see measures.h */
    SM_METRIC_SHAPE_KAPPA,
    SM_METRIC_ORIENTATION_KAPPA,
    SM_METRIC_MARGIN_KAPPA,
    SM_METRIC_WORDS_KAPPA, /**< mean of the three */
    SM_METRIC_COUNT
} sm_metric;

typedef enum sm_metric_unit { SM_UNIT_SCORE, SM_UNIT_SHARE, SM_UNIT_PIXELS } sm_metric_unit;

typedef struct sm_metric_info {
    const char *key;   /**< in JSON, for example "lesion_dice" */
    const char *title; /**< for the report */
    sm_metric_unit unit;
} sm_metric_info;

extern const sm_metric_info sm_metrics[SM_METRIC_COUNT];

typedef struct sm_score_set {
    int images, lesion_images, normal_images, groups;
    int typed_images,
        outlined_images; /**< images of known type; images with a reference outline (or known to be normal) */
    double metric[SM_METRIC_COUNT]; /**< NaN when no image determines it */
    sm_interval interval[SM_METRIC_COUNT];
    sm_confusion confusion;
    sm_classification_report types;
    sm_reliability calibrated, uncalibrated; /**< of the type, after and before the temperature */
    sm_reliability presence;                 /**< of lesion against none */
    sm_pixel_counts pixels;                  /**< of all outlined images together */
    sm_binary_scores pixelwise;              /**< from `pixels` */
    sm_binary_scores imagewise;              /**< mean over outlined images */
    sm_binary_scores imagewise_lesions;      /**< mean over lesion images */
    int measured_lesions;                    /**< found lesions, of SM_METRIC_LONG_AXIS_ICC and the kappas */
    double milliseconds;                     /**< mean per image */
} sm_score_set;

enum { SM_BOOTSTRAP_REPLICATES = 1000 };

/**
 * Scores `count` images. `seed` is that of the bootstrap; the same images and seed give the same scores. Without
 * images the metrics are NaN. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_score_set_of(const sm_evaluated_image *const *images, int count, uint64_t seed, sm_score_set *scores,
                          sm_error *error);

/** The binary decisions with an ROC curve. */
typedef enum sm_roc_question {
    SM_ROC_MALIGNANT_BENIGN,
    SM_ROC_MALIGNANT_REST,
    SM_ROC_LESION_NORMAL,
    SM_ROC_PRESENCE,
    SM_ROC_QUESTION_COUNT
} sm_roc_question;

/** The sorted cases of one decision; `cases` has room for `count`. Returns their number. */
int sm_roc_cases(const sm_evaluated_image *const *images, int count, sm_roc_question question, sm_roc_case *cases);

#endif
