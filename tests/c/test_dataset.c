/** Manifests, the published BUSI folders, and decoding of their images and masks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../native/data/dataset.h"
#include "../../native/data/marks.h"
#include "../../native/data/phantom.h"
#include "../../src/letterbox.h"
#include "scratch_folder.h"

enum { WIDTH = 48, HEIGHT = 40 };

/** Writes image and mask of a phantom, and returns the sample, which the caller frees. */
static sm_sample write_phantom(const char *folder, const char *image, const char *mask, sm_class type, uint64_t seed) {
    sm_sample sample;
    assert_int_equal(sm_phantom_draw(WIDTH, HEIGHT, type, seed, &sample, NULL), SM_OK);
    scratch_png(folder, image, WIDTH, HEIGHT, sample.grey);
    if (mask) scratch_png(folder, mask, WIDTH, HEIGHT, sample.mask);
    return sample;
}

static void put_phantom(const char *folder, const char *image, const char *mask, sm_class type, uint64_t seed) {
    sm_sample sample = write_phantom(folder, image, mask, type, seed);
    sm_sample_free(&sample);
}

static sm_dataset load(const char *path) {
    sm_dataset dataset;
    sm_error error = {0};
    if (sm_dataset_load(&path, 1, &dataset, &error) != SM_OK) fail_msg("not loaded: %s", error.message);
    return dataset;
}

/** Checks that loading fails with `status` and a message that contains each of `parts` (ended by NULL). */
static void assert_refused(const char *scratch, const char *const *paths, int path_count, sm_status status,
                           const char *const *parts) {
    sm_dataset dataset = {.count = 1};
    sm_error error = {0};
    scratch_stderr_begin(scratch);
    const sm_status got = sm_dataset_load(paths, path_count, &dataset, &error);
    free(scratch_stderr_end(scratch));
    if (got != status) fail_msg("status %d instead of %d: %s", (int)got, (int)status, error.message);
    for (; *parts; parts++)
        if (!strstr(error.message, *parts)) fail_msg("\"%s\" does not contain \"%s\"", error.message, *parts);
    assert_null(strchr(error.message, '\n'));
    assert_int_equal(dataset.count, 0);
    assert_null(dataset.records);
}

/** Checks that a record has a `problem` with each of `parts`, and that loading its sample fails with it. */
static void assert_problem(const sm_record *record, const char *const *parts) {
    sm_sample sample = {.width = 1};
    sm_error error = {0};
    assert_non_null(record->problem);
    assert_int_equal(sm_sample_load(record, &sample, &error), SM_ERROR_DATA);
    assert_string_equal(error.message, record->problem);
    assert_int_equal(sample.width, 0);
    assert_null(sample.grey);
    for (; *parts; parts++)
        if (!strstr(record->problem, *parts)) fail_msg("\"%s\" does not contain \"%s\"", record->problem, *parts);
}

static void test_manifest_fields(void **state) {
    const char *scratch = *state;
    scratch_folder(scratch, "clinic");
    sm_sample benign = write_phantom(scratch, "clinic/images/one.png", "clinic/masks/one.png", SM_CLASS_BENIGN, 1);
    put_phantom(scratch, "clinic/images/two.png", "clinic/masks/two.png", SM_CLASS_MALIGNANT, 2);
    put_phantom(scratch, "clinic/images/three.png", NULL, SM_CLASS_NORMAL, 3);
    scratch_text(scratch, "clinic/manifest.csv",
                 "image,masks,class,group,fold,exclude,curated,device,calipers,birads\n"
                 "images/one.png,masks/one.png,benign,7,3,0,1,Probe A,1,2\n"
                 "images/two.png,masks/two.png,malignant,8,0,1,0,,0,5\n"
                 "images/three.png,,normal,9,4,,,,,\n");
    // As a manifest and as the folder that holds it.
    const char *paths[] = {scratch_path(scratch, "clinic/manifest.csv"), scratch_path(scratch, "clinic")};
    for (int form = 0; form < 2; form++) {
        sm_dataset dataset = load(paths[form]);
        assert_int_equal(dataset.count, 3);
        assert_false(dataset.folds_by_name);
        const sm_record *one = &dataset.records[0], *two = &dataset.records[1], *three = &dataset.records[2];
        assert_int_equal(sm_record_type(one), SM_CLASS_BENIGN);
        assert_int_equal(sm_record_type(two), SM_CLASS_MALIGNANT);
        assert_int_equal(sm_record_type(three), SM_CLASS_NORMAL);
        assert_string_equal(one->source, "clinic");
        assert_string_equal(one->group, "clinic:7");
        assert_int_equal(one->fold, 3);
        assert_int_equal(two->fold, 0);
        assert_false(one->exclude);
        assert_true(two->exclude);
        assert_true(one->curated && !two->curated && one->has_curated);
        assert_true(one->calipers && !two->calipers && !three->calipers);
        assert_string_equal(one->device, "Probe A");
        assert_string_equal(two->device, "");
        assert_int_equal(one->mask_count, 1);
        assert_int_equal(three->mask_count, 0);

        sm_sample sample;
        assert_int_equal(sm_sample_load(one, &sample, NULL), SM_OK);
        assert_int_equal(sample.width, WIDTH);
        assert_int_equal(sample.height, HEIGHT);
        assert_memory_equal(sample.grey, benign.grey, WIDTH * HEIGHT);
        assert_memory_equal(sample.mask, benign.mask, WIDTH * HEIGHT);
        sm_sample_free(&sample);
        assert_int_equal(sm_sample_load(three, &sample, NULL), SM_OK);
        for (int i = 0; i < WIDTH * HEIGHT; i++) assert_int_equal(sample.mask[i], 0);
        sm_sample_free(&sample);
        sm_dataset_free(&dataset);
        assert_int_equal(dataset.count, 0);
    }
    sm_sample_free(&benign);
}

