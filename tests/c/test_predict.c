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
#include "../../src/decision.h"
#include "../../src/memory_plan.h"
#include "../../src/net.h"
#include "../../src/sonomask.h"
#include "../../src/weights.h"
#include "make_image.h"
#include "scratch_folder.h"

static char *folder;
static const char *weights, *weights2; /* of the first generation; of the second, with operating points */

/** A network with untrained weights; `decides`: with a decision, whose margin may be 0. Returns its path. */
static const char *make_network(const char *name, const char *file, bool decides, float margin) {
    sm_net net;
    sm_weights_metadata metadata = {.input_size = 64, .threshold = 0.5f, .temperature = 1.0f};
    strncpy(metadata.network, name, sizeof metadata.network - 1);
    assert_int_equal(sm_net_make(name, &net, NULL), SM_OK);
    float *parameters = sm_floats_allocate(net.total_count);
    assert_non_null(parameters);
    sm_net_initialise(&net, 1, parameters);
    /* At 0.80 no outline counts, at 0.95 each one. */
    sm_decision decision = {.presence = {0, 0, 0},
                            .operating_points = {{0.80f, 1, 0.25f}, {0.90f, 0.5f, 0.15f}, {0.95f, 0.25f, 0.125f}},
                            .margin = {0, margin}};
    sm_weights_extra tensors[SM_DECISION_TENSORS];
    sm_decision_tensors(&decision, tensors);
    uint8_t *bytes = NULL;
    size_t size = 0;
    assert_int_equal(sm_weights_write_with(&net, parameters, &metadata, SM_WEIGHTS_FLOAT16, tensors,
                                           decides ? SM_DECISION_TENSORS : 0, &bytes, &size, NULL),
                     SM_OK);
    scratch_write(folder, file, bytes, size);
    free(bytes);
    sm_floats_free(parameters);
    return scratch_path(folder, file);
}

