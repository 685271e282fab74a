#include "number_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../file.h"
#include "csv.h"

enum { COLUMNS_MAX = 256, ROWS_MAX = 1000000 };

static sm_status read_header(const sm_csv *csv, sm_number_table *table, sm_error *error) {
    if (csv->field_count < 1 || csv->field_count > COLUMNS_MAX) return sm_fail(error, SM_ERROR_DATA, "no header row");
    table->names = calloc((size_t)csv->field_count, sizeof *table->names);
    table->values = calloc((size_t)csv->field_count, sizeof *table->values);
    if (!table->names || !table->values) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a table of numbers");
    for (; table->columns < csv->field_count; table->columns++) {
        table->names[table->columns] = strdup(csv->fields[table->columns]);
        if (!table->names[table->columns]) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a table of numbers");
    }
    return SM_OK;
}

static double number(const char *text) {
    char *end = NULL;
    double value = strtod(text, &end);
    return end == text || *end != '\0' ? (double)NAN : value;
}

static sm_status read_row(const sm_csv *csv, sm_number_table *table, int *capacity, sm_error *error) {
    if (table->rows >= ROWS_MAX) return sm_fail(error, SM_ERROR_DATA, "line %d: too many rows", csv->row_line);
    if (table->rows == *capacity) {
        int wanted = *capacity > 0 ? 2 * *capacity : 64;
        for (int c = 0; c < table->columns; c++) {
            double *grown = realloc(table->values[c], (size_t)wanted * sizeof *grown);
            if (!grown) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a table of numbers");
            table->values[c] = grown;
        }
        *capacity = wanted;
    }
    for (int c = 0; c < table->columns; c++)
        table->values[c][table->rows] = c < csv->field_count ? number(csv->fields[c]) : (double)NAN;
    table->rows++;
    return SM_OK;
}

sm_status sm_number_table_read(const char *path, sm_number_table *table, sm_error *error) {
    *table = (sm_number_table){0};
    unsigned char *bytes = NULL;
    size_t size = 0;
    sm_status status = sm_file_read(path, &bytes, &size, error);
    if (status != SM_OK) return status;
    sm_csv csv = {.text = (char *)bytes, .size = size};
    sm_number_table made = {0};
    int capacity = 0;
    status = sm_csv_next(&csv, error);
    if (status == SM_OK) status = read_header(&csv, &made, error);
    while (status == SM_OK) {
        status = sm_csv_next(&csv, error);
        if (status != SM_OK || csv.field_count == 0) break;
        status = read_row(&csv, &made, &capacity, error);
    }
    sm_csv_free(&csv);
    free(bytes);
    if (status != SM_OK) {
        sm_number_table_free(&made);
        sm_error_prefix(error, path);
    }
    *table = made;
    return status;
}

void sm_number_table_free(sm_number_table *table) {
    for (int c = 0; c < table->columns; c++) {
        free(table->names[c]);
        free(table->values[c]);
    }
    free(table->names);
    free(table->values);
    *table = (sm_number_table){0};
}

int sm_number_table_column(const sm_number_table *table, const char *name) {
    for (int c = 0; c < table->columns; c++)
        if (strcmp(table->names[c], name) == 0) return c;
    return -1;
}
