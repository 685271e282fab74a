#include "outline_reach.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "distance_transform.h"

/* Pixels from `left` to `right` - 1 and `top` to `bottom` - 1. */
typedef struct window {
    int left, top, right, bottom;
} window;

typedef struct maps {
    const int32_t *labels, *reference;
    int32_t label;
    const bool *touched;
    int width;
} maps;

static bool in_outline(const maps *m, size_t i) { return m->labels[i] == m->label; }
static bool in_lesion(const maps *m, size_t i) { return m->reference[i] > 0 && m->touched[m->reference[i]]; }

static window window_of(const maps *m, int height) {
    window area = {m->width, height, 0, 0};
    for (int y = 0; y < height; y++)
        for (int x = 0; x < m->width; x++) {
            const size_t i = (size_t)y * (size_t)m->width + (size_t)x;
            if (!in_outline(m, i) && !in_lesion(m, i)) continue;
            if (x < area.left) area.left = x;
            if (x >= area.right) area.right = x + 1;
            if (y < area.top) area.top = y;
            area.bottom = y + 1;
        }
    return area;
}

sm_status sm_outline_reach(const int32_t *labels, int32_t label, const int32_t *reference, const bool *touched,
                           int width, int height, double *reach, sm_error *error) {
    const maps m = {labels, reference, label, touched, width};
    const window area = window_of(&m, height);
    const int across = area.right - area.left;
    const int down = area.bottom - area.top;
    *reach = 0;
    if (across < 1 || down < 1) return SM_OK;
    float *squared = malloc((size_t)across * (size_t)down * sizeof *squared);
    sm_distance_scratch scratch;
    if (!sm_distance_scratch_make(&scratch, across > down ? across : down) || !squared) {
        free(squared);
        sm_distance_scratch_free(&scratch);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for distances of %d x %d pixels", across, down);
    }
    for (int y = 0; y < down; y++)
        for (int x = 0; x < across; x++) {
            const size_t i = (size_t)(y + area.top) * (size_t)width + (size_t)(x + area.left);
            squared[(size_t)y * (size_t)across + (size_t)x] = in_outline(&m, i) ? 0.0f : FLT_MAX;
        }
    sm_distance_transform(squared, across, down, &scratch);
    float largest = 0;
    for (int y = 0; y < down; y++)
        for (int x = 0; x < across; x++) {
            const size_t i = (size_t)(y + area.top) * (size_t)width + (size_t)(x + area.left);
            const float value = squared[(size_t)y * (size_t)across + (size_t)x];
            if (in_lesion(&m, i) && value > largest) largest = value;
        }
    *reach = sqrt((double)largest);
    free(squared);
    sm_distance_scratch_free(&scratch);
    return SM_OK;
}
