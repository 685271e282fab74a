#include "fold_bench.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../native/file.h"
#include "../../native/metrics/pixels.h"

static const char *const set_names[FOLD_BENCH_SETS] = {"busi", "busbra", "busuc", "busuclm"};

_Noreturn void fold_bench_fail(const char *message) {
    fprintf(stderr, "bench: %s\n", message);
    exit(1);
}

void fold_bench_check(sm_status status, const sm_error *error) {
    if (status != SM_OK) fold_bench_fail(error->message);
}

void fold_bench_load(fold_bench *b, const char *data, const char *folds) {
    sm_error error = {0};
    char path[4096];
    for (int i = 0; i < FOLD_BENCH_SETS; i++) {
        snprintf(path, sizeof path, "%s/%s", data, set_names[i]);
        const char *const paths[] = {path};
        fold_bench_check(sm_dataset_load(paths, 1, &b->datasets[i], &error), &error);
    }
    b->parallel = sm_parallel_create(0);
    if (!b->parallel) fold_bench_fail("the threads cannot be started");
    const sm_state_options options = {.parallel = b->parallel};
    for (int i = 0; i < FOLD_BENCH_FOLDS; i++) {
        unsigned char *bytes = NULL;
        size_t size = 0;
        snprintf(path, sizeof path, "%s/fold%d/weights.safetensors", folds, i);
        const sm_status status = sm_file_read(path, &bytes, &size, &error);
        if (status != SM_OK && i > 0) break;
        fold_bench_check(status, &error);
        fold_bench_check(sm_model_create(bytes, size, NULL, &b->models[i], &error), &error);
        fold_bench_check(sm_state_create(b->models[i], &options, &b->states[i], &error), &error);
        free(bytes);
        b->fold_count = i + 1;
    }
}

void fold_bench_free(fold_bench *b) {
    for (int i = 0; i < FOLD_BENCH_FOLDS; i++) {
        sm_state_free(b->states[i]);
        sm_model_free(b->models[i]);
    }
    sm_parallel_free(b->parallel);
    for (int i = 0; i < FOLD_BENCH_SETS; i++) sm_dataset_free(&b->datasets[i]);
}

const sm_record *fold_bench_pick(fold_bench *b, int fold) {
    for (;;) {
        const sm_dataset *set = &b->datasets[sm_random_below(&b->random, FOLD_BENCH_SETS)];
        const sm_record *record = &set->records[sm_random_below(&b->random, set->count)];
        const bool is_wanted = fold < 0 ? record->fold < b->fold_count : record->fold == fold;
        if (!record->exclude && !record->problem && is_wanted) return record;
    }
}

void fold_bench_score(const uint8_t *truth, const uint8_t *mask, int width, const sm_rectangle *part, bool like,
                      fold_scores *sum) {
    sm_pixel_counts counts = {0};
    for (int y = part->y; y < part->y + part->height; y++) {
        const size_t at = (size_t)y * (size_t)width + (size_t)part->x;
        const sm_pixel_counts row = sm_pixel_count(truth + at, mask + at, (size_t)part->width);
        sm_pixel_counts_add(&counts, &row);
    }
    sum->pictures++;
    sum->flagged += !like;
    if (counts.true_positive + counts.false_negative == 0) return;
    const double dice = sm_binary_scores_of(&counts).dice;
    sum->lesions++;
    sum->dice += dice;
    sum->outlined += dice >= 0.5;
    sum->missed += counts.true_positive == 0;
}

void fold_bench_print(const char *name, const fold_scores *s) {
    printf("%-24s %4d pictures, %4d with a lesion: Dice %.3f, outlined %.1f %%, missed %.1f %%; not like ultrasound "
           "%.1f %%\n",
           name, s->pictures, s->lesions, s->dice / s->lesions, 100.0 * s->outlined / s->lesions,
           100.0 * s->missed / s->lesions, 100.0 * s->flagged / s->pictures);
}
