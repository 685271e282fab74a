/** What a data set holds: the facts of each image, and what is wrong with the set. */
#ifndef SONOMASK_SURVEY_H
#define SONOMASK_SURVEY_H

#include "../failures.h"
#include "dataset.h"
#include "near_duplicates.h"

typedef struct sm_survey_image {
    const sm_record *record;
    char *problem;           /**< why the image cannot be used; NULL: it can */
    int width, height;       /**< pixels; 0 with a problem */
    double mask_share;       /**< share of the pixels that are lesion */
    sm_thumbnail *thumbnail; /**< NULL with a problem */
    sm_sample tile;          /**< for the contact sheet: the longer side has tile_size pixels; empty with a problem */
} sm_survey_image;

/** A group (a patient or scene) that is in several folds. */
typedef struct sm_split_group {
    const char *group;
    int first_fold, second_fold; /**< two of its folds */
} sm_split_group;

typedef struct sm_survey {
    sm_survey_image *images; /**< [count], in the order of the data set; without excluded ones */
    int count;
    int excluded;           /**< images that the data set itself excludes */
    int broken;             /**< images with a problem */
    sm_split_group *splits; /**< [split_count] */
    int split_count;
    sm_near_pair *pairs; /**< [pair_count]: places in `images` */
    int pair_count;
} sm_survey;

/**
 * Reads every image and mask and compares all images. `tile_size` (pixels) 0: no tiles. `dataset` must outlive the
 * survey. Shows progress on stderr. An image that cannot be read is no error, but has its `problem`. Errors:
 * SM_ERROR_MEMORY.
 */
sm_status sm_survey_make(const sm_dataset *dataset, int tile_size, const sm_parallel *parallel, sm_survey *survey,
                         sm_error *error);
void sm_survey_free(sm_survey *survey);

/** Whether the pair would put nearly the same picture into training and validation. */
bool sm_survey_pair_crosses_folds(const sm_survey *survey, const sm_near_pair *pair);

#endif
