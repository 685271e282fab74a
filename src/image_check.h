/**
 * Checks of an image file before it is decoded: the size in its header, and whether the file is complete. They are
 * needed because stb_image fills missing data with grey, does not check some lengths, and allocates any size
 * that a header gives. Bytes after the end of the image are allowed.
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
    /** PNG: offset of the palette chunk in the file, and its entries; 0 without a palette. */
    size_t palette_offset;
    int palette_entries;
    /** JPEG: four components without the Adobe marker, which gives their colour space. */
    bool needs_adobe_marker;
} sm_image_header;

/** Recognises the kind by the first bytes. */
sm_image_kind sm_image_kind_of(const uint8_t *bytes, size_t size);

/** SM_ERROR_IMAGE_FORMAT, _TOO_LARGE or _TOO_SMALL for sides outside the limits of image.h. */
sm_status sm_image_check_size(int64_t width, int64_t height, sm_error *error);

/* Each fills the header. Errors: SM_ERROR_IMAGE_FORMAT, _TOO_LARGE, _TOO_SMALL. */
sm_status sm_png_check(const uint8_t *bytes, size_t size, sm_image_header *header, sm_error *error);
sm_status sm_jpeg_check(const uint8_t *bytes, size_t size, sm_image_header *header, sm_error *error);
sm_status sm_bmp_check(const uint8_t *bytes, size_t size, sm_image_header *header, sm_error *error);

/** The EXIF orientation in the TIFF structure of an APP1 segment; 1 when it is missing or damaged. */
int sm_exif_orientation(const uint8_t *tiff, size_t size);

#endif
