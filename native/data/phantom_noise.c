/** Smooth and cellular noise from hashed grid points. */
#include <math.h>

#include "phantom_parts.h"

static uint32_t hash_point(int x, int y, uint32_t seed) {
    uint32_t hash = seed ^ ((uint32_t)x * 0x9E3779B1u) ^ ((uint32_t)y * 0x85EBCA77u);
    hash = (hash ^ (hash >> 15)) * 0x2C1B3C6Du;
    hash = (hash ^ (hash >> 12)) * 0x297A2D39u;
    return hash ^ (hash >> 15);
}

/** The upper 24 bits as -1..1. */
static float signed_unit(uint32_t hash) { return (float)(int32_t)(hash >> 8) * 0x1p-23f - 1.0f; }

static int floor_to_int(float value) {
    const int truncated = (int)value;
    return (float)truncated > value ? truncated - 1 : truncated;
}

float sm_noise(float x, float y, uint32_t seed) {
    const int column = floor_to_int(x), row = floor_to_int(y);
    float u = x - (float)column, v = y - (float)row;
    u = u * u * (3.0f - 2.0f * u);
    v = v * v * (3.0f - 2.0f * v);
    const float a = signed_unit(hash_point(column, row, seed)), b = signed_unit(hash_point(column + 1, row, seed));
    const float c = signed_unit(hash_point(column, row + 1, seed)),
                d = signed_unit(hash_point(column + 1, row + 1, seed));
    const float upper = a + u * (b - a), lower = c + u * (d - c);
    return upper + v * (lower - upper);
}

float sm_noise_rough(float x, float y, uint32_t seed) {
    // The second octave is rotated, so that the two grids are not visible.
    return 0.65f * sm_noise(x, y, seed) + 0.35f * sm_noise(1.7f * x + 1.1f * y, 1.7f * y - 1.1f * x, seed + 1u);
}

sm_cell sm_cells(float x, float y, uint32_t seed) {
    const int column = floor_to_int(x), row = floor_to_int(y);
    float nearest = 100.0f, second = 100.0f, near_x = 0.0f, near_y = 0.0f, second_x = 1.0f, second_y = 0.0f;
    uint32_t owner = 0;
    for (int j = row - 1; j <= row + 1; j++)
        for (int i = column - 1; i <= column + 1; i++) {
            const uint32_t hash = hash_point(i, j, seed);
            const float dx = (float)i + (float)(hash & 0xFFFFu) * 0x1p-16f - x;
            const float dy = (float)j + (float)(hash >> 16) * 0x1p-16f - y;
            const float square = dx * dx + dy * dy;
            if (square < nearest) {
                second = nearest;
                second_x = near_x;
                second_y = near_y;
                nearest = square;
                near_x = dx;
                near_y = dy;
                owner = hash;
            } else if (square < second) {
                second = square;
                second_x = dx;
                second_y = dy;
            }
        }
    // The border is the perpendicular bisector of the two nearest points.
    const float across_x = second_x - near_x, across_y = second_y - near_y;
    const float length = sqrtf(across_x * across_x + across_y * across_y) + 1e-6f;
    sm_cell cell;
    cell.edge = 0.5f * (second - nearest) / length;
    cell.normal_x = across_x / length;
    cell.normal_y = across_y / length;
    cell.value = signed_unit(owner * 0x9E3779B1u);
    return cell;
}
