/** Decoding of every supported kind of file, refusal of damaged ones, PNG writing, resizing, letterboxing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/image.h"
#include "../../src/image_png_write.h"
#include "../../src/letterbox.h"
#include "../../src/sonomask.h"
#include "make_image.h"
#include "test_random.h"

static sm_image decode(const uint8_t *bytes, size_t size) {
    sm_image image;
    sm_error error = {0};
    if (sm_image_decode(bytes, size, &image, &error)) fail_msg("not decoded: %s", error.message);
    return image;
}

/** Decodes from a block of exactly `size` bytes, so that a sanitizer finds any read past its end. */
static void assert_refused(const uint8_t *bytes, size_t size, sm_status status, const char *reason) {
    uint8_t *exact = malloc(size ? size : 1);
    assert_non_null(exact);
    if (size) memcpy(exact, bytes, size);
    sm_image image = {.width = 1};
    sm_error error = {0};
    assert_int_equal(sm_image_decode(exact, size, &image, &error), status);
    assert_int_equal(error.status, status);
    if (!strstr(error.message, reason)) fail_msg("\"%s\" does not contain \"%s\"", error.message, reason);
    assert_null(image.pixels);
    assert_int_equal(image.width, 0);
    free(exact);
}

static int samples_of_depth(int depth, int i) { return (i * 7919 + 13) & ((1 << depth) - 1); }

/** What an 8-bit viewer shows for a sample of `depth` bits. */
static int to_eight_bits(int value, int depth) { return depth == 16 ? value >> 8 : value * 255 / ((1 << depth) - 1); }

static void png_of_every_kind(void **state) {
    (void)state;
    static const int kinds[][2] = {{PNG_GREY, 1},        {PNG_GREY, 2}, {PNG_GREY, 4}, {PNG_GREY, 8},
                                   {PNG_GREY, 16},       {PNG_RGB, 8},  {PNG_RGB, 16}, {PNG_GREY_ALPHA, 8},
                                   {PNG_GREY_ALPHA, 16}, {PNG_RGBA, 8}, {PNG_RGBA, 16}};
    static const int channels_of[7] = {1, 0, 3, 0, 2, 0, 4};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        for (int interlaced = 0; interlaced < 2; interlaced++) {
            enum { WIDTH = 13, HEIGHT = 11 };
            const int colour = kinds[k][0], depth = kinds[k][1], channels = channels_of[colour];
            uint16_t samples[WIDTH * HEIGHT * 4];
            for (int i = 0; i < WIDTH * HEIGHT * channels; i++) samples[i] = (uint16_t)samples_of_depth(depth, i);
            test_file file = test_png_make(&(test_png){.width = WIDTH,
                                                       .height = HEIGHT,
                                                       .depth = depth,
                                                       .colour = colour,
                                                       .interlaced = interlaced,
                                                       .samples = samples});
            sm_image image = decode(file.bytes, file.size);
            assert_int_equal(image.width, WIDTH);
            assert_int_equal(image.height, HEIGHT);
            assert_int_equal(image.channels, colour == PNG_GREY_ALPHA ? 4 : channels);
            for (int i = 0; i < WIDTH * HEIGHT; i++) {
                for (int c = 0; c < image.channels; c++) {
                    const int sample = colour == PNG_GREY_ALPHA ? c / 3 : c;
                    assert_int_equal(image.pixels[i * image.channels + c],
                                     to_eight_bits(samples[i * channels + sample], depth));
                }
            }
            sm_image_free(&image);
            assert_null(image.pixels);
            free(file.bytes);
        }
    }
}

static void png_palette(void **state) {
    (void)state;
    static const uint8_t palette[] = {10, 20, 30, 200, 100, 0, 255, 255, 255};
    static const uint8_t transparency[] = {255, 128};
    static const uint16_t samples[] = {0, 1, 2, 3, 1, 0}; // 3 is outside the palette: black
    for (int depth = 2; depth <= 8; depth *= 2) {
        for (int with_alpha = 0; with_alpha < 2; with_alpha++) {
            test_file file = test_png_make(&(test_png){.width = 3,
                                                       .height = 2,
                                                       .depth = depth,
                                                       .colour = PNG_PALETTE,
                                                       .samples = samples,
                                                       .palette = palette,
                                                       .palette_entries = 3,
                                                       .transparency = with_alpha ? transparency : NULL,
                                                       .transparency_size = 2});
            sm_image image = decode(file.bytes, file.size);
            assert_int_equal(image.channels, with_alpha ? 4 : 3);
            for (int i = 0; i < 6; i++) {
                for (int c = 0; c < 3; c++)
                    assert_int_equal(image.pixels[i * image.channels + c],
                                     samples[i] < 3 ? palette[samples[i] * 3 + c] : 0);
                if (with_alpha) assert_int_equal(image.pixels[i * 4 + 3], samples[i] == 1 ? 128 : 255);
            }
            sm_image_free(&image);
            free(file.bytes);
        }
    }
    test_file file =
        test_png_make(&(test_png){.width = 3, .height = 2, .depth = 2, .colour = PNG_PALETTE, .samples = samples});
    assert_refused(file.bytes, file.size, SM_ERROR_IMAGE_FORMAT, "PLTE");
    free(file.bytes);
}