static int make_weights(void **state) {
    *state = folder = scratch_make();
    weights = make_network("sonomask", "weights.safetensors", false, 0);
    weights2 = make_network("sonomask2", "weights2.safetensors", true, 0.25f);
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

static void a_folder_stands_for_its_images_and_dicom_says_what_to_do(void **state) {
    (void)state;
    scratch_folder(folder, "tree/deep");
    blob_png("tree/b.png", 40, 30);
    blob_png("tree/b_mask.png", 40, 30);
    blob_png("tree/b_mask_1.png", 40, 30);
    blob_png("tree/.hidden.png", 40, 30);
    blob_png("tree/deep/a.PNG", 20, 20);
    scratch_text(folder, "tree/notes.txt", "no image\n");
    char preamble[133];
    memset(preamble, 'x', sizeof preamble);
    memcpy(preamble + 128, "DICM", 5);
    scratch_text(folder, "tree/IM0001", preamble);
    const char *const out = scratch_path(folder, "tree-out");
    outcome result =
        predict((const char *const[]){"--model", weights, "--out", out, scratch_path(folder, "tree"), NULL});
    assert_int_equal(result.exit_status, SM_EXIT_FAILED);
    assert_int_equal(count_lines(result.out), 2);
    assert_true(strstr(result.out, "tree/b.png") < strstr(result.out, "tree/deep/a.PNG"));
    assert_contains(result.err, "tree/IM0001: is a DICOM file: use \"npx sonomask predict\" or the page");
    assert_contains(result.err, "1 of 3 files failed");
    assert_int_equal(access(scratch_path(folder, "tree-out/a_mask.png"), F_OK), 0);
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

/** Pixels of the uppermost row that an outline covers. */
static int coloured_in_first_row(const char *path) {
    sm_image overlay = read_image(path);
    int count = 0;
    for (int x = 0; x < overlay.width; x++) count += overlay.pixels[3 * x] > overlay.pixels[3 * x + 2] + 60;
    sm_image_free(&overlay);
    return count;
}

static void presence_and_operating_points_are_in_the_json(void **state) {
    (void)state;
    blob_png("in/p.png", 80, 60);
    const char *const file = scratch_path(folder, "in/p.png"), *const out = scratch_path(folder, "points");
    outcome result =
        predict((const char *const[]){"--model", weights2, "--out", out, "--threshold", "0", "--overlay", file, NULL});
    assert_string_equal(result.err, "");
    /* The whole image is one lesion. */
    const int whole = coloured_in_first_row(scratch_path(folder, "points/p_overlay.png"));
    assert_true(whole > 70);
    assert_contains(result.out, "\"presence\":0.5,\"operating_point\":{\"kept\":0.95,\"presence\":0.25,"
                                "\"missed_bound\":0.125},\"lesions\":[{\"area_px\":4800,");
    assert_contains(result.out, "\"presence\":0.5,\"margin_px\":17.3205,\"region\":0,\"descriptors\":{\"shape\":\"");
    assert_contains(result.out, "\"refined\":false,\"regions\":[{\"bbox\":[0,0,80,60],\"type\":\"");
    assert_contains(result.out, "\"presence\":0.5,\"outlier_score\":0,\"looks_like_ultrasound\":true}],\"warnings\":[],"
                                "\"overlay_share\":0,\"milliseconds\":");
    outcome_free(&result);
    result = predict((const char *const[]){"--model", weights2, "--out", out, "--threshold", "0", "--overlay",
                                           "--operating-point", "0.8", file, NULL});
    assert_string_equal(result.err, "");
    assert_contains(result.out, "\"operating_point\":{\"kept\":0.8,\"presence\":1,\"missed_bound\":0.25},"
                                "\"lesions\":[],\"possible_lesions\":[{\"area_px\":4800,");
    const int dashed = coloured_in_first_row(scratch_path(folder, "points/p_overlay.png"));
    assert_true(dashed > whole / 4 && dashed < whole * 3 / 4);
    sm_image mask = read_image(scratch_path(folder, "points/p_mask.png"));
    for (int i = 0; i < 80 * 60; i++) assert_int_equal(mask.pixels[i], 0);
    sm_image_free(&mask);
    outcome_free(&result);
    /* A presence without a fitted margin promises no margin. */
    const char *const no_margin = make_network("sonomask2", "no_margin.safetensors", true, 0);
    result = predict((const char *const[]){"--model", no_margin, "--out", out, "--threshold", "0", file, NULL});
    assert_contains(result.out, "\"presence\":0.5,\"margin_px\":null,\"region\":0,\"descriptors\":{\"shape\":\"");
    outcome_free(&result);
    /* Weights without these settings. */
    result = predict((const char *const[]){"--model", weights, "--out", out, "--threshold", "0", file, NULL});
    assert_contains(result.out, "\"operating_point\":null,\"lesions\":[{\"area_px\":4800,");
    assert_contains(result.out, "\"margin_px\":null,\"region\":0,\"descriptors\":{\"shape\":\"");
    outcome_free(&result);
    result = predict((const char *const[]){"--out", out, "--operating-point", "0.85", file, NULL});
    assert_int_equal(result.exit_status, SM_EXIT_USAGE);
    assert_contains(result.err, "0.80, 0.90 or 0.95");
    outcome_free(&result);
}

static void regions_are_answered_one_by_one(void **state) {
    (void)state;
    blob_png("in/r.png", 80, 60);
    const char *const file = scratch_path(folder, "in/r.png"), *const out = scratch_path(folder, "regions");
    outcome result = predict((const char *const[]){"--model", weights2, "--out", out, "--threshold", "0", "--region",
                                                   "10,5,20x30", "--region", "40,10,60x20", file, NULL});
    assert_string_equal(result.err, "");
    assert_contains(result.out, "\"lesions\":[{\"area_px\":800,\"bbox\":[40,10,40,20],");
    assert_contains(result.out, "\"region\":1,\"descriptors\":{\"shape\":\"oval\",\"orientation\":\"parallel\",");
    assert_contains(result.out, "}},{\"area_px\":600,\"bbox\":[10,5,20,30],");
    assert_contains(result.out, "\"regions\":[{\"bbox\":[10,5,20,30],");
    assert_contains(result.out, "},{\"bbox\":[40,10,40,20],"); /* the part in the image */
    sm_image mask = read_image(scratch_path(folder, "regions/r_mask.png"));
    int inside = 0;
    for (int i = 0; i < 80 * 60; i++) inside += mask.pixels[i] != 0;
    assert_int_equal(inside, 1400);
    assert_int_equal(mask.pixels[5 * 80 + 10], 255);
    sm_image_free(&mask);
    outcome_free(&result);
    /* A region that this image does not have: the others go on. */
    blob_png("in/large.png", 200, 60);
    result = predict((const char *const[]){"--model", weights2, "--out", out, "--region", "150,0,40x40", file,
                                           scratch_path(folder, "in/large.png"), NULL});
    assert_int_equal(result.exit_status, SM_EXIT_FAILED);
    assert_contains(result.err, "region 1 at (150, 0), 40 x 40 pixels, is outside the image of 80 x 60 pixels");
    assert_int_equal(count_lines(result.out), 1);
    outcome_free(&result);
    static const char *const wrong[][2] = {{"everywhere", "must be auto, whole or X,Y,WIDTHxHEIGHT in pixels"},
                                           {"1,2,3x4x5", "must be auto, whole or X,Y,WIDTHxHEIGHT in pixels"},
                                           {"-1,2,3x4", "must be auto, whole or X,Y,WIDTHxHEIGHT in pixels"},
                                           {"99999999999,2,3x4", "must be auto, whole or X,Y,WIDTHxHEIGHT in pixels"},
                                           {"1,2,0x4", "must have an area"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        result = predict((const char *const[]){"--out", out, "--region", wrong[i][0], file, NULL});
        assert_int_equal(result.exit_status, SM_EXIT_USAGE);
        assert_contains(result.err, wrong[i][1]);
        outcome_free(&result);
    }
    result = predict((const char *const[]){"--out", out, "--region", "whole", "--region", "1,2,3x4", file, NULL});
    assert_int_equal(result.exit_status, SM_EXIT_USAGE);
    assert_contains(result.err, "must be given once, or several times with rectangles only");
    outcome_free(&result);
}

static void prompts_correct_the_mask(void **state) {
    (void)state;
    blob_png("in/one.png", 80, 60);
    blob_png("in/two.png", 80, 60);
    blob_png("in/three.png", 80, 60);
    const char *const one = scratch_path(folder, "in/one.png"), *const two = scratch_path(folder, "in/two.png");
    const char *const three = scratch_path(folder, "in/three.png"), *const out = scratch_path(folder, "prompted");
    char text[8192];
    snprintf(text, sizeof text,
             "{\"file\": \"%s\", \"clicks\": [{\"x\": 20.5, \"y\": 30.25, \"inside\": true}, "
             "{\"inside\": false, \"y\": 4e1, \"x\": 60}]}\r\n\n"
             "{\"box\":{\"x\":10,\"y\":10,\"width\":20,\"height\":20},\"file\":\"../in/t\\u0077o.png\"}",
             one);
    scratch_text(folder, "prompts.jsonl", text);
    const char *const prompts = scratch_path(folder, "prompts.jsonl");
    outcome result = predict((const char *const[]){"--model", weights2, "--overlay", "--out", out, "--prompts", prompts,
                                                   one, two, three, NULL});
    assert_string_equal(result.err, "");
    assert_int_equal(result.exit_status, SM_EXIT_DONE);
    assert_int_equal(count_lines(result.out), 3);
    const char *const second = strstr(result.out, "two.png"), *const third = strstr(result.out, "three.png");
    assert_non_null(second);
    assert_non_null(third);
    assert_true(third > second);
    assert_true(strstr(result.out, "\"refined\":true") < second);
    assert_true(strstr(second, "\"refined\":true") < third);
    assert_contains(third, "\"refined\":false");
    sm_image mask = read_image(scratch_path(folder, "prompted/one_mask.png"));
    assert_int_equal(mask.pixels[30 * 80 + 20], 255);
    assert_int_equal(mask.pixels[40 * 80 + 60], 0);
    sm_image_free(&mask);
    sm_image overlay = read_image(scratch_path(folder, "prompted/one_overlay.png"));
    const uint8_t *inside = overlay.pixels + (size_t)3 * (30 * 80 + 20),
                  *outside = overlay.pixels + (size_t)3 * (39 * 80 + 59);
    assert_true(inside[1] > inside[0] + 100);   /* a green dot */
    assert_true(outside[0] > outside[1] + 100); /* a red one */
    sm_image_free(&overlay);
    overlay = read_image(scratch_path(folder, "prompted/two_overlay.png"));
    for (int x = 11; x < 29; x++) { /* the box */
        const uint8_t *frame = overlay.pixels + (size_t)3 * (10 * 80 + (size_t)x);
        assert_true(frame[0] > frame[2] + 60);
    }
    sm_image_free(&overlay);
    mask = read_image(scratch_path(folder, "prompted/two_mask.png"));
    int in_box = 0;
    for (int y = 10; y < 30; y++)
        for (int x = 10; x < 30; x++) in_box += mask.pixels[y * 80 + x] != 0;
    assert_true(in_box > 0);
    sm_image_free(&mask);
    outcome_free(&result);
}

static void escaped_names_are_utf8(void **state) {
    (void)state;
    blob_png("in/caf\xc3\xa9 \xf0\x9f\x98\x80 \"q\".png", 80, 60);
    scratch_text(
        folder, "escaped.jsonl",
        "{\"file\":\"caf\\u00e9 \\uD83D\\ude00 \\\"q\\\".png\",\"clicks\":[{\"x\":5,\"y\":5,\"inside\":true}]}");
    outcome result =
        predict((const char *const[]){"--model", weights2, "--out", scratch_path(folder, "escaped"), "--prompts",
                                      scratch_path(folder, "escaped.jsonl"),
                                      scratch_path(folder, "in/caf\xc3\xa9 \xf0\x9f\x98\x80 \"q\".png"), NULL});
    assert_string_equal(result.err, "");
    assert_contains(result.out, "\"refined\":true");
    outcome_free(&result);
}

/** Runs predict with these prompts on in/one.png. */
static outcome predict_prompts(const char *network, const char *text) {
    scratch_text(folder, "wrong.jsonl", text);
    blob_png("in/one.png", 80, 60);
    return predict((const char *const[]){"--model", network, "--out", scratch_path(folder, "unwritten"), "--prompts",
                                         scratch_path(folder, "wrong.jsonl"), scratch_path(folder, "in/one.png"),
                                         NULL});
}

static void wrong_prompts_files_stop_before_anything_is_written(void **state) {
    (void)state;
    static const char *const all[][2] = {
        {"{\"file\":\"other.png\",\"clicks\":[]}", "line 1: other.png is not among the images"},
        {"{\"file\":\"elsewhere/one.png\",\"clicks\":[]}", "line 1: elsewhere/one.png is not among the images"},
        {"{\"file\":\"ne.png\",\"clicks\":[]}", "line 1: ne.png is not among the images"},
        {"{\"file\":\"one.png\"}\n\n{\"file\":\"one.png\"}", "line 3: line 1 is for the same image, one.png"},
        {"\n{\"clicks\":[]}", "line 2: the line has no \"file\""},
        {"clicks", "line 1: the line is not one JSON object"},
        {"{\"file\":\"one.png\"} {}", "line 1: the line is not one JSON object"},
        {"{\"file\":\"one.png\"", "line 1: the line is not one JSON object"},
        {"{\"file\":7}", "line 1: \"file\" is not a text"},
        {"{\"file\":\"one.png\",\"file\":\"one.png\"}", "line 1: \"file\" twice in the line"},
        {"{\"file\":\"one.png\",\"click\":[]}", "line 1: unknown field \"click\" in the line"},
        {"{\"file\":\"one.png\",\"clicks\":[{\"x\":1,\"y\":NaN,\"inside\":true}]}",
         "line 1: \"y\" of a click is not a finite number"},
        {"{\"file\":\"one.png\",\"clicks\":[{\"x\":1e999,\"y\":1,\"inside\":true}]}",
         "line 1: \"x\" of a click is not a finite number"},
        {"{\"file\":\"one.png\",\"clicks\":[{\"x\":1e39,\"y\":1,\"inside\":true}]}",
         "line 1: \"x\" of a click is not a finite number"},
        {"{\"file\":\"one.png\",\"clicks\":[{\"x\":1,\"y\":1,\"inside\":1}]}",
         "line 1: \"inside\" of a click is neither true nor false"},
        {"{\"file\":\"one.png\",\"clicks\":[{\"x\":1,\"y\":1}]}", "line 1: a click has no \"inside\""},
        {"{\"file\":\"one.png\",\"box\":{\"x\":1,\"y\":1,\"width\":0,\"height\":3}}", "line 1: the box has no area"},
        {"{\"file\":\"one.png\",\"box\":{\"x\":1,\"y\":1,\"width\":2}}", "line 1: the box has no \"height\""},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        outcome result = predict_prompts(weights2, all[i][0]);
        assert_int_equal(result.exit_status, SM_EXIT_FAILED);
        assert_int_equal(count_lines(result.err), 1);
        assert_contains(result.err, "wrong.jsonl: ");
        assert_contains(result.err, all[i][1]);
        assert_string_equal(result.out, "");
        assert_int_not_equal(access(scratch_path(folder, "unwritten"), F_OK), 0);
        outcome_free(&result);
    }
    blob_png("in/deep/one.png", 20, 20);
    const char *const other = scratch_path(folder, "in/deep/one.png");
    scratch_text(folder, "wrong.jsonl", "{\"file\":\"one.png\"}");
    outcome result = predict((const char *const[]){"--model", weights2, "--out", scratch_path(folder, "unwritten"),
                                                   "--prompts", scratch_path(folder, "wrong.jsonl"), other,
                                                   scratch_path(folder, "in/one.png"), NULL});
    assert_int_equal(result.exit_status, SM_EXIT_FAILED);
    assert_contains(result.err, "several images are named one.png");
    outcome_free(&result);
}

static void prompts_that_do_not_fit_the_image_fail_it(void **state) {
    (void)state;
    static const char *const all[][2] = {
        {"[{\"x\":1,\"y\":60,\"inside\":true}]", "one.png: click 1 at (1, 60) is outside the image of 80 x 60 pixels"},
        {"[{\"x\":1,\"y\":1,\"inside\":true},{\"x\":1.5,\"y\":1,\"inside\":false}]",
         "one.png: clicks 1 and 2 are on the same pixel, one inside and the other outside"}};
    char text[512];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        snprintf(text, sizeof text, "{\"file\":\"one.png\",\"clicks\":%s}", all[i][0]);
        outcome result = predict_prompts(weights2, text);
        assert_int_equal(result.exit_status, SM_EXIT_FAILED);
        assert_int_equal(count_lines(result.err), 1);
        assert_contains(result.err, all[i][1]);
        assert_string_equal(result.out, "");
        outcome_free(&result);
    }
    /* Weights that take no prompts: the file with prompts fails, the other one does not. */
    blob_png("in/free.png", 80, 60);
    scratch_text(folder, "wrong.jsonl", "{\"file\":\"one.png\",\"clicks\":[{\"x\":1,\"y\":1,\"inside\":true}]}");
    outcome result = predict((const char *const[]){
        "--model", weights, "--out", scratch_path(folder, "old"), "--prompts", scratch_path(folder, "wrong.jsonl"),
        scratch_path(folder, "in/one.png"), scratch_path(folder, "in/free.png"), NULL});
    assert_int_equal(result.exit_status, SM_EXIT_FAILED);
    assert_contains(result.err, "one.png: the weights of network sonomask take no clicks and no box\n");
    assert_int_equal(count_lines(result.out), 1);
    assert_contains(result.out, "free.png");
    outcome_free(&result);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_masks_and_json),
        cmocka_unit_test(thresholds_of_zero_and_one_select_everything_and_nothing),
        cmocka_unit_test(a_batch_goes_on_after_bad_files),
        cmocka_unit_test(a_folder_stands_for_its_images_and_dicom_says_what_to_do),
        cmocka_unit_test(same_names_do_not_overwrite_each_other),
        cmocka_unit_test(files_of_others_are_kept),
        cmocka_unit_test(bad_model_and_bad_folder_stop_at_once),
        cmocka_unit_test(wrong_usage_is_status_two),
        cmocka_unit_test(presence_and_operating_points_are_in_the_json),
        cmocka_unit_test(regions_are_answered_one_by_one),
        cmocka_unit_test(prompts_correct_the_mask),
        cmocka_unit_test(escaped_names_are_utf8),
        cmocka_unit_test(wrong_prompts_files_stop_before_anything_is_written),
        cmocka_unit_test(prompts_that_do_not_fit_the_image_fail_it),
    };
    return cmocka_run_group_tests_name("predict", tests, make_weights, scratch_teardown);
}
