/** BMP structure: the sizes in the header against the size of the file, and palette indices against the palette. */
#include "image_check.h"

#include "bytes.h"

enum {
    FILE_HEADER_SIZE = 14,
    CORE_HEADER_SIZE = 12,
    INFO_HEADER_SIZE = 40,
    COMPRESSION_NONE = 0,
    COMPRESSION_MASKS = 3
};

static sm_status damaged(sm_error *error, const char *what) {
    return sm_fail(error, SM_ERROR_IMAGE_FORMAT, "damaged BMP: %s", what);
}

/** Index number `column` of a row with `bits` per pixel. */
static int index_at(const uint8_t *row, int column, int bits) {
    const int per_byte = 8 / bits;
    const int shift = 8 - bits * (column % per_byte + 1);
    return row[column / per_byte] >> shift & ((1 << bits) - 1);
}

sm_status sm_bmp_check(const uint8_t *bytes, size_t size, sm_image_header *header, sm_error *error) {
    *header = (sm_image_header){.orientation = 1};
    if (size < FILE_HEADER_SIZE + CORE_HEADER_SIZE) return damaged(error, "the file is cut short");
    const size_t data_offset = sm_little32(bytes + 10);
    const size_t header_size = sm_little32(bytes + FILE_HEADER_SIZE);
    if (header_size == CORE_HEADER_SIZE)
        return sm_fail(error, SM_ERROR_IMAGE_FORMAT, "BMP files of OS/2 are not supported; save it as PNG");
    if (header_size < INFO_HEADER_SIZE || header_size > 256 || size < FILE_HEADER_SIZE + header_size)
        return damaged(error, "its header is wrong");

    const int64_t width = (int32_t)sm_little32(bytes + 18);
    const int64_t height = (int32_t)sm_little32(bytes + 22); // negative: rows from the top
    const sm_status status = sm_image_check_size(width, height < 0 ? -height : height, error);
    if (status) return status;
    header->width = (int)width;
    header->height = (int)(height < 0 ? -height : height);

    const uint32_t bits = sm_little16(bytes + 28), compression = sm_little32(bytes + 30);
    if (compression != COMPRESSION_NONE && compression != COMPRESSION_MASKS)
        return sm_fail(error, SM_ERROR_IMAGE_FORMAT, "compressed BMP files are not supported; save it as PNG");
    if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32)
        return damaged(error, "its number of bits per pixel is invalid");

    const uint64_t used = ((uint64_t)width * bits + 7) / 8; // bytes of a row without its padding
    const uint64_t stride = ((uint64_t)width * bits + 31) / 32 * 4;
    const uint64_t data_size = stride * (uint64_t)(header->height - 1) + used;
    if (data_offset < FILE_HEADER_SIZE + header_size) return damaged(error, "its data begins inside its header");
    if (data_offset > size || data_size > size - data_offset) return damaged(error, "the file is cut short");
    if (bits > 8) return SM_OK;

    const size_t entries = (data_offset - FILE_HEADER_SIZE - header_size) / 4;
    if (entries == 0 || entries > 256) return damaged(error, "its palette is wrong");
    if (entries >= (size_t)1 << bits) return SM_OK; // no index can be outside
    for (int y = 0; y < header->height; y++) {
        const uint8_t *row = bytes + data_offset + stride * (uint64_t)y;
        for (int x = 0; x < header->width; x++)
            if ((size_t)index_at(row, x, (int)bits) >= entries) return damaged(error, "a pixel is not in its palette");
    }
    return SM_OK;
}
