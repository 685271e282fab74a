/** Reads the published BUSI archive as it is unpacked: folders benign, malignant and normal with `NAME.png` and its
 * masks `NAME_mask.png`, `NAME_mask_1.png`, ... */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "../file.h"
#include "dataset_builder.h"

/** One image file of a class folder. */
typedef struct entry {
    char *name;          /**< file name */
    size_t scene_length; /**< length of the part of the name that image and masks have in common */
    bool is_mask;
} entry;

typedef struct listing {
    entry *entries;
    int count, capacity;
} listing;

static void listing_free(listing *list) {
    for (int i = 0; i < list->count; i++) free(list->entries[i].name);
    free(list->entries);
}

static bool has_image_extension(const char *name) {
    static const char *const extensions[] = {".png", ".jpg", ".jpeg", ".bmp"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof extensions / sizeof *extensions; i++)
        if (strcasecmp(dot, extensions[i]) == 0) return true;
    return false;
}

/** Recognises `NAME_mask.png` and `NAME_mask_2.png` as masks of NAME. */
static entry parse_name(char *name) {
    entry result = {.name = name, .scene_length = (size_t)(strrchr(name, '.') - name), .is_mask = false};
    size_t end = result.scene_length, digits = end;
    while (digits > 0 && isdigit((unsigned char)name[digits - 1])) digits--;
    if (digits < end && digits > 0 && name[digits - 1] == '_') end = digits - 1;
    for (int attempt = 0; attempt < 2; attempt++, end = result.scene_length)
        if (end > 5 && memcmp(name + end - 5, "_mask", 5) == 0) {
            result.scene_length = end - 5;
            result.is_mask = true;
            break;
        }
    return result;
}

/** Compares runs of digits by their value, so that "benign (2)" comes before "benign (10)". */
static int compare_natural(const char *a, size_t a_length, const char *b, size_t b_length) {
    size_t i = 0, j = 0;
    while (i < a_length && j < b_length) {
        if (isdigit((unsigned char)a[i]) && isdigit((unsigned char)b[j])) {
            while (i < a_length && a[i] == '0') i++;
            while (j < b_length && b[j] == '0') j++;
            size_t a_end = i, b_end = j;
            while (a_end < a_length && isdigit((unsigned char)a[a_end])) a_end++;
            while (b_end < b_length && isdigit((unsigned char)b[b_end])) b_end++;
            if (a_end - i != b_end - j) return a_end - i < b_end - j ? -1 : 1;
            const int order = memcmp(a + i, b + j, a_end - i);
            if (order) return order;
            i = a_end;
            j = b_end;
        } else {
            if (a[i] != b[j]) return (unsigned char)a[i] < (unsigned char)b[j] ? -1 : 1;
            i++;
            j++;
        }
    }
    return (i < a_length) - (j < b_length);
}

static bool same_scene(const entry *a, const entry *b) {
    return a->scene_length == b->scene_length && memcmp(a->name, b->name, a->scene_length) == 0;
}

/** Sorts by scene, and the image before its masks. */
static int compare_entries(const void *left, const void *right) {
    const entry *a = left, *b = right;
    int order = compare_natural(a->name, a->scene_length, b->name, b->scene_length);
    if (!order && !same_scene(a, b))
        return strcmp(a->name, b->name); // "a1" and "a01" have equal numbers and are two scenes
    if (!order) order = (int)a->is_mask - (int)b->is_mask;
    if (!order) order = compare_natural(a->name, strlen(a->name), b->name, strlen(b->name));
    return order ? order : strcmp(a->name, b->name);
}

static sm_status listing_add(listing *list, const char *name, sm_error *error) {
    if (list->count == list->capacity) {
        const int capacity = list->capacity ? 2 * list->capacity : 256;
        entry *entries = realloc(list->entries, (size_t)capacity * sizeof *entries);
        if (!entries) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a folder of %d files", capacity);
        list->entries = entries;
        list->capacity = capacity;
    }
    char *copy = strdup(name);
    if (!copy) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a file name");
    list->entries[list->count++] = parse_name(copy);
    return SM_OK;
}

