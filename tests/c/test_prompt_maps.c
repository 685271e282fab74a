/* Clicks and boxes as input maps of the decoder. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/prompt_maps.h"
#include "assert_near.h"
#include "test_random.h"

enum { SIZE = 64, INSIDE = 0, OUTSIDE = 1, BOX = 2, PRESENT = 3, CHANNELS = 4 };

static float maps[SIZE * SIZE * CHANNELS];

static float at(int side, int column, int row, int channel) { return maps[(row * side + column) * CHANNELS + channel]; }

/** Draws into maps filled with NaN, so that a cell that is not written is found. */
static void draw(const sm_square_prompts *prompts, int level) {
    assert_int_equal(SM_PROMPT_CHANNELS, CHANNELS);
    for (int i = 0; i < SIZE * SIZE * CHANNELS; i++) maps[i] = NAN;
    sm_prompt_maps(prompts, SIZE, level, maps);
    const int count = (SIZE >> level) * (SIZE >> level) * CHANNELS;
    for (int i = 0; i < count; i++) assert_true(maps[i] >= 0 && maps[i] <= 1);
    for (int i = count; i < SIZE * SIZE * CHANNELS; i++) assert_true(isnan(maps[i])); /* nothing beyond the maps */
}

static void draw_clicks(const sm_square_click *clicks, int count, int level) {
    draw(&(sm_square_prompts){.clicks = clicks, .click_count = count}, level);
}

/** The value that a click at (x, y) cells gives to a cell, by the header's definition. */
static double gaussian(double x, double y, int column, int row) {
    const double dx = column + 0.5 - x, dy = row + 0.5 - y;
    return exp(-0.5 * (dx * dx + dy * dy) / (1.5 * 1.5));
}

static void assert_channel(int side, int channel, double expected) {
    for (int row = 0; row < side; row++)
        for (int column = 0; column < side; column++) assert_near(at(side, column, row, channel), expected, 0);
}

static void test_without_prompts_the_maps_are_zero(void **state) {
    (void)state;
    const sm_square_prompts none = {0};
    assert_false(sm_prompts_show_lesion(&none));
    for (int level = 0; level <= 5; level++) {
        draw(&none, level);
        for (int channel = 0; channel < CHANNELS; channel++) assert_channel(SIZE >> level, channel, 0);
    }
}

/** A click between pixels, at every level: a Gaussian over the cell centres near it, nothing far away. */
static void test_a_click_is_a_gaussian(void **state) {
    (void)state;
    for (int inside = 0; inside < 2; inside++)
        for (int level = 0; level <= 5; level++) {
            const sm_square_click click = {.x = 21.3f, .y = 40.75f, .inside = inside};
            draw_clicks(&click, 1, level);
            const int side = SIZE >> level, channel = inside ? INSIDE : OUTSIDE;
            const double x = 21.3 / (1 << level), y = 40.75 / (1 << level);
            for (int row = 0; row < side; row++)
                for (int column = 0; column < side; column++) {
                    const double distance = fmax(fabs(column + 0.5 - x), fabs(row + 0.5 - y));
                    const float value = at(side, column, row, channel);
                    if (distance <= 4) assert_near(value, gaussian(x, y, column, row), 1e-5);
                    if (distance >= 5) assert_near(value, 0, 0);
                }
            assert_channel(side, inside ? OUTSIDE : INSIDE, 0);
            assert_channel(side, BOX, 0);
            assert_channel(side, PRESENT, inside);
        }
    /* On a cell's centre the value is 1. */
    draw_clicks(&(sm_square_click){.x = 8.5f, .y = 3.5f, .inside = true}, 1, 0);
    assert_near(at(SIZE, 8, 3, INSIDE), 1, 0);
    assert_near(at(SIZE, 9, 3, INSIDE), exp(-0.5 / 2.25), 1e-6);
}

static void test_of_overlapping_clicks_the_nearest_counts(void **state) {
    (void)state;
    static const sm_square_click clicks[] = {{20, 20, true}, {23, 21, true}, {22, 22, false}, {20, 20, true}};
    draw_clicks(clicks, 4, 0);
    for (int row = 18; row < 24; row++) /* all cells within reach of all clicks */
        for (int column = 19; column < 24; column++) {
            assert_near(at(SIZE, column, row, INSIDE),
                        fmax(gaussian(20, 20, column, row), gaussian(23, 21, column, row)), 1e-5);
            assert_near(at(SIZE, column, row, OUTSIDE), gaussian(22, 22, column, row), 1e-5);
        }
}

/** A box that begins and ends within cells: each cell holds its covered share, and the sum is the box's area. */
static void test_a_box_covers_shares_of_cells(void **state) {
    (void)state;
    const sm_square_prompts prompts = {.has_box = true, .left = 9, .top = 18.5f, .right = 26, .bottom = 31};
    assert_true(sm_prompts_show_lesion(&prompts));
    for (int level = 0; level <= 5; level++) {
        draw(&prompts, level);
        const int side = SIZE >> level;
        const double cell = 1 << level;
        double sum = 0;
        for (int row = 0; row < side; row++)
            for (int column = 0; column < side; column++) sum += (double)at(side, column, row, BOX);
        assert_near(sum * cell * cell, (26 - 9) * (31 - 18.5), 1e-3);
        assert_channel(side, INSIDE, 0);
        assert_channel(side, OUTSIDE, 0);
        assert_channel(side, PRESENT, 1);
    }
    draw(&prompts, 2); /* cells of 4 pixels: columns 2.25 to 6.5, rows 4.625 to 7.75 */
    assert_near(at(16, 1, 5, BOX), 0, 0);
    assert_near(at(16, 2, 5, BOX), 0.75, 1e-6);
    assert_near(at(16, 3, 5, BOX), 1, 0);
    assert_near(at(16, 6, 5, BOX), 0.5, 1e-6);
    assert_near(at(16, 7, 5, BOX), 0, 0);
    assert_near(at(16, 2, 4, BOX), 0.75 * 0.375, 1e-6);
    assert_near(at(16, 6, 7, BOX), 0.5 * 0.75, 1e-6);
}

