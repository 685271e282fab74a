/** Image files made in memory for the tests, by code that is independent of the tested code. */
#ifndef SONOMASK_TEST_MAKE_IMAGE_H
#define SONOMASK_TEST_MAKE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct test_file {
    uint8_t *bytes; /**< released with free() */
    size_t size;
} test_file;

enum { PNG_GREY = 0, PNG_RGB = 2, PNG_PALETTE = 3, PNG_GREY_ALPHA = 4, PNG_RGBA = 6 };

typedef struct test_png {
    int width, height, depth, colour;
    bool interlaced;
    const uint16_t *samples; /**< [height][width][channels], of `depth` bits */
    const uint8_t *palette;  /**< RGB */
    int palette_entries;
    const uint8_t *transparency; /**< tRNS content */
    int transparency_size;
} test_png;

/** Unfiltered rows in stored deflate blocks. Fails the test without memory. */
test_file test_png_make(const test_png *png);

/** Baseline JPEG of 1 or 3 channels. */
test_file test_jpeg_make(int width, int height, int channels, const uint8_t *pixels, int quality);

/** The same with an APP1 segment that holds an EXIF orientation. */
test_file test_jpeg_with_orientation(test_file jpeg, int orientation, bool little_endian);
/** The PNG with an eXIf chunk, right after its header or at its end. */
test_file test_png_with_orientation(test_file png, int orientation, bool little_endian, bool after_data);

/** `bits` 8 (with a grey palette of `entries`) or 24; pixels are [height][width] grey. */
test_file test_bmp_make(int width, int height, int bits, int entries, bool from_top, const uint8_t *grey);

/* 48x16: a red, a blue and a grey (0x80) square of 16x16; 4:4:4. Made once by ImageMagick. */
extern const uint8_t test_ycck_jpeg[331];        /**< inverted YCCK with Adobe's marker */
extern const uint8_t test_progressive_jpeg[534]; /**< progressive, 4:2:0 */

#endif
