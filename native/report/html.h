/** A self-contained HTML page: inline style, pictures as data, no script, nothing fetched. */
#ifndef SONOMASK_HTML_H
#define SONOMASK_HTML_H

#include <stddef.h>
#include <stdio.h>

/** Up to and with <main>: style for light and dark, a content security policy that forbids every request. */
void sm_html_begin(FILE *out, const char *title);
void sm_html_end(FILE *out);
/** An <img> with the PNG in it. `alternative` is its text for who cannot see it. */
void sm_html_png(FILE *out, const unsigned char *png, size_t size, const char *alternative);
/** A table that scrolls sideways on its own when the screen is narrow; closed by sm_html_table_end. */
void sm_html_table_begin(FILE *out, const char *caption);
void sm_html_table_end(FILE *out);

#endif
