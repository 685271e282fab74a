/** Levels of the presence that keep given shares of the images with a lesion. */
#ifndef SONOMASK_OPERATING_POINT_FIT_H
#define SONOMASK_OPERATING_POINT_FIT_H

#include "../../src/status.h"

/** An image with a lesion. */
typedef struct sm_kept_case {
    double presence; /**< the largest of its outlines; below 0 without an outline */
    double weight;   /**< for the level; more than 0 */
    int group;       /**< 0 .. group_count - 1: the patient or scene */
    int source;      /**< 0 .. group_count - 1: the data set */
} sm_kept_case;

/**
 * The highest level at which the weighted share of images with presence >= level is at least `kept`. 0 when so many
 * images have no outline that no level reaches it, or without images. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_presence_level(const sm_kept_case *cases, int count, double kept, double *level, sm_error *error);

/** The weighted share of images with presence >= level (and 0 or more); NaN without images. */
double sm_kept_share(const sm_kept_case *cases, int count, double level);

/**
 * Upper 95 % bound on the share of images in which no outline counts. Images of a patient depend on each other, so
 * patients are counted: one is missed when no outline counts in at least one of his or her images. That share is not
 * below the share of missed images in which every patient counts the same. All data sets have equal weight; the bound
 * is that of Clopper and Pearson at the effective number of patients (Kish: square of the summed weights over the sum
 * of their squares), see sm_proportion_upper. 1 without images. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_missed_bound(const sm_kept_case *cases, int count, int group_count, double level, double *bound,
                          sm_error *error);

#endif
