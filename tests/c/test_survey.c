/* The check of a data set: counts, broken rows and images, groups and near-duplicates in several folds, contact sheets.
 */
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
#include "../../native/data/survey.h"
#include "../../native/report/contact_sheet.h"
#include "../../native/report/survey_counts.h"
#include "scratch_folder.h"

enum { WIDTH = 60, HEIGHT = 40 };

/** A picture of a few waves that depends on `scene`, with the brightness `base`. */
static void write_picture(const char *folder, const char *name, int scene, int base) {
    static uint8_t pixels[WIDTH * HEIGHT];
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            pixels[y * WIDTH + x] = (uint8_t)(base + ((x * (scene + 2) / 7 + y * (7 - scene) / 3) % 23) * 4);
    scratch_png(folder, name, WIDTH, HEIGHT, pixels);
}

/** A mask whose first `rows` rows are lesion. */
static void write_mask(const char *folder, const char *name, int rows) {
    static uint8_t pixels[WIDTH * HEIGHT];
    for (int i = 0; i < WIDTH * HEIGHT; i++) pixels[i] = i < rows * WIDTH ? 255 : 0;
    scratch_png(folder, name, WIDTH, HEIGHT, pixels);
}

/** A data set with one fault of each kind. */
static void make_set(const char *folder) {
    write_picture(folder, "a.png", 0, 10);
    write_picture(folder, "b.png", 0, 60); // a.png, brighter
    write_picture(folder, "c.png", 3, 10);
    write_picture(folder, "d.png", 5, 10);
    write_mask(folder, "quarter.png", HEIGHT / 4);
    write_mask(folder, "empty.png", 0);
    scratch_text(folder, "broken.png", "no image");
    scratch_text(folder, "manifest.csv",
                 "image,masks,class,group,fold\n"
                 "a.png,quarter.png,benign,1,0\n"
                 "b.png,quarter.png,malignant,2,1\n"
                 "c.png,empty.png,benign,3,0\n"
                 "d.png,,normal,3,2\n"
                 "broken.png,quarter.png,benign,4,0\n"
                 "missing.png,quarter.png,benign,5,0\n"
                 "a.png,quarter.png,benign,6,0\n"
                 "e.png,quarter.png,benign,7,first\n"
                 "too,few\n");
}

static void test_survey(void **state) {
    const char *folder = *state;
    make_set(folder);
    sm_dataset dataset;
    sm_failures faults = {0};
    sm_survey survey;
    assert_int_equal(sm_dataset_load(&folder, 1, &dataset, NULL), SM_ERROR_DATA);
    assert_int_equal(sm_dataset_load_faulty(&folder, 1, &dataset, &faults, NULL), SM_OK);
    assert_int_equal(faults.count, 2);
    assert_non_null(strstr(faults.lines[0], "line 9: column \"fold\" holds \"first\""));
    assert_non_null(strstr(faults.lines[1], "line 10: 2 fields"));
    assert_int_equal(sm_survey_make(&dataset, SM_SHEET_TILE, NULL, &survey, NULL), SM_OK);
    assert_int_equal(survey.count, 7);
    assert_int_equal(survey.broken, 3);
    assert_non_null(strstr(survey.images[4].problem, "broken.png"));
    assert_non_null(strstr(survey.images[5].problem, "missing.png"));
    assert_non_null(strstr(survey.images[6].problem, "listed twice"));
    assert_true(survey.images[0].mask_share == 0.25);
    assert_null(sm_survey_doubt(&survey.images[0]));
    assert_non_null(sm_survey_doubt(&survey.images[2]));
    assert_null(sm_survey_doubt(&survey.images[3]));

    assert_int_equal(survey.split_count, 1);
    assert_non_null(strstr(survey.splits[0].group, ":3"));
    assert_int_equal(survey.splits[0].second_fold, 2);

    assert_int_equal(survey.pair_count, 1);
    assert_int_equal(survey.pairs[0].first, 0);
    assert_int_equal(survey.pairs[0].second, 1);
    assert_true(sm_survey_pair_crosses_folds(&survey, &survey.pairs[0]));

    sm_survey_counts counts;
    assert_int_equal(sm_survey_count(&survey, &counts, NULL), SM_OK);
    assert_int_equal(counts.cell_count, 3);
    assert_int_equal(counts.cells[0].images, 2);
    assert_int_equal(counts.cells[1].kinds[SM_CLASS_MALIGNANT], 1);
    assert_int_equal(counts.cells[2].fold, 2);
    sm_survey_counts_free(&counts);

    sm_image sheet;
    assert_int_equal(sm_contact_sheet_count(&survey), 1);
    assert_int_equal(sm_contact_sheet_draw(&survey, 0, &sheet, NULL), SM_OK);
    assert_int_equal(sheet.channels, 3);
    /* The bar of the second picture, of a malignant lesion, is red; that of the first is blue. */
    const uint8_t *bar = sheet.pixels + 3 * ((size_t)(SM_SHEET_TILE + 1) * (size_t)sheet.width);
    assert_true(bar[2] > bar[0]);
    bar += 3 * (SM_SHEET_TILE + 8);
    assert_true(bar[0] > bar[2]);
    sm_image_free(&sheet);
    sm_survey_free(&survey);
    sm_failures_free(&faults);
    sm_dataset_free(&dataset);
}

/** The command ends with 1 for broken images, and writes a sheet of the others. */
static void test_command(void **state) {
    const char *folder = *state;
    make_set(folder);
    char command[] = "dataset", json[] = "--json", threads[] = "--threads", one[] = "1", data[] = "--data",
         out[] = "--out";
    char *sheets = strdup(scratch_path(folder, "sheets"));
    char *argv[] = {command, json, threads, one, data, (char *)*state, out, sheets, NULL};
    scratch_stderr_begin(folder);
    const int status = sm_command_dataset(8, argv);
    char *messages = scratch_stderr_end(folder);
    assert_int_equal(status, SM_EXIT_FAILED);
    assert_non_null(strstr(messages, "5 images cannot be used"));
    assert_int_equal(access(scratch_path(folder, "sheets/contact_sheet_1.png"), F_OK), 0);
    free(messages);
    free(sheets);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_survey, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_command, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
