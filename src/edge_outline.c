#include "edge_outline.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
    RAYS = SM_OUTLINE_POINTS / 2, /* across the outline */
    OFFSETS = 33,                 /* places of the edge on a ray */
    MIDDLE = (OFFSETS - 1) / 2,   /* the outline itself */
    SIDE = 6,                     /* samples that are averaged on either side of the edge */
    SAMPLES = OFFSETS + 2 * SIDE,
    STEEPEST = 2, /* offsets between the edges on neighbouring rays, at most */
    TANGENT = 3,  /* points on either side that give the direction of the outline */
    SECTORS = 16, /* of the rim */
    RIM = 5,      /* samples: thickness of the rim */
    AROUND = 10,  /* samples from the edge to the tissue around the rim */
    RIM_SAMPLES = AROUND + 8
};
static const double reach = 0.3;           /* radii on either side */
static const double stiffness = 0.005f;    /* contrast that an offset between neighbours is worth */
static const double base_smoothing = 0.03; /* share of the perimeter: the rays of neighbours hardly cross */
static const double edge_smoothing = 0.008;
static const float darkness = 10; /* grey levels added to both sides, so that noise in the black is no contrast */

typedef struct ray {
    sm_xy at, outwards;
} ray;

typedef struct work {
    ray rays[RAYS];
    float grey[RAYS][SAMPLES];
    float contrast[RAYS][OFFSETS];
    float cost[RAYS][OFFSETS]; /* of the best path to here */
    int16_t from[RAYS][OFFSETS];
    int path[RAYS];
} work;

static void make_rays(const sm_smooth_outline *base, ray *rays) {
    for (int i = 0; i < RAYS; i++) {
        const int k = i * (SM_OUTLINE_POINTS / RAYS);
        const sm_xy before = base->points[(k + SM_OUTLINE_POINTS - TANGENT) % SM_OUTLINE_POINTS];
        const sm_xy after = base->points[(k + TANGENT) % SM_OUTLINE_POINTS];
        const double x = after.x - before.x, y = after.y - before.y, length = sqrt(x * x + y * y) + 1e-9;
        rays[i] = (ray){base->points[k], {y / length, -x / length}};
    }
}

static sm_xy on_ray(const ray *r, double distance) {
    return (sm_xy){r->at.x + distance * r->outwards.x, r->at.y + distance * r->outwards.y};
}

/** Samples all rays, and weighs each with its neighbours against speckle. */
static void measure_contrast(const sm_grey_plane *grey, double step, work *w) {
    for (int i = 0; i < RAYS; i++)
        for (int j = 0; j < SAMPLES; j++) {
            const sm_xy p = on_ray(&w->rays[i], (j - SIDE - MIDDLE) * step);
            w->grey[i][j] = sm_grey_plane_at(grey, p.x, p.y);
        }
    for (int i = 0; i < RAYS; i++) {
        const float *before = w->grey[(i + RAYS - 1) % RAYS], *here = w->grey[i], *after = w->grey[(i + 1) % RAYS];
        float sums[SAMPLES + 1] = {0};
        for (int j = 0; j < SAMPLES; j++) sums[j + 1] = sums[j] + 0.25f * before[j] + 0.5f * here[j] + 0.25f * after[j];
        for (int j = 0; j < OFFSETS; j++) {
            const float inside = sums[j + SIDE] - sums[j];
            const float outside = sums[j + 2 * SIDE + 1] - sums[j + SIDE + 1];
            w->contrast[i][j] = (outside - inside) / (outside + inside + SIDE * darkness);
        }
    }
}

