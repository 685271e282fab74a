/** The expected Dice score of masks whose probabilities are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/data/random.h"
#include "../../src/expected_dice.h"
#include "assert_near.h"

static void certain_maps_score_one(void **state) {
    (void)state;
    const float map[] = {0, 1, 1, 0};
    const uint8_t mask[] = {0, 255, 255, 0};
    const uint8_t empty[] = {0, 0, 0, 0};
    const float nothing[] = {0, 0, 0, 0};
    assert_near((double)sm_expected_dice(map, mask, 4, 1, 2), 1, 0);
    assert_near((double)sm_expected_dice(nothing, empty, 4, 0, 2), 1, 0);
    /* The first and the last pixel count, too. */
    const float ends[] = {1, 0.25f, 0.25f, 0.5f};
    const uint8_t first[] = {255, 0, 0, 0}, last[] = {0, 0, 0, 255};
    assert_near(sm_expected_dice(ends, first, 4, 1, 1), 2 * 1 / (2.0 + 1), 1e-6);
    assert_near(sm_expected_dice(ends, last, 4, 1, 1), 2 * 0.5 / (2.0 + 1), 1e-6);
    assert_near((double)sm_expected_dice(nothing, empty, 4, 0.25, 2), 0.75, 1e-6);
    /* A pixel that is certainly lesion makes an empty mask wrong, for any type. */
    assert_near((double)sm_expected_dice(map, empty, 4, 0.25, 1), 0, 1e-6);
}

/** For lesions drawn pixel by pixel from the map, the mean Dice of the mask is near the expected one. */
static void agrees_with_drawn_truths(void **state) {
    (void)state;
    enum { PIXELS = 2000, DRAWS = 400 };
    float map[PIXELS];
    uint8_t mask[PIXELS];
    sm_random random = sm_random_make(3);
    for (int i = 0; i < PIXELS; i++) {
        map[i] = sm_random_uniform(&random) * sm_random_uniform(&random);
        mask[i] = map[i] >= 0.35f ? 255 : 0;
    }
    double sum = 0;
    for (int draw = 0; draw < DRAWS; draw++) {
        int both = 0;
        int either = 0;
        for (int i = 0; i < PIXELS; i++) {
            const int truth = sm_random_uniform(&random) < map[i];
            both += truth && mask[i];
            either += truth + (mask[i] != 0);
        }
        sum += 2.0 * both / either;
    }
    assert_near((double)sm_expected_dice(map, mask, PIXELS, 1, 1), sum / DRAWS, 0.003);
}

enum { WIDTH = 60, HEIGHT = 40 };

static void fill(float *map, int left, int top, int width, int height, float value) {
    for (int y = top; y < top + height; y++)
        for (int x = left; x < left + width; x++) map[y * WIDTH + x] = value;
}

static void lesions_are_judged_by_their_surroundings(void **state) {
    (void)state;
    float map[WIDTH * HEIGHT] = {0};
    uint8_t mask[WIDTH * HEIGHT];
    fill(map, 4, 4, 10, 10, 0.9f);
    fill(map, 46, 20, 8, 8, 0.9f);
    fill(map, 54, 20, 3, 8, 0.4f);  /* uncertain pixels next to the second one */
    fill(map, 25, 36, 10, 4, 0.4f); /* and some far from both */
    sm_mask_threshold(map, WIDTH * HEIGHT, 0.5f, mask);
    sm_lesion *lesions = NULL;
    int count = 0;
    assert_int_equal(sm_mask_components(mask, WIDTH, HEIGHT, 1, map, NULL, &lesions, &count, NULL), SM_OK);
    assert_int_equal(count, 2);
    assert_near((double)lesions[0].expected_dice, 2 * 90.0 / (90 + 100), 1e-5);
    const double inside = 64 * 0.9;
    assert_near((double)lesions[1].expected_dice, 2 * inside / (inside + 24 * 0.4 + 64), 1e-5);
    sm_expected_dice_temper(lesions, count, 2);
    assert_near((double)lesions[0].expected_dice, 180.0 / 190 * 180.0 / 190, 1e-5);
    free(lesions);
    assert_int_equal(sm_mask_components(mask, WIDTH, HEIGHT, 1, NULL, NULL, &lesions, &count, NULL), SM_OK);
    assert_near((double)lesions[0].expected_dice, 0, 0);
    free(lesions);
}

