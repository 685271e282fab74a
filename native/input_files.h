/** The files that operands of the command line stand for: themselves, or the images below a folder. */
#ifndef SONOMASK_INPUT_FILES_H
#define SONOMASK_INPUT_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "../src/status.h"
#include "command_line.h"

typedef struct sm_input_files {
    char **names; /**< owned, as are the texts */
    int count, capacity;
} sm_input_files;

/**
 * Replaces each folder of `given` by the images below it, folder by folder in the order of their names: PNG, JPEG, BMP
 * and DICOM by extension, and DICOM files without one. Masks (`NAME_mask.png`, `NAME_mask_1.png`), overlays and hidden
 * files are left out. A folder without an image stays as it is. Links to folders are not followed. `files` is released
 * with sm_input_files_free, also after a failure. Errors: SM_ERROR_MEMORY, SM_ERROR_IO.
 */
sm_status sm_input_files_expand(const sm_words *given, sm_input_files *files, sm_error *error);
void sm_input_files_free(sm_input_files *files);

/** Whether these are the first bytes of a DICOM file. */
bool sm_is_dicom(const unsigned char *bytes, size_t size);

#endif
