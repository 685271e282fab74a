/** The composer: which changes happen to which images, how often, and with which class. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../native/data/random.h"
#include "../../native/train/composer.h"

enum { SIDE = 64, AREA = SIDE * SIDE, COUNT = 18, SEEDS = 60 };

/** 4 normal, 4 benign and 4 malignant images, 2 lesions of unknown type, and images that must stay as they are: 2 of
 *  unknown class with the mask of a lesion, 1 malignant without mask, 1 of unknown class without mask. */
typedef struct fixture {
    sm_record records[COUNT];
    const sm_record *pointers[COUNT];
    sm_sample samples[COUNT];
    uint8_t grey[COUNT][AREA], mask[COUNT][AREA];
    int order[COUNT];
    sm_augmentation augmentation;
    sm_composer *composer;
} fixture;

enum { FIRST_LESION = 4, FIRST_KEPT = 14 };

/** Speckle of grey 90 to 110 with a dark lesion of side 10. */
static void draw(fixture *f, int index, bool lesion) {
    sm_random random = sm_random_make((uint64_t)index);
    memset(f->mask[index], 0, AREA);
    for (int i = 0; i < AREA; i++) f->grey[index][i] = (uint8_t)(90 + sm_random_below(&random, 20));
    const int left = 5 + sm_random_below(&random, SIDE - 20), top = 20 + sm_random_below(&random, 20);
    for (int y = top; y < top + 10; y++)
        for (int x = left; x < left + 10 && lesion; x++) {
            f->grey[index][y * SIDE + x] = 30;
            f->mask[index][y * SIDE + x] = 255;
        }
    f->samples[index] = (sm_sample){.width = SIDE, .height = SIDE, .grey = f->grey[index], .mask = f->mask[index]};
}

static int make_fixture(void **state) {
    static const sm_class_set classes[COUNT] = {
        1 << SM_CLASS_NORMAL,    1 << SM_CLASS_NORMAL,    1 << SM_CLASS_NORMAL,    1 << SM_CLASS_NORMAL,
        1 << SM_CLASS_BENIGN,    1 << SM_CLASS_BENIGN,    1 << SM_CLASS_BENIGN,    1 << SM_CLASS_BENIGN,
        1 << SM_CLASS_MALIGNANT, 1 << SM_CLASS_MALIGNANT, 1 << SM_CLASS_MALIGNANT, 1 << SM_CLASS_MALIGNANT,
        SM_CLASSES_LESION,       SM_CLASSES_LESION,       SM_CLASSES_ANY,          SM_CLASSES_ANY,
        1 << SM_CLASS_MALIGNANT, SM_CLASSES_ANY};
    static char source[] = "one";
    fixture *f = calloc(1, sizeof *f);
    if (!f) return -1;
    for (int i = 0; i < COUNT; i++) {
        const bool outlined = i >= FIRST_LESION && i < 16;
        f->records[i] = (sm_record){.classes = classes[i], .mask_count = outlined, .source = source};
        f->pointers[i] = &f->records[i];
        f->order[i] = i;
        draw(f, i, outlined);
    }
    f->augmentation = sm_augmentation_none();
    *state = f;
    return 0;
}

static int free_fixture(void **state) {
    fixture *f = *state;
    sm_composer_free(f->composer);
    free(f);
    return 0;
}

/** Creates the composer for `f->augmentation`. */
static void create(fixture *f) {
    sm_composer_free(f->composer);
    assert_int_equal(sm_composer_create(f->pointers, f->samples, COUNT, SIDE, &f->augmentation, &f->composer, NULL),
                     SM_OK);
    sm_composer_begin_epoch(f->composer, f->order, COUNT);
}

static bool is_empty(const sm_sample *sample) {
    for (int i = 0; i < sample->width * sample->height; i++)
        if (sample->mask[i]) return false;
    return true;
}

static uint64_t hash(const sm_sample *sample) {
    uint64_t result = (uint64_t)(sample->width * 1000 + sample->height);
    for (int i = 0; i < sample->width * sample->height; i++)
        result = sm_random_scatter(result ^ (uint64_t)(sample->grey[i] << 8 | sample->mask[i]));
    return result;
}

