#include "groups.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/status.h"

typedef struct group_name {
    const char *name;
    int item;
} group_name;

static int by_name(const void *first, const void *second) {
    const group_name *a = first;
    const group_name *b = second;
    const int order = strcmp(a->name, b->name);
    return order != 0 ? order : a->item < b->item ? -1 : a->item > b->item;
}

sm_status sm_groups_number(const sm_record *const *records, int count, int *numbers, int *group_count,
                           sm_error *error) {
    *group_count = 0;
    if (count < 1) return SM_OK;
    group_name *names = malloc((size_t)count * sizeof *names);
    if (!names) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the groups of %d images", count);
    for (int i = 0; i < count; i++) names[i] = (group_name){records[i]->group ? records[i]->group : "", i};
    qsort(names, (size_t)count, sizeof *names, by_name);
    for (int i = 0; i < count; i++) {
        if (i == 0 || strcmp(names[i].name, names[i - 1].name) != 0) (*group_count)++;
        numbers[names[i].item] = *group_count - 1;
    }
    free(names);
    return SM_OK;
}
