/** The predict command: masks and JSON lines for good files, one clear line for bad ones, and no file of the user is
 * lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../native/command.h"
#include "../../native/file.h"
#include "../../src/memory_plan.h"
#include "../../src/net.h"
#include "../../src/sonomask.h"
#include "../../src/weights.h"
#include "make_image.h"
#include "scratch_folder.h"

static char *folder;
static const char *weights;

/** A network with untrained weights. */
static int make_weights(void **state) {
    *state = folder = scratch_make();
    sm_net net;
    sm_weights_metadata metadata = {.network = "sonomask", .input_size = 64, .threshold = 0.5f, .temperature = 1.0f};
    assert_int_equal(sm_net_make("sonomask", &net, NULL), SM_OK);
    float *parameters = sm_floats_allocate(net.total_count);
    assert_non_null(parameters);
    sm_net_initialise(&net, 1, parameters);
    uint8_t *bytes = NULL;
    size_t size = 0;
    assert_int_equal(sm_weights_write(&net, parameters, &metadata, SM_WEIGHTS_FLOAT16, &bytes, &size, NULL), SM_OK);
    scratch_write(folder, "weights.safetensors", bytes, size);
    weights = scratch_path(folder, "weights.safetensors");
    free(bytes);
    sm_floats_free(parameters);
    return 0;
}

typedef struct outcome {
    int exit_status;
    char *out, *err; /* from malloc */
} outcome;

/** Runs `predict` with these words (the last one NULL). */
static outcome predict(const char *const *words) {
    char *argv[32] = {strdup("predict")};
    int argc = 1;
    for (; words[argc - 1]; argc++) argv[argc] = strdup(words[argc - 1]);
    const char *out_path = scratch_path(folder, "stdout.txt");
    fflush(stdout);
    const int kept = dup(STDOUT_FILENO), target = open(out_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(kept >= 0 && target >= 0);
    dup2(target, STDOUT_FILENO);
    close(target);
    scratch_stderr_begin(folder);
    outcome result = {.exit_status = sm_command_predict(argc, argv)};
    result.err = scratch_stderr_end(folder);
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    unsigned char *bytes = NULL;
    size_t size = 0;
    assert_int_equal(sm_file_read(out_path, &bytes, &size, NULL), SM_OK);
    result.out = (char *)bytes;
    for (int i = 0; i < argc; i++) free(argv[i]);
    return result;
}

static void outcome_free(outcome *result) {
    free(result->out);
    free(result->err);
}

static int count_lines(const char *text) {
    int count = 0;
    for (; *text; text++) count += *text == '\n';
    return count;
}

static void assert_contains(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("\"%s\" does not contain \"%s\"", text, part);
}

static sm_image read_image(const char *path) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    sm_image image;
    assert_int_equal(sm_file_read(path, &bytes, &size, NULL), SM_OK);
    assert_int_equal(sm_image_decode(bytes, size, &image, NULL), SM_OK);
    free(bytes);
    return image;
}

static void blob_png(const char *name, int width, int height) {
    uint8_t *pixels = malloc((size_t)width * (size_t)height);
    assert_non_null(pixels);
    for (int i = 0; i < width * height; i++) pixels[i] = (uint8_t)(i % width * 255 / width);
    scratch_png(folder, name, width, height, pixels);
    free(pixels);
}

