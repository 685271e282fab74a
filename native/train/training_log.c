#include "training_log.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../json.h"

const char sm_training_log_header[] =
    "epoch,learning_rate,loss,mask_loss,type_loss,gradient_norm,training_lesion_dice,training_accuracy,"
    "validation_lesion_dice,validation_accuracy,validation_false_masks,images_per_second,waiting_share,seconds,"
    "inner_score,inner_gain,inner_error\n";

enum { ROW_SIZE = 512 };

/** Appends ",value", or "," alone for a value that is not finite. */
static void put_value(char *row, double value) {
    size_t used = strlen(row);
    if (isfinite(value))
        snprintf(row + used, ROW_SIZE - used, ",%.6g", value);
    else
        snprintf(row + used, ROW_SIZE - used, ",");
}

sm_status sm_training_log_append(char **log, int epoch, float learning_rate, const sm_epoch_sums *sums,
                                 const sm_scores *scores, const sm_inner_result *inner, sm_error *error) {
    char row[ROW_SIZE];
    snprintf(row, sizeof row, "%d", epoch);
    put_value(row, (double)learning_rate);
    put_value(row, sums->loss / sums->batches);
    put_value(row, sums->mask_loss / sums->batches);
    put_value(row, sums->type_loss / sums->batches);
    put_value(row, sums->gradient_norm / sums->batches);
    put_value(row, sums->lesion_images > 0 ? sums->dice / sums->lesion_images : NAN);
    put_value(row, sums->typed_images > 0 ? sums->right_types / sums->typed_images : NAN);
    put_value(row, scores ? scores->lesion_dice : NAN);
    put_value(row, scores ? scores->accuracy : NAN);
    put_value(row, scores ? scores->false_masks : NAN);
    put_value(row, sums->images / sums->seconds);
    put_value(row, sums->waited / sums->seconds);
    put_value(row, sums->seconds);
    put_value(row, inner ? inner->score : NAN);
    put_value(row, inner ? inner->gain : NAN);
    put_value(row, inner ? inner->gain_error : NAN);
    size_t before = strlen(*log);
    size_t added = strlen(row);
    char *longer = realloc(*log, before + added + 2);
    if (!longer) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the log");
    memcpy(longer + before, row, added);
    memcpy(longer + before + added, "\n", 2);
    *log = longer;
    return SM_OK;
}

sm_status sm_training_log_upgrade(char **log, sm_error *error) {
    const size_t header = strcspn(*log, "\n"), rest = strlen(sm_training_log_header) - 1;
    if (header >= rest || memcmp(*log, sm_training_log_header, header) != 0 || sm_training_log_header[header] != ',')
        return SM_OK;
    size_t missing = 0, rows = 0;
    for (const char *s = sm_training_log_header + header; *s; s++) missing += *s == ',';
    for (const char *s = *log + header; *s; s++) rows += *s == '\n';
    char *longer = malloc(strlen(*log) + rest - header + rows * missing + 1);
    if (!longer) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the log");
    memcpy(longer, sm_training_log_header, rest + 1);
    char *out = longer + rest + 1;
    for (const char *row = *log + header; *row && *++row;) {
        const size_t length = strcspn(row, "\n");
        memcpy(out, row, length);
        memset(out + length, ',', missing);
        out[length + missing] = '\n';
        out += length + missing + 1;
        row += length;
    }
    *out = '\0';
    free(*log);
    *log = longer;
    return SM_OK;
}

sm_status sm_training_history_parse(const char *log, sm_training_history *history, sm_error *error) {
    *history = (sm_training_history){0};
    int lines = 0;
    for (const char *c = log; *c; c++) lines += *c == '\n';
    const int rows = lines > 1 ? lines - 1 : 0; /* without the header */
    double *values = malloc(((size_t)rows + 1) * SM_LOG_COLUMNS * sizeof *values);
    if (!values) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the history of %d epochs", rows);
    history->epochs = rows;
    for (int column = 0; column < SM_LOG_COLUMNS; column++) history->column[column] = values + (ptrdiff_t)column * rows;
    const char *text = strchr(log, '\n');
    for (int row = 0; row < rows && text; row++) {
        text++;
        for (int column = 0; column < SM_LOG_COLUMNS; column++) {
            const bool empty = *text == ',' || *text == '\n'; /* strtod would skip the line end */
            char *end = NULL;
            const double value = empty ? NAN : strtod(text, &end);
            history->column[column][row] = end == text ? NAN : value;
            text += strcspn(text, ",\n");
            if (*text == ',' && column + 1 < SM_LOG_COLUMNS) text++;
        }
        text = strchr(text, '\n');
    }
    return SM_OK;
}

sm_status sm_training_log_print_json(const sm_epoch_result *result, sm_error *error) {
    static const char *const names[SM_LOG_COLUMNS] = {[SM_LOG_LEARNING_RATE] = "learning_rate",
                                                      [SM_LOG_LOSS] = "loss",
                                                      [SM_LOG_MASK_LOSS] = "mask_loss",
                                                      [SM_LOG_TYPE_LOSS] = "type_loss",
                                                      [SM_LOG_TRAINING_DICE] = "training_lesion_dice",
                                                      [SM_LOG_TRAINING_ACCURACY] = "training_accuracy",
                                                      [SM_LOG_VALIDATION_DICE] = "validation_lesion_dice",
                                                      [SM_LOG_VALIDATION_ACCURACY] = "validation_accuracy",
                                                      [SM_LOG_VALIDATION_FALSE_MASKS] = "validation_false_masks",
                                                      [SM_LOG_IMAGES_PER_SECOND] = "images_per_second",
                                                      [SM_LOG_SECONDS] = "seconds",
                                                      [SM_LOG_INNER_SCORE] = "inner_score",
                                                      [SM_LOG_INNER_GAIN] = "inner_gain",
                                                      [SM_LOG_INNER_ERROR] = "inner_error"};
    sm_training_history history;
    const sm_status status = sm_training_history_parse(result->log, &history, error);
    if (status != SM_OK) return status;
    sm_json json = {.file = stdout};
    sm_json_object_begin(&json, NULL);
    if (result->fold >= 0) sm_json_integer(&json, "fold", result->fold);
    sm_json_integer(&json, "epoch", result->epoch);
    sm_json_integer(&json, "epochs", result->epochs);
    for (int column = 0; column < SM_LOG_COLUMNS; column++)
        if (names[column] && history.epochs > 0)
            sm_json_number(&json, names[column], history.column[column][history.epochs - 1]);
    if (result->best_epoch >= 0) sm_json_integer(&json, "best_epoch", result->best_epoch);
    sm_json_boolean(&json, "last", result->last);
    sm_json_object_end(&json);
    sm_training_history_free(&history);
    fflush(stdout);
    return SM_OK;
}

void sm_training_history_free(sm_training_history *history) {
    free(history->column[0]); /* the columns are one block */
    *history = (sm_training_history){0};
}
