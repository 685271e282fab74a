/** Perturbations of images, and the scores under them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/data/perturb.h"
#include "../../native/data/phantom.h"
#include "../../native/evaluate/robustness.h"
#include "assert_near.h"

enum { WIDTH = 120, HEIGHT = 90, SIZE = 60 };

static double difference(const sm_image *a, const uint8_t *grey) {
    double sum = 0;
    for (int i = 0; i < WIDTH * HEIGHT; i++) sum += abs(a->pixels[i] - grey[i]);
    return sum / (WIDTH * HEIGHT);
}

/* At its neutral strength a perturbation changes nothing; a larger strength changes more. */
static void perturbations_grow_with_their_strength(void **state) {
    (void)state;
    static const struct {
        sm_perturbation kind;
        double neutral, weak, strong, tolerance;
    } cases[] = {{SM_PERTURB_CONTRAST, 1, 0.8, 0.4, 0}, {SM_PERTURB_BRIGHTNESS, 0, 0.05, 0.3, 0},
                 {SM_PERTURB_BLUR, 0, 0.75, 4, 0},      {SM_PERTURB_SPECKLE, 0, 0.1, 0.4, 0},
                 {SM_PERTURB_JPEG, 100, 60, 8, 1.5},    {SM_PERTURB_DOWNSCALE, 1, 1.5, 4, 0}};
    sm_sample sample;
    assert_int_equal(sm_phantom_draw(WIDTH, HEIGHT, SM_CLASS_BENIGN, 3, &sample, NULL), SM_OK);
    const sm_image picture = {.width = WIDTH, .height = HEIGHT, .channels = 1, .pixels = sample.grey};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const double strengths[] = {cases[c].neutral, cases[c].weak, cases[c].strong};
        double changed[3];
        for (int s = 0; s < 3; s++) {
            sm_image image;
            uint8_t *mask;
            assert_int_equal(
                sm_perturb(cases[c].kind, strengths[s], &picture, sample.mask, SIZE, 1, &image, &mask, NULL), SM_OK);
            assert_true(image.width == WIDTH && image.height == HEIGHT && image.channels == 1);
            assert_memory_equal(mask, sample.mask, WIDTH * HEIGHT);
            changed[s] = difference(&image, sample.grey);
            sm_image_free(&image);
            free(mask);
        }
        if (!(changed[0] <= cases[c].tolerance && changed[0] < changed[1] && changed[1] < changed[2]))
            fail_msg("%s: %g, %g, %g", sm_perturbation_name(cases[c].kind), changed[0], changed[1], changed[2]);
    }
    sm_sample_free(&sample);
}

static void a_crop_cuts_image_and_mask(void **state) {
    (void)state;
    uint8_t rgba[10 * 8 * 4], mask[10 * 8];
    for (int i = 0; i < 80; i++) {
        for (int c = 0; c < 3; c++) rgba[4 * i + c] = (uint8_t)i;
        rgba[4 * i + 3] = i == 33 ? 0 : 255;
        mask[i] = (uint8_t)i;
    }
    const sm_image picture = {.width = 10, .height = 8, .channels = 4, .pixels = rgba};
    sm_image image;
    uint8_t *cut;
    assert_int_equal(sm_perturb(SM_PERTURB_CROP, 0.2, &picture, mask, SIZE, 1, &image, &cut, NULL), SM_OK);
    assert_true(image.width == 6 && image.height == 6 && image.channels == 3);
    for (int y = 0; y < 6; y++)
        for (int x = 0; x < 6; x++) {
            const int from = (y + 1) * 10 + x + 2;
            assert_int_equal(cut[y * 6 + x], from);
            assert_int_equal(image.pixels[3 * (y * 6 + x)], from == 33 ? 0 : from);
        }
    sm_image_free(&image);
    free(cut);
}

/* ---- single perturbations by hand ---- */

static void assert_grey(sm_perturbation kind, double strength, const uint8_t *from, int width, const int *expected) {
    uint8_t pixels[16], mask[16] = {0};
    memcpy(pixels, from, (size_t)width);
    const sm_image picture = {.width = width, .height = 1, .channels = 1, .pixels = pixels};
    sm_image image;
    uint8_t *changed_mask;
    assert_int_equal(sm_perturb(kind, strength, &picture, mask, SIZE, 1, &image, &changed_mask, NULL), SM_OK);
    for (int i = 0; i < width; i++) assert_int_equal(image.pixels[i], expected[i]);
    sm_image_free(&image);
    free(changed_mask);
}

