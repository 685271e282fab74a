/** Normal images made of images with a lesion: crops beside it and covered lesions, and the same seam elsewhere. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../native/data/augment_cover.h"
#include "../../native/data/augment_crop.h"
#include "../../native/data/random.h"

enum { WIDTH = 120, HEIGHT = 96, AREA = WIDTH * HEIGHT, SEEDS = 60 };

typedef struct picture {
    sm_sample sample;
    uint8_t grey[AREA], mask[AREA];
} picture;

typedef struct fixture {
    picture image, other, result;
    sm_cover_scratch *scratch;
    sm_sample covered;
} fixture;

static void fill(picture *p, int grey) {
    memset(p->grey, grey, sizeof p->grey);
    memset(p->mask, 0, sizeof p->mask);
    p->sample = (sm_sample){.width = WIDTH, .height = HEIGHT, .grey = p->grey, .mask = p->mask};
}

/** Adds noise to the grey values, as speckle does. */
static void roughen(picture *p, int strength, uint64_t seed) {
    sm_random random = sm_random_make(seed);
    for (int i = 0; i < AREA; i++)
        p->grey[i] = (uint8_t)(p->grey[i] + sm_random_below(&random, 2 * strength) - strength);
}

static void add_lesion(picture *p, int grey, int left, int top, int width, int height) {
    for (int y = top; y < top + height; y++)
        for (int x = left; x < left + width; x++) {
            p->grey[y * WIDTH + x] = (uint8_t)grey;
            p->mask[y * WIDTH + x] = 255;
        }
}

static int make_fixture(void **state) {
    fixture *f = calloc(1, sizeof *f);
    if (!f) return -1;
    fill(&f->image, 100);
    fill(&f->other, 100);
    fill(&f->result, 0);
    f->scratch = sm_cover_scratch_create(WIDTH);
    *state = f;
    return f->scratch ? 0 : -1;
}

static int free_fixture(void **state) {
    fixture *f = *state;
    sm_cover_scratch_free(f->scratch);
    free(f);
    return 0;
}

/* ---- crops ---- */

typedef struct place {
    int left, top, width, height;
} place;

/** Crops images whose grey values are the column and the row, and returns where the crop comes from. */
static bool crop_place(fixture *f, uint64_t seed, place *result) {
    static picture columns;
    fill(&columns, 0);
    for (int i = 0; i < AREA; i++) {
        columns.grey[i] = (uint8_t)(100 + i % WIDTH);
        columns.mask[i] = f->image.mask[i];
        f->image.grey[i] = (uint8_t)(100 + i / WIDTH);
    }
    if (!sm_crop_without_lesion(&columns.sample, seed, &f->result.sample)) return false;
    *result = (place){.left = f->result.grey[0] - 100, .width = f->result.sample.width};
    for (int i = 0; i < result->width * f->result.sample.height; i++)
        assert_int_equal(f->result.grey[i], 100 + result->left + i % result->width);
    assert_true(sm_crop_without_lesion(&f->image.sample, seed, &f->result.sample));
    result->top = f->result.grey[0] - 100;
    result->height = f->result.sample.height;
    for (int i = 0; i < result->width * result->height; i++) {
        assert_int_equal(f->result.grey[i], 100 + result->top + i / result->width);
        assert_int_equal(f->result.mask[i], 0);
    }
    return true;
}

static void test_crops_hold_no_lesion(void **state) {
    fixture *f = *state;
    add_lesion(&f->image, 0, 55, 43, 10, 9);
    int beside = 0, above = 0, below = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        place p;
        assert_true(crop_place(f, seed, &p));
        assert_true(p.width >= 0.35 * WIDTH - 1 && p.height >= 0.35 * HEIGHT - 1);
        assert_true(p.width >= WIDTH / 4 && p.height >= WIDTH / 4);
        assert_true(p.width <= 2 * p.height && p.height <= 2 * p.width);
        assert_true(p.left >= 0 && p.top >= 0 && p.left + p.width <= WIDTH && p.top + p.height <= HEIGHT);
        /* At least two pixels from the lesion. */
        const bool left = p.left + p.width <= 55 - 2, right = p.left >= 65 + 2;
        const bool over = p.top + p.height <= 43 - 2, under = p.top >= 52 + 2;
        assert_true(left || right || over || under);
        beside += left || right;
        above += over;
        below += under;
    }
    /* Above and below there is not enough height for all seeds, but for some. */
    assert_true(beside > SEEDS / 4 && above + below > SEEDS / 8);
}

