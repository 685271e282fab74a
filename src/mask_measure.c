#include "mask_measure.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "mask_label.h"
#include "mask_outline.h"

static const double pi = 3.14159265358979323846;

/** A point of the outline in half pixels: the midpoint of an edge between pixels. Pixel corners are outside the shape
 * that was sampled and would lengthen every axis by about a pixel. */
typedef struct point {
    int x, y;
} point;

/** Sums over the pixels of a lesion. */
typedef struct sums {
    double x, y, probability;
    size_t first_row; /* of its rows in the array of extents */
} sums;

/** Left side of a lesion's first pixel and right side of its last one in a row. */
typedef struct extent {
    int left, right;
} extent;

/** Twice the signed area of the triangle: positive when a, b, c turn clockwise on the screen. */
static int64_t turn(point a, point b, point c) {
    return ((int64_t)b.x - a.x) * ((int64_t)c.y - a.y) - ((int64_t)b.y - a.y) * ((int64_t)c.x - a.x);
}

/** Adds a point to one side of the hull and drops earlier ones that are now inside (`sign` is that of the side). */
static int add_to_chain(point *chain, int count, point added, int sign) {
    while (count >= 2 && sign * turn(chain[count - 2], chain[count - 1], added) >= 0) count--;
    chain[count] = added;
    return count + 1;
}

static int smaller(int a, int b) { return a < b ? a : b; }
static int larger(int a, int b) { return a > b ? a : b; }

/** Convex hull of the outline from the extents of the rows (A. M. Andrew's monotone chains, 1979): the right chain
 * downwards, then the left one. `hull` has room for 4 * height + 2 points. Returns their number. */
static int convex_hull(const extent *rows, int top, int height, point *hull) {
    int right = 0, left = 0;
    for (int i = 0; i <= height; i++) {
        // Between two rows, the part of the longer one beyond the other has an upper or lower edge on the hull.
        const int reach = larger(rows[smaller(i, height - 1)].right, rows[larger(i - 1, 0)].right);
        right = add_to_chain(hull, right, (point){2 * reach - 1, 2 * (top + i)}, -1);
        if (i < height) right = add_to_chain(hull, right, (point){2 * rows[i].right, 2 * (top + i) + 1}, -1);
    }
    point *left_chain = hull + right;
    for (int i = 0; i <= height; i++) {
        const int reach = smaller(rows[smaller(i, height - 1)].left, rows[larger(i - 1, 0)].left);
        left = add_to_chain(left_chain, left, (point){2 * reach + 1, 2 * (top + i)}, 1);
        if (i < height) left = add_to_chain(left_chain, left, (point){2 * rows[i].left, 2 * (top + i) + 1}, 1);
    }
    return right + left;
}

/** The extent of the hull at right angles to the line between two of its points, times their distance. */
static int64_t extent_across(const point *hull, int count, point from, point to) {
    const int64_t dx = (int64_t)to.x - from.x, dy = (int64_t)to.y - from.y;
    int64_t low = 0, high = 0;
    for (int i = 0; i < count; i++) {
        const int64_t across = ((int64_t)hull[i].y - from.y) * dx - ((int64_t)hull[i].x - from.x) * dy;
        low = across < low ? across : low;
        high = across > high ? across : high;
    }
    return high - low;
}

/**
 * The two hull points farthest apart, the left one first. Of several such pairs it is the one with the largest extent
 * across, so that the measures do not depend on where the hull starts.
 */
static void find_long_axis(const point *hull, int count, point ends[2]) {
    int64_t longest = -1, widest = -1;
    for (int i = 0; i < count; i++) {
        for (int j = i + 1; j < count; j++) {
            const int64_t dx = (int64_t)hull[j].x - hull[i].x, dy = (int64_t)hull[j].y - hull[i].y;
            const int64_t distance = dx * dx + dy * dy;
            if (distance < longest) continue;
            const int64_t across = extent_across(hull, count, hull[i], hull[j]);
            if (distance == longest && across <= widest) continue;
            longest = distance;
            widest = across;
            ends[0] = hull[i];
            ends[1] = hull[j];
        }
    }
    if (ends[0].x > ends[1].x || (ends[0].x == ends[1].x && ends[0].y > ends[1].y)) {
        const point swapped = ends[0];
        ends[0] = ends[1];
        ends[1] = swapped;
    }
}

