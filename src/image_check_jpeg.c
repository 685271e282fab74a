/**
 * JPEG structure (ITU-T T.81): markers in order up to EOI, every table of a scan defined and valid, every component
 * in a scan, and entropy-coded data not shorter than the shortest possible encoding.
 */
#include "image_check.h"

#include <string.h>

#include "bytes.h"

enum {
    MARKER_SOF0 = 0xc0,
    MARKER_SOF1 = 0xc1,
    MARKER_SOF2 = 0xc2,
    MARKER_DHT = 0xc4,
    MARKER_JPG = 0xc8,
    MARKER_DAC = 0xcc,
    MARKER_SOF15 = 0xcf,
    MARKER_RST0 = 0xd0,
    MARKER_RST7 = 0xd7,
    MARKER_EOI = 0xd9,
    MARKER_SOS = 0xda,
    MARKER_DQT = 0xdb,
    MARKER_DRI = 0xdd,
    MARKER_APP1 = 0xe1,
    MARKER_APP14 = 0xee,
    /* A progressive file has some ten scans; thousands would only cost time. */
    MOST_SCANS = 100,
    MOST_BLOCKS_PER_RUN = 32767
};

typedef struct component {
    int id, horizontal, vertical, quantisation;
    bool scanned; /* its DC coefficients have been in a scan */
} component;

typedef struct jpeg {
    const uint8_t *bytes;
    size_t size, at;
    bool has_frame, progressive;
    int width, height;
    component components[4];
    int component_count, horizontal_most, vertical_most;
    unsigned quantisation_tables, dc_tables, ac_tables; /* one bit per defined table */
    int restart_interval;
    int scan_count;
    bool has_adobe;
    int adobe_transform;
    int orientation;
} jpeg;

static sm_status damaged(sm_error *error, const char *what) {
    sm_error_set(error, SM_ERROR_IMAGE_FORMAT, "damaged JPEG: %s", what);
    return SM_ERROR_IMAGE_FORMAT; // a constant, so that static analysis can distinguish success from failure
}

static sm_status unsupported(sm_error *error, const char *what) {
    sm_error_set(error, SM_ERROR_IMAGE_FORMAT, "JPEG with %s is not supported; save it as PNG", what);
    return SM_ERROR_IMAGE_FORMAT;
}

static sm_status truncated(sm_error *error) { return damaged(error, "the file is cut short"); }

/** Skips to the next marker and returns its code; 0 at the end of the file. */
static int next_marker(jpeg *file) {
    while (file->at + 1 < file->size) {
        if (file->bytes[file->at] == 0xff && file->bytes[file->at + 1] != 0xff && file->bytes[file->at + 1] != 0) {
            const int marker = file->bytes[file->at + 1];
            file->at += 2;
            return marker;
        }
        file->at++;
    }
    file->at = file->size;
    return 0;
}

static sm_status read_quantisation(jpeg *file, const uint8_t *content, size_t length, sm_error *error) {
    while (length > 0) {
        const size_t table = (content[0] >> 4) ? 129 : 65;
        if (content[0] >> 4 > 1 || (content[0] & 15) > 3 || length < table)
            return damaged(error, "a quantisation table is wrong");
        file->quantisation_tables |= 1u << (content[0] & 15);
        content += table;
        length -= table;
    }
    return SM_OK;
}

static sm_status read_huffman(jpeg *file, const uint8_t *content, size_t length, sm_error *error) {
    while (length > 0) {
        if (length < 17 || content[0] >> 4 > 1 || (content[0] & 15) > 3)
            return damaged(error, "a Huffman table is wrong");
        size_t symbols = 0;
        uint32_t share = 0; // of the code space, in units of the longest codes
        for (int bits = 1; bits <= 16; bits++) {
            symbols += content[bits];
            share += (uint32_t)content[bits] << (16 - bits);
        }
        if (symbols > 256 || share > 65536 || length < 17 + symbols) return damaged(error, "a Huffman table is wrong");
        if (content[0] >> 4)
            file->ac_tables |= 1u << (content[0] & 15);
        else
            file->dc_tables |= 1u << (content[0] & 15);
        content += 17 + symbols;
        length -= 17 + symbols;
    }
    return SM_OK;
}

