/** Building a data set record by record, for the readers of manifests and folders. */
#ifndef SONOMASK_DATASET_BUILDER_H
#define SONOMASK_DATASET_BUILDER_H

#include "dataset.h"

enum { SM_FOLD_COUNT = 5 };

typedef struct sm_dataset_builder {
    sm_dataset *dataset;
    int capacity;
    const char *source;  /**< name of the data set that is read, used as prefix of the groups */
    sm_failures *faults; /**< receives the rows of a manifest that cannot be read; NULL: the first one is an error */
} sm_dataset_builder;

/** Moves a record into the data set; on failure the record is released. Errors: SM_ERROR_MEMORY. */
sm_status sm_dataset_append(sm_dataset_builder *builder, sm_record *record, sm_error *error);

/** Releases the contents of a record and zeroes it. */
void sm_record_free(sm_record *record);

/** Moves a path from malloc into the record; on failure it is freed. NULL counts as short memory. Errors:
 *  SM_ERROR_MEMORY. */
sm_status sm_record_add_mask(sm_record *record, char *mask, sm_error *error);

/** Stores the reason why a record cannot be used. Errors: SM_ERROR_MEMORY. */
sm_status sm_record_set_problem(sm_record *record, const sm_error *reason, sm_error *error);

/** "source:name", from malloc; NULL when memory is short. */
char *sm_group_name(const char *source, const char *name);

/** A cross-validation fold 0..4 that depends on the text alone, so that it stays the same when images are added. */
int sm_fold_of_text(const char *text);

/** SM_ERROR_DATA, with the path in the message, unless `path` is a regular file that can be read. */
sm_status sm_check_readable(const char *path, sm_error *error);

/** Reads a manifest. Errors: SM_ERROR_IO, SM_ERROR_DATA (the message has file and line), SM_ERROR_MEMORY. */
sm_status sm_manifest_load(const char *path, sm_dataset_builder *builder, sm_error *error);

/** Reads a folder in the published BUSI layout. Errors: SM_ERROR_IO, SM_ERROR_DATA (the message has the path),
 *  SM_ERROR_MEMORY. */
sm_status sm_busi_folder_load(const char *folder, sm_dataset_builder *builder, sm_error *error);

/** Whether the folder has an entry benign, malignant or normal. */
bool sm_busi_folder_recognise(const char *folder);

#endif
