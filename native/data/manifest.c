/** Reads manifest.csv. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "../file.h"
#include "csv.h"
#include "dataset_builder.h"

enum column { IMAGE, MASKS, CLASS, GROUP, FOLD, EXCLUDE, CURATED, DEVICE, CALIPERS, COLUMN_COUNT };

static const char *const column_names[COLUMN_COUNT] = {"image",   "masks",   "class",  "group",   "fold",
                                                       "exclude", "curated", "device", "calipers"};
static const enum column required_columns[] = {IMAGE, MASKS, CLASS};

enum { SHORT_TEXT = 64, PATH_LIMIT = 4095 /* of Linux */ };

typedef struct manifest {
    const char *path;
    char *folder;              /**< ends with "/", or is "" */
    sm_csv csv;                /**< at the current row */
    int columns[COLUMN_COUNT]; /**< index of each column in a row; -1: absent */
    int header_fields;
} manifest;

/** Removes spaces and tabs at both ends, in place. */
static char *trim(char *text) {
    while (*text == ' ' || *text == '\t') text++;
    char *end = text + strlen(text);
    while (end > text && (end[-1] == ' ' || end[-1] == '\t')) end--;
    *end = '\0';
    return text;
}

/** Shortens a field for a message, so that the rest of the message fits. */
static const char *shorten(const char *text, char buffer[SHORT_TEXT]) {
    if (strlen(text) < SHORT_TEXT) return text;
    snprintf(buffer, SHORT_TEXT, "%.*s...", SHORT_TEXT - 4, text);
    return buffer;
}

/** The field of the current row in a column; "" when the manifest has no such column. */
static const char *value_of(const manifest *input, enum column column) {
    return input->columns[column] < 0 ? "" : input->csv.fields[input->columns[column]];
}

static sm_status read_header(manifest *input, sm_error *error) {
    sm_status status = sm_csv_next(&input->csv, error);
    if (status != SM_OK) return status;
    if (input->csv.field_count == 0) return sm_fail(error, SM_ERROR_DATA, "empty");
    input->header_fields = input->csv.field_count;
    for (int column = 0; column < COLUMN_COUNT; column++) {
        input->columns[column] = -1;
        for (int field = 0; field < input->csv.field_count; field++) {
            if (strcmp(trim(input->csv.fields[field]), column_names[column]) != 0) continue;
            if (input->columns[column] >= 0)
                return sm_fail(error, SM_ERROR_DATA, "line %d: two columns \"%s\"", input->csv.row_line,
                               column_names[column]);
            input->columns[column] = field;
        }
    }
    for (size_t i = 0; i < sizeof required_columns / sizeof *required_columns; i++)
        if (input->columns[required_columns[i]] < 0)
            return sm_fail(error, SM_ERROR_DATA, "line %d: no column \"%s\"", input->csv.row_line,
                           column_names[required_columns[i]]);
    return SM_OK;
}

static sm_status parse_class(const manifest *input, sm_class_set *classes, sm_error *error) {
    const char *text = value_of(input, CLASS);
    *classes = SM_CLASSES_ANY;
    if (!*text) return SM_OK;
    for (int class = 0; class < SM_CLASS_COUNT; class ++)
        if (strcasecmp(text, sm_class_name((sm_class) class)) == 0) {
            *classes = sm_class_set_of((sm_class) class);
            return SM_OK;
        }
    *classes = SM_CLASSES_LESION;
    if (strcasecmp(text, "lesion") == 0) return SM_OK;
    char buffer[SHORT_TEXT];
    return sm_fail(error, SM_ERROR_DATA,
                   "unknown class \"%s\" (normal, benign, malignant, lesion, or empty when it is not known)",
                   shorten(text, buffer));
}

static sm_status parse_flag(const manifest *input, enum column column, bool *flag, sm_error *error) {
    static const char *const yes[] = {"1", "true", "yes"}, *const no[] = {"", "0", "false", "no"};
    const char *text = value_of(input, column);
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (strcasecmp(text, yes[i]) == 0) {
            *flag = true;
            return SM_OK;
        }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (strcasecmp(text, no[i]) == 0) {
            *flag = false;
            return SM_OK;
        }
    char buffer[SHORT_TEXT];
    return sm_fail(error, SM_ERROR_DATA, "column \"%s\" holds \"%s\" (0 or 1)", column_names[column],
                   shorten(text, buffer));
}

/** The fold of the row; without one, a fold that follows from `fallback`. */
static sm_status parse_fold(const manifest *input, const char *fallback, int *fold, sm_error *error) {
    const char *text = value_of(input, FOLD);
    if (!*text) {
        *fold = sm_fold_of_text(fallback);
        return SM_OK;
    }
    char *end, buffer[SHORT_TEXT];
    const long value = strtol(text, &end, 10);
    if (*end || value < 0 || value > 1000000)
        return sm_fail(error, SM_ERROR_DATA, "column \"fold\" holds \"%s\" (0, 1, 2, ...)", shorten(text, buffer));
    *fold = (int)value;
    return SM_OK;
}

static char *resolve(const manifest *input, const char *name) {
    if (*name == '/' || !*input->folder) return strdup(name);
    return sm_path_join(input->folder, name);
}