static void png_transparent_colour(void **state) {
    (void)state;
    static const uint16_t grey[] = {7, 200, 7, 9};
    static const uint8_t transparent_grey[] = {0, 7};
    test_file file = test_png_make(&(test_png){.width = 2,
                                               .height = 2,
                                               .depth = 8,
                                               .colour = PNG_GREY,
                                               .samples = grey,
                                               .transparency = transparent_grey,
                                               .transparency_size = 2});
    sm_image image = decode(file.bytes, file.size);
    assert_int_equal(image.channels, 4);
    for (int i = 0; i < 4; i++) assert_int_equal(image.pixels[4 * i + 3], grey[i] == 7 ? 0 : 255);
    uint8_t seen[4];
    sm_image_to_grey(&image, seen);
    static const uint8_t expected[] = {0, 200, 0, 9}; // over black
    assert_memory_equal(seen, expected, 4);
    sm_image_free(&image);
    free(file.bytes);
}

static void bmp(void **state) {
    (void)state;
    enum { WIDTH = 5, HEIGHT = 4 };
    uint8_t grey[WIDTH * HEIGHT];
    for (int i = 0; i < WIDTH * HEIGHT; i++) grey[i] = (uint8_t)(i * 12);
    for (int form = 0; form < 4; form++) {
        const int bits = form & 1 ? 8 : 24;
        test_file file = test_bmp_make(WIDTH, HEIGHT, bits, bits == 8 ? 256 : 0, form & 2, grey);
        sm_image image = decode(file.bytes, file.size);
        uint8_t seen[WIDTH * HEIGHT];
        sm_image_to_grey(&image, seen);
        assert_memory_equal(seen, grey, sizeof seen);
        sm_image_free(&image);
        assert_refused(file.bytes, file.size - 4, SM_ERROR_IMAGE_FORMAT, "cut short");
        assert_refused(file.bytes, 30, SM_ERROR_IMAGE_FORMAT, "BMP");
        free(file.bytes);
    }
    test_file file = test_bmp_make(WIDTH, HEIGHT, 8, 100, false, grey);
    assert_refused(file.bytes, file.size, SM_ERROR_IMAGE_FORMAT, "palette");
    memset(file.bytes + 22, 0x80, 4); // a height of -2139062144
    assert_refused(file.bytes, file.size, SM_ERROR_IMAGE_TOO_LARGE, "too large");
    free(file.bytes);
}

static void fill_rgb_test_pattern(uint8_t *pixels, int width, int height) {
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            uint8_t *at = pixels + 3 * (y * width + x);
            at[0] = (uint8_t)(255 * x / (width - 1));
            at[1] = (uint8_t)(255 * y / (height - 1));
            at[2] = 90;
        }
}

static void jpeg_baseline(void **state) {
    (void)state;
    enum { WIDTH = 45, HEIGHT = 30 };
    uint8_t pixels[WIDTH * HEIGHT * 3];
    fill_rgb_test_pattern(pixels, WIDTH, HEIGHT);
    test_file file = test_jpeg_make(WIDTH, HEIGHT, 3, pixels, 95);
    sm_image image = decode(file.bytes, file.size);
    assert_int_equal(image.channels, 3);
    for (int i = 0; i < WIDTH * HEIGHT * 3; i++) assert_in_range(image.pixels[i] + 12 - pixels[i], 0, 24);
    sm_image_free(&image);

    // Cut anywhere: always refused, never filled with grey.
    for (size_t size = 0; size < file.size; size += 1 + size / 40)
        assert_refused(file.bytes, size, size ? SM_ERROR_IMAGE_FORMAT : SM_ERROR_IMAGE_EMPTY, "");
    assert_refused(file.bytes, file.size - 2, SM_ERROR_IMAGE_FORMAT, "cut short"); // only the end marker is missing

    // Cut in the middle and closed with an end marker, as some tools do.
    uint8_t *closed = malloc(file.size);
    assert_non_null(closed);
    memcpy(closed, file.bytes, file.size);
    size_t header_size = 0; // up to the scan's data
    while (!(closed[header_size] == 0xff && closed[header_size + 1] == 0xda)) header_size++;
    header_size += 14;
    closed[header_size + 4] = 0xff;
    closed[header_size + 5] = 0xd9;
    assert_refused(closed, header_size + 6, SM_ERROR_IMAGE_FORMAT, "too little");
    free(closed);

    // Trailing bytes are common and harmless.
    uint8_t *longer = calloc(1, file.size + 100);
    assert_non_null(longer);
    memcpy(longer, file.bytes, file.size);
    image = decode(longer, file.size + 100);
    sm_image_free(&image);
    free(longer);
    free(file.bytes);
}

enum { TURNED_WIDTH = 48, TURNED_HEIGHT = 32 };

