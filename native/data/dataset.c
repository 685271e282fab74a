#include "dataset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../file.h"
#include "dataset_builder.h"

/** The name of a folder, from malloc: "../data/busi/", and "." inside it, give "busi". */
static char *folder_name(const char *folder) {
    char *real = realpath(folder, NULL);
    if (!real) return NULL;
    const char *slash = strrchr(real, '/');
    char *name = strdup(slash && slash[1] ? slash + 1 : "root");
    free(real);
    return name;
}

/** The folder of a file, from malloc. */
static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
}

static bool has_source(const sm_dataset *dataset, const char *source) {
    for (int i = 0; i < dataset->count; i++)
        if (strcmp(dataset->records[i].source, source) == 0) return true;
    return false;
}

/** A name that no other data set has. Two folders named "images" would otherwise share their group numbers. */
static sm_status unique_source(const sm_dataset *dataset, const char *name, char **source, sm_error *error) {
    const size_t room = strlen(name) + 16;
    *source = malloc(room);
    if (!*source) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a name");
    snprintf(*source, room, "%s", name);
    for (int number = 2; has_source(dataset, *source); number++) snprintf(*source, room, "%s-%d", name, number);
    return SM_OK;
}

static sm_status load_named(const char *path, const char *folder, const char *manifest, sm_dataset_builder *builder,
                            sm_error *error) {
    char *name = folder_name(folder), *source = NULL;
    if (!name) return sm_fail(error, SM_ERROR_IO, "%s: %s", path, strerror(errno));
    sm_status status = unique_source(builder->dataset, name, &source, error);
    builder->source = source;
    if (status == SM_OK)
        status = manifest ? sm_manifest_load(manifest, builder, error) : sm_busi_folder_load(folder, builder, error);
    builder->source = NULL;
    free(source);
    free(name);
    return status;
}

static sm_status load_folder(const char *path, sm_dataset_builder *builder, sm_error *error) {
    char *manifest = sm_path_join(path, "manifest.csv");
    if (!manifest) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a path");
    struct stat information;
    sm_status status;
    if (lstat(manifest, &information) == 0) // also a broken link, whose error is then reported
        status = load_named(path, path, manifest, builder, error);
    else if (sm_busi_folder_recognise(path))
        status = load_named(path, path, NULL, builder, error);
    else
        status = sm_fail(error, SM_ERROR_DATA,
                         "%s: neither a manifest.csv nor a folder benign, malignant or normal in it", path);
    free(manifest);
    return status;
}

static sm_status load_path(const char *path, sm_dataset_builder *builder, sm_error *error) {
    struct stat information;
    if (stat(path, &information) != 0) return sm_fail(error, SM_ERROR_IO, "%s: %s", path, strerror(errno));
    if (S_ISDIR(information.st_mode)) return load_folder(path, builder, error);
    char *folder = folder_of(path);
    if (!folder) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a path");
    const sm_status status = load_named(path, folder, path, builder, error);
    free(folder);
    return status;
}

/** The real path of a record's image. */
typedef struct real_path {
    char *path;
    sm_record *record;
} real_path;

static int compare_paths(const void *left, const void *right) {
    const real_path *a = left, *b = right;
    const int order = strcmp(a->path, b->path);
    return order ? order : (a->record > b->record) - (a->record < b->record);
}

/** An image that is listed twice, in one manifest or in two, would be trained on and counted twice: an error, or with
 * `keep` a problem of the later record. */
static sm_status reject_twice(const real_path *twice, bool keep, sm_error *error) {
    if (!keep) return sm_fail(error, SM_ERROR_DATA, "%s: this image is listed twice", twice->path);
    sm_error reason = {0};
    sm_error_set(&reason, SM_ERROR_DATA, "%s: this image is listed twice", twice->path);
    return twice->record->problem ? SM_OK : sm_record_set_problem(twice->record, &reason, error);
}

