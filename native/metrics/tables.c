#include "tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_SIZE = 256 };

/* The row of an image in a table; with an empty label the image is in none. */
typedef struct row_name {
    int order;
    char label[LABEL_SIZE];
} row_name;

/* Bounds of the size terciles, as shares of the image: the first is below `small`, the third starts at `large`. */
typedef struct terciles {
    double small, large;
} terciles;

typedef row_name labeller(const sm_evaluated_image *image, const terciles *sizes);

static double lesion_share(const sm_evaluated_image *image) {
    double lesion = (double)(image->pixels.true_positive + image->pixels.false_negative);
    return lesion / ((double)image->width * image->height);
}

static row_name by_class(const sm_evaluated_image *image, const terciles *sizes) {
    (void)sizes;
    const char *class = sm_record_class_name(image->record);
    const bool known = *class != '\0';
    row_name name = {.order = (int)sm_record_type(image->record) + !known};
    snprintf(name.label, LABEL_SIZE, "%s", known ? class : "unknown");
    return name;
}

static row_name by_size(const sm_evaluated_image *image, const terciles *sizes) {
    row_name name = {0};
    if (!sm_evaluated_has_lesion(image)) return name;
    double share = lesion_share(image), small = 100 * sizes->small, large = 100 * sizes->large;
    name.order = share < sizes->small ? 0 : share < sizes->large ? 1 : 2;
    if (name.order == 0)
        snprintf(name.label, LABEL_SIZE, "small: under %.1f %% of image", small);
    else if (name.order == 1)
        snprintf(name.label, LABEL_SIZE, "middle: %.1f to %.1f %%", small, large);
    else
        snprintf(name.label, LABEL_SIZE, "large: %.1f %% and more", large);
    return name;
}

static row_name by_source(const sm_evaluated_image *image, const terciles *sizes) {
    (void)sizes;
    row_name name = {0};
    snprintf(name.label, LABEL_SIZE, "%s", image->record->source ? image->record->source : "");
    return name;
}

static row_name by_curation(const sm_evaluated_image *image, const terciles *sizes) {
    (void)sizes;
    row_name name = {0};
    if (image->record->has_curated && image->record->curated)
        snprintf(name.label, LABEL_SIZE, "%s, curated", image->record->source ? image->record->source : "");
    return name;
}

static row_name by_device(const sm_evaluated_image *image, const terciles *sizes) {
    (void)sizes;
    const char *device = image->record->device;
    row_name name = {.order = device && *device ? 0 : 1};
    snprintf(name.label, LABEL_SIZE, "%s", device && *device ? device : "unknown");
    return name;
}

static row_name by_calipers(const sm_evaluated_image *image, const terciles *sizes) {
    (void)sizes;
    row_name name = {.order = image->annotated};
    snprintf(name.label, LABEL_SIZE, "%s", image->annotated ? "with calipers or text" : "without");
    return name;
}

static row_name by_fold(const sm_evaluated_image *image, const terciles *sizes) {
    (void)sizes;
    row_name name = {.order = image->record->fold};
    snprintf(name.label, LABEL_SIZE, "fold %d", image->record->fold);
    return name;
}

typedef struct table_kind {
    const char *key, *title;
    labeller *labellers[2]; /* an image may have a row of each; the second may be NULL */
    bool only_if_several;   /* leave out a table of one row */
} table_kind;

static const table_kind KINDS[SM_TABLE_MAX] = {
    {"source", "By data set", {by_source, by_curation}, false},
    {"class", "By true class", {by_class}, false},
    {"size", "By lesion size", {by_size}, false},
    {"device", "By device", {by_device}, true},
    {"calipers", "By burned-in calipers or text", {by_calipers}, true},
    {"fold", "By fold", {by_fold}, true},
};

static int by_value(const void *first, const void *second) {
    double a = *(const double *)first, b = *(const double *)second;
    return a < b ? -1 : a > b;
}

