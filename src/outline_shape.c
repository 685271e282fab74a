#include "outline_shape.h"

#include <math.h>
#include <stdbool.h>

enum { N = SM_OUTLINE_POINTS };

double sm_outline_height_ratio(const sm_smooth_outline *outline) {
    const double major = outline->major * outline->major, minor = outline->minor * outline->minor;
    const double along = outline->axis.x * outline->axis.x, across = outline->axis.y * outline->axis.y;
    return sqrt((major * across + minor * along) / (major * along + minor * across));
}

double sm_outline_roughness(const sm_smooth_outline *outline) {
    // The perimeter of an ellipse by S. Ramanujan's second approximation (1914).
    const double sum = outline->major + outline->minor, difference = outline->major - outline->minor;
    const double h = difference * difference / (sum * sum);
    const double around = 3.14159265358979323846 * sum * (1 + 3 * h / (10 + sqrt(4 - 3 * h)));
    return outline->perimeter / around - 1;
}

/** How far the outline turns at a point: 1 - the cosine of the angle, negative for a turn inwards; -2..2. */
static double turn_at(const sm_smooth_outline *outline, int i) {
    const sm_xy *points = outline->points;
    const sm_xy here = points[i], from = points[(i + N - SM_TURN_WINDOW) % N], to = points[(i + SM_TURN_WINDOW) % N];
    const double ax = here.x - from.x, ay = here.y - from.y, bx = to.x - here.x, by = to.y - here.y;
    const double lengths = sqrt((ax * ax + ay * ay) * (bx * bx + by * by));
    if (lengths <= 0) return 0;
    const double turn = 1 - (ax * bx + ay * by) / lengths;
    return ax * by - ay * bx >= 0 ? turn : -turn;
}

/** Whether point i turns more than all others near it, outwards (`sign` 1) or inwards (-1). */
static bool is_peak(const double turns[N], int i, double sign) {
    enum { NEAR = 8 };
    for (int k = 1; k <= NEAR; k++)
        if (sign * turns[(i + N - k) % N] >= sign * turns[i] || sign * turns[(i + k) % N] > sign * turns[i])
            return false;
    return true;
}

void sm_outline_turns_count(const sm_smooth_outline *outline, sm_outline_turns *turns) {
    static const double corner = 0.658, spicule = 1.259, hollow = 0.00973; /* 1 - cos 70, 105 and 8 degrees */
    double at[N];
    *turns = (sm_outline_turns){0};
    for (int i = 0; i < N; i++) at[i] = turn_at(outline, i);
    for (int i = 0; i < N; i++) {
        if (is_peak(at, i, 1)) {
            turns->corners += at[i] >= corner;
            turns->spicules += at[i] >= spicule;
        }
        turns->lobes += at[i] <= -hollow && is_peak(at, i, -1);
    }
}
