/** The evaluate command: splits, folds, robustness, images that fail, and folders and weights that cannot be used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../native/command.h"
#include "../../native/data/phantom.h"
#include "../../native/file.h"
#include "../../src/weights.h"
#include "check_text.h"
#include "scratch_folder.h"

static const char *inside(const char *name) { return scratch_path(scratch_root, name); }

enum { PHANTOMS = 8, PHANTOM_WIDTH = 96, PHANTOM_HEIGHT = 72 };

/* Phantoms with a manifest: two folds, all classes. */
static void write_data(void) {
    char manifest[4096] = "image,masks,class,group,fold,curated\n";
    for (int i = 0; i < PHANTOMS; i++) {
        char image[32], mask[32], line[160];
        sm_class type = (sm_class)(i % 3);
        sm_sample sample = {0};
        assert_int_equal(sm_phantom_draw(PHANTOM_WIDTH, PHANTOM_HEIGHT, type, (uint64_t)i, &sample, NULL), SM_OK);
        snprintf(image, sizeof image, "p%d.png", i);
        snprintf(mask, sizeof mask, "p%d_mask.png", i);
        scratch_png(scratch_root, image, PHANTOM_WIDTH, PHANTOM_HEIGHT, sample.grey);
        scratch_png(scratch_root, mask, PHANTOM_WIDTH, PHANTOM_HEIGHT, sample.mask);
        snprintf(line, sizeof line, "%s,%s,%s,%d,%d,%d\n", image, mask, sm_class_name(type), i, i % 2, i < 4);
        strcat(manifest, line);
        sm_sample_free(&sample);
    }
    scratch_text(scratch_root, "manifest.csv", manifest);
}

/* A network that has learnt nothing: enough to run everything. */
static void write_model(void) {
    sm_net net = {0};
    assert_int_equal(sm_net_make("unet16", &net, NULL), SM_OK);
    float *parameters = malloc((size_t)net.total_count * sizeof *parameters);
    assert_non_null(parameters);
    sm_net_initialise(&net, 1, parameters);
    sm_weights_metadata metadata = {.network = "unet16", .input_size = 32, .threshold = 0.5F, .temperature = 1.5F};
    uint8_t *bytes = NULL;
    size_t size = 0;
    assert_int_equal(sm_weights_write(&net, parameters, &metadata, SM_WEIGHTS_FLOAT16, &bytes, &size, NULL), SM_OK);
    scratch_write(scratch_root, "model.safetensors", bytes, size);
    free(bytes);
    free(parameters);
}

/* Runs the command with stdout into a file in the folder; arguments end with NULL. */
static int run_evaluate(const char *output, ...) {
    char *argv[24] = {"evaluate"};
    int argc = 1;
    va_list list;
    va_start(list, output);
    for (char *argument; argc < 23 && (argument = va_arg(list, char *));) argv[argc++] = argument;
    va_end(list);
    const char *path = inside(output);
    fflush(stdout);
    int kept = dup(STDOUT_FILENO), kept_error = dup(STDERR_FILENO);
    assert_non_null(freopen(path, "w", stdout));
    assert_non_null(freopen("/dev/null", "w", stderr));
    int status = sm_command_evaluate(argc, argv);
    fflush(stdout);
    fflush(stderr);
    dup2(kept, STDOUT_FILENO);
    dup2(kept_error, STDERR_FILENO);
    close(kept);
    close(kept_error);
    return status;
}

static void evaluate_scores_validation_and_training(void **state) {
    (void)state;
    write_data();
    write_model();
    const char *manifest = inside("manifest.csv"), *model = inside("model.safetensors"), *out = inside("out");
    const char *lines = inside("headline.jsonl"), *page = inside("out/report.html"), *csv = inside("out/images.csv");
    const char *metrics = inside("out/metrics.json");
    assert_int_equal(run_evaluate("headline.jsonl", "--data", manifest, "--model", model, "--fold", "1", "--out", out,
                                  "--threads", "2", NULL),
                     0);
    char *text = text_read(lines);
    assert_int_equal(text_count(text, "\n"), 2);
    assert_true(strncmp(text, "{\"split\":\"validation\"", 21) == 0);
    assert_non_null(strstr(text, "\n{\"split\":\"training\""));
    assert_int_equal(text_count(text, "\"images\":4"), 2);
    free(text);
    text = text_read(csv);
    assert_int_equal(text_count(text, "\n"), PHANTOMS + 1);
    free(text);
    text = text_read(metrics);
    check_json(text);
    free(text);
    text = text_read(page);
    check_markup(text);
    assert_true(text_count(text, "data:image/png") >= 4);
    free(text);
    assert_int_equal(run_evaluate("headline.jsonl", "--data", manifest, "--model", model, "--fold", "1", "--out", out,
                                  "--validation-only", "--flip", NULL),
                     0);
    text = text_read(lines);
    assert_int_equal(text_count(text, "\n"), 1);
    free(text);
}

