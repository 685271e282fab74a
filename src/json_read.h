/** A cursor over JSON text, with what the header of a weights file and a file of prompts need. */
#ifndef SONOMASK_JSON_READ_H
#define SONOMASK_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>

enum { SM_JSON_MAX_DEPTH = 32 };

typedef struct sm_json_cursor {
    const char *text, *end;
    bool failed;   /**< set at the first unexpected character; every later call fails too */
    bool too_deep; /**< it failed because sm_json_skip found too many nested values */
} sm_json_cursor;

/** Skips white space and consumes `expected` if it comes next. */
bool sm_json_take(sm_json_cursor *cursor, char expected);
/** The same, but sets `failed` when another character comes next. */
void sm_json_expect(sm_json_cursor *cursor, char expected);
/**
 * Reads a string into `text`, with escapes resolved; \u becomes UTF-8 (NUL and single surrogates become '?'). Returns
 * its whole length in bytes; a string of `size` or more bytes is cut off in `text`, which does not set `failed`.
 */
size_t sm_json_read_string(sm_json_cursor *cursor, char *text, size_t size);
/** Reads an integer of at most 15 digits. */
unsigned long long sm_json_read_integer(sm_json_cursor *cursor);
/** Reads a finite number. */
double sm_json_read_number(sm_json_cursor *cursor);
bool sm_json_read_boolean(sm_json_cursor *cursor);
/** Whether nothing but white space is left. */
bool sm_json_at_end(sm_json_cursor *cursor);
/** Skips any value. Values nested more than SM_JSON_MAX_DEPTH deep set `failed` and `too_deep`. */
void sm_json_skip(sm_json_cursor *cursor);

/** Parses a whole text as a finite decimal number ("-1.5", "2e-3"). Returns false for any other text. */
bool sm_parse_number(const char *text, double *value);

#endif
