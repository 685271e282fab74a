/**
 * Looking at an image file's structure before anything is decoded: its size from the header, and whether the file is
 * whole. The decoder behind it fills missing data with grey, trusts some lengths and allocates what a header claims;
 * these checks are what stands before it. Trailing bytes after the end of the image are fine.
 */
#ifndef SONOMASK_IMAGE_CHECK_H
#define SONOMASK_IMAGE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

typedef enum sm_image_kind { SM_IMAGE_UNKNOWN, SM_IMAGE_PNG, SM_IMAGE_JPEG, SM_IMAGE_BMP } sm_image_kind;

typedef struct sm_image_header {
    int width, height;
    int orientation; /**< EXIF, 1..8; 1 where there is none */
    /** PNG: where the palette chunk lies and its entries; 0 without a palette. */
    size_t palette_offset;
    int palette_entries;
    /** JPEG: four components without the Adobe marker that says how they are coloured. */
    bool needs_adobe_marker;
} sm_image_header;

/** By content, never by name. */
sm_image_kind sm_image_kind_of(const uint8_t *bytes, size_t size);

/** SM_ERROR_IMAGE_TOO_LARGE or _TOO_SMALL when the sides (of any sign and size) are not what the project takes. */
sm_status sm_image_check_size(int64_t width, int64_t height, sm_error *error);

/* Each: SM_OK and the header filled, or SM_ERROR_IMAGE_FORMAT, _TOO_LARGE, _TOO_SMALL. */
sm_status sm_png_check(const uint8_t *bytes, size_t size, sm_image_header *header, sm_error *error);
sm_status sm_jpeg_check(const uint8_t *bytes, size_t size, sm_image_header *header, sm_error *error);
sm_status sm_bmp_check(const uint8_t *bytes, size_t size, sm_image_header *header, sm_error *error);

/** The EXIF orientation in the TIFF structure of an APP1 segment; 1 when there is none or it is damaged. */
int sm_exif_orientation(const uint8_t *tiff, size_t size);

#endif
