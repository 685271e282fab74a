/** Copy-paste augmentation: the pasted lesion is complete, and the rest of the image is unchanged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "../../native/data/augment_paste.h"
#include "../../native/train/copy_paste.h"
#include "assert_near.h"

enum { SIDE = 64, AREA = SIDE * SIDE, SEEDS = 40 };

/** A constant grey with a square lesion of another grey. */
typedef struct picture {
    sm_sample sample;
    uint8_t grey[AREA], mask[AREA];
} picture;

static void draw(picture *p, uint8_t background, uint8_t lesion, int left, int top, int lesion_side) {
    memset(p->grey, background, sizeof p->grey);
    memset(p->mask, 0, sizeof p->mask);
    for (int y = top; y < top + lesion_side; y++)
        for (int x = left; x < left + lesion_side; x++) {
            p->grey[y * SIDE + x] = lesion;
            p->mask[y * SIDE + x] = 255;
        }
    p->sample = (sm_sample){.width = SIDE, .height = SIDE, .grey = p->grey, .mask = p->mask};
}

static int area(const uint8_t *mask) {
    int count = 0;
    for (int i = 0; i < AREA; i++) count += mask[i] >= 128;
    return count;
}

typedef struct fixture {
    picture recipient, donor;
    sm_paste_scratch *scratch;
    sm_sample result;
} fixture;

static int make_fixture(void **state) {
    fixture *f = calloc(1, sizeof *f);
    if (!f) return -1;
    draw(&f->recipient, 100, 0, 0, 0, 0);
    draw(&f->donor, 80, 40, 20, 30, 12);
    f->scratch = sm_paste_scratch_create(SIDE);
    *state = f;
    return f->scratch ? 0 : -1;
}

static int free_fixture(void **state) {
    fixture *f = *state;
    sm_paste_scratch_free(f->scratch);
    free(f);
    return 0;
}

static bool paste(fixture *f, uint64_t seed) {
    return sm_paste_lesion(&f->recipient.sample, &f->donor.sample, seed, f->scratch, &f->result);
}

static void test_pasted_lesion_is_complete(void **state) {
    fixture *f = *state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        assert_true(paste(f, seed));
        assert_int_equal(f->result.width, SIDE);
        assert_int_equal(area(f->result.mask), 12 * 12);
        for (int i = 0; i < AREA; i++)
            if (f->result.mask[i] >= 128) assert_int_equal(f->result.grey[i], 50); /* the gain is 100 / 80 */
    }
}

/**
 * The gain is the brightness of the recipient around the lesion, divided by that of the donor. In a recipient whose
 * grey grows linearly, that brightness is the grey at the lesion's centre.
 */
static void test_gain_follows_the_place(void **state) {
    fixture *f = *state;
    draw(&f->donor, 100, 120, 20, 30, 12);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) f->recipient.grey[y * SIDE + x] = (uint8_t)(30 + 2 * y + x / 2);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        assert_true(paste(f, seed));
        int first = 0;
        while (f->result.mask[first] < 128) first++;
        const double left = first % SIDE, top = first / SIDE; /* x / 2 is rounded down: 0.25 less on average */
        const double around = 30 + 2 * (top + 5.5) + (left + 5.5) / 2 - 0.25;
        assert_near(f->result.grey[first], 120 * around / 100, 1);
    }
}

static void test_rest_is_unchanged(void **state) {
    fixture *f = *state;
    draw(&f->donor, 100, 40, 20, 30, 12); /* equal surroundings: only the lesion changes */
    assert_true(paste(f, 5));
    for (int i = 0; i < AREA; i++)
        if (f->result.mask[i] < 128) assert_int_equal(f->result.grey[i], 100);
}

static void test_edge_fades(void **state) {
    fixture *f = *state;
    draw(&f->recipient, 200, 0, 0, 0, 0); /* the gain is limited to 1.6, so that 80 becomes 128 */
    assert_true(paste(f, 1));
    int between = 0, untouched = 0;
    for (int i = 0; i < AREA; i++) {
        between += f->result.grey[i] > 135 && f->result.grey[i] < 195;
        untouched += f->result.grey[i] == 200;
    }
    assert_true(between > 40);
    assert_true(untouched > AREA / 3);
}

static void test_depth_is_about_kept(void **state) {
    fixture *f = *state;
    bool other_place = false;
    int first_left = -1;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        assert_true(paste(f, seed));
        int first = 0;
        while (f->result.mask[first] < 128) first++;
        const int left = first % SIDE, top = first / SIDE;
        assert_in_range(top, 30 - 0.15 * SIDE - 2, 30 + 0.15 * SIDE + 2);
        if (first_left < 0) first_left = left;
        other_place = other_place || left != first_left;
    }
    assert_true(other_place);
}

static void test_lesions_stay_apart(void **state) {
    fixture *f = *state;
    draw(&f->recipient, 100, 60, 4, 28, 14);
    int pasted = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        if (!paste(f, seed)) continue;
        pasted++;
        assert_int_equal(area(f->result.mask), 12 * 12 + 14 * 14);
        for (int y = 28; y < 42; y++)
            for (int x = 4; x < 18; x++) assert_int_equal(f->result.grey[y * SIDE + x], 60);
    }
    assert_true(pasted > SEEDS / 2);
}

