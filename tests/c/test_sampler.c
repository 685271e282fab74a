/* Sampling of training images: balanced draws, the same order for the same seed, and the class shift. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../native/data/sources.h"
#include "../../native/progress.h"
#include "../../native/train/sampler.h"

enum { MAXIMUM = 128 };

/** Records of given sources and classes. */
typedef struct listing {
    sm_record records[MAXIMUM];
    const sm_record *pointers[MAXIMUM];
    int count;
} listing;

static void add(listing *list, int number, char *source, sm_class type) {
    for (int i = 0; i < number; i++) {
        list->records[list->count] = (sm_record){.classes = sm_class_set_of(type), .source = source};
        list->pointers[list->count] = &list->records[list->count];
        list->count++;
    }
}

static sm_sampler *sampler_of(const listing *list, float balance, float normals) {
    sm_sampler *sampler = NULL;
    assert_int_equal(sm_sampler_create(list->pointers, list->count, balance, normals, &sampler, NULL), SM_OK);
    return sampler;
}

static void shift_of(const listing *list, float balance, float pasted, float shift[SM_CLASS_COUNT]) {
    sm_sampler *sampler = sampler_of(list, balance, 0);
    const sm_class_changes changes = {.pasted = pasted};
    sm_sampler_class_shift(sampler, 1, &changes, shift);
    sm_sampler_free(sampler);
}

static void test_without_balance_every_image_is_drawn_once(void **state) {
    (void)state;
    static listing list;
    char source[] = "phantoms";
    add(&list, 80, source, SM_CLASS_BENIGN);
    add(&list, 20, source, SM_CLASS_NORMAL);
    sm_sampler *sampler = sampler_of(&list, 0, 0);
    int order[3][MAXIMUM];
    for (int epoch = 0; epoch < 3; epoch++) {
        int seen[MAXIMUM] = {0};
        assert_int_equal(sm_sampler_order(sampler, 5, epoch, 1, order[epoch], NULL), SM_OK);
        for (int i = 0; i < list.count; i++) seen[order[epoch][i]]++;
        for (int i = 0; i < list.count; i++) assert_int_equal(seen[i], 1);
    }
    assert_memory_not_equal(order[0], order[1], sizeof(int[100]));
    assert_memory_not_equal(order[1], order[2], sizeof(int[100]));
    assert_int_equal(sm_sampler_order(sampler, 5, 0, 1, order[1], NULL), SM_OK);
    assert_memory_equal(order[0], order[1], sizeof(int[100]));
    assert_int_equal(sm_sampler_order(sampler, 6, 0, 1, order[1], NULL), SM_OK);
    assert_memory_not_equal(order[0], order[1], sizeof(int[100]));
    sm_sampler_free(sampler);
}

/** Kinds are pairs of data set and class: 50 benign of a, 10 benign of b, 5 malignant of b. */
static void test_balance_draws_rare_kinds_more_often(void **state) {
    (void)state;
    static listing list;
    char a[] = "a", b[] = "b", another_a[] = "a"; /* equal names in two places in memory */
    add(&list, 25, a, SM_CLASS_BENIGN);
    add(&list, 25, another_a, SM_CLASS_BENIGN);
    add(&list, 10, b, SM_CLASS_BENIGN);
    add(&list, 5, b, SM_CLASS_MALIGNANT);
    static const int sizes[] = {50, 10, 5};
    static const float balances[] = {0.5f, 1};
    for (int k = 0; k < 2; k++) {
        double total = 0;
        for (int kind = 0; kind < 3; kind++) total += pow(sizes[kind], 1 - (double)balances[k]);
        sm_sampler *sampler = sampler_of(&list, balances[k], 0);
        for (int epoch = 0; epoch < 20; epoch++) {
            int order[MAXIMUM], seen[MAXIMUM] = {0};
            assert_int_equal(sm_sampler_order(sampler, 9, epoch, 1, order, NULL), SM_OK);
            for (int i = 0; i < list.count; i++) seen[order[i]]++;
            for (int i = 0; i < list.count; i++) {
                const int size = sizes[i < 50 ? 0 : i < 60 ? 1 : 2];
                const double expected = list.count * pow(size, -(double)balances[k]) / total;
                assert_true(seen[i] >= floor(expected - 1e-9) && seen[i] <= ceil(expected + 1e-9));
            }
        }
        sm_sampler_free(sampler);
    }
}

