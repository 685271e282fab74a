/** Reads the rows of a comma-separated file (RFC 4180). */
#ifndef SONOMASK_CSV_H
#define SONOMASK_CSV_H

#include <stddef.h>

#include "../../src/status.h"

/** A reader that unquotes the text in place. Zero-initialise it, then set `text` and `size`. */
typedef struct sm_csv {
    char *text; /**< `size` bytes and one more, which is overwritten; owned by the caller */
    size_t size, position;
    int line;      /**< lines begun so far */
    int row_line;  /**< the line on which the current row begins, from 1 */
    char **fields; /**< of the current row, NUL-terminated; they point into `text` */
    int field_count, field_capacity;
} sm_csv;

/**
 * Reads the next row that is not blank; at the end of the text `field_count` is 0. A quoted field may hold commas, line
 * breaks, and "" for a quote. Lines end with LF, CRLF or CR. A byte-order mark at the start is skipped. Errors:
 * SM_ERROR_DATA (a quote that is not closed, text after a closing quote, a NUL byte, too many fields), SM_ERROR_MEMORY.
 */
sm_status sm_csv_next(sm_csv *csv, sm_error *error);

/** Releases the list of fields (not the text). */
void sm_csv_free(sm_csv *csv);

#endif