static sm_status find_terciles(const sm_split *split, terciles *sizes, sm_error *error) {
    *sizes = (terciles){0};
    double *shares = malloc(((size_t)split->count + 1) * sizeof *shares);
    if (!shares) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the lesion sizes");
    size_t lesions = 0;
    for (int i = 0; i < split->count; i++)
        if (sm_evaluated_has_lesion(split->images[i])) shares[lesions++] = lesion_share(split->images[i]);
    qsort(shares, lesions, sizeof *shares, by_value);
    if (lesions > 0) *sizes = (terciles){shares[lesions / 3], shares[2 * lesions / 3]};
    free(shares);
    return SM_OK;
}

static sm_status add_row(sm_table *table, const row_name *name, sm_error *error) {
    if (name->label[0] == '\0') return SM_OK;
    for (int r = 0; r < table->row_count; r++)
        if (strcmp(table->rows[r].label, name->label) == 0) return SM_OK;
    sm_table_row *rows = realloc(table->rows, ((size_t)table->row_count + 1) * sizeof *rows);
    if (rows) table->rows = rows;
    char *label = strdup(name->label);
    if (!rows || !label) {
        free(label);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for a table of scores");
    }
    table->rows[table->row_count++] = (sm_table_row){.label = label, .order = name->order};
    return SM_OK;
}

static int by_order(const void *first, const void *second) {
    const sm_table_row *a = first, *b = second;
    return a->order != b->order ? (a->order < b->order ? -1 : 1) : strcmp(a->label, b->label);
}

static void table_free(sm_table *table) {
    for (int r = 0; r < table->row_count; r++) free(table->rows[r].label);
    free(table->rows);
    *table = (sm_table){0};
}

/* Stores the images of one row in `members`; returns their number. */
static int find_members(const sm_split *split, const table_kind *kind, const terciles *sizes, const char *label,
                        const sm_evaluated_image **members) {
    int count = 0;
    for (int i = 0; i < split->count; i++)
        for (int k = 0; k < 2 && kind->labellers[k]; k++) {
            row_name name = kind->labellers[k](split->images[i], sizes);
            if (strcmp(name.label, label) != 0) continue;
            members[count++] = split->images[i];
            break;
        }
    return count;
}

static sm_status make_table(const sm_split *split, const table_kind *kind, const terciles *sizes, uint64_t seed,
                            const sm_evaluated_image **members, sm_table *table, sm_error *error) {
    *table = (sm_table){.key = kind->key, .title = kind->title};
    sm_status status = SM_OK;
    for (int i = 0; i < split->count; i++)
        for (int k = 0; k < 2 && kind->labellers[k] && status == SM_OK; k++) {
            row_name name = kind->labellers[k](split->images[i], sizes);
            status = add_row(table, &name, error);
        }
    if (status != SM_OK || table->row_count < (kind->only_if_several ? 2 : 1)) {
        table_free(table);
        return status;
    }
    qsort(table->rows, (size_t)table->row_count, sizeof *table->rows, by_order);
    for (int r = 0; status == SM_OK && r < table->row_count; r++) {
        int count = find_members(split, kind, sizes, table->rows[r].label, members);
        status = sm_score_set_of(members, count, seed, &table->rows[r].scores, error);
    }
    if (status != SM_OK) table_free(table);
    return status;
}

sm_status sm_split_score(sm_split *split, uint64_t seed, sm_error *error) {
    terciles sizes;
    sm_status status = sm_score_set_of(split->images, split->count, seed, &split->all, error);
    if (status == SM_OK) status = find_terciles(split, &sizes, error);
    if (status != SM_OK) return status;
    const sm_evaluated_image **members = malloc(((size_t)split->count + 1) * sizeof *members);
    if (!members) return sm_fail(error, SM_ERROR_MEMORY, "no memory for tables of scores");
    for (int k = 0; status == SM_OK && k < SM_TABLE_MAX; k++) {
        sm_table table;
        status = make_table(split, &KINDS[k], &sizes, seed, members, &table, error);
        if (status == SM_OK && table.row_count > 0) split->tables[split->table_count++] = table;
    }
    free(members);
    return status;
}

void sm_split_free(sm_split *split) {
    for (int t = 0; t < split->table_count; t++) table_free(&split->tables[t]);
    free(split->images);
    *split = (sm_split){0};
}
