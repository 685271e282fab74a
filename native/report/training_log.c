#include "training_log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../data/csv.h"
#include "../file.h"

enum { COLUMNS_MAX = 256, ROWS_MAX = 1000000 };

static sm_status read_header(const sm_csv *csv, sm_training_log *log, sm_error *error) {
    if (csv->field_count < 1 || csv->field_count > COLUMNS_MAX) return sm_fail(error, SM_ERROR_DATA, "no header row");
    log->names = calloc((size_t)csv->field_count, sizeof *log->names);
    log->values = calloc((size_t)csv->field_count, sizeof *log->values);
    if (!log->names || !log->values) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a training log");
    for (; log->columns < csv->field_count; log->columns++) {
        log->names[log->columns] = strdup(csv->fields[log->columns]);
        if (!log->names[log->columns]) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a training log");
    }
    return SM_OK;
}

static double number(const char *text) {
    char *end = NULL;
    double value = strtod(text, &end);
    return end == text || *end != '\0' ? (double)NAN : value;
}

static sm_status read_row(const sm_csv *csv, sm_training_log *log, int *capacity, sm_error *error) {
    if (log->rows >= ROWS_MAX) return sm_fail(error, SM_ERROR_DATA, "line %d: too many rows", csv->row_line);
    if (log->rows == *capacity) {
        int wanted = *capacity > 0 ? 2 * *capacity : 64;
        for (int c = 0; c < log->columns; c++) {
            double *grown = realloc(log->values[c], (size_t)wanted * sizeof *grown);
            if (!grown) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a training log");
            log->values[c] = grown;
        }
        *capacity = wanted;
    }
    for (int c = 0; c < log->columns; c++)
        log->values[c][log->rows] = c < csv->field_count ? number(csv->fields[c]) : (double)NAN;
    log->rows++;
    return SM_OK;
}

sm_status sm_training_log_read(const char *path, sm_training_log *log, sm_error *error) {
    *log = (sm_training_log){0};
    unsigned char *bytes = NULL;
    size_t size = 0;
    sm_status status = sm_file_read(path, &bytes, &size, error);
    if (status != SM_OK) return status;
    sm_csv csv = {.text = (char *)bytes, .size = size};
    int capacity = 0;
    status = sm_csv_next(&csv, error);
    if (status == SM_OK) status = read_header(&csv, log, error);
    while (status == SM_OK) {
        status = sm_csv_next(&csv, error);
        if (status != SM_OK || csv.field_count == 0) break;
        status = read_row(&csv, log, &capacity, error);
    }
    sm_csv_free(&csv);
    free(bytes);
    if (status != SM_OK) {
        sm_training_log_free(log);
        sm_error_prefix(error, path);
    }
    return status;
}

void sm_training_log_free(sm_training_log *log) {
    for (int c = 0; c < log->columns; c++) {
        free(log->names[c]);
        free(log->values[c]);
    }
    free(log->names);
    free(log->values);
    *log = (sm_training_log){0};
}

int sm_training_log_column(const sm_training_log *log, const char *name) {
    for (int c = 0; c < log->columns; c++)
        if (strcmp(log->names[c], name) == 0) return c;
    return -1;
}