/** Orders and shift computed by an earlier version, which counted each kind again for each record. */
static void test_orders_equal_recorded_ones(void **state) {
    (void)state;
    static listing list;
    static char sources[][2] = {"a", "b", "a", "a", "c", "a", "a", "b", "a", "a", "a", "b"};
    static const int types[] = {1, 1, 2, 1, 0, 1, 0, 2, 1, 1, 2, 1};
    static const float balances[] = {0, 0.5f, 1, 0.5f};
    static const int expected[4][12] = {{1, 0, 6, 4, 2, 7, 10, 11, 9, 5, 3, 8},
                                        {2, 6, 7, 8, 4, 7, 11, 9, 4, 10, 1, 3},
                                        {5, 1, 4, 11, 6, 4, 2, 0, 10, 7, 7, 6},
                                        {8, 11, 7, 6, 2, 1, 9, 6, 0, 7, 10, 4}};
    for (int i = 0; i < 12; i++) add(&list, 1, sources[i], (sm_class)types[i]);
    for (int epoch = 0; epoch < 4; epoch++) {
        int order[12];
        sm_sampler *sampler = sampler_of(&list, balances[epoch], 0);
        assert_int_equal(sm_sampler_order(sampler, 5, epoch, 1, order, NULL), SM_OK);
        assert_memory_equal(order, expected[epoch], sizeof order);
        sm_sampler_free(sampler);
    }
    float shift[SM_CLASS_COUNT];
    shift_of(&list, 0.5f, 0.3f, shift);
    assert_true(fabsf(shift[SM_CLASS_NORMAL] + 0.0407605842f) < 1e-7f);
    assert_true(fabsf(shift[SM_CLASS_BENIGN] - 0.174687743f) < 1e-7f);
    assert_true(fabsf(shift[SM_CLASS_MALIGNANT] + 0.297325522f) < 1e-7f);
}

static void test_class_shift_of_full_balance(void **state) {
    (void)state;
    static listing list;
    char source[] = "a";
    add(&list, 2, source, SM_CLASS_BENIGN);
    add(&list, 8, source, SM_CLASS_MALIGNANT);
    float shift[SM_CLASS_COUNT];
    shift_of(&list, 1, 0, shift); /* each class is drawn as often as the other */
    assert_true(shift[SM_CLASS_NORMAL] == 0);
    assert_true(fabsf(shift[SM_CLASS_BENIGN] - logf(0.2f / 0.5f)) < 1e-6f);
    assert_true(fabsf(shift[SM_CLASS_MALIGNANT] - logf(0.8f / 0.5f)) < 1e-6f);
    shift_of(&list, 0, 0, shift);
    for (int c = 0; c < SM_CLASS_COUNT; c++) assert_true(fabsf(shift[c]) < 1e-6f);
}

/** Lesions are pasted into half of the normal images, as often benign as malignant ones. */
static void test_class_shift_of_pasted_lesions(void **state) {
    (void)state;
    static listing list;
    char source[] = "a";
    add(&list, 5, source, SM_CLASS_NORMAL);
    add(&list, 4, source, SM_CLASS_BENIGN);
    add(&list, 1, source, SM_CLASS_MALIGNANT);
    float shift[SM_CLASS_COUNT];
    shift_of(&list, 0, 0.5f, shift);
    assert_true(fabsf(shift[SM_CLASS_NORMAL] - logf(0.5f / 0.25f)) < 1e-6f);
    assert_true(fabsf(shift[SM_CLASS_BENIGN] - logf(0.4f / 0.525f)) < 1e-6f);
    assert_true(fabsf(shift[SM_CLASS_MALIGNANT] - logf(0.1f / 0.225f)) < 1e-6f);
}

