#include "scan_split.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

static const double calm_line = 0.05; /* share of pixels that differ in a line that only shows a screen's surface */
/* JPEG leaves waves of this height beside an edge. */
enum { JPEG_WAVES = 12, NARROWEST_GAP = 2 };
static const double blurred_line = 0.15; /* the same in a narrow gap, where the waves of a compression meet */
static const double least_edge = 0.3;    /* content of the line EDGE pixels beyond a gap, on the right or below: a view
                                            begins there abruptly, whereas a dark part of a scan fades */
enum { EDGE = 2, SURFACE_SPREAD = 3 };   /* pixels; grey levels by which a surface differs along a side */
static const double least_part = 0.2;    /* of a rectangle in each of its parts; text in a dark part is less */
static const double most_text = 0.5;     /* content of a line through text */
static const double outer_part = 0.12;   /* of a side: a gap there is the edge of a view */

/** The pixels of one row (`column` false) or column of a rectangle. */
typedef struct line {
    const uint8_t *pixels;
    int count;
    size_t stride;
} line;

static line line_at(const uint8_t *grey, int width, const sm_scan_rectangle *r, int at, bool column) {
    const size_t stride = (size_t)width;
    if (column) return (line){grey + (size_t)r->top * stride + (size_t)at, r->bottom - r->top, stride};
    return (line){grey + (size_t)at * stride + (size_t)r->left, r->right - r->left, 1};
}

/** Whether nearly no pixel of the line differs from its neighbour. */
static bool is_calm(const uint8_t *grey, int width, const sm_scan_rectangle *r, int at, bool column) {
    const line l = line_at(grey, width, r, at, column);
    const int most = (int)(calm_line * l.count);
    int differ = 0;
    for (int i = 0; i + 1 < l.count && differ <= most; i++)
        differ += l.pixels[(size_t)i * l.stride] != l.pixels[(size_t)(i + 1) * l.stride];
    return differ <= most;
}

/**
 * Whether surely more than a share of the line does not have its median colour; content_of takes several times as long.
 * Of two pixels that differ by more than twice the waves, one is that far from any colour.
 */
static bool is_varied(const uint8_t *grey, int width, const sm_scan_rectangle *r, int at, bool column, double share) {
    const line l = line_at(grey, width, r, at, column);
    const uint8_t *other = l.pixels + (size_t)(l.count / 2) * l.stride;
    const int most = (int)(share * l.count);
    int differ = 0;
    for (int i = 0; i < l.count / 2 && differ <= most; i++)
        differ += abs(l.pixels[(size_t)i * l.stride] - other[(size_t)i * l.stride]) > 2 * JPEG_WAVES;
    return differ > most;
}

/** What a line shows. */
typedef struct content {
    double share; /* of its pixels that do not have its median colour; JPEG's waves are left out */
    int median;
} content;

static content content_of(const uint8_t *grey, int width, const sm_scan_rectangle *r, int at, bool column) {
    const line l = line_at(grey, width, r, at, column);
    int counts[UINT8_MAX + 1] = {0};
    for (int i = 0; i < l.count; i++) counts[l.pixels[(size_t)i * l.stride]]++;
    int median = 0;
    for (int below = counts[0]; 2 * below < l.count; below += counts[++median]) {
    }
    int near = 0;
    for (int v = median - JPEG_WAVES; v <= median + JPEG_WAVES; v++)
        if (v >= 0 && v <= UINT8_MAX) near += counts[v];
    return (content){(double)(l.count - near) / l.count, median};
}

void sm_scan_trim(const uint8_t *grey, int width, int limit, sm_scan_rectangle *r) {
    for (int k = 0; k < limit && r->bottom - r->top > 1 && is_calm(grey, width, r, r->top, false); k++) r->top++;
    for (int k = 0; k < limit && r->bottom - r->top > 1 && is_calm(grey, width, r, r->bottom - 1, false); k++)
        r->bottom--;
    for (int k = 0; k < limit && r->right - r->left > 1 && is_calm(grey, width, r, r->left, true); k++) r->left++;
    for (int k = 0; k < limit && r->right - r->left > 1 && is_calm(grey, width, r, r->right - 1, true); k++) r->right--;
}

/** One side of a rectangle. */
typedef struct side {
    bool column;  /* left or right */
    int start;    /* the outermost line of the rectangle */
    int inwards;  /* 1 or -1 */
    int length;   /* lines up to the other side */
    int outwards; /* lines from the side to the edge of the image */
} side;

/**
 * How many lines at one side lie outside a gap that has the colour of the surface: behind it the view begins abruptly,
 * or what is outside is text. 0 at the edge of the image.
 */
