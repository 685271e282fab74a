/** The calibrate command on phantoms: what it fits, keeps and copies, and what evaluate makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../native/command.h"
#include "../../native/data/phantom.h"
#include "../../native/file.h"
#include "../../src/decision.h"
#include "../../src/memory_plan.h"
#include "../../src/outlier.h"
#include "../../src/weights.h"
#include "assert_near.h"
#include "check_text.h"
#include "scratch_folder.h"

static const char *inside(const char *name) { return scratch_path(scratch_root, name); }

enum { PHANTOMS = 48, WIDTH = 96, HEIGHT = 72, FOLDS = 3 };

/** All phantoms, and lists of a part of them: lesions of unknown type, normals, and rows that are labelled in part. */
static void write_data(void) {
    static char all[8192], lesions[8192], normals[8192], partial[8192];
    static const char header[] = "image,masks,class,group,fold\n";
    strcpy(all, header), strcpy(lesions, header), strcpy(normals, header), strcpy(partial, header);
    for (int i = 0; i < PHANTOMS; i++) {
        char image[32], mask[32], line[160];
        const sm_class type = (sm_class)(i % 3);
        sm_sample sample = {0};
        assert_int_equal(sm_phantom_draw(WIDTH, HEIGHT, type, (uint64_t)i, &sample, NULL), SM_OK);
        snprintf(image, sizeof image, "p%d.png", i);
        snprintf(mask, sizeof mask, "p%d_mask.png", i);
        scratch_png(scratch_root, image, WIDTH, HEIGHT, sample.grey);
        scratch_png(scratch_root, mask, WIDTH, HEIGHT, sample.mask);
        sm_sample_free(&sample);
        snprintf(line, sizeof line, "%s,%s,%s,%d,%d\n", image, mask, sm_class_name(type), i, i / 3 % FOLDS);
        strcat(all, line);
        if (type == SM_CLASS_NORMAL) strcat(normals, line);
        if (type == SM_CLASS_NORMAL) continue;
        snprintf(line, sizeof line, "%s,%s,lesion,%d,%d\n", image, mask, i, i / 3 % FOLDS);
        strcat(lesions, line);
        /* A mask without a type, a type without a mask, or a lesion without either. */
        snprintf(line, sizeof line, "%s,%s,%s,%d,%d\n", image, i % 4 < 2 ? mask : "",
                 i % 4 == 0   ? ""
                 : i % 4 == 3 ? "lesion"
                              : sm_class_name(type),
                 i, i / 3 % FOLDS);
        strcat(partial, line);
    }
    scratch_text(scratch_root, "manifest.csv", all);
    scratch_text(scratch_root, "lesions.csv", lesions);
    scratch_text(scratch_root, "normals.csv", normals);
    scratch_text(scratch_root, "partial.csv", partial);
}

/** A network with random weights. */
static void write_network(const char *name, const char *network, unsigned long long seed) {
    sm_net net;
    assert_int_equal(sm_net_make(network, &net, NULL), SM_OK);
    float *parameters = sm_floats_allocate(net.total_count);
    assert_non_null(parameters);
    sm_net_initialise(&net, seed, parameters);
    sm_weights_metadata metadata = {
        .input_size = 32, .threshold = 0.55f, .temperature = 1.5f, .minimum_area = 0.002f, .expected_dice_power = 3};
    strcpy(metadata.network, network);
    uint8_t *bytes = NULL;
    size_t size = 0;
    assert_int_equal(sm_weights_write(&net, parameters, &metadata, SM_WEIGHTS_FLOAT32, &bytes, &size, NULL), SM_OK);
    scratch_write(scratch_root, name, bytes, size);
    free(bytes);
    sm_floats_free(parameters);
}

static int write_inputs(void **state) {
    if (scratch_setup(state) != 0) return -1;
    write_data();
    write_network("model.safetensors", "sonomask2", 1);
    for (int k = 0; k < FOLDS; k++) {
        char name[64];
        snprintf(name, sizeof name, "folds/fold%d/weights.safetensors", k);
        write_network(name, "sonomask2", (unsigned long long)k + 1);
    }
    return 0;
}

typedef int command(int argc, char **argv);