static sm_status list_images(const char *folder, listing *list, sm_error *error) {
    DIR *directory = opendir(folder);
    if (!directory) return sm_fail(error, SM_ERROR_IO, "%s: %s", folder, strerror(errno));
    sm_status status = SM_OK;
    for (;;) {
        errno = 0;
        const struct dirent *item = readdir(directory);
        if (!item) {
            if (errno) status = sm_fail(error, SM_ERROR_IO, "%s: %s", folder, strerror(errno));
            break;
        }
        if (item->d_name[0] == '.' || !has_image_extension(item->d_name)) continue;
        status = listing_add(list, item->d_name, error);
        if (status != SM_OK) break;
    }
    closedir(directory);
    if (status == SM_OK && list->count > 1)
        qsort(list->entries, (size_t)list->count, sizeof *list->entries, compare_entries);
    return status;
}

/** Checks one scene: it needs an image, and for a lesion a mask, that can be read. */
static sm_status check_scene(const char *folder, const entry *entries, int count, sm_record *record, sm_error *error) {
    if (entries[0].is_mask) return sm_fail(error, SM_ERROR_DATA, "%s: a mask without its image", record->image);
    if (count > 1 && !entries[1].is_mask)
        return sm_fail(error, SM_ERROR_DATA, "%s: \"%s\" is the same image by name", record->image, entries[1].name);
    if (count == 1 && record->classes != sm_class_set_of(SM_CLASS_NORMAL))
        return sm_fail(error, SM_ERROR_DATA, "%s: a %s image without a mask", record->image,
                       sm_class_name(sm_record_type(record)));
    sm_status status = sm_check_readable(record->image, error);
    for (int mask = 1; mask < count && status == SM_OK; mask++) {
        status = sm_record_add_mask(record, sm_path_join(folder, entries[mask].name), error);
        if (status == SM_OK) status = sm_check_readable(record->masks[mask - 1], error);
    }
    return status;
}

/** Makes a record of the files of one scene: `entries[0]` is the image, the others are its masks. */
static sm_status make_record(const char *folder, const entry *entries, int count, sm_class type, const char *source,
                             sm_record *record, sm_error *error) {
    char *scene = strndup(entries[0].name, entries[0].scene_length);
    char *name = scene ? sm_path_join(sm_class_name(type), scene) : NULL;
    free(scene);
    record->image = sm_path_join(folder, entries[0].name);
    record->classes = sm_class_set_of(type);
    record->source = strdup(source);
    record->group = name ? sm_group_name(source, name) : NULL;
    record->device = strdup("");
    if (name) record->fold = sm_fold_of_text(name);
    free(name);
    if (!record->image || !record->source || !record->group || !record->device)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for a record");

    sm_error reason = {0};
    const sm_status status = check_scene(folder, entries, count, record, &reason);
    if (status == SM_ERROR_MEMORY) return sm_fail(error, status, "%s", reason.message);
    return status == SM_OK ? SM_OK : sm_record_set_problem(record, &reason, error);
}

static sm_status load_class(const char *folder, sm_class type, sm_dataset_builder *builder, sm_error *error) {
    listing list = {0};
    sm_status status = list_images(folder, &list, error);
    for (int first = 0, next; status == SM_OK && first < list.count; first = next) {
        next = first + 1;
        while (next < list.count && same_scene(&list.entries[first], &list.entries[next])) next++;
        sm_record record = {0};
        status = make_record(folder, list.entries + first, next - first, type, builder->source, &record, error);
        if (status == SM_OK)
            status = sm_dataset_append(builder, &record, error);
        else
            sm_record_free(&record);
    }
    listing_free(&list);
    return status;
}

static char *class_folder(const char *folder, sm_class type) { return sm_path_join(folder, sm_class_name(type)); }

/** Whether the path exists, as whatever it is: a broken link is not skipped silently. */
static bool is_entry(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0;
}

bool sm_busi_folder_recognise(const char *folder) {
    bool found = false;
    for (int type = 0; type < SM_CLASS_COUNT && !found; type++) {
        char *path = class_folder(folder, (sm_class)type);
        found = path && is_entry(path);
        free(path);
    }
    return found;
}

sm_status sm_busi_folder_load(const char *folder, sm_dataset_builder *builder, sm_error *error) {
    static const sm_class order[] = {SM_CLASS_BENIGN, SM_CLASS_MALIGNANT, SM_CLASS_NORMAL};
    const int before = builder->dataset->count;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        char *path = class_folder(folder, order[i]);
        if (!path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a path");
        const sm_status status = is_entry(path) ? load_class(path, order[i], builder, error) : SM_OK;
        free(path);
        if (status != SM_OK) return status;
    }
    if (builder->dataset->count == before)
        return sm_fail(error, SM_ERROR_DATA, "%s: no image in benign/, malignant/ or normal/", folder);
    builder->dataset->folds_by_name = true;
    return SM_OK;
}
