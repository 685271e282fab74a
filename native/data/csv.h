/** Rows of a comma-separated file (RFC 4180), with the line each begins on. */
#ifndef SONOMASK_CSV_H
#define SONOMASK_CSV_H

#include <stddef.h>

#include "../../src/status.h"

/** A reader over text that it unquotes in place. Zero-initialise, then set `text`, `size`. */
typedef struct sm_csv {
    char *text; /**< `size` bytes and one more that may be overwritten; belongs to the caller */
    size_t size, position;
    int line;      /**< lines begun so far */
    int row_line;  /**< the line on which the current row begins, from 1 */
    char **fields; /**< of the current row, NUL-terminated; valid as long as `text` */
    int field_count, field_capacity;
} sm_csv;

/**
 * Goes to the next row that is not blank. Fields may be quoted, with "" for a quote, and then hold commas and line
 * breaks; lines end with LF, CRLF or CR; a byte-order mark at the start is skipped. At the end `field_count` is 0.
 * Errors: SM_ERROR_DATA (a quote that is not closed, text after a closing quote, a NUL byte), SM_ERROR_MEMORY.
 */
sm_status sm_csv_next(sm_csv *csv, sm_error *error);

/** Releases the list of fields (not the text). */
void sm_csv_free(sm_csv *csv);

#endif
