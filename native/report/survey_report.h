/** A survey as text and as JSON. */
#ifndef SONOMASK_SURVEY_REPORT_H
#define SONOMASK_SURVEY_REPORT_H

#include <stdio.h>

#include "survey_counts.h"

/** What a survey is of. */
typedef struct sm_survey_report {
    const sm_dataset *dataset;
    const sm_survey *survey;
    sm_survey_counts counts;
    sm_survey_sizes sizes;
    const sm_failures *faults; /**< rows that could not be read */
    int sheets;                /**< contact sheets that were written */
} sm_survey_report;

/** Prints tables and, by name, everything that is wrong. */
void sm_survey_print_text(const sm_survey_report *report, FILE *file);
/** Prints one JSON object on one line. */
void sm_survey_print_json(const sm_survey_report *report, FILE *file);

/** Number of images that are in the set with an empty mask although a lesion is said to be in them, or with a mask
 * although they are said to be normal. */
int sm_survey_count_doubtful(const sm_survey *survey);

#endif
