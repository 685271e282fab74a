/** The guarantees of clicks and boxes, over many random maps and prompts, and the rules by which they are kept. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/mask_label.h"
#include "../../src/prompt_mask.h"
#include "test_random.h"

#include <cmocka.h>

enum { MOST = 100 * 100, MOST_CLICKS = 12 };
static const float threshold = 0.5f;

/** A mask made from a map and prompts. */
typedef struct scene {
    int width, height, minimum_area;
    float map[MOST];
    sm_click clicks[MOST_CLICKS];
    sm_box box;
    sm_prompts prompts;
    sm_pixel_prompts pixels;
    uint8_t before[MOST], mask[MOST];
    uint8_t automatic[MOST]; /* the answer without prompts */
    bool has_automatic;      /* otherwise it is the mask before */
    int32_t labels[MOST];
    int outline_count;
    size_t pins[MOST_CLICKS + 1];
    int pin_count;
} scene;

static size_t count_of(const scene *s) { return (size_t)s->width * (size_t)s->height; }

/** Returns false when the prompts are refused. */
static bool solve(scene *s) {
    sm_error error = {0};
    sm_mask_threshold(s->map, (int)count_of(s), threshold, s->before);
    memcpy(s->mask, s->before, count_of(s));
    if (sm_pixel_prompts_make(&s->prompts, s->width, s->height, &s->pixels, &error) != SM_OK) {
        assert_true(error.message[0] != '\0');
        return false;
    }
    assert_int_equal(sm_prompt_mask(&s->pixels, s->map, threshold, s->minimum_area,
                                    s->has_automatic ? s->automatic : s->before, s->mask, s->pins, &s->pin_count,
                                    &error),
                     SM_OK);
    assert_int_equal(sm_mask_label(s->mask, s->width, s->height, s->labels, &s->outline_count, NULL), SM_OK);
    return true;
}

static bool in_box(const scene *s, size_t i) {
    const int x = (int)(i % (size_t)s->width), y = (int)(i / (size_t)s->width);
    return s->pixels.has_box && sm_in_box(&s->pixels, x, y);
}

static void assert_guarantees(const scene *s) {
    const sm_pixel_prompts *p = &s->pixels;
    for (int i = 0; i < p->inside_count; i++) assert_int_equal(s->mask[p->inside[i]], 255);
    for (int i = 0; i < p->outside_count; i++) assert_int_equal(s->mask[p->outside[i]], 0);
    bool *is_in = calloc((size_t)s->outline_count + 1, sizeof *is_in);
    bool *is_out = calloc((size_t)s->outline_count + 1, sizeof *is_out);
    int *area = calloc((size_t)s->outline_count + 1, sizeof *area);
    bool *pinned = calloc((size_t)s->outline_count + 1, sizeof *pinned);
    assert_non_null(is_in);
    assert_non_null(is_out);
    assert_non_null(area);
    assert_non_null(pinned);
    int largest = 0;
    for (size_t i = 0; i < count_of(s); i++) {
        const int32_t label = s->labels[i];
        if (!label) continue;
        area[label]++;
        if (in_box(s, i))
            is_in[label] = true;
        else
            is_out[label] = true;
    }
    for (int i = 0; i < s->pin_count; i++) {
        assert_true(s->labels[s->pins[i]] > 0);
        pinned[s->labels[s->pins[i]]] = true;
    }
    for (int i = 1; i <= s->outline_count; i++) {
        if (p->has_box) assert_false(is_in[i] && is_out[i]); /* none crosses the edge of the box */
        assert_true(area[i] >= s->minimum_area || pinned[i]);
        if (is_in[i] && area[i] > area[largest]) largest = i;
    }
    if (p->has_box) {
        assert_true(largest > 0);
        bool any = false; /* one of the largest */
        for (int i = 1; i <= s->outline_count; i++) any = any || (is_in[i] && area[i] == area[largest] && pinned[i]);
        assert_true(any);
    }
    for (int i = 0; i < p->inside_count; i++) assert_true(pinned[s->labels[p->inside[i]]]);
    free(is_in);
    free(is_out);
    free(area);
    free(pinned);
}

