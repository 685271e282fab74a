/** Whole files in and out, folders, and writing that leaves nothing half-written. Errors name the file and the reason.
 */
#ifndef SONOMASK_FILE_H
#define SONOMASK_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "../src/status.h"

/** Reads a whole file; `*bytes` (one extra NUL after it) is released with free(). Errors: SM_ERROR_IO, _MEMORY. */
sm_status sm_file_read(const char *path, unsigned char **bytes, size_t *size, sm_error *error);
/** Writes to a temporary name in the same folder, flushes, renames over `path`. On failure nothing of it stays. */
sm_status sm_file_write(const char *path, const void *bytes, size_t size, sm_error *error);
/** A text file written piece by piece: open a temporary FILE, print to it, commit (renames) or abandon (removes). */
typedef struct sm_file_writer {
    FILE *file;
    char *path, *temporary;
} sm_file_writer;
sm_status sm_file_writer_open(sm_file_writer *writer, const char *path, sm_error *error);
sm_status sm_file_writer_commit(sm_file_writer *writer, sm_error *error);
void sm_file_writer_abandon(sm_file_writer *writer);
/** Makes a folder and its parents; one that exists is fine; one that cannot be written to is SM_ERROR_IO. */
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