static void test_manifest_syntax(void **state) {
    const char *scratch = *state;
    put_phantom(scratch, "a, \"b\".png", "mask one.png", SM_CLASS_BENIGN, 1);
    put_phantom(scratch, "c.png", "d.png", SM_CLASS_MALIGNANT, 2);
    // A byte-order mark, CRLF, columns in another order, quotes, a blank line, spaces, no line break at the end.
    scratch_text(scratch, "manifest.csv",
                 "\xEF\xBB\xBF"
                 "note,class,\"image\",fold , masks\r\n"
                 "\"two\r\nlines, one \"\"note\"\"\",Benign,\"a, \"\"b\"\".png\",1, mask one.png \r\n"
                 "\r\n"
                 "  \r\n"
                 ",malignant,c.png,2,d.png");
    sm_dataset dataset = load(scratch);
    assert_int_equal(dataset.count, 2);
    assert_non_null(strstr(dataset.records[0].image, "/a, \"b\".png"));
    assert_non_null(strstr(dataset.records[0].masks[0], "/mask one.png"));
    assert_int_equal(sm_record_type(&dataset.records[0]), SM_CLASS_BENIGN);
    assert_int_equal(dataset.records[1].fold, 2);
    assert_false(dataset.records[0].has_curated);
    assert_false(dataset.folds_by_name);
    // Without a group column, each image is a group of its own.
    assert_string_not_equal(dataset.records[0].group, dataset.records[1].group);
    sm_dataset_free(&dataset);

    // A quoted field may contain line breaks; messages have the line on which the row begins.
    scratch_text(scratch, "manifest.csv",
                 "image,masks,class,note\nc.png,d.png,malignant,\"a\nb\"\nno.png,d.png,benign,\n");
    scratch_stderr_begin(scratch);
    dataset = load(scratch);
    free(scratch_stderr_end(scratch));
    assert_problem(&dataset.records[1], (const char *[]){"manifest.csv: line 4: ", "no.png", NULL});
    sm_dataset_free(&dataset);
}

static void test_absolute_paths(void **state) {
    const char *scratch = *state;
    put_phantom(scratch, "images/a.png", "images/m.png", SM_CLASS_BENIGN, 1);
    char text[8192];
    snprintf(text, sizeof text, "image,masks,class\n%s,%s,benign\n", scratch_path(scratch, "images/a.png"),
             scratch_path(scratch, "images/m.png"));
    scratch_text(scratch, "lists/manifest.csv", text);
    scratch_stderr_begin(scratch);
    sm_dataset dataset = load(scratch_path(scratch, "lists"));
    free(scratch_stderr_end(scratch));
    assert_string_equal(dataset.records[0].image, scratch_path(scratch, "images/a.png"));
    sm_dataset_free(&dataset);
}

