/** Burned-in marks: what they change, and that they look the same on images with and without lesion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../native/data/augment_marks.h"
#include "../../native/data/marks.h"
#include "../../native/data/stroke.h"

enum { SIDE = 384, AREA = SIDE * SIDE, SEEDS = 200, GREY = 70 };

/** An image of one grey, the marked image, and the mask of a lesion that may be set. */
typedef struct fixture {
    uint8_t grey[AREA], mask[AREA], before[AREA];
    sm_sample sample;
} fixture;

static int make_fixture(void **state) {
    static fixture f;
    memset(f.mask, 0, sizeof f.mask);
    *state = &f;
    return 0;
}

/** A lesion of 100 x 40 pixels with its long axis from (130, 200) to (229, 200), when the longer side is 384. */
static void add_lesion(fixture *f) {
    for (int y = 180; y < 220; y++) memset(f->mask + (ptrdiff_t)y * SIDE + 130, 255, 100);
}

/** Draws marks on an image of a constant grey. */
static void draw(fixture *f, int width, int height, uint64_t seed) {
    memset(f->grey, GREY, sizeof f->grey);
    f->sample = (sm_sample){.width = width, .height = height, .grey = f->grey, .mask = f->mask};
    sm_marks_draw(&f->sample, seed);
}

static int changed(const fixture *f) {
    int count = 0;
    for (int i = 0; i < f->sample.width * f->sample.height; i++) count += f->grey[i] != GREY;
    return count;
}

static void test_every_seed_draws_bright_marks(void **state) {
    fixture *f = *state;
    int bright_images = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        draw(f, SIDE, SIDE, seed);
        const int count = changed(f);
        assert_in_range(count, 20, AREA / 8); /* most of the image is seen */
        int brightest = 0;
        for (int i = 0; i < AREA; i++) brightest = f->grey[i] > brightest ? f->grey[i] : brightest;
        bright_images += brightest >= 170;
        for (int i = 0; i < AREA; i++) assert_int_equal(f->mask[i], 0);
    }
    assert_true(bright_images > 0.9 * SEEDS);
}

/** The project's detector of calipers and text, written for real images, finds the marks. */
static void test_marks_are_found_as_real_ones_are(void **state) {
    fixture *f = *state;
    int annotated = 0;
    for (uint64_t seed = 0; seed < 60; seed++) {
        draw(f, SIDE, SIDE, seed);
        const sm_image image = {.width = SIDE, .height = SIDE, .channels = 1, .pixels = f->grey};
        int count = 0;
        assert_int_equal(sm_marks_count(&image, &count, NULL), SM_OK);
        annotated += count >= SM_MARKS_ANNOTATED;
    }
    assert_true(annotated > 60 / 2);
}

static void test_seed_decides(void **state) {
    fixture *f = *state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        draw(f, SIDE, SIDE, seed);
        memcpy(f->before, f->grey, AREA);
        draw(f, SIDE, SIDE, seed + 1000);
        assert_memory_not_equal(f->before, f->grey, AREA);
        draw(f, SIDE, SIDE, seed);
        assert_memory_equal(f->before, f->grey, AREA);
    }
}

static bool is_near(const fixture *f, int x, int y) {
    for (int dy = -3; dy <= 3; dy++)
        for (int dx = -3; dx <= 3; dx++)
            if (f->grey[(ptrdiff_t)(y + dy) * SIDE + x + dx] > 150) return true;
    return false;
}

/**
 * The same seed draws the same marks on an image with and without lesion, and other calipers at most: these are at the
 * ends of the long axis in half of the cases. The number of changed pixels is the same on average.
 */
static void test_lesions_change_the_place_of_calipers_only(void **state) {
    fixture *f = *state;
    int equal = 0, at_ends = 0, by_chance = 0;
    double with = 0, without = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        memset(f->mask, 0, sizeof f->mask);
        draw(f, SIDE, SIDE, seed);
        memcpy(f->before, f->grey, AREA);
        without += changed(f);
        by_chance += is_near(f, 130, 200) && is_near(f, 229, 200);
        add_lesion(f);
        draw(f, SIDE, SIDE, seed);
        with += changed(f);
        at_ends += is_near(f, 130, 200) && is_near(f, 229, 200);
        equal += memcmp(f->before, f->grey, AREA) == 0;
    }
    assert_in_range(equal, SEEDS / 2, SEEDS * 3 / 4); /* calipers are on two thirds of the images, half at the lesion */
    assert_in_range(at_ends, SEEDS / 5, SEEDS / 2);
    assert_true(by_chance <= SEEDS / 50);
    assert_true(with > 0.95 * without && with < 1.05 * without);
}

