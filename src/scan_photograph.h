/** Finds the ultrasound picture in a photograph of a screen. Internal. */
#ifndef SONOMASK_SCAN_PHOTOGRAPH_H
#define SONOMASK_SCAN_PHOTOGRAPH_H

#include "scan.h"

typedef enum sm_scan_kind {
    SM_SCAN_OTHER,
    SM_SCAN_SCREENSHOT, /**< most of the image is exactly constant, which no camera gives */
    SM_SCAN_PHOTOGRAPH  /**< with a rectangle of speckle */
} sm_scan_kind;

/**
 * Finds the rectangle of speckle in a photograph. `grey` is [height][width]. For the other kinds `scan` is unchanged.
 * Perspective is left as it is: tilts of 20 degrees change the answers of the network less than the noise of their
 * measurement (make photographs). Errors: SM_ERROR_MEMORY.
 */
sm_status sm_scan_find_photograph(const uint8_t *grey, int width, int height, sm_scan *scan, sm_scan_kind *kind,
                                  sm_error *error);

#endif
