/** Rectangles of a screen, pixel by pixel. Internal to scan*.c. */
#ifndef SONOMASK_SCAN_SPLIT_H
#define SONOMASK_SCAN_SPLIT_H

#include <stdint.h>

typedef struct sm_scan_rectangle {
    int left, top, right, bottom; /**< pixels; the last two after the end */
} sm_scan_rectangle;

/** Takes away up to `limit` lines at each side that show only the surface of a screen. */
void sm_scan_trim(const uint8_t *grey, int width, int limit, sm_scan_rectangle *r);

/** Takes away the outer lines that a gap separates from the view: waves of a compression, ticks, and text close to it.
 */
void sm_scan_tighten(const uint8_t *grey, int width, int height, int cell_size, sm_scan_rectangle *r);

/**
 * Divides a rectangle where the surface of a screen crosses it from side to side: views side by side or one above the
 * other, whose gap is smaller than a cell. Writes the parts to `parts`, [capacity], and returns their number.
 */
int sm_scan_split(const uint8_t *grey, int width, sm_scan_rectangle r, sm_scan_rectangle *parts, int capacity);

#endif
