#include "training_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../file.h"
#include "../train/training_log.h"
#include "curves.h"
#include "html.h"
#include "panel.h"
#include "svg.h"

enum { TILE = 160 /* pixels */ };

static sm_status draw_curves(const char *log, const char *path, sm_error *error) {
    sm_training_history history;
    sm_status status = sm_training_history_parse(log, &history, error);
    if (status != SM_OK) return status;
#define SERIES(title, index)                                                                                           \
    { .name = (title), .count = history.epochs, .x = history.column[SM_LOG_EPOCH], .y = history.column[index] }
    const sm_curve_series losses[] = {SERIES("total", SM_LOG_LOSS), SERIES("mask", SM_LOG_MASK_LOSS),
                                      SERIES("type", SM_LOG_TYPE_LOSS)};
    const sm_curve_series scores[] = {SERIES("lesion Dice, training", SM_LOG_TRAINING_DICE),
                                      SERIES("lesion Dice, validation", SM_LOG_VALIDATION_DICE),
                                      SERIES("accuracy, training", SM_LOG_TRAINING_ACCURACY),
                                      SERIES("accuracy, validation", SM_LOG_VALIDATION_ACCURACY),
                                      SERIES("normal images with a mask", SM_LOG_VALIDATION_FALSE_MASKS)};
#undef SERIES
    const sm_curve_panel panels[] = {
        {.title = "Loss", .x_label = "epoch", .y_label = "", .series = losses, .series_count = 3},
        {.title = "Scores", .x_label = "epoch", .y_label = "", .series = scores, .series_count = 5, .y_high = 1}};
    status = sm_curves_write(path, panels, 2, error);
    sm_training_history_free(&history);
    return status;
}

static sm_status draw_panels(const sm_epoch_result *result, const char *folder, sm_error *error) {
    sm_panel_row rows[SM_VALIDATION_EXAMPLES] = {{0}};
    if (result->example_count < 1) return SM_OK;
    for (int i = 0; i < result->example_count; i++) {
        const sm_validation_example *example = &result->examples[i];
        rows[i] = (sm_panel_row){.width = example->size,
                                 .height = example->size,
                                 .grey = example->grey,
                                 .reference = example->target,
                                 .probability = example->probability,
                                 .threshold = 0.5f};
    }
    sm_status status = sm_folder_make(folder, error);
    if (status != SM_OK) return status;
    char name[32];
    snprintf(name, sizeof name, "epoch_%03d.png", result->epoch);
    char *path = sm_path_join(folder, name);
    if (!path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a file name");
    status = sm_panel_write(path, rows, result->example_count, TILE, error);
    free(path);
    return status;
}

/** The file FOLDER/NAME, from malloc. */
static sm_status read_result(const char *folder, const char *name, unsigned char **bytes, size_t *size,
                             sm_error *error) {
    char *path = sm_path_join(folder, name);
    if (!path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a file name");
    const sm_status status = sm_file_read(path, bytes, size, error);
    free(path);
    return status;
}

/** A table of "key=value key=value ...". */
static void put_recipe(FILE *out, const char *recipe) {
    sm_html_table_begin(out, "Settings");
    while (*recipe) {
        const int key = (int)strcspn(recipe, "="), word = (int)strcspn(recipe, " ");
        char text[256];
        snprintf(text, sizeof text, "%.*s", key < word ? key : word, recipe);
        fputs("<tr><th scope=\"row\">", out);
        sm_svg_escape(out, text);
        snprintf(text, sizeof text, "%.*s", key < word ? word - key - 1 : 0, recipe + key + 1);
        fputs("</th><td>", out);
        sm_svg_escape(out, text);
        fputs("</td></tr>\n", out);
        recipe += word + (recipe[word] == ' ');
    }
    sm_html_table_end(out);
}

static void put_log(FILE *out, const char *log) {
    sm_html_table_begin(out, "Epochs");
    for (const char *row = log; *row;) {
        const char *tag = row == log ? "th" : "td";
        const int length = (int)strcspn(row, "\n");
        fputs("<tr>", out);
        for (int at = 0; at <= length;) {
            const int cell = (int)strcspn(row + at, ",\n");
            fprintf(out, "<%s>%.*s</%s>", tag, cell, row + at, tag);
            at += cell + 1;
        }
        fputs("</tr>\n", out);
        row += length + (row[length] == '\n');
    }
    sm_html_table_end(out);
}

/** Writes report.html: curves, the panel of this epoch, the settings and the log in one file. */
static sm_status write_page(const sm_epoch_result *result, const char *folder, sm_error *error) {
    unsigned char *curves = NULL, *panel = NULL;
    size_t curves_size = 0, panel_size = 0;
    char name[48];
    snprintf(name, sizeof name, "panels/epoch_%03d.png", result->epoch);
    sm_status status = read_result(folder, "curves.svg", &curves, &curves_size, error);
    if (status == SM_OK && result->example_count > 0) status = read_result(folder, name, &panel, &panel_size, error);
    char *path = sm_path_join(folder, "report.html");
    if (status == SM_OK && !path) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for a file name");
    sm_file_writer writer;
    if (status == SM_OK) status = sm_file_writer_open(&writer, path, error);
    if (status == SM_OK) {
        FILE *out = writer.file;
        sm_html_begin(out, "sonomask training");
        fprintf(out, "<h1>sonomask training</h1>\n<p>Epoch %d of %d.", result->epoch, result->epochs);
        if (result->best_epoch > 0) fprintf(out, " Best by inner validation: epoch %d.", result->best_epoch);
        if (result->best_epoch == 0) fputs(" By inner validation no epoch is better than the initial weights.", out);
        fputs("</p>\n<h2>Curves</h2>\n", out);
        fwrite(curves, 1, curves_size, out);
        if (panel) {
            fputs("<h2>Images</h2>\n<p>Image, reference mask (green) and predicted mask (orange).</p>\n", out);
            sm_html_png(out, panel, panel_size, "Images with reference and predicted masks");
        }
        fputs("<h2>Settings</h2>\n", out);
        put_recipe(out, result->recipe);
        fputs("<h2>Log</h2>\n", out);
        put_log(out, result->log);
        sm_html_end(out);
        status = sm_file_writer_commit(&writer, error);
    }
    free(path);
    free(curves);
    free(panel);
    return status;
}

static sm_status draw(void *context, const sm_epoch_result *result, sm_error *error) {
    const char *out = context;
    if (!result->saved) return SM_OK;
    char *curves = sm_path_join(out, "curves.svg"), *panels = sm_path_join(out, "panels");
    sm_status status =
        curves && panels ? sm_folder_make(out, error) : sm_fail(error, SM_ERROR_MEMORY, "no memory for file names");
    if (status == SM_OK) status = draw_panels(result, panels, error);
    if (status == SM_OK) status = draw_curves(result->log, curves, error);
    if (status == SM_OK) status = write_page(result, out, error);
    free(curves);
    free(panels);
    return status;
}

sm_training_observer sm_training_report(const char *out) {
    return (sm_training_observer){.epoch_done = draw, .context = (void *)out};
}
