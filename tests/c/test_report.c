/** Charts, panels and the files of a report: well-formed, self-contained and complete. */
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

#include "../../native/file.h"
#include "../../native/report/curves.h"
#include "../../native/report/panel.h"
#include "../../native/report/plots.h"
#include "../../native/report/report.h"
#include "../../native/report/svg.h"
#include "check_text.h"
#include "scratch_folder.h"

static const char *inside(const char *name) { return scratch_path(scratch_root, name); }

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
    char *text = text_read(path);
    assert_true(check_markup(text) > 50);
    assert_non_null(strstr(text, "&lt;Dice&gt; &amp; &quot;co&quot;"));
    assert_non_null(strstr(text, "prefers-color-scheme"));
    free(text);
}

/** In DejaVu Sans, "mask 0.7425" with a bold number is 93.5 wide. */
static void keys_of_a_legend_do_not_touch(void **state) {
    (void)state;
    const double x[2] = {1, 2}, y[2] = {1, 0.7425};
    const sm_curve_series series[2] = {{"mask", 2, x, y}, {"type", 2, x, y}};
    const sm_curve_panel panel = {.title = "", .x_label = "", .y_label = "", .series = series, .series_count = 2};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    sm_curve_panel_svg(out, &panel);
    assert_int_equal(fclose(out), 0);
    const char *names[2] = {">mask <", ">type <"};
    double at[2];
    for (int i = 0; i < 2; i++) {
        const char *tag = strstr(text, names[i]);
        assert_non_null(tag);
        while (tag > text && strncmp(tag, "<text x=\"", 9) != 0) tag--;
        at[i] = strtod(tag + 9, NULL);
    }
    assert_true(at[1] - 20 > at[0] + 93.5); /* the line of the key begins 20 before its text */
    free(text);
}

