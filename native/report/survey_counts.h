/** Counts of a survey by source, fold and class, and the distribution of its sizes. */
#ifndef SONOMASK_SURVEY_COUNTS_H
#define SONOMASK_SURVEY_COUNTS_H

#include "../data/survey.h"

/** Classes, then lesions of unknown type, then images of which nothing is known. */
enum { SM_SURVEY_KINDS = SM_CLASS_COUNT + 2 };
extern const char *const sm_survey_kind_names[SM_SURVEY_KINDS];

/** The usable images of one fold of one source. */
typedef struct sm_survey_cell {
    const char *source;
    int fold;
    int kinds[SM_SURVEY_KINDS];
    int images, outlined; /**< `outlined`: it is known where the lesion is */
} sm_survey_cell;

typedef struct sm_survey_counts {
    sm_survey_cell *cells; /**< [cell_count], by source in the order of the data set, then by fold */
    int cell_count;
} sm_survey_counts;

/** Errors: SM_ERROR_MEMORY. */
sm_status sm_survey_count(const sm_survey *survey, sm_survey_counts *counts, sm_error *error);
void sm_survey_counts_free(sm_survey_counts *counts);

/** Quantiles 0, 0.05, 0.5, 0.95 and 1. */
enum { SM_SURVEY_QUANTILES = 5 };
extern const char *const sm_survey_quantile_names[SM_SURVEY_QUANTILES];

typedef struct sm_survey_sizes {
    double width[SM_SURVEY_QUANTILES], height[SM_SURVEY_QUANTILES]; /**< pixels, of all usable images */
    double mask_share[SM_SURVEY_QUANTILES];                         /**< of the images with a mask that is not empty */
    int images, masks;                                              /**< 0: the quantiles are not set */
} sm_survey_sizes;

/** Errors: SM_ERROR_MEMORY. */
sm_status sm_survey_measure(const sm_survey *survey, sm_survey_sizes *sizes, sm_error *error);

/** What is doubtful about an image: "its mask is empty" (though it is said to have a lesion), "it is normal, but has a
 * mask"; NULL: nothing. */
const char *sm_survey_doubt(const sm_survey_image *image);

#endif
