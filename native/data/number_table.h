/** Columns of numbers from a CSV file, for example the log.csv of a training. */
#ifndef SONOMASK_NUMBER_TABLE_H
#define SONOMASK_NUMBER_TABLE_H

#include "../../src/status.h"

typedef struct sm_number_table {
    char **names;    /**< [columns]: the header row */
    double **values; /**< [columns][rows]; NaN where a field is empty or not a number */
    int columns, rows;
} sm_number_table;

/** Reads a CSV file with a header row. Errors: SM_ERROR_IO, SM_ERROR_DATA, SM_ERROR_MEMORY. */
sm_status sm_number_table_read(const char *path, sm_number_table *table, sm_error *error);
void sm_number_table_free(sm_number_table *table);
/** The column of that name, or -1. */
int sm_number_table_column(const sm_number_table *table, const char *name);

#endif
