#include "predict_outcomes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/** A message to rank 0: this head, the line, the messages. */
typedef struct head {
    int32_t index; /* -1: the sender has ended */
    int32_t failed;
    uint64_t line_size, messages_size; /* bytes; the line is without NUL */
} head;

void sm_predict_outcome_free(sm_predict_outcome *outcome) {
    free(outcome->line);
    free(outcome->messages);
    *outcome = (sm_predict_outcome){0};
}

sm_status sm_predict_outcomes_create(const sm_ranks *ranks, int count, sm_predict_outcomes *outcomes, sm_error *error) {
    *outcomes = (sm_predict_outcomes){.ranks = ranks, .count = count};
    if (!sm_ranks_first(ranks)) return SM_OK;
    outcomes->working = sm_ranks_count(ranks) - 1;
    outcomes->items = calloc((size_t)count, sizeof *outcomes->items);
    return outcomes->items ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory for the results of %d files", count);
}

void sm_predict_outcomes_free(sm_predict_outcomes *outcomes) {
    for (int i = 0; outcomes->items && i < outcomes->count; i++) sm_predict_outcome_free(&outcomes->items[i]);
    free(outcomes->items);
    *outcomes = (sm_predict_outcomes){0};
}

static sm_status send_outcome(const sm_ranks *ranks, int index, const sm_predict_outcome *outcome, sm_error *error) {
    const head h = {.index = index,
                    .failed = outcome->failed,
                    .line_size = outcome->line ? strlen(outcome->line) : 0,
                    .messages_size = outcome->messages_size};
    const size_t size = sizeof h + h.line_size + h.messages_size;
    char *bytes = malloc(size);
    if (!bytes) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a message");
    memcpy(bytes, &h, sizeof h);
    if (h.line_size > 0) memcpy(bytes + sizeof h, outcome->line, h.line_size);
    if (h.messages_size > 0) memcpy(bytes + sizeof h + h.line_size, outcome->messages, h.messages_size);
    const sm_status status = ranks->post(ranks->context, bytes, size, error);
    free(bytes);
    return status;
}

sm_status sm_predict_outcomes_add(sm_predict_outcomes *outcomes, int index, sm_predict_outcome *outcome,
                                  sm_error *error) {
    outcome->done = true;
    if (outcomes->items) {
        outcomes->items[index] = *outcome;
        *outcome = (sm_predict_outcome){0};
        return SM_OK;
    }
    const sm_status status = send_outcome(outcomes->ranks, index, outcome, error);
    sm_predict_outcome_free(outcome);
    return status;
}

sm_status sm_predict_outcomes_end(sm_predict_outcomes *outcomes, sm_error *error) {
    const sm_predict_outcome none = {0};
    return outcomes->items ? SM_OK : send_outcome(outcomes->ranks, -1, &none, error);
}

/** A copy of the bytes with a NUL behind them. */
static char *copy_text(const char *bytes, size_t size) {
    char *text = malloc(size + 1);
    if (!text) return NULL;
    memcpy(text, bytes, size);
    text[size] = '\0';
    return text;
}

static sm_status take_over(sm_predict_outcomes *outcomes, const char *bytes, size_t size, sm_error *error) {
    head h;
    if (size < sizeof h) return sm_fail(error, SM_ERROR_IO, "MPI: a message is cut off");
    memcpy(&h, bytes, sizeof h);
    if (h.index < 0) {
        outcomes->working--;
        return SM_OK;
    }
    const char *line = bytes + sizeof h;
    sm_predict_outcome *outcome = &outcomes->items[h.index];
    *outcome = (sm_predict_outcome){.done = true,
                                    .failed = h.failed != 0,
                                    .line = copy_text(line, h.line_size),
                                    .messages = copy_text(line + h.line_size, h.messages_size),
                                    .messages_size = h.messages_size};
    return outcome->line && outcome->messages
               ? SM_OK
               : sm_fail(error, SM_ERROR_MEMORY, "no memory for the results of another rank");
}

sm_status sm_predict_outcomes_receive(sm_predict_outcomes *outcomes, bool wait, sm_error *error) {
    while (outcomes->items && outcomes->working > 0) {
        void *bytes = NULL;
        size_t size = 0;
        sm_status status = outcomes->ranks->take(outcomes->ranks->context, wait, &bytes, &size, error);
        if (status != SM_OK || !bytes) return status;
        status = take_over(outcomes, bytes, size, error);
        free(bytes);
        if (status != SM_OK) return status;
        wait = false;
    }
    return SM_OK;
}

sm_predict_outcome *sm_predict_outcomes_next(sm_predict_outcomes *outcomes, bool skip, int *index) {
    if (!outcomes->items) return NULL;
    while (skip && outcomes->next < outcomes->count && !outcomes->items[outcomes->next].done) outcomes->next++;
    if (outcomes->next == outcomes->count || !outcomes->items[outcomes->next].done) return NULL;
    *index = outcomes->next++;
    return &outcomes->items[*index];
}