static void other_lesions_do_not_change_the_expected_dice(void **state) {
    (void)state;
    float map[WIDTH * HEIGHT] = {0};
    uint8_t mask[WIDTH * HEIGHT];
    fill(map, 10, 10, 10, 10, 1);
    fill(map, 22, 10, 10, 9, 1);
    sm_mask_threshold(map, WIDTH * HEIGHT, 0.5f, mask);
    sm_lesion *lesions = NULL;
    int count = 0;
    assert_int_equal(sm_mask_components(mask, WIDTH, HEIGHT, 1, map, NULL, &lesions, &count, NULL), SM_OK);
    assert_int_equal(count, 2);
    for (int i = 0; i < 2; i++) assert_near((double)lesions[i].expected_dice, 1, 1e-6);
    free(lesions);
}

/**
 * One uncertain pixel on each side counts up to a distance of half the lesion's width or height, and of at least 8
 * pixels, and not beyond. The pixels are 0.3, 0.2, 0.1 and 0.4, so that each of them can be recognised in the sum.
 */
static void surroundings_grow_with_the_lesion(void **state) {
    (void)state;
    static const struct {
        int left, top, width, height, margin_x, margin_y;
    } boxes[] = {{20, 12, 24, 18, 12, 9}, {24, 14, 10, 6, 8, 8}};
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++)
        for (int beyond = 0; beyond <= 1; beyond++) {
            const int left = boxes[i].left, top = boxes[i].top, width = boxes[i].width, height = boxes[i].height;
            const int margin_x = boxes[i].margin_x + beyond, margin_y = boxes[i].margin_y + beyond;
            float map[WIDTH * HEIGHT] = {0};
            uint8_t mask[WIDTH * HEIGHT];
            fill(map, left, top, width, height, 1);
            fill(map, left - margin_x, top, 1, 1, 0.3f);
            fill(map, left + width - 1 + margin_x, top, 1, 1, 0.2f);
            fill(map, left, top - margin_y, 1, 1, 0.1f);
            fill(map, left, top + height - 1 + margin_y, 1, 1, 0.4f);
            sm_mask_threshold(map, WIDTH * HEIGHT, 0.5f, mask);
            sm_lesion *lesions = NULL;
            int count = 0;
            assert_int_equal(sm_mask_components(mask, WIDTH, HEIGHT, 1, map, NULL, &lesions, &count, NULL), SM_OK);
            assert_int_equal(count, 1);
            const double area = width * height;
            assert_near(lesions[0].expected_dice, 2 * area / (2 * area + (beyond ? 0 : 1)), 1e-6);
            free(lesions);
        }
}

/** At the right border, the surroundings do not go on at the left border. */
static void surroundings_end_at_the_border(void **state) {
    (void)state;
    float map[WIDTH * HEIGHT] = {0};
    uint8_t mask[WIDTH * HEIGHT];
    fill(map, 46, 12, 12, 12, 1);
    fill(map, 0, 0, 4, HEIGHT, 0.4f);
    sm_mask_threshold(map, WIDTH * HEIGHT, 0.5f, mask);
    sm_lesion *lesions = NULL;
    int count = 0;
    assert_int_equal(sm_mask_components(mask, WIDTH, HEIGHT, 1, map, NULL, &lesions, &count, NULL), SM_OK);
    assert_int_equal(count, 1);
    assert_near(lesions[0].expected_dice, 1, 1e-6);
    free(lesions);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certain_maps_score_one),
        cmocka_unit_test(agrees_with_drawn_truths),
        cmocka_unit_test(lesions_are_judged_by_their_surroundings),
        cmocka_unit_test(other_lesions_do_not_change_the_expected_dice),
        cmocka_unit_test(surroundings_grow_with_the_lesion),
        cmocka_unit_test(surroundings_end_at_the_border),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
