#include "scan_shape.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/** Twice the area of the triangle of three points (row, column); positive when `c` lies on the side of larger columns.
 */
static int turn(const int16_t a[2], const int16_t b[2], const int16_t c[2]) {
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

/**
 * The ends of the rows of the convex hull on one side, `side` 0 or 1 (monotone chain, A. M. Andrew,
 * "Another efficient algorithm for convex hulls in two dimensions", 1979).
 */
static void hull_of_side(const sm_scan_view *view, int side, int16_t ends[SM_SCAN_CELLS]) {
    int16_t hull[SM_SCAN_CELLS][2];
    int points = 0;
    for (int row = 0; row < view->row_count; row++) {
        if (view->spans[row][0] >= view->spans[row][1]) continue; /* no cells: the hull decides */
        const int16_t point[2] = {(int16_t)row, view->spans[row][side]};
        while (points >= 2) {
            const int direction = turn(hull[points - 2], hull[points - 1], point);
            if (side == 0 ? direction > 0 : direction < 0) break;
            points--;
        }
        memcpy(hull[points++], point, sizeof point);
    }
    for (int i = 0; i + 1 < points; i++) {
        const int rows = hull[i + 1][0] - hull[i][0], columns = hull[i + 1][1] - hull[i][1];
        for (int k = 0; k < rows; k++) {
            /* Rounded outwards. */
            const int along = columns * k,
                      away = side == 0 ? along - (along < 0 ? rows - 1 : 0) : along + (along > 0 ? rows - 1 : 0);
            ends[hull[i][0] + k] = (int16_t)(hull[i][1] + away / rows);
        }
    }
    if (points > 0) ends[hull[points - 1][0]] = hull[points - 1][1];
}

/** The cells of row `y` with the label, from column `first` to before `end`: span[0] >= span[1] when there are none. */
static void span_of_row(const sm_scan_cells *cells, const int32_t *labels, int32_t label, int y, int first, int end,
                        int16_t span[2]) {
    const int32_t *line = labels + (ptrdiff_t)y * cells->columns;
    while (first < end && line[first] != label) first++;
    while (end > first && line[end - 1] != label) end--;
    span[0] = (int16_t)first;
    span[1] = (int16_t)end;
}

static int at_most(int value, int limit) { return value < limit ? value : limit; }

void sm_scan_shape_set(const sm_scan_cells *cells, const int32_t *labels, int32_t label, sm_scan_view *view) {
    const int size = cells->size, first = view->left / size, top = view->top / size;
    const int end = at_most((view->left + view->width + size - 1) / size, cells->columns);
    const int bottom = at_most((view->top + view->height + size - 1) / size, cells->rows);
    view->first_row = top;
    view->row_count = 0;
    for (int y = top; y < bottom; y++) {
        int16_t *span = view->spans[view->row_count];
        span_of_row(cells, labels, label, y, first, end, span);
        const bool empty = span[0] >= span[1];
        if (empty && view->row_count == 0)
            view->first_row = y + 1;
        else
            view->row_count++;
    }
    while (view->row_count > 0 && view->spans[view->row_count - 1][0] >= view->spans[view->row_count - 1][1])
        view->row_count--;
    if (view->row_count == 0) { /* thinner than a cell: all of the rectangle */
        view->row_count = 1;
        view->spans[0][0] = (int16_t)first;
        view->spans[0][1] = (int16_t)end;
    }
    int16_t left[SM_SCAN_CELLS] = {0}, right[SM_SCAN_CELLS] = {0};
    hull_of_side(view, 0, left);
    hull_of_side(view, 1, right);
    for (int row = 0; row < view->row_count; row++) {
        view->spans[row][0] = (int16_t)(left[row] - 1);
        view->spans[row][1] = (int16_t)(right[row] + 1);
    }
}

/** The columns of a view's row `y` (counted in the view) that are in its shape: from `*first` to before `*end`. */
static void row_of_shape(const sm_scan *scan, const sm_scan_view *view, int y, int *first, int *end) {
    int row = (view->top + y) / scan->cell_size - view->first_row;
    if (row < 0) row = 0;
    if (row >= view->row_count) row = view->row_count - 1;
    *first = view->spans[row][0] * scan->cell_size - view->left;
    *end = view->spans[row][1] * scan->cell_size - view->left;
    if (*first < 0) *first = 0;
    if (*end > view->width) *end = view->width;
}

void sm_scan_crop(const sm_scan *scan, const sm_scan_view *view, const sm_image *image, uint8_t *pixels) {
    const size_t channels = (size_t)image->channels, stride = (size_t)image->width * channels;
    for (int y = 0; y < view->height; y++) {
        int first, end;
        row_of_shape(scan, view, y, &first, &end);
        uint8_t *row = pixels + (size_t)y * (size_t)view->width * channels;
        memset(row, 0, (size_t)view->width * channels);
        if (end > first)
            memcpy(row + (size_t)first * channels,
                   image->pixels + (size_t)(view->top + y) * stride + (size_t)(view->left + first) * channels,
                   (size_t)(end - first) * channels);
    }
}

void sm_scan_clip(const sm_scan *scan, const sm_scan_view *view, float *map) {
    for (int y = 0; y < view->height; y++) {
        int first, end;
        row_of_shape(scan, view, y, &first, &end);
        float *row = map + (size_t)y * (size_t)view->width;
        for (int x = 0; x < view->width; x++)
            if (x < first || x >= end) row[x] = 0;
    }
}

/** The distance from an edge, inside, of the mirror image of a pixel at a distance beyond it; both are 0 at the edge. A
 * shape narrower than the distance is mirrored again. */
static int mirrored(int beyond, int inside) {
    const int along = beyond % (2 * inside);
    return along < inside ? along : 2 * inside - 1 - along;
}

/* A shape is grown by a cell and rounded outwards, so that its outermost pixels may be the screen's. */
enum { FRINGE_CELLS = 4, FRINGE_SPREAD = 12, BLURRED = 2, ROUNDED_CELLS = 2 };

/** Moves the edge `at` of a row, which lies inside the row, past the screen's pixels at it: up to `limit` pixels of one
 * colour, and those that a compression mixes with it. */
static int past_fringe(const uint8_t *row, int at, int inwards, int limit) {
    const int surface = row[at];
    int k = 0;
    while (k < limit && abs(row[at + inwards * k] - surface) <= FRINGE_SPREAD) k++;
    return k + BLURRED < limit ? k + BLURRED : 0;
}

static uint8_t faded(int value, int mean, float contrast) {
    return (uint8_t)((float)mean + contrast * (float)(value - mean) + 0.5f);
}

/** The columns of a row, as row_of_shape, without the screen's pixels at its edges. Returns false for a row that is not
 * cut by a sector: empty, or with the corner of a rectangle that the opening of the cells has rounded. */
static bool row_of_sector(const sm_scan *scan, const sm_scan_view *view, const uint8_t *row, int y, int *first,
                          int *end) {
    row_of_shape(scan, view, y, first, end);
    const int inside = *end - *first;
    if (inside <= 0 || view->width - inside <= ROUNDED_CELLS * scan->cell_size) return false;
    const int limit = at_most(FRINGE_CELLS * scan->cell_size, inside / 2);
    const int left = *first > 0 ? past_fringe(row, *first, 1, limit) : 0;
    const int right = *end < view->width ? past_fringe(row, *end - 1, -1, limit) : 0;
    if (left + right < inside) {
        *first += left;
        *end -= right;
    }
    return true;
}

void sm_scan_narrow(const sm_scan *scan, sm_scan_view *view, const uint8_t *grey) {
    const int size = scan->cell_size;
    int y = 0;
    for (int row = 0; row < view->row_count; row++) {
        int left = view->width, right = 0;
        bool cut = true;
        const int bottom = at_most((view->first_row + row + 1) * size - view->top, view->height);
        for (; y < bottom; y++) {
            int first, end;
            cut = row_of_sector(scan, view, grey + (size_t)y * (size_t)view->width, y, &first, &end) && cut;
            if (first < left) left = first;
            if (end > right) right = end;
        }
        if (!cut || left >= right) continue;
        if (left > 0) view->spans[row][0] = (int16_t)((view->left + left) / size);
        if (right < view->width) view->spans[row][1] = (int16_t)((view->left + right + size - 1) / size);
    }
}

void sm_scan_mirror(const sm_scan *scan, const sm_scan_view *view, float contrast, uint8_t *grey) {
    for (int y = 0; y < view->height; y++) {
        int first, end;
        uint8_t *row = grey + (size_t)y * (size_t)view->width;
        if (!row_of_sector(scan, view, row, y, &first, &end)) continue;
        int sum = 0;
        for (int x = first; x < end; x++) sum += row[x];
        const int mean = sum / (end - first);
        for (int x = 0; x < first; x++)
            row[x] = faded(row[first + mirrored(first - 1 - x, end - first)], mean, contrast);
        for (int x = end; x < view->width; x++)
            row[x] = faded(row[end - 1 - mirrored(x - end, end - first)], mean, contrast);
    }
}