static void test_without_changes_images_are_the_own_ones(void **state) {
    fixture *f = *state;
    create(f);
    for (int i = 0; i < COUNT; i++) {
        sm_class_set classes;
        assert_ptr_equal(sm_composer_compose(f->composer, i, (uint64_t)i, &classes), &f->samples[i]);
        assert_int_equal(classes, f->records[i].classes);
    }
    float shares[SM_CLASSES_ANY + 1];
    sm_composer_normal_shares(f->composer, shares);
    for (int set = 0; set <= SM_CLASSES_ANY; set++) assert_true(shares[set] == 0);
}

/** Images with outlined lesions become normal and lose their mask; all others stay as they are. */
static void test_lesion_images_become_normal(void **state) {
    fixture *f = *state;
    for (int kind = 0; kind < 2; kind++) {
        f->augmentation.crop_probability = kind == 0;
        f->augmentation.erase_probability = kind == 1;
        create(f);
        int made = 0;
        for (int i = 0; i < COUNT; i++) {
            sm_class_set classes;
            const sm_sample *sample = sm_composer_compose(f->composer, i, (uint64_t)i, &classes);
            if (sample == &f->samples[i]) {
                assert_int_equal(classes, f->records[i].classes);
                continue;
            }
            made++;
            assert_true(i >= FIRST_LESION && i < FIRST_KEPT);
            assert_int_equal(classes, 1 << SM_CLASS_NORMAL);
            assert_true(is_empty(sample));
            for (int k = 0; k < sample->width * sample->height; k++) assert_true(sample->grey[k] >= 80);
            assert_int_equal(sample->width < SIDE || sample->height < SIDE, kind == 0);
        }
        assert_true(made >= 7); /* of ten */
    }
}

/** The expected shares are those that are drawn. */
static void test_shares_of_images_made_normal(void **state) {
    fixture *f = *state;
    f->augmentation.crop_probability = 0.3f;
    f->augmentation.erase_probability = 0.2f;
    create(f);
    int images[SM_CLASSES_ANY + 1] = {0}, normal[SM_CLASSES_ANY + 1] = {0}, crops = 0, erasures = 0;
    for (int i = 0; i < COUNT; i++)
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            sm_class_set classes;
            const sm_sample *sample =
                sm_composer_compose(f->composer, i, sm_random_derive(seed, (uint64_t)i), &classes);
            const sm_class_set own = f->records[i].classes;
            images[own]++;
            if (classes == own) continue;
            normal[own]++;
            crops += sample->width < SIDE || sample->height < SIDE;
            erasures += sample->width == SIDE && sample->height == SIDE;
        }
    float shares[SM_CLASSES_ANY + 1];
    sm_composer_normal_shares(f->composer, shares);
    for (int set = 1; set <= SM_CLASSES_ANY; set++)
        if (images[set] > 0) assert_true(fabs((double)shares[set] - (double)normal[set] / images[set]) < 0.07);
    assert_true(shares[1 << SM_CLASS_BENIGN] > 0.3f && shares[SM_CLASSES_LESION] > 0.2f);
    assert_true(shares[1 << SM_CLASS_NORMAL] == 0 && shares[SM_CLASSES_ANY] == 0);
    assert_true(crops > 1.1 * erasures && crops < 2 * erasures);
}

/** Shares of images with a seam among those that end with and without lesion. */
static void seam_shares(fixture *f, const int *order, int count, int seeds, double shares[2]) {
    int images[2] = {0}, seams[2] = {0};
    for (int place = 0; place < count; place++)
        for (uint64_t seed = 0; seed < (uint64_t)seeds; seed++) {
            const int i = order[place];
            sm_class_set classes;
            if (i >= FIRST_KEPT) continue;
            const sm_sample *sample =
                sm_composer_compose(f->composer, i, sm_random_derive(seed, (uint64_t)place), &classes);
            const int normal = classes == 1 << SM_CLASS_NORMAL;
            images[normal]++;
            seams[normal] += sample != &f->samples[i];
        }
    for (int normal = 0; normal < 2; normal++) shares[normal] = (double)seams[normal] / images[normal];
}

