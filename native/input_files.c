#include "input_files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "file.h"

enum { DICOM_PREAMBLE = 128, DICOM_HEAD = 132 };

bool sm_is_dicom(const unsigned char *bytes, size_t size) {
    return size >= DICOM_HEAD && memcmp(bytes + DICOM_PREAMBLE, "DICM", DICOM_HEAD - DICOM_PREAMBLE) == 0;
}

void sm_input_files_free(sm_input_files *files) {
    for (int i = 0; i < files->count; i++) free(files->names[i]);
    free(files->names);
    *files = (sm_input_files){0};
}

/** Takes ownership of `name`, which may be NULL for lack of memory. */
static sm_status add(sm_input_files *files, char *name, sm_error *error) {
    if (name && files->count == files->capacity) {
        const int capacity = files->capacity ? 2 * files->capacity : 64;
        char **names = realloc(files->names, (size_t)capacity * sizeof *names);
        if (!names) {
            free(name);
            name = NULL;
        } else {
            files->names = names;
            files->capacity = capacity;
        }
    }
    if (!name) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the names of the files");
    files->names[files->count++] = name;
    return SM_OK;
}

/** Whether the name without its extension ends like that of a mask or an overlay. */
static bool is_output_name(const char *name, const char *dot) {
    static const char *const endings[] = {"_mask", "_overlay"};
    const char *end = dot;
    while (end > name && isdigit((unsigned char)end[-1])) end--;
    end = end < dot && end > name && end[-1] == '_' ? end - 1 : dot;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        const size_t length = strlen(endings[i]);
        if ((size_t)(end - name) > length && memcmp(end - length, endings[i], length) == 0) return true;
    }
    return false;
}

static bool begins_like_dicom(const char *path) {
    unsigned char head[DICOM_HEAD];
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    const size_t size = fread(head, 1, sizeof head, file);
    fclose(file);
    return sm_is_dicom(head, size);
}

static bool is_image(const char *path, const char *name) {
    static const char *const extensions[] = {".png", ".jpg", ".jpeg", ".bmp", ".dcm", ".dicom"};
    const char *dot = strrchr(name, '.');
    if (!dot) return begins_like_dicom(path);
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
        if (strcasecmp(dot, extensions[i]) == 0) return !(strcasecmp(dot, ".png") == 0 && is_output_name(name, dot));
    return false;
}

static int compare_names(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/** The names in a folder without the hidden ones, sorted. */
static sm_status list(const char *folder, sm_input_files *names, sm_error *error) {
    DIR *directory = opendir(folder);
    if (!directory) return sm_fail(error, SM_ERROR_IO, "%s: %s", folder, strerror(errno));
    sm_status status = SM_OK;
    for (const struct dirent *item; status == SM_OK && (item = readdir(directory)) != NULL;)
        if (item->d_name[0] != '.') status = add(names, strdup(item->d_name), error);
    closedir(directory);
    if (status == SM_OK && names->count > 0)
        qsort(names->names, (size_t)names->count, sizeof *names->names, compare_names);
    return status;
}

static sm_status add_folder(const char *folder, sm_input_files *files, sm_error *error);

/** Takes ownership of `path`. */
static sm_status add_entry(char *path, const char *name, sm_input_files *files, sm_error *error) {
    if (!path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a file name");
    struct stat information;
    sm_status status = SM_OK;
    const bool exists = lstat(path, &information) == 0;
    if (exists && S_ISDIR(information.st_mode))
        status = add_folder(path, files, error);
    else if (exists && (S_ISREG(information.st_mode) || S_ISLNK(information.st_mode)) && !sm_folder_exists(path) &&
             is_image(path, name))
        return add(files, path, error);
    free(path);
    return status;
}

static sm_status add_folder(const char *folder, sm_input_files *files, sm_error *error) {
    sm_input_files names = {0};
    sm_status status = list(folder, &names, error);
    for (int i = 0; status == SM_OK && i < names.count; i++)
        status = add_entry(sm_path_join(folder, names.names[i]), names.names[i], files, error);
    sm_input_files_free(&names);
    return status;
}

sm_status sm_input_files_expand(const sm_words *given, sm_input_files *files, sm_error *error) {
    *files = (sm_input_files){0};
    sm_status status = SM_OK;
    for (int i = 0; status == SM_OK && i < given->count; i++) {
        const int before = files->count;
        if (sm_folder_exists(given->words[i])) status = add_folder(given->words[i], files, error);
        if (status == SM_OK && files->count == before) status = add(files, strdup(given->words[i]), error);
    }
    return status;
}
