#include "scratch_folder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../native/file.h"
#include "../../src/image.h"

char *scratch_make(void) {
    const char *parent = getenv("TMPDIR");
    char *folder = sm_path_join(parent && *parent ? parent : "/tmp", "sonomask-test-XXXXXX");
    assert_non_null(folder);
    assert_non_null(mkdtemp(folder));
    return folder;
}

/** Paths handed out, released with the folder. */
static char **paths;
static size_t path_count;

const char *scratch_path(const char *folder, const char *name) {
    char **larger = realloc(paths, (path_count + 1) * sizeof *paths);
    assert_non_null(larger);
    paths = larger;
    paths[path_count] = sm_path_join(folder, name);
    assert_non_null(paths[path_count]);
    return paths[path_count++];
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk) {
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void scratch_remove(char *folder) {
    assert_int_equal(nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    while (path_count > 0) free(paths[--path_count]);
    free(paths);
    paths = NULL;
    free(folder);
}

char *scratch_root;

int scratch_setup(void **state) {
    *state = scratch_root = scratch_make();
    return 0;
}

int scratch_teardown(void **state) {
    scratch_remove(*state);
    *state = scratch_root = NULL;
    return 0;
}

void scratch_folder(const char *folder, const char *name) {
    assert_int_equal(sm_folder_make(scratch_path(folder, name), NULL), SM_OK);
}

void scratch_write(const char *folder, const char *name, const void *bytes, size_t size) {
    const char *slash = strrchr(name, '/');
    if (slash) {
        char *parent = strndup(name, (size_t)(slash - name));
        assert_non_null(parent);
        scratch_folder(folder, parent);
        free(parent);
    }
    assert_int_equal(sm_file_write(scratch_path(folder, name), bytes, size, NULL), SM_OK);
}

void scratch_text(const char *folder, const char *name, const char *text) {
    scratch_write(folder, name, text, strlen(text));
}

void scratch_png(const char *folder, const char *name, int width, int height, const uint8_t *pixels) {
    uint8_t *copy = calloc((size_t)width, (size_t)height), *bytes = NULL;
    size_t size = 0;
    assert_non_null(copy);
    if (pixels) memcpy(copy, pixels, (size_t)width * (size_t)height);
    const sm_image image = {.width = width, .height = height, .channels = 1, .pixels = copy};
    assert_int_equal(sm_image_encode_png(&image, &bytes, &size, NULL), SM_OK);
    scratch_write(folder, name, bytes, size);
    free(bytes);
    free(copy);
}

static int kept_stderr = -1;

void scratch_stderr_begin(const char *folder) {
    fflush(stderr);
    kept_stderr = dup(STDERR_FILENO);
    const int file = open(scratch_path(folder, "stderr.txt"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(kept_stderr >= 0 && file >= 0);
    assert_true(dup2(file, STDERR_FILENO) >= 0);
    close(file);
}

char *scratch_stderr_end(const char *folder) {
    fflush(stderr);
    assert_true(dup2(kept_stderr, STDERR_FILENO) >= 0);
    close(kept_stderr);
    unsigned char *text = NULL;
    size_t size = 0;
    assert_int_equal(sm_file_read(scratch_path(folder, "stderr.txt"), &text, &size, NULL), SM_OK);
    return (char *)text;
}