static void test_seams_are_no_sign_of_a_class(void **state) {
    fixture *f = *state;
    static const float erase_probabilities[] = {0, 0.15f};
    double shares[2];
    /* Three of the lesions leave no room for a seam. The other images have one the more often. */
    for (int i = FIRST_LESION; i < FIRST_LESION + 3; i++) memset(f->mask[i], 255, AREA);
    for (int k = 0; k < 2; k++) {
        f->augmentation.erase_probability = erase_probabilities[k];
        f->augmentation.seam_probability = 0.4f;
        create(f);
        seam_shares(f, f->order, COUNT, SEEDS, shares);
        assert_true(fabs(shares[0] - 0.4) < 0.07 && fabs(shares[1] - 0.4) < 0.07);
        /* Also in an epoch that draws other images: three normal ones for each one with a lesion. */
        int order[4 * COUNT];
        for (int i = 0; i < 4 * COUNT; i++) order[i] = i % 4 ? i % FIRST_LESION : FIRST_LESION + i % 8;
        sm_composer_begin_epoch(f->composer, order, 4 * COUNT);
        seam_shares(f, order, 4 * COUNT, SEEDS / 5, shares);
        assert_true(fabs(shares[0] - 0.4) < 0.07 && fabs(shares[1] - 0.4) < 0.07);
    }
}

static void test_seams_keep_mask_and_class(void **state) {
    fixture *f = *state;
    f->augmentation.seam_probability = 1;
    create(f);
    int changed = 0;
    for (int i = 0; i < COUNT; i++) {
        sm_class_set classes;
        const sm_sample *sample = sm_composer_compose(f->composer, i, (uint64_t)i, &classes);
        assert_int_equal(classes, f->records[i].classes);
        assert_memory_equal(sample->mask, f->samples[i].mask, AREA);
        changed += sample != &f->samples[i];
        if (i >= FIRST_KEPT) assert_ptr_equal(sample, &f->samples[i]);
    }
    assert_true(changed > FIRST_KEPT / 2);
}

static void test_marks_are_equally_frequent(void **state) {
    fixture *f = *state;
    f->augmentation.marks_probability = 0.3f;
    create(f);
    int marked[3] = {0}, images[3] = {0}; /* normal, with a lesion, unknown */
    for (int i = 0; i < COUNT; i++)
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            sm_class_set classes;
            const sm_sample *sample =
                sm_composer_compose(f->composer, i, sm_random_derive(seed, (uint64_t)i), &classes);
            const int kind = i < FIRST_LESION ? 0 : i < FIRST_KEPT ? 1 : 2;
            assert_int_equal(classes, f->records[i].classes);
            assert_memory_equal(sample->mask, f->samples[i].mask, AREA);
            images[kind]++;
            marked[kind] += memcmp(sample->grey, f->samples[i].grey, AREA) != 0;
        }
    for (int kind = 0; kind < 3; kind++) assert_true(fabs((double)marked[kind] / images[kind] - 0.3) < 0.05);
}

/** A lesion that fills its image is covered with tissue of an image whose lesions are all known, of the same device. */
static void test_images_that_give_tissue(void **state) {
    fixture *f = *state;
    static char sources[2][4] = {"one", "two"}, devices[2][2] = {"A", "B"};
    f->augmentation.erase_probability = 1;
    memset(f->mask[FIRST_LESION], 0, AREA);
    for (int y = 12; y < 52; y++) memset(f->mask[FIRST_LESION] + (ptrdiff_t)y * SIDE + 4, 255, 50);
    static const struct {
        sm_class_set classes;
        int masks, source, device;
        bool gives;
    } others[] = {{1 << SM_CLASS_NORMAL, 0, 0, 0, true},  {1 << SM_CLASS_NORMAL, 0, 1, 0, false},
                  {1 << SM_CLASS_NORMAL, 0, 0, 1, false}, {SM_CLASSES_ANY, 1, 0, 0, false},
                  {SM_CLASSES_ANY, 0, 0, 0, false},       {1 << SM_CLASS_BENIGN, 0, 0, 0, false}};
    for (int k = 0; k < 6; k++) {
        f->records[FIRST_LESION].device = devices[0];
        f->records[0] = (sm_record){.classes = others[k].classes,
                                    .mask_count = others[k].masks,
                                    .source = sources[others[k].source],
                                    .device = devices[others[k].device]};
        const sm_record *records[] = {&f->records[FIRST_LESION], &f->records[0]};
        const sm_sample samples[] = {f->samples[FIRST_LESION], f->samples[0]};
        sm_composer *composer = NULL;
        assert_int_equal(sm_composer_create(records, samples, 2, SIDE, &f->augmentation, &composer, NULL), SM_OK);
        int covered = 0;
        for (uint64_t seed = 0; seed < 20; seed++) {
            sm_class_set classes;
            covered += sm_composer_compose(composer, 0, seed, &classes) != &samples[0];
        }
        if (others[k].gives)
            assert_in_range(covered, 15, 20);
        else
            assert_int_equal(covered, 0);
        sm_composer_free(composer);
    }
}

