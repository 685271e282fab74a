/** The scores of a split: overall, and in subgroups by class, lesion size, data set and more. */
#ifndef SONOMASK_TABLES_H
#define SONOMASK_TABLES_H

#include "scores.h"

typedef struct sm_table_row {
    char *label; /**< owned */
    int order;   /**< rows are sorted by this, then by label */
    sm_score_set scores;
} sm_table_row;

typedef struct sm_table {
    const char *key;   /**< in JSON: "class", "size", "source", "device", "calipers", "fold" */
    const char *title; /**< for the report */
    sm_table_row *rows;
    int row_count;
} sm_table;

enum { SM_TABLE_MAX = 6 };

typedef struct sm_split {
    const char *name;                  /**< "validation", "training" or "all"; not owned */
    const sm_evaluated_image **images; /**< the list is owned, the images are not */
    int count;
    sm_score_set all;
    sm_table tables[SM_TABLE_MAX];
    int table_count;
} sm_split;

/**
 * Fills split->all and the tables from split->images. Rows: each data set, and its curated images when the manifest has
 * that column; each class; terciles of the reference lesion's share of the image; and, where the data has more than one
 * value, each device, each fold, and with or without calipers. Also after an error the split must be freed. Errors:
 * SM_ERROR_MEMORY.
 */
sm_status sm_split_score(sm_split *split, uint64_t seed, sm_error *error);
void sm_split_free(sm_split *split);

#endif
