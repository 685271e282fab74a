#include "surface_distance.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "distance_transform.h"

/* The bounding box of both masks, so that the distance transform leaves out the common background. */
typedef struct window {
    int left, top, width, height;
} window;

typedef struct mask_view {
    const uint8_t *mask;
    int width, height; /* of the image */
} mask_view;

static bool inside(const mask_view *view, int x, int y) {
    return x >= 0 && y >= 0 && x < view->width && y < view->height &&
           view->mask[(size_t)y * (size_t)view->width + (size_t)x] >= 128;
}

static window window_of(const uint8_t *reference, const uint8_t *predicted, int width, int height) {
    int left = width, right = -1, top = height, bottom = -1;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            size_t i = (size_t)y * (size_t)width + (size_t)x;
            if (((reference[i] | predicted[i]) & 128) == 0) continue;
            if (x < left) left = x;
            if (x > right) right = x;
            if (y < top) top = y;
            bottom = y;
        }
    if (right < 0) return (window){0};
    return (window){left, top, right - left + 1, bottom - top + 1};
}

/* Marks the outline of a mask in `edge`, [area->height][area->width]; returns its number of pixels. */
static int outline(const mask_view *view, const window *area, uint8_t *edge) {
    int count = 0;
    for (int y = 0; y < area->height; y++)
        for (int x = 0; x < area->width; x++) {
            int px = x + area->left, py = y + area->top;
            bool on = inside(view, px, py) && !(inside(view, px - 1, py) && inside(view, px + 1, py) &&
                                                inside(view, px, py - 1) && inside(view, px, py + 1));
            edge[(size_t)y * (size_t)area->width + (size_t)x] = on;
            count += on;
        }
    return count;
}

typedef struct scratch {
    uint8_t *edges[2];
    float *squared; /* squared distance to an outline, per pixel of the window */
    float *found;   /* squared distances from the pixels of one outline to the other */
    sm_distance_scratch distance;
} scratch;

static void scratch_free(scratch *work) {
    free(work->edges[0]);
    free(work->edges[1]);
    free(work->squared);
    free(work->found);
    sm_distance_scratch_free(&work->distance);
}

static bool scratch_make(scratch *work, size_t area, int longer_side) {
    *work = (scratch){.edges = {malloc(area), malloc(area)},
                      .squared = malloc(area * sizeof(float)),
                      .found = malloc(area * sizeof(float))};
    const bool made = sm_distance_scratch_make(&work->distance, longer_side);
    return made && work->edges[0] && work->edges[1] && work->squared && work->found;
}

static int by_value(const void *first, const void *second) {
    float a = *(const float *)first, b = *(const float *)second;
    return a < b ? -1 : a > b;
}

/* Distances from the pixels of edges[from] to the other outline: returns their 95th percentile (linear interpolation);
 * `within` receives how many are within the tolerance. */
static double directed(scratch *work, int from, const window *area, int *within) {
    size_t count = (size_t)area->width * (size_t)area->height, found = 0;
    for (size_t i = 0; i < count; i++) work->squared[i] = work->edges[1 - from][i] ? 0.0F : FLT_MAX;
    sm_distance_transform(work->squared, area->width, area->height, &work->distance);
    *within = 0;
    for (size_t i = 0; i < count; i++) {
        if (!work->edges[from][i]) continue;
        work->found[found++] = work->squared[i];
        if ((double)work->squared[i] <= SM_SURFACE_TOLERANCE * SM_SURFACE_TOLERANCE) (*within)++;
    }
    qsort(work->found, found, sizeof *work->found, by_value);
    double position = 0.95 * (double)(found - 1);
    size_t below = (size_t)position, above = below + 1 < found ? below + 1 : below;
    double low = sqrt((double)work->found[below]), high = sqrt((double)work->found[above]);
    return low + (position - (double)below) * (high - low);
}

sm_status sm_surface_distance(const uint8_t *reference, const uint8_t *predicted, int width, int height,
                              sm_surface_distances *distances, sm_error *error) {
    *distances = (sm_surface_distances){NAN, NAN};
    window area = window_of(reference, predicted, width, height);
    if (area.width == 0) return SM_OK;
    scratch work;
    const int longer_side = area.width > area.height ? area.width : area.height;
    if (!scratch_make(&work, (size_t)area.width * (size_t)area.height, longer_side)) {
        scratch_free(&work);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for surface distances of %d x %d pixels", area.width,
                       area.height);
    }
    int counts[2] = {outline(&(mask_view){reference, width, height}, &area, work.edges[0]),
                     outline(&(mask_view){predicted, width, height}, &area, work.edges[1])};
    if (counts[0] == 0 || counts[1] == 0) {
        distances->surface_dice = 0.0;
    } else {
        int within[2];
        double first = directed(&work, 0, &area, &within[0]), second = directed(&work, 1, &area, &within[1]);
        distances->hd95 = fmax(first, second);
        distances->surface_dice = (double)(within[0] + within[1]) / (double)(counts[0] + counts[1]);
    }
    scratch_free(&work);
    return SM_OK;
}