/** A weak lesion pixel at the edge of the mask counts, too. */
static void test_weak_mask_pixels_are_kept_out(void **state) {
    fixture *f = *state;
    f->image.mask[48 * WIDTH + 30] = f->image.mask[48 * WIDTH + 90] = 1;
    int done = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        place p;
        if (!crop_place(f, seed, &p)) continue;
        done++;
        assert_true(p.left > 92 || p.left + p.width <= 28 || p.top > 50 || p.top + p.height <= 46);
    }
    assert_true(done > SEEDS / 2);
}

static void test_impossible_crops(void **state) {
    fixture *f = *state;
    assert_false(sm_crop_without_lesion(&f->image.sample, 1, &f->result.sample)); /* no lesion */
    add_lesion(&f->image, 30, 30, 25, 60, 46);
    assert_false(sm_crop_without_lesion(&f->image.sample, 1, &f->result.sample)); /* no room on any side */
    assert_int_equal(f->result.sample.width, WIDTH);                              /* nothing was written */
}

/** There is room on the right only, and that is outside the picture, or nothing but faint noise. */
static void test_dark_crops_are_refused(void **state) {
    fixture *f = *state;
    for (int grey = 4; grey <= 25; grey += 21) {
        fill(&f->image, 100);
        add_lesion(&f->image, 50, 20, 20, 40, 60);
        for (int i = 0; i < AREA; i++)
            if (i % WIDTH > 62) f->image.grey[i] = (uint8_t)grey;
        for (uint64_t seed = 0; seed < SEEDS; seed++)
            assert_false(sm_crop_without_lesion(&f->image.sample, seed, &f->result.sample));
    }
    for (int i = 0; i < AREA; i++)
        if (i % WIDTH > 62) f->image.grey[i] = 80;
    assert_true(sm_crop_without_lesion(&f->image.sample, 1, &f->result.sample));
}

static void test_crop_seed_decides(void **state) {
    fixture *f = *state;
    add_lesion(&f->image, 0, 55, 43, 10, 9);
    place first, second, again;
    assert_true(crop_place(f, 3, &first) && crop_place(f, 4, &second) && crop_place(f, 3, &again));
    assert_memory_equal(&first, &again, sizeof first);
    assert_memory_not_equal(&first, &second, sizeof first);
}

/* ---- covered lesions ---- */

static bool cover(fixture *f, const sm_sample *other, uint64_t seed) {
    return sm_cover_lesions(&f->image.sample, &other, other ? 1 : 0, seed, f->scratch, &f->covered);
}

static bool cover_spot(fixture *f, const picture *shape, uint64_t seed) {
    return sm_cover_spot(&f->image.sample, &shape->sample, NULL, 0, seed, f->scratch, &f->covered);
}

static void test_no_pixel_of_a_lesion_is_left(void **state) {
    fixture *f = *state;
    add_lesion(&f->image, 40, 10, 30, 18, 14);
    add_lesion(&f->image, 30, 100, 50, 9, 12);
    for (int y = 29; y < 45; y++) { /* a soft edge of the mask */
        f->image.mask[y * WIDTH + 28] = 60;
        f->image.grey[y * WIDTH + 28] = 70;
    }
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        assert_true(cover(f, NULL, seed));
        assert_true(f->covered.width == WIDTH && f->covered.height == HEIGHT);
        for (int i = 0; i < AREA; i++) {
            assert_int_equal(f->covered.grey[i], 100);
            assert_int_equal(f->covered.mask[i], 0);
        }
    }
}

/** Standard deviation of the grey values in a box. */
static double spread(const uint8_t *grey, int left, int top, int width, int height) {
    double sum = 0, squares = 0;
    for (int y = top; y < top + height; y++)
        for (int x = left; x < left + width; x++) {
            sum += grey[y * WIDTH + x];
            squares += (double)grey[y * WIDTH + x] * grey[y * WIDTH + x];
        }
    const double count = width * height;
    return sqrt(squares / count - sum / count * sum / count);
}

/** Speckle covers the lesion, as strong as around it, and the image is unchanged at some distance. */
static void test_tissue_takes_the_place_of_the_lesion(void **state) {
    fixture *f = *state;
    roughen(&f->image, 20, 1);
    add_lesion(&f->image, 25, 50, 40, 20, 16);
    const double around = spread(f->image.grey, 10, 10, 30, 30);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        assert_true(cover(f, NULL, seed));
        const double inside = spread(f->covered.grey, 50, 40, 20, 16);
        assert_true(inside > 0.8 * around && inside < 1.2 * around);
        double mean = 0;
        for (int y = 40; y < 56; y++)
            for (int x = 50; x < 70; x++) mean += f->covered.grey[y * WIDTH + x] / (20.0 * 16.0);
        assert_true(fabs(mean - 100) < 4);
        for (int i = 0; i < AREA; i++) {
            const int x = i % WIDTH, y = i / WIDTH;
            if (x < 41 || x >= 79 || y < 31 || y >= 65) assert_int_equal(f->covered.grey[i], f->image.grey[i]);
        }
    }
}

