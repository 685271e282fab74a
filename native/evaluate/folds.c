#include "folds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The table of data sets; NULL when the split has none. */
static const sm_table *source_table(const sm_split *split) {
    for (int t = 0; t < split->table_count; t++)
        if (strcmp(split->tables[t].key, "source") == 0) return &split->tables[t];
    return NULL;
}

static const sm_score_set *find_scores(const sm_split *split, const char *label, bool all) {
    if (all) return &split->all;
    const sm_table *table = source_table(split);
    for (int r = 0; table && r < table->row_count; r++)
        if (strcmp(table->rows[r].label, label) == 0) return &table->rows[r].scores;
    return NULL;
}

static void take_fold(const sm_split *fold, int index, sm_fold_summary *summary) {
    for (int r = 0; r < summary->row_count; r++) {
        const sm_score_set *scores = find_scores(fold, summary->rows[r].label, r == 0);
        for (int f = 0; f < SM_METRIC_COUNT; f++) summary->rows[r].value[index][f] = scores ? scores->metric[f] : NAN;
    }
}

static void average(sm_fold_row *row, int folds) {
    for (int f = 0; f < SM_METRIC_COUNT; f++) {
        double sum = 0, squares = 0;
        int count = 0;
        for (int k = 0; k < folds; k++) {
            if (!isfinite(row->value[k][f])) continue;
            sum += row->value[k][f];
            count++;
        }
        row->mean[f] = count > 0 ? sum / count : NAN;
        for (int k = 0; k < folds; k++)
            if (isfinite(row->value[k][f]))
                squares += (row->value[k][f] - row->mean[f]) * (row->value[k][f] - row->mean[f]);
        row->deviation[f] = count > 1 ? sqrt(squares / (count - 1)) : NAN;
    }
}

static sm_status score_fold(const sm_split *split, int fold, uint64_t seed, sm_split *part, sm_error *error) {
    *part = (sm_split){.name = "fold", .images = malloc(((size_t)split->count + 1) * sizeof *part->images)};
    if (!part->images) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the images of a fold");
    for (int i = 0; i < split->count; i++)
        if (split->images[i]->record->fold == fold) part->images[part->count++] = split->images[i];
    return sm_split_score(part, seed, error);
}

sm_status sm_fold_summary_make(const sm_split *split, const int *folds, int fold_count, uint64_t seed,
                               sm_fold_summary *summary, sm_error *error) {
    const sm_table *table = source_table(split);
    *summary = (sm_fold_summary){.fold_count = fold_count < SM_FOLDS_MAX ? fold_count : SM_FOLDS_MAX,
                                 .row_count = 1 + (table ? table->row_count : 0)};
    summary->rows = calloc((size_t)summary->row_count, sizeof *summary->rows);
    if (!summary->rows) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a table of folds");
    summary->rows[0].label = "all";
    for (int r = 1; table && r < summary->row_count; r++) summary->rows[r].label = table->rows[r - 1].label;
    sm_status status = SM_OK;
    for (int k = 0; status == SM_OK && k < summary->fold_count; k++) {
        sm_split part;
        summary->folds[k] = folds[k];
        status = score_fold(split, folds[k], seed, &part, error);
        if (status == SM_OK) take_fold(&part, k, summary);
        sm_split_free(&part);
    }
    for (int r = 0; r < summary->row_count; r++) average(&summary->rows[r], summary->fold_count);
    if (status != SM_OK) sm_fold_summary_free(summary);
    return status;
}

void sm_fold_summary_free(sm_fold_summary *summary) {
    free(summary->rows);
    *summary = (sm_fold_summary){0};
}
