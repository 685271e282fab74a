#include "cover_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* Distances are in thirds of a pixel: an upright step counts 3, a diagonal one 4 (Borgefors, "Distance
     * transformations in digital images", 1986). */
    STRAIGHT = 3,
    DIAGONAL = 4,
    FAR = UINT16_MAX - DIAGONAL
};
/* Widths of margin and edge as shares of the longer side. */
static const float margin_share = 0.02f, fade_share = 0.04f;
static const float least_margin = 2.0f, least_fade = 3.0f; /* pixels */

bool sm_cover_parts_allocate(sm_cover_parts *parts, size_t pixels) {
    parts->spot = malloc(pixels);
    parts->distance = malloc(pixels * sizeof *parts->distance);
    parts->part = malloc(pixels);
    parts->stack = malloc(pixels * sizeof *parts->stack);
    return parts->spot && parts->distance && parts->part && parts->stack;
}

void sm_cover_parts_free(sm_cover_parts *parts) {
    free(parts->spot);
    free(parts->distance);
    free(parts->part);
    free(parts->stack);
}

static int largest(int a, int b) { return a > b ? a : b; }
static int smallest(int a, int b) { return a < b ? a : b; }

float sm_cover_margin(int width, int height) {
    return fmaxf(margin_share * (float)largest(width, height), least_margin);
}

float sm_cover_fade(int width, int height) { return fmaxf(fade_share * (float)largest(width, height), least_fade); }

static uint16_t nearer(uint16_t distance, uint16_t neighbour, int step) {
    const int through = neighbour + step;
    return through < distance ? (uint16_t)through : distance;
}

/** Fills parts->distance from parts->spot in two passes. */
static void measure_distances(sm_cover_parts *parts, int width, int height) {
    uint16_t *distance = parts->distance;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const ptrdiff_t i = (ptrdiff_t)y * width + x;
            uint16_t d = parts->spot[i] ? 0 : FAR;
            if (x > 0) d = nearer(d, distance[i - 1], STRAIGHT);
            if (y > 0) d = nearer(d, distance[i - width], STRAIGHT);
            if (y > 0 && x > 0) d = nearer(d, distance[i - width - 1], DIAGONAL);
            if (y > 0 && x + 1 < width) d = nearer(d, distance[i - width + 1], DIAGONAL);
            distance[i] = d;
        }
    for (int y = height - 1; y >= 0; y--)
        for (int x = width - 1; x >= 0; x--) {
            const ptrdiff_t i = (ptrdiff_t)y * width + x;
            uint16_t d = distance[i];
            if (x + 1 < width) d = nearer(d, distance[i + 1], STRAIGHT);
            if (y + 1 < height) d = nearer(d, distance[i + width], STRAIGHT);
            if (y + 1 < height && x + 1 < width) d = nearer(d, distance[i + width + 1], DIAGONAL);
            if (y + 1 < height && x > 0) d = nearer(d, distance[i + width - 1], DIAGONAL);
            distance[i] = d;
        }
}

/** Marks the connected pixels up to the distance `reach` from `start` with `number`, and returns their bounding box. */
static sm_frame fill_part(sm_cover_parts *parts, int width, int height, int32_t start, uint8_t number, int reach) {
    int left = width, top = height, right = 0, bottom = 0, waiting = 0;
    parts->stack[waiting++] = start;
    parts->part[start] = number;
    while (waiting > 0) {
        const int32_t i = parts->stack[--waiting];
        const int x = i % width, y = i / width;
        left = smallest(left, x), right = largest(right, x + 1);
        top = smallest(top, y), bottom = largest(bottom, y + 1);
        const int32_t neighbours[] = {x > 0 ? i - 1 : i, x + 1 < width ? i + 1 : i, y > 0 ? i - width : i,
                                      y + 1 < height ? i + width : i};
        for (int n = 0; n < 4; n++) {
            const int32_t next = neighbours[n];
            if (parts->part[next] || parts->distance[next] > reach) continue;
            parts->part[next] = number;
            parts->stack[waiting++] = next;
        }
    }
    return (sm_frame){.left = left, .top = top, .width = right - left, .height = bottom - top};
}

bool sm_cover_parts_find(sm_cover_parts *parts, int width, int height) {
    const int pixels = width * height;
    parts->width = width;
    parts->height = height;
    parts->margin = sm_cover_margin(width, height);
    parts->fade = sm_cover_fade(width, height);
    parts->count = 0;
    measure_distances(parts, width, height);
    memset(parts->part, 0, (size_t)pixels);
    const int reach = (int)((float)STRAIGHT * (parts->margin + parts->fade));
    for (int i = 0; i < pixels; i++) {
        if (!parts->spot[i] || parts->part[i]) continue;
        if (parts->count == SM_COVER_PARTS) return false;
        parts->boxes[parts->count] = fill_part(parts, width, height, i, (uint8_t)(parts->count + 1), reach);
        parts->count++;
    }
    return parts->count > 0;
}

void sm_cover_parts_weight(const sm_cover_parts *parts, int index, float *weight, uint8_t *core) {
    const sm_frame *box = &parts->boxes[index];
    const float margin = (float)STRAIGHT * parts->margin, fade = (float)STRAIGHT * parts->fade;
    for (int y = 0; y < box->height; y++)
        for (int x = 0; x < box->width; x++) {
            const ptrdiff_t to = (ptrdiff_t)y * box->width + x;
            const ptrdiff_t from = (ptrdiff_t)(box->top + y) * parts->width + box->left + x;
            const float rest = ((float)parts->distance[from] - margin) / fade;
            const float t = 1.0f - fminf(fmaxf(rest, 0.0f), 1.0f);
            weight[to] = parts->part[from] == index + 1 ? t * t * (3.0f - 2.0f * t) : 0.0f;
            core[to] = weight[to] >= 1.0f ? 255 : 0;
        }
}