/** Runs a command with the words of `list` (NULL at the end); stdout and stderr go to files. */
static int run(command *run_command, ...) {
    char *argv[32];
    int argc = 0;
    va_list list;
    va_start(list, run_command);
    for (char *word; argc < 31 && (word = va_arg(list, char *));) argv[argc++] = word;
    va_end(list);
    argv[argc] = NULL;
    fflush(stdout);
    fflush(stderr);
    const int kept = dup(STDOUT_FILENO), kept_error = dup(STDERR_FILENO);
    assert_non_null(freopen(inside("stdout.txt"), "w", stdout));
    assert_non_null(freopen(inside("stderr.txt"), "w", stderr));
    const int status = run_command(argc, argv);
    fflush(stdout);
    fflush(stderr);
    dup2(kept, STDOUT_FILENO);
    dup2(kept_error, STDERR_FILENO);
    close(kept);
    close(kept_error);
    return status;
}

static void assert_holds(const char *file, const char *part, bool expected) {
    char *text = text_read(inside(file));
    if ((strstr(text, part) != NULL) != expected) fail_msg("\"%s\" %s in: %s", part, expected ? "not" : "is", text);
    free(text);
}

typedef struct settings {
    sm_weights_file file;
    sm_decision decision;
    bool has_decision;
} settings;

static void read_settings(const char *name, settings *read) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    assert_int_equal(sm_file_read(inside(name), &bytes, &size, NULL), SM_OK);
    assert_int_equal(sm_weights_file_open(bytes, size, &read->file, NULL), SM_OK);
    assert_int_equal(sm_decision_get(&read->file, &read->decision, &read->has_decision, NULL), SM_OK);
    free(bytes);
}

/* static: a weights file's header is large */
static settings first, second;

static void everything_is_fitted_and_used(void **state) {
    (void)state;
    assert_int_equal(run(sm_command_calibrate, "calibrate", "--no-check", "--model", inside("model.safetensors"),
                         "--data", inside("manifest.csv"), "--out", inside("fitted.safetensors"), "--threads", "2",
                         NULL),
                     0);
    char *line = text_read(inside("stdout.txt"));
    check_json(line);
    assert_non_null(strstr(line, "\"fitted\":[\"temperature\",\"presence\",\"mask\",\"points\",\"confidence\","));
    assert_non_null(strstr(line, "\"has_decision\":true"));
    assert_non_null(strstr(line, "\"missed_bound\":"));
    free(line);
    read_settings("fitted.safetensors", &first);
    assert_true(first.has_decision);
    for (int p = 0; p < SM_OPERATING_POINTS; p++) {
        const float *point = first.decision.operating_points[p];
        assert_true(point[1] >= 0 && point[1] <= 1 && point[2] > 0 && point[2] <= 1);
        if (p > 0) assert_true(point[1] <= first.decision.operating_points[p - 1][1]);
        if (p > 0) assert_true(point[2] <= first.decision.operating_points[p - 1][2]);
    }
    assert_true(first.decision.presence[0] >= 0 && first.decision.presence[1] >= 0);
    /* On the images of the fit, the operating point keeps its share, and evaluate finds it. */
    assert_int_equal(run(sm_command_evaluate, "evaluate", "--model", inside("fitted.safetensors"), "--data",
                         inside("manifest.csv"), "--out", inside("report"), "--clicks", "--operating-point", "0.90",
                         "--no-pictures", NULL),
                     0);
    char *metrics = text_read(inside("report/metrics.json"));
    check_json(metrics);
    assert_non_null(strstr(metrics, "\"operating_point\":0.9,"));
    assert_non_null(strstr(metrics, "\"takes_prompts\":true"));
    assert_non_null(strstr(metrics, "\"missed_bound\":"));
    assert_non_null(strstr(metrics, "\"at_false_outlines_per_image\":[{"));
    assert_non_null(strstr(metrics, "\"lesion_dice_3_clicks\":0."));
    assert_non_null(strstr(metrics, "\"normal_false_mask_share_80\":0"));
    assert_null(strstr(metrics, ":nan"));
    free(metrics);
    char *page = text_read(inside("report/report.html"));
    check_markup(page);
    assert_non_null(strstr(page, "FROC curve by presence"));
    assert_non_null(strstr(page, "After simulated clicks and a box"));
    assert_non_null(strstr(page, "0.90 of the lesion images kept"));
    assert_null(strstr(page, ">nan<"));
    free(page);
}

