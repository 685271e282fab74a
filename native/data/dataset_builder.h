/** What the readers of manifests and folders share: adding checked records to a growing data set. */
#ifndef SONOMASK_DATASET_BUILDER_H
#define SONOMASK_DATASET_BUILDER_H

#include "dataset.h"

enum { SM_FOLD_COUNT = 5 };

typedef struct sm_dataset_builder {
    sm_dataset *dataset;
    int capacity;
    const char *source; /**< name of the data set being read: the prefix of its groups */
} sm_dataset_builder;

/** Appends a record, which then belongs to the data set also when this fails. Errors: SM_ERROR_MEMORY. */
sm_status sm_dataset_append(sm_dataset_builder *builder, sm_record *record, sm_error *error);

/** Releases what a record holds and zeroes it. */
void sm_record_free(sm_record *record);

/** Adds a mask path (which then belongs to the record also when this fails). Errors: SM_ERROR_MEMORY. */
sm_status sm_record_add_mask(sm_record *record, char *mask, sm_error *error);

/** Keeps why a record cannot be used, so that the others can. Errors: SM_ERROR_MEMORY. */
sm_status sm_record_set_problem(sm_record *record, const sm_error *reason, sm_error *error);

/** "source:name", from malloc; NULL without memory. */
char *sm_group_name(const char *source, const char *name);

/** A fold 0..4 that depends on the text alone, so that it stays when images are added. */
int sm_fold_of_text(const char *text);

/** SM_ERROR_DATA naming the file unless it is a regular file that can be read. */
sm_status sm_check_readable(const char *path, sm_error *error);

/** Reads a manifest. Errors: SM_ERROR_IO, SM_ERROR_DATA (naming file and line), SM_ERROR_MEMORY. */
sm_status sm_manifest_load(const char *path, sm_dataset_builder *builder, sm_error *error);

/** Reads a folder in the published BUSI layout. Errors: as above, naming the file. */
sm_status sm_busi_folder_load(const char *folder, sm_dataset_builder *builder, sm_error *error);

/** Whether the folder holds benign/, malignant/ or normal/. */
bool sm_busi_folder_recognise(const char *folder);

#endif