/** With a normal image in the data set, those with a lesion give no tissue. */
static void test_normal_images_give_tissue_first(void **state) {
    fixture *f = *state;
    f->augmentation.erase_probability = 1;
    memset(f->mask[FIRST_LESION], 0, AREA);
    for (int y = 12; y < 52; y++) memset(f->mask[FIRST_LESION] + (ptrdiff_t)y * SIDE + 4, 255, 50);
    memset(f->mask[5], 0, AREA); /* its lesion is in a corner, where it takes no room */
    f->mask[5][0] = 255;
    const sm_record *records[] = {&f->records[FIRST_LESION], &f->records[0], &f->records[5]};
    const sm_sample samples[] = {f->samples[FIRST_LESION], f->samples[0], f->samples[5]};
    sm_composer *two = NULL, *three = NULL;
    assert_int_equal(sm_composer_create(records, samples, 2, SIDE, &f->augmentation, &two, NULL), SM_OK);
    assert_int_equal(sm_composer_create(records, samples, 3, SIDE, &f->augmentation, &three, NULL), SM_OK);
    for (uint64_t seed = 0; seed < 10; seed++) {
        sm_class_set classes;
        const uint64_t expected = hash(sm_composer_compose(two, 0, seed, &classes));
        assert_int_equal(hash(sm_composer_compose(three, 0, seed, &classes)), expected);
    }
    sm_composer_free(two);
    sm_composer_free(three);
}

/** The same seed gives the same bits, and switching marks off changes nothing else. */
static void test_seed_and_streams(void **state) {
    fixture *f = *state;
    f->augmentation = sm_augmentation_full();
    static uint64_t hashes[2][COUNT * SEEDS];
    static sm_class_set classes[3][COUNT * SEEDS];
    static bool emptied[3][COUNT * SEEDS];
    for (int run = 0; run < 3; run++) {
        if (run == 2) f->augmentation.marks_probability = 0;
        create(f);
        for (int n = 0; n < COUNT * 20; n++) {
            const int k = run == 1 ? COUNT * 20 - 1 - n : n; /* another order: nothing depends on earlier images */
            const sm_sample *sample = sm_composer_compose(f->composer, k % COUNT, (uint64_t)k, &classes[run][k]);
            if (run < 2) hashes[run][k] = hash(sample);
            emptied[run][k] = is_empty(sample);
        }
    }
    assert_memory_equal(hashes[0], hashes[1], sizeof hashes[0]);
    assert_memory_equal(classes[0], classes[1], sizeof classes[0]);
    assert_memory_equal(classes[0], classes[2], sizeof classes[0]);
    assert_memory_equal(emptied[0], emptied[2], sizeof emptied[0]);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, make_fixture, free_fixture)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_without_changes_images_are_the_own_ones),
        WITH_FIXTURE(test_lesion_images_become_normal),
        WITH_FIXTURE(test_shares_of_images_made_normal),
        WITH_FIXTURE(test_seams_are_no_sign_of_a_class),
        WITH_FIXTURE(test_seams_keep_mask_and_class),
        WITH_FIXTURE(test_marks_are_equally_frequent),
        WITH_FIXTURE(test_images_that_give_tissue),
        WITH_FIXTURE(test_normal_images_give_tissue_first),
        WITH_FIXTURE(test_seed_and_streams),
    };
    return cmocka_run_group_tests_name("composer", tests, NULL, NULL);
}