/** The best path from ray `first` once around; with `closed`, it starts and ends at about the offset `start`. */
static void find_path(work *w, int first, bool closed, int start) {
    for (int j = 0; j < OFFSETS; j++) w->cost[0][j] = closed && j != start ? 1e6f : -w->contrast[first][j];
    for (int i = 1; i < RAYS; i++)
        for (int j = 0; j < OFFSETS; j++) {
            float best = 1e9f;
            for (int s = -STEEPEST; s <= STEEPEST; s++) {
                if (j + s < 0 || j + s >= OFFSETS) continue;
                const float cost = w->cost[i - 1][j + s] + (float)(stiffness * s * s);
                if (cost >= best) continue;
                best = cost;
                w->from[i][j] = (int16_t)(j + s);
            }
            w->cost[i][j] = best - w->contrast[(first + i) % RAYS][j];
        }
    int end = closed ? start : 0;
    for (int j = 0; j < OFFSETS; j++) {
        if (closed && abs(j - start) > STEEPEST) continue;
        if (w->cost[RAYS - 1][j] < w->cost[RAYS - 1][end]) end = j;
    }
    for (int i = RAYS - 1; i >= 0; i--) {
        w->path[(first + i) % RAYS] = end;
        if (i > 0) end = w->from[i][end];
    }
}

static int compare(const void *a, const void *b) {
    const double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

static double rim_ratio(const sm_grey_plane *grey, double step, const work *w) {
    enum { PER_SECTOR = RAYS / SECTORS };
    double ratios[SECTORS];
    int count = 0;
    for (int s = 0; s < SECTORS; s++) {
        double rim = 0, around = 0, down = 0;
        for (int i = s * PER_SECTOR; i < (s + 1) * PER_SECTOR; i++) {
            down += w->rays[i].outwards.y / PER_SECTOR;
            for (int j = 1; j <= RIM_SAMPLES; j++) {
                const sm_xy p = on_ray(&w->rays[i], (w->path[i] - MIDDLE + j) * step);
                const double value = (double)sm_grey_plane_at(grey, p.x, p.y);
                if (j <= RIM) rim += value / RIM;
                if (j > AROUND) around += value / (RIM_SAMPLES - AROUND);
            }
        }
        if (down < 0.5) ratios[count++] = (rim / PER_SECTOR + 5) / (around / PER_SECTOR + 5);
    }
    qsort(ratios, (size_t)count, sizeof *ratios, compare);
    return count > 0 ? ratios[count / 2] : 0;
}

sm_status sm_edge_outline_find(const sm_grey_plane *grey, const sm_smooth_outline *outline, sm_edge_outline *edge,
                               sm_error *error) {
    work *w = malloc(sizeof *w);
    if (!w) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the edge of a lesion");
    edge->outline = *outline;
    sm_smooth_outline_blur(&edge->outline, base_smoothing);
    const double step = reach * sqrt(edge->outline.area / 3.14159265358979323846) / MIDDLE;
    make_rays(&edge->outline, w->rays);
    measure_contrast(grey, step, w);
    // A path from anywhere to anywhere is good in its middle; from there a closed one is found.
    find_path(w, 0, false, 0);
    find_path(w, RAYS / 2, true, w->path[RAYS / 2]);
    edge->contrast = edge->weak = 0;
    for (int i = 0; i < RAYS; i++) {
        const double contrast = (double)w->contrast[i][w->path[i]];
        edge->contrast += contrast / RAYS;
        edge->weak += contrast < SM_WEAK_EDGE ? 1.0 / RAYS : 0;
        edge->outline.points[2 * i] = on_ray(&w->rays[i], (w->path[i] - MIDDLE) * step);
    }
    for (int i = 0; i < RAYS; i++) {
        const sm_xy a = edge->outline.points[2 * i], b = edge->outline.points[(2 * i + 2) % SM_OUTLINE_POINTS];
        edge->outline.points[2 * i + 1] = (sm_xy){(a.x + b.x) / 2, (a.y + b.y) / 2};
    }
    sm_smooth_outline_blur(&edge->outline, edge_smoothing);
    edge->halo_ratio = rim_ratio(grey, step, w);
    free(w);
    return SM_OK;
}
_Static_assert(SM_OUTLINE_POINTS == 2 * RAYS, "every second point is on a ray");
