#include "scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../native/file.h"
#include "../../src/image.h"

static char folder_name[64];

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk) {
    (void)status, (void)kind;
    return walk->level > 0 ? remove(path) : 0;
}

void fuzz_clear(const char *folder, int itself) {
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (itself) rmdir(folder);
}

static void remove_scratch(void) { fuzz_clear(folder_name, 1); }

const char *fuzz_scratch(void) {
    if (*folder_name) return folder_name;
    snprintf(folder_name, sizeof folder_name, "%s/sonomask-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(folder_name)) abort();
    atexit(remove_scratch);
    return folder_name;
}

int fuzz_write(const char *folder, const char *name, const void *bytes, size_t size) {
    char *path = sm_path_join(folder, name);
    FILE *file = path ? fopen(path, "wb") : NULL;
    free(path);
    if (!file) return 0;
    const int written = fwrite(bytes, 1, size, file) == size;
    return fclose(file) == 0 && written;
}

const void *fuzz_png(size_t *size) {
    static uint8_t file[512];
    static size_t length;
    if (length == 0) {
        uint8_t pixels[64], *bytes = NULL;
        for (int i = 0; i < 64; i++) pixels[i] = i % 3 ? 0 : 255;
        const sm_image image = {.width = 8, .height = 8, .channels = 1, .pixels = pixels};
        if (sm_image_encode_png(&image, &bytes, &length, NULL) != SM_OK || length > sizeof file) abort();
        memcpy(file, bytes, length);
        free(bytes);
    }
    *size = length;
    return file;
}
