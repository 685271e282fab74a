#include "mask_outline.h"

sm_edge sm_edge_next(const uint8_t *mask, int width, int height, sm_edge edge) {
    static const int step_x[4] = {1, 0, -1, 0}, step_y[4] = {0, 1, 0, -1};
    // Of the two pixels ahead of the corner that the edge reaches, as offsets from that corner.
    static const int left_x[4] = {0, 0, -1, -1}, left_y[4] = {-1, 0, 0, -1};
    static const int right_x[4] = {0, -1, -1, 0}, right_y[4] = {0, 0, -1, -1};
    const int x = edge.x + step_x[edge.heading], y = edge.y + step_y[edge.heading];
    int heading = (int)edge.heading;
    if (sm_mask_has(mask, width, height, x + left_x[heading], y + left_y[heading]))
        heading += 3;
    else if (!sm_mask_has(mask, width, height, x + right_x[heading], y + right_y[heading]))
        heading += 1;
    return (sm_edge){x, y, (sm_heading)(heading % 4)};
}

/** Eight directions from the middle of one edge to the middle of the next: 0 east, 1 south-east, 2 south ... */
static int chain_direction(sm_heading from, sm_heading to) {
    if (from == to) return 2 * (int)from;
    return to == (from + 1) % 4 ? 2 * (int)from + 1 : 2 * (int)to + 1;
}

double sm_outline_length(const uint8_t *mask, int width, int height, sm_edge start) {
    static const double straight_weight = 0.980, diagonal_weight = 1.406, change_weight = -0.091;
    size_t straight = 0, half_diagonals = 0, changes = 0;
    sm_edge edge = start;
    int first = -1, previous = -1;
    do {
        const sm_edge next = sm_edge_next(mask, width, height, edge);
        const int direction = chain_direction(edge.heading, next.heading);
        if (direction % 2 == 0)
            straight++;
        else
            half_diagonals++;
        if (previous >= 0 && direction != previous) changes++;
        if (first < 0) first = direction;
        previous = direction;
        edge = next;
    } while (!sm_edge_equal(edge, start));
    if (previous != first) changes++;
    return straight_weight * (double)straight + diagonal_weight * 0.5 * (double)half_diagonals +
           change_weight * (double)changes;
}
