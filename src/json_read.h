/** A cursor over JSON text, just enough for the header of a weights file. */
#ifndef SONOMASK_JSON_READ_H
#define SONOMASK_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>

typedef struct sm_json_cursor {
    const char *text, *end;
    bool failed; /**< set at the first thing that is not as expected; everything after it fails too */
} sm_json_cursor;

/** Skips white space and takes `expected` if it comes next. */
bool sm_json_take(sm_json_cursor *cursor, char expected);
/** The same, but its absence is a failure. */
void sm_json_expect(sm_json_cursor *cursor, char expected);
/** Reads a string into `text` (escapes resolved, \u above 127 as '?'); a longer one is cut off, which is no failure. */
void sm_json_read_string(sm_json_cursor *cursor, char *text, size_t size);
/** Reads an integer, 0 .. 2^53. */
unsigned long long sm_json_read_integer(sm_json_cursor *cursor);
/** Skips any value. */
void sm_json_skip(sm_json_cursor *cursor);

/** Parses a whole text as a decimal number ("-1.5", "2e-3"); false when it is none. */
bool sm_parse_number(const char *text, double *value);

#endif