static void contrast_and_brightness_by_hand(void **state) {
    (void)state;
    const uint8_t grey[2] = {100, 200};
    assert_grey(SM_PERTURB_CONTRAST, 0.5, grey, 2, (const int[]){125, 175});
    assert_grey(SM_PERTURB_CONTRAST, 1.5, grey, 2, (const int[]){75, 225});
    assert_grey(SM_PERTURB_CONTRAST, 4, grey, 2, (const int[]){0, 255});
    assert_grey(SM_PERTURB_BRIGHTNESS, 0.2, grey, 2, (const int[]){151, 251});
    assert_grey(SM_PERTURB_BRIGHTNESS, -0.2, grey, 2, (const int[]){49, 149});
    assert_grey(SM_PERTURB_BRIGHTNESS, 0.3, grey, 2, (const int[]){177, 255}); /* 176.5 is rounded up */
    assert_grey(SM_PERTURB_BRIGHTNESS, -0.5, grey, 2, (const int[]){0, 73});
}

static void blur_is_a_gaussian(void **state) {
    (void)state;
    enum { SIDE = 11, MIDDLE = 5 };
    uint8_t pixels[SIDE * SIDE] = {0}, mask[SIDE * SIDE] = {0};
    pixels[MIDDLE * SIDE + MIDDLE] = 255;
    const sm_image picture = {.width = SIDE, .height = SIDE, .channels = 1, .pixels = pixels};
    sm_image image;
    uint8_t *changed_mask;
    /* A sigma of 0.5 in an input of half the size is 1 pixel of the image; the kernel ends at 3 sigma. */
    assert_int_equal(sm_perturb(SM_PERTURB_BLUR, 0.5, &picture, mask, SIDE / 2 + 1, 1, &image, &changed_mask, NULL),
                     SM_OK);
    const double sigma = 0.5 * SIDE / (SIDE / 2 + 1);
    double total = 0;
    for (int k = -3; k <= 3; k++) total += exp(-0.5 * k * k / (sigma * sigma));
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const int dx = x - MIDDLE, dy = y - MIDDLE;
            const bool in_reach = abs(dx) <= 3 && abs(dy) <= 3;
            const double value =
                in_reach ? 255 * exp(-0.5 * (dx * dx + dy * dy) / (sigma * sigma)) / (total * total) : 0;
            assert_near(image.pixels[y * SIDE + x], value, 0.51);
        }
    sm_image_free(&image);
    free(changed_mask);
}

static void speckle_has_its_deviation_and_keeps_grey(void **state) {
    (void)state;
    enum { SIDE = 100, COUNT = SIDE * SIDE };
    static uint8_t pixels[3 * COUNT], mask[COUNT];
    memset(pixels, 100, sizeof pixels);
    const sm_image picture = {.width = SIDE, .height = SIDE, .channels = 3, .pixels = pixels};
    sm_image images[3];
    static const uint64_t seeds[3] = {1, 1, 2};
    for (int i = 0; i < 3; i++) {
        uint8_t *changed_mask;
        assert_int_equal(
            sm_perturb(SM_PERTURB_SPECKLE, 0.2, &picture, mask, SIZE, seeds[i], &images[i], &changed_mask, NULL),
            SM_OK);
        free(changed_mask);
    }
    assert_memory_equal(images[0].pixels, images[1].pixels, 3 * COUNT);
    assert_memory_not_equal(images[0].pixels, images[2].pixels, 3 * COUNT);
    double sum = 0, squares = 0;
    for (int i = 0; i < COUNT; i++) {
        const uint8_t *pixel = images[0].pixels + (ptrdiff_t)3 * i;
        assert_true(pixel[0] == pixel[1] && pixel[1] == pixel[2]);
        sum += pixel[0];
        squares += (pixel[0] - 100.0) * (pixel[0] - 100.0);
    }
    assert_near(sum / COUNT, 100, 1);
    assert_near(sqrt(squares / COUNT), 20, 0.6);
    for (int i = 0; i < 3; i++) sm_image_free(&images[i]);
}

