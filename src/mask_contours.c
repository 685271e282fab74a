/** All outlines of a mask as polygons. */
#include <limits.h>
#include <stdlib.h>

#include "mask.h"
#include "mask_outline.h"
#include "status.h"

/** Growing arrays of points and contours. Functions return false without memory. */
static bool add_point(sm_contour *contour, int *capacity, int x, int y) {
    if (contour->point_count == *capacity) {
        if (*capacity > INT_MAX / 2) return false;
        const int larger = *capacity ? 2 * *capacity : 16;
        sm_point *moved = realloc(contour->points, (size_t)larger * sizeof *moved);
        if (!moved) return false;
        contour->points = moved;
        *capacity = larger;
    }
    contour->points[contour->point_count++] = (sm_point){(float)x, (float)y};
    return true;
}

static bool add_contour(sm_contours *contours, int *capacity, sm_contour contour) {
    if (contours->count == *capacity) {
        if (*capacity > INT_MAX / 2) return false;
        const int larger = *capacity ? 2 * *capacity : 8;
        sm_contour *moved = realloc(contours->items, (size_t)larger * sizeof *moved);
        if (!moved) return false;
        contours->items = moved;
        *capacity = larger;
    }
    contours->items[contours->count++] = contour;
    return true;
}

/** Follows the outline from `start`, a corner of it, and marks the upper edges of pixels on the way. */
static bool trace(const uint8_t *mask, int width, int height, sm_edge start, uint8_t *seen_upper, sm_contour *contour) {
    int capacity = 0;
    int64_t twice_area = 0; // shoelace; positive clockwise on the screen
    sm_edge edge = start;
    *contour = (sm_contour){0};
    if (!add_point(contour, &capacity, start.x, start.y)) return false;
    do {
        if (edge.heading == SM_EAST) seen_upper[(size_t)edge.y * (size_t)width + (size_t)edge.x] = 1;
        const sm_edge next = sm_edge_next(mask, width, height, edge);
        twice_area += (int64_t)edge.x * next.y - (int64_t)next.x * edge.y;
        if (next.heading != edge.heading && !sm_edge_equal(next, start) &&
            !add_point(contour, &capacity, next.x, next.y))
            return false;
        edge = next;
    } while (!sm_edge_equal(edge, start));
    contour->is_hole = twice_area < 0;
    return true;
}

sm_status sm_mask_contours(const uint8_t *mask, int width, int height, sm_contours *contours, sm_error *error) {
    if (!contours) return sm_fail(error, SM_ERROR_ARGUMENT, "no place for the contours: NULL");
    *contours = (sm_contours){0};
    if (!mask) return sm_fail(error, SM_ERROR_ARGUMENT, "no mask: NULL");
    if (width < 1 || height < 1 || width > INT_MAX / height)
        return sm_fail(error, SM_ERROR_ARGUMENT, "a mask of %d x %d pixels is not supported", width, height);
    int capacity = 0;
    uint8_t *seen_upper = calloc((size_t)width * (size_t)height, 1);
    bool enough_memory = seen_upper != NULL;
    for (int y = 0; y < height && enough_memory; y++) {
        for (int x = 0; x < width && enough_memory; x++) {
            // Every outline has an edge above some pixel. The first of them in reading order begins at a corner: a
            // collinear edge to its left would be earlier in that order.
            if (!sm_mask_has(mask, width, height, x, y) || sm_mask_has(mask, width, height, x, y - 1) ||
                seen_upper[(size_t)y * (size_t)width + (size_t)x])
                continue;
            sm_contour contour;
            enough_memory = trace(mask, width, height, (sm_edge){x, y, SM_EAST}, seen_upper, &contour) &&
                            add_contour(contours, &capacity, contour);
            if (!enough_memory) free(contour.points);
        }
    }
    free(seen_upper);
    if (enough_memory) return SM_OK;
    sm_contours_free(contours);
    return sm_fail(error, SM_ERROR_MEMORY, "no memory for the outlines of a mask of %d x %d pixels", width, height);
}

void sm_contours_free(sm_contours *contours) {
    if (!contours) return;
    for (int i = 0; i < contours->count; i++) free(contours->items[i].points);
    free(contours->items);
    *contours = (sm_contours){0};
}