static void measure_axes(const point *hull, int count, sm_lesion *lesion) {
    point ends[2] = {{0, 0}, {0, 0}};
    find_long_axis(hull, count, ends);
    const double x0 = 0.5 * ends[0].x, y0 = 0.5 * ends[0].y, x1 = 0.5 * ends[1].x, y1 = 0.5 * ends[1].y;
    const double length = sqrt((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0));
    const double along_x = (x1 - x0) / length, along_y = (y1 - y0) / length;
    // Extremes at right angles to the long axis, as (along, across) coordinates from its first end.
    double low = 0.0, high = 0.0, low_along = 0.0, high_along = 0.0;
    for (int i = 0; i < count; i++) {
        const double x = 0.5 * hull[i].x - x0, y = 0.5 * hull[i].y - y0;
        const double along = x * along_x + y * along_y, across = y * along_x - x * along_y;
        if (across < low) {
            low = across;
            low_along = along;
        }
        if (across > high) {
            high = across;
            high_along = along;
        }
    }
    // Drawn at right angles to the long axis, half-way along between the two points that bound it.
    const double along = 0.5 * (low_along + high_along);
    const double foot_x = x0 + along * along_x, foot_y = y0 + along * along_y;
    lesion->long_axis = (float)length;
    lesion->long_axis_ends[0] = (sm_point){(float)x0, (float)y0};
    lesion->long_axis_ends[1] = (sm_point){(float)x1, (float)y1};
    lesion->short_axis = (float)(high - low);
    lesion->short_axis_ends[0] = (sm_point){(float)(foot_x - low * along_y), (float)(foot_y + low * along_x)};
    lesion->short_axis_ends[1] = (sm_point){(float)(foot_x - high * along_y), (float)(foot_y + high * along_x)};
    lesion->orientation = (float)atan2(y1 - y0, x1 - x0); // x1 >= x0
}

/** Sums over the pixels and the extents of every lesion's rows, in one pass for all lesions. */
static void gather(const uint8_t *mask, const int32_t *labels, int width, int height, const float *probability,
                   const sm_lesion *lesions, sums *totals, extent *rows) {
    for (int y = 0; y < height; y++) {
        const size_t start = (size_t)y * (size_t)width;
        int left, right;
        if (!sm_mask_row_extent(mask + start, width, &left, &right)) continue;
        for (int x = left; x < right; x++) {
            const int32_t label = labels[start + (size_t)x];
            if (!label) continue;
            sums *total = &totals[label - 1];
            total->x += x + 0.5;
            total->y += y + 0.5;
            if (probability) total->probability += (double)probability[start + (size_t)x];
            extent *row = &rows[total->first_row + (size_t)(y - lesions[label - 1].top)];
            if (row->right == 0) row->left = x; // the first pixel of the row: a right side is at least 1
            row->right = x + 1;
        }
    }
}

static void measure_one(const uint8_t *mask, int width, int height, const sums *total, const extent *rows, point *hull,
                        bool has_probability, sm_lesion *lesion) {
    const double area = lesion->area;
    lesion->centroid = (sm_point){(float)(total->x / area), (float)(total->y / area)};
    lesion->mean_probability = has_probability ? (float)(total->probability / area) : 0.0f;
    measure_axes(hull, convex_hull(rows, lesion->top, lesion->height, hull), lesion);
    // The first pixel of the top row: its upper edge is on the outer outline.
    const sm_edge start = {rows[0].left, lesion->top, SM_EAST};
    const double perimeter = sm_outline_length(mask, width, height, start);
    const double circularity = 4.0 * pi * area / (perimeter * perimeter);
    lesion->perimeter = (float)perimeter;
    lesion->circularity = circularity > 1.0 ? 1.0f : (float)circularity;
}

sm_status sm_mask_measure(const uint8_t *mask, int width, int height, const int32_t *labels, const float *probability,
                          sm_lesion *lesions, int count, sm_error *error) {
    if (count == 0) return SM_OK;
    size_t row_count = 0;
    int highest = 0;
    sums *totals = calloc((size_t)count, sizeof *totals);
    if (totals) {
        for (int i = 0; i < count; i++) {
            totals[i].first_row = row_count;
            row_count += (size_t)lesions[i].height;
            if (lesions[i].height > highest) highest = lesions[i].height;
        }
    }
    extent *rows = calloc(row_count ? row_count : 1, sizeof *rows);
    point *hull = malloc((4 * (size_t)highest + 2) * sizeof *hull);
    const bool enough_memory = totals && rows && hull;
    if (enough_memory) {
        gather(mask, labels, width, height, probability, lesions, totals, rows);
        for (int i = 0; i < count; i++)
            measure_one(mask, width, height, &totals[i], rows + totals[i].first_row, hull, probability != NULL,
                        &lesions[i]);
    }
    free(totals);
    free(rows);
    free(hull);
    if (enough_memory) return SM_OK;
    return sm_fail(error, SM_ERROR_MEMORY, "no memory to measure %d lesions", count);
}
