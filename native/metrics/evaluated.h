/** The predictions for one image and their scores, without pixels. */
#ifndef SONOMASK_EVALUATED_H
#define SONOMASK_EVALUATED_H

#include "../data/dataset.h"
#include "outlines.h"
#include "pixel_uncertainty.h"
#include "pixels.h"
#include "surface_distance.h"

/** At most this many outlines of an image are scored one by one: the largest. */
enum { SM_OUTLINES_SCORED = 4 };

typedef struct sm_evaluated_image {
    const sm_record *record; /**< not owned */
    int width, height;       /**< pixels */
    sm_class predicted;
    double probabilities[SM_CLASS_COUNT];     /**< calibrated */
    double raw_probabilities[SM_CLASS_COUNT]; /**< before the temperature */
    double maximum_probability;               /**< of the lesion map */
    double expected_dice;                     /**< as the model predicts it: see expected_dice.h */
    double outlier_score;                     /**< see sm_result */
    bool looks_like_ultrasound;
    int lesion_count; /**< predicted lesions */
    int outline_count;
    sm_outline_score outlines[SM_OUTLINES_SCORED];
    sm_pixel_uncertainty pixel_uncertainty;
    bool annotated; /**< burned-in calipers or text, by the manifest or found by marks.h */
    sm_pixel_counts pixels;
    sm_binary_scores scores;      /**< of this image's mask at its own resolution */
    sm_surface_distances surface; /**< in pixels of the image */
    double milliseconds;          /**< from decoded image to mask */
} sm_evaluated_image;

/** Whether the reference mask has lesion pixels. */
static inline bool sm_evaluated_has_lesion(const sm_evaluated_image *image) {
    return image->pixels.true_positive + image->pixels.false_negative > 0;
}
/** Whether the predicted mask has lesion pixels. */
static inline bool sm_evaluated_has_mask(const sm_evaluated_image *image) {
    return image->pixels.true_positive + image->pixels.false_positive > 0;
}

#endif
