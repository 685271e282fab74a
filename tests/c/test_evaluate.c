/** The evaluate command: splits, folds, robustness, images that fail, and folders and weights that cannot be used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../native/command.h"
#include "../../native/data/phantom.h"
#include "../../native/evaluate/evaluation_run.h"
#include "../../native/file.h"
#include "../../src/weights.h"
#include "assert_near.h"
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

/* A network with random weights. */
static void write_network(const char *name, unsigned long long seed) {
    sm_net net = {0};
    assert_int_equal(sm_net_make("unet16", &net, NULL), SM_OK);
    float *parameters = malloc((size_t)net.total_count * sizeof *parameters);
    assert_non_null(parameters);
    sm_net_initialise(&net, seed, parameters);
    sm_weights_metadata metadata = {.network = "unet16", .input_size = 32, .threshold = 0.5F, .temperature = 1.5F};
    uint8_t *bytes = NULL;
    size_t size = 0;
    assert_int_equal(sm_weights_write(&net, parameters, &metadata, SM_WEIGHTS_FLOAT16, &bytes, &size, NULL), SM_OK);
    scratch_write(scratch_root, name, bytes, size);
    free(bytes);
    free(parameters);
}

static void write_model(void) { write_network("model.safetensors", 1); }

/* Runs the command, its stdout in the file `output` of the folder, its stderr in stderr.txt; arguments end with NULL.
 */
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
    assert_non_null(freopen(inside("stderr.txt"), "w", stderr));
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

static void folds_are_scored_by_their_own_networks(void **state) {
    (void)state;
    write_data();
    write_model();
    write_network("folds/fold0/weights.safetensors", 1);
    write_network("folds/fold1/weights.safetensors", 2);
    /* The data has no fold 4: its network is not used, and alone it is an error. */
    write_network("folds/fold4/weights.safetensors", 1);
    write_network("unused/fold4/weights.safetensors", 1);
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
    /* The epoch that a training chose comes before its last one. Fold 1 has no network: the score is of the others. */
    write_network("chosen/fold0/weights.safetensors", 1);
    write_network("chosen/fold0/best.safetensors", 2);
    write_network("second/fold0/weights.safetensors", 2);
    char *scores[2];
    for (int k = 0; k < 2; k++) {
        const char *const networks[] = {"chosen", "second"};
        assert_int_equal(
            run_evaluate("one.jsonl", "--data", manifest, "--folds", inside(networks[k]), "--out", out, NULL), 0);
        scores[k] = text_read(inside("one.jsonl"));
        assert_non_null(strstr(scores[k], "\"images\":4"));
    }
    const char *first = strstr(scores[0], "\"lesion_dice\":"), *second = strstr(scores[1], "\"lesion_dice\":");
    assert_non_null(first);
    assert_non_null(second);
    assert_memory_equal(first, second, (size_t)(strstr(first, "\"accuracy\":") - first)); /* times follow */
    for (int k = 0; k < 2; k++) free(scores[k]);
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
    assert_int_equal(text_count(text, "p3.png"), 2); /* the column `file`, and the reason */
    free(text);
    text = text_read(inside("stderr.txt"));
    assert_non_null(strstr(text, "sonomask: 1 of 8 images could not be scored:\n"));
    assert_non_null(strstr(text, "the report is of the other 7 images\n"));
    free(text);
    text = text_read(inside("out-bad/metrics.json"));
    check_json(text);
    assert_int_equal(text_count(text, "p3.png"), 2);
    free(text);
}

/* ---- scores, against segmenting and counting again ---- */

static sm_evaluation_request request_of(const char *const *data) {
    return (sm_evaluation_request){
        .options = {.threads = 2, .segment = sm_segment_options_default()}, .data = data, .data_count = 1, .fold = -1};
}