/** A network with random weights has nothing to calibrate: what was given stays, and is named. */
static void a_fit_that_is_not_better_is_not_used(void **state) {
    (void)state;
    assert_int_equal(run(sm_command_calibrate, "calibrate", "--model", inside("model.safetensors"), "--data",
                         inside("manifest.csv"), "--fit", "presence,mask,points", "--out",
                         inside("checked.safetensors"), NULL),
                     0);
    assert_holds("stderr.txt", "presence, mask and points: on 48 images that it was not fitted to", true);
    assert_holds("stdout.txt", "\"fitted\":[]", true);
    assert_holds("stdout.txt", "\"answer_loss\":{\"images\":48,\"groups\":48,\"before\":", true);
    read_settings("checked.safetensors", &first);
    assert_false(first.has_decision);
    assert_near(first.file.metadata.threshold, 0.55, 1e-6);
    assert_near(first.file.metadata.minimum_area, 0.002, 1e-6);
    assert_near(first.file.metadata.temperature, 1.5, 1e-6);
}

/** The value of `key`, a number, in the text of a JSON file. */
static double number_in(const char *file, const char *key) {
    char *text = text_read(inside(file)), name[64];
    snprintf(name, sizeof name, "\"%s\":", key);
    const char *found = strstr(text, name);
    if (!found) fail_msg("no %s in %s", name, file);
    const double value = strtod(found + strlen(name), NULL);
    free(text);
    return value;
}

/** A list with the first `patients` phantoms, each `copies` times in a group of its own. */
static void write_copies(const char *name, int patients, int copies) {
    static char list[16384];
    strcpy(list, "image,masks,class,group\n");
    for (int i = 0; i < patients * copies; i++) {
        char image[32], copy[32], line[96];
        const int p = i % patients;
        snprintf(image, sizeof image, "p%d.png", p);
        snprintf(copy, sizeof copy, "copies/%d_%d.png", p, i / patients);
        unsigned char *bytes = NULL;
        size_t size = 0;
        assert_int_equal(sm_file_read(inside(image), &bytes, &size, NULL), SM_OK);
        scratch_write(scratch_root, copy, bytes, size);
        free(bytes);
        snprintf(line, sizeof line, "%s,p%d_mask.png,%s,%d\n", copy, p, sm_class_name((sm_class)(p % 3)), p);
        strcat(list, line);
    }
    scratch_text(scratch_root, name, list);
}

/** What a check found, in the order of the JSON. */
typedef struct found_by_check {
    double images, groups, before, after, standard_error;
} found_by_check;

static found_by_check check_of(const char *list, const char *out, const char *key) {
    assert_int_equal(run(sm_command_calibrate, "calibrate", "--model", inside("model.safetensors"), "--data",
                         inside(list), "--fit", "temperature,presence,mask,points", "--out", inside(out), NULL),
                     0);
    char *text = text_read(inside("stdout.txt")), format[128];
    found_by_check found = {0};
    snprintf(format, sizeof format, "\"%s\":", key);
    const char *at = strstr(text, format);
    assert_non_null(at);
    assert_int_equal(sscanf(at + strlen(format),
                            "{\"images\":%lf,\"groups\":%lf,\"before\":%lf,\"after\":%lf,\"standard_error\":%lf",
                            &found.images, &found.groups, &found.before, &found.after, &found.standard_error),
                     5);
    free(text);
    return found;
}

/** Copies of an image in its group make no fit surer: means, standard error and decision are those of one each. */
static void copies_of_an_image_change_no_decision(void **state) {
    (void)state;
    static const char *const keys[] = {"type_log_loss", "answer_loss"};
    write_copies("single.csv", PHANTOMS, 1);
    write_copies("copies.csv", PHANTOMS, 4);
    for (int k = 0; k < 2; k++) {
        const found_by_check single = check_of("single.csv", "single.safetensors", keys[k]);
        const found_by_check many = check_of("copies.csv", "copies.safetensors", keys[k]);
        assert_near(many.images, 4 * single.images, 0);
        assert_near(many.groups, single.groups, 0);
        assert_near(many.before, single.before, 1e-5);
        assert_near(many.after, single.after, 1e-5);
        assert_true(single.standard_error > 1e-4);
        assert_near(many.standard_error / single.standard_error, 1, 1e-3);
        read_settings("single.safetensors", &first);
        read_settings("copies.safetensors", &second);
        assert_near(second.file.metadata.temperature, first.file.metadata.temperature, 1e-5);
        assert_int_equal(second.has_decision, first.has_decision);
    }
    /* 36 images of nine patients are as few as nine images. */
    write_copies("few.csv", 9, 4);
    check_of("few.csv", "few.safetensors", "answer_loss");
    assert_holds("stderr.txt", "temperature: images of 9 groups (patients) are too few to judge a fit", true);
    assert_holds("stdout.txt", "\"fitted\":[]", true);
}