static void lower_resolution_loses_detail_only(void **state) {
    (void)state;
    enum { SIDE = 32 };
    uint8_t pixels[SIDE * SIDE], mask[SIDE * SIDE] = {0};
    sm_image image;
    uint8_t *changed_mask;
    /* Columns of alternating 0 and 200 become about their mean; the two halves of the image keep theirs. */
    for (int i = 0; i < SIDE * SIDE; i++) pixels[i] = i % SIDE < SIDE / 2 ? (i % 2 ? 200 : 0) : 50;
    const sm_image picture = {.width = SIDE, .height = SIDE, .channels = 1, .pixels = pixels};
    assert_int_equal(sm_perturb(SM_PERTURB_DOWNSCALE, 4, &picture, mask, SIZE, 1, &image, &changed_mask, NULL), SM_OK);
    assert_near(image.pixels[5 * SIDE + 4], 100, 20);
    assert_near(image.pixels[5 * SIDE + 5], 100, 20);
    assert_int_equal(image.pixels[5 * SIDE + SIDE - 4], 50);
    sm_image_free(&image);
    free(changed_mask);
}

static void every_strength_is_listed(void **state) {
    (void)state;
    static const struct {
        sm_perturbation kind;
        int count;
        double strengths[6];
    } expected[SM_PERTURBATIONS] = {{SM_PERTURB_CONTRAST, 6, {0.4, 0.65, 0.8, 1.25, 1.5, 2}},
                                    {SM_PERTURB_BRIGHTNESS, 4, {-0.3, -0.15, 0.15, 0.3}},
                                    {SM_PERTURB_BLUR, 4, {0.75, 1.5, 3, 4.5}},
                                    {SM_PERTURB_SPECKLE, 4, {0.1, 0.2, 0.3, 0.4}},
                                    {SM_PERTURB_JPEG, 5, {90, 70, 50, 30, 10}},
                                    {SM_PERTURB_DOWNSCALE, 4, {1.5, 2, 3, 4}},
                                    {SM_PERTURB_CROP, 4, {0.05, 0.1, 0.15, 0.2}}};
    const sm_robustness robustness = sm_robustness_make();
    int point = 1;
    for (int k = 0; k < SM_PERTURBATIONS; k++)
        for (int i = 0; i < expected[k].count; i++, point++) {
            assert_int_equal(robustness.points[point].kind, expected[k].kind);
            assert_near(robustness.points[point].strength, expected[k].strengths[i], 1e-6);
        }
    assert_int_equal(point, SM_ROBUSTNESS_POINTS);
}

static void the_study_has_five_perturbations(void **state) {
    (void)state;
    sm_robustness robustness = sm_robustness_make();
    int study = 0;
    for (int p = 0; p < SM_ROBUSTNESS_POINTS; p++) {
        study += robustness.points[p].study;
        robustness.points[p].lesion_images = 2;
        robustness.points[p].dice = robustness.points[p].study ? 1.6 : 1.0;
    }
    assert_int_equal(study, 5);
    assert_near(sm_robustness_study_dice(&robustness), 0.8, 1e-12);
    assert_true(robustness.points[0].kind == SM_PERTURBATIONS &&
                robustness.points[SM_ROBUSTNESS_POINTS - 1].kind == SM_PERTURB_CROP);
    assert_true(isnan(sm_robustness_accuracy(&robustness.points[0])));
    assert_true(isnan(sm_robustness_false_masks(&robustness.points[0])));
    assert_true(isnan(sm_robustness_dice(&(sm_robustness_point){.dice = 0})));
    const sm_robustness_point point = {
        .images = 6, .typed_images = 5, .right = 3, .lesion_images = 4, .normal_images = 1, .dice = 3, .masks = 1};
    assert_near(sm_robustness_accuracy(&point), 0.6, 1e-12);
    assert_near(sm_robustness_dice(&point), 0.75, 1e-12);
    assert_near(sm_robustness_false_masks(&point), 1, 0);
    assert_true(isnan(sm_robustness_study_dice(&(sm_robustness){0})));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(perturbations_grow_with_their_strength),
        cmocka_unit_test(a_crop_cuts_image_and_mask),
        cmocka_unit_test(contrast_and_brightness_by_hand),
        cmocka_unit_test(blur_is_a_gaussian),
        cmocka_unit_test(speckle_has_its_deviation_and_keeps_grey),
        cmocka_unit_test(lower_resolution_loses_detail_only),
        cmocka_unit_test(every_strength_is_listed),
        cmocka_unit_test(the_study_has_five_perturbations),
    };
    return cmocka_run_group_tests_name("robustness", tests, NULL, NULL);
}