/** With clicks outside alone: the outlines that they are in and the small ones are gone, the others as they were. */
static void assert_only_rejected_are_gone(const scene *s) {
    int32_t *labels = malloc(count_of(s) * sizeof *labels);
    assert_non_null(labels);
    int count = 0;
    assert_int_equal(sm_mask_label(s->before, s->width, s->height, labels, &count, NULL), SM_OK);
    int *area = calloc((size_t)count + 1, sizeof *area);
    assert_non_null(area);
    for (size_t i = 0; i < count_of(s); i++) area[labels[i]]++;
    for (int i = 0; i < s->pixels.outside_count; i++) area[labels[s->pixels.outside[i]]] = 0;
    for (size_t i = 0; i < count_of(s); i++)
        assert_int_equal(s->mask[i] != 0, labels[i] && area[labels[i]] > 0 && area[labels[i]] >= s->minimum_area);
    free(labels);
    free(area);
}

/** A smooth random map: the sum of a few blobs, some noise, or values that are equal everywhere. */
static void random_map(scene *s, uint32_t *random) {
    const size_t kind = test_random_below(random, 5);
    const float level = (float)test_random_uniform(random);
    for (size_t i = 0; i < count_of(s); i++)
        s->map[i] = kind == 0   ? level
                    : kind == 1 ? (float)test_random_uniform(random)
                                : 0.02f * (float)test_random_uniform(random);
    if (kind <= 1) return;
    const size_t blobs = 1 + test_random_below(random, 5);
    for (size_t b = 0; b < blobs; b++) {
        const double x = test_random_uniform(random) * s->width, y = test_random_uniform(random) * s->height;
        const double radius = 2 + test_random_uniform(random) * s->width / 3, peak = test_random_uniform(random);
        for (size_t i = 0; i < count_of(s); i++) {
            const size_t column = i % (size_t)s->width, row = i / (size_t)s->width;
            const double dx = (double)column - x, dy = (double)row - y;
            const float value = (float)(peak * exp(-(dx * dx + dy * dy) / (radius * radius)));
            s->map[i] = fmaxf(s->map[i], value);
        }
    }
}

static void random_prompts(scene *s, uint32_t *random) {
    const size_t clicks = test_random_below(random, MOST_CLICKS + 1);
    for (size_t i = 0; i < clicks; i++)
        s->clicks[i] =
            (sm_click){(float)(test_random_uniform(random) * 0.999 * s->width),
                       (float)(test_random_uniform(random) * 0.999 * s->height), test_random_below(random, 2) == 0};
    s->prompts = (sm_prompts){.clicks = s->clicks, .click_count = (int)clicks};
    if (test_random_below(random, 2) == 0) return;
    const double share = test_random_below(random, 4) == 0 ? 0.05 : 1; /* some are small */
    s->box.x = (float)(test_random_uniform(random) * 1.1 * s->width - 0.1 * s->width);
    s->box.y = (float)(test_random_uniform(random) * 1.1 * s->height - 0.1 * s->height);
    s->box.width = (float)(0.1 + share * test_random_uniform(random) * s->width);
    s->box.height = (float)(0.1 + share * test_random_uniform(random) * s->height);
    s->prompts.box = &s->box;
}

static void guarantees_hold_for_any_map_and_prompts(void **state) {
    (void)state;
    static scene s;
    int solved = 0, rejected = 0;
    for (uint32_t seed = 1; seed <= 3000; seed++) {
        uint32_t random = seed * 2654435761u;
        s = (scene){.width = 16 + (int)test_random_below(&random, 50),
                    .height = 16 + (int)test_random_below(&random, 50)};
        s.minimum_area = (int)test_random_below(&random, 30);
        s.has_automatic = seed % 3 == 0;
        random_map(&s, &random);
        sm_mask_threshold(s.map, (int)count_of(&s), threshold, s.automatic);
        if (s.has_automatic) random_map(&s, &random);
        random_prompts(&s, &random);
        if (!solve(&s)) continue;
        solved++;
        assert_guarantees(&s);
        if (!s.has_automatic && !s.pixels.has_box && s.pixels.inside_count == 0) {
            assert_only_rejected_are_gone(&s);
            rejected++;
        }
        sm_pixel_prompts_free(&s.pixels);
    }
    assert_true(solved > 1500 && rejected > 100);
}

/** Sets the rectangle of the map to a value. */
static void paint(scene *s, int left, int top, int right, int bottom, float value) {
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++) s->map[y * s->width + x] = value;
}

static scene *plain_scene(sm_prompts prompts) {
    static scene s;
    s = (scene){.width = 100, .height = 100, .prompts = prompts};
    paint(&s, 0, 0, 100, 100, 0.01f);
    return &s;
}

static int area_in(const scene *s, int left, int top, int right, int bottom) {
    int area = 0;
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++) area += s->mask[y * s->width + x] != 0;
    return area;
}