static void writes_masks_and_json(void **state) {
    (void)state;
    blob_png("in/benign (1).png", 90, 60);
    blob_png("in/second.png", 50, 70);
    const char *const first = scratch_path(folder, "in/benign (1).png");
    outcome result = predict((const char *const[]){"--model", weights, first, "--overlay", "--threads", "2", "--out",
                                                   scratch_path(folder, "out/deep"), "--threshold", "0.4",
                                                   scratch_path(folder, "in/second.png"), NULL});
    assert_string_equal(result.err, "");
    assert_int_equal(result.exit_status, SM_EXIT_DONE);
    assert_int_equal(count_lines(result.out), 2);
    assert_contains(result.out, "{\"file\":\"");
    assert_contains(result.out, "benign (1).png\",\"width\":90,\"height\":60,\"type\":\"");
    assert_contains(result.out, "\"probabilities\":{\"normal\":");
    assert_contains(result.out, "\"lesions\":[");
    assert_contains(result.out, "\"milliseconds\":");
    sm_image mask = read_image(scratch_path(folder, "out/deep/benign (1)_mask.png"));
    assert_int_equal(mask.width, 90);
    assert_int_equal(mask.height, 60);
    assert_int_equal(mask.channels, 1);
    for (int i = 0; i < 90 * 60; i++) assert_true(mask.pixels[i] == 0 || mask.pixels[i] == 255);
    sm_image_free(&mask);
    sm_image overlay = read_image(scratch_path(folder, "out/deep/second_overlay.png"));
    assert_int_equal(overlay.width, 50);
    assert_int_equal(overlay.channels, 3);
    sm_image_free(&overlay);
    outcome_free(&result);
}

static void thresholds_of_zero_and_one_select_everything_and_nothing(void **state) {
    (void)state;
    blob_png("in/t.png", 40, 40);
    const char *const file = scratch_path(folder, "in/t.png"), *const out = scratch_path(folder, "thresholds");
    outcome result = predict((const char *const[]){"--model", weights, "--out", out, "--threshold", "0", file, NULL});
    assert_int_equal(result.exit_status, SM_EXIT_DONE);
    assert_contains(result.out,
                    "\"lesions\":[{\"area_px\":1600,\"bbox\":[0,0,40,40],\"centroid\":[20,20],\"long_axis_px\":");
    outcome_free(&result);
    result = predict((const char *const[]){"--model", weights, "--out", out, "--threshold", "1", file, NULL});
    assert_int_equal(result.exit_status, SM_EXIT_DONE);
    assert_contains(result.out, "\"lesions\":[]");
    outcome_free(&result);
}

static void a_batch_goes_on_after_bad_files(void **state) {
    (void)state;
    blob_png("mixed/good.png", 40, 30);
    blob_png("mixed/last.png", 30, 40);
    scratch_text(folder, "mixed/text.png", "this is not an image\n");
    scratch_text(folder, "mixed/empty.png", "");
    scratch_folder(folder, "mixed/folder.png");
    const char *const text = scratch_path(folder, "mixed/text.png"), *const empty =
                                                                         scratch_path(folder, "mixed/empty.png");
    const char *const directory = scratch_path(folder, "mixed/folder.png");
    const char *const missing = scratch_path(folder, "mixed/missing.png");
    const char *const out = scratch_path(folder, "mixed-out");
    outcome result =
        predict((const char *const[]){"--model", weights, "--out", out, scratch_path(folder, "mixed/good.png"), text,
                                      empty, directory, missing, scratch_path(folder, "mixed/last.png"), NULL});
    assert_int_equal(result.exit_status, SM_EXIT_FAILED);
    assert_int_equal(count_lines(result.out), 2);
    assert_contains(result.out, "last.png");
    const char *const named[] = {text, empty, directory, missing};
    const char *const reasons[] = {"not an image", "empty", "is a folder", "No such file"};
    for (int i = 0; i < 4; i++) {
        char start[4096];
        snprintf(start, sizeof start, "sonomask: %s: ", named[i]);
        const char *line = strstr(result.err, start);
        assert_non_null(line);
        assert_true(strstr(line, reasons[i]) && strstr(line, reasons[i]) < strchr(line, '\n'));
        assert_null(strstr(line + 1, start)); // once
    }
    assert_contains(result.err, "4 of 6 files failed");
    assert_int_equal(count_lines(result.err), 4 + 1 + 4);
    assert_int_equal(access(scratch_path(folder, "mixed-out/good_mask.png"), F_OK), 0);
    assert_int_not_equal(access(scratch_path(folder, "mixed-out/text_mask.png"), F_OK), 0);
    outcome_free(&result);

    result = predict((const char *const[]){"--model", weights, "--out", out, text, NULL});
    assert_int_equal(result.exit_status, SM_EXIT_FAILED);
    assert_int_equal(count_lines(result.err), 1); // a single file: no list
    outcome_free(&result);
}

