#include "training_log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../report/curves.h"

const char sm_training_log_header[] =
    "epoch,learning_rate,loss,mask_loss,type_loss,gradient_norm,training_lesion_dice,training_accuracy,"
    "validation_lesion_dice,validation_accuracy,validation_false_masks,images_per_second,waiting_share,seconds\n";

enum { COLUMNS = 14, ROW_SIZE = 512 };
enum { COLUMN_EPOCH = 0, COLUMN_LOSS = 2, COLUMN_MASK_LOSS, COLUMN_TYPE_LOSS };
enum { COLUMN_TRAINING_DICE = 6, COLUMN_TRAINING_ACCURACY, COLUMN_DICE, COLUMN_ACCURACY, COLUMN_FALSE_MASKS };

/** ",value", or "," alone for a value that does not exist. */
static void put_value(char *row, double value) {
    size_t used = strlen(row);
    if (isfinite(value))
        snprintf(row + used, ROW_SIZE - used, ",%.6g", value);
    else
        snprintf(row + used, ROW_SIZE - used, ",");
}

sm_status sm_training_log_append(char **log, int epoch, float learning_rate, const sm_epoch_sums *sums,
                                 const sm_scores *scores, sm_error *error) {
    char row[ROW_SIZE];
    snprintf(row, sizeof row, "%d", epoch);
    put_value(row, (double)learning_rate);
    put_value(row, sums->loss / sums->batches);
    put_value(row, sums->mask_loss / sums->batches);
    put_value(row, sums->type_loss / sums->batches);
    put_value(row, sums->gradient_norm / sums->batches);
    put_value(row, sums->lesion_images > 0 ? sums->dice / sums->lesion_images : NAN);
    put_value(row, sums->right_types / sums->images);
    put_value(row, scores ? scores->lesion_dice : NAN);
    put_value(row, scores ? scores->accuracy : NAN);
    put_value(row, scores ? scores->false_masks : NAN);
    put_value(row, sums->images / sums->seconds);
    put_value(row, sums->waited / sums->seconds);
    put_value(row, sums->seconds);
    size_t before = strlen(*log);
    size_t added = strlen(row);
    char *longer = realloc(*log, before + added + 2);
    if (!longer) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the log");
    memcpy(longer + before, row, added);
    memcpy(longer + before + added, "\n", 2);
    *log = longer;
    return SM_OK;
}

/** Reads the rows into columns of doubles (NaN where empty): values[column * rows + row]. */
static double *parse(const char *log, int *rows) {
    int count = -1; /* not counting the header */
    for (const char *c = log; *c; c++) count += *c == '\n';
    *rows = count > 0 ? count : 0;
    double *values = malloc((size_t)(*rows > 0 ? *rows : 1) * COLUMNS * sizeof *values);
    if (!values) return NULL;
    const char *text = strchr(log, '\n');
    for (int row = 0; row < *rows && text; row++) {
        text++;
        for (int column = 0; column < COLUMNS; column++) {
            char *end = NULL;
            double value = strtod(text, &end);
            values[column * *rows + row] = end == text ? NAN : value;
            text = end + strcspn(end, ",\n");
            if (*text == ',' && column + 1 < COLUMNS) text++;
        }
        text = strchr(text, '\n');
    }
    return values;
}

sm_status sm_training_log_draw(const char *log, const char *path, sm_error *error) {
    int rows = 0;
    double *values = parse(log, &rows);
    if (!values) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the curves");
    if (rows == 0) {
        free(values);
        return sm_fail(error, SM_ERROR_DATA, "%s: no epoch to draw", path);
    }
    const double *epochs = values + COLUMN_EPOCH * rows;
#define SERIES(title, column)                                                                                          \
    { .name = (title), .count = rows, .x = epochs, .y = values + (column)*rows }
    const sm_curve_series losses[] = {SERIES("total", COLUMN_LOSS), SERIES("mask", COLUMN_MASK_LOSS),
                                      SERIES("type", COLUMN_TYPE_LOSS)};
    const sm_curve_series scores[] = {
        SERIES("lesion Dice, training", COLUMN_TRAINING_DICE), SERIES("lesion Dice, validation", COLUMN_DICE),
        SERIES("accuracy, training", COLUMN_TRAINING_ACCURACY), SERIES("accuracy, validation", COLUMN_ACCURACY),
        SERIES("normal images with a mask", COLUMN_FALSE_MASKS)};
#undef SERIES
    const sm_curve_panel panels[] = {
        {.title = "Loss", .x_label = "epoch", .y_label = "", .series = losses, .series_count = 3},
        {.title = "Scores", .x_label = "epoch", .y_label = "", .series = scores, .series_count = 5, .y_high = 1}};
    sm_status status = sm_curves_write(path, panels, 2, error);
    free(values);
    return status;
}