static int lines_outside(const uint8_t *grey, int width, const sm_scan_rectangle *r, const side *s, int cell_size) {
    const int outer = (int)(outer_part * s->length), reach = 2 * cell_size < s->outwards ? 2 * cell_size : s->outwards;
    int cut = 0, gap = 0, surface = -1;
    double most_outside = 0; /* content of a line between the side and the gap */
    for (int k = -reach; k < outer; k++) {
        const content here = content_of(grey, width, r, s->start + s->inwards * k, s->column);
        const bool calm = here.share <= calm_line;
        if (calm && surface < 0 && k < cell_size) surface = here.median;
        if (!calm || abs(here.median - surface) > SURFACE_SPREAD) {
            gap = 0;
            if (k >= 0 && here.share > most_outside) most_outside = here.share;
            continue;
        }
        gap++;
        const content inside = content_of(grey, width, r, s->start + s->inwards * (k + EDGE), s->column);
        const bool text = gap >= NARROWEST_GAP && most_outside > 0 && most_outside < most_text;
        if (k >= 0 && (inside.share >= least_edge || text)) cut = k + 1;
    }
    return surface < 0 ? 0 : cut;
}

void sm_scan_tighten(const uint8_t *grey, int width, int height, int cell_size, sm_scan_rectangle *r) {
    const side top = {false, r->top, 1, r->bottom - r->top, r->top};
    r->top += lines_outside(grey, width, r, &top, cell_size);
    const side bottom = {false, r->bottom - 1, -1, r->bottom - r->top, height - r->bottom};
    r->bottom -= lines_outside(grey, width, r, &bottom, cell_size);
    const side left = {true, r->left, 1, r->right - r->left, r->left};
    r->left += lines_outside(grey, width, r, &left, cell_size);
    const side right = {true, r->right - 1, -1, r->right - r->left, width - r->right};
    r->right -= lines_outside(grey, width, r, &right, cell_size);
}

/** A run of calm lines. */
typedef struct gap_run {
    int length;
    int exact;    /* its lines without any change of colour, but for a few pixels */
    bool blurred; /* a line holds waves */
} gap_run;

/** Whether a run of calm lines, from `first` to before `end`, is the gap between two views. */
static bool is_gap(const uint8_t *grey, int width, const sm_scan_rectangle *r, bool column, const gap_run *run,
                   int end) {
    const double before = content_of(grey, width, r, end - run->length - 1 - EDGE, column).share;
    const double after = content_of(grey, width, r, end + EDGE, column).share;
    if (run->length < NARROWEST_GAP) return false;
    if (run->exact >= NARROWEST_GAP && run->exact >= run->length / 2) return true;
    return run->blurred ? before >= least_edge && after >= least_edge : before >= least_edge || after >= least_edge;
}

/** The middle of the longest run of constant lines that crosses the inner part of the rectangle; -1 without one. */
static int find_gap(const uint8_t *grey, int width, const sm_scan_rectangle *r, bool column) {
    const int first = column ? r->left : r->top, end = column ? r->right : r->bottom;
    const int border = (int)(outer_part * (end - first));
    int best = -1, longest = 0;
    gap_run run = {0};
    for (int at = first + border; at < end - border - EDGE; at++) {
        const bool varied = is_varied(grey, width, r, at, column, blurred_line);
        const double share = varied ? 1 : content_of(grey, width, r, at, column).share;
        if (share <= blurred_line) {
            run.length++;
            run.exact += is_calm(grey, width, r, at, column);
            run.blurred = run.blurred || share > calm_line;
            continue;
        }
        if (run.length > longest && is_gap(grey, width, r, column, &run, at)) {
            longest = run.length;
            best = at - 1 - run.length / 2;
        }
        run = (gap_run){0};
    }
    return best;
}

static double area_of(const sm_scan_rectangle *r) { return (double)(r->right - r->left) * (r->bottom - r->top); }

int sm_scan_split(const uint8_t *grey, int width, sm_scan_rectangle r, sm_scan_rectangle *parts, int capacity) {
    for (int column = 1; column >= 0 && capacity > 1; column--) {
        const int gap = find_gap(grey, width, &r, column);
        if (gap < 0) continue;
        sm_scan_rectangle first = r, second = r;
        if (column) {
            first.right = gap;
            second.left = gap;
        } else {
            first.bottom = gap;
            second.top = gap;
        }
        if (area_of(&first) < least_part * area_of(&r) || area_of(&second) < least_part * area_of(&r)) continue;
        const int count = sm_scan_split(grey, width, first, parts, capacity - 1);
        return count + sm_scan_split(grey, width, second, parts + count, capacity - count);
    }
    parts[0] = r;
    return 1;
}