static void curves_that_cannot_be_written(void **state) {
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

static void invalid_utf8_is_replaced(void **state) {
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

static void plots_without_data(void **state) {
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    const sm_roc_series roc = {.name = "none", .area = NAN};
    const sm_reliability calibration = sm_reliability_of(NULL, NULL, NULL, 0);
    const sm_confusion confusion = {0};
    sm_plot_roc(out, &roc, 1);
    sm_plot_reliability(out, &calibration, &calibration);
    sm_plot_confusion(out, &confusion);
    sm_plot_histogram(out, "Dice", "Dice", NULL, 0, NAN, NAN);
    fclose(out);
    check_markup(text);
    assert_int_equal(text_count(text, "<svg"), 4);
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

static void panels_show_the_reference_green_and_the_prediction_orange(void **state) {
    (void)state;
    static uint8_t grey[SIDE * SIDE], reference[SIDE * SIDE];
    static float probability[SIDE * SIDE];
    memset(grey, 100, sizeof grey);
    fill_square(reference, 10, 30);
    for (int i = 0; i < SIDE * SIDE; i++) probability[i] = i / SIDE >= 40 && i / SIDE < 60 ? 0.7F : 0.2F;
    const sm_panel_row row = {.width = SIDE,
                              .height = SIDE,
                              .grey = grey,
                              .reference = reference,
                              .probability = probability,
                              .threshold = 0.5F};
    sm_image panel = {0};
    assert_int_equal(sm_panel_render(&row, SIDE, &panel, NULL), SM_OK);
    assert_int_equal(panel.height, SIDE);
    assert_int_equal(panel.channels, 3);
    int second = (panel.width - SIDE) / 2, third = panel.width - SIDE;
    /* The first tile is the image. */
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

static void a_sheet_stacks_rows_of_any_shape(void **state) {
    (void)state;
    static uint8_t grey[3 * 200], mask[3 * 200];
    memset(mask, 255, sizeof mask);
    const sm_panel_row rows[3] = {{.width = 200, .height = 3, .grey = grey, .reference = mask, .predicted = mask},
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

/* `only_normal`: no image has a lesion, so that most metrics are undefined. */
static void make_fixture(fixture *made, bool only_normal) {
    static const char *const data[] = {"data <one>"};
    *made = (fixture){.split = {.name = "all", .count = IMAGES}};
    made->split.images = calloc(IMAGES, sizeof *made->split.images);
    assert_non_null(made->split.images);
    for (int i = 0; i < IMAGES; i++) {
        sm_class type = only_normal ? SM_CLASS_NORMAL : (sm_class)(i % 3);
        snprintf(made->names[i], sizeof made->names[i], "folder/some, \"odd\" & <image> %d.png", i);
        made->records[i] = (sm_record){.image = made->names[i],
                                       .classes = sm_class_set_of(type),
                                       .source = "set",
                                       .group = made->names[i],
                                       .device = ""};
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

/* What a part of the report writes; freed with free(). */
static char *written(sm_status (*write)(FILE *, const sm_report *, sm_error *), const sm_report *report) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_int_equal(write(out, report, NULL), SM_OK);
    assert_int_equal(fclose(out), 0);
    if (write == sm_report_json) check_json(text);
    if (write == sm_report_html) check_markup(text);
    return text;
}

static void metrics_without_lesions_are_null(void **state) {
    (void)state;
    fixture made;
    make_fixture(&made, true);
    char *text = written(sm_report_json, &made.report);
    assert_non_null(strstr(text, "\"lesion_dice\":null"));
    assert_non_null(strstr(text, "\"lesion_dice_interval\":[null,null]"));
    assert_non_null(strstr(text, "\"auc_malignant_benign\":null"));
    assert_non_null(strstr(text, "\"normal_false_mask_share\":0"));
    free(text);
    text = written(sm_report_html, &made.report);
    free(text);
    free_fixture(&made);
}

static void metrics_contain_every_score(void **state) {
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
    char *text = written(sm_report_json, &made.report);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char quoted[64];
        snprintf(quoted, sizeof quoted, "\"%s\":", keys[i]);
        if (!strstr(text, quoted)) fail_msg("%s is missing", quoted);
    }
    free(text);
    free_fixture(&made);
}

static void a_report_of_folds_has_the_settings_of_each_network(void **state) {
    (void)state;
    fixture made;
    make_fixture(&made, false);
    static const int folds[] = {0, 3};
    for (int i = 0; i < IMAGES; i++) made.records[i].fold = folds[i % 2];
    sm_fold_summary summary;
    assert_int_equal(sm_fold_summary_make(&made.split, folds, 2, 1, &summary, NULL), SM_OK);
    made.report.folds = &summary;
    made.report.model_count = 2;
    char *text = written(sm_report_json, &made.report);
    assert_non_null(strstr(text, "{\"fold\":0,\"temperature\":1.2"));
    assert_non_null(strstr(text, "{\"fold\":3,\"temperature\":0.9"));
    free(text);
    text = written(sm_report_html, &made.report);
    assert_non_null(strstr(text, "threshold 0.5 to 0.6, minimum area 0.1 % of the image, temperature 0.9 to 1.2<"));
    free(text);
    sm_fold_summary_free(&summary);
    free_fixture(&made);
}

static void the_table_has_one_line_per_image(void **state) {
    (void)state;
    fixture made;
    make_fixture(&made, false);
    const sm_evaluation_failure failure = {&made.records[0], "broken, file"};
    made.report.failures = &failure;
    made.report.failure_count = 1;
    made.images[2].outlines = (sm_outline_scores){
        .count = 3,
        .outlines = {{.dice = 0.91, .expected = 0.87, .presence = 0.97, .margin = 4.25, .reach = 3.5, .found = true},
                     {.dice = 0, .expected = 0.4, .presence = 0.6, .margin = 2.5},
                     {.dice = 0.3,
                      .expected = 0.5,
                      .presence = 0.25,
                      .margin = 2,
                      .reach = 9,
                      .found = true,
                      .possible = true}}};
    made.images[2].presence = 0.98;
    made.images[2].corrected = true;
    for (int k = 0; k < SM_CORRECTIONS; k++) made.images[2].corrected_dice[k] = 0.5 + 0.1 * k;
    /* A normal image whose false mask one click removes, and a lesion of unknown type without an outline. */
    made.images[3].corrected = made.images[3].cleared = true;
    made.images[3].pixels.false_positive = 20;
    made.images[4].scores = (sm_binary_scores){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    made.images[4].surface = (sm_surface_distances){NAN, NAN};
    made.images[4].pixels = (sm_pixel_counts){.false_positive = 70};
    made.records[4].classes = SM_CLASSES_LESION;
    char *text = written(sm_report_csv, &made.report);
    static const char header[] =
        "file,split,source,group,fold,curated,device,calipers,class,predicted,normal,benign,malignant,"
        "normal_uncalibrated,benign_uncalibrated,malignant_uncalibrated,width,height,area_truth,area_predicted,lesions,"
        "dice,iou,precision,recall,specificity,accuracy,hd95,surface_dice,maximum_probability,expected_dice,"
        "pixel_uncertainty_auroc,wrong_in_doubtful_share,outlines,outlier_score,milliseconds,"
        "presence,outline_decisions,dice_1_click,dice_2_clicks,dice_3_clicks,dice_5_clicks,dice_box,cleared_by_click,"
        "error\n";
    assert_memory_equal(text, header, sizeof header - 1);
    /* 13 true and 100 false positives, 387 false negatives, 3596 true negatives. */
    assert_non_null(strstr(text, "\n\"folder/some, \"\"odd\"\" & <image> 1.png\",all,set,"
                                 "\"folder/some, \"\"odd\"\" & <image> 1.png\",0,,,0,benign,benign,0.2,0.6,0.2,0.2,0.6,"
                                 "0.2,64,64,400,113,0,0.0506823,0.026,0.115044,0.0325,0.972944,0.881104,4,0.5,0,0,0,0,,"
                                 "0,3,0,,,,,,,,\n"));
    assert_non_null(
        strstr(text, ",0.91/0.87;0/0.4,0,3,0.98,0.97/1/4.25/3.5;0.6/0/2.5/0;0.25/1/2/9,0.5,0.6,0.7,0.9,1,,\n"));
    assert_non_null(strstr(text, ",0,3,0,,,,,,,1,\n"));
    assert_non_null(strstr(text, "image> 4.png\",0,,,0,lesion,benign,0.2,0.6,0.2,0.2,0.6,0.2,64,64,,70,0,,,,,,,,,"));
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

static void the_report_is_self_contained(void **state) {
    (void)state;
    fixture made;
    make_fixture(&made, false);
    static uint8_t grey[SIDE * SIDE];
    const sm_panel_row row = {.width = SIDE, .height = SIDE, .grey = grey};
    for (int i = 0; i < made.galleries[0][0].count; i++) {
        sm_image picture = {0};
        sm_gallery_item *panel = &made.galleries[0][0].items[i];
        assert_int_equal(sm_panel_render(&row, 32, &picture, NULL), SM_OK);
        assert_int_equal(sm_image_encode_png(&picture, &panel->png, &panel->png_size, NULL), SM_OK);
        sm_image_free(&picture);
    }
    char *text = written(sm_report_html, &made.report);
    assert_true(check_markup(text) > 500);
    assert_int_equal(text_count(text, "http:"), 0);
    assert_int_equal(text_count(text, "https:"), 0);
    assert_int_equal(text_count(text, "<script"), 0);
    assert_int_equal(text_count(text, "<link"), 0);
    assert_int_equal(text_count(text, "href="), 0);
    assert_int_equal(text_count(text, "url("), 0);
    assert_int_equal(text_count(text, "src=\""), text_count(text, "src=\"data:image/png;base64,iVBOR"));
    assert_int_equal(text_count(text, "<img"), SM_GALLERY_FAILURES);
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
        for (int i = 0; i < count; i++) lesions += sm_record_type(&made.records[i]) != SM_CLASS_NORMAL;
        for (int g = 0; g < SM_GALLERY_KINDS; g++)
            for (int i = 0; i < galleries[g].count; i++) {
                total++;
                assert_int_equal(shown[galleries[g].items[i].image - made.images]++, 0);
            }
        assert_int_equal(total, lesions < 20 ? lesions : 20);
    }
    free_fixture(&made);
}

static void assert_gallery(const fixture *made, int gallery, const int *expected, int count) {
    const sm_gallery *found = &made->galleries[0][gallery];
    assert_int_equal(found->count, count);
    for (int i = 0; i < count; i++) assert_int_equal(found->items[i].image - made->images, expected[i]);
}

static void galleries_are_ranked(void **state) {
    (void)state;
    fixture made;
    make_fixture(&made, false);
    /* Dice rises with the index, but images 1 and 2 are both missed, and the lesion of image 2 is larger. */
    made.images[1].pixels = (sm_pixel_counts){.false_negative = 400, .true_negative = 3696};
    made.images[2].pixels = (sm_pixel_counts){.false_negative = 500, .true_negative = 3596};
    made.images[3].pixels.false_positive = 20;
    made.images[6].pixels.false_positive = 80;
    for (int i = 1; i <= 2; i++) made.images[i].scores = sm_binary_scores_of(&made.images[i].pixels);
    assert_int_equal(sm_galleries_choose(&made.split, made.galleries[0], NULL), SM_OK);
    assert_gallery(&made, 0, (const int[]){2, 1, 4, 5, 7, 8, 10, 11, 13, 14, 16, 17}, 12);
    assert_gallery(&made, 1, (const int[]){6, 3}, 2);
    assert_gallery(&made, 2, (const int[]){19, 20, 22, 23}, 4);
    assert_gallery(&made, 3, (const int[]){29, 28, 26, 25}, 4);
    free_fixture(&made);
}

static void metrics_as_text(void **state) {
    (void)state;
    char text[SM_METRIC_TEXT];
    sm_metric_format(SM_METRIC_LESION_DICE, 0.12349, text);
    assert_string_equal(text, "0.123");
    sm_metric_format(SM_METRIC_MISSED, 0.1236, text);
    assert_string_equal(text, "12.4 %");
    sm_metric_format(SM_METRIC_HD95, 12.34, text);
    assert_string_equal(text, "12.3 px");
    sm_metric_format(SM_METRIC_HD95, NAN, text);
    assert_string_equal(text, "\xE2\x80\x93");
    const sm_model_info models[1] = {{.threshold = 0.5F, .minimum_area = 0.25F}};
    sm_report report = {.models = models, .model_count = 1, .segment = {.threshold = -1, .minimum_area = -1}};
    assert_true(fabs(sm_report_threshold(&report, 0) - 0.5) < 1e-6);
    assert_true(fabs(sm_report_minimum_area(&report, 0) - 0.25) < 1e-6);
    report.segment.threshold = report.segment.minimum_area = 0;
    assert_true(fabs(sm_report_threshold(&report, 0)) < 1e-6);
    assert_true(fabs(sm_report_minimum_area(&report, 0)) < 1e-6);
}

static void number_tables_are_read(void **state) {
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(curves_are_well_formed_svg),
        cmocka_unit_test(keys_of_a_legend_do_not_touch),
        cmocka_unit_test(curves_that_cannot_be_written),
        cmocka_unit_test(axes_have_round_ticks),
        cmocka_unit_test(invalid_utf8_is_replaced),
        cmocka_unit_test(plots_without_data),
        cmocka_unit_test(panels_show_the_reference_green_and_the_prediction_orange),
        cmocka_unit_test(a_sheet_stacks_rows_of_any_shape),
        cmocka_unit_test(impossible_panels_are_refused),
        cmocka_unit_test(metrics_without_lesions_are_null),
        cmocka_unit_test(metrics_contain_every_score),
        cmocka_unit_test(a_report_of_folds_has_the_settings_of_each_network),
        cmocka_unit_test(the_table_has_one_line_per_image),
        cmocka_unit_test(the_report_is_self_contained),
        cmocka_unit_test(galleries_show_no_image_twice),
        cmocka_unit_test(galleries_are_ranked),
        cmocka_unit_test(metrics_as_text),
        cmocka_unit_test(number_tables_are_read),
    };
    return cmocka_run_group_tests_name("report", tests, scratch_setup, scratch_teardown);
}
