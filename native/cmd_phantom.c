/** sonomask phantom: draws synthetic ultrasound images with masks and a manifest. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "data/phantom.h"
#include "data/random.h"
#include "file.h"
#include "own_files.h"
#include "progress.h"

enum { COUNT_MAXIMUM = 100000, FOLDS = 5 };

typedef struct arguments {
    const char *out;
    int count, width, height;
    uint64_t seed;
    bool overwrite;
} arguments;

static const sm_option option_table[] = {
    {.name = "out",
     .value = "DIR",
     .help = "folder for the images, created if missing",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, out),
     .required = true},
    {.name = "count",
     .value = "N",
     .help = "number of images",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, count),
     .low = 1,
     .high = COUNT_MAXIMUM,
     .required = true},
    {.name = "seed",
     .value = "S",
     .help = "seed of the images; equal seeds give equal images",
     .kind = SM_OPTION_SEED,
     .offset = offsetof(arguments, seed)},
    {.name = "width",
     .value = "W",
     .help = "width of an image in pixels",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, width),
     .low = SM_PHANTOM_SIDE_MINIMUM,
     .high = SM_PHANTOM_SIDE_MAXIMUM},
    {.name = "height",
     .value = "H",
     .help = "height of an image in pixels",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, height),
     .low = SM_PHANTOM_SIDE_MINIMUM,
     .high = SM_PHANTOM_SIDE_MAXIMUM},
    SM_OVERWRITE_OPTION(offsetof(arguments, overwrite)),
    {.name = NULL},
};

static const sm_command_line line = {
    .name = "phantom",
    .description =
        "Draws N synthetic breast ultrasound images: one third with a benign lesion, one third with a malignant "
        "lesion, one third without a lesion. Writes DIR/images/phantom_0001.png and so on, the masks as "
        "DIR/masks/phantom_0001.png and so on, and DIR/manifest.csv.",
    .arguments_size = sizeof(arguments),
    .options = option_table,
};

/** Equal numbers of each class (they differ by at most one), shuffled by the seed. From malloc. */
static sm_class *shuffle_classes(int count, uint64_t seed) {
    static const sm_class cycle[] = {SM_CLASS_BENIGN, SM_CLASS_MALIGNANT, SM_CLASS_NORMAL};
    sm_class *classes = malloc((size_t)count * sizeof *classes);
    if (!classes) return NULL;
    sm_random random = sm_random_make(seed);
    for (int i = 0; i < count; i++) classes[i] = cycle[i % 3];
    for (int i = count - 1; i > 0; i--) {
        const int other = sm_random_below(&random, i + 1);
        const sm_class kept = classes[i];
        classes[i] = classes[other];
        classes[other] = kept;
    }
    return classes;
}

static sm_status write_plane(const arguments *a, const char *name, uint8_t *pixels, int width, int height,
                             sm_error *error) {
    const sm_file_options own = {.recognise = a->overwrite ? NULL : sm_own_png};
    char *path = sm_path_join(a->out, name);
    if (!path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a path");
    const sm_image image = {.width = width, .height = height, .channels = 1, .pixels = pixels};
    uint8_t *bytes = NULL;
    size_t size = 0;
    sm_status status = sm_own_png_encode(&image, &bytes, &size, error);
    if (status == SM_OK) status = sm_file_write_as(path, bytes, size, &own, error);
    free(bytes);
    free(path);
    return status;
}

enum { NAME_SIZE = 64 };

static void name_files(int number, char image[NAME_SIZE], char mask[NAME_SIZE]) {
    snprintf(image, NAME_SIZE, "images/phantom_%04d.png", number);
    snprintf(mask, NAME_SIZE, "masks/phantom_%04d.png", number);
}

/** Checks, before the first image is drawn, that no file of the user is replaced. */
static sm_status check_outputs(const arguments *a, sm_error *error) {
    if (a->overwrite) return SM_OK;
    sm_status status = sm_own_output_check(a->out, "manifest.csv", sm_own_phantom_manifest, error);
    for (int number = 1; status == SM_OK && number <= a->count; number++) {
        char image[NAME_SIZE], mask[NAME_SIZE];
        name_files(number, image, mask);
        status = sm_own_output_check(a->out, image, sm_own_png, error);
        if (status == SM_OK) status = sm_own_output_check(a->out, mask, sm_own_png, error);
    }
    return status;
}

static sm_status draw_one(const arguments *a, int number, sm_class type, sm_error *error) {
    char image[NAME_SIZE], mask[NAME_SIZE];
    name_files(number, image, mask);
    sm_sample sample;
    sm_status status =
        sm_phantom_draw(a->width, a->height, type, sm_random_derive(a->seed, (uint64_t)number), &sample, error);
    if (status != SM_OK) return status;
    status = write_plane(a, image, sample.grey, sample.width, sample.height, error);
    if (status == SM_OK) status = write_plane(a, mask, sample.mask, sample.width, sample.height, error);
    sm_sample_free(&sample);
    return status;
}

/** Each class cycles through the folds and begins at another fold, so that few images fill all folds. */
static sm_status write_manifest(const arguments *a, const sm_class *classes, sm_error *error) {
    const sm_file_options own = {.recognise = a->overwrite ? NULL : sm_own_phantom_manifest};
    char *path = sm_path_join(a->out, "manifest.csv");
    if (!path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a path");
    sm_file_writer writer;
    sm_status status = sm_file_writer_open_as(&writer, path, &own, error);
    free(path);
    if (status != SM_OK) return status;
    int next_fold[SM_CLASS_COUNT] = {0, 2, 4};
    fputs("image,masks,class,group,fold\n", writer.file);
    for (int i = 0; i < a->count; i++)
        fprintf(writer.file, "images/phantom_%04d.png,masks/phantom_%04d.png,%s,%d,%d\n", i + 1, i + 1,
                sm_class_name(classes[i]), i + 1, next_fold[classes[i]]++ % FOLDS);
    return sm_file_writer_commit(&writer, error);
}

static sm_status make_folder(const char *out, const char *name, sm_error *error) {
    char *path = sm_path_join(out, name);
    if (!path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a path");
    const sm_status status = sm_folder_make(path, error);
    free(path);
    return status;
}

static sm_status run(void *pointer, sm_error *error) {
    const arguments *a = pointer;
    sm_class *classes = shuffle_classes(a->count, a->seed);
    if (!classes) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d phantoms", a->count);
    sm_status status = check_outputs(a, error);
    if (status == SM_OK) status = make_folder(a->out, "images", error);
    if (status == SM_OK) status = make_folder(a->out, "masks", error);
    if (status == SM_OK) {
        sm_progress progress;
        sm_progress_begin(&progress, "phantom", a->count);
        for (int i = 0; status == SM_OK && i < a->count; i++) {
            status = draw_one(a, i + 1, classes[i], error);
            if (status == SM_OK) sm_progress_show(&progress, i + 1, NULL);
        }
        sm_progress_end(&progress);
    }
    // Last, so that the manifest names only existing files.
    if (status == SM_OK) status = write_manifest(a, classes, error);
    free(classes);
    return status;
}

int sm_command_phantom(int argc, char **argv) {
    arguments a = {.width = 600, .height = 450, .seed = 1};
    return sm_command_line_run(&line, argc, argv, &a, run);
}