/** A white 16x16 corner at the top left, mid-grey 16x16 to its right, all else black. */
static void draw_corner(uint8_t pixels[TURNED_WIDTH * TURNED_HEIGHT]) {
    memset(pixels, 0, (size_t)TURNED_WIDTH * TURNED_HEIGHT);
    for (int y = 0; y < 16; y++) {
        memset(pixels + y * TURNED_WIDTH, 255, 16);
        memset(pixels + y * TURNED_WIDTH + 16, 128, 16);
    }
}

/** Decodes the file, frees it, and checks the corner's position for the orientation. */
static void assert_turned(test_file file, int orientation) {
    /* Size, and where the centres of the two squares are seen, by EXIF's definition of each value ("row 0 is the visual
     * ..."). */
    static const int seen[9][6] = {{0},
                                   {48, 32, 8, 8, 24, 8},
                                   {48, 32, 40, 8, 24, 8},
                                   {48, 32, 40, 24, 24, 24},
                                   {48, 32, 8, 24, 24, 24},
                                   {32, 48, 8, 8, 8, 24},
                                   {32, 48, 24, 8, 24, 24},
                                   {32, 48, 24, 40, 24, 24},
                                   {32, 48, 8, 40, 8, 24}};
    sm_image image = decode(file.bytes, file.size);
    const int *expected = seen[orientation >= 1 && orientation <= 8 ? orientation : 1];
    assert_int_equal(image.width, expected[0]);
    assert_int_equal(image.height, expected[1]);
    const int channels = image.channels;
    assert_in_range(image.pixels[(expected[3] * image.width + expected[2]) * channels], 250, 255);
    assert_in_range(image.pixels[(expected[5] * image.width + expected[4]) * channels], 123, 133);
    sm_image_free(&image);
    free(file.bytes);
}

static void jpeg_orientations(void **state) {
    (void)state;
    static uint8_t pixels[TURNED_WIDTH * TURNED_HEIGHT];
    draw_corner(pixels);
    test_file plain = test_jpeg_make(TURNED_WIDTH, TURNED_HEIGHT, 1, pixels, 95);
    for (int orientation = 0; orientation <= 9; orientation++)
        for (int little = 0; little < 2; little++)
            assert_turned(test_jpeg_with_orientation(plain, orientation, little), orientation);
    free(plain.bytes);
}

static void png_orientations(void **state) {
    (void)state;
    static uint8_t pixels[TURNED_WIDTH * TURNED_HEIGHT];
    draw_corner(pixels);
    uint8_t *bytes = NULL;
    size_t size = 0;
    const sm_image image = {.width = TURNED_WIDTH, .height = TURNED_HEIGHT, .channels = 1, .pixels = pixels};
    assert_int_equal(sm_image_encode_png(&image, &bytes, &size, NULL), SM_OK);
    const test_file plain = {bytes, size};
    for (int orientation = 0; orientation <= 9; orientation++)
        for (int little = 0; little < 2; little++)
            assert_turned(test_png_with_orientation(plain, orientation, little, false), orientation);
    // Browsers ignore an orientation after the image data or with a wrong checksum.
    assert_turned(test_png_with_orientation(plain, 6, true, true), 1);
    test_file damaged = test_png_with_orientation(plain, 6, true, false);
    damaged.bytes[8 + 25 + 8] ^= 1;
    assert_turned(damaged, 1);
    free(bytes);
}

static void assert_near_colour(const sm_image *image, int x, int y, int red, int green, int blue, int tolerance) {
    const uint8_t *pixel = image->pixels + 3 * (y * image->width + x);
    const int expected[3] = {red, green, blue};
    for (int c = 0; c < 3; c++)
        if (abs(pixel[c] - expected[c]) > tolerance)
            fail_msg("(%d, %d) is %d %d %d, not %d %d %d", x, y, pixel[0], pixel[1], pixel[2], red, green, blue);
}

static void jpeg_progressive(void **state) {
    (void)state;
    sm_image image = decode(test_progressive_jpeg, sizeof test_progressive_jpeg);
    assert_int_equal(image.width, 48);
    assert_near_colour(&image, 4, 4, 255, 0, 0, 6);
    assert_near_colour(&image, 24, 8, 0, 0, 255, 12);
    assert_near_colour(&image, 44, 8, 128, 128, 128, 6);
    sm_image_free(&image);
    for (size_t size = 1; size < sizeof test_progressive_jpeg; size += 3)
        assert_refused(test_progressive_jpeg, size, SM_ERROR_IMAGE_FORMAT, "");
}