/* Compares the scores of an image with ones computed here from the network's result. */
static void check_image(sm_evaluator *evaluator, const sm_evaluated_image *image, double temperature) {
    sm_sample sample = {0};
    sm_image picture = {0};
    sm_result result = {0};
    assert_int_equal(sm_sample_load_picture(image->record, &sample, &picture, NULL), SM_OK);
    assert_int_equal(sm_evaluator_segment(evaluator, 0, &picture, &result, NULL), SM_OK);
    assert_int_equal(image->width, PHANTOM_WIDTH);
    assert_int_equal(image->height, PHANTOM_HEIGHT);
    assert_int_equal(image->predicted, result.type);
    assert_int_equal(image->lesion_count, result.lesion_count);
    assert_near(image->expected_dice, result.expected_dice, 0);
    assert_near(image->outlier_score, result.outlier_score, 0);
    long long both = 0, predicted = 0, reference = 0;
    double maximum = 0;
    for (int i = 0; i < PHANTOM_WIDTH * PHANTOM_HEIGHT; i++) {
        both += result.mask[i] && sample.mask[i];
        predicted += result.mask[i] > 0;
        reference += sample.mask[i] > 0;
        maximum = fmax(maximum, (double)result.probability_map[i]);
    }
    assert_near(image->maximum_probability, maximum, 0);
    assert_int_equal(image->pixels.true_positive, both);
    assert_int_equal(image->pixels.false_positive, predicted - both);
    assert_int_equal(image->pixels.false_negative, reference - both);
    assert_near(image->scores.dice, predicted + reference ? 2.0 * (double)both / (double)(predicted + reference) : 1,
                1e-12);
    if (predicted == 0 && reference > 0) assert_near(image->surface.surface_dice, 0, 0);
    double sum = 0;
    for (int k = 0; k < SM_CLASS_COUNT; k++) {
        assert_near(image->probabilities[k], result.probabilities[k], 0);
        sum += pow((double)result.probabilities[k], temperature);
    }
    for (int k = 0; k < SM_CLASS_COUNT; k++)
        assert_near(image->raw_probabilities[k], pow((double)result.probabilities[k], temperature) / sum, 1e-9);
    sm_result_free(&result);
    sm_image_free(&picture);
    sm_sample_free(&sample);
}

static void each_image_is_scored_by_the_network_of_its_fold(void **state) {
    (void)state;
    write_data();
    write_network("two/fold0/weights.safetensors", 1);
    write_network("two/fold1/weights.safetensors", 2);
    const char *const data[] = {inside("manifest.csv")};
    sm_evaluation_request request = request_of(data);
    request.folds = inside("two");
    request.out = inside("out-two");
    /* A threshold that these networks exceed in a part of the pixels. */
    request.options.segment.threshold = 0.5F;
    static sm_evaluation_results results;
    scratch_stderr_begin(scratch_root);
    const sm_status status = sm_evaluation_run(&request, &results, NULL);
    free(scratch_stderr_end(scratch_root));
    assert_int_equal(status, SM_OK);
    assert_int_equal(results.network_count, 2);
    assert_int_equal(results.record_count, PHANTOMS);
    assert_int_equal(results.split_count, 1);
    assert_string_equal(results.splits[0].name, "folds");
    assert_int_equal(results.splits[0].count, PHANTOMS);
    long long masked = 0;
    for (int i = 0; i < PHANTOMS; i++) {
        const sm_evaluated_image *image = results.splits[0].images[i];
        assert_int_equal(image->record->fold, i < PHANTOMS / 2 ? 0 : 1);
        sm_evaluator *evaluator = results.networks[image->record->fold].evaluator;
        assert_ptr_equal(sm_evaluation_evaluator(&results, image->record), evaluator);
        check_image(evaluator, image, 1.5);
        masked += image->pixels.true_positive + image->pixels.false_positive;
    }
    assert_true(masked > 0 && masked < PHANTOMS * PHANTOM_WIDTH * PHANTOM_HEIGHT);
    assert_int_equal(results.folds.fold_count, 2);
    sm_evaluation_results_free(&results);
}

static void splits_divide_the_images_by_fold(void **state) {
    (void)state;
    write_data();
    write_model();
    const char *const data[] = {inside("manifest.csv")};
    sm_evaluation_request request = request_of(data);
    request.model = inside("model.safetensors");
    request.out = inside("out-splits");
    request.fold = 1;
    static sm_evaluation_results results;
    scratch_stderr_begin(scratch_root);
    const sm_status status = sm_evaluation_run(&request, &results, NULL);
    free(scratch_stderr_end(scratch_root));
    assert_int_equal(status, SM_OK);
    assert_int_equal(results.split_count, 2);
    for (int s = 0; s < 2; s++) {
        assert_string_equal(results.splits[s].name, s == 0 ? "validation" : "training");
        assert_int_equal(results.splits[s].count, PHANTOMS / 2);
        for (int i = 0; i < PHANTOMS / 2; i++)
            assert_int_equal(results.splits[s].images[i]->record->fold, s == 0 ? 1 : 0);
    }
    assert_int_equal(sm_evaluation_end(&results, SM_OK, NULL), SM_OK);
    sm_evaluation_results_free(&results);
}

static void calipers_of_the_manifest_mark_an_image(void **state) {
    (void)state;
    write_data();
    write_model();
    scratch_text(scratch_root, "calipers.csv",
                 "image,masks,class,group,fold,calipers\np0.png,,normal,0,0,1\np3.png,,normal,3,0,0\n");
    const char *const data[] = {inside("calipers.csv")};
    sm_evaluation_request request = request_of(data);
    request.model = inside("model.safetensors");
    request.out = inside("out-calipers");
    static sm_evaluation_results results;
    scratch_stderr_begin(scratch_root);
    const sm_status status = sm_evaluation_run(&request, &results, NULL);
    free(scratch_stderr_end(scratch_root));
    assert_int_equal(status, SM_OK);
    assert_int_equal(results.evaluation.count, 2);
    assert_true(results.evaluation.images[0].annotated);
    assert_false(results.evaluation.images[1].annotated);
    sm_evaluation_results_free(&results);
}

