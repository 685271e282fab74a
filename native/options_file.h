/** Files of options: NAME = VALUE lines in the INI format, read by libinih when the program was built with it. */
#ifndef SONOMASK_OPTIONS_FILE_H
#define SONOMASK_OPTIONS_FILE_H

#include <stdbool.h>

#include "../src/status.h"

/** A line with a value. Texts belong to the file. */
typedef struct sm_option_entry {
    char *name, *value;
    int line;       /**< from 1 */
    bool continues; /**< the line began with a space: a further value of the option before it */
} sm_option_entry;

typedef struct sm_options_file {
    sm_option_entry *entries; /**< [count], in the order of the file */
    int count;
} sm_options_file;

/**
 * Reads the entries of a file, those before any section and those of [`section`]. The file is released with
 * sm_options_file_free, also after a failure. Errors, whose message names the file and the line: SM_ERROR_ARGUMENT (a
 * line that is not NAME = VALUE or is too long, another section, no value; a program without libinih), _IO, _MEMORY.
 */
sm_status sm_options_file_read(const char *path, const char *section, sm_options_file *file, sm_error *error);
void sm_options_file_free(sm_options_file *file);

#endif
