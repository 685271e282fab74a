/** Charts, panels and report files: well-formed, self-contained, and saying what was measured; then the whole command.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../native/command.h"
#include "../../native/data/phantom.h"
#include "../../native/file.h"
#include "../../native/report/curves.h"
#include "../../native/report/panel.h"
#include "../../native/report/plots.h"
#include "../../native/report/report.h"
#include "../../native/report/svg.h"
#include "../../src/json_read.h"
#include "../../src/weights.h"
#include "scratch_folder.h"

static const char *inside(const char *name) { return scratch_path(scratch_root, name); }

static char *read_text(const char *path) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    sm_error error = {0};
    if (sm_file_read(path, &bytes, &size, &error) != SM_OK) fail_msg("%s", error.message);
    assert_int_equal(strlen((char *)bytes), size);
    return (char *)bytes;
}

static int count_of(const char *text, const char *part) {
    int count = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part)) count++;
    return count;
}

/* ---- a small checker of markup ---- */

enum { DEPTH_MAX = 64, NAME_MAX_LENGTH = 32 };

typedef struct markup {
    char open[DEPTH_MAX][NAME_MAX_LENGTH];
    int depth, elements;
} markup;

static bool is_void(const char *name) {
    static const char *const names[] = {"meta", "br", "img"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

/* Takes the tag at `at` (behind its '<') and returns what follows it. */
static const char *take_tag(markup *checker, const char *at) {
    char name[NAME_MAX_LENGTH] = "";
    bool closing = *at == '/';
    size_t length = 0;
    for (at += closing; isalnum((unsigned char)*at) && length + 1 < sizeof name; at++) name[length++] = *at;
    assert_true(length > 0);
    bool alone = false;
    while (*at != '>') {
        assert_true(*at != '\0' && *at != '<');
        if (*at == '"') { /* attribute values are always in double quotes, and hold no markup */
            at++;
            at += strcspn(at, "\"<");
            assert_int_equal(*at, '"');
        }
        alone = *at == '/';
        at++;
    }
    if (closing) {
        assert_true(checker->depth > 0);
        assert_string_equal(checker->open[--checker->depth], name);
    } else if (!alone && !is_void(name)) {
        assert_true(checker->depth < DEPTH_MAX);
        memcpy(checker->open[checker->depth++], name, sizeof name);
    }
    checker->elements++;
    return at + 1;
}

/* Every element is closed in its order, no stray '<', '&' only as a reference. Returns the number of tags. */
static int check_markup(const char *text) {
    markup checker = {0};
    for (const char *at = text; *at;) {
        if (strncmp(at, "<?xml", 5) == 0 || strncmp(at, "<!doctype", 9) == 0) {
            at = strchr(at, '>') + 1;
        } else if (*at == '<') {
            at = take_tag(&checker, at + 1);
            if (checker.depth > 0 && strcmp(checker.open[checker.depth - 1], "style") == 0) at = strstr(at, "</style>");
            assert_non_null(at);
        } else {
            if (*at == '&') assert_non_null(memchr(at, ';', strnlen(at, 8)));
            at++;
        }
    }
    assert_int_equal(checker.depth, 0);
    return checker.elements;
}

/* "nan" or "inf" as a word: the letters are also in "malignant". */
static void check_no_bad_number(const char *text) {
    static const char *const words[] = {"nan", "inf"};
    for (size_t w = 0; w < 2; w++)
        for (const char *at = text; (at = strstr(at, words[w])); at++) {
            bool starts = at == text || !isalpha((unsigned char)at[-1]);
            if (starts && !isalpha((unsigned char)at[3])) fail_msg("a number that is none: ...%.60s", at);
        }
}

/* ---- charts ---- */

static void curves_are_well_formed_svg(void **state) {
    (void)state;
    const double x[4] = {1, 2, 3, 4}, y[4] = {0.5, NAN, 0.7, 0.8}, flat[4] = {3, 3, 3, 3},
                 none[4] = {NAN, NAN, NAN, NAN};
    const sm_curve_series series[3] = {{"<Dice> & \"co\"", 4, x, y}, {"flat", 4, x, flat}, {"none", 4, x, none}};
    const sm_curve_panel panels[4] = {
        {.title = "Loss & more", .x_label = "epoch", .y_label = "", .series = series, .series_count = 3},
        {.title = "Fixed", .x_label = "epoch", .y_label = "share", .series = series, .series_count = 1, .y_high = 1},
        {.title = "One point",
         .x_label = "",
         .y_label = "",
         .series = &(sm_curve_series){"p", 1, x, y},
         .series_count = 1},
        {.title = "Nothing", .x_label = "", .y_label = ""}};
    const char *path = inside("curves.svg");
    assert_int_equal(sm_curves_write(path, panels, 4, NULL), SM_OK);
    char *text = read_text(path);
    assert_true(check_markup(text) > 50);
    check_no_bad_number(text);
    assert_non_null(strstr(text, "&lt;Dice&gt; &amp; &quot;co&quot;"));
    assert_non_null(strstr(text, "prefers-color-scheme"));
    free(text);
}

static void curves_report_what_is_wrong(void **state) {
    (void)state;
    const sm_curve_panel panel = {.title = "", .x_label = "", .y_label = ""};
    sm_error error = {0};
    assert_int_equal(sm_curves_write("/nonexistent/folder/curves.svg", &panel, 1, &error), SM_ERROR_IO);
    assert_non_null(strstr(error.message, "/nonexistent/folder/curves.svg"));
    const char *path = inside("no-panel.svg");
    assert_int_equal(sm_curves_write(path, &panel, 0, &error), SM_ERROR_ARGUMENT);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void axes_have_round_ticks(void **state) {
    (void)state;
    sm_plot_axis axis = sm_plot_axis_make(0.13, 0.87, 5, true, 0);
    assert_true(fabs(axis.step - 0.2) < 1e-12 && axis.low <= 0.13 && axis.high >= 0.87);
    axis = sm_plot_axis_make(1, 3, 8, false, 1);
    assert_true(fabs(axis.step - 1) < 1e-12);
    assert_int_equal(axis.ticks, 3);
    const double limits[][2] = {{5, 5},         {0, 0},      {NAN, 1},        {INFINITY, -INFINITY},
                                {1e-12, 3e-12}, {-1e9, 1e9}, {1e16, 1e16 + 2}};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        axis = sm_plot_axis_make(limits[i][0], limits[i][1], 5, i % 2, 0);
        assert_true(axis.high > axis.low && axis.step > 0 && axis.ticks >= 1 && axis.ticks < 20);
    }
}

static void bytes_that_are_no_text_are_masked(void **state) {
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    sm_svg_escape(out, "a\xFF"
                       "b\x01 \xC3\xA9<\xED\xA0\x80");
    fclose(out);
    assert_string_equal(text, "a?b? \xC3\xA9&lt;???");
    free(text);
}

static void plots_survive_empty_data(void **state) {
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    const sm_roc_series roc = {.name = "none", .area = NAN};
    const sm_calibration calibration = sm_calibration_of(NULL, NULL, NULL, 0);
    const sm_confusion confusion = {0};
    sm_plot_roc(out, &roc, 1);
    sm_plot_reliability(out, &calibration, &calibration);
    sm_plot_confusion(out, &confusion);
    sm_plot_histogram(out, "Dice", "Dice", NULL, 0, NAN, NAN);
    fclose(out);
    check_markup(text);
    check_no_bad_number(text);
    assert_int_equal(count_of(text, "<svg"), 4);
    free(text);
}

/* ---- panels ---- */

enum { SIDE = 64 };

static void fill_square(uint8_t *mask, int from, int to) {
    memset(mask, 0, SIDE * SIDE);
    for (int y = from; y < to; y++) memset(mask + y * SIDE + from, 255, (size_t)(to - from));
}

static const uint8_t *pixel(const sm_image *image, int x, int y) {
    return image->pixels + 3 * ((size_t)y * (size_t)image->width + (size_t)x);
}

static void panel_shows_truth_green_and_prediction_orange(void **state) {
    (void)state;
    static uint8_t grey[SIDE * SIDE], truth[SIDE * SIDE];
    static float probability[SIDE * SIDE];
    memset(grey, 100, sizeof grey);
    fill_square(truth, 10, 30);
    for (int i = 0; i < SIDE * SIDE; i++) probability[i] = i / SIDE >= 40 && i / SIDE < 60 ? 0.7F : 0.2F;
    const sm_panel_row row = {
        .width = SIDE, .height = SIDE, .grey = grey, .truth = truth, .probability = probability, .threshold = 0.5F};
    sm_image panel = {0};
    assert_int_equal(sm_panel_render(&row, SIDE, &panel, NULL), SM_OK);
    assert_int_equal(panel.height, SIDE);
    assert_int_equal(panel.channels, 3);
    int second = (panel.width - SIDE) / 2, third = panel.width - SIDE;
    /* The first tile is the plain image. */
    for (int i = 0; i < SIDE; i++) {
        const uint8_t *plain = pixel(&panel, i, 20);
        assert_true(plain[0] == 100 && plain[1] == 100 && plain[2] == 100);
    }
    const uint8_t *edge = pixel(&panel, second + 10, 20), *inner = pixel(&panel, second + 20, 20);
    assert_true(edge[1] > 150 && edge[0] < 110);
    assert_true(inner[1] > inner[0] && inner[1] < edge[1]);
    const uint8_t *outer = pixel(&panel, second + 45, 50);
    assert_true(outer[0] == 100 && outer[1] == 100);
    edge = pixel(&panel, third + 30, 40);
    assert_true(edge[0] > 200 && edge[2] < 100);
    sm_image_free(&panel);
}

static void sheet_stacks_rows_of_any_shape(void **state) {
    (void)state;
    static uint8_t grey[3 * 200], mask[3 * 200];
    memset(mask, 255, sizeof mask);
    const sm_panel_row rows[3] = {{.width = 200, .height = 3, .grey = grey, .truth = mask, .predicted = mask},
                                  {.width = 3, .height = 200, .grey = grey},
                                  {.width = 20, .height = 30, .grey = grey, .predicted = mask}};
    const char *path = inside("sheet.png");
    assert_int_equal(sm_panel_write(path, rows, 3, 40, NULL), SM_OK);
    unsigned char *bytes = NULL;
    size_t size = 0;
    sm_image sheet = {0};
    assert_int_equal(sm_file_read(path, &bytes, &size, NULL), SM_OK);
    assert_int_equal(sm_image_decode(bytes, size, &sheet, NULL), SM_OK);
    assert_in_range(sheet.width, 120, 140);
    assert_in_range(sheet.height, 120, 140);
    sm_image_free(&sheet);
    free(bytes);
}

static void impossible_panels_are_refused(void **state) {
    (void)state;
    static const uint8_t grey[4];
    const sm_panel_row good = {.width = 2, .height = 2, .grey = grey}, empty = {0};
    sm_image panel = {0};
    sm_error error = {0};
    assert_int_equal(sm_panel_render(&empty, 64, &panel, &error), SM_ERROR_ARGUMENT);
    assert_int_equal(sm_panel_render(&good, 0, &panel, &error), SM_ERROR_ARGUMENT);
    assert_int_equal(sm_panel_sheet(&good, 0, 64, &panel, &error), SM_ERROR_ARGUMENT);
    assert_null(panel.pixels);
}

/* ---- the files of an evaluation ---- */

enum { IMAGES = 30 };

typedef struct fixture {
    char names[IMAGES][80];
    sm_record records[IMAGES];
    sm_evaluated_image images[IMAGES];
    sm_split split;
    sm_gallery galleries[1][SM_GALLERY_KINDS];
    sm_report report;
} fixture;

/* `only_normal`: no lesion at all, so that most figures have nothing to go by. */
static void make_fixture(fixture *made, bool only_normal) {
    static const char *const data[] = {"data <one>"};
    *made = (fixture){.split = {.name = "all", .count = IMAGES}};
    made->split.images = calloc(IMAGES, sizeof *made->split.images);
    assert_non_null(made->split.images);
    for (int i = 0; i < IMAGES; i++) {
        sm_class type = only_normal ? SM_CLASS_NORMAL : (sm_class)(i % 3);
        snprintf(made->names[i], sizeof made->names[i], "folder/some, \"odd\" & <image> %d.png", i);
        made->records[i] =
            (sm_record){.image = made->names[i], .type = type, .source = "set", .group = made->names[i], .device = ""};
        sm_evaluated_image *image = &made->images[i];
        long long area = type == SM_CLASS_NORMAL ? 0 : 400, hit = area * i / IMAGES;
        *image = (sm_evaluated_image){.record = &made->records[i],
                                      .width = 64,
                                      .height = 64,
                                      .predicted = type,
                                      .milliseconds = 3,
                                      .pixels = {hit, area / 4, area - hit, 4096 - area - area / 4},
                                      .surface = {area ? 4.0 : (double)NAN, area ? 0.5 : (double)NAN}};
        image->scores = sm_binary_scores_of(&image->pixels);
        for (int k = 0; k < SM_CLASS_COUNT; k++)
            image->probabilities[k] = image->raw_probabilities[k] = k == (int)type ? 0.6 : 0.2;
        made->split.images[i] = image;
    }
    assert_int_equal(sm_split_score(&made->split, 1, NULL), SM_OK);
    assert_int_equal(sm_galleries_choose(&made->split, made->galleries[0], NULL), SM_OK);
    static const sm_model_info models[] = {
        {.network = "unet16",
         .input_size = 64,
         .threshold = 0.5F,
         .temperature = 1.2F,
         .minimum_area = 0.001F,
         .training_data = "phantoms",
         .date = "2026-01-01",
         .expected_dice_power = 1.0F},
        {.network = "unet16",
         .input_size = 64,
         .threshold = 0.6F,
         .temperature = 0.9F,
         .minimum_area = 0.001F,
         .training_data = "phantoms",
         .date = "2026-01-01",
         .expected_dice_power = 1.0F},
    };
    made->report = (sm_report){.model_path = "model & co.safetensors",
                               .models = models,
                               .model_count = 1,
                               .segment = sm_segment_options_default(),
                               .data = data,
                               .data_count = 1,
                               .fold = -1,
                               .splits = &made->split,
                               .split_count = 1,
                               .galleries = made->galleries};
}

static void free_fixture(fixture *made) {
    sm_galleries_free(made->galleries[0]);
    sm_split_free(&made->split);
}

static void check_json(const char *text) {
    sm_json_cursor cursor = {.text = text, .end = text + strlen(text)};
    sm_json_skip(&cursor);
    assert_false(cursor.failed);
    check_no_bad_number(text);
}

/* The sound text of a metrics file; freed with free(). */
static char *written_json(const sm_report *report, const char *name) {
    const char *path = inside(name);
    assert_int_equal(sm_report_write_json(report, path, NULL), SM_OK);
    char *text = read_text(path);
    check_json(text);
    return text;
}

static void metrics_without_lesions_hold_null(void **state) {
    (void)state;
    fixture made;
    make_fixture(&made, true);
    char *text = written_json(&made.report, "metrics.json");
    assert_non_null(strstr(text, "\"lesion_dice\":null"));
    assert_non_null(strstr(text, "\"lesion_dice_interval\":[null,null]"));
    assert_non_null(strstr(text, "\"auc_malignant_benign\":null"));
    assert_non_null(strstr(text, "\"normal_false_mask_share\":0"));
    free(text);
    const char *page = inside("normal.html");
    assert_int_equal(sm_report_write_html(&made.report, page, NULL), SM_OK);
    text = read_text(page);
    check_markup(text);
    free(text);
    free_fixture(&made);
}

static void metrics_hold_every_score(void **state) {
    (void)state;
    static const char *const keys[] = {"classification_report",
                                       "macro_average",
                                       "weighted_average",
                                       "confusion_matrix",
                                       "accuracy",
                                       "balanced_accuracy",
                                       "mcc",
                                       "auc_malignant_benign",
                                       "lesion_dice",
                                       "auc_malignant_rest",
                                       "auc_lesion_normal",
                                       "pixelwise",
                                       "imagewise",
                                       "specificity",
                                       "sensitivity",
                                       "iou",
                                       "hd95",
                                       "surface_dice",
                                       "ece",
                                       "brier",
                                       "calibration_before_temperature",
                                       "reliability_bins",
                                       "tables",
                                       "normal_false_mask_share",
                                       "lesion_dice_interval"};
    fixture made;
    make_fixture(&made, false);
    char *text = written_json(&made.report, "metrics.json");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char quoted[64];
        snprintf(quoted, sizeof quoted, "\"%s\":", keys[i]);
        if (!strstr(text, quoted)) fail_msg("%s is missing", quoted);
    }
    free(text);
    free_fixture(&made);
}

static void report_of_folds_tells_the_settings_of_each_network(void **state) {
    (void)state;
    fixture made;
    make_fixture(&made, false);
    static const int folds[] = {0, 3};
    for (int i = 0; i < IMAGES; i++) made.records[i].fold = folds[i % 2];
    sm_fold_summary summary;
    assert_int_equal(sm_fold_summary_make(&made.split, folds, 2, 1, &summary, NULL), SM_OK);
    made.report.folds = &summary;
    made.report.model_count = 2;
    char *text = written_json(&made.report, "folds.json");
    assert_non_null(strstr(text, "{\"fold\":0,\"temperature\":1.2"));
    assert_non_null(strstr(text, "{\"fold\":3,\"temperature\":0.9"));
    free(text);
    const char *page = inside("folds.html");
    assert_int_equal(sm_report_write_html(&made.report, page, NULL), SM_OK);
    text = read_text(page);
    check_markup(text);
    assert_non_null(strstr(text, "threshold 0.5 to 0.6, minimum area 0.1 % of the image, temperature 0.9 to 1.2<"));
    free(text);
    sm_fold_summary_free(&summary);
    free_fixture(&made);
}

static void csv_has_a_full_line_for_every_image(void **state) {
    (void)state;
    fixture made;
    make_fixture(&made, false);
    const sm_evaluation_failure failure = {&made.records[0], "broken, file"};
    made.report.failures = &failure;
    made.report.failure_count = 1;
    const char *path = inside("images.csv");
    assert_int_equal(sm_report_write_csv(&made.report, path, NULL), SM_OK);
    char *text = read_text(path);
    int lines = 0, expected = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        int fields = 1;
        bool quoted = false;
        for (const char *c = line; *c; c++) {
            if (*c == '"')
                quoted = !quoted;
            else if (*c == ',' && !quoted)
                fields++;
        }
        if (lines++ == 0) expected = fields;
        assert_int_equal(fields, expected);
    }
    assert_int_equal(lines, IMAGES + 2);
    free(text);
    free_fixture(&made);
}

