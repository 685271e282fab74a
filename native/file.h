/**
 * Whole files in and out, folders, and writing that leaves nothing half-written. Messages name the file and the reason.
 */
#ifndef SONOMASK_FILE_H
#define SONOMASK_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "../src/status.h"

/** Reads a whole file; `*bytes` (one extra NUL after it) is released with free(). Errors: SM_ERROR_IO, _MEMORY. */
sm_status sm_file_read(const char *path, unsigned char **bytes, size_t *size, sm_error *error);

/** The most bytes that a recogniser is given. */
enum { SM_FILE_HEAD_SIZE = 65536 };
/** Whether the first bytes of a file show that sonomask wrote it; see own_files.h. */
typedef bool sm_file_recogniser(const unsigned char *head, size_t size);

typedef struct sm_file_options {
    /** An existing file is replaced only when this accepts it, a link never. NULL: any regular file, and any link. */
    sm_file_recogniser *recognise;
    bool durable; /**< flush the content to the disk before the rename, for files that a power cut must not lose */
} sm_file_options;

/**
 * Writes to a temporary name in the same folder and renames that to `path`. On failure, and when the program is ended
 * by a signal (interrupt.h), nothing of it stays. `options` may be NULL. Errors: SM_ERROR_IO, _MEMORY.
 */
sm_status sm_file_write_as(const char *path, const void *bytes, size_t size, const sm_file_options *options,
                           sm_error *error);
/** sm_file_write_as with options of zero. */
sm_status sm_file_write(const char *path, const void *bytes, size_t size, sm_error *error);
/** The same piece by piece: open a temporary FILE, print to it, commit (renames) or abandon (removes). */
typedef struct sm_file_writer {
    FILE *file;
    char *path, *temporary;
    sm_file_options options;
} sm_file_writer;
sm_status sm_file_writer_open_as(sm_file_writer *writer, const char *path, const sm_file_options *options,
                                 sm_error *error);
sm_status sm_file_writer_open(sm_file_writer *writer, const char *path, sm_error *error);
sm_status sm_file_writer_commit(sm_file_writer *writer, sm_error *error);
void sm_file_writer_abandon(sm_file_writer *writer);
/**
 * Fails with SM_ERROR_IO, as a write with `recognise` (may be NULL) would, when `path` exists and must not be replaced:
 * for a check before a long computation.
 */
sm_status sm_file_check_replaceable(const char *path, sm_file_recogniser *recognise, sm_error *error);
/** Removes the temporary files of all open writers. For signal handlers. */
void sm_file_remove_temporaries(void);
/** Makes a folder and its parents. An existing folder is no error; one that cannot be written to is SM_ERROR_IO. */
sm_status sm_folder_make(const char *path, sm_error *error);
bool sm_folder_exists(const char *path);
/** "folder/name", from malloc; NULL without memory. */
char *sm_path_join(const char *folder, const char *name);
/** The name without folders and without its last extension, from malloc. */
char *sm_path_stem(const char *path);
/** The weights used when --model is absent: $SONOMASK_MODEL, else weights/ or share/sonomask/sonomask.safetensors in
 * the parent folder of the program's folder, else weights/sonomask.safetensors in the working folder. From malloc; NULL
 * without memory. */
char *sm_default_model_path(void);

#endif