/* ---- perturbed images ---- */

/* Adds the scores of a picture under `point`, computed here from the network's result. */
static void add_expected(sm_evaluator *evaluator, const sm_record *record, const sm_robustness_point *point,
                         sm_robustness_point *expected) {
    sm_sample sample = {0};
    sm_image picture = {0}, changed = {0};
    sm_result result = {0};
    uint8_t *mask = NULL;
    assert_int_equal(sm_sample_load_picture(record, &sample, &picture, NULL), SM_OK);
    assert_int_equal(sm_perturb(point->kind, point->strength, &picture, sample.mask, 32, 0, &changed, &mask, NULL),
                     SM_OK);
    assert_int_equal(sm_evaluator_segment(evaluator, 0, &changed, &result, NULL), SM_OK);
    int lesion = 0, kept = 0, both = 0, predicted = 0;
    for (int i = 0; i < sample.width * sample.height; i++) lesion += sample.mask[i] > 0;
    for (int i = 0; i < changed.width * changed.height; i++) {
        kept += mask[i] > 0;
        predicted += result.mask[i] > 0;
        both += mask[i] && result.mask[i];
    }
    if (lesion == 0 || kept >= 0.9 * lesion) {
        expected->images++;
        expected->typed_images++;
        expected->right += result.type == sm_record_type(record);
        expected->lesion_images += lesion > 0;
        if (lesion > 0) expected->dice += 2.0 * both / (kept + predicted);
        expected->normal_images += sm_record_type(record) == SM_CLASS_NORMAL;
        if (sm_record_type(record) == SM_CLASS_NORMAL) expected->masks += predicted > 0;
    }
    sm_result_free(&result);
    free(mask);
    sm_image_free(&changed);
    sm_image_free(&picture);
    sm_sample_free(&sample);
}

static void perturbed_images_are_scored(void **state) {
    (void)state;
    write_data();
    write_model();
    const char *const data[] = {inside("manifest.csv")};
    sm_evaluation_request request = request_of(data);
    request.model = inside("model.safetensors");
    request.out = inside("out-robust");
    request.robustness = true;
    request.robustness_images = 3;
    request.options.segment.threshold = 0.5F;
    static sm_evaluation_results results;
    scratch_stderr_begin(scratch_root);
    const sm_status status = sm_evaluation_run(&request, &results, NULL);
    free(scratch_stderr_end(scratch_root));
    assert_int_equal(status, SM_OK);
    /* Three of eight, evenly spread. */
    static const int chosen[3] = {0, 2, 5};
    assert_int_equal(results.robustness.images, 3);
    int left_out = 0;
    for (int p = 0; p < SM_ROBUSTNESS_POINTS; p++) {
        const sm_robustness_point *point = &results.robustness.points[p];
        if (point->kind == SM_PERTURB_SPECKLE) continue; /* its noise depends on the image's place in the run */
        sm_robustness_point expected = {0};
        for (int i = 0; i < 3; i++)
            add_expected(results.networks[0].evaluator, results.splits[0].images[chosen[i]]->record, point, &expected);
        assert_int_equal(point->images, expected.images);
        assert_int_equal(point->typed_images, expected.typed_images);
        assert_int_equal(point->right, expected.right);
        assert_int_equal(point->lesion_images, expected.lesion_images);
        assert_int_equal(point->normal_images, expected.normal_images);
        assert_near(point->dice, expected.dice, 1e-9);
        assert_near(point->masks, expected.masks, 0);
        left_out += 3 - expected.images;
    }
    assert_true(left_out > 0);
    sm_evaluation_results_free(&results);
}

/* ---- what cannot be read or written ---- */

/* Whether the folder holds files of these names only; `count` 0: it is empty or missing. */
static void assert_only_files(const char *folder, const char *const *names, int count) {
    DIR *stream = opendir(folder);
    if (!stream) return;
    for (struct dirent *entry; (entry = readdir(stream));) {
        bool known = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        for (int i = 0; i < count; i++) known = known || strcmp(entry->d_name, names[i]) == 0;
        if (!known) fail_msg("%s/%s should not be there", folder, entry->d_name);
    }
    closedir(stream);
}

static void assert_stderr_names(const char *part) {
    char *text = text_read(inside("stderr.txt"));
    if (!strstr(text, part)) fail_msg("\"%s\" is not in: %s", part, text);
    free(text);
}

