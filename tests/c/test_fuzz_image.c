/** A fixed number of damaged image files through the decoder, mostly for the sanitizers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fuzz/fuzz.h"
#include "make_image.h"
#include "test_random.h"

enum { SIDE = 24, MOST_SEEDS = 24, ROUNDS_PER_SEED = 500 };

static test_file seeds[MOST_SEEDS];
static int seed_count;

static void add_seed(test_file file) {
    assert_true(seed_count < MOST_SEEDS);
    seeds[seed_count++] = file;
}

static test_file copy_of(const uint8_t *bytes, size_t size) {
    test_file copy = {malloc(size), size};
    assert_non_null(copy.bytes);
    memcpy(copy.bytes, bytes, size);
    return copy;
}

static int make_seeds(void **state) {
    (void)state;
    static const int png_kinds[][2] = {{PNG_GREY, 1}, {PNG_GREY, 8},  {PNG_GREY, 16},   {PNG_RGB, 8},
                                       {PNG_RGBA, 8}, {PNG_RGBA, 16}, {PNG_PALETTE, 4}, {PNG_GREY_ALPHA, 8}};
    static uint16_t samples[SIDE * SIDE * 4];
    static uint8_t pixels[SIDE * SIDE * 3], palette[9 * 3];
    for (size_t i = 0; i < sizeof palette; i++) palette[i] = (uint8_t)(i * 9);
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * i / 50);
    for (size_t k = 0; k < sizeof png_kinds / sizeof png_kinds[0]; k++) {
        const int colour = png_kinds[k][0], depth = png_kinds[k][1];
        for (int i = 0; i < SIDE * SIDE * 4; i++)
            samples[i] = (uint16_t)(colour == PNG_PALETTE ? i % 9 : i * 31 % (1 << depth));
        add_seed(test_png_make(&(test_png){.width = SIDE,
                                           .height = SIDE,
                                           .depth = depth,
                                           .colour = colour,
                                           .interlaced = k % 2,
                                           .samples = samples,
                                           .palette = colour == PNG_PALETTE ? palette : NULL,
                                           .palette_entries = 9}));
    }
    test_file jpeg = test_jpeg_make(SIDE, SIDE, 3, pixels, 80);
    add_seed(jpeg);
    add_seed(test_jpeg_make(SIDE, SIDE, 1, pixels, 95));
    add_seed(test_jpeg_with_orientation(jpeg, 6, true));
    add_seed(test_png_with_orientation(seeds[0], 8, false, false));
    add_seed(copy_of(test_ycck_jpeg, sizeof test_ycck_jpeg));
    add_seed(copy_of(test_progressive_jpeg, sizeof test_progressive_jpeg));
    add_seed(test_bmp_make(SIDE, SIDE, 24, 0, false, pixels));
    add_seed(test_bmp_make(SIDE, SIDE, 8, 256, true, pixels));
    add_seed(test_bmp_make(SIDE, SIDE, 8, 200, true, pixels));
    return 0;
}

static int free_seeds(void **state) {
    (void)state;
    for (int i = 0; i < seed_count; i++) free(seeds[i].bytes);
    return 0;
}

static uint32_t random_state = 1;
static size_t random_below(size_t limit) { return test_random_below(&random_state, limit); }

static uint32_t crc32_bit_by_bit(const uint8_t *bytes, size_t size) {
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}

/** Corrects the checksums, without which all damage would be refused early. */
static void repair_png(uint8_t *bytes, size_t size) {
    for (size_t at = 8; at + 12 <= size;) {
        const size_t length =
            (size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 | (size_t)bytes[at + 2] << 8 | bytes[at + 3];
        if (length > size - at - 12) return;
        const uint32_t crc = crc32_bit_by_bit(bytes + at + 4, length + 4);
        for (int i = 0; i < 4; i++) bytes[at + 8 + length + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
        at += length + 12;
    }
}

static size_t damage(uint8_t *bytes, size_t size) {
    static const uint8_t telling[] = {0, 1, 2, 3, 4, 0x7f, 0x80, 0xc4, 0xd9, 0xda, 0xfe, 0xff};
    const size_t changes = 1 + random_below(4);
    for (size_t i = 0; i < changes && size > 0; i++) {
        // Half of the changes are in the headers.
        const size_t at = random_below(random_below(2) ? size : size < 200 ? size : 200);
        switch (random_below(5)) {
        case 0:
            bytes[at] ^= (uint8_t)(1u << random_below(8));
            break;
        case 1:
            bytes[at] = telling[random_below(sizeof telling)];
            break;
        case 2:
            bytes[at] = (uint8_t)random_below(256);
            break;
        case 3: {
            const size_t from = random_below(size), count = random_below(24);
            if (from + count <= size && at + count <= size) memmove(bytes + at, bytes + from, count);
            break;
        }
        default:
            if (random_below(6) == 0) size = at;
        }
    }
    return size;
}

static void damaged_files_are_refused_or_decoded(void **state) {
    (void)state;
    for (int s = 0; s < seed_count; s++) {
        LLVMFuzzerTestOneInput(seeds[s].bytes, seeds[s].size);
        for (int round = 0; round < ROUNDS_PER_SEED; round++) {
            test_file changed = copy_of(seeds[s].bytes, seeds[s].size);
            const size_t size = damage(changed.bytes, changed.size);
            if (size > 8 && changed.bytes[0] == 0x89 && random_below(4)) repair_png(changed.bytes, size);
            uint8_t *exact = malloc(size ? size : 1); // a sanitizer finds any read past its end
            assert_non_null(exact);
            memcpy(exact, changed.bytes, size);
            LLVMFuzzerTestOneInput(exact, size);
            free(exact);
            free(changed.bytes);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(damaged_files_are_refused_or_decoded)};
    return cmocka_run_group_tests_name("fuzz_image", tests, make_seeds, free_seeds);
}
