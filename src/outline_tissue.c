#include "outline_tissue.h"

#include <math.h>

enum {
    N = SM_OUTLINE_POINTS,
    CROSSINGS = 64,   /* of a row with the outline, at most; a rougher outline loses some pixels inside */
    LEAST_PIXELS = 20 /* that give a grey level */
};
static const double core = 0.85;  /* scale of the part of the outline that is surely inside */
static const double gap = 0.15;   /* radii between the outline and the tissue beside and below it */
static const double beside = 1.0; /* radii: width of the tissue on either side */
static const double least_below = 0.3, most_below = 2.0; /* radii: height of the tissue below */
static const double skin_share = 0.25;                   /* of the mean grey above the lesion: gel and air are darker */

typedef struct histogram {
    uint32_t counts[256], total;
    double sum;
} histogram;

/** In pixels of the plane. */
typedef struct box {
    double left, top, right, bottom;
} box;

static int limited(double value, int high) {
    const double rounded = floor(value + 0.5);
    return rounded < 0 ? 0 : rounded > high ? high : (int)rounded;
}

static void add_row(const sm_grey_plane *grey, int y, double left, double right, histogram *h) {
    const uint8_t *row = grey->pixels + (size_t)y * (size_t)grey->width;
    const int end = limited(right, grey->width);
    for (int x = limited(left, grey->width); x < end; x++) {
        h->counts[row[x]]++;
        h->total++;
        h->sum += row[x];
    }
}

static void add_box(const sm_grey_plane *grey, box b, histogram *h) {
    const int end = limited(b.bottom, grey->height);
    for (int y = limited(b.top, grey->height); y < end; y++) add_row(grey, y, b.left, b.right, h);
}

static double mean(const histogram *h) { return h->total > 0 ? h->sum / h->total : 0; }

static double quantile(const histogram *h, double share) {
    const double wanted = share * h->total;
    double reached = 0;
    for (int value = 0; value < 256; value++) {
        if (h->counts[value] > 0 && reached + h->counts[value] >= wanted)
            return value + (wanted - reached) / h->counts[value] - 0.5;
        reached += h->counts[value];
    }
    return 0;
}

/** Pixels within the outline, made smaller about its centroid. */
static void add_inside(const sm_grey_plane *grey, const sm_xy *points, sm_xy centre, box b, histogram *h) {
    const int end = limited(b.bottom, grey->height);
    for (int y = limited(b.top, grey->height); y < end; y++) {
        double crossings[CROSSINGS];
        int count = 0;
        const double middle = (y + 0.5 - centre.y) / core + centre.y;
        for (int i = 0; i < N && count < CROSSINGS; i++) {
            const sm_xy p = points[i], q = points[(i + 1) % N];
            if ((p.y <= middle) == (q.y <= middle)) continue;
            const double x = centre.x + core * (p.x + (middle - p.y) / (q.y - p.y) * (q.x - p.x) - centre.x);
            int place = count++;
            for (; place > 0 && crossings[place - 1] > x; place--) crossings[place] = crossings[place - 1];
            crossings[place] = x;
        }
        for (int i = 0; i + 1 < count; i += 2) add_row(grey, y, crossings[i], crossings[i + 1], h);
    }
}

/** The first row whose mean over the columns of the outline is not that of gel or air. */
static double skin_row(const sm_grey_plane *grey, box b) {
    histogram above = {0};
    add_box(grey, (box){b.left, 0, b.right, b.top}, &above);
    const int end = limited(b.top, grey->height);
    for (int y = 0; y < end; y++) {
        histogram row = {0};
        add_row(grey, y, b.left, b.right, &row);
        if (mean(&row) >= skin_share * mean(&above)) return y;
    }
    return 0;
}

/** Both sides of a band of rows. */
static void add_sides(const sm_grey_plane *grey, box b, double radius, histogram *h) {
    add_box(grey, (box){b.left - (gap + beside) * radius, b.top, b.left - gap * radius, b.bottom}, h);
    add_box(grey, (box){b.right + gap * radius, b.top, b.right + (gap + beside) * radius, b.bottom}, h);
}

/** Grey levels are raised a little, so that a ratio of black to black is about 1. */
static double ratio(const histogram *a, const histogram *b) { return (mean(a) + 5) / (mean(b) + 5); }

/**
 * Below the lesion against both sides of that, as K. Horsch et al. measure the posterior acoustic behaviour
 * ("Computerized diagnosis of breast lesions on ultrasound", Medical Physics 29, 2002).
 */
static void measure_below(const sm_grey_plane *grey, box b, double radius, sm_outline_tissue *tissue) {
    const double height = b.bottom - b.top, most = most_below * radius, width = b.right - b.left;
    box below = {b.left, b.bottom + gap * radius, b.right, b.bottom + gap * radius + (height < most ? height : most)};
    if (below.bottom > grey->height) below.bottom = grey->height;
    histogram sides = {0}, middle = {0};
    add_sides(grey, below, radius, &sides);
    tissue->has_below = below.bottom - below.top >= least_below * radius && sides.total >= LEAST_PIXELS;
    if (!tissue->has_below) return;
    add_box(grey, (box){b.left + width / 6, below.top, b.right - width / 6, below.bottom}, &middle);
    tissue->below = ratio(&middle, &sides);
    for (int k = 0; k < SM_POSTERIOR_STRIPS; k++) {
        const double left = b.left + width * (0.1 + 0.8 * k / SM_POSTERIOR_STRIPS);
        histogram strip = {0};
        add_box(grey, (box){left, below.top, left + 0.8 * width / SM_POSTERIOR_STRIPS, below.bottom}, &strip);
        const double value = ratio(&strip, &sides);
        if (k == 0 || value < tissue->strips[0]) tissue->strips[0] = value;
        if (k == 0 || value > tissue->strips[1]) tissue->strips[1] = value;
    }
}

void sm_outline_tissue_measure(const sm_grey_plane *grey, const sm_smooth_outline *outline, sm_outline_tissue *tissue) {
    static const double shares[5] = {0.1, 0.25, 0.5, 0.75, 0.9};
    *tissue = (sm_outline_tissue){0};
    sm_xy points[N];
    box b = {1e9, 1e9, -1e9, -1e9};
    for (int i = 0; i < N; i++) {
        points[i] = (sm_xy){outline->points[i].x - grey->left, outline->points[i].y - grey->top};
        b.left = fmin(b.left, points[i].x);
        b.right = fmax(b.right, points[i].x);
        b.top = fmin(b.top, points[i].y);
        b.bottom = fmax(b.bottom, points[i].y);
    }
    const double radius = sqrt(outline->area / 3.14159265358979323846);
    const sm_xy centre = {outline->centroid.x - grey->left, outline->centroid.y - grey->top};
    histogram inside = {0}, sides = {0};
    add_inside(grey, points, centre, b, &inside);
    add_sides(grey, b, radius, &sides);
    tissue->has_beside = sides.total >= LEAST_PIXELS && inside.total > 0;
    tissue->beside = quantile(&sides, 0.5);
    for (int i = 0; i < 5; i++) tissue->inside[i] = quantile(&inside, shares[i]);
    tissue->depth = fmax(b.top - skin_row(grey, b), 0);
    measure_below(grey, b, radius, tissue);
}
