/** From file bytes to pixels: check the structure, decode with stb_image, convert to one of the layouts of sm_image. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "image.h"
#include "image_check.h"
#include "image_orientation.h"
#include "stb.h"

static sm_status fail_unknown(const uint8_t *bytes, size_t size, sm_error *error) {
    static const struct {
        const char *name, *signature;
        size_t offset;
    } others[] = {{"GIF", "GIF8", 0},    {"WebP", "WEBP", 8},     {"TIFF", "II*", 0},
                  {"TIFF", "MM", 0},     {"DICOM", "DICM", 128},  {"PDF", "%PDF", 0},
                  {"HEIF", "ftyphe", 4}, {"AVIF", "ftypavif", 4}, {"JPEG 2000", "jP  ", 4}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const size_t length = strlen(others[i].signature);
        if (size >= others[i].offset + length && memcmp(bytes + others[i].offset, others[i].signature, length) == 0)
            return sm_fail(error, SM_ERROR_IMAGE_FORMAT, "%s files are not supported, only PNG, JPEG and BMP",
                           others[i].name);
    }
    return sm_fail(error, SM_ERROR_IMAGE_FORMAT, "not an image of a known kind (PNG, JPEG or BMP)");
}

/** A copy of `bytes` with the `removed` bytes at `offset` replaced by the `inserted` zero bytes. NULL without memory.
 */
static uint8_t *splice(const uint8_t *bytes, size_t size, size_t offset, size_t removed, size_t inserted) {
    uint8_t *copy = malloc(size - removed + inserted);
    if (!copy) return NULL;
    memcpy(copy, bytes, offset);
    memset(copy + offset, 0, inserted);
    memcpy(copy + offset + inserted, bytes + offset + removed, size - offset - removed);
    return copy;
}

enum { FULL_PALETTE = 256, CHUNK_HEADER = 8, ADOBE_SEGMENT = 16 };

/** stb_image reads past the end of a short palette. Missing entries become black, as in other decoders. */
static uint8_t *complete_palette(const uint8_t *bytes, size_t *size, const sm_image_header *header) {
    const size_t used = 3 * (size_t)header->palette_entries, full = 3 * (size_t)FULL_PALETTE;
    const size_t end = header->palette_offset + CHUNK_HEADER + used;
    uint8_t *copy = splice(bytes, *size, end, 0, full - used);
    if (!copy) return NULL;
    sm_put_big32(copy + header->palette_offset, (uint32_t)full); // its checksum is wrong now, but is not read again
    *size += full - used;
    return copy;
}

/** Without the marker, stb_image reads four components as YCbCr; browsers read them as Adobe's CMYK. */
static uint8_t *insert_adobe_marker(const uint8_t *bytes, size_t *size) {
    static const uint8_t segment[ADOBE_SEGMENT] = {0xff, 0xee, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100};
    const size_t after_start = 2;
    uint8_t *copy = splice(bytes, *size, after_start, 0, ADOBE_SEGMENT);
    if (!copy) return NULL;
    memcpy(copy + after_start, segment, ADOBE_SEGMENT);
    *size += ADOBE_SEGMENT;
    return copy;
}

/** Grey with alpha to RGBA, the only layout of sm_image with alpha. */
static sm_status expand_grey_alpha(sm_image *image, sm_error *error) {
    const size_t count = (size_t)image->width * (size_t)image->height;
    uint8_t *pixels = malloc(count * 4);
    if (!pixels) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the image");
    for (size_t i = 0; i < count; i++) {
        memset(pixels + 4 * i, image->pixels[2 * i], 3);
        pixels[4 * i + 3] = image->pixels[2 * i + 1];
    }
    free(image->pixels);
    image->pixels = pixels;
    image->channels = 4;
    return SM_OK;
}

static sm_status decode_checked(const uint8_t *bytes, size_t size, const sm_image_header *header, sm_image *image,
                                sm_error *error) {
    if (size > INT_MAX) return sm_fail(error, SM_ERROR_IMAGE_TOO_LARGE, "the file is larger than 2 GB");
    const char *reason = NULL;
    image->pixels = sm_stb_decode(bytes, (int)size, &image->width, &image->height, &image->channels, &reason);
    if (!image->pixels) {
        if (reason && strcmp(reason, "outofmem") == 0)
            return sm_fail(error, SM_ERROR_MEMORY, "no memory to decode the image (%d x %d pixels)", header->width,
                           header->height);
        return sm_fail(error, SM_ERROR_IMAGE_FORMAT, "damaged or unsupported image (%s)", reason);
    }
    if (image->width != header->width || image->height != header->height)
        return sm_fail(error, SM_ERROR_IMAGE_FORMAT, "damaged image: the header and the data disagree on the size");
    if (image->channels == 2) {
        const sm_status status = expand_grey_alpha(image, error);
        if (status) return status;
    }
    return sm_image_orient(image, header->orientation, error);
}

sm_status sm_image_decode(const void *file, size_t size, sm_image *image, sm_error *error) {
    const uint8_t *bytes = file;
    sm_image_header header = {0};
    sm_status status = SM_OK;
    if (!image) return sm_fail(error, SM_ERROR_ARGUMENT, "no place for the image: NULL");
    *image = (sm_image){0};
    if (!file && size > 0) return sm_fail(error, SM_ERROR_ARGUMENT, "no file: NULL");
    if (size == 0) return sm_fail(error, SM_ERROR_IMAGE_EMPTY, "the file is empty");
    switch (sm_image_kind_of(bytes, size)) {
    case SM_IMAGE_PNG:
        status = sm_png_check(bytes, size, &header, error);
        break;
    case SM_IMAGE_JPEG:
        status = sm_jpeg_check(bytes, size, &header, error);
        break;
    case SM_IMAGE_BMP:
        status = sm_bmp_check(bytes, size, &header, error);
        break;
    case SM_IMAGE_UNKNOWN:
        return fail_unknown(bytes, size, error);
    }
    if (status) return status;

    const bool completes = header.palette_offset && header.palette_entries < FULL_PALETTE;
    uint8_t *amended = NULL;
    if (completes)
        amended = complete_palette(bytes, &size, &header);
    else if (header.needs_adobe_marker)
        amended = insert_adobe_marker(bytes, &size);
    if ((completes || header.needs_adobe_marker) && !amended)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory to decode the image");
    status = decode_checked(amended ? amended : bytes, size, &header, image, error);
    free(amended);
    if (status) sm_image_free(image);
    return status;
}
