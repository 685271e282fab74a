/** Numbers for the data sets of a list of records, to count by data set in linear time. */
#ifndef SONOMASK_SOURCES_H
#define SONOMASK_SOURCES_H

#include "dataset.h"

/**
 * Fills numbers[i] with the number of record i's data set: 0 for the first one in the list, then 1, 2, ... Returns how
 * many there are in `*source_count`. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_sources_number(const sm_record *const *records, int count, int *numbers, int *source_count,
                            sm_error *error);

#endif