static int area_of(const scene *s) { return area_in(s, 0, 0, s->width, s->height); }

static void a_click_inside_lowers_the_threshold_around_it(void **state) {
    (void)state;
    const sm_click click = {30.5f, 30.5f, true};
    scene *s = plain_scene((sm_prompts){.clicks = &click, .click_count = 1});
    paint(s, 20, 20, 40, 40, 0.3f); /* below the threshold */
    paint(s, 60, 60, 80, 80, 0.4f); /* nearer to it, but not clicked */
    paint(s, 80, 10, 90, 20, 0.9f);
    assert_true(solve(s));
    assert_int_equal(area_in(s, 20, 20, 40, 40), 400);
    assert_int_equal(area_in(s, 80, 10, 90, 20), 100);
    assert_int_equal(area_of(s), 500);
    sm_pixel_prompts_free(&s->pixels);
}

static void a_click_in_a_flat_map_gives_a_disc(void **state) {
    (void)state;
    const sm_click click = {50.5f, 50.5f, true};
    scene *s = plain_scene((sm_prompts){.clicks = &click, .click_count = 1});
    assert_true(solve(s));
    assert_true(area_of(s) > 60 && area_of(s) < 100); /* radius 5 */
    assert_int_equal(area_in(s, 45, 45, 56, 56), area_of(s));
    sm_pixel_prompts_free(&s->pixels);
}

static void a_click_where_the_map_is_near_zero_gives_a_disc(void **state) {
    (void)state;
    const sm_click click = {50.5f, 50.5f, true};
    scene *s = plain_scene((sm_prompts){.clicks = &click, .click_count = 1});
    paint(s, 35, 35, 65, 65, 0.05f); /* less than an eighth of the threshold */
    assert_true(solve(s));
    assert_true(area_of(s) < 100);
    sm_pixel_prompts_free(&s->pixels);
}

static void a_click_on_a_single_bright_pixel_gives_a_useful_size(void **state) {
    (void)state;
    const sm_click click = {50.5f, 50.5f, true};
    scene *s = plain_scene((sm_prompts){.clicks = &click, .click_count = 1});
    paint(s, 50, 50, 51, 51, 0.9f);
    s->minimum_area = 1000;
    assert_true(solve(s));
    assert_true(area_of(s) > 60);
    sm_pixel_prompts_free(&s->pixels);
}

static void a_click_outside_removes_the_outline_and_no_other(void **state) {
    (void)state;
    const sm_click click = {70.5f, 65, false};
    scene *s = plain_scene((sm_prompts){.clicks = &click, .click_count = 1});
    paint(s, 20, 20, 40, 40, 0.8f);
    paint(s, 60, 60, 80, 80, 0.9f);
    assert_true(solve(s));
    assert_int_equal(area_in(s, 60, 60, 80, 80), 0);
    assert_int_equal(area_of(s), 400);
    sm_pixel_prompts_free(&s->pixels);
}

/** The network answers the click with a hole and a dent, and finds something else. */
static void a_click_outside_removes_what_is_left_of_the_automatic_outline(void **state) {
    (void)state;
    sm_click clicks[] = {{30.5f, 30.5f, false}, {12.5f, 12.5f, true}};
    for (int count = 1; count <= 2; count++) {
        scene *s = plain_scene((sm_prompts){.clicks = clicks, .click_count = count});
        paint(s, 10, 10, 50, 50, 0.9f);
        sm_mask_threshold(s->map, (int)count_of(s), threshold, s->automatic);
        s->has_automatic = true;
        paint(s, 24, 10, 50, 44, 0.1f); /* two parts are left */
        paint(s, 30, 44, 40, 50, 0.1f);
        paint(s, 60, 60, 80, 80, 0.9f);
        paint(s, 42, 44, 90, 50, 0.9f); /* most of it lies beside the automatic outline */
        assert_true(solve(s));
        /* With a click inside in it, the automatic outline is not rejected. */
        assert_int_equal(area_in(s, 10, 10, 24, 50), count == 1 ? 0 : 14 * 40);
        assert_int_equal(area_in(s, 42, 44, 90, 50), 48 * 6);
        assert_int_equal(area_in(s, 60, 60, 80, 80), 400);
        sm_pixel_prompts_free(&s->pixels);
    }
}