static sm_status parse_masks(const manifest *input, sm_record *record, sm_error *error) {
    const char *cursor = value_of(input, MASKS);
    while (*cursor) {
        const size_t length = strcspn(cursor, ";");
        char *copy = strndup(cursor, length);
        if (!copy) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a mask's path");
        const char *name = trim(copy);
        sm_status status = SM_OK;
        if (*name) {
            status = sm_record_add_mask(record, resolve(input, name), error);
            if (status == SM_OK) status = sm_check_readable(record->masks[record->mask_count - 1], error);
        }
        free(copy);
        if (status != SM_OK) return status;
        cursor += length;
        if (*cursor) cursor++;
    }
    if (record->mask_count == 0 && record->classes == SM_CLASSES_ANY)
        return sm_fail(error, SM_ERROR_DATA, "%s: neither a class nor a mask", record->image);
    return SM_OK;
}

/** Reads and checks what concerns one image only: its class and its files. */
static sm_status parse_image(const manifest *input, sm_record *record, sm_error *error) {
    sm_status status = parse_class(input, &record->classes, error);
    if (status == SM_OK) status = sm_check_readable(record->image, error);
    return status == SM_OK ? parse_masks(input, record, error) : status;
}

/** Puts "PATH: line N: " before a message. */
static sm_status locate(const manifest *input, sm_error *error) {
    char line[32];
    snprintf(line, sizeof line, "line %d", input->csv.row_line);
    sm_error_prefix(error, line);
    return sm_error_prefix(error, input->path);
}

static sm_status parse_row(manifest *input, sm_dataset_builder *builder, sm_record *record, sm_error *error) {
    if (input->csv.field_count != input->header_fields)
        return sm_fail(error, SM_ERROR_DATA, "%d fields where the header has %d", input->csv.field_count,
                       input->header_fields);
    for (int field = 0; field < input->csv.field_count; field++)
        input->csv.fields[field] = trim(input->csv.fields[field]);
    const char *image = value_of(input, IMAGE), *group = value_of(input, GROUP);
    if (!*image) return sm_fail(error, SM_ERROR_DATA, "no image");
    if (strlen(image) > PATH_LIMIT)
        return sm_fail(error, SM_ERROR_DATA, "column \"image\" holds %z bytes, too many for a path", strlen(image));
    record->image = resolve(input, image);
    record->source = strdup(builder->source);
    // An image without a group is a group of its own. Its path cannot equal the number of another group.
    record->group = *group ? sm_group_name(builder->source, group) : sm_group_name(builder->source, image);
    record->device = strdup(value_of(input, DEVICE));
    if (!record->image || !record->source || !record->group || !record->device)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for a record");
    record->has_curated = input->columns[CURATED] >= 0;
    sm_status status = parse_flag(input, EXCLUDE, &record->exclude, error);
    if (status == SM_OK) status = parse_flag(input, CURATED, &record->curated, error);
    if (status == SM_OK) status = parse_flag(input, CALIPERS, &record->calipers, error);
    if (status == SM_OK) status = parse_fold(input, *group ? group : image, &record->fold, error);
    if (status != SM_OK) return status;
    if (!*value_of(input, FOLD) && !*group) builder->dataset->folds_by_name = true;
    sm_error reason = {0};
    status = parse_image(input, record, &reason);
    if (status == SM_ERROR_MEMORY) return sm_fail(error, status, "%s", reason.message);
    if (status == SM_OK) return SM_OK;
    locate(input, &reason);
    return sm_record_set_problem(record, &reason, error);
}

static sm_status read_rows(manifest *input, sm_dataset_builder *builder, sm_error *error) {
    const int before = builder->dataset->count;
    sm_error fault = {0};
    if (!error) error = &fault; // its message may go into the list of faults
    for (;;) {
        sm_status status = sm_csv_next(&input->csv, error);
        if (status != SM_OK) return sm_error_prefix(error, input->path);
        if (input->csv.field_count == 0) break;
        if (input->csv.field_count == 1 && !*trim(input->csv.fields[0])) continue; // a blank line
        sm_record record = {0};
        status = parse_row(input, builder, &record, error);
        if (status != SM_OK) {
            sm_record_free(&record);
            locate(input, error);
            if (status != SM_ERROR_DATA || !builder->faults) return status;
            status = sm_failures_add(builder->faults, error->message, error);
            if (status != SM_OK) return status;
            continue;
        }
        status = sm_dataset_append(builder, &record, error);
        if (status != SM_OK) return status;
    }
    if (builder->dataset->count == before && !(builder->faults && builder->faults->count > 0))
        return sm_fail(error, SM_ERROR_DATA, "%s: no image in it", input->path);
    return SM_OK;
}

sm_status sm_manifest_load(const char *path, sm_dataset_builder *builder, sm_error *error) {
    manifest input = {.path = path};
    unsigned char *bytes = NULL;
    size_t size = 0;
    struct stat information;
    if (stat(path, &information) == 0 && !S_ISREG(information.st_mode) && !S_ISDIR(information.st_mode))
        return sm_fail(error, SM_ERROR_DATA, "%s: not a regular file", path); // reading a pipe could block
    sm_status status = sm_file_read(path, &bytes, &size, error);
    if (status != SM_OK) return status; // the message has the path already
    const char *slash = strrchr(path, '/');
    input.folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("");
    input.csv = (sm_csv){.text = (char *)bytes, .size = size};
    if (!input.folder) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for a path");
    if (status == SM_OK) {
        status = read_header(&input, error);
        if (status != SM_OK) sm_error_prefix(error, path);
    }
    if (status == SM_OK) status = read_rows(&input, builder, error);
    sm_csv_free(&input.csv);
    free(input.folder);
    free(bytes);
    return status;
}