static void jpeg_cmyk(void **state) {
    (void)state;
    enum { MARKER = 2, SEGMENT = 16, TRANSFORM = MARKER + SEGMENT - 1 };
    sm_image image = decode(test_ycck_jpeg, sizeof test_ycck_jpeg);
    assert_int_equal(image.channels, 3);
    assert_near_colour(&image, 8, 8, 255, 0, 0, 4);
    assert_near_colour(&image, 24, 8, 0, 0, 255, 4);
    assert_near_colour(&image, 40, 8, 128, 128, 128, 4);
    sm_image_free(&image);

    // The same numbers read as inverted CMYK: grey was (Y 0, Cb 128, Cr 128, K 128), so C 0, M 128, Y 128.
    uint8_t changed[sizeof test_ycck_jpeg];
    memcpy(changed, test_ycck_jpeg, sizeof changed);
    assert_int_equal(changed[TRANSFORM], 2);
    changed[TRANSFORM] = 0;
    image = decode(changed, sizeof changed);
    assert_near_colour(&image, 40, 8, 0, 64, 64, 4);
    sm_image_free(&image);
    changed[TRANSFORM] = 1;
    assert_refused(changed, sizeof changed, SM_ERROR_IMAGE_FORMAT, "four colour components");

    // Without the marker: CMYK, as in browsers.
    memmove(changed + MARKER, changed + MARKER + SEGMENT, sizeof changed - MARKER - SEGMENT);
    image = decode(changed, sizeof changed - SEGMENT);
    assert_near_colour(&image, 40, 8, 0, 64, 64, 4);
    sm_image_free(&image);
}

static void jpeg_hostile_tables(void **state) {
    (void)state;
    static const uint8_t pixels[16 * 16] = {0};
    test_file file = test_jpeg_make(16, 16, 1, pixels, 90);
    for (size_t i = 0; i + 20 < file.size; i++) {
        if (file.bytes[i] == 0xff && file.bytes[i + 1] == 0xc4) {
            memset(file.bytes + i + 5, 255, 16); // 16 * 255 codes: overruns the tables of stb_image 2.27
            assert_refused(file.bytes, file.size, SM_ERROR_IMAGE_FORMAT, "Huffman");
            free(file.bytes);
            return;
        }
    }
    fail_msg("no Huffman table in the file");
}

/** Offset of the entropy-coded data of a JPEG's first scan. */
static size_t scan_data_start(const test_file *file) {
    for (size_t i = 2; i + 4 < file->size; i++)
        if (file->bytes[i] == 0xff && file->bytes[i + 1] == 0xda)
            return i + 2 + ((size_t)file->bytes[i + 2] << 8 | file->bytes[i + 3]);
    fail_msg("no scan in the file");
    return 0;
}

/**
 * Cuts the data of each scan after every byte, up to the next marker. Without the guards of stb_image.sed, stb_image
 * 2.27 then reads beyond the last bit and shifts by 33, which sanitizers report. Returns the number of files that a
 * guard refused.
 */
static int guarded_cuts(const test_file *file) {
    int guarded = 0;
    for (size_t at = scan_data_start(file); at < file->size; at++) {
        size_t marker = at;
        while (marker + 1 < file->size && !(file->bytes[marker] == 0xff && file->bytes[marker + 1] != 0)) marker++;
        if (marker == at || file->bytes[at - 1] == 0xff) continue;
        test_file cut = {malloc(file->size), at + file->size - marker};
        assert_non_null(cut.bytes);
        memcpy(cut.bytes, file->bytes, at);
        memcpy(cut.bytes + at, file->bytes + marker, file->size - marker);
        sm_image image;
        sm_error error = {0};
        const sm_status status = sm_image_decode(cut.bytes, cut.size, &image, &error);
        assert_true(status == SM_OK || status == SM_ERROR_IMAGE_FORMAT);
        if (strstr(error.message, "data ends within a code")) guarded++;
        sm_image_free(&image);
        free(cut.bytes);
    }
    return guarded;
}

static void jpeg_data_that_ends_early(void **state) {
    (void)state;
    enum { SIDE = 32 };
    uint8_t pixels[SIDE * SIDE * 3];
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * i * 7 / 3);
    int guarded = 0;
    for (int channels = 1; channels <= 3; channels += 2)
        for (int quality = 10; quality <= 100; quality += 30) {
            test_file file = test_jpeg_make(SIDE, SIDE, channels, pixels, quality);
            guarded += guarded_cuts(&file);
            free(file.bytes);
        }
    assert_true(guarded > 0);
    test_file progressive = {malloc(sizeof test_progressive_jpeg), sizeof test_progressive_jpeg};
    assert_non_null(progressive.bytes);
    memcpy(progressive.bytes, test_progressive_jpeg, sizeof test_progressive_jpeg);
    guarded_cuts(&progressive);
    free(progressive.bytes);
}

