#include "predict_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/status.h"
#include "file.h"
#include "overlay.h"
#include "own_files.h"

typedef struct named {
    char *name;
    int index;
} named;

static int compare_named(const void *a, const void *b) {
    const named *first = a, *second = b;
    const int order = strcmp(first->name, second->name);
    return order ? order : (first->index > second->index) - (first->index < second->index);
}

sm_status sm_predict_same_names(const sm_words *files, int *name_of, sm_error *error) {
    named *all = calloc((size_t)files->count, sizeof *all);
    bool enough_memory = all != NULL;
    for (int i = 0; enough_memory && i < files->count; i++) {
        all[i] = (named){sm_path_stem(files->words[i]), i};
        enough_memory = all[i].name != NULL;
    }
    if (enough_memory) {
        qsort(all, (size_t)files->count, sizeof *all, compare_named);
        int first = 0;
        for (int i = 0; i < files->count; i++) {
            if (strcmp(all[first].name, all[i].name) != 0) first = i;
            name_of[all[i].index] = all[first].index;
        }
    }
    for (int i = 0; all && i < files->count; i++) free(all[i].name);
    free(all);
    return enough_memory ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory for %d file names", files->count);
}

static const char mask_ending[] = "_mask.png", overlay_ending[] = "_overlay.png";

/** Which existing files the outputs may replace. */
static sm_file_recogniser *recogniser(const sm_predict_folder *folder) { return folder->overwrite ? NULL : sm_own_png; }

/** OUT/NAME + `ending`, from malloc. */
static sm_status make_path(const sm_predict_folder *folder, const char *file, const char *ending, char **path,
                           sm_error *error) {
    char *stem = sm_path_stem(file);
    char *start = stem ? sm_path_join(folder->path, stem) : NULL;
    const size_t size = start ? strlen(start) + strlen(ending) + 1 : 0;
    *path = start ? malloc(size) : NULL;
    if (*path) snprintf(*path, size, "%s%s", start, ending);
    free(start);
    free(stem);
    return *path ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory for a path");
}

static sm_status check_output(const sm_predict_folder *folder, const char *file, const char *ending, sm_error *error) {
    char *path = NULL;
    sm_status status = make_path(folder, file, ending, &path, error);
    if (!status) status = sm_file_check_replaceable(path, recogniser(folder), error);
    free(path);
    return status;
}

sm_status sm_predict_check(const sm_predict_folder *folder, const char *file, sm_error *error) {
    sm_status status = check_output(folder, file, mask_ending, error);
    if (!status && folder->overlay) status = check_output(folder, file, overlay_ending, error);
    return status;
}

static sm_status write_png(const sm_predict_folder *folder, const char *file, const char *ending, const sm_image *image,
                           sm_error *error) {
    const sm_file_options own = {.recognise = recogniser(folder)};
    uint8_t *bytes = NULL;
    size_t size = 0;
    char *path = NULL;
    sm_status status = make_path(folder, file, ending, &path, error);
    if (!status) status = sm_own_png_encode(image, &bytes, &size, error);
    if (!status) status = sm_file_write_as(path, bytes, size, &own, error);
    free(bytes);
    free(path);
    return status;
}

sm_status sm_predict_write(const sm_predict_folder *folder, const char *file, const sm_image *image,
                           const sm_prompts *prompts, const sm_result *result, sm_error *error) {
    const sm_image mask = {.width = result->width, .height = result->height, .channels = 1, .pixels = result->mask};
    sm_image overlay = {0};
    sm_status status = SM_OK;
    if (folder->overlay) {
        const sm_overlay_content content = {result->mask, result->possible_mask, prompts, result->regions,
                                            result->region_count};
        status = sm_overlay_draw(image, &content, &overlay, error);
        if (!status) status = write_png(folder, file, overlay_ending, &overlay, error);
    }
    if (!status) status = write_png(folder, file, mask_ending, &mask, error);
    sm_image_free(&overlay);
    return status;
}