/** The best of several pieces is taken: where bright and dark layers alternate, the covered part continues them. */
static void test_tissue_fits_into_its_layer(void **state) {
    fixture *f = *state;
    for (int i = 0; i < AREA; i++) f->image.grey[i] = i / WIDTH / 12 % 2 ? 120 : 80;
    add_lesion(&f->image, 20, 50, 40, 20, 16);
    int wrong = 0, done = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        if (!cover(f, NULL, seed)) continue;
        done++;
        for (int y = 40; y < 56; y++)
            for (int x = 50; x < 70; x++) wrong += abs(f->covered.grey[y * WIDTH + x] - (y / 12 % 2 ? 120 : 80)) > 15;
    }
    assert_true(done > SEEDS * 3 / 4);
    assert_true(wrong < 0.055 * done * 20 * 16); /* any piece that is not refused: 0.077 on average */
}

/** A lesion that leaves no room in its own image: the tissue of another image is used, with its brightness changed. */
static void test_another_image_gives_tissue(void **state) {
    fixture *f = *state;
    add_lesion(&f->image, 40, 20, 30, 75, 40);
    fill(&f->other, 80);
    assert_false(cover(f, NULL, 1));
    assert_true(cover(f, &f->other.sample, 1));
    for (int i = 0; i < AREA; i++) assert_int_equal(f->covered.grey[i], 100);
    add_lesion(&f->other, 80, 55, 0, 10, HEIGHT); /* a lesion that looks like tissue */
    assert_false(cover(f, &f->other.sample, 1));
}

/** Letters and the speckle of another scanner do not fit. */
static void test_other_textures_are_refused(void **state) {
    fixture *f = *state;
    roughen(&f->image, 10, 1);
    add_lesion(&f->image, 40, 20, 30, 75, 40);
    static const int strengths[] = {10, 40, 2};
    static const bool fits[] = {true, false, false};
    for (int k = 0; k < 3; k++) {
        fill(&f->other, 100);
        roughen(&f->other, strengths[k], 2);
        for (uint64_t seed = 0; seed < 5; seed++) assert_int_equal(cover(f, &f->other.sample, seed), fits[k]);
    }
}

static void test_impossible_covers(void **state) {
    fixture *f = *state;
    assert_false(cover(f, NULL, 1)); /* no lesion */
    fill(&f->image, 3);
    add_lesion(&f->image, 40, 50, 40, 10, 10);
    assert_false(cover(f, NULL, 1)); /* black is not tissue */
    fill(&f->image, 100);
    for (int k = 0; k < 20; k++) add_lesion(&f->image, 40, 3 + 29 * (k % 4), 2 + 20 * (k / 4), 2, 2);
    assert_false(cover(f, NULL, 1)); /* too many lesions */
    fill(&f->image, 100);
    add_lesion(&f->image, 40, 50, 40, 10, 10);
    assert_true(cover(f, NULL, 1));
    sm_cover_scratch *small = sm_cover_scratch_create(WIDTH - 1);
    assert_non_null(small);
    assert_false(sm_cover_lesions(&f->image.sample, NULL, 0, 1, small, &f->covered));
    assert_false(sm_cover_spot(&f->image.sample, &f->image.sample, NULL, 0, 1, small, &f->covered));
    sm_cover_scratch_free(small);
    assert_null(sm_cover_scratch_create(0));
    sm_cover_scratch_free(NULL);
}

/* ---- the same seam on spots without lesion ---- */

/** Bounding box and number of the pixels whose grey changed. */
static int changed(const fixture *f, place *box) {
    int left = WIDTH, top = HEIGHT, right = 0, bottom = 0, count = 0;
    for (int i = 0; i < AREA; i++) {
        if (f->covered.grey[i] == f->image.grey[i]) continue;
        const int x = i % WIDTH, y = i / WIDTH;
        if (x < left) left = x;
        if (x >= right) right = x + 1;
        if (y < top) top = y;
        bottom = y + 1;
        count++;
    }
    *box = (place){.left = left, .top = top, .width = right - left, .height = bottom - top};
    return count;
}

