/** Checks of text that the program writes: markup, JSON, counts of a part. A failed check fails the test. */
#ifndef SONOMASK_TEST_CHECK_TEXT_H
#define SONOMASK_TEST_CHECK_TEXT_H

/** A whole text file without NUL bytes; released with free(). */
char *text_read(const char *path);
/** The metrics.json of an evaluation without its times, which differ from run to run; released with free(). */
char *text_metrics_without_times(const char *path);
/** How often `part` occurs in `text`. */
int text_count(const char *text, const char *part);

/**
 * HTML or XML: elements are closed in the right order, '<' only starts tags, '&' only starts references, and no number
 * is NaN or infinite. Returns the number of tags.
 */
int check_markup(const char *text);
/** JSON without NaN or infinity. */
void check_json(const char *text);

#endif
