#include "csv.h"

#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAXIMUM = 100000 };

static sm_status push_field(sm_csv *csv, char *field, sm_error *error) {
    if (csv->field_count >= FIELDS_MAXIMUM)
        return sm_fail(error, SM_ERROR_DATA, "line %d: more than %d fields", csv->row_line, (int)FIELDS_MAXIMUM);
    if (csv->field_count == csv->field_capacity) {
        const int capacity = csv->field_capacity ? 2 * csv->field_capacity : 16;
        char **fields = realloc(csv->fields, (size_t)capacity * sizeof *fields);
        if (!fields) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a row of %d fields", capacity);
        csv->fields = fields;
        csv->field_capacity = capacity;
    }
    csv->fields[csv->field_count++] = field;
    return SM_OK;
}

/** Skips one line break; returns 0 when the text is not at one. */
static int skip_line_break(sm_csv *csv) {
    if (csv->position >= csv->size) return 0;
    const char byte = csv->text[csv->position];
    if (byte != '\n' && byte != '\r') return 0;
    csv->position++;
    if (byte == '\r' && csv->position < csv->size && csv->text[csv->position] == '\n') csv->position++;
    csv->line++;
    return 1;
}

/** Unquotes a field in place: its text moves one byte towards the opening quote, and one more at each doubled quote. */
static sm_status read_quoted(sm_csv *csv, char **end, sm_error *error) {
    const int opened = csv->line;
    char *write = csv->text + csv->position++;
    for (;;) {
        if (csv->position >= csv->size) return sm_fail(error, SM_ERROR_DATA, "line %d: a quote is not closed", opened);
        const char byte = csv->text[csv->position++];
        if (byte == '\0') return sm_fail(error, SM_ERROR_DATA, "line %d: a NUL byte (not a text file)", csv->line);
        if (byte == '"') {
            if (csv->position >= csv->size || csv->text[csv->position] != '"') break;
            csv->position++;
        }
        if (byte == '\n') csv->line++;
        *write++ = byte;
    }
    *end = write;
    return SM_OK;
}

static sm_status read_plain(sm_csv *csv, char **end, sm_error *error) {
    while (csv->position < csv->size) {
        const char byte = csv->text[csv->position];
        if (byte == ',' || byte == '\n' || byte == '\r') break;
        if (byte == '\0') return sm_fail(error, SM_ERROR_DATA, "line %d: a NUL byte (not a text file)", csv->line);
        csv->position++;
    }
    *end = csv->text + csv->position;
    return SM_OK;
}

static sm_status read_row(sm_csv *csv, sm_error *error) {
    for (;;) {
        char *field = csv->text + csv->position, *end = field;
        const int quoted = csv->position < csv->size && *field == '"';
        const sm_status status = quoted ? read_quoted(csv, &end, error) : read_plain(csv, &end, error);
        if (status != SM_OK) return status;
        const int at_end = csv->position >= csv->size;
        const char next = at_end ? '\n' : csv->text[csv->position];
        if (next != ',' && next != '\n' && next != '\r')
            return sm_fail(error, SM_ERROR_DATA, "line %d: text after a closing quote", csv->line);
        const sm_status pushed = push_field(csv, field, error);
        if (pushed != SM_OK) return pushed;
        if (next == ',')
            csv->position++;
        else if (!at_end)
            skip_line_break(csv);
        *end = '\0'; // overwrites the separator, which has been read
        if (next != ',') return SM_OK;
    }
}

sm_status sm_csv_next(sm_csv *csv, sm_error *error) {
    if (csv->position == 0) {
        csv->line = 1;
        if (csv->size >= 3 && memcmp(csv->text, "\xEF\xBB\xBF", 3) == 0) csv->position = 3;
    }
    csv->field_count = 0;
    while (skip_line_break(csv)) {
    }
    if (csv->position >= csv->size) return SM_OK;
    csv->row_line = csv->line;
    return read_row(csv, error);
}

void sm_csv_free(sm_csv *csv) {
    free(csv->fields);
    csv->fields = NULL;
    csv->field_count = csv->field_capacity = 0;
}
