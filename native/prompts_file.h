/** Files of clicks and boxes: JSON Lines, one object per image. */
#ifndef SONOMASK_PROMPTS_FILE_H
#define SONOMASK_PROMPTS_FILE_H

#include "../src/sonomask.h"

/** One line: {"file": TEXT, "clicks": [{"x": NUMBER, "y": NUMBER, "inside": BOOLEAN}], "box": {"x", "y", "width",
 * "height"}}. Clicks and box may be missing. */
typedef struct sm_prompts_line {
    char *file;
    int number;       /**< of the line, from 1 */
    sm_click *clicks; /**< [click_count]; NULL when there are none */
    int click_count;
    bool has_box;
    sm_box box;
} sm_prompts_line;

/** Zero-initialise; released by sm_prompts_file_free. */
typedef struct sm_prompts_file {
    sm_prompts_line *lines; /**< [count]; empty lines are left out */
    int count;
} sm_prompts_file;

/**
 * Reads the contents of a file. Coordinates are finite, a box has an area, and there are at most SM_CLICKS_MAX clicks;
 * what depends on the image is left to sm_refine. Errors: SM_ERROR_DATA with the number of the line, SM_ERROR_MEMORY;
 * then `file` is empty.
 */
sm_status sm_prompts_file_parse(const char *text, size_t size, sm_prompts_file *file, sm_error *error);

/** The same from a path, which precedes the message. Errors: SM_ERROR_IO, too. */
sm_status sm_prompts_file_read(const char *path, sm_prompts_file *file, sm_error *error);

/**
 * Finds the image of each line: `line_of` ([image_count]) is the line of each image, or NULL. A line is for the image
 * whose path it holds, else for the only image whose path ends with that of the line or the other way round, in whole
 * folders and without "./" and "../" at the start: x.png fits a/x.png, but b/x.png does not. Errors: SM_ERROR_DATA (a
 * line without an image, or for several, or two for one image), SM_ERROR_MEMORY.
 */
sm_status sm_prompts_file_assign(const sm_prompts_file *file, const char *const *images, int image_count,
                                 const sm_prompts_line **line_of, sm_error *error);

void sm_prompts_file_free(sm_prompts_file *file);

#endif