static void damaged_png(void **state) {
    (void)state;
    enum { SIDE = 40, HEADER_END = 8 + 25 };
    uint16_t samples[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++) samples[i] = (uint16_t)(i & 255);
    test_file file =
        test_png_make(&(test_png){.width = SIDE, .height = SIDE, .depth = 8, .colour = PNG_GREY, .samples = samples});
    for (size_t size = 1; size < file.size; size += 1 + size / 30)
        assert_refused(file.bytes, size, SM_ERROR_IMAGE_FORMAT, size < 8 ? "not an image" : "cut short");
    assert_refused(file.bytes, file.size - 12, SM_ERROR_IMAGE_FORMAT, "cut short"); // only the end is missing
    file.bytes[file.size - 40] ^= 1;
    assert_refused(file.bytes, file.size, SM_ERROR_IMAGE_FORMAT, "checksum");
    free(file.bytes);

    // Too few rows: a file with the header (and its right checksum) of a higher image.
    test_file low =
        test_png_make(&(test_png){.width = SIDE, .height = 20, .depth = 8, .colour = PNG_GREY, .samples = samples});
    test_file high =
        test_png_make(&(test_png){.width = SIDE, .height = 40, .depth = 8, .colour = PNG_GREY, .samples = samples});
    memcpy(low.bytes, high.bytes, HEADER_END);
    assert_refused(low.bytes, low.size, SM_ERROR_IMAGE_FORMAT, "not enough pixels");
    free(low.bytes);
    free(high.bytes);
}

static void png_header_only(test_file *file, int width, int height) {
    static const uint16_t sample[4] = {0};
    *file = test_png_make(&(test_png){.width = 2, .height = 2, .depth = 8, .colour = PNG_GREY, .samples = sample});
    for (int i = 0; i < 4; i++) {
        file->bytes[16 + i] = (uint8_t)((unsigned)width >> (24 - 8 * i));
        file->bytes[20 + i] = (uint8_t)((unsigned)height >> (24 - 8 * i));
    }
}

static void refused_by_size(void **state) {
    (void)state;
    static const struct {
        int width, height;
        sm_status status;
        const char *reason;
    } cases[] = {
        {8001, 8000, SM_ERROR_IMAGE_TOO_LARGE, "8001 x 8000"},
        {INT32_MAX, INT32_MAX, SM_ERROR_IMAGE_TOO_LARGE, "too large"},
        {1, 1, SM_ERROR_IMAGE_TOO_SMALL, "1 x 1"},
        {1, 5000, SM_ERROR_IMAGE_TOO_SMALL, "1 x 5000"},
        {0, 5, SM_ERROR_IMAGE_FORMAT, "zero"},
        {-1, 5, SM_ERROR_IMAGE_FORMAT, "impossible"},
        {8000, 8000, SM_ERROR_IMAGE_FORMAT, "checksum"}, // this size is allowed
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_file file;
        png_header_only(&file, cases[i].width, cases[i].height);
        assert_refused(file.bytes, file.size, cases[i].status, cases[i].reason);
        free(file.bytes);
    }
    static const uint8_t pixels[8 * 8] = {0};
    test_file file = test_jpeg_make(8, 8, 1, pixels, 90);
    for (size_t i = 0; i + 8 < file.size; i++)
        if (file.bytes[i] == 0xff && file.bytes[i + 1] == 0xc0) memset(file.bytes + i + 5, 0xff, 4);
    assert_refused(file.bytes, file.size, SM_ERROR_IMAGE_TOO_LARGE, "65535 x 65535");
    free(file.bytes);
    file = test_bmp_make(8, 8, 24, 0, false, pixels);
    file.bytes[21] = 0x20; // the width's highest byte
    assert_refused(file.bytes, file.size, SM_ERROR_IMAGE_TOO_LARGE, "too large");
    free(file.bytes);
}

static void smallest_image(void **state) {
    (void)state;
    static const uint16_t samples[] = {0, 85, 170, 255};
    test_file file =
        test_png_make(&(test_png){.width = 2, .height = 2, .depth = 8, .colour = PNG_GREY, .samples = samples});
    sm_image image = decode(file.bytes, file.size);
    assert_int_equal(image.pixels[3], 255);
    sm_image_free(&image);
    free(file.bytes);
}

static void no_image_at_all(void **state) {
    (void)state;
    static const char text[] = "This is a text file, whatever its name is.\n";
    assert_refused((const uint8_t *)text, sizeof text - 1, SM_ERROR_IMAGE_FORMAT, "not an image");
    assert_refused((const uint8_t *)"", 0, SM_ERROR_IMAGE_EMPTY, "empty");
    assert_refused((const uint8_t *)"GIF89a......", 12, SM_ERROR_IMAGE_FORMAT, "GIF");
    assert_refused((const uint8_t *)"RIFFxxxxWEBPVP8 ", 16, SM_ERROR_IMAGE_FORMAT, "WebP");
    assert_refused((const uint8_t *)"BM", 2, SM_ERROR_IMAGE_FORMAT, "BMP");
    assert_refused((const uint8_t *)"\xff\xd8\xff", 3, SM_ERROR_IMAGE_FORMAT, "JPEG");
    uint8_t dicom[132] = {0};
    memcpy(dicom + 128, "DICM", 4);
    assert_refused(dicom, sizeof dicom, SM_ERROR_IMAGE_FORMAT, "DICOM");
}