static void a_damaged_network_of_a_fold_stops_before_scoring(void **state) {
    (void)state;
    write_data();
    write_network("damaged/fold0/weights.safetensors", 1);
    scratch_text(scratch_root, "damaged/fold1/weights.safetensors", "not weights");
    const char *manifest = inside("manifest.csv"), *out = inside("out-damaged");
    assert_int_equal(run_evaluate("x", "--data", manifest, "--folds", inside("damaged"), "--out", out, NULL), 1);
    assert_stderr_names("damaged/fold1/weights.safetensors: ");
    assert_int_not_equal(access(out, F_OK), 0);
    /* A link to itself: the file exists, but cannot be opened. */
    write_network("looped/fold0/weights.safetensors", 1);
    scratch_folder(scratch_root, "looped/fold1");
    assert_int_equal(symlink("weights.safetensors", inside("looped/fold1/weights.safetensors")), 0);
    assert_int_equal(run_evaluate("x", "--data", manifest, "--folds", inside("looped"), "--out", out, NULL), 1);
    assert_stderr_names("looped/fold1/weights.safetensors: ");
    assert_int_not_equal(access(out, F_OK), 0);
}

static void without_a_scored_image_nothing_is_written(void **state) {
    (void)state;
    write_data();
    write_model();
    for (int i = 0; i < PHANTOMS; i++) {
        char name[32];
        snprintf(name, sizeof name, "p%d.png", i);
        scratch_text(scratch_root, name, "not an image");
    }
    const char *manifest = inside("manifest.csv"), *model = inside("model.safetensors"), *out = inside("out-empty");
    assert_int_equal(run_evaluate("x", "--data", manifest, "--model", model, "--out", out, NULL), 1);
    assert_stderr_names("sonomask: none of 8 images could be scored\n");
    assert_stderr_names("p7.png: ");
    assert_only_files(out, NULL, 0);
    char *text = text_read(inside("x"));
    assert_string_equal(text, "");
    free(text);
}

/* A folder in the place of a report cannot be replaced: the other files keep their old content. */
static void all_files_are_replaced_or_none(void **state) {
    (void)state;
    static const char *const names[] = {"images.csv", "metrics.json", "report.html"};
    write_data();
    write_model();
    const char *manifest = inside("manifest.csv"), *model = inside("model.safetensors"), *out = inside("out-kept");
    scratch_text(scratch_root, "out-kept/images.csv", "old table");
    scratch_text(scratch_root, "out-kept/metrics.json", "old metrics");
    scratch_folder(scratch_root, "out-kept/report.html");
    assert_int_equal(run_evaluate("x", "--data", manifest, "--model", model, "--out", out, NULL), 1);
    assert_stderr_names("images.csv: ");
    assert_only_files(out, names, 3);
    assert_int_equal(run_evaluate("x", "--data", manifest, "--model", model, "--out", out, "--overwrite", NULL), 1);
    assert_stderr_names("report.html: ");
    assert_only_files(out, names, 3);
    char *text = text_read(inside("out-kept/images.csv"));
    assert_string_equal(text, "old table");
    free(text);
    text = text_read(inside("out-kept/metrics.json"));
    assert_string_equal(text, "old metrics");
    free(text);
    text = text_read(inside("x"));
    assert_string_equal(text, "");
    free(text);
    assert_int_equal(rmdir(inside("out-kept/report.html")), 0);
    assert_int_equal(run_evaluate("x", "--data", manifest, "--model", model, "--out", out, "--overwrite", NULL), 0);
    assert_only_files(out, names, 3);
    text = text_read(inside("out-kept/metrics.json"));
    check_json(text);
    free(text);
}

static void a_file_is_no_folder_for_results(void **state) {
    (void)state;
    write_data();
    write_model();
    const char *manifest = inside("manifest.csv"), *model = inside("model.safetensors");
    scratch_text(scratch_root, "out-file", "a file");
    assert_int_equal(run_evaluate("x", "--data", manifest, "--model", model, "--out", inside("out-file"), NULL), 1);
    assert_stderr_names("out-file");
    char *text = text_read(inside("out-file"));
    assert_string_equal(text, "a file");
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
        cmocka_unit_test(each_image_is_scored_by_the_network_of_its_fold),
        cmocka_unit_test(splits_divide_the_images_by_fold),
        cmocka_unit_test(calipers_of_the_manifest_mark_an_image),
        cmocka_unit_test(perturbed_images_are_scored),
        cmocka_unit_test(a_damaged_network_of_a_fold_stops_before_scoring),
        cmocka_unit_test(without_a_scored_image_nothing_is_written),
        cmocka_unit_test(all_files_are_replaced_or_none),
        cmocka_unit_test(a_file_is_no_folder_for_results),
        cmocka_unit_test(wrong_usage_and_missing_files_have_their_status),
    };
    return cmocka_run_group_tests_name("evaluate", tests, scratch_setup, scratch_teardown);
}
