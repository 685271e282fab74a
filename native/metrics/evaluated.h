/** The predictions for one image and their scores, without pixels. */
#ifndef SONOMASK_EVALUATED_H
#define SONOMASK_EVALUATED_H

#include <math.h>

#include "../data/dataset.h"
#include "measures.h"
#include "outlines.h"
#include "pixel_uncertainty.h"
#include "pixels.h"
#include "surface_distance.h"

/** The simulated corrections of a user: see ../evaluate/corrections.h. The first SM_CORRECTION_CLICKS are those by
 * clicks inside or outside: correction k has k + 1 clicks. */
enum { SM_CORRECTION_CLICKS = 5, SM_CORRECTION_BOX = SM_CORRECTION_CLICKS, SM_CORRECTIONS };

typedef struct sm_evaluated_image {
    const sm_record *record; /**< not owned */
    int width, height;       /**< pixels */
    sm_class predicted;
    double presence;                          /**< probability that the image shows a lesion */
    double probabilities[SM_CLASS_COUNT];     /**< calibrated */
    double raw_probabilities[SM_CLASS_COUNT]; /**< before the temperature */
    double maximum_probability;               /**< of the lesion map */
    double expected_dice;                     /**< as the model predicts it: see expected_dice.h */
    double outlier_score;                     /**< see sm_result */
    bool looks_like_ultrasound;
    int lesion_count; /**< predicted lesions */
    sm_outline_scores outlines;
    sm_measure_pairs measures; /**< the found lesions of images with a reference outline */
    /** At each operating point of the model: there is an outline, counted or possible, whose presence passes the level;
     * an outline counts; a counted outline touches a reference lesion. */
    bool kept_at[SM_OPERATING_POINTS], mask_at[SM_OPERATING_POINTS], found_at[SM_OPERATING_POINTS];
    bool has_points; /**< the model has operating points, and these three are set */
    bool corrected;  /**< corrections were simulated */
    /** Lesion images: Dice after each correction. */
    double corrected_dice[SM_CORRECTIONS];
    bool cleared; /**< normal images with a mask: the outline that one click outside is on is gone after it */
    sm_pixel_uncertainty pixel_uncertainty;
    bool annotated; /**< burned-in calipers or text, by the manifest or found by marks.h */
    /** Without a reference outline, all predicted pixels are in `false_positive`, and the other counts are 0. */
    sm_pixel_counts pixels;
    sm_binary_scores scores;      /**< of this image's mask at its own resolution; NaN without a reference outline */
    sm_surface_distances surface; /**< in pixels of the image */
    double milliseconds;          /**< from decoded image to mask */
} sm_evaluated_image;

/** Whether it is known where the lesions are, so that masks can be scored. */
static inline bool sm_evaluated_outlined(const sm_evaluated_image *image) { return !isnan(image->scores.dice); }
/** Whether the reference mask has lesion pixels. */
static inline bool sm_evaluated_has_lesion(const sm_evaluated_image *image) {
    return image->pixels.true_positive + image->pixels.false_negative > 0;
}
/** Whether the image is known to show a lesion, outlined or not. */
static inline bool sm_evaluated_shows_lesion(const sm_evaluated_image *image) {
    return !sm_class_set_has(image->record->classes, SM_CLASS_NORMAL) || sm_evaluated_has_lesion(image);
}
/** Whether the image is known to show none. */
static inline bool sm_evaluated_normal(const sm_evaluated_image *image) {
    return sm_record_type(image->record) == SM_CLASS_NORMAL;
}
/** Whether the predicted mask has lesion pixels. */
static inline bool sm_evaluated_has_mask(const sm_evaluated_image *image) {
    return image->pixels.true_positive + image->pixels.false_positive > 0;
}

#endif
