/** Follows the outline of a mask, edge by edge between pixels. */
#ifndef SONOMASK_MASK_OUTLINE_H
#define SONOMASK_MASK_OUTLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum sm_heading { SM_EAST, SM_SOUTH, SM_WEST, SM_NORTH } sm_heading;

/** An edge of length one that leaves the corner (x, y), with mask on its right and none on its left. */
typedef struct sm_edge {
    int x, y;
    sm_heading heading;
} sm_edge;

static inline bool sm_mask_has(const uint8_t *mask, int width, int height, int x, int y) {
    return x >= 0 && y >= 0 && x < width && y < height && mask[(size_t)y * (size_t)width + (size_t)x] != 0;
}

static inline bool sm_edge_equal(sm_edge a, sm_edge b) { return a.x == b.x && a.y == b.y && a.heading == b.heading; }

/**
 * The edge after `edge`. Pixels that touch at a corner are connected (8-connected). Every edge is on one closed
 * walk: clockwise on the screen around a component, anticlockwise around a hole.
 */
sm_edge sm_edge_next(const uint8_t *mask, int width, int height, sm_edge edge);

/**
 * Length of the closed walk that starts with `start`. The walk's edges, joined at their middles, are an eight-direction
 * chain, whose length is estimated with the weights of A. M. Vossepoel and A. W. M. Smeulders, "Vector code probability
 * and metrication error in the representation of straight lines of finite length", Computer Graphics and Image
 * Processing 20 (1982): 0.980 per straight step, 1.406 per diagonal one, -0.091 per change of direction. Unbiased
 * over all directions, within 3 % in each; sharp corners shorten it by some two pixels in all.
 */
double sm_outline_length(const uint8_t *mask, int width, int height, sm_edge start);

#endif