static void report_is_self_contained(void **state) {
    (void)state;
    fixture made;
    make_fixture(&made, false);
    static uint8_t grey[SIDE * SIDE];
    const sm_panel_row row = {.width = SIDE, .height = SIDE, .grey = grey};
    for (int i = 0; i < made.galleries[0][0].count; i++) {
        sm_image picture = {0};
        sm_evaluation_panel *panel = &made.galleries[0][0].panels[i];
        assert_int_equal(sm_panel_render(&row, 32, &picture, NULL), SM_OK);
        assert_int_equal(sm_image_encode_png(&picture, &panel->png, &panel->png_size, NULL), SM_OK);
        sm_image_free(&picture);
    }
    const char *path = inside("report.html");
    assert_int_equal(sm_report_write_html(&made.report, path, NULL), SM_OK);
    char *text = read_text(path);
    assert_true(check_markup(text) > 500);
    assert_int_equal(count_of(text, "http:"), 0);
    assert_int_equal(count_of(text, "https:"), 0);
    assert_int_equal(count_of(text, "<script"), 0);
    assert_int_equal(count_of(text, "<link"), 0);
    assert_int_equal(count_of(text, "href="), 0);
    assert_int_equal(count_of(text, "url("), 0);
    assert_int_equal(count_of(text, "src=\""), count_of(text, "src=\"data:image/png;base64,iVBOR"));
    assert_int_equal(count_of(text, "<img"), SM_GALLERY_FAILURES);
    assert_non_null(strstr(text, "default-src 'none'"));
    assert_non_null(strstr(text, "not a medical device"));
    assert_non_null(strstr(text, "some, &quot;odd&quot; &amp; &lt;image&gt; 1.png"));
    assert_non_null(strstr(text, "model &amp; co.safetensors"));
    free(text);
    free_fixture(&made);
}

