/** Where simulated clicks fall. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "../../native/train/click_choice.h"

enum { SIDE = 32, AREA = SIDE * SIDE, SEEDS = 200 };

static void fill(float *values, int left, int top, int right, int bottom, float value) {
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++) values[y * SIDE + x] = value;
}

static sm_click_canvas make_canvas(void) {
    sm_click_canvas canvas;
    assert_int_equal(sm_click_canvas_create(SIDE, &canvas, NULL), SM_OK);
    memset(canvas.set, 0, AREA);
    return canvas;
}

/** Every pixel of the lesion is chosen at some time, and no other. */
static void test_any_pixel_of_the_lesion(void **state) {
    (void)state;
    sm_click_canvas canvas = make_canvas();
    sm_random random = sm_random_make(1);
    float x, y;
    assert_false(sm_click_on_any(&canvas, &random, &x, &y));
    canvas.set[5 * SIDE + 7] = canvas.set[5 * SIDE + 8] = canvas.set[20 * SIDE + 30] = 1;
    int hits[3] = {0};
    for (int i = 0; i < SEEDS; i++) {
        assert_true(sm_click_on_any(&canvas, &random, &x, &y));
        if (y == 5.5f && x == 7.5f)
            hits[0]++;
        else if (y == 5.5f && x == 8.5f)
            hits[1]++;
        else {
            assert_true(y == 20.5f && x == 30.5f);
            hits[2]++;
        }
    }
    for (int k = 0; k < 3; k++) assert_true(hits[k] > SEEDS / 6);
    sm_click_canvas_free(&canvas);
}

static void test_box_of_one_component(void **state) {
    (void)state;
    sm_click_canvas canvas = make_canvas();
    for (int y = 4; y < 9; y++)
        for (int x = 3; x < 6; x++) canvas.set[y * SIDE + x] = 1;
    canvas.set[20 * SIDE + 20] = 1;
    int box[4];
    assert_int_equal(sm_click_component_box(&canvas, 4.5f, 6.5f, box, NULL), SM_OK);
    assert_int_equal(box[0], 3);
    assert_int_equal(box[1], 4);
    assert_int_equal(box[2], 6);
    assert_int_equal(box[3], 9);
    sm_click_canvas_free(&canvas);
}

/** The larger error wins: a missed part gets a click inside, a false one a click outside; both lie in it. */
static void test_largest_error(void **state) {
    (void)state;
    sm_click_canvas canvas = make_canvas();
    float logits[AREA], target[AREA] = {0};
    fill(logits, 0, 0, SIDE, SIDE, -1);
    fill(target, 2, 2, 12, 12, 1);   /* missed: 100 pixels */
    fill(logits, 20, 20, 28, 28, 1); /* false: 64 pixels */
    sm_random random = sm_random_make(2);
    sm_square_click click;
    bool found;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(sm_click_on_error(&canvas, logits, target, 10, &random, &click, &found, NULL), SM_OK);
        assert_true(found && click.inside);
        assert_true(click.x > 2 && click.x < 12 && click.y > 2 && click.y < 12);
    }
    fill(logits, 16, 16, 28, 28, 1); /* false: 144 pixels */
    for (int i = 0; i < 20; i++) {
        assert_int_equal(sm_click_on_error(&canvas, logits, target, 10, &random, &click, &found, NULL), SM_OK);
        assert_true(found && !click.inside);
        assert_true(click.x > 16 && click.x < 28 && click.y > 16 && click.y < 28);
    }
    assert_int_equal(sm_click_on_error(&canvas, logits, target, 145, &random, &click, &found, NULL), SM_OK);
    assert_false(found);
    sm_click_canvas_free(&canvas);
}

/** Of a long thin arm and a thick body the clicks prefer the body. */
static void test_clicks_prefer_the_depth(void **state) {
    (void)state;
    sm_click_canvas canvas = make_canvas();
    float logits[AREA], target[AREA] = {0};
    fill(logits, 0, 0, SIDE, SIDE, -1);
    fill(target, 2, 10, 11, 19, 1);
    fill(target, 11, 14, 31, 15, 1);
    sm_random random = sm_random_make(3);
    sm_square_click click;
    bool found;
    int border = 0;
    for (int i = 0; i < SEEDS; i++) {
        assert_int_equal(sm_click_on_error(&canvas, logits, target, 10, &random, &click, &found, NULL), SM_OK);
        assert_true(found);
        border += click.x >= 11 || click.x < 3 || click.x > 10 || click.y < 11 || click.y > 18;
    }
    assert_true(border < SEEDS / 10); /* by chance it would be half of them */
    sm_click_canvas_free(&canvas);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_pixel_of_the_lesion),
        cmocka_unit_test(test_box_of_one_component),
        cmocka_unit_test(test_largest_error),
        cmocka_unit_test(test_clicks_prefer_the_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