static sm_status read_frame(jpeg *file, int marker, const uint8_t *content, size_t length, sm_error *error) {
    if (file->has_frame) return damaged(error, "two frame headers");
    if (marker > MARKER_SOF2) return unsupported(error, "lossless, hierarchical or arithmetic coding");
    if (length < 6 || length != 6 + 3 * (size_t)content[5]) return damaged(error, "its frame header is wrong");
    if (content[0] != 8) return unsupported(error, "more than 8 bits");
    const sm_status status = sm_image_check_size(sm_big16(content + 3), sm_big16(content + 1), error);
    if (status) return status;
    file->has_frame = true;
    file->progressive = marker == MARKER_SOF2;
    file->height = (int)sm_big16(content + 1);
    file->width = (int)sm_big16(content + 3);
    file->component_count = content[5];
    if (file->component_count != 1 && file->component_count != 3 && file->component_count != 4)
        return damaged(error, "its number of components is wrong");
    for (int i = 0; i < file->component_count; i++) {
        const uint8_t *at = content + 6 + 3 * i;
        component *part = &file->components[i];
        *part = (component){.id = at[0], .horizontal = at[1] >> 4, .vertical = at[1] & 15, .quantisation = at[2]};
        if (part->horizontal < 1 || part->horizontal > 4 || part->vertical < 1 || part->vertical > 4 ||
            part->quantisation > 3)
            return damaged(error, "its frame header is wrong");
        if (part->horizontal > file->horizontal_most) file->horizontal_most = part->horizontal;
        if (part->vertical > file->vertical_most) file->vertical_most = part->vertical;
    }
    return SM_OK;
}

static int64_t ceiling_divide(int64_t value, int64_t divisor) { return (value + divisor - 1) / divisor; }

typedef struct scan {
    component parts[4];
    int count, spectral_start, spectral_end, successive_high;
} scan;

static sm_status read_scan_header(jpeg *file, const uint8_t *content, size_t length, scan *header, sm_error *error) {
    if (!file->has_frame) return damaged(error, "a scan before the frame header");
    if (++file->scan_count > MOST_SCANS) return damaged(error, "too many scans");
    *header = (scan){.count = length ? content[0] : 0};
    if (header->count < 1 || header->count > 4 || length != 4 + 2 * (size_t)header->count)
        return damaged(error, "a scan header is wrong");
    const uint8_t *spectral = content + 1 + 2 * (ptrdiff_t)header->count;
    header->spectral_start = file->progressive ? spectral[0] : 0;
    header->spectral_end = file->progressive ? spectral[1] : 63;
    header->successive_high = file->progressive ? spectral[2] >> 4 : 0;
    if (header->spectral_start > 63 || header->spectral_end > 63 || header->spectral_start > header->spectral_end)
        return damaged(error, "a scan header is wrong");
    const bool uses_dc = header->spectral_start == 0 && header->successive_high == 0;
    const bool uses_ac = header->spectral_end > 0;
    for (int i = 0; i < header->count; i++) {
        const int id = content[1 + 2 * i], tables = content[2 + 2 * i];
        component *part = NULL;
        for (int c = 0; c < file->component_count && !part; c++)
            if (file->components[c].id == id) part = &file->components[c];
        if (!part || tables >> 4 > 3 || (tables & 15) > 3) return damaged(error, "a scan header is wrong");
        if ((uses_dc && !(file->dc_tables >> (tables >> 4) & 1)) ||
            (uses_ac && !(file->ac_tables >> (tables & 15) & 1)) ||
            !(file->quantisation_tables >> part->quantisation & 1))
            return damaged(error, "a table is missing");
        if (header->spectral_start == 0) part->scanned = true;
        header->parts[i] = *part;
    }
    return SM_OK;
}

/** Minimum coded units of a scan, and the 8x8 blocks in them. */
static void count_units(const jpeg *file, const scan *header, int64_t *units, int64_t *blocks) {
    if (header->count == 1) {
        const component *part = &header->parts[0];
        const int64_t width = ceiling_divide((int64_t)file->width * part->horizontal, file->horizontal_most);
        const int64_t height = ceiling_divide((int64_t)file->height * part->vertical, file->vertical_most);
        *units = *blocks = ceiling_divide(width, 8) * ceiling_divide(height, 8);
        return;
    }
    int64_t blocks_per_unit = 0;
    for (int i = 0; i < header->count; i++) blocks_per_unit += header->parts[i].horizontal * header->parts[i].vertical;
    *units =
        ceiling_divide(file->width, 8 * file->horizontal_most) * ceiling_divide(file->height, 8 * file->vertical_most);
    *blocks = *units * blocks_per_unit;
}