/* A network for each fold: each scores its own, and the mean over folds is told. */
static void folds_are_scored_by_their_own_networks(void **state) {
    (void)state;
    write_data();
    write_model();
    unsigned char *bytes = NULL;
    size_t size = 0;
    assert_int_equal(sm_file_read(inside("model.safetensors"), &bytes, &size, NULL), SM_OK);
    scratch_write(scratch_root, "folds/fold0/weights.safetensors", bytes, size);
    scratch_write(scratch_root, "folds/fold1/weights.safetensors", bytes, size);
    /* The data have no fold 4: a network for it is not used, and where there is no other, nothing can be scored. */
    scratch_write(scratch_root, "folds/fold4/weights.safetensors", bytes, size);
    scratch_write(scratch_root, "unused/fold4/weights.safetensors", bytes, size);
    free(bytes);
    const char *manifest = inside("manifest.csv"), *folds = inside("folds"), *out = inside("out-folds");
    assert_int_equal(run_evaluate("folds.jsonl", "--data", manifest, "--folds", folds, "--out", out,
                                  "--robustness-images", "3", NULL),
                     0);
    char *text = text_read(inside("folds.jsonl"));
    assert_int_equal(text_count(text, "\n"), 1);
    assert_non_null(strstr(text, "{\"split\":\"folds\""));
    assert_non_null(strstr(text, "\"images\":8"));
    free(text);
    text = text_read(inside("out-folds/metrics.json"));
    check_json(text);
    assert_non_null(strstr(text, "\"numbers\":[0,1]"));
    assert_non_null(strstr(text, "\"standard_deviation\":"));
    assert_non_null(strstr(text, "\"robustness\":{\"unchanged\":{\"images\":3,"));
    const char *const kinds[] = {"contrast", "brightness", "blur", "speckle", "jpeg", "downscale", "crop"};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        char key[32];
        snprintf(key, sizeof key, "\"%s\":[{\"strength\":", kinds[k]);
        assert_non_null(strstr(text, key));
    }
    free(text);
    text = text_read(inside("out-folds/report.html"));
    check_markup(text);
    assert_non_null(strstr(text, "Mean over 2 folds"));
    assert_non_null(strstr(text, "id=\"robustness\""));
    free(text);
    assert_int_equal(run_evaluate("x", "--data", manifest, "--folds", inside("."), "--out", out, NULL), 1);
    assert_int_equal(run_evaluate("x", "--data", manifest, "--folds", inside("unused"), "--out", out, NULL), 1);
    assert_int_equal(run_evaluate("x", "--data", manifest, "--folds", folds, "--fold", "1", "--out", out, NULL), 2);
}

static void a_bad_image_is_listed_and_the_rest_scored(void **state) {
    (void)state;
    write_data();
    write_model();
    const char *manifest = inside("manifest.csv"), *model = inside("model.safetensors"), *out = inside("out-bad");
    const char *lines = inside("bad.jsonl"), *csv = inside("out-bad/images.csv");
    scratch_text(scratch_root, "p3.png", "no image");
    assert_int_equal(run_evaluate("bad.jsonl", "--data", manifest, "--model", model, "--out", out, NULL), 1);
    char *text = text_read(lines);
    assert_non_null(strstr(text, "\"images\":7"));
    free(text);
    text = text_read(csv);
    assert_int_equal(text_count(text, "\n"), PHANTOMS + 1);
    assert_int_equal(text_count(text, "p3.png"), 2); /* the file, and the reason naming it */
    free(text);
}

static void wrong_usage_and_missing_files_have_their_status(void **state) {
    (void)state;
    write_data();
    write_model();
    const char *manifest = inside("manifest.csv"), *model = inside("model.safetensors"), *out = inside("out-none");
    assert_int_equal(run_evaluate("x", "--out", out, NULL), 2);
    assert_int_equal(run_evaluate("x", "--data", manifest, NULL), 2);
    assert_int_equal(run_evaluate("x", "--data", manifest, "--out", out, "--nonsense", NULL), 2);
    assert_int_equal(run_evaluate("x", "--data", manifest, "--out", out, "--fold", "first", NULL), 2);
    assert_int_equal(run_evaluate("x", "--data", manifest, "--out", out, "--threshold", "1.5", NULL), 2);
    assert_int_equal(run_evaluate("x", "--data", manifest, "--out", out, "--validation-only", NULL), 2);
    assert_int_equal(run_evaluate("x", "--data", manifest, "--out", out, "--model", "/nonexistent", NULL), 1);
    assert_int_equal(run_evaluate("x", "--data", "/nonexistent", "--out", out, "--model", model, NULL), 1);
    assert_int_equal(run_evaluate("x", "--data", manifest, "--out", out, "--model", model, "--fold", "7", NULL), 1);
    assert_int_equal(run_evaluate("x", "--data", manifest, "--out", "/proc/none", "--model", model, NULL), 1);
    assert_int_not_equal(access(out, F_OK), 0);
    assert_int_equal(run_evaluate("x", "--help", NULL), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evaluate_scores_validation_and_training),
        cmocka_unit_test(folds_are_scored_by_their_own_networks),
        cmocka_unit_test(a_bad_image_is_listed_and_the_rest_scored),
        cmocka_unit_test(wrong_usage_and_missing_files_have_their_status),
    };
    return cmocka_run_group_tests_name("evaluate", tests, scratch_setup, scratch_teardown);
}
