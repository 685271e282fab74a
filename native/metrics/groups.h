/** Numbers for the groups (patients or scenes) of a list of records. */
#ifndef SONOMASK_GROUPS_H
#define SONOMASK_GROUPS_H

#include "../data/dataset.h"

/**
 * Fills numbers[i], 0 .. *group_count - 1, with the number of record i's group, in the order of the groups' names.
 * Errors: SM_ERROR_MEMORY.
 */
sm_status sm_groups_number(const sm_record *const *records, int count, int *numbers, int *group_count, sm_error *error);

#endif
