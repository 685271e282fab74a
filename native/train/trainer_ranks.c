#include "trainer_ranks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../data/dataset_hash.h"
#include "../hash.h"
#include "../same_ranks.h"

sm_status sm_trainer_check_ranks(const sm_trainer *t, sm_error *error) {
    const sm_ranks *ranks = t->options->ranks;
    if (sm_ranks_count(ranks) == 1) return SM_OK;
    sm_status status = sm_same_program(ranks, error);
    char text[SM_SETTINGS_SIZE + 64];
    snprintf(text, sizeof text, "%s patience=%d resume=%d save=%d", t->settings, t->options->patience,
             t->options->resume, t->options->save_seconds);
    if (status == SM_OK)
        status = sm_ranks_check_same(ranks, sm_hash(SM_HASH_START, text, strlen(text)), "other options", error);
    if (status == SM_OK)
        status = sm_ranks_check_same(ranks,
                                     sm_hash(SM_HASH_START, t->parameters, t->net.total_count * sizeof *t->parameters),
                                     "other weights to start from", error);
    return status == SM_OK ? sm_ranks_check_same(ranks, sm_dataset_hash(t->dataset), "other data", error) : status;
}

sm_status sm_trainer_check_weights(const sm_trainer *t, sm_error *error) {
    const sm_ranks *ranks = t->options->ranks;
    if (sm_ranks_count(ranks) == 1) return SM_OK;
    return sm_ranks_check_same(ranks, sm_hash(SM_HASH_START, t->parameters, t->net.total_count * sizeof *t->parameters),
                               "computed other weights", error);
}

/** The texts and numbers of the state. */
typedef struct head {
    bool has_checkpoint;
    size_t settings_size, log_size; /* with their NUL */
    long step;
    float learning_rate;
    sm_checkpoint progress; /* its pointers mean nothing on other ranks */
} head;

static sm_status share_text(const sm_ranks *ranks, char **text, size_t size, sm_error *error) {
    if (!sm_ranks_first(ranks)) {
        free(*text);
        *text = malloc(size);
        if (!*text) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the state of the training");
    }
    return sm_ranks_broadcast(ranks, 0, *text, size, error);
}

sm_status sm_trainer_share_state(sm_trainer *t, sm_error *error) {
    const sm_ranks *ranks = t->options->ranks;
    if (sm_ranks_count(ranks) == 1) return SM_OK;
    head h = {0};
    if (sm_ranks_first(ranks))
        h = (head){.has_checkpoint = t->has_checkpoint,
                   .settings_size = strlen(t->progress.settings) + 1,
                   .log_size = strlen(t->progress.log) + 1,
                   .step = t->optimiser.step,
                   .learning_rate = t->optimiser_options.learning_rate,
                   .progress = t->progress};
    sm_status status = sm_ranks_broadcast(ranks, 0, &h, sizeof h, error);
    if (status != SM_OK) return status;
    char *settings = t->progress.settings, *log = t->progress.log;
    t->progress = h.progress;
    t->progress.settings = settings;
    t->progress.log = log;
    t->has_checkpoint = h.has_checkpoint;
    t->optimiser.step = h.step;
    t->optimiser_options.learning_rate = h.learning_rate;
    status = share_text(ranks, &t->progress.settings, h.settings_size, error);
    if (status == SM_OK) status = share_text(ranks, &t->progress.log, h.log_size, error);
    const size_t all = t->net.total_count * sizeof(float), trained = t->net.trainable_count * sizeof(float);
    if (status == SM_OK) status = sm_ranks_broadcast(ranks, 0, t->parameters, all, error);
    if (status == SM_OK) status = sm_ranks_broadcast(ranks, 0, t->optimiser.first, trained, error);
    if (status == SM_OK) status = sm_ranks_broadcast(ranks, 0, t->optimiser.second, trained, error);
    return status == SM_OK ? sm_ranks_broadcast(ranks, 0, t->optimiser.average, all, error) : status;
}