static void galleries_show_no_image_twice(void **state) {
    (void)state;
    fixture made;
    make_fixture(&made, false);
    for (int count = 0; count <= IMAGES; count++) {
        sm_gallery galleries[SM_GALLERY_KINDS];
        sm_split split = made.split;
        split.count = count;
        int shown[IMAGES] = {0}, total = 0, lesions = 0;
        assert_int_equal(sm_galleries_choose(&split, galleries, NULL), SM_OK);
        for (int i = 0; i < count; i++) lesions += made.records[i].type != SM_CLASS_NORMAL;
        for (int g = 0; g < SM_GALLERY_KINDS; g++)
            for (int i = 0; i < galleries[g].count; i++) {
                total++;
                assert_int_equal(shown[galleries[g].images[i] - made.images]++, 0);
            }
        assert_int_equal(total, lesions < 20 ? lesions : 20);
    }
    /* The worst come first, the best last. */
    assert_true(made.galleries[0][0].images[0]->scores.dice < made.galleries[0][3].images[0]->scores.dice);
    free_fixture(&made);
}

static void tables_of_numbers_are_read(void **state) {
    (void)state;
    const char *path = inside("log.csv");
    const char content[] = "epoch,loss,validation_lesion_dice\n1,0.9,\n2,0.5,0.25\n3,oops,0.5\n";
    assert_int_equal(sm_file_write(path, content, strlen(content), NULL), SM_OK);
    sm_number_table table = {0};
    assert_int_equal(sm_number_table_read(path, &table, NULL), SM_OK);
    assert_int_equal(table.columns, 3);
    assert_int_equal(table.rows, 3);
    int dice = sm_number_table_column(&table, "validation_lesion_dice");
    assert_int_equal(dice, 2);
    assert_true(isnan(table.values[2][0]) && fabs(table.values[2][1] - 0.25) < 1e-12 && isnan(table.values[1][2]));
    assert_int_equal(sm_number_table_column(&table, "nothing"), -1);
    sm_number_table_free(&table);
}