/** Images that augmentation makes normal, among them some whose kind of lesion is unknown. */
static void test_class_shift_of_images_made_normal(void **state) {
    (void)state;
    static listing list;
    char source[] = "a";
    add(&list, 2, source, SM_CLASS_NORMAL);
    add(&list, 5, source, SM_CLASS_BENIGN);
    add(&list, 3, source, SM_CLASS_MALIGNANT);
    add(&list, 4, source, SM_CLASS_BENIGN);
    for (int i = 10; i < 14; i++) list.records[i].classes = SM_CLASSES_LESION;
    sm_sampler *sampler = sampler_of(&list, 0, 0);
    sm_class_changes changes = {.pasted = 0.5f};
    changes.to_normal[1 << SM_CLASS_BENIGN] = 0.2f;    /* one of five */
    changes.to_normal[1 << SM_CLASS_MALIGNANT] = 0.5f; /* one and a half of three */
    changes.to_normal[SM_CLASSES_LESION] = 0.25f;      /* one of four */
    float shift[SM_CLASS_COUNT];
    sm_sampler_class_shift(sampler, 1, &changes, shift);
    /* 2 - 1 + 1 + 1.5 + 1 normal, 5 - 1 + 0.5 benign, 3 - 1.5 + 0.5 malignant of 11 with a known class */
    assert_true(fabsf(shift[SM_CLASS_NORMAL] - logf(0.2f / (4.5f / 11))) < 1e-6f);
    assert_true(fabsf(shift[SM_CLASS_BENIGN] - logf(0.5f / (4.5f / 11))) < 1e-6f);
    assert_true(fabsf(shift[SM_CLASS_MALIGNANT] - logf(0.3f / (2.0f / 11))) < 1e-6f);
    sm_sampler_free(sampler);
}

static int normals_drawn(const listing *list, float balance, float normals, double progress) {
    sm_sampler *sampler = sampler_of(list, balance, normals);
    int order[MAXIMUM], count = 0;
    assert_int_equal(sm_sampler_order(sampler, 4, 0, progress, order, NULL), SM_OK);
    for (int i = 0; i < list->count; i++) count += list->records[order[i]].classes == 1 << SM_CLASS_NORMAL;
    sm_sampler_free(sampler);
    return count;
}

/** Of 100 images, 10 are normal, 60 benign, 20 malignant and 10 of unknown class. */
static void test_share_of_normal_images_rises(void **state) {
    (void)state;
    static listing list;
    char a[] = "a", b[] = "b";
    add(&list, 10, a, SM_CLASS_NORMAL);
    add(&list, 60, a, SM_CLASS_BENIGN);
    add(&list, 20, b, SM_CLASS_MALIGNANT);
    add(&list, 10, b, SM_CLASS_BENIGN);
    for (int i = 90; i < 100; i++) list.records[i].classes = SM_CLASSES_ANY;
    static const double progress[] = {0, 0.2, 1.0 / 3, 0.5, 2.0 / 3, 0.9, 1};
    static const int expected[] = {10, 10, 10, 25, 40, 40, 40};
    for (int i = 0; i < 7; i++) {
        assert_in_range(normals_drawn(&list, 0, 0.4f, progress[i]), expected[i] - 1, expected[i] + 1);
        assert_int_equal(normals_drawn(&list, 0, 0, progress[i]), 10);
        assert_int_equal(normals_drawn(&list, 0, 0.05f, progress[i]), 10); /* the share never falls */
    }
    /* The other kinds keep their shares among themselves, and the class shift uses the raised share. */
    sm_sampler *sampler = sampler_of(&list, 0, 0.4f);
    int order[MAXIMUM], benign = 0;
    assert_int_equal(sm_sampler_order(sampler, 4, 0, 1, order, NULL), SM_OK);
    for (int i = 0; i < 100; i++) benign += list.records[order[i]].classes == 1 << SM_CLASS_BENIGN;
    assert_in_range(benign, 39, 41); /* 60 * 60 / 90 */
    const sm_class_changes none = {0};
    float early[SM_CLASS_COUNT], late[SM_CLASS_COUNT];
    sm_sampler_class_shift(sampler, 0.3, &none, early);
    sm_sampler_class_shift(sampler, 0.7, &none, late);
    for (int c = 0; c < SM_CLASS_COUNT; c++) assert_true(fabsf(early[c]) < 1e-6f);
    const float known = 40 + 40 + 40.0f / 3; /* images of known class among 100 drawn ones */
    assert_true(fabsf(late[SM_CLASS_NORMAL] - logf(10.0f / 90 / (40 / known))) < 1e-5f);
    assert_true(fabsf(late[SM_CLASS_BENIGN] - logf(60.0f / 90 / (40 / known))) < 1e-5f);
    sm_sampler_free(sampler);
}

