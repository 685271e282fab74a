/**
 * A folder in the layout of BUSI. Each line of the input is a file: b, m, n or another letter chooses the folder (
 * benign, malignant, normal, or the data set's own), then + makes it an image and anything else a text, then its name.
 */
#include "fuzz.h"

#include <string.h>
#include <sys/stat.h>

#include "../../native/data/dataset.h"
#include "../../native/file.h"
#include "scratch.h"

enum { MOST_FILES = 24, MOST_DECODED = 8, NAME_SIZE = 256 };

static const char *folder_of(char letter) {
    switch (letter) {
    case 'b':
        return "benign";
    case 'm':
        return "malignant";
    case 'n':
        return "normal";
    default:
        return "";
    }
}

static void make_file(const char *root, const uint8_t *line, size_t length) {
    if (length < 3 || length - 2 >= NAME_SIZE || memchr(line + 2, '/', length - 2) || memchr(line, '\0', length))
        return;
    char name[NAME_SIZE];
    memcpy(name, line + 2, length - 2);
    name[length - 2] = '\0';
    char *folder = sm_path_join(root, folder_of((char)line[0]));
    fuzz_require(folder != NULL);
    size_t size = 4;
    const void *bytes = line[1] == '+' ? fuzz_png(&size) : "text";
    fuzz_write(folder, name, bytes, size);
    free(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *root = sm_path_join(fuzz_scratch(), "set");
    fuzz_require(root && (mkdir(root, 0700) == 0 || sm_folder_exists(root)));
    static const char letters[] = "bmn";
    for (int i = 0; i < 3; i++) {
        char *folder = sm_path_join(root, folder_of(letters[i]));
        fuzz_require(folder != NULL);
        mkdir(folder, 0700);
        free(folder);
    }
    for (int files = 0; size > 0 && files < MOST_FILES; files++) {
        const uint8_t *end = memchr(data, '\n', size);
        const size_t length = end ? (size_t)(end - data) : size;
        make_file(root, data, length);
        data += end ? length + 1 : length;
        size -= end ? length + 1 : length;
    }
    const char *const paths[] = {root};
    sm_dataset dataset;
    sm_error error = {0};
    const sm_status status = sm_dataset_load(paths, 1, &dataset, &error);
    if (status == SM_OK) {
        for (int i = 0; i < dataset.count && i < MOST_DECODED; i++) {
            sm_sample sample = {0};
            error = (sm_error){0};
            if (sm_sample_load(&dataset.records[i], &sample, &error) != SM_OK) fuzz_require(error.message[0] != '\0');
            sm_sample_free(&sample);
        }
        sm_dataset_free(&dataset);
    } else {
        fuzz_require(error.status == status && error.message[0] != '\0');
    }
    fuzz_clear(root, 1);
    free(root);
    return 0;
}