/* ---- the command ---- */

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
    char *text = read_text(lines);
    assert_int_equal(count_of(text, "\n"), 2);
    assert_true(strncmp(text, "{\"split\":\"validation\"", 21) == 0);
    assert_non_null(strstr(text, "\n{\"split\":\"training\""));
    assert_int_equal(count_of(text, "\"images\":4"), 2);
    free(text);
    text = read_text(csv);
    assert_int_equal(count_of(text, "\n"), PHANTOMS + 1);
    free(text);
    text = read_text(metrics);
    check_json(text);
    free(text);
    text = read_text(page);
    check_markup(text);
    assert_true(count_of(text, "data:image/png") >= 4);
    free(text);
    assert_int_equal(run_evaluate("headline.jsonl", "--data", manifest, "--model", model, "--fold", "1", "--out", out,
                                  "--validation-only", "--flip", NULL),
                     0);
    text = read_text(lines);
    assert_int_equal(count_of(text, "\n"), 1);
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
    char *text = read_text(inside("folds.jsonl"));
    assert_int_equal(count_of(text, "\n"), 1);
    assert_non_null(strstr(text, "{\"split\":\"folds\""));
    assert_non_null(strstr(text, "\"images\":8"));
    free(text);
    text = read_text(inside("out-folds/metrics.json"));
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
    text = read_text(inside("out-folds/report.html"));
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
    char *text = read_text(lines);
    assert_non_null(strstr(text, "\"images\":7"));
    free(text);
    text = read_text(csv);
    assert_int_equal(count_of(text, "\n"), PHANTOMS + 1);
    assert_int_equal(count_of(text, "p3.png"), 2); /* the file, and the reason naming it */
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
        cmocka_unit_test(curves_are_well_formed_svg),
        cmocka_unit_test(curves_report_what_is_wrong),
        cmocka_unit_test(axes_have_round_ticks),
        cmocka_unit_test(bytes_that_are_no_text_are_masked),
        cmocka_unit_test(plots_survive_empty_data),
        cmocka_unit_test(panel_shows_truth_green_and_prediction_orange),
        cmocka_unit_test(sheet_stacks_rows_of_any_shape),
        cmocka_unit_test(impossible_panels_are_refused),
        cmocka_unit_test(metrics_without_lesions_hold_null),
        cmocka_unit_test(metrics_hold_every_score),
        cmocka_unit_test(report_of_folds_tells_the_settings_of_each_network),
        cmocka_unit_test(csv_has_a_full_line_for_every_image),
        cmocka_unit_test(report_is_self_contained),
        cmocka_unit_test(galleries_show_no_image_twice),
        cmocka_unit_test(tables_of_numbers_are_read),
        cmocka_unit_test(evaluate_scores_validation_and_training),
        cmocka_unit_test(folds_are_scored_by_their_own_networks),
        cmocka_unit_test(a_bad_image_is_listed_and_the_rest_scored),
        cmocka_unit_test(wrong_usage_and_missing_files_have_their_status),
    };
    return cmocka_run_group_tests_name("report", tests, scratch_setup, scratch_teardown);
}
