#include "training_report.h"

#include <stdio.h>
#include <stdlib.h>

#include "../file.h"
#include "../train/training_log.h"
#include "curves.h"
#include "panel.h"

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

static sm_status draw(void *context, const sm_epoch_result *result, sm_error *error) {
    const char *out = context;
    char *curves = sm_path_join(out, "curves.svg"), *panels = sm_path_join(out, "panels");
    sm_status status =
        curves && panels ? sm_folder_make(out, error) : sm_fail(error, SM_ERROR_MEMORY, "no memory for file names");
    if (status == SM_OK) status = draw_panels(result, panels, error);
    if (status == SM_OK) status = draw_curves(result->log, curves, error);
    free(curves);
    free(panels);
    return status;
}

sm_training_observer sm_training_report(const char *out) {
    return (sm_training_observer){.epoch_done = draw, .context = (void *)out};
}