/** Boxes that reach beyond the image are cut off; one without area covers nothing. */
static void test_boxes_beyond_the_image(void **state) {
    (void)state;
    draw(&(sm_square_prompts){.has_box = true, .left = -1e9f, .top = -20, .right = 1e9f, .bottom = 100}, 3);
    assert_channel(SIZE >> 3, BOX, 1);
    draw(&(sm_square_prompts){.has_box = true, .left = 70, .top = 70, .right = 90, .bottom = 90}, 3);
    assert_channel(SIZE >> 3, BOX, 0);
    draw(&(sm_square_prompts){.has_box = true, .left = 30, .top = 30, .right = 30, .bottom = 40}, 3);
    assert_channel(SIZE >> 3, BOX, 0);
}

static void test_the_present_channel_needs_a_lesion(void **state) {
    (void)state;
    const sm_square_click outside = {10, 10, false};
    const sm_square_click both[] = {outside, {30, 30, true}};
    assert_false(sm_prompts_show_lesion(&(sm_square_prompts){.clicks = &outside, .click_count = 1}));
    assert_true(sm_prompts_show_lesion(&(sm_square_prompts){.clicks = both, .click_count = 2}));
    draw_clicks(&outside, 1, 1);
    assert_channel(SIZE >> 1, PRESENT, 0);
    draw_clicks(both, 2, 1);
    assert_channel(SIZE >> 1, PRESENT, 1);
}

/** Clicks on the border, in the corners, and far outside: only cells of the image change. */
static void test_clicks_at_and_beyond_the_border(void **state) {
    (void)state;
    static const float places[] = {0, SIZE, -2.5f, SIZE + 2.5f, -1e9f, 1e9f};
    enum { PLACES = sizeof places / sizeof *places };
    for (int level = 0; level <= 5; level++)
        for (int i = 0; i < PLACES * PLACES; i++) {
            const sm_square_click click = {.x = places[i % PLACES], .y = places[i / PLACES], .inside = true};
            draw_clicks(&click, 1, level);
            const int side = SIZE >> level;
            const double cell = 1 << level, x = (double)click.x / cell, y = (double)click.y / cell;
            const int column = click.x <= 0 ? 0 : side - 1, row = click.y <= 0 ? 0 : side - 1;
            const double expected = gaussian(x, y, column, row);
            const bool reached = fabs(column + 0.5 - x) <= 4 && fabs(row + 0.5 - y) <= 4;
            assert_near(at(side, column, row, INSIDE), reached ? expected : 0, 1e-5);
        }
}

/** 1000 clicks give the maximum over each of them, in any order. */
static void test_many_clicks(void **state) {
    (void)state;
    enum { CLICKS = 1000 };
    static sm_square_click clicks[CLICKS], reversed[CLICKS];
    static float forward[16 * 16 * CHANNELS], single[16 * 16 * CHANNELS];
    uint32_t random = 4;
    for (int i = 0; i < CLICKS; i++) {
        const float x = 70 * (float)test_random_uniform(&random) - 3, y = 70 * (float)test_random_uniform(&random) - 3;
        clicks[i] = (sm_square_click){.x = x, .y = y, .inside = i % 3 == 0};
        reversed[CLICKS - 1 - i] = clicks[i];
    }
    draw_clicks(clicks, CLICKS, 2);
    memcpy(forward, maps, sizeof forward);
    draw_clicks(reversed, CLICKS, 2);
    assert_memory_equal(maps, forward, sizeof forward);
    for (int i = 0; i < CLICKS; i++) {
        draw_clicks(&clicks[i], 1, 2);
        for (int k = 0; k < 16 * 16 * CHANNELS; k++)
            if (maps[k] > single[k]) single[k] = maps[k];
    }
    for (int k = 0; k < 16 * 16; k++) /* the last channel is 1 since some clicks are inside */
        assert_memory_equal(&forward[(ptrdiff_t)k * CHANNELS], &single[(ptrdiff_t)k * CHANNELS],
                            CHANNELS * sizeof(float));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_prompts_the_maps_are_zero),
        cmocka_unit_test(test_a_click_is_a_gaussian),
        cmocka_unit_test(test_of_overlapping_clicks_the_nearest_counts),
        cmocka_unit_test(test_a_box_covers_shares_of_cells),
        cmocka_unit_test(test_boxes_beyond_the_image),
        cmocka_unit_test(test_the_present_channel_needs_a_lesion),
        cmocka_unit_test(test_clicks_at_and_beyond_the_border),
        cmocka_unit_test(test_many_clicks),
    };
    return cmocka_run_group_tests_name("prompt maps", tests, NULL, NULL);
}