static void same_names_do_not_overwrite_each_other(void **state) {
    (void)state;
    blob_png("one/same.png", 40, 30);
    blob_png("two/same.png", 20, 20);
    const char *const one = scratch_path(folder, "one/same.png"), *const two = scratch_path(folder, "two/same.png");
    outcome result =
        predict((const char *const[]){"--model", weights, "--out", scratch_path(folder, "same"), one, two, NULL});
    assert_int_equal(result.exit_status, SM_EXIT_FAILED);
    assert_int_equal(count_lines(result.out), 1);
    assert_contains(result.err, one);
    assert_contains(result.err, two);
    sm_image mask = read_image(scratch_path(folder, "same/same_mask.png"));
    assert_int_equal(mask.width, 40);
    sm_image_free(&mask);
    outcome_free(&result);

    // A broken file has no output, so another one may have the same name.
    scratch_text(folder, "three/same.jpg", "broken");
    result = predict((const char *const[]){"--model", weights, "--out", scratch_path(folder, "same"),
                                           scratch_path(folder, "three/same.jpg"), two, one, NULL});
    assert_int_equal(result.exit_status, SM_EXIT_FAILED);
    assert_int_equal(count_lines(result.out), 1);
    assert_contains(result.out, "two/same.png");
    outcome_free(&result);
}

static void assert_file(const char *path, const char *content) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    assert_int_equal(sm_file_read(path, &bytes, &size, NULL), SM_OK);
    assert_int_equal(size, strlen(content));
    assert_memory_equal(bytes, content, size);
    free(bytes);
}

/** Runs predict on in/a.png and in/b.png, where the outputs of the first one must be refused. */
static void assert_kept(const char *out, const char *kept) {
    outcome result =
        predict((const char *const[]){"--model", weights, "--overlay", "--out", out, scratch_path(folder, "in/a.png"),
                                      scratch_path(folder, "in/b.png"), NULL});
    assert_int_equal(result.exit_status, SM_EXIT_FAILED);
    assert_contains(result.err, kept);
    assert_contains(result.err, "1 of 2 files failed");
    assert_int_equal(count_lines(result.err), 3);
    assert_int_equal(count_lines(result.out), 1); // the other image was processed
    assert_contains(result.out, "in/b.png");
    outcome_free(&result);
}

static void files_of_others_are_kept(void **state) {
    (void)state;
    blob_png("in/a.png", 40, 30);
    blob_png("in/b.png", 30, 40);
    const char *const out = scratch_path(folder, "expert"), *const elsewhere = scratch_path(folder, "masks/a.png");
    const char *const names[] = {"expert/a_mask.png", "expert/a_overlay.png"};
    for (int i = 0; i < 2; i++) {
        const char *const target = scratch_path(folder, names[i]);
        scratch_text(folder, names[i], "drawn by an expert");
        assert_kept(out, target);
        assert_file(target, "drawn by an expert");
        assert_int_equal(access(scratch_path(folder, names[1 - i]), F_OK),
                         -1); // the other output is not written either
        assert_int_equal(remove(target), 0);

        scratch_text(folder, "masks/a.png", "drawn by an expert");
        assert_int_equal(symlink("../masks/a.png", target), 0);
        assert_kept(out, target);
        assert_file(elsewhere, "drawn by an expert");
        char link[64] = "";
        assert_int_equal(readlink(target, link, sizeof link - 1), strlen("../masks/a.png"));
        assert_string_equal(link, "../masks/a.png");
        assert_int_equal(remove(target), 0);

        scratch_folder(folder, names[i]);
        assert_kept(out, target);
        assert_int_equal(rmdir(target), 0);
    }

    // Own outputs are replaced silently, other files only with --overwrite.
    const char *const image = scratch_path(folder, "in/a.png");
    for (int run = 0; run < 3; run++) {
        if (run == 2) scratch_text(folder, "expert/a_mask.png", "drawn by an expert");
        outcome result = predict((const char *const[]){"--model", weights, "--overlay", "--out", out, image,
                                                       run == 2 ? "--overwrite" : "--overlay", NULL});
        assert_int_equal(result.exit_status, SM_EXIT_DONE);
        assert_string_equal(result.err, "");
        outcome_free(&result);
        sm_image mask = read_image(scratch_path(folder, "expert/a_mask.png"));
        assert_int_equal(mask.width, 40);
        sm_image_free(&mask);
    }
}