/** No pixel reaches the threshold: all outlines are faint. They keep the lesion images, and no mask comes of them. */
static void faint_outlines_keep_images_without_a_mask(void **state) {
    (void)state;
    assert_int_equal(run(sm_command_calibrate, "calibrate", "--no-check", "--model", inside("model.safetensors"),
                         "--data", inside("manifest.csv"), "--fit", "presence,points", "--threshold", "1", "--out",
                         inside("faint.safetensors"), NULL),
                     0);
    assert_true(number_in("stdout.txt", "kept_here") >= 0.80);
    assert_int_equal(run(sm_command_evaluate, "evaluate", "--model", inside("faint.safetensors"), "--data",
                         inside("manifest.csv"), "--out", inside("report-faint"), "--no-pictures", NULL),
                     0);
    static const char *const metrics = "report-faint/metrics.json";
    assert_true(number_in(metrics, "lesion_kept_share_80") >= 0.80);
    assert_true(number_in(metrics, "lesion_kept_share_95") >= 0.95);
    assert_near(number_in(metrics, "normal_false_mask_share_95"), 0, 0);
    assert_near(number_in(metrics, "normal_false_mask_share"), 0, 0);
    assert_near(number_in(metrics, "missed_lesion_share_95"), 1, 0);
    assert_near(number_in(metrics, "lesion_dice"), 0, 0);
}

enum { MANY = 104 };

static void write_many(void) {
    static char list[16384];
    strcpy(list, "image,masks,class,group\n");
    for (int i = 0; i < MANY; i++) {
        char image[32], line[64];
        sm_sample sample = {0};
        assert_int_equal(sm_phantom_draw(WIDTH, HEIGHT, SM_CLASS_NORMAL, 1000 + (uint64_t)i, &sample, NULL), SM_OK);
        snprintf(image, sizeof image, "many%d.png", i);
        scratch_png(scratch_root, image, WIDTH, HEIGHT, sample.grey);
        sm_sample_free(&sample);
        snprintf(line, sizeof line, "%s,,normal,%d\n", image, i);
        strcat(list, line);
    }
    scratch_text(scratch_root, "many.csv", list);
}

/** The limit of the outlier statistics of `name`. With `to`, writes these weights with `factor` times the limit. */
static float outlier_limit(const char *name, float factor, const char *to) {
    static sm_outlier outlier;
    unsigned char *bytes = NULL;
    size_t size = 0;
    bool found = false;
    sm_weights_metadata metadata;
    sm_net net;
    float *parameters = NULL;
    assert_int_equal(sm_file_read(inside(name), &bytes, &size, NULL), SM_OK);
    assert_int_equal(sm_outlier_read(bytes, size, &outlier, &found, NULL), SM_OK);
    assert_int_equal(sm_weights_read(bytes, size, &metadata, &net, &parameters, NULL), SM_OK);
    free(bytes);
    assert_true(found);
    const float limit = outlier.limit;
    outlier.limit *= factor;
    if (to) {
        sm_weights_extra extras[SM_OUTLIER_TENSORS];
        sm_outlier_tensors(&outlier, extras);
        assert_int_equal(sm_weights_write_with(&net, parameters, &metadata, SM_WEIGHTS_FLOAT32, extras,
                                               SM_OUTLIER_TENSORS, &bytes, &size, NULL),
                         SM_OK);
        scratch_write(scratch_root, to, bytes, size);
        free(bytes);
    }
    sm_floats_free(parameters);
    return limit;
}

