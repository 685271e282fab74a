/** sonomask phantom: synthetic ultrasound images with masks and a manifest, which needs no data set. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "data/phantom.h"
#include "data/random.h"
#include "file.h"
#include "options.h"
#include "progress.h"

static const char usage[] =
    "usage: sonomask phantom --out DIR --count N [--seed S] [--width W] [--height H]\n"
    "\n"
    "Draws N synthetic breast-ultrasound images, a third each with a benign lesion, a malignant one, or none:\n"
    "DIR/images/phantom_0001.png, ..., the true masks as DIR/masks/phantom_0001.png, ..., and DIR/manifest.csv.\n"
    "\n"
    "  --out DIR      folder for them, made when missing\n"
    "  --count N      how many, 1 .. 100000\n"
    "  --seed S       default 1; the same seed draws the same images\n"
    "  --width W      pixels, 32 .. 2048, default 600\n"
    "  --height H     pixels, 32 .. 2048, default 450\n";

enum { COUNT_MAXIMUM = 100000, FOLDS = 5 };

typedef struct arguments {
    const char *out;
    int count, width, height;
    uint64_t seed;
    bool help;
} arguments;

static bool parse(int argc, char **argv, arguments *a) {
    enum { OUT = 256, COUNT, SEED, WIDTH, HEIGHT, HELP };
    static const struct option known[] = {{"out", required_argument, NULL, OUT},
                                          {"count", required_argument, NULL, COUNT},
                                          {"seed", required_argument, NULL, SEED},
                                          {"width", required_argument, NULL, WIDTH},
                                          {"height", required_argument, NULL, HEIGHT},
                                          {"help", no_argument, NULL, HELP},
                                          {NULL, 0, NULL, 0}};
    optind = 0; // glibc: forget an earlier command line altogether
    bool good = true;
    for (int option; good && (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        long long number = 0;
        if (option == OUT)
            a->out = optarg;
        else if (option == COUNT)
            good = sm_option_int("count", optarg, 1, COUNT_MAXIMUM, &a->count);
        else if (option == WIDTH)
            good = sm_option_int("width", optarg, SM_PHANTOM_SIDE_MINIMUM, SM_PHANTOM_SIDE_MAXIMUM, &a->width);
        else if (option == HEIGHT)
            good = sm_option_int("height", optarg, SM_PHANTOM_SIDE_MINIMUM, SM_PHANTOM_SIDE_MAXIMUM, &a->height);
        else if (option == HELP)
            a->help = true;
        else if (option == SEED && (good = sm_option_integer("seed", optarg, 0, INT64_MAX, &number)))
            a->seed = (uint64_t)number;
        else
            good = false; // getopt has said what is wrong
    }
    if (!good || a->help) return good;
    if (optind < argc)
        sm_option_unexpected("phantom", argv[optind]);
    else if (!a->out || !*a->out)
        fprintf(stderr, "sonomask: phantom: --out is missing\n");
    else if (a->count == 0)
        fprintf(stderr, "sonomask: phantom: --count is missing\n");
    else
        return true;
    return false;
}

/** As many of each class as of the others, give or take one, in an order that the seed shuffles. From malloc. */
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

static sm_status write_plane(const char *out, const char *name, uint8_t *pixels, int width, int height,
                             sm_error *error) {
    char *path = sm_path_join(out, name);
    if (!path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a path");
    const sm_image image = {.width = width, .height = height, .channels = 1, .pixels = pixels};
    uint8_t *bytes = NULL;
    size_t size = 0;
    sm_status status = sm_image_encode_png(&image, &bytes, &size, error);
    if (status == SM_OK) status = sm_file_write(path, bytes, size, error);
    free(bytes);
    free(path);
    return status;
}

static sm_status draw_one(const arguments *a, int number, sm_class type, sm_error *error) {
    char image[64], mask[64];
    snprintf(image, sizeof image, "images/phantom_%04d.png", number);
    snprintf(mask, sizeof mask, "masks/phantom_%04d.png", number);
    sm_sample sample;
    sm_status status =
        sm_phantom_draw(a->width, a->height, type, sm_random_derive(a->seed, (uint64_t)number), &sample, error);
    if (status != SM_OK) return status;
    status = write_plane(a->out, image, sample.grey, sample.width, sample.height, error);
    if (status == SM_OK) status = write_plane(a->out, mask, sample.mask, sample.width, sample.height, error);
    sm_sample_free(&sample);
    return status;
}

/** Each class goes through the folds in turn, beginning where the others do not, so that few images fill all folds. */
static sm_status write_manifest(const arguments *a, const sm_class *classes, sm_error *error) {
    char *path = sm_path_join(a->out, "manifest.csv");
    if (!path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a path");
    sm_file_writer writer;
    sm_status status = sm_file_writer_open(&writer, path, error);
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

static sm_status run(const arguments *a, sm_error *error) {
    sm_class *classes = shuffle_classes(a->count, a->seed);
    if (!classes) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d phantoms", a->count);
    sm_status status = make_folder(a->out, "images", error);
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
    // Last, so that a manifest names only what is there.
    if (status == SM_OK) status = write_manifest(a, classes, error);
    free(classes);
    return status;
}

int sm_command_phantom(int argc, char **argv) {
    arguments a = {.width = 600, .height = 450, .seed = 1};
    const bool good = parse(argc, argv, &a);
    if (!good || a.help) return sm_command_usage(usage, good);
    sm_error error = {0};
    return sm_command_end(run(&a, &error), &error);
}