static void an_outline_with_both_clicks_is_cut_between_them(void **state) {
    (void)state;
    const sm_click clicks[] = {{20.5f, 50.5f, true}, {70.5f, 50.5f, false}};
    scene *s = plain_scene((sm_prompts){.clicks = clicks, .click_count = 2});
    paint(s, 10, 40, 90, 60, 0.9f);
    assert_true(solve(s));
    assert_int_equal(area_in(s, 10, 40, 40, 60), 600); /* nearer to the click inside */
    assert_int_equal(area_in(s, 52, 40, 90, 60), 0);
    sm_pixel_prompts_free(&s->pixels);
}

static void the_cut_leaves_what_is_more_probable_than_the_click(void **state) {
    (void)state;
    const sm_click clicks[] = {{15.5f, 50.5f, true}, {75.5f, 50.5f, false}};
    scene *s = plain_scene((sm_prompts){.clicks = clicks, .click_count = 2});
    paint(s, 10, 40, 65, 60, 0.9f);
    paint(s, 65, 40, 85, 60, 0.6f);
    paint(s, 85, 40, 95, 60, 0.9f); /* the other parts go, so it is without a click inside */
    assert_true(solve(s));
    assert_int_equal(area_in(s, 10, 40, 65, 60), 1100);
    assert_int_equal(area_of(s), 1100);
    sm_pixel_prompts_free(&s->pixels);
}

static void a_cut_at_a_dip_takes_a_disc(void **state) {
    (void)state;
    const sm_click clicks[] = {{15.5f, 50.5f, true}, {75.5f, 50.5f, false}};
    scene *s = plain_scene((sm_prompts){.clicks = clicks, .click_count = 2});
    paint(s, 10, 40, 90, 60, 0.9f);
    paint(s, 75, 50, 76, 51, 0.6f);
    assert_true(solve(s));
    assert_true(area_of(s) < 1600 - 8 && area_of(s) > 1600 - 30);
    sm_pixel_prompts_free(&s->pixels);
}

static void the_cut_follows_the_outline(void **state) {
    (void)state;
    /* A horseshoe: the ends are near each other, but far along the outline. */
    const sm_click clicks[] = {{20.5f, 80.5f, true}, {45.5f, 80.5f, false}};
    scene *s = plain_scene((sm_prompts){.clicks = clicks, .click_count = 2});
    paint(s, 15, 15, 25, 85, 0.9f);
    paint(s, 15, 15, 50, 25, 0.9f);
    paint(s, 40, 15, 50, 85, 0.9f);
    assert_true(solve(s));
    assert_int_equal(area_in(s, 15, 30, 25, 85), 550);
    assert_int_equal(area_in(s, 40, 30, 50, 85), 0);
    sm_pixel_prompts_free(&s->pixels);
}

static void a_box_clips_its_outline_and_leaves_the_others(void **state) {
    (void)state;
    const sm_box box = {20, 20, 30, 30};
    scene *s = plain_scene((sm_prompts){.box = &box});
    paint(s, 25, 25, 60, 45, 0.9f); /* 500 of 700 pixels in the box */
    paint(s, 70, 70, 90, 90, 0.9f);
    assert_true(solve(s));
    assert_int_equal(area_in(s, 20, 20, 50, 50), 500);
    assert_int_equal(area_in(s, 70, 70, 90, 90), 400);
    assert_int_equal(area_of(s), 900);
    sm_pixel_prompts_free(&s->pixels);
}

static void a_box_in_a_large_outline_replaces_it(void **state) {
    (void)state;
    const sm_box box = {40, 40, 20, 20};
    scene *s = plain_scene((sm_prompts){.box = &box});
    paint(s, 10, 10, 90, 90, 0.9f);
    assert_true(solve(s));
    assert_int_equal(area_in(s, 40, 40, 60, 60), 400);
    assert_int_equal(area_of(s), 400);
    sm_pixel_prompts_free(&s->pixels);
}

static void an_empty_box_lowers_the_threshold_or_gets_an_ellipse(void **state) {
    (void)state;
    const sm_box box = {20, 20, 40, 30};
    scene *s = plain_scene((sm_prompts){.box = &box});
    paint(s, 28, 25, 48, 45, 0.2f);
    assert_true(solve(s));
    assert_int_equal(area_in(s, 28, 25, 48, 45), 400);
    assert_int_equal(area_of(s), 400);
    sm_pixel_prompts_free(&s->pixels);
    s = plain_scene((sm_prompts){.box = &box});
    assert_true(solve(s));
    const double ellipse = 3.14159265 * 20 * 15;
    assert_true(fabs(area_of(s) - ellipse) < 0.05 * ellipse);
    assert_int_equal(area_in(s, 20, 20, 60, 50), area_of(s));
    assert_int_equal(s->mask[20 * 100 + 20], 0); /* the corner */
    sm_pixel_prompts_free(&s->pixels);
}