/** Outlier statistics that a hundred images do not improve stay; those that call most images foreign are replaced. */
static void outlier_statistics_are_checked(void **state) {
    (void)state;
    write_many();
    assert_int_equal(run(sm_command_calibrate, "calibrate", "--model", inside("model.safetensors"), "--data",
                         inside("many.csv"), "--fit", "outliers", "--out", inside("known.safetensors"), NULL),
                     0);
    assert_holds("stdout.txt", "\"fitted\":[\"outliers\"]", true);
    const float limit = outlier_limit("known.safetensors", 3, "wide.safetensors");
    assert_int_equal(run(sm_command_calibrate, "calibrate", "--model", inside("wide.safetensors"), "--data",
                         inside("many.csv"), "--fit", "outliers", "--out", inside("kept.safetensors"), NULL),
                     0);
    assert_holds("stdout.txt", "\"fitted\":[]", true);
    assert_holds("stderr.txt", "outliers: on 104 images that it was not fitted to, of 104 groups", true);
    assert_near(outlier_limit("kept.safetensors", 1, NULL), 3 * limit, 1e-4);
    /* As many images of 48 patients are too few, whatever they would show. */
    write_copies("few_patients.csv", PHANTOMS, 3);
    assert_int_equal(run(sm_command_calibrate, "calibrate", "--model", inside("wide.safetensors"), "--data",
                         inside("few_patients.csv"), "--fit", "outliers", "--out", inside("few.safetensors"), NULL),
                     0);
    assert_holds("stderr.txt", "outliers: 48 groups (patients) are fewer than 100; they stay as they were", true);
    outlier_limit("known.safetensors", 0.01f, "narrow.safetensors");
    assert_int_equal(run(sm_command_calibrate, "calibrate", "--model", inside("narrow.safetensors"), "--data",
                         inside("many.csv"), "--fit", "outliers", "--out", inside("refitted.safetensors"), NULL),
                     0);
    assert_holds("stdout.txt", "\"fitted\":[\"outliers\"]", true);
    assert_near(outlier_limit("refitted.safetensors", 1, NULL), limit, 1e-4);
}

static void what_cannot_be_fitted_stays(void **state) {
    (void)state;
    assert_int_equal(run(sm_command_calibrate, "calibrate", "--no-check", "--model", inside("model.safetensors"),
                         "--data", inside("manifest.csv"), "--out", inside("base.safetensors"), NULL),
                     0);
    read_settings("base.safetensors", &first);
    /* Lesions of unknown type: no temperature, no presence; the points are fitted with the presence that is there. */
    assert_int_equal(run(sm_command_calibrate, "calibrate", "--no-check", "--model", inside("base.safetensors"),
                         "--data", inside("lesions.csv"), "--out", inside("lesions.safetensors"), NULL),
                     0);
    assert_holds("stderr.txt", "temperature: no image has a known type", true);
    assert_holds("stderr.txt", "presence: it needs images with a lesion and images without", true);
    assert_holds("stderr.txt", "outliers: ", true);
    assert_holds("stdout.txt", "\"mask\",\"points\"", true);
    read_settings("lesions.safetensors", &second);
    assert_near(second.file.metadata.temperature, first.file.metadata.temperature, 1e-6);
    for (int k = 0; k < 3; k++) assert_near(second.decision.presence[k], first.decision.presence[k], 0);
    /* Normals only, without a presence. */
    assert_int_equal(run(sm_command_calibrate, "calibrate", "--no-check", "--model", inside("model.safetensors"),
                         "--data", inside("normals.csv"), "--out", inside("normals.safetensors"), NULL),
                     0);
    assert_holds("stderr.txt", "temperature: all images have the same type", true);
    assert_holds("stderr.txt", "mask: no lesion is outlined", true);
    assert_holds("stderr.txt", "points: they need the presence", true);
    assert_holds("stderr.txt", "margin: it needs the presence", true);
    read_settings("normals.safetensors", &second);
    assert_false(second.has_decision);
    assert_near(second.file.metadata.temperature, 1.5, 1e-6);
    assert_near(second.file.metadata.threshold, 0.55, 1e-6);
    assert_near(second.file.metadata.minimum_area, 0.002, 1e-6);
}