static void grey_is_luma(void **state) {
    (void)state;
    uint8_t rgb[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 77, 77, 77};
    uint8_t grey[5];
    sm_image_to_grey(&(sm_image){.width = 5, .height = 1, .channels = 3, .pixels = rgb}, grey);
    static const uint8_t expected[] = {76, 150, 29, 255, 77};
    assert_memory_equal(grey, expected, sizeof expected);
    uint8_t rgba[] = {100, 100, 100, 255, 100, 100, 100, 128, 100, 100, 100, 0};
    sm_image_to_grey(&(sm_image){.width = 3, .height = 1, .channels = 4, .pixels = rgba}, grey);
    static const uint8_t over_black[] = {100, 50, 0};
    assert_memory_equal(grey, over_black, sizeof over_black);
}

static void png_round_trip(void **state) {
    (void)state;
    uint32_t random = 1;
    static const int sizes[][2] = {{2, 2}, {3, 257}, {600, 500}, {1000, 2}};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        for (int channels = 1; channels <= 4; channels += channels == 1 ? 2 : 1) {
            for (int content = 0; content < 4; content++) {
                const int width = sizes[s][0], height = sizes[s][1];
                const size_t count = (size_t)width * (size_t)height * (size_t)channels;
                uint8_t *pixels = malloc(count);
                assert_non_null(pixels);
                for (size_t i = 0; i < count; i++) {
                    if (content == 0)
                        pixels[i] = 0;
                    else if (content == 1)
                        pixels[i] = test_random_byte(&random);
                    else if (content == 2)
                        pixels[i] = (uint8_t)(i / (size_t)(7 * channels)); // a gradient
                    else
                        pixels[i] = i % 1000 < 300 ? 255 : 0;
                }
                sm_image image = {.width = width, .height = height, .channels = channels, .pixels = pixels};
                uint8_t *bytes = NULL;
                size_t size = 0;
                assert_int_equal(sm_image_encode_png(&image, &bytes, &size, NULL), SM_OK);
                if (content == 0) assert_true(size < 150 + count / 100); // it compresses
                if (content == 1) assert_true(size < 170 + count + count / 8 + (size_t)height * 2);
                sm_image again = decode(bytes, size);
                assert_int_equal(again.width, width);
                assert_int_equal(again.height, height);
                assert_int_equal(again.channels, channels);
                assert_memory_equal(again.pixels, pixels, count);
                sm_image_free(&again);
                free(bytes);
                free(pixels);
            }
        }
    }
    uint8_t pixel[2] = {0};
    uint8_t *bytes = pixel;
    size_t size = 1;
    sm_error error = {0};
    const sm_image two_channels = {.width = 1, .height = 1, .channels = 2, .pixels = pixel};
    assert_int_equal(sm_image_encode_png(&two_channels, &bytes, &size, &error), SM_ERROR_ARGUMENT);
    assert_null(bytes);
}

static void png_of_ours_is_recognised(void **state) {
    (void)state;
    uint8_t pixels[64] = {0};
    const sm_image image = {.width = 8, .height = 8, .channels = 1, .pixels = pixels};
    uint8_t *bytes = NULL;
    size_t size = 0;
    assert_int_equal(sm_image_encode_png(&image, &bytes, &size, NULL), SM_OK);
    assert_true(sm_png_is_ours(bytes, size));

    // The start of a file is enough; a file cut inside the mark is not recognised. The copy has the exact size, so that
    // a sanitizer finds any read past its end.
    static const char text[] = "Software\0sonomask " SM_VERSION;
    size_t text_at = 0;
    while (text_at + sizeof text < size && memcmp(bytes + text_at, text, sizeof text - 1) != 0) text_at++;
    assert_true(text_at < 64);
    const size_t mark_end = text_at + sizeof text - 1 + 4;
    for (size_t length = 0; length < size; length++) {
        uint8_t *cut = malloc(length ? length : 1);
        assert_non_null(cut);
        memcpy(cut, bytes, length);
        assert_int_equal(sm_png_is_ours(cut, length), length >= mark_end);
        free(cut);
    }
    assert_false(sm_png_is_ours(NULL, 0));

    bytes[text_at + sizeof text - 2] ^= 1; // the checksum is wrong now
    assert_false(sm_png_is_ours(bytes, size));
    free(bytes);

    // The same pixels by another writer, and another kind of file.
    const uint16_t samples[64] = {0};
    test_file foreign =
        test_png_make(&(test_png){.width = 8, .height = 8, .depth = 8, .colour = PNG_GREY, .samples = samples});
    assert_false(sm_png_is_ours(foreign.bytes, foreign.size));
    free(foreign.bytes);
    assert_false(sm_png_is_ours(test_progressive_jpeg, sizeof test_progressive_jpeg));
}

