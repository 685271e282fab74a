#include "near_duplicates.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/letterbox.h"
#include "../../src/parallel.h"
#include "../../src/status.h"
#include "../progress.h"

enum {
    SIDE = SM_THUMBNAIL_SIDE,
    COARSE = SM_THUMBNAIL_COARSE,
    PIXELS = SIDE * SIDE,
    CELLS = COARSE * COARSE,
    CELL_SIDE = SIDE / COARSE,
    LANES = 8
};

const float sm_near_correlation = 0.93f;

/** A sum in LANES parts, which the compiler can vectorise. `count` is a multiple of LANES. */
static float dot(const float *a, const float *b, int count) {
    float parts[LANES] = {0}, sum = 0;
    for (int i = 0; i < count; i += LANES)
        for (int k = 0; k < LANES; k++) parts[k] += a[i + k] * b[i + k];
    for (int k = 0; k < LANES; k++) sum += parts[k];
    return sum;
}

sm_status sm_thumbnail_make(const uint8_t *grey, int width, int height, sm_thumbnail *thumbnail, sm_error *error) {
    uint8_t small[PIXELS];
    const sm_status status = sm_plane_resize(grey, width, height, small, SIDE, SIDE, error);
    if (status != SM_OK) return status;
    float mean = 0;
    for (int i = 0; i < PIXELS; i++) mean += (float)small[i] / PIXELS;
    for (int i = 0; i < PIXELS; i++) thumbnail->values[i] = (float)small[i] - mean;
    const float norm = sqrtf(dot(thumbnail->values, thumbnail->values, PIXELS));
    /* An image of one grey value correlates with nothing. */
    for (int i = 0; i < PIXELS; i++) thumbnail->values[i] = norm > 1 ? thumbnail->values[i] / norm : 0;
    memset(thumbnail->coarse, 0, sizeof thumbnail->coarse);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            thumbnail->coarse[y / CELL_SIDE * COARSE + x / CELL_SIDE] += thumbnail->values[y * SIDE + x] / CELL_SIDE;
    const float kept = dot(thumbnail->coarse, thumbnail->coarse, CELLS);
    thumbnail->rest = sqrtf(fmaxf(1 - kept, 0));
    return SM_OK;
}

typedef struct search {
    const sm_thumbnail *const *thumbnails;
    int count;
    struct row {
        sm_near_pair *pairs;
        int count;
        bool no_memory;
    } * rows; /* [count]: the pairs whose first image this is */
    atomic_int done;
    sm_progress progress;
} search;

static void search_row(void *context, int first, int worker) {
    search *s = context;
    struct row *row = &s->rows[first];
    const sm_thumbnail *a = s->thumbnails[first];
    for (int second = first + 1; a && second < s->count && !row->no_memory; second++) {
        const sm_thumbnail *b = s->thumbnails[second];
        /* By the Cauchy-Schwarz inequality the correlation is not larger than this, which is cheaper. */
        if (!b || dot(a->coarse, b->coarse, CELLS) + a->rest * b->rest < sm_near_correlation) continue;
        const float correlation = dot(a->values, b->values, PIXELS);
        if (correlation < sm_near_correlation) continue;
        sm_near_pair *pairs = realloc(row->pairs, ((size_t)row->count + 1) * sizeof *pairs);
        row->no_memory = !pairs;
        if (!pairs) break;
        row->pairs = pairs;
        row->pairs[row->count++] = (sm_near_pair){first, second, correlation};
    }
    const int done = atomic_fetch_add(&s->done, 1) + 1;
    if (worker == 0) sm_progress_show(&s->progress, done, NULL);
}

/** Joins the pairs of all rows. */
static sm_status join(const search *s, sm_near_pair **pairs, int *pair_count, sm_error *error) {
    size_t total = 0;
    for (int i = 0; i < s->count; i++) {
        if (s->rows[i].no_memory) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the near-duplicates");
        total += (size_t)s->rows[i].count;
    }
    *pairs = malloc((total + 1) * sizeof **pairs);
    if (!*pairs) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the near-duplicates");
    for (int i = 0; i < s->count; i++)
        for (int k = 0; k < s->rows[i].count; k++) (*pairs)[(*pair_count)++] = s->rows[i].pairs[k];
    return SM_OK;
}

sm_status sm_near_duplicates_find(const sm_thumbnail *const *thumbnails, int count, const sm_parallel *parallel,
                                  sm_near_pair **pairs, int *pair_count, sm_error *error) {
    *pairs = NULL;
    *pair_count = 0;
    search s = {.thumbnails = thumbnails, .count = count, .rows = calloc((size_t)count + 1, sizeof *s.rows)};
    if (!s.rows) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the near-duplicates");
    sm_progress_begin(&s.progress, "comparing images", count);
    sm_parallel_run(parallel, count, search_row, &s);
    sm_progress_end(&s.progress);
    const sm_status status = join(&s, pairs, pair_count, error);
    for (int i = 0; i < count; i++) free(s.rows[i].pairs);
    free(s.rows);
    return status;
}