static sm_status check_distinct(const sm_dataset *dataset, bool keep, sm_error *error) {
    if (dataset->count <= 0) return SM_OK;
    real_path *paths = calloc((size_t)dataset->count, sizeof *paths);
    sm_status status = paths ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory for %d paths", dataset->count);
    int count = 0;
    for (int i = 0; status == SM_OK && i < dataset->count; i++) {
        sm_record *record = &dataset->records[i];
        paths[count] = (real_path){realpath(record->image, NULL), record};
        if (paths[count].path)
            count++;
        else if (!record->problem)
            status = sm_fail(error, SM_ERROR_IO, "%s: %s", record->image, strerror(errno));
    }
    if (status == SM_OK) qsort(paths, (size_t)count, sizeof *paths, compare_paths);
    for (int i = 1; status == SM_OK && i < count; i++)
        if (strcmp(paths[i - 1].path, paths[i].path) == 0) status = reject_twice(&paths[i], keep, error);
    for (int i = 0; i < count; i++) free(paths[i].path);
    free(paths);
    return status;
}

static int compare_groups(const void *left, const void *right) {
    const sm_record *a = *(const sm_record *const *)left, *b = *(const sm_record *const *)right;
    const int order = strcmp(a->group, b->group);
    return order ? order : (a->fold > b->fold) - (a->fold < b->fold);
}

/** Warns when the images of one scene or patient are in several folds, which makes validation scores too good. */
static sm_status warn_of_leaks(const sm_dataset *dataset, sm_error *error) {
    if (dataset->count <= 0) return SM_OK;
    const sm_record **sorted = calloc((size_t)dataset->count, sizeof *sorted);
    if (!sorted) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d records", dataset->count);
    for (int i = 0; i < dataset->count; i++) sorted[i] = &dataset->records[i];
    qsort(sorted, (size_t)dataset->count, sizeof *sorted, compare_groups);
    for (int i = 1; i < dataset->count; i++)
        if (strcmp(sorted[i - 1]->group, sorted[i]->group) == 0 && sorted[i - 1]->fold != sorted[i]->fold) {
            sm_error warning; // its formatter replaces control characters
            sm_error_set(&warning, SM_ERROR_DATA,
                         "group \"%s\" is in folds %d and %d: scores may be too good (the command dataset lists all)",
                         sorted[i]->group, sorted[i - 1]->fold, sorted[i]->fold);
            fprintf(stderr, "warning: %s\n", warning.message);
            break;
        }
    free(sorted);
    return SM_OK;
}

static sm_status load_paths(const char *const *paths, int path_count, sm_dataset_builder *builder, sm_error *error) {
    sm_dataset *dataset = builder->dataset;
    sm_status status = SM_OK;
    for (int i = 0; status == SM_OK && i < path_count; i++) {
        const bool earlier = dataset->folds_by_name;
        dataset->folds_by_name = false;
        status = load_path(paths[i], builder, error);
        if (status == SM_OK && dataset->folds_by_name && !builder->faults)
            fprintf(
                stderr,
                "warning: %s: folds are derived from image names; near-duplicate images may leak from training into "
                "validation, which makes scores too good\n",
                paths[i]);
        dataset->folds_by_name |= earlier;
    }
    return status;
}

static sm_status load(const char *const *paths, int path_count, sm_dataset *dataset, sm_failures *faults,
                      sm_error *error) {
    *dataset = (sm_dataset){0};
    if (path_count < 1) return sm_fail(error, SM_ERROR_ARGUMENT, "no data set given");
    sm_dataset_builder builder = {.dataset = dataset, .faults = faults};
    sm_status status = load_paths(paths, path_count, &builder, error);
    if (status == SM_OK) status = check_distinct(dataset, faults != NULL, error);
    if (status == SM_OK && !faults) status = warn_of_leaks(dataset, error);
    if (status != SM_OK) sm_dataset_free(dataset);
    return status;
}

sm_status sm_dataset_load(const char *const *paths, int path_count, sm_dataset *dataset, sm_error *error) {
    return load(paths, path_count, dataset, NULL, error);
}

sm_status sm_dataset_load_faulty(const char *const *paths, int path_count, sm_dataset *dataset, sm_failures *faults,
                                 sm_error *error) {
    return load(paths, path_count, dataset, faults, error);
}

void sm_dataset_free(sm_dataset *dataset) {
    for (int i = 0; i < dataset->count; i++) sm_record_free(&dataset->records[i]);
    free(dataset->records);
    *dataset = (sm_dataset){0};
}