static void settings_are_copied_and_pooled(void **state) {
    (void)state;
    assert_int_equal(run(sm_command_calibrate, "calibrate", "--no-check", "--model", inside("model.safetensors"),
                         "--data", inside("manifest.csv"), "--folds", inside("folds"), "--out",
                         inside("pooled.safetensors"), NULL),
                     0);
    assert_holds("stdout.txt", "\"images\":48", true);
    assert_int_equal(run(sm_command_calibrate, "calibrate", "--no-check", "--model", inside("model.safetensors"),
                         "--data", inside("manifest.csv"), "--folds", inside("folds"), "--not-fold", "1", "--out",
                         inside("nested.safetensors"), NULL),
                     0);
    assert_holds("stdout.txt", "\"images\":33", true);
    read_settings("pooled.safetensors", &first);
    read_settings("nested.safetensors", &second);
    assert_memory_not_equal(&first.decision, &second.decision, sizeof first.decision);
    /* The weights are those of --model, with the settings of the pool. */
    assert_int_equal(run(sm_command_calibrate, "calibrate", "--no-check", "--model", inside("model.safetensors"),
                         "--decision-from", inside("pooled.safetensors"), "--out", inside("copied.safetensors"), NULL),
                     0);
    read_settings("copied.safetensors", &second);
    assert_true(second.has_decision);
    assert_memory_equal(&first.decision, &second.decision, sizeof first.decision);
    assert_near(second.file.metadata.threshold, 0.55, 1e-6);
    assert_int_equal(run(sm_command_calibrate, "calibrate", "--no-check", "--model", inside("model.safetensors"),
                         "--decision-from", inside("model.safetensors"), "--out", inside("none.safetensors"), NULL),
                     1);
    assert_holds("stderr.txt", "model.safetensors: holds no presence", true);
    assert_int_equal(
        run(sm_command_calibrate, "calibrate", "--folds", inside("folds"), "--out", inside("none.safetensors"), NULL),
        2);
    assert_int_not_equal(access(inside("none.safetensors"), F_OK), 0);
}

static void partial_labels_have_a_whole_report(void **state) {
    (void)state;
    assert_int_equal(run(sm_command_evaluate, "evaluate", "--model", inside("model.safetensors"), "--data",
                         inside("lesions.csv"), "--out", inside("report-lesions"), NULL),
                     0);
    char *text = text_read(inside("report-lesions/report.html"));
    check_markup(text);
    assert_null(strstr(text, "Confusion matrix"));
    assert_null(strstr(text, "Classification report"));
    assert_null(strstr(text, ">False masks<"));
    assert_null(strstr(text, ">nan"));
    assert_non_null(strstr(text, "Operating point</dt><dd>none in the weights"));
    free(text);
    text = text_read(inside("report-lesions/metrics.json"));
    check_json(text);
    assert_non_null(strstr(text, "\"images\":32,\"lesion_images\":32,\"normal_images\":0,\"typed_images\":0"));
    assert_non_null(strstr(text, "\"accuracy\":null"));
    free(text);
    text = text_read(inside("report-lesions/images.csv"));
    assert_int_equal(text_count(text, ",lesion,"), 32);
    free(text);
    /* Masks without types, types without masks, lesions without masks. */
    assert_int_equal(run(sm_command_evaluate, "evaluate", "--model", inside("model.safetensors"), "--data",
                         inside("partial.csv"), "--out", inside("report-partial"), NULL),
                     0);
    assert_holds("report-partial/metrics.json",
                 "\"images\":32,\"lesion_images\":16,\"normal_images\":0,\"typed_images\":16,\"outlined_images\":16",
                 true);
    text = text_read(inside("report-partial/report.html"));
    check_markup(text);
    assert_non_null(strstr(text, "type unknown"));
    free(text);
}

static void weights_without_prompts_say_so(void **state) {
    (void)state;
    write_network("old.safetensors", "sonomask", 1);
    assert_int_equal(run(sm_command_evaluate, "evaluate", "--model", inside("old.safetensors"), "--data",
                         inside("manifest.csv"), "--out", inside("report-old"), "--clicks", "--no-pictures", NULL),
                     0);
    assert_holds("stderr.txt", "old.safetensors takes no clicks and no box", true);
    assert_holds("report-old/report.html", "these weights take no clicks", true);
    assert_holds("report-old/metrics.json", "\"lesion_dice_1_click\":null", true);
    assert_holds("report-old/metrics.json", "\"takes_prompts\":false", true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_fitted_and_used),
        cmocka_unit_test(a_fit_that_is_not_better_is_not_used),
        cmocka_unit_test(copies_of_an_image_change_no_decision),
        cmocka_unit_test(outlier_statistics_are_checked),
        cmocka_unit_test(faint_outlines_keep_images_without_a_mask),
        cmocka_unit_test(what_cannot_be_fitted_stays),
        cmocka_unit_test(settings_are_copied_and_pooled),
        cmocka_unit_test(partial_labels_have_a_whole_report),
        cmocka_unit_test(weights_without_prompts_say_so),
    };
    return cmocka_run_group_tests(tests, write_inputs, scratch_teardown);
}