static void a_click_outside_in_a_box_takes_a_disc_away(void **state) {
    (void)state;
    const sm_box box = {20, 20, 40, 40};
    const sm_click click = {25.5f, 40.5f, false};
    scene *s = plain_scene((sm_prompts){.box = &box, .clicks = &click, .click_count = 1});
    paint(s, 22, 22, 58, 58, 0.9f);
    assert_true(solve(s));
    assert_int_equal(s->mask[40 * 100 + 25], 0);
    assert_true(area_of(s) > 1100 && area_of(s) < 1296);
    sm_pixel_prompts_free(&s->pixels);
}

static void a_click_outside_in_a_box_removes_a_smaller_outline(void **state) {
    (void)state;
    const sm_box box = {20, 20, 40, 40};
    const sm_click click = {28.5f, 28.5f, false};
    scene *s = plain_scene((sm_prompts){.box = &box, .clicks = &click, .click_count = 1});
    paint(s, 25, 25, 32, 32, 0.9f);
    paint(s, 36, 36, 56, 56, 0.9f);
    assert_true(solve(s));
    assert_int_equal(area_in(s, 36, 36, 56, 56), 400);
    assert_int_equal(area_of(s), 400);
    sm_pixel_prompts_free(&s->pixels);
}

static void a_box_keeps_its_last_free_pixel(void **state) {
    (void)state;
    const sm_click clicks[] = {{20.5f, 20.5f, false}, {21.5f, 20.5f, false}, {20.5f, 21.5f, false}};
    const sm_box box = {20, 20, 2, 2};
    for (int value = 0; value < 2; value++) {
        scene *s = plain_scene((sm_prompts){.box = &box, .clicks = clicks, .click_count = 3});
        paint(s, 0, 0, 100, 100, (float)value);
        assert_true(solve(s));
        assert_int_equal(s->mask[21 * 100 + 21], 255);
        assert_int_equal(area_in(s, 20, 20, 22, 22), 1);
        sm_pixel_prompts_free(&s->pixels);
    }
}

static void small_outlines_go_unless_a_prompt_shows_them(void **state) {
    (void)state;
    const sm_click click = {10.5f, 10.5f, true};
    scene *s = plain_scene((sm_prompts){.clicks = &click, .click_count = 1});
    paint(s, 5, 5, 15, 15, 0.9f);
    paint(s, 50, 50, 60, 60, 0.9f);
    paint(s, 70, 70, 82, 82, 0.9f);
    s->minimum_area = 120;
    assert_true(solve(s));
    assert_int_equal(area_in(s, 5, 5, 15, 15), 100);
    assert_int_equal(area_in(s, 50, 50, 60, 60), 0);
    assert_int_equal(area_in(s, 70, 70, 82, 82), 144);
    sm_pixel_prompts_free(&s->pixels);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guarantees_hold_for_any_map_and_prompts),
        cmocka_unit_test(a_click_inside_lowers_the_threshold_around_it),
        cmocka_unit_test(a_click_in_a_flat_map_gives_a_disc),
        cmocka_unit_test(a_click_where_the_map_is_near_zero_gives_a_disc),
        cmocka_unit_test(a_click_on_a_single_bright_pixel_gives_a_useful_size),
        cmocka_unit_test(a_click_outside_removes_the_outline_and_no_other),
        cmocka_unit_test(a_click_outside_removes_what_is_left_of_the_automatic_outline),
        cmocka_unit_test(an_outline_with_both_clicks_is_cut_between_them),
        cmocka_unit_test(the_cut_leaves_what_is_more_probable_than_the_click),
        cmocka_unit_test(a_cut_at_a_dip_takes_a_disc),
        cmocka_unit_test(the_cut_follows_the_outline),
        cmocka_unit_test(a_box_clips_its_outline_and_leaves_the_others),
        cmocka_unit_test(a_box_in_a_large_outline_replaces_it),
        cmocka_unit_test(an_empty_box_lowers_the_threshold_or_gets_an_ellipse),
        cmocka_unit_test(a_click_outside_in_a_box_takes_a_disc_away),
        cmocka_unit_test(a_click_outside_in_a_box_removes_a_smaller_outline),
        cmocka_unit_test(a_box_keeps_its_last_free_pixel),
        cmocka_unit_test(small_outlines_go_unless_a_prompt_shows_them),
    };
    return cmocka_run_group_tests_name("prompt mask", tests, NULL, NULL);
}
