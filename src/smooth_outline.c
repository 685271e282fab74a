#include "smooth_outline.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mask_outline.h"

static const double smoothing = 0.01; /* share of the perimeter */

static double length_of(double x, double y) { return sqrt(x * x + y * y); }

/** Copies the bounding box of the lesion. Other lesions that reach into it are still there. */
static uint8_t *cut(const uint8_t *mask, int width, const sm_lesion *lesion) {
    const size_t row = (size_t)lesion->width;
    uint8_t *part = malloc(row * (size_t)lesion->height);
    for (int y = 0; part && y < lesion->height; y++)
        memcpy(part + (size_t)y * row, mask + (size_t)(lesion->top + y) * (size_t)width + (size_t)lesion->left, row);
    return part;
}

/** The middle of an edge. */
static sm_xy middle(sm_edge edge) {
    static const double half_x[4] = {0.5, 0, -0.5, 0}, half_y[4] = {0, 0.5, 0, -0.5};
    return (sm_xy){edge.x + half_x[edge.heading], edge.y + half_y[edge.heading]};
}

/** Number of edges of the closed walk from `start`, which reaches every side of a mask that it fills; else 0. */
static size_t walk_length(const uint8_t *part, int width, int height, sm_edge start) {
    size_t length = 0;
    int left = width, right = 0, bottom = 0;
    sm_edge edge = start;
    do {
        left = edge.x < left ? edge.x : left;
        right = edge.x > right ? edge.x : right;
        bottom = edge.y > bottom ? edge.y : bottom;
        edge = sm_edge_next(part, width, height, edge);
        length++;
    } while (!sm_edge_equal(edge, start));
    return left == 0 && right == width && bottom == height ? length : 0;
}

/** The upper edge of a pixel in the first row of the component that fills the box. `*length`: edges of its outline; 0
 * when there is no such component. */
static sm_edge find_start(const uint8_t *part, int width, int height, size_t *length) {
    *length = 0;
    for (int x = 0; x < width && *length == 0; x++) {
        if (!part[x] || (x > 0 && part[x - 1])) continue;
        const sm_edge start = {x, 0, SM_EAST};
        *length = walk_length(part, width, height, start);
        if (*length > 0) return start;
    }
    return (sm_edge){0, 0, SM_EAST};
}

/** Points equally far apart along the closed chain of `count` points. */
static void resample(const sm_xy *chain, size_t count, sm_xy *points) {
    double length = 0;
    for (size_t i = 0; i < count; i++)
        length += length_of(chain[(i + 1) % count].x - chain[i].x, chain[(i + 1) % count].y - chain[i].y);
    const double step = length / SM_OUTLINE_POINTS;
    double reached = 0;
    size_t i = 0;
    for (int k = 0; k < SM_OUTLINE_POINTS; k++) {
        double side = 0;
        for (;; i++) {
            side =
                length_of(chain[(i + 1) % count].x - chain[i % count].x, chain[(i + 1) % count].y - chain[i % count].y);
            if (reached + side >= k * step || i + 1 >= 2 * count) break;
            reached += side;
        }
        const sm_xy from = chain[i % count], to = chain[(i + 1) % count];
        const double share = side > 0 ? (k * step - reached) / side : 0;
        points[k] = (sm_xy){from.x + share * (to.x - from.x), from.y + share * (to.y - from.y)};
    }
}

/** A Gaussian with a standard deviation of `samples` points, as that many binomial filters (1 2 1) / 4. */
static void blur(sm_xy *points, double samples) {
    const int passes = (int)(2 * samples * samples + 0.5);
    for (int pass = 0; pass < passes; pass++) {
        const sm_xy first = points[0];
        sm_xy before = points[SM_OUTLINE_POINTS - 1];
        for (int i = 0; i < SM_OUTLINE_POINTS; i++) {
            const sm_xy here = points[i], after = i + 1 < SM_OUTLINE_POINTS ? points[i + 1] : first;
            points[i] = (sm_xy){0.25 * (before.x + 2 * here.x + after.x), 0.25 * (before.y + 2 * here.y + after.y)};
            before = here;
        }
    }
}

