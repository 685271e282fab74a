/** PNG structure (ISO/IEC 15948): every chunk within the file, checksums of the critical ones, IEND reached. */
#include "image_check.h"

#include <string.h>

#include "bytes.h"
#include "crc32.h"

enum { SIGNATURE_SIZE = 8, CHUNK_OVERHEAD = 12, IHDR_SIZE = 13, MOST_INFLATION = 1032 };

static bool is_type(const uint8_t *type, const char *name) { return memcmp(type, name, 4) == 0; }

/** The type of a critical chunk begins with a capital letter. */
static bool is_critical(const uint8_t *type) { return !(type[0] & 0x20); }

static sm_status truncated(sm_error *error) {
    return sm_fail(error, SM_ERROR_IMAGE_FORMAT, "damaged PNG: the file is cut short");
}

/** Least size of the inflated image data (interlacing adds a little). */
static uint64_t least_raw_size(const uint8_t *ihdr, const sm_image_header *header) {
    static const int channels_of_colour[7] = {1, 0, 3, 1, 2, 0, 4};
    const int depth = ihdr[8], colour = ihdr[9];
    const int channels = colour < 7 ? channels_of_colour[colour] : 0;
    const uint64_t row = ((uint64_t)header->width * (uint64_t)(channels * depth) + 7) / 8 + 1;
    return row * (uint64_t)header->height;
}

sm_status sm_png_check(const uint8_t *bytes, size_t size, sm_image_header *header, sm_error *error) {
    size_t at = SIGNATURE_SIZE, data_size = 0;
    const uint8_t *ihdr = NULL;
    *header = (sm_image_header){.orientation = 1};
    for (;;) {
        if (size - at < CHUNK_OVERHEAD) return truncated(error);
        const uint8_t *type = bytes + at + 4;
        const size_t length = sm_big32(bytes + at);
        if (is_type(type, "CgBI"))
            return sm_fail(error, SM_ERROR_IMAGE_FORMAT, "Apple's own variant of PNG is not supported");
        if (!ihdr && (!is_type(type, "IHDR") || length != IHDR_SIZE))
            return sm_fail(error, SM_ERROR_IMAGE_FORMAT, "damaged PNG: it does not begin with a header");
        if (length > size - at - CHUNK_OVERHEAD) return truncated(error);
        const uint8_t *content = type + 4;
        if (!ihdr) {
            // First, so that a file that is too large is refused at once.
            const sm_status status = sm_image_check_size(sm_big32(content), sm_big32(content + 4), error);
            if (status) return status;
            ihdr = content;
            header->width = (int)sm_big32(content);
            header->height = (int)sm_big32(content + 4);
        }
        if (is_critical(type)) {
            if (sm_crc32(type, length + 4) != sm_big32(content + length))
                return sm_fail(error, SM_ERROR_IMAGE_FORMAT, "damaged PNG: a checksum is wrong");
            if (is_type(type, "IDAT")) {
                data_size += length;
            } else if (is_type(type, "PLTE")) {
                if (length == 0 || length % 3 != 0 || length > 768 || header->palette_offset)
                    return sm_fail(error, SM_ERROR_IMAGE_FORMAT, "damaged PNG: its palette is wrong");
                header->palette_offset = at;
                header->palette_entries = (int)(length / 3);
            } else if (is_type(type, "IEND")) {
                break;
            } else if (!is_type(type, "IHDR") || at != SIGNATURE_SIZE) {
                return sm_fail(error, SM_ERROR_IMAGE_FORMAT, "damaged PNG: an unexpected critical chunk");
            }
        }
        // As in browsers, the orientation counts only before the image data and with a right checksum.
        if (data_size == 0 && is_type(type, "eXIf") && sm_crc32(type, length + 4) == sm_big32(content + length))
            header->orientation = sm_exif_orientation(content, length);
        at += length + CHUNK_OVERHEAD;
    }
    // Deflate reaches at most 1032 to 1: a size beyond that is refused before memory is allocated for it.
    if (data_size < least_raw_size(ihdr, header) / MOST_INFLATION || data_size == 0)
        return sm_fail(error, SM_ERROR_IMAGE_FORMAT, "damaged PNG: too little image data");
    if (ihdr[9] != 3) header->palette_offset = 0; // true-colour files do not use it
    return SM_OK;
}