/** Twice as large an image has strokes twice as long and twice as wide. */
static void test_marks_grow_with_the_image(void **state) {
    fixture *f = *state;
    double small = 0, large = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        draw(f, SIDE / 2, SIDE / 2, seed);
        small += changed(f);
        draw(f, SIDE, SIDE, seed);
        large += changed(f);
    }
    assert_true(large > 2.5 * small && large < 4.5 * small);
}

static void test_images_of_any_size(void **state) {
    fixture *f = *state;
    static const int sizes[][2] = {{1, 1}, {SIDE, 1}, {1, SIDE}, {20, 13}, {SIDE, SIDE / 2}};
    for (int k = 0; k < 5; k++)
        for (uint64_t seed = 0; seed < 50; seed++) {
            draw(f, sizes[k][0], sizes[k][1], seed);
            for (int i = sizes[k][0] * sizes[k][1]; i < AREA; i++) assert_int_equal(f->grey[i], GREY);
        }
}

static void test_strokes_have_their_width(void **state) {
    fixture *f = *state;
    enum { SMALL = 20 };
    const sm_canvas canvas = {.width = SMALL, .height = SMALL, .grey = f->grey};
    memset(f->grey, 0, AREA);
    const sm_pen pen = {.width = 3, .grey = 200, .alpha = 1}, thin = {.width = 0.5f, .grey = 200, .alpha = 1};
    sm_stroke_line(&canvas, &pen, 5, 10, 14, 10);
    for (int x = 5; x <= 14; x++)
        for (int y = 9; y <= 11; y++) assert_int_equal(f->grey[y * SMALL + x], 200);
    for (int x = 0; x < SMALL; x++) assert_int_equal(f->grey[7 * SMALL + x], 0);
    assert_int_equal(f->grey[10 * SMALL + 2], 0);
    memset(f->grey, 0, AREA);
    sm_stroke_line(&canvas, &thin, 5, 10, 14, 10); /* half as wide as a pixel: half as bright */
    assert_int_equal(f->grey[10 * SMALL + 9], 100);
    memset(f->grey, 0, AREA);
    sm_stroke_line(&canvas, &pen, -50, -50, 100, 100);
    for (int i = 0; i < SMALL; i++) assert_int_equal(f->grey[i * SMALL + i], 200);
    for (int i = SMALL * SMALL; i < AREA; i++) assert_int_equal(f->grey[i], 0);
    memset(f->grey, 0, AREA);
    sm_stroke_box(&canvas, &pen, -3, 18, 5, 9);
    for (int i = 0; i < SMALL * SMALL; i++) assert_int_equal(f->grey[i], i % SMALL < 2 && i / SMALL >= 18 ? 200 : 0);
}

/** Glyphs stay in their cell, and no two are alike. */
static void test_glyphs_differ(void **state) {
    fixture *f = *state;
    enum { CELL = 48, CELL_AREA = CELL * CELL, MOST = 64 };
    static uint8_t cells[MOST][CELL_AREA];
    const int count = sm_glyph_count();
    const sm_pen pen = {.width = 2, .grey = 255, .alpha = 1};
    (void)f;
    assert_in_range(count, 20, MOST);
    for (int g = 0; g < count; g++) {
        const sm_canvas canvas = {.width = CELL, .height = CELL, .grey = cells[g]};
        memset(cells[g], 0, CELL_AREA);
        sm_glyph_draw(&canvas, &pen, g, 8, 8, 30);
        int drawn = 0;
        for (int i = 0; i < CELL_AREA; i++) {
            drawn += cells[g][i] > 0;
            if (i % CELL < 6 || i % CELL > 30 || i / CELL < 6 || i / CELL > 40) assert_int_equal(cells[g][i], 0);
        }
        assert_true(drawn > 0);
        for (int other = 0; other < g; other++) assert_memory_not_equal(cells[g], cells[other], CELL_AREA);
    }
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup(test, make_fixture)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_every_seed_draws_bright_marks),
        WITH_FIXTURE(test_marks_are_found_as_real_ones_are),
        WITH_FIXTURE(test_seed_decides),
        WITH_FIXTURE(test_lesions_change_the_place_of_calipers_only),
        WITH_FIXTURE(test_marks_grow_with_the_image),
        WITH_FIXTURE(test_images_of_any_size),
        WITH_FIXTURE(test_strokes_have_their_width),
        WITH_FIXTURE(test_glyphs_differ),
    };
    return cmocka_run_group_tests_name("augment_marks", tests, NULL, NULL);
}