static void test_without_normal_images_nothing_rises(void **state) {
    (void)state;
    static listing list;
    char source[] = "a";
    add(&list, 30, source, SM_CLASS_BENIGN);
    add(&list, 10, source, SM_CLASS_MALIGNANT);
    sm_sampler *plain = sampler_of(&list, 0.5f, 0), *raised = sampler_of(&list, 0.5f, 0.4f);
    int orders[2][MAXIMUM];
    assert_int_equal(sm_sampler_order(plain, 3, 2, 0.8, orders[0], NULL), SM_OK);
    assert_int_equal(sm_sampler_order(raised, 3, 2, 0.8, orders[1], NULL), SM_OK);
    assert_memory_equal(orders[0], orders[1], sizeof(int[40]));
    sm_sampler_free(plain);
    sm_sampler_free(raised);
}

/** 100,000 images in 300 kinds. The time is printed and not asserted, since test machines differ. */
static void test_many_images(void **state) {
    (void)state;
    enum { COUNT = 100000, SOURCES = 100 };
    static char names[SOURCES][32];
    sm_record *records = calloc(COUNT, sizeof *records);
    const sm_record **pointers = calloc(COUNT, sizeof *pointers);
    int *order = calloc(COUNT, sizeof *order), *seen = calloc(COUNT, sizeof *seen);
    assert_true(records && pointers && order && seen);
    for (int s = 0; s < SOURCES; s++) snprintf(names[s], sizeof names[s], "source-%d", s);
    for (int i = 0; i < COUNT; i++) {
        records[i].source = names[(i / 7) % SOURCES];
        records[i].classes = sm_class_set_of((sm_class)(i % SM_CLASS_COUNT));
        pointers[i] = &records[i];
    }
    const double start = sm_clock();
    sm_sampler *sampler = NULL;
    assert_int_equal(sm_sampler_create(pointers, COUNT, 0.5f, 0, &sampler, NULL), SM_OK);
    const double counted = sm_clock();
    assert_int_equal(sm_sampler_order(sampler, 1, 0, 1, order, NULL), SM_OK);
    printf("%d images: kinds counted in %.1f ms, order of an epoch in %.1f ms\n", (int)COUNT, 1e3 * (counted - start),
           1e3 * (sm_clock() - counted));
    sm_sampler_free(sampler);
    for (int i = 0; i < COUNT; i++) {
        assert_in_range(order[i], 0, COUNT - 1);
        seen[order[i]]++;
    }
    for (int i = 0; i < COUNT; i++) assert_in_range(seen[i], 0, 2); /* kinds are almost equally large */
    free(seen);
    free(order);
    free(pointers);
    free(records);
}

/** Each of 3000 data sets twice: the hash table has many collisions. */
static void test_sources_are_numbered(void **state) {
    (void)state;
    enum { SOURCES = 3000, COUNT = 2 * SOURCES };
    static char names[SOURCES][32];
    static sm_record records[COUNT];
    static const sm_record *pointers[COUNT];
    static int numbers[COUNT];
    int source_count = 0;
    for (int i = 0; i < COUNT; i++) {
        if (i < SOURCES) snprintf(names[i], sizeof names[i], "%d", i);
        records[i].source = names[i % SOURCES];
        pointers[i] = &records[i];
    }
    assert_int_equal(sm_sources_number(pointers, COUNT, numbers, &source_count, NULL), SM_OK);
    assert_int_equal(source_count, SOURCES);
    for (int i = 0; i < COUNT; i++) assert_int_equal(numbers[i], i % SOURCES);
    assert_int_equal(sm_sources_number(pointers, 0, numbers, &source_count, NULL), SM_OK);
    assert_int_equal(source_count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_balance_every_image_is_drawn_once),
        cmocka_unit_test(test_balance_draws_rare_kinds_more_often),
        cmocka_unit_test(test_orders_equal_recorded_ones),
        cmocka_unit_test(test_class_shift_of_full_balance),
        cmocka_unit_test(test_class_shift_of_pasted_lesions),
        cmocka_unit_test(test_class_shift_of_images_made_normal),
        cmocka_unit_test(test_share_of_normal_images_rises),
        cmocka_unit_test(test_without_normal_images_nothing_rises),
        cmocka_unit_test(test_many_images),
        cmocka_unit_test(test_sources_are_numbered),
    };
    return cmocka_run_group_tests_name("sampler", tests, NULL, NULL);
}