static void test_seed_decides(void **state) {
    fixture *f = *state;
    static uint8_t grey[AREA], mask[AREA];
    assert_true(paste(f, 7));
    memcpy(grey, f->result.grey, sizeof grey);
    memcpy(mask, f->result.mask, sizeof mask);
    assert_true(paste(f, 8));
    assert_memory_not_equal(mask, f->result.mask, sizeof mask);
    assert_true(paste(f, 7));
    assert_memory_equal(grey, f->result.grey, sizeof grey);
    assert_memory_equal(mask, f->result.mask, sizeof mask);
}

static void test_impossible_pastes(void **state) {
    fixture *f = *state;
    draw(&f->donor, 80, 0, 0, 0, 0);
    assert_false(paste(f, 1)); /* the donor has no lesion */
    draw(&f->donor, 80, 40, 2, 2, 60);
    draw(&f->recipient, 100, 60, 30, 30, 3);
    assert_false(paste(f, 1)); /* no place without overlap */
    draw(&f->donor, 80, 40, 20, 30, 12);
    draw(&f->recipient, 3, 0, 0, 0, 0);
    assert_false(paste(f, 1)); /* black is not tissue */
    draw(&f->recipient, 100, 0, 0, 0, 0);
    f->recipient.sample.height = 8;
    assert_false(paste(f, 1)); /* the recipient is too low */
    f->recipient.sample.height = SIDE;
    sm_paste_scratch *small = sm_paste_scratch_create(SIDE / 2);
    assert_false(sm_paste_lesion(&f->recipient.sample, &f->donor.sample, 1, small, &f->result));
    f->donor.sample.width = f->donor.sample.height = SIDE / 2; /* the recipient alone is too large */
    f->donor.mask[10 * SIDE / 2 + 10] = 255;
    assert_false(sm_paste_lesion(&f->recipient.sample, &f->donor.sample, 1, small, &f->result));
    sm_paste_scratch_free(small);
    assert_null(sm_paste_scratch_create(0));
    sm_paste_scratch_free(NULL);
}

/** Four images, one normal, two benign and one malignant, whose lesions have different greys. */
static void test_class_of_the_donor(void **state) {
    (void)state;
    static picture pictures[4];
    draw(&pictures[0], 100, 0, 0, 0, 0);
    draw(&pictures[1], 100, 20, 8, 30, 10);
    draw(&pictures[2], 100, 30, 40, 30, 10);
    draw(&pictures[3], 100, 60, 8, 30, 10);
    static const sm_record records[] = {{.classes = 1 << SM_CLASS_NORMAL},
                                        {.classes = 1 << SM_CLASS_BENIGN, .mask_count = 1},
                                        {.classes = 1 << SM_CLASS_BENIGN, .mask_count = 1},
                                        {.classes = 1 << SM_CLASS_MALIGNANT, .mask_count = 1}};
    const sm_record *pointers[4];
    sm_sample samples[4];
    for (int i = 0; i < 4; i++) pointers[i] = &records[i], samples[i] = pictures[i].sample;
    sm_copy_paste *copy_paste = sm_copy_paste_create(pointers, samples, 4, SIDE);
    assert_non_null(copy_paste);
    int types[SM_CLASS_COUNT] = {0};
    sm_class_set classes;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        assert_ptr_equal(sm_copy_paste_apply(copy_paste, 0, 0, seed, &classes), &samples[0]);
        assert_int_equal(classes, records[0].classes);

        const sm_sample *sample = sm_copy_paste_apply(copy_paste, 0, 1, seed, &classes);
        sm_class type = SM_CLASS_NORMAL;
        assert_true(sm_class_set_single(classes, &type));
        types[type]++;
        int darkest = 255;
        for (int i = 0; i < AREA; i++) darkest = sample->grey[i] < darkest ? sample->grey[i] : darkest;
        if (type == SM_CLASS_MALIGNANT) assert_int_equal(darkest, 60);
        if (type == SM_CLASS_BENIGN) assert_true(darkest == 20 || darkest == 30);

        sample = sm_copy_paste_apply(copy_paste, 1, 1, seed, &classes);
        assert_int_equal(classes, records[1].classes);
        for (int i = 0; i < AREA; i++) assert_int_not_equal(sample->grey[i], 60); /* 60 is of the malignant lesion */

        assert_ptr_equal(sm_copy_paste_apply(copy_paste, 3, 1, seed, &classes),
                         &samples[3]); /* no other image is of its class */
        assert_int_equal(classes, records[3].classes);
    }
    assert_true(types[SM_CLASS_BENIGN] > SEEDS / 5 && types[SM_CLASS_MALIGNANT] > SEEDS / 5);
    sm_copy_paste_free(copy_paste);
    sm_copy_paste_free(NULL);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, make_fixture, free_fixture)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_pasted_lesion_is_complete),
        WITH_FIXTURE(test_gain_follows_the_place),
        WITH_FIXTURE(test_rest_is_unchanged),
        WITH_FIXTURE(test_edge_fades),
        WITH_FIXTURE(test_depth_is_about_kept),
        WITH_FIXTURE(test_lesions_stay_apart),
        WITH_FIXTURE(test_seed_decides),
        WITH_FIXTURE(test_impossible_pastes),
        cmocka_unit_test(test_class_of_the_donor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
