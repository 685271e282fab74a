/** The output files of `predict`: FOLDER/NAME_mask.png and FOLDER/NAME_overlay.png, NAME being that of the image
 * without its extension. */
#ifndef SONOMASK_PREDICT_FILES_H
#define SONOMASK_PREDICT_FILES_H

#include "../src/sonomask.h"
#include "command_line.h"

typedef struct sm_predict_folder {
    const char *path;
    bool overlay;   /**< write overlays, too */
    bool overwrite; /**< replace also files that sonomask did not write */
} sm_predict_folder;

/** For each file the index of the first one with the same NAME, which would write the same outputs; `name_of` is
 * [files->count]. Errors: SM_ERROR_MEMORY. */
sm_status sm_predict_same_names(const sm_words *files, int *name_of, sm_error *error);

/** Checks that the outputs of an image may be written. Comes before the image is processed, so that no overlay is
 * written when the mask is refused. Errors: SM_ERROR_IO, SM_ERROR_MEMORY. */
sm_status sm_predict_check(const sm_predict_folder *folder, const char *file, sm_error *error);

/** Writes the outputs of an image. Errors: SM_ERROR_IO, SM_ERROR_MEMORY. */
sm_status sm_predict_write(const sm_predict_folder *folder, const char *file, const sm_image *image,
                           const sm_prompts *prompts, const sm_result *result, sm_error *error);

#endif
