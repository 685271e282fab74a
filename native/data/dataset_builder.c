#include "dataset_builder.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/status.h"
#include "random.h"

void sm_record_free(sm_record *record) {
    for (int i = 0; i < record->mask_count; i++) free(record->masks[i]);
    free(record->masks);
    free(record->image);
    free(record->source);
    free(record->group);
    free(record->device);
    free(record->problem);
    *record = (sm_record){0};
}

sm_status sm_record_add_mask(sm_record *record, char *mask, sm_error *error) {
    char **masks = mask ? realloc(record->masks, ((size_t)record->mask_count + 1) * sizeof *masks) : NULL;
    if (!masks) {
        free(mask);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for a mask's path");
    }
    record->masks = masks;
    record->masks[record->mask_count++] = mask;
    return SM_OK;
}

sm_status sm_record_set_problem(sm_record *record, const sm_error *reason, sm_error *error) {
    record->problem = strdup(reason->message);
    return record->problem ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory for a record");
}

sm_status sm_dataset_append(sm_dataset_builder *builder, sm_record *record, sm_error *error) {
    sm_dataset *dataset = builder->dataset;
    if (dataset->count == builder->capacity) {
        const int capacity = builder->capacity ? 2 * builder->capacity : 256;
        sm_record *records =
            builder->capacity > INT_MAX / 2 ? NULL : realloc(dataset->records, (size_t)capacity * sizeof *records);
        if (!records) {
            sm_record_free(record);
            return sm_fail(error, SM_ERROR_MEMORY, "no memory for more than %d records", dataset->count);
        }
        dataset->records = records;
        builder->capacity = capacity;
    }
    dataset->records[dataset->count++] = *record;
    *record = (sm_record){0};
    return SM_OK;
}

char *sm_group_name(const char *source, const char *name) {
    const size_t source_length = strlen(source), name_length = strlen(name);
    char *group = malloc(source_length + name_length + 2);
    if (!group) return NULL;
    memcpy(group, source, source_length);
    group[source_length] = ':';
    memcpy(group + source_length + 1, name, name_length + 1);
    return group;
}

int sm_fold_of_text(const char *text) {
    uint64_t hash = 0xCBF29CE484222325u; // FNV-1a, whose low bits alone are not uniform
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 0x100000001B3u;
    return (int)(sm_random_scatter(hash) % SM_FOLD_COUNT);
}

sm_status sm_check_readable(const char *path, sm_error *error) {
    struct stat status;
    const char *reason = NULL;
    if (stat(path, &status) != 0 || (S_ISREG(status.st_mode) && access(path, R_OK) != 0))
        reason = strerror(errno);
    else if (!S_ISREG(status.st_mode)) // opening a named pipe would block
        reason = "not a regular file";
    if (!reason) return SM_OK;
    // Of a long path only the end, so that the reason and a prefix with the line still fit into the message.
    enum { PATH_SHOWN = 250 };
    const size_t length = strlen(path);
    const bool long_path = length > PATH_SHOWN;
    return sm_fail(error, SM_ERROR_DATA, "%s%s: %s", long_path ? "..." : "",
                   path + (long_path ? length - PATH_SHOWN : 0), reason);
}