static void bad_model_and_bad_folder_stop_at_once(void **state) {
    (void)state;
    blob_png("in/x.png", 40, 30);
    scratch_text(folder, "file", "in the way");
    const char *const image = scratch_path(folder, "in/x.png"), *const out = scratch_path(folder, "stopped");
    const char *const blocked = scratch_path(folder, "file/out");
    outcome result = predict((const char *const[]){"--model", weights, "--out", blocked, image, image, NULL});
    assert_int_equal(result.exit_status, SM_EXIT_FAILED);
    assert_int_equal(count_lines(result.err), 1);
    assert_contains(result.err, blocked);
    assert_string_equal(result.out, "");
    outcome_free(&result);
    const char *const no_model = scratch_path(folder, "none.safetensors");
    result = predict((const char *const[]){"--model", no_model, "--out", out, image, NULL});
    assert_int_equal(result.exit_status, SM_EXIT_FAILED);
    assert_int_equal(count_lines(result.err), 1);
    assert_contains(result.err, "none.safetensors: No such file");
    outcome_free(&result);
    result = predict((const char *const[]){"--model", image, "--out", out, image, NULL});
    assert_int_equal(result.exit_status, SM_EXIT_FAILED);
    assert_contains(result.err, "x.png: ");
    outcome_free(&result);
}

static void wrong_usage_is_status_two(void **state) {
    (void)state;
    const char *const lines[][6] = {{NULL},
                                    {"x.png", NULL},
                                    {"--out", "d", NULL},
                                    {"--out", "d", "--threshold", "2", "x.png", NULL},
                                    {"--out", "d", "--threshold", "nan", "x.png", NULL},
                                    {"--out", "d", "--threads", "0", "x.png", NULL},
                                    {"--out", "d", "--nonsense", "x.png", NULL},
                                    {"x.png", "--out", NULL}};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        outcome result = predict(lines[i]);
        assert_int_equal(result.exit_status, SM_EXIT_USAGE);
        assert_contains(result.err, "usage: sonomask predict");
        assert_string_equal(result.out, "");
        outcome_free(&result);
    }
    outcome result = predict((const char *const[]){"--help", NULL});
    assert_int_equal(result.exit_status, SM_EXIT_DONE);
    assert_contains(result.out, "usage: sonomask predict");
    assert_string_equal(result.err, "");
    outcome_free(&result);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_masks_and_json),
        cmocka_unit_test(thresholds_of_zero_and_one_select_everything_and_nothing),
        cmocka_unit_test(a_batch_goes_on_after_bad_files),
        cmocka_unit_test(same_names_do_not_overwrite_each_other),
        cmocka_unit_test(files_of_others_are_kept),
        cmocka_unit_test(bad_model_and_bad_folder_stop_at_once),
        cmocka_unit_test(wrong_usage_is_status_two),
    };
    return cmocka_run_group_tests_name("predict", tests, make_weights, scratch_teardown);
}