static void resize_shrinks_by_covered_area(void **state) {
    (void)state;
    // 5 samples into 2: each covers two and a half.
    static const uint8_t input[] = {10, 20, 30, 40, 50};
    uint8_t output[2];
    assert_int_equal(sm_plane_resize(input, 5, 1, output, 2, 1, NULL), SM_OK);
    assert_int_equal(output[0], (int)lround((10 + 20 + 0.5 * 30) / 2.5));
    assert_int_equal(output[1], (int)lround((0.5 * 30 + 40 + 50) / 2.5));

    // In two dimensions, against the definition.
    enum { WIDTH = 23, HEIGHT = 17, OUT_WIDTH = 9, OUT_HEIGHT = 5 };
    uint32_t random = 7;
    uint8_t plane[WIDTH * HEIGHT], small[OUT_WIDTH * OUT_HEIGHT];
    for (int i = 0; i < WIDTH * HEIGHT; i++) plane[i] = test_random_byte(&random);
    assert_int_equal(sm_plane_resize(plane, WIDTH, HEIGHT, small, OUT_WIDTH, OUT_HEIGHT, NULL), SM_OK);
    for (int oy = 0; oy < OUT_HEIGHT; oy++)
        for (int ox = 0; ox < OUT_WIDTH; ox++) {
            double sum = 0, area = 0;
            for (int y = 0; y < HEIGHT; y++)
                for (int x = 0; x < WIDTH; x++) {
                    const double left = fmax(x, (double)ox * WIDTH / OUT_WIDTH);
                    const double right = fmin(x + 1, (ox + 1.0) * WIDTH / OUT_WIDTH);
                    const double top = fmax(y, (double)oy * HEIGHT / OUT_HEIGHT);
                    const double bottom = fmin(y + 1, (oy + 1.0) * HEIGHT / OUT_HEIGHT);
                    if (right <= left || bottom <= top) continue;
                    sum += (right - left) * (bottom - top) * plane[y * WIDTH + x];
                    area += (right - left) * (bottom - top);
                }
            assert_true(fabs(small[oy * OUT_WIDTH + ox] - sum / area) <= 0.501);
        }
}

static void resize_enlarges_linearly_and_keeps(void **state) {
    (void)state;
    static const uint8_t input[] = {0, 100};
    static const uint8_t expected[] = {0, 25, 75, 100};
    uint8_t output[4];
    assert_int_equal(sm_plane_resize(input, 2, 1, output, 4, 1, NULL), SM_OK);
    assert_memory_equal(output, expected, 4);
    uint8_t plane[6 * 5], same[6 * 5];
    for (int i = 0; i < 30; i++) plane[i] = (uint8_t)(i * 8);
    assert_int_equal(sm_plane_resize(plane, 6, 5, same, 6, 5, NULL), SM_OK);
    assert_memory_equal(same, plane, 30);
}

static void letterbox_geometry(void **state) {
    (void)state;
    static const int cases[][7] = {// image, square, inner, left, top
                                   {600, 500, 256, 256, 213, 0, 21}, {500, 600, 256, 213, 256, 21, 0},
                                   {100, 100, 256, 256, 256, 0, 0},  {5000, 2, 256, 256, 1, 0, 127},
                                   {2, 32000000, 64, 1, 64, 31, 0},  {256, 256, 256, 256, 256, 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const sm_letterbox box = sm_letterbox_make(cases[i][0], cases[i][1], cases[i][2]);
        assert_int_equal(box.inner_width, cases[i][3]);
        assert_int_equal(box.inner_height, cases[i][4]);
        assert_int_equal(box.left, cases[i][5]);
        assert_int_equal(box.top, cases[i][6]);
        assert_int_equal(box.image_width, cases[i][0]);
        assert_int_equal(box.size, cases[i][2]);
    }
}

static void letterbox_values(void **state) {
    (void)state;
    enum { WIDTH = 60, HEIGHT = 20, SIZE = 32 };
    uint8_t grey[WIDTH * HEIGHT];
    memset(grey, 255, sizeof grey);
    float square[SIZE * SIZE];
    const sm_letterbox box = sm_letterbox_make(WIDTH, HEIGHT, SIZE);
    assert_int_equal(sm_letterbox_apply(&box, grey, square, NULL), SM_OK);
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++) {
            const float value = square[y * SIZE + x];
            const int inside = y >= box.top && y < box.top + box.inner_height;
            assert_true(value <= 1.0f && value >= -1.0f);
            assert_true(inside ? value > 0.99999f : value == -1.0f);
        }
}

