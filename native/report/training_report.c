#include "training_report.h"

#include <math.h>
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

/** Keeps the series that have a value. Returns their number. */
static int drop_empty(sm_curve_series *series, int count) {
    int kept = 0;
    for (int i = 0; i < count; i++) {
        bool any = false;
        for (int k = 0; k < series[i].count; k++) any = any || isfinite(series[i].y[k]);
        if (any) series[kept++] = series[i];
    }
    return kept;
}

enum { LOSSES = 3, SCORES = 6, PANELS = 2 };

typedef struct training_curves {
    sm_curve_series losses[LOSSES], scores[SCORES];
    sm_curve_panel panels[PANELS]; /* of these series */
} training_curves;

static void make_curves(const sm_training_history *history, training_curves *curves) {
#define SERIES(title, index)                                                                                           \
    {.name = (title), .count = history->epochs, .x = history->column[SM_LOG_EPOCH], .y = history->column[index]}
    *curves = (training_curves){
        .losses = {SERIES("total", SM_LOG_LOSS), SERIES("mask", SM_LOG_MASK_LOSS), SERIES("type", SM_LOG_TYPE_LOSS)},
        .scores = {SERIES("lesion Dice, training", SM_LOG_TRAINING_DICE),
                   SERIES("lesion Dice, validation", SM_LOG_VALIDATION_DICE),
                   SERIES("accuracy, training", SM_LOG_TRAINING_ACCURACY),
                   SERIES("accuracy, validation", SM_LOG_VALIDATION_ACCURACY),
                   SERIES("normal images with a mask", SM_LOG_VALIDATION_FALSE_MASKS),
                   SERIES("score, inner validation", SM_LOG_INNER_SCORE)}};
#undef SERIES
    curves->panels[0] = (sm_curve_panel){.title = "Loss",
                                         .x_label = "epoch",
                                         .y_label = "",
                                         .series = curves->losses,
                                         .series_count = drop_empty(curves->losses, LOSSES)};
    curves->panels[1] = (sm_curve_panel){.title = "Scores",
                                         .x_label = "epoch",
                                         .y_label = "",
                                         .series = curves->scores,
                                         .series_count = drop_empty(curves->scores, SCORES),
                                         .y_high = 1};
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
        const bool header = row == log;
        const char *tag = header ? "th" : "td";
        const int length = (int)strcspn(row, "\n");
        fputs(header ? "<thead><tr>" : "<tr>", out);
        for (int at = 0; at <= length;) {
            const int cell = (int)strcspn(row + at, ",\n");
            fprintf(out, "<%s>%.*s</%s>", tag, cell, row + at, tag);
            at += cell + 1;
        }
        fputs(header ? "</tr></thead>\n" : "</tr>\n", out);
        row += length + (row[length] == '\n');
    }
    sm_html_table_end(out);
}

/** Which weights inner validation has chosen, and why. */
static void put_choice(FILE *out, const sm_epoch_result *result, const sm_training_history *history) {
    const double *score = history->column[SM_LOG_INNER_SCORE], *gain = history->column[SM_LOG_INNER_GAIN];
    const double *gain_error = history->column[SM_LOG_INNER_ERROR];
    const int best = result->best_epoch - 1; /* its row */
    if (result->best_epoch < 0) return;
    if (result->best_epoch > 0) {
        fprintf(
            out,
            " The weights of epoch %d were chosen (best.safetensors): their score by inner validation, on %d images "
            "that were not trained on, is the highest",
            result->best_epoch, result->inner_images);
        /* A log of an earlier version has no score. */
        if (best < history->epochs && isfinite(score[best])) fprintf(out, ", %.4f", score[best]);
        if (best < history->epochs && isfinite(gain[best]))
            fprintf(out, ", and higher than that of the initial weights beyond chance: by %.4f, standard error %.4f",
                    gain[best], gain_error[best]);
        fputs(".", out);
        return;
    }
    fprintf(
        out,
        " The initial weights were kept (best.safetensors): by inner validation, on %d images that were not trained "
        "on, no epoch is better than these beyond chance, which is by more than two standard errors of the gain on "
        "images of at least five groups (patients).",
        result->inner_images);
    int highest = -1;
    for (int i = 0; i < history->epochs; i++)
        if (isfinite(gain[i]) && (highest < 0 || gain[i] > gain[highest])) highest = i;
    if (highest >= 0) fprintf(out, " The highest gain was %+.4f, in epoch %d", gain[highest], highest + 1);
    if (highest >= 0 && isfinite(gain_error[highest])) fprintf(out, " (standard error %.4f)", gain_error[highest]);
    if (highest >= 0) fputs(".", out);
}

/** Writes report.html: curves, the panel of this epoch, the settings and the log in one file. */
static sm_status write_page(const sm_epoch_result *result, const sm_training_history *history,
                            const training_curves *curves, const char *folder, sm_error *error) {
    unsigned char *panel = NULL;
    size_t panel_size = 0;
    char name[48];
    snprintf(name, sizeof name, "panels/epoch_%03d.png", result->epoch);
    sm_status status = SM_OK;
    if (result->example_count > 0) status = read_result(folder, name, &panel, &panel_size, error);
    char *path = sm_path_join(folder, "report.html");
    if (status == SM_OK && !path) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for a file name");
    sm_file_writer writer;
    if (status == SM_OK) status = sm_file_writer_open(&writer, path, error);
    if (status == SM_OK) {
        FILE *out = writer.file;
        sm_html_begin(out, "sonomask training");
        fprintf(out, "<h1>sonomask training</h1>\n<p>Epoch %d of %d.", result->epoch, result->epochs);
        put_choice(out, result, history);
        fputs("</p>\n<h2>Curves</h2>\n<div class=\"charts\">\n", out);
        for (int i = 0; i < PANELS; i++) {
            fputs("<div class=\"chart\">", out);
            sm_curve_panel_svg(out, &curves->panels[i]);
            fputs("</div>\n", out);
        }
        fputs("</div>\n", out);
        if (panel) {
            fprintf(out,
                    "<h2>Images</h2>\n<p>Images of %s (epoch %d): image, reference mask (green) and predicted mask "
                    "(orange).</p>\n",
                    result->examples_of, result->epoch);
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
    free(panel);
    return status;
}

static sm_status draw(void *context, const sm_epoch_result *result, sm_error *error) {
    const char *out = context;
    if (!result->saved) return SM_OK;
    sm_training_history history = {0};
    training_curves curves;
    char *path = sm_path_join(out, "curves.svg"), *panels = sm_path_join(out, "panels");
    sm_status status =
        path && panels ? sm_folder_make(out, error) : sm_fail(error, SM_ERROR_MEMORY, "no memory for file names");
    if (status == SM_OK) status = draw_panels(result, panels, error);
    if (status == SM_OK) status = sm_training_history_parse(result->log, &history, error);
    if (status == SM_OK) {
        make_curves(&history, &curves);
        status = sm_curves_write(path, curves.panels, PANELS, error);
    }
    if (status == SM_OK) status = write_page(result, &history, &curves, out, error);
    sm_training_history_free(&history);
    free(path);
    free(panels);
    return status;
}

sm_training_observer sm_training_report(const char *out) {
    return (sm_training_observer){.epoch_done = draw, .context = (void *)out};
}
