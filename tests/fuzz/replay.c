/** Runs a fuzz target once on each file of the given folders: `replay_NAME FOLDER...`. A missing folder is skipped. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../native/file.h"
#include "fuzz.h"

/** Copies the bytes to a block of their size, so that a sanitizer finds any read past the end. */
static int replay(const char *path) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    sm_error error = {0};
    if (sm_file_read(path, &bytes, &size, &error) != SM_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 0;
    }
    unsigned char *exact = malloc(size ? size : 1);
    if (exact) {
        memcpy(exact, bytes, size);
        LLVMFuzzerTestOneInput(exact, size);
    }
    free(exact);
    free(bytes);
    return exact != NULL;
}

int main(int argc, char **argv) {
    int files = 0, failed = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (!folder) continue;
        for (const struct dirent *entry; (entry = readdir(folder));) {
            char *path = sm_path_join(argv[i], entry->d_name);
            struct stat information;
            if (path && stat(path, &information) == 0 && S_ISREG(information.st_mode)) {
                files++;
                failed += !replay(path);
            }
            free(path);
        }
        closedir(folder);
    }
    printf("%s: %d files\n", argv[0], files);
    return files == 0 || failed > 0;
}