/** Skips the scan's entropy-coded data and compares its size with the smallest possible one. */
static sm_status check_scan_data(jpeg *file, const scan *header, sm_error *error) {
    int64_t data_bytes = 0, restarts = 0;
    size_t at = file->at;
    for (;; at++) {
        if (at + 1 >= file->size) return truncated(error);
        if (file->bytes[at] != 0xff) {
            data_bytes++;
            continue;
        }
        const int code = file->bytes[at + 1];
        if (code == 0xff) continue; // a fill byte
        if (code == 0)
            data_bytes++;
        else if (code >= MARKER_RST0 && code <= MARKER_RST7)
            restarts++;
        else
            break;
        at++;
    }
    file->at = at;

    int64_t units = 0, blocks = 0, least_bits = 0;
    count_units(file, header, &units, &blocks);
    if (!file->progressive)
        least_bits = 2 * blocks; // a DC code and an end-of-block
    else if (header->spectral_start == 0)
        least_bits = blocks;
    else
        least_bits = ceiling_divide(blocks, MOST_BLOCKS_PER_RUN);
    if (data_bytes * 8 < least_bits) return damaged(error, "too little image data");
    if (file->restart_interval > 0 && restarts < ceiling_divide(units, file->restart_interval) - 1)
        return damaged(error, "image data is missing");
    return SM_OK;
}

static void read_application_data(jpeg *file, int marker, const uint8_t *content, size_t length) {
    static const uint8_t exif[6] = {'E', 'x', 'i', 'f', 0, 0};
    static const uint8_t adobe[6] = {'A', 'd', 'o', 'b', 'e', 0};
    if (marker == MARKER_APP1 && length > sizeof exif && memcmp(content, exif, sizeof exif) == 0) {
        file->orientation = sm_exif_orientation(content + sizeof exif, length - sizeof exif);
    } else if (marker == MARKER_APP14 && length >= 12 && memcmp(content, adobe, sizeof adobe) == 0) {
        file->has_adobe = true;
        file->adobe_transform = content[11];
    }
}

static sm_status read_segment(jpeg *file, int marker, sm_error *error) {
    if (file->size - file->at < 2) return truncated(error);
    const size_t length = sm_big16(file->bytes + file->at);
    if (length < 2) return damaged(error, "a segment's length is wrong");
    if (length > file->size - file->at) return truncated(error);
    const uint8_t *content = file->bytes + file->at + 2;
    const size_t content_length = length - 2;
    file->at += length;
    switch (marker) {
    case MARKER_DQT:
        return read_quantisation(file, content, content_length, error);
    case MARKER_DHT:
        return read_huffman(file, content, content_length, error);
    case MARKER_DRI:
        if (content_length != 2) return damaged(error, "its restart interval is wrong");
        file->restart_interval = (int)sm_big16(content);
        return SM_OK;
    case MARKER_SOS: {
        scan header = {0};
        const sm_status status = read_scan_header(file, content, content_length, &header, error);
        return status ? status : check_scan_data(file, &header, error);
    }
    default:
        if (marker >= MARKER_SOF0 && marker <= MARKER_SOF15 && marker != MARKER_JPG && marker != MARKER_DAC)
            return read_frame(file, marker, content, content_length, error);
        read_application_data(file, marker, content, content_length);
        return SM_OK;
    }
}

sm_status sm_jpeg_check(const uint8_t *bytes, size_t size, sm_image_header *header, sm_error *error) {
    *header = (sm_image_header){.orientation = 1};
    jpeg file = {.bytes = bytes, .size = size, .at = 2, .orientation = 1};
    for (;;) {
        const int marker = next_marker(&file);
        if (marker == 0) return truncated(error);
        if (marker == MARKER_EOI) break;
        const sm_status status = read_segment(&file, marker, error);
        if (status) return status;
    }
    if (!file.has_frame) return damaged(error, "there is no image in it");
    for (int i = 0; i < file.component_count; i++)
        if (!file.components[i].scanned) return damaged(error, "a colour component is missing");
    if (file.component_count == 4 && file.has_adobe && file.adobe_transform != 0 && file.adobe_transform != 2)
        return sm_fail(error, SM_ERROR_IMAGE_FORMAT, "this JPEG's four colour components are of an unknown kind");
    header->width = file.width;
    header->height = file.height;
    header->orientation = file.orientation;
    header->needs_adobe_marker = file.component_count == 4 && !file.has_adobe;
    return SM_OK;
}
