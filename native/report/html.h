/** A self-contained HTML page: inline style, pictures as data URLs, no scripts, no requests. */
#ifndef SONOMASK_HTML_H
#define SONOMASK_HTML_H

#include <stddef.h>
#include <stdio.h>

/** Everything up to and including <main>: the style for light and dark, and a content security policy that forbids all
 * requests. */
void sm_html_begin(FILE *out, const char *title);
void sm_html_end(FILE *out);
/** An <img> that contains the PNG. `alternative` is its alternative text. */
void sm_html_png(FILE *out, const unsigned char *png, size_t size, const char *alternative);
/** A table that scrolls horizontally on a narrow screen; closed by sm_html_table_end. */
void sm_html_table_begin(FILE *out, const char *caption);
void sm_html_table_end(FILE *out);

#endif
