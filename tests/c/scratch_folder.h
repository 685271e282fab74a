/** A temporary folder for tests, and functions that fill it. A function that fails ends the test. */
#ifndef SONOMASK_TEST_SCRATCH_FOLDER_H
#define SONOMASK_TEST_SCRATCH_FOLDER_H

#include <stddef.h>
#include <stdint.h>

/** Makes one in $TMPDIR or /tmp; released by scratch_remove. */
char *scratch_make(void);
/** Removes the folder with its contents, and frees the name. */
void scratch_remove(char *folder);
/** The folder of a test program: these two are the setup and teardown of its group. *state is the folder, too. */
extern char *scratch_root;
int scratch_setup(void **state);
int scratch_teardown(void **state);
/** "folder/name", valid until scratch_remove. */
const char *scratch_path(const char *folder, const char *name);
/** Makes folder/name with its parents. */
void scratch_folder(const char *folder, const char *name);
/** Writes a file; its folders are made as well. */
void scratch_write(const char *folder, const char *name, const void *bytes, size_t size);
void scratch_text(const char *folder, const char *name, const char *text);
/** Writes a grey PNG, [height][width]; with NULL an image of zeros. */
void scratch_png(const char *folder, const char *name, int width, int height, const uint8_t *pixels);

/** Sends stderr to a file in `folder` until scratch_stderr_end, which returns what was written (from malloc). */
void scratch_stderr_begin(const char *folder);
char *scratch_stderr_end(const char *folder);

#endif