/** A covered spot changes as many pixels as a covered lesion of its shape, in a box of the same size. */
static void test_spots_look_like_covered_lesions(void **state) {
    fixture *f = *state;
    static picture shape;
    fill(&shape, 100);
    add_lesion(&shape, 40, 30, 36, 14, 10);
    add_lesion(&shape, 40, 34, 46, 6, 4);
    roughen(&f->image, 30, 3);
    static picture plain;
    plain = f->image;
    plain.sample.grey = plain.grey, plain.sample.mask = plain.mask;
    memcpy(f->image.mask, shape.mask, sizeof shape.mask);
    place erased, spot;
    assert_true(cover(f, NULL, 1));
    const int wanted = changed(f, &erased);
    memset(f->image.mask, 0, sizeof f->image.mask);
    int places = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        assert_true(cover_spot(f, &shape, seed));
        const int count = changed(f, &spot);
        if (spot.left == 0 || spot.left + spot.width == WIDTH) continue; /* cut off by the edge of the image */
        assert_in_range(count, wanted - wanted / 10, wanted + wanted / 10);
        assert_in_range(spot.width, erased.width - 2, erased.width + 2);
        assert_in_range(spot.height, erased.height - 2, erased.height + 2);
        assert_true(abs(spot.top - erased.top) <= 0.15 * HEIGHT + 2);
        places += abs(spot.left - erased.left) > 10;
    }
    assert_true(places > SEEDS / 3);
}

static void test_spots_leave_lesions_alone(void **state) {
    fixture *f = *state;
    static picture shape;
    fill(&shape, 100);
    add_lesion(&shape, 40, 30, 36, 14, 10);
    roughen(&f->image, 30, 3);
    add_lesion(&f->image, 20, 60, 30, 20, 20);
    int done = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        if (!cover_spot(f, &shape, seed)) continue;
        done++;
        assert_memory_equal(f->covered.mask, f->image.mask, AREA);
        int differs = 0;
        for (int i = 0; i < AREA; i++) {
            differs += f->covered.grey[i] != f->image.grey[i];
            if (f->image.mask[i])
                assert_int_equal(f->covered.grey[i], f->image.grey[i]);
            else
                assert_true(f->covered.grey[i] > 40); /* no tissue comes from the lesion */
        }
        assert_true(differs > 200);
    }
    assert_true(done > SEEDS / 2);
}

static void test_impossible_spots(void **state) {
    fixture *f = *state;
    static picture shape;
    fill(&shape, 100);
    assert_false(cover_spot(f, &shape, 1)); /* no shape */
    add_lesion(&shape, 40, 0, 0, WIDTH, 20);
    assert_false(cover_spot(f, &shape, 1)); /* no room for tissue */
    fill(&shape, 100);
    add_lesion(&shape, 40, 30, 30, 30, 30);
    add_lesion(&f->image, 40, 10, 10, 100, 76);
    assert_false(cover_spot(f, &shape, 1)); /* no spot without lesion */
    fill(&f->image, 100);
    f->image.sample.height = 20;
    assert_false(cover_spot(f, &shape, 1)); /* the shape is higher than the image */
}

static void test_cover_seed_decides(void **state) {
    fixture *f = *state;
    static picture shape;
    static uint8_t erased[AREA], spot[AREA];
    fill(&shape, 100);
    add_lesion(&shape, 40, 30, 36, 14, 10);
    roughen(&f->image, 20, 1);
    add_lesion(&f->image, 25, 50, 40, 20, 16);
    for (int run = 0; run < 2; run++) {
        assert_true(cover(f, NULL, 7));
        if (run == 0)
            memcpy(erased, f->covered.grey, AREA);
        else
            assert_memory_equal(erased, f->covered.grey, AREA);
        assert_true(cover(f, NULL, 8));
        assert_memory_not_equal(erased, f->covered.grey, AREA);
        uint64_t seed = 0;
        while (!cover_spot(f, &shape, seed)) seed++;
        if (run == 0)
            memcpy(spot, f->covered.grey, AREA);
        else
            assert_memory_equal(spot, f->covered.grey, AREA);
    }
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, make_fixture, free_fixture)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_crops_hold_no_lesion),
        WITH_FIXTURE(test_weak_mask_pixels_are_kept_out),
        WITH_FIXTURE(test_impossible_crops),
        WITH_FIXTURE(test_dark_crops_are_refused),
        WITH_FIXTURE(test_crop_seed_decides),
        WITH_FIXTURE(test_no_pixel_of_a_lesion_is_left),
        WITH_FIXTURE(test_tissue_takes_the_place_of_the_lesion),
        WITH_FIXTURE(test_tissue_fits_into_its_layer),
        WITH_FIXTURE(test_another_image_gives_tissue),
        WITH_FIXTURE(test_other_textures_are_refused),
        WITH_FIXTURE(test_impossible_covers),
        WITH_FIXTURE(test_spots_look_like_covered_lesions),
        WITH_FIXTURE(test_spots_leave_lesions_alone),
        WITH_FIXTURE(test_impossible_spots),
        WITH_FIXTURE(test_cover_seed_decides),
    };
    return cmocka_run_group_tests_name("negatives", tests, NULL, NULL);
}