/** Area, perimeter, centroid and ellipse of the polygon, by Green's theorem. */
static void measure(sm_smooth_outline *o) {
    double area = 0, mx = 0, my = 0, xx = 0, yy = 0, xy = 0, perimeter = 0;
    const sm_xy origin = o->points[0]; /* so that large coordinates cost no precision */
    for (int i = 0; i < SM_OUTLINE_POINTS; i++) {
        const sm_xy *p = &o->points[i], *q = &o->points[(i + 1) % SM_OUTLINE_POINTS];
        const double x0 = p->x - origin.x, y0 = p->y - origin.y, x1 = q->x - origin.x, y1 = q->y - origin.y;
        const double cross = x0 * y1 - x1 * y0;
        area += cross / 2;
        mx += (x0 + x1) * cross / 6;
        my += (y0 + y1) * cross / 6;
        xx += (x0 * x0 + x0 * x1 + x1 * x1) * cross / 12;
        yy += (y0 * y0 + y0 * y1 + y1 * y1) * cross / 12;
        xy += (x0 * y1 + 2 * x0 * y0 + 2 * x1 * y1 + x1 * y0) * cross / 24;
        perimeter += length_of(x1 - x0, y1 - y0);
    }
    o->perimeter = perimeter;
    o->area = area > 0.25 ? area : 0.25; /* a lesion one pixel wide may vanish when it is smoothed */
    if (area < o->area) {
        o->centroid = origin;
        o->major = o->minor = 0.5;
        o->axis = (sm_xy){1, 0};
        return;
    }
    const double cx = mx / area, cy = my / area;
    o->centroid = (sm_xy){origin.x + cx, origin.y + cy};
    xx = xx / area - cx * cx;
    yy = yy / area - cy * cy;
    xy = xy / area - cx * cy;
    const double half = (xx + yy) / 2, apart = length_of((xx - yy) / 2, xy);
    const double largest = half + apart, smallest = half - apart;
    o->major = 2 * sqrt(largest);
    o->minor = 2 * sqrt(smallest > 0.01 ? smallest : 0.01);
    const double ax = fabs(xx - yy) + apart > 1e-9 ? (xx >= yy ? largest - yy : xy) : 1;
    const double ay = fabs(xx - yy) + apart > 1e-9 ? (xx >= yy ? xy : largest - xx) : 0;
    const double length = length_of(ax, ay);
    o->axis = length > 0 ? (sm_xy){ax / length, ay / length} : (sm_xy){1, 0};
}

void sm_smooth_outline_blur(sm_smooth_outline *outline, double share) {
    blur(outline->points, share * SM_OUTLINE_POINTS);
    measure(outline);
}

sm_status sm_smooth_outline_make(const uint8_t *mask, int width, int height, const sm_lesion *lesion,
                                 sm_smooth_outline *outline, sm_error *error) {
    if (lesion->left < 0 || lesion->top < 0 || lesion->width < 1 || lesion->height < 1 ||
        lesion->width > width - lesion->left || lesion->height > height - lesion->top)
        return sm_fail(error, SM_ERROR_ARGUMENT, "the lesion is not in the mask");
    uint8_t *part = cut(mask, width, lesion);
    if (!part) return sm_fail(error, SM_ERROR_MEMORY, "no memory for an outline");
    size_t length = 0;
    sm_edge edge = find_start(part, lesion->width, lesion->height, &length);
    sm_xy *chain = length > 0 ? malloc(length * sizeof *chain) : NULL;
    for (size_t i = 0; chain && i < length; i++) {
        chain[i] = middle(edge);
        chain[i].x += lesion->left;
        chain[i].y += lesion->top;
        edge = sm_edge_next(part, lesion->width, lesion->height, edge);
    }
    free(part);
    if (length == 0) return sm_fail(error, SM_ERROR_ARGUMENT, "the mask has no outline in the box of the lesion");
    if (!chain) return sm_fail(error, SM_ERROR_MEMORY, "no memory for an outline");
    resample(chain, length, outline->points);
    free(chain);
    const double pixel = (double)SM_OUTLINE_POINTS / (double)length, share = smoothing * SM_OUTLINE_POINTS;
    blur(outline->points, pixel > share ? pixel : share);
    measure(outline);
    return SM_OK;
}