/** The centre of gravity of a bright blob is unchanged after apply and restore. */
static void letterbox_there_and_back(void **state) {
    (void)state;
    static const int sizes[][2] = {{600, 470}, {90, 130}, {256, 256}, {333, 1001}};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        enum { SIZE = 256 };
        const int width = sizes[s][0], height = sizes[s][1];
        const double centre_x = 0.3 * width, centre_y = 0.6 * height;
        const double radius = 0.1 * (width < height ? width : height);
        uint8_t *grey = malloc((size_t)width * (size_t)height);
        float *map = malloc((size_t)width * (size_t)height * sizeof *map);
        float *square = malloc(SIZE * SIZE * sizeof *square);
        assert_true(grey && map && square);
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) {
                const double distance = hypot(x + 0.5 - centre_x, y + 0.5 - centre_y);
                grey[y * width + x] = (uint8_t)(255 * exp(-distance * distance / (radius * radius)));
            }
        const sm_letterbox box = sm_letterbox_make(width, height, SIZE);
        assert_int_equal(sm_letterbox_apply(&box, grey, square, NULL), SM_OK);
        sm_letterbox_restore(&box, square, map);
        double sum = 0, sum_x = 0, sum_y = 0, worst = 0;
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) {
                const double value = (map[y * width + x] + 1) * 127.5;
                sum += value;
                sum_x += value * (x + 0.5);
                sum_y += value * (y + 0.5);
                worst = fmax(worst, fabs(value - grey[y * width + x]));
            }
        double true_sum = 0, true_x = 0, true_y = 0;
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) {
                true_sum += grey[y * width + x];
                true_x += grey[y * width + x] * (x + 0.5);
                true_y += grey[y * width + x] * (y + 0.5);
            }
        assert_true(fabs(sum_x / sum - true_x / true_sum) < 0.05);
        assert_true(fabs(sum_y / sum - true_y / true_sum) < 0.05);
        assert_true(fabs(sum / true_sum - 1) < 0.005);
        assert_true(worst < 12);
        free(grey);
        free(map);
        free(square);
    }
}

static void restore_does_not_leak_the_border(void **state) {
    (void)state;
    enum { SIZE = 64, WIDTH = 200, HEIGHT = 50 };
    const sm_letterbox box = sm_letterbox_make(WIDTH, HEIGHT, SIZE);
    static float square[SIZE * SIZE], map[WIDTH * HEIGHT];
    for (int i = 0; i < SIZE * SIZE; i++) square[i] = (float)NAN; // the border must not be read
    for (int y = 0; y < box.inner_height; y++)
        for (int x = 0; x < box.inner_width; x++) square[(box.top + y) * SIZE + box.left + x] = 0.25f;
    sm_letterbox_restore(&box, square, map);
    for (int i = 0; i < WIDTH * HEIGHT; i++) assert_true(map[i] == 0.25f);
}

/** Each pixel is the bilinear value of the square at its centre, also in images wider than the columns that are
 * interpolated together, and in images smaller than the square. */
static void restore_is_bilinear(void **state) {
    (void)state;
    enum { SIZE = 64 };
    static const int sizes[][2] = {{1300, 700}, {513, 1030}, {20, 9}, {64, 64}, {2, 2}};
    static float square[SIZE * SIZE];
    for (int i = 0; i < SIZE * SIZE; i++) square[i] = (float)(i * 97 % 101) / 101;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const int width = sizes[s][0], height = sizes[s][1];
        const sm_letterbox box = sm_letterbox_make(width, height, SIZE);
        float *map = malloc((size_t)width * (size_t)height * sizeof *map);
        assert_non_null(map);
        sm_letterbox_restore(&box, square, map);
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) {
                const double u = fmin(fmax((x + 0.5) * box.inner_width / width - 0.5, 0), box.inner_width - 1);
                const double v = fmin(fmax((y + 0.5) * box.inner_height / height - 0.5, 0), box.inner_height - 1);
                const int left = (int)u, top = (int)v;
                const int right = left + 1 < box.inner_width ? left + 1 : left;
                const int bottom = top + 1 < box.inner_height ? top + 1 : top;
                const float *inner = square + box.top * SIZE + box.left;
                const double upper =
                    (double)inner[top * SIZE + left] * (1 - u + left) + (double)inner[top * SIZE + right] * (u - left);
                const double lower = (double)inner[bottom * SIZE + left] * (1 - u + left) +
                                     (double)inner[bottom * SIZE + right] * (u - left);
                assert_true(fabs(upper * (1 - v + top) + lower * (v - top) - (double)map[y * width + x]) < 1e-5);
            }
        free(map);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_of_every_kind),
        cmocka_unit_test(png_palette),
        cmocka_unit_test(png_transparent_colour),
        cmocka_unit_test(bmp),
        cmocka_unit_test(jpeg_baseline),
        cmocka_unit_test(jpeg_orientations),
        cmocka_unit_test(png_orientations),
        cmocka_unit_test(jpeg_progressive),
        cmocka_unit_test(jpeg_cmyk),
        cmocka_unit_test(jpeg_hostile_tables),
        cmocka_unit_test(jpeg_data_that_ends_early),
        cmocka_unit_test(damaged_png),
        cmocka_unit_test(refused_by_size),
        cmocka_unit_test(smallest_image),
        cmocka_unit_test(no_image_at_all),
        cmocka_unit_test(grey_is_luma),
        cmocka_unit_test(png_round_trip),
        cmocka_unit_test(png_of_ours_is_recognised),
        cmocka_unit_test(resize_shrinks_by_covered_area),
        cmocka_unit_test(resize_enlarges_linearly_and_keeps),
        cmocka_unit_test(letterbox_geometry),
        cmocka_unit_test(letterbox_values),
        cmocka_unit_test(letterbox_there_and_back),
        cmocka_unit_test(restore_does_not_leak_the_border),
        cmocka_unit_test(restore_is_bilinear),
    };
    return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