static void test_bad_manifests(void **state) {
    const char *scratch = *state;
    put_phantom(scratch, "a.png", "m.png", SM_CLASS_BENIGN, 1);
    put_phantom(scratch, "b.png", "n.png", SM_CLASS_BENIGN, 2);
    static const struct {
        const char *text, *parts[4];
    } cases[] = {
        {"", {"manifest.csv", "empty", NULL}},
        {"\n\n", {"manifest.csv", "empty", NULL}},
        {"image,masks,class\n", {"manifest.csv", "no image", NULL}},
        {"image,masks\na.png,m.png\n", {"manifest.csv", "line 1", "no column \"class\"", NULL}},
        {"masks,class\nm.png,benign\n", {"manifest.csv", "line 1", "no column \"image\"", NULL}},
        {"image,class\na.png,benign\n", {"manifest.csv", "line 1", "no column \"masks\"", NULL}},
        {"image,masks,class,image\na.png,m.png,benign,b.png\n",
         {"manifest.csv", "line 1", "two columns \"image\"", NULL}},
        {"image,masks,class\n,m.png,benign\n", {"manifest.csv", "line 2", "no image", NULL}},
        {"image,masks,class\na.png,m.png\n", {"manifest.csv", "line 2", "2 fields where the header has 3", NULL}},
        {"image,masks,class\na.png,m.png,benign,4\n", {"manifest.csv", "line 2", "4 fields", NULL}},
        {"image,masks,class,fold\na.png,m.png,benign,x\n", {"manifest.csv", "line 2", "\"fold\" holds \"x\"", NULL}},
        {"image,masks,class,fold\na.png,m.png,benign,-1\n", {"manifest.csv", "line 2", "\"fold\" holds \"-1\"", NULL}},
        {"image,masks,class,exclude\na.png,m.png,benign,2\n",
         {"manifest.csv", "line 2", "\"exclude\" holds \"2\"", NULL}},
        {"image,masks,class\n\"a.png,m.png,benign\n", {"manifest.csv", "line 2", "quote is not closed", NULL}},
        {"image,masks,class\n\"a.png\"x,m.png,benign\n", {"manifest.csv", "line 2", "after a closing quote", NULL}},
        {"image,masks,class\na.png,m.png,benign\n./a.png,n.png,benign\n", {"a.png", "listed twice", NULL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scratch_text(scratch, "manifest.csv", cases[i].text);
        assert_refused(scratch, &(const char *){scratch}, 1, SM_ERROR_DATA, cases[i].parts);
    }
    scratch_write(scratch, "manifest.csv", "image,masks,class\na.png\0,m.png,benign\n", 39);
    assert_refused(scratch, &(const char *){scratch}, 1, SM_ERROR_DATA, (const char *[]){"line 2", "NUL", NULL});
}

static void test_bad_rows_do_not_affect_the_others(void **state) {
    const char *scratch = *state;
    put_phantom(scratch, "a.png", "m.png", SM_CLASS_BENIGN, 1);
    put_phantom(scratch, "b.png", "n.png", SM_CLASS_BENIGN, 2);
    scratch_folder(scratch, "folder.png");
    static const struct {
        const char *row, *reason;
    } cases[] = {
        {"b.png,gone.png,benign", "gone.png: No such file"},
        {"b.png,n.png;gone.png,benign", "gone.png: No such file"},
        {"gone.png,n.png,benign", "gone.png: No such file"},
        {"folder.png,n.png,benign", "folder.png: not a regular file"},
        {"b.png,,", "b.png: neither a class nor a mask"},
        {"b.png, ; ,", "b.png: neither a class nor a mask"},
        {"b.png,n.png,tumour", "unknown class \"tumour\" (normal, benign, malignant, lesion, or empty"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        snprintf(text, sizeof text, "image,masks,class,group,fold\n%s,8,0\na.png,m.png,benign,9,1\n", cases[i].row);
        scratch_text(scratch, "manifest.csv", text);
        sm_dataset dataset = load(scratch);
        assert_int_equal(dataset.count, 2);
        assert_problem(&dataset.records[0], (const char *[]){"manifest.csv: line 2: ", cases[i].reason, NULL});
        assert_null(dataset.records[1].problem);
        sm_sample sample;
        assert_int_equal(sm_sample_load(&dataset.records[1], &sample, NULL), SM_OK);
        sm_sample_free(&sample);
        sm_dataset_free(&dataset);
    }
}

static void test_bad_paths(void **state) {
    const char *scratch = *state;
    const char *missing = scratch_path(scratch, "nowhere");
    assert_refused(scratch, &missing, 1, SM_ERROR_IO, (const char *[]){"nowhere: No such file", NULL});
    scratch_folder(scratch, "bare");
    const char *bare = scratch_path(scratch, "bare");
    assert_refused(scratch, &bare, 1, SM_ERROR_DATA, (const char *[]){"bare: neither a manifest.csv nor", NULL});
    assert_refused(scratch, NULL, 0, SM_ERROR_ARGUMENT, (const char *[]){"no data set", NULL});
    if (geteuid() == 0) return; // root reads everything
    put_phantom(scratch, "a.png", "m.png", SM_CLASS_BENIGN, 1);
    scratch_text(scratch, "manifest.csv", "image,masks,class\na.png,m.png,benign\n");
    assert_int_equal(chmod(scratch_path(scratch, "m.png"), 0), 0);
    scratch_stderr_begin(scratch);
    sm_dataset dataset = load(scratch);
    free(scratch_stderr_end(scratch));
    assert_problem(&dataset.records[0], (const char *[]){"line 2", "m.png: Permission denied", NULL});
    sm_dataset_free(&dataset);
    assert_int_equal(chmod(scratch_path(scratch, "manifest.csv"), 0), 0);
    assert_refused(scratch, &(const char *){scratch}, 1, SM_ERROR_IO,
                   (const char *[]){"manifest.csv: Permission denied", NULL});
}

/** Huge fields, rows and quotes: a message of one line with the line number and the reason. */
static void test_hostile_manifests(void **state) {
    const char *scratch = *state;
    put_phantom(scratch, "a.png", "m.png", SM_CLASS_BENIGN, 1);
    enum { HUGE = 1 << 20 };
    static const struct {
        const char *before, *after;
        char filler;
        const char *parts[4];
    } cases[] = {
        {"image,masks,class\n", ",m.png,benign\n", 'x', {"line 2", "\"image\" holds 1048576 bytes", NULL}},
        {"image,masks,class,fold\na.png,m.png,benign,", "\n", '9', {"line 2", "\"fold\" holds \"99", "99...\"", NULL}},
        {"image,masks,class,exclude\na.png,m.png,benign,",
         "\n",
         'y',
         {"line 2", "\"exclude\" holds", "(0 or 1)", NULL}},
        {"image,masks,class\na.png,m.png,benign", "\n", ',', {"line 2", "more than 100000 fields", NULL}},
        {"", "\n", ',', {"line 1", "more than 100000 fields", NULL}},
        {"image,masks,class\n\"", "", '\n', {"line 2", "quote is not closed", NULL}},
        {"image,masks,class\n\"a.png,m.png,benign\n", "", '"', {"line 2", NULL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t before = strlen(cases[i].before), after = strlen(cases[i].after);
        char *text = malloc(before + HUGE + after);
        assert_non_null(text);
        memcpy(text, cases[i].before, before);
        memset(text + before, cases[i].filler, HUGE);
        memcpy(text + before + HUGE, cases[i].after, after);
        scratch_write(scratch, "manifest.csv", text, before + HUGE + after);
        assert_refused(scratch, &(const char *){scratch}, 1, SM_ERROR_DATA, cases[i].parts);
        free(text);
    }
    /* A huge mask path and a huge class are faults of one image; the message keeps the reason. */
    char *long_mask = malloc(HUGE + 64), *long_class = malloc(HUGE + 64);
    assert_true(long_mask && long_class);
    strcpy(long_mask, "image,masks,class,group,fold\na.png,");
    memset(long_mask + strlen(long_mask), 'm', HUGE - 64);
    strcpy(long_mask + HUGE - 29, ",benign,1,0\n");
    strcpy(long_class, "image,masks,class,group,fold\na.png,m.png,\"");
    const size_t start = strlen(long_class);
    memset(long_class + start, '\n', HUGE);
    strcpy(long_class + start + HUGE - 64, "\",1,0\n");
    scratch_text(scratch, "manifest.csv", long_mask);
    sm_dataset dataset = load(scratch);
    assert_problem(&dataset.records[0], (const char *[]){"mmm: File name too long", NULL});
    sm_dataset_free(&dataset);
    scratch_text(scratch, "manifest.csv", long_class);
    dataset = load(scratch);
    assert_problem(&dataset.records[0], (const char *[]){"line 2", "unknown class \"???",
                                                         "normal, benign, malignant, lesion, or empty", NULL});
    assert_null(strchr(dataset.records[0].problem, '\n'));
    sm_dataset_free(&dataset);
    free(long_mask);
    free(long_class);
}

static void test_special_files_as_data(void **state) {
    const char *scratch = *state;
    alarm(60); /* ends the test if a pipe is opened, which waits for a writer */
    scratch_folder(scratch, "pipe");
    const char *pipe = scratch_path(scratch, "pipe"), *pipe_manifest = scratch_path(scratch, "pipe/manifest.csv");
    assert_int_equal(mkfifo(pipe_manifest, 0600), 0);
    assert_refused(scratch, &pipe, 1, SM_ERROR_DATA, (const char *[]){"manifest.csv: not a regular file", NULL});
    assert_refused(scratch, &pipe_manifest, 1, SM_ERROR_DATA, (const char *[]){"not a regular file", NULL});
    scratch_folder(scratch, "nested/manifest.csv");
    const char *nested = scratch_path(scratch, "nested");
    assert_refused(scratch, &nested, 1, SM_ERROR_IO, (const char *[]){"manifest.csv: is a folder", NULL});
    scratch_folder(scratch, "loop");
    const char *loop = scratch_path(scratch, "loop"), *loop_manifest = scratch_path(scratch, "loop/manifest.csv");
    assert_int_equal(symlink("manifest.csv", loop_manifest), 0);
    assert_refused(scratch, &loop, 1, SM_ERROR_IO, (const char *[]){"manifest.csv: Too many levels", NULL});
    scratch_folder(scratch, "classes/malignant");
    put_phantom(scratch, "classes/malignant/a.png", "classes/malignant/a_mask.png", SM_CLASS_MALIGNANT, 1);
    const char *classes = scratch_path(scratch, "classes"), *benign = scratch_path(scratch, "classes/benign");
    assert_int_equal(symlink("benign", benign), 0); /* an error, since a class would be missing */
    assert_refused(scratch, &classes, 1, SM_ERROR_IO, (const char *[]){"benign: Too many levels", NULL});
    assert_int_equal(unlink(benign), 0);
    scratch_text(scratch, "classes/benign", "a file");
    assert_refused(scratch, &classes, 1, SM_ERROR_IO, (const char *[]){"benign: Not a directory", NULL});
    assert_int_equal(unlink(benign), 0);

    /* As image or mask, each is a fault of its record only. */
    assert_int_equal(mkfifo(scratch_path(scratch, "classes/malignant/b.png"), 0600), 0);
    scratch_png(scratch, "classes/malignant/b_mask.png", WIDTH, HEIGHT, NULL);
    assert_int_equal(symlink("c.png", scratch_path(scratch, "classes/malignant/c.png")), 0);
    scratch_png(scratch, "classes/malignant/c_mask.png", WIDTH, HEIGHT, NULL);
    scratch_folder(scratch, "classes/malignant/d.png");
    scratch_png(scratch, "classes/malignant/d_mask.png", WIDTH, HEIGHT, NULL);
    scratch_png(scratch, "classes/malignant/e.png", WIDTH, HEIGHT, NULL);
    assert_int_equal(mkfifo(scratch_path(scratch, "classes/malignant/e_mask.png"), 0600), 0);
    scratch_stderr_begin(scratch);
    sm_dataset dataset = load(classes);
    free(scratch_stderr_end(scratch));
    assert_int_equal(dataset.count, 5);
    assert_null(dataset.records[0].problem);
    assert_problem(&dataset.records[1], (const char *[]){"b.png: not a regular file", NULL});
    assert_problem(&dataset.records[2], (const char *[]){"c.png: Too many levels", NULL});
    assert_problem(&dataset.records[3], (const char *[]){"d.png: not a regular file", NULL});
    assert_problem(&dataset.records[4], (const char *[]){"e_mask.png: not a regular file", NULL});
    sm_dataset_free(&dataset);
    alarm(0);
}

/** An image and a link to it are the same image. */
static void test_links_are_recognised(void **state) {
    const char *scratch = *state;
    put_phantom(scratch, "a.png", "m.png", SM_CLASS_BENIGN, 1);
    assert_int_equal(symlink("a.png", scratch_path(scratch, "b.png")), 0);
    scratch_text(scratch, "manifest.csv", "image,masks,class\na.png,m.png,benign\nb.png,m.png,benign\n");
    assert_refused(scratch, &(const char *){scratch}, 1, SM_ERROR_DATA,
                   (const char *[]){"a.png: this image is listed twice", NULL});
}

static void test_masks_united(void **state) {
    const char *scratch = *state;
    uint8_t left[WIDTH * HEIGHT] = {0}, right[WIDTH * HEIGHT] = {0}, ones[WIDTH * HEIGHT] = {0};
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        if (i % WIDTH < 10) left[i] = 255;
        if (i % WIDTH > 30)
            right[i] = 200;
        else
            right[i] = 20;               // noise as of JPEG
        if (i / WIDTH == 5) ones[i] = 1; // a mask of 0 and 1
    }
    scratch_png(scratch, "image.png", WIDTH, HEIGHT, left);
    scratch_png(scratch, "m1.png", WIDTH, HEIGHT, left);
    scratch_png(scratch, "m2.png", WIDTH, HEIGHT, right);
    scratch_png(scratch, "m3.png", WIDTH, HEIGHT, ones);
    scratch_text(scratch, "manifest.csv",
                 "image,masks,class,group,fold\nimage.png,m1.png; m2.png;m3.png;,benign,1,0\n");
    sm_dataset dataset = load(scratch);
    assert_int_equal(dataset.records[0].mask_count, 3);
    sm_sample sample;
    assert_int_equal(sm_sample_load(&dataset.records[0], &sample, NULL), SM_OK);
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        assert_int_equal(sample.mask[i], i % WIDTH < 10 || i % WIDTH > 30 || i / WIDTH == 5 ? 255 : 0);
    sm_sample_free(&sample);
    sm_dataset_free(&dataset);
}

static void test_bad_samples(void **state) {
    const char *scratch = *state;
    put_phantom(scratch, "image.png", "good.png", SM_CLASS_BENIGN, 1);
    scratch_png(scratch, "turned.png", HEIGHT, WIDTH, NULL);
    scratch_text(scratch, "text.png", "this is not an image");
    scratch_text(scratch, "empty.png", "");
    scratch_text(scratch, "manifest.csv", "image,masks,class,group,fold\nimage.png,good.png;turned.png,benign,1,0\n");
    static const struct {
        const char *image, *mask;
        sm_status status;
        const char *parts[3];
    } cases[] = {
        {"image.png", "turned.png", SM_ERROR_DATA, {"turned.png", "40 x 48 pixels for an image of 48 x 40", NULL}},
        {"image.png", "text.png", SM_ERROR_DATA, {"text.png: ", NULL}},
        {"image.png", "empty.png", SM_ERROR_DATA, {"empty.png: ", NULL}},
        {"text.png", "good.png", SM_ERROR_IMAGE_FORMAT, {"text.png: ", NULL}},
        {"empty.png", "good.png", SM_ERROR_IMAGE_EMPTY, {"empty.png: ", NULL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        snprintf(text, sizeof text, "image,masks,class,group,fold\n%s,%s,benign,1,0\n", cases[i].image, cases[i].mask);
        scratch_text(scratch, "manifest.csv", text);
        sm_dataset dataset = load(scratch); // the files exist; their contents are read later
        sm_sample sample;
        sm_error error = {0};
        assert_int_equal(sm_sample_load(&dataset.records[0], &sample, &error), cases[i].status);
        for (const char *const *part = cases[i].parts; *part; part++)
            if (!strstr(error.message, *part)) fail_msg("\"%s\" does not contain \"%s\"", error.message, *part);
        assert_null(sample.grey);
        assert_null(sample.mask);
        assert_int_equal(sm_sample_load(&dataset.records[0], &sample, NULL), cases[i].status);
        sm_dataset_free(&dataset);
    }
}

static void test_busi_folder(void **state) {
    const char *scratch = *state;
    static const char *const images[] = {"benign/benign (2)",           "benign/benign (10)", "malignant/malignant (1)",
                                         "malignant/the_mask_of_zorro", "normal/normal (1)",  "normal/normal (2)"};
    static const sm_class types[] = {SM_CLASS_BENIGN,    SM_CLASS_BENIGN, SM_CLASS_MALIGNANT,
                                     SM_CLASS_MALIGNANT, SM_CLASS_NORMAL, SM_CLASS_NORMAL};
    enum { COUNT = 6 };
    for (int i = 0; i < COUNT; i++) {
        char image[128], mask[128];
        snprintf(image, sizeof image, "busi/%s.png", images[i]);
        snprintf(mask, sizeof mask, "busi/%s_mask.png", images[i]);
        put_phantom(scratch, image, i == 5 ? NULL : mask, types[i], (uint64_t)i); // a normal image needs no mask
    }
    uint8_t second[WIDTH * HEIGHT] = {0};
    second[0] = 255;
    scratch_png(scratch, "busi/benign/benign (2)_mask_1.png", WIDTH, HEIGHT, second);
    second[0] = 0;
    second[1] = 255;
    scratch_png(scratch, "busi/benign/benign (2)_mask_2.png", WIDTH, HEIGHT, second);
    scratch_text(scratch, "busi/benign/Thumbs.db", "not an image");
    scratch_text(scratch, "busi/benign/.hidden.png", "not an image");
    scratch_text(scratch, "busi/readme.txt", "not a class");

    scratch_stderr_begin(scratch);
    sm_dataset dataset = load(scratch_path(scratch, "busi"));
    char *warning = scratch_stderr_end(scratch);
    assert_non_null(strstr(warning, "busi"));
    assert_non_null(strstr(warning, "near-duplicate"));
    free(warning);
    assert_true(dataset.folds_by_name);
    assert_int_equal(dataset.count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        const sm_record *record = &dataset.records[i];
        char image[128], group[128];
        snprintf(image, sizeof image, "/busi/%s.png", images[i]);
        snprintf(group, sizeof group, "busi:%s", images[i]);
        assert_non_null(strstr(record->image, image)); // natural order: 2 before 10
        assert_string_equal(record->group, group);
        assert_int_equal(sm_record_type(record), types[i]);
        assert_int_equal(record->mask_count, i == 0 ? 3 : i == 5 ? 0 : 1);
        assert_true(record->fold >= 0 && record->fold < 5);
        assert_false(record->has_curated);
    }
    sm_sample sample;
    assert_int_equal(sm_sample_load(&dataset.records[0], &sample, NULL), SM_OK);
    assert_int_equal(sample.mask[0], 255);
    assert_int_equal(sample.mask[1], 255);
    assert_int_equal(sample.mask[2], 0);
    sm_sample_free(&sample);

    // A fold depends on the image's name alone and stays the same when an image is added.
    int folds[COUNT];
    for (int i = 0; i < COUNT; i++) folds[i] = dataset.records[i].fold;
    sm_dataset_free(&dataset);
    put_phantom(scratch, "busi/benign/benign (1).png", "busi/benign/benign (1)_mask.png", SM_CLASS_BENIGN, 9);
    scratch_stderr_begin(scratch);
    dataset = load(scratch_path(scratch, "busi"));
    free(scratch_stderr_end(scratch));
    assert_int_equal(dataset.count, COUNT + 1);
    for (int i = 0; i < COUNT; i++) assert_int_equal(dataset.records[i + 1].fold, folds[i]);
    sm_dataset_free(&dataset);
}

static void test_bad_busi_folders(void **state) {
    const char *scratch = *state;
    const char *busi = scratch_path(scratch, "busi");
    put_phantom(scratch, "busi/benign/benign (1).png", NULL, SM_CLASS_BENIGN, 1);
    put_phantom(scratch, "busi/benign/benign (2).png", "busi/benign/benign (2)_mask.png", SM_CLASS_BENIGN, 1);
    scratch_png(scratch, "busi/malignant/malignant (3)_mask_1.png", WIDTH, HEIGHT, NULL);
    put_phantom(scratch, "busi/normal/normal (4).png", NULL, SM_CLASS_NORMAL, 1);
    put_phantom(scratch, "busi/normal/normal (4).bmp", NULL, SM_CLASS_NORMAL, 1);
    scratch_stderr_begin(scratch);
    sm_dataset dataset = load(busi);
    free(scratch_stderr_end(scratch));
    assert_int_equal(dataset.count, 4);
    assert_problem(&dataset.records[0], (const char *[]){"benign (1).png: a benign image without a mask", NULL});
    assert_null(dataset.records[1].problem);
    assert_problem(&dataset.records[2], (const char *[]){"malignant (3)_mask_1.png: a mask without its image", NULL});
    assert_problem(&dataset.records[3], (const char *[]){"normal (4)", "same image by name", NULL});
    sm_dataset_free(&dataset);
    scratch_folder(scratch, "hollow/normal");
    const char *hollow = scratch_path(scratch, "hollow");
    assert_refused(scratch, &hollow, 1, SM_ERROR_DATA, (const char *[]){"hollow: no image in", NULL});
}

static void test_several_sets(void **state) {
    const char *scratch = *state;
    for (int set = 0; set < 3; set++) {
        static const char *const folders[] = {"here/clinic", "there/clinic", "busi"};
        char image[128], mask[128], manifest[128];
        snprintf(image, sizeof image, "%s/a.png", folders[set]);
        snprintf(mask, sizeof mask, "%s/m.png", folders[set]);
        snprintf(manifest, sizeof manifest, "%s/manifest.csv", folders[set]);
        put_phantom(scratch, image, mask, SM_CLASS_BENIGN, (uint64_t)set);
        scratch_text(scratch, manifest, "image,masks,class,group,fold\na.png,m.png,benign,1,2\n");
    }
    const char *paths[] = {scratch_path(scratch, "here/clinic"), scratch_path(scratch, "busi/"),
                           scratch_path(scratch, "there/clinic/manifest.csv")};
    sm_dataset dataset;
    assert_int_equal(sm_dataset_load(paths, 3, &dataset, NULL), SM_OK);
    assert_int_equal(dataset.count, 3);
    assert_string_equal(dataset.records[0].group, "clinic:1");
    assert_string_equal(dataset.records[1].group, "busi:1");
    // Two folders with the same name are two data sets, and group 1 of each is another patient.
    assert_string_not_equal(dataset.records[2].group, dataset.records[0].group);
    assert_string_not_equal(dataset.records[2].source, dataset.records[0].source);
    sm_dataset_free(&dataset);
    const char *twice[] = {scratch_path(scratch, "busi"), scratch_path(scratch, "here/../busi/manifest.csv")};
    assert_refused(scratch, twice, 2, SM_ERROR_DATA, (const char *[]){"busi/a.png", "listed twice", NULL});
}

static void test_folds_from_names(void **state) {
    const char *scratch = *state;
    char by_name[4096] = "image,masks,class\n", by_group[4096] = "image,masks,class,group\n";
    char leaking[4096] = "image,masks,class,group,fold\n";
    enum { COUNT = 24 };
    for (int i = 0; i < COUNT; i++) {
        char image[64], line[128];
        snprintf(image, sizeof image, "image %d.png", i);
        scratch_png(scratch, image, 8, 8, NULL);
        snprintf(line, sizeof line, "%s,,normal", image);
        strcat(strcat(by_name, line), "\n");
        snprintf(line, sizeof line, "%s,,normal,%d", image, i / 4);
        strcat(strcat(by_group, line), "\n");
        snprintf(line, sizeof line, "%s,,normal,%d,%d", image, i / 4, i % 5);
        strcat(strcat(leaking, line), "\n");
    }
    scratch_text(scratch, "manifest.csv", by_name);
    scratch_stderr_begin(scratch);
    sm_dataset dataset = load(scratch);
    char *warning = scratch_stderr_end(scratch);
    assert_non_null(strstr(warning, "near-duplicate"));
    free(warning);
    assert_true(dataset.folds_by_name);
    int seen[5] = {0};
    for (int i = 0; i < COUNT; i++) {
        assert_true(dataset.records[i].fold >= 0 && dataset.records[i].fold < 5);
        seen[dataset.records[i].fold]++;
    }
    for (int fold = 0; fold < 5; fold++) assert_true(seen[fold] > 0);
    sm_dataset_free(&dataset);

    // With a group column, a group is in one fold, and there is no warning.
    scratch_text(scratch, "manifest.csv", by_group);
    scratch_stderr_begin(scratch);
    dataset = load(scratch);
    warning = scratch_stderr_end(scratch);
    assert_string_equal(warning, "");
    free(warning);
    assert_false(dataset.folds_by_name);
    for (int i = 0; i < COUNT; i++) assert_int_equal(dataset.records[i].fold, dataset.records[i / 4 * 4].fold);
    sm_dataset_free(&dataset);

    scratch_text(scratch, "manifest.csv", leaking);
    scratch_stderr_begin(scratch);
    dataset = load(scratch);
    warning = scratch_stderr_end(scratch);
    assert_non_null(strstr(warning, "is in folds"));
    free(warning);
    sm_dataset_free(&dataset);
}

static void test_resize(void **state) {
    (void)state;
    static const int longest[] = {64, 200, 37, 1};
    for (size_t i = 0; i < sizeof longest / sizeof *longest; i++) {
        sm_sample sample;
        assert_int_equal(sm_phantom_draw(120, 90, SM_CLASS_BENIGN, 5, &sample, NULL), SM_OK);
        double before = 0, after = 0;
        for (int p = 0; p < 120 * 90; p++) before += sample.mask[p];
        assert_int_equal(sm_sample_resize(&sample, longest[i], NULL), SM_OK);
        assert_int_equal(sample.width, longest[i]);
        const sm_letterbox box = sm_letterbox_make(sample.width, sample.height, longest[i]);
        assert_int_equal(box.inner_width, sample.width); // it fits the square without scaling
        assert_int_equal(box.inner_height, sample.height);
        for (int p = 0; p < sample.width * sample.height; p++) after += sample.mask[p];
        before /= 120 * 90;
        after /= sample.width * sample.height;
        if (longest[i] > 30) assert_true(before > 0 && after > 0.93 * before && after < 1.07 * before);
        sm_sample_free(&sample);
    }
    sm_sample sample;
    assert_int_equal(sm_phantom_draw(40, 40, SM_CLASS_NORMAL, 5, &sample, NULL), SM_OK);
    assert_int_equal(sm_sample_resize(&sample, 0, NULL), SM_ERROR_ARGUMENT);
    assert_non_null(sample.grey);
    sm_sample_free(&sample);
}

static int compare_records(const void *left, const void *right) {
    const sm_record *a = left, *b = right;
    return strcmp(a->group, b->group);
}

static void test_real_sets(void **state) {
    (void)state;
    static const struct {
        const char *path;
        int count, benign, malignant;
    } sets[] = {{"../shared/data/busi", 624, 350, 168},
                {"../shared/data/busbra", 1492, 1006, 486},
                {"../shared/data/busuc/manifest.csv", 811, 358, 453}};
    for (size_t i = 0; i < 3; i++)
        if (access(sets[i].path, R_OK) != 0) skip();
    for (size_t i = 0; i < 3; i++) {
        sm_dataset dataset = load(sets[i].path);
        assert_int_equal(dataset.count, sets[i].count);
        int types[SM_CLASS_COUNT] = {0};
        for (int r = 0; r < dataset.count; r++) types[sm_record_type(&dataset.records[r])]++;
        assert_int_equal(types[SM_CLASS_BENIGN], sets[i].benign);
        assert_int_equal(types[SM_CLASS_MALIGNANT], sets[i].malignant);
        assert_false(dataset.folds_by_name);
        for (int r = 0; r < dataset.count; r += 199) {
            sm_sample sample;
            sm_error error = {0};
            if (sm_sample_load(&dataset.records[r], &sample, &error) != SM_OK) fail_msg("%s", error.message);
            int lesion = 0;
            for (int p = 0; p < sample.width * sample.height; p++) lesion += sample.mask[p] != 0;
            assert_int_equal(lesion > 0, sm_record_type(&dataset.records[r]) != SM_CLASS_NORMAL);
            sm_sample_free(&sample);
        }
        sm_dataset_free(&dataset);
    }
    const char *paths[] = {sets[0].path, sets[1].path, sets[2].path};
    sm_dataset dataset;
    assert_int_equal(sm_dataset_load(paths, 3, &dataset, NULL), SM_OK);
    assert_int_equal(dataset.count, 624 + 1492 + 811);
    // No group is in two folds.
    qsort(dataset.records, (size_t)dataset.count, sizeof *dataset.records, compare_records);
    for (int r = 1; r < dataset.count; r++)
        if (strcmp(dataset.records[r - 1].group, dataset.records[r].group) == 0)
            assert_int_equal(dataset.records[r - 1].fold, dataset.records[r].fold);
    sm_dataset_free(&dataset);
}

/** Draws a white cross of thin strokes, as scanners do at the ends of a measured line. */
static void draw_cross(uint8_t *grey, int width, int x0, int y0) {
    for (int i = -6; i <= 6; i++) grey[y0 * width + x0 + i] = grey[(y0 + i) * width + x0] = 255;
}

static void test_calipers_are_found(void **state) {
    (void)state;
    enum { SCAN_WIDTH = 300, SCAN_HEIGHT = 220 };
    int clean = 0;
    for (uint64_t seed = 0; seed < 12; seed++) {
        sm_sample sample;
        int count = -1;
        assert_int_equal(sm_phantom_draw(SCAN_WIDTH, SCAN_HEIGHT, (sm_class)(seed % 3), seed, &sample, NULL), SM_OK);
        const sm_image image = {.width = SCAN_WIDTH, .height = SCAN_HEIGHT, .channels = 1, .pixels = sample.grey};
        assert_int_equal(sm_marks_count(&image, &count, NULL), SM_OK);
        clean += count < SM_MARKS_ANNOTATED;
        /* Calipers have a dark background. */
        for (int i = 0; i < SCAN_WIDTH * SCAN_HEIGHT; i++) sample.grey[i] = (uint8_t)(sample.grey[i] / 2);
        draw_cross(sample.grey, SCAN_WIDTH, 90, 100);
        draw_cross(sample.grey, SCAN_WIDTH, 190, 110);
        draw_cross(sample.grey, SCAN_WIDTH, 10, 9); /* a logo */
        assert_int_equal(sm_marks_count(&image, &count, NULL), SM_OK);
        assert_int_equal(count, 2);
        sm_sample_free(&sample);
    }
    assert_true(clean >= 11);
    uint8_t tiny[4] = {0, 255, 255, 0};
    const sm_image image = {.width = 2, .height = 2, .channels = 1, .pixels = tiny};
    int count = -1;
    assert_int_equal(sm_marks_count(&image, &count, NULL), SM_OK);
    assert_int_equal(count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_manifest_fields, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_manifest_syntax, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_absolute_paths, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_bad_manifests, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_bad_rows_do_not_affect_the_others, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_bad_paths, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_hostile_manifests, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_special_files_as_data, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_links_are_recognised, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_masks_united, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_bad_samples, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_busi_folder, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_bad_busi_folders, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_several_sets, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_folds_from_names, scratch_setup, scratch_teardown),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_real_sets),
        cmocka_unit_test(test_calipers_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
