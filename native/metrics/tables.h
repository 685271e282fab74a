/** The scores of a split once in all and once for each part that one may worry about: class, size, source, ... */
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
    const char *title; /**< for people */
    sm_table_row *rows;
    int row_count;
} sm_table;

enum { SM_TABLE_MAX = 6 };

typedef struct sm_split {
    const char *name;                  /**< "validation", "training" or "all"; not owned */
    const sm_evaluated_image **images; /**< owned list of images that are not */
    int count;
    sm_score_set all;
    sm_table tables[SM_TABLE_MAX];
    int table_count;
} sm_split;

/**
 * Fills split->all and the tables from split->images. Rows: each class; size terciles of the true lesion area as share
 * of its image (of lesion images); each source, and beside it its curated images where the manifest tells; each
 * device, fold, and with or without calipers, where the data tell more than one.
 * On failure the split can still be freed. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_split_score(sm_split *split, uint64_t seed, sm_error *error);
void sm_split_free(sm_split *split);

#endif
