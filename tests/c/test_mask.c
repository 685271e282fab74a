/** Mask geometry on shapes whose measures are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/mask.h"
#include "assert_near.h"
#include "test_random.h"

static const double pi = 3.14159265358979323846;

typedef struct canvas {
    int width, height;
    uint8_t *mask;
} canvas;

static canvas canvas_make(int width, int height) {
    canvas made = {width, height, calloc((size_t)width * (size_t)height, 1)};
    assert_non_null(made.mask);
    return made;
}

static void draw_rectangle(canvas *on, int left, int top, int width, int height, uint8_t value) {
    for (int y = top; y < top + height; y++) memset(on->mask + y * on->width + left, value, (size_t)width);
}

/** Pixels whose centres lie inside; `angle` turns the first half-axis from east to south. */
static void draw_ellipse(canvas *on, double x0, double y0, double a, double b, double angle, uint8_t value) {
    for (int y = 0; y < on->height; y++)
        for (int x = 0; x < on->width; x++) {
            const double dx = x + 0.5 - x0, dy = y + 0.5 - y0;
            const double u = (dx * cos(angle) + dy * sin(angle)) / a, v = (dy * cos(angle) - dx * sin(angle)) / b;
            if (u * u + v * v <= 1) on->mask[y * on->width + x] = value;
        }
}

static canvas canvas_from(int width, int height, const char *rows) {
    canvas made = canvas_make(width, height);
    for (int i = 0; i < width * height; i++) made.mask[i] = rows[i] == '#' ? 255 : 0;
    return made;
}

static int components(canvas *on, int minimum_area, sm_lesion **lesions) {
    int count = -1;
    assert_int_equal(
        sm_mask_components(on->mask, on->width, on->height, minimum_area, NULL, NULL, lesions, &count, NULL), SM_OK);
    return count;
}

static double distance(sm_point a, sm_point b) { return hypot((double)(a.x - b.x), (double)(a.y - b.y)); }

static void threshold_includes_its_value(void **state) {
    (void)state;
    static const float probability[] = {0.0f, 0.49999f, 0.5f, 1.0f, NAN};
    static const uint8_t expected[] = {0, 0, 255, 255, 0};
    uint8_t mask[5];
    sm_mask_threshold(probability, 5, 0.5f, mask);
    assert_memory_equal(mask, expected, 5);
}

static void empty_mask(void **state) {
    (void)state;
    canvas on = canvas_make(7, 5);
    sm_lesion *lesions = (sm_lesion *)(void *)&on;
    assert_int_equal(components(&on, 1, &lesions), 0);
    assert_null(lesions);
    sm_contours contours;
    assert_int_equal(sm_mask_contours(on.mask, on.width, on.height, &contours, NULL), SM_OK);
    assert_int_equal(contours.count, 0);
    sm_contours_free(&contours);
    sm_error error = {0};
    int count = 1;
    assert_int_equal(sm_mask_components(on.mask, 0, 5, 1, NULL, NULL, &lesions, &count, &error), SM_ERROR_ARGUMENT);
    assert_int_equal(sm_mask_components(on.mask, 65536, 65536, 1, NULL, NULL, &lesions, &count, &error),
                     SM_ERROR_ARGUMENT);
    free(on.mask);
}

static void rectangle(void **state) {
    (void)state;
    canvas on = canvas_make(200, 150);
    draw_rectangle(&on, 20, 30, 100, 60, 1);
    sm_lesion *lesions = NULL;
    assert_int_equal(components(&on, 1, &lesions), 1);
    const sm_lesion *one = &lesions[0];
    assert_int_equal(one->label, 1);
    assert_int_equal(one->area, 6000);
    assert_int_equal(one->left, 20);
    assert_int_equal(one->top, 30);
    assert_int_equal(one->width, 100);
    assert_int_equal(one->height, 60);
    assert_near(one->centroid.x, 70, 1e-4);
    assert_near(one->centroid.y, 60, 1e-4);
    assert_near(one->long_axis, hypot(100, 60), 0.6); // corner to corner, but for half a pixel
    assert_near(distance(one->long_axis_ends[0], one->long_axis_ends[1]), one->long_axis, 1e-3);
    assert_near(one->short_axis, 2 * 6000 / hypot(100, 60), 1.0); // twice the triangle's height over the diagonal
    assert_near(distance(one->short_axis_ends[0], one->short_axis_ends[1]), one->short_axis, 1e-3);
    assert_near(fabs((double)one->orientation), atan2(60, 100), 0.01);
    assert_near(one->perimeter, 320, 0.03 * 320);
    assert_near(one->circularity, 4 * pi * 6000 / (320 * 320), 0.05);
    free(lesions);
    free(on.mask);
}

static void circles(void **state) {
    (void)state;
    for (int radius = 5; radius <= 80; radius += 15) {
        canvas on = canvas_make(200, 190);
        draw_ellipse(&on, 95.3, 92.8, radius, radius, 0, 255);
        sm_lesion *lesions = NULL;
        assert_int_equal(components(&on, 1, &lesions), 1);
        assert_near(lesions[0].centroid.x, 95.3, 0.3);
        assert_near(lesions[0].centroid.y, 92.8, 0.3);
        assert_near(lesions[0].long_axis, 2 * radius, 1.0);
        assert_near(lesions[0].short_axis, 2 * radius, 1.0);
        assert_near(lesions[0].perimeter, 2 * pi * radius, radius < 10 ? 1.0 : 0.015 * 2 * pi * radius);
        assert_true(lesions[0].circularity <= 1.0f && lesions[0].circularity > 0.93f);
        free(lesions);
        free(on.mask);
    }
}

static void ellipses_at_angles(void **state) {
    (void)state;
    for (int degrees = -90; degrees < 90; degrees += 15) {
        const double a = 70, b = 30, angle = degrees * pi / 180;
        canvas on = canvas_make(200, 200);
        draw_ellipse(&on, 100.2, 99.6, a, b, angle, 255);
        sm_lesion *lesions = NULL;
        assert_int_equal(components(&on, 1, &lesions), 1);
        const sm_lesion *one = &lesions[0];
        assert_near(one->area, pi * a * b, 0.005 * pi * a * b);
        assert_near(one->long_axis, 2 * a, 0.7);
        assert_near(one->short_axis, 2 * b, 1.0);
        const double turn = remainder((double)one->orientation - angle, pi); // an axis has no direction
        assert_near(turn, 0, 0.05);
        assert_true(one->orientation >= -1.5708f && one->orientation <= 1.5708f);
        // The two axes are drawn at right angles.
        const sm_point *l = one->long_axis_ends, *s = one->short_axis_ends;
        const double dot = (double)((l[1].x - l[0].x) * (s[1].x - s[0].x) + (l[1].y - l[0].y) * (s[1].y - s[0].y));
        assert_near(dot / (double)(one->long_axis * one->short_axis), 0, 1e-4);
        assert_near(distance(s[0], s[1]), one->short_axis, 1e-3);
        // Both have their middle near the centre; the flat ends of a drawn ellipse are several pixels long.
        assert_near(0.5 * (double)(l[0].x + l[1].x), 100.2, 10);
        assert_near(0.5 * (double)(l[0].y + l[1].y), 99.6, 10);
        assert_near(0.5 * (double)(s[0].x + s[1].x), 100.2, 10);
        assert_near(0.5 * (double)(s[0].y + s[1].y), 99.6, 10);
        const double h = pow((a - b) / (a + b), 2); // Ramanujan
        assert_near(one->perimeter, pi * (a + b) * (1 + 3 * h / (10 + sqrt(4 - 3 * h))), 0.02 * 2 * pi * a);
        free(lesions);
        free(on.mask);
    }
}

/** The axes of the only lesion of a mask of 9x9 pixels. */
static sm_lesion measured(uint8_t *mask) {
    sm_lesion *lesions = NULL;
    int count = 0;
    assert_int_equal(sm_mask_components(mask, 9, 9, 1, NULL, NULL, &lesions, &count, NULL), SM_OK);
    assert_int_equal(count, 1);
    const sm_lesion one = lesions[0];
    free(lesions);
    return one;
}

/** Its longest distance occurs in two directions, across which its extents differ. */
static void axes_do_not_depend_on_where_the_outline_starts(void **state) {
    (void)state;
    canvas on = canvas_from(9, 9,
                            ".#####..."
                            "########."
                            ".########"
                            ".########"
                            ".########"
                            "#######.."
                            "########."
                            ".#######."
                            ".........");
    const sm_lesion one = measured(on.mask);
    for (int turn = 1; turn < 8; turn++) {
        uint8_t mask[81];
        for (int y = 0; y < 9; y++) {
            for (int x = 0; x < 9; x++) {
                const int v = (turn & 1) ? 8 - x : x, w = (turn & 2) ? 8 - y : y;
                mask[y * 9 + x] = (turn & 4) ? on.mask[v * 9 + w] : on.mask[w * 9 + v];
            }
        }
        const sm_lesion other = measured(mask);
        assert_near(other.long_axis, one.long_axis, 1e-5);
        assert_near(other.short_axis, one.short_axis, 1e-5);
    }
    free(on.mask);
}

static void single_pixels_and_lines(void **state) {
    (void)state;
    canvas on = canvas_make(30, 5);
    on.mask[0] = 1; // in the corner
    draw_rectangle(&on, 5, 2, 20, 1, 1);
    on.mask[4 * 30 + 29] = 1;
    sm_lesion *lesions = NULL;
    assert_int_equal(components(&on, 1, &lesions), 3);
    assert_int_equal(lesions[0].area, 20);
    assert_near(lesions[0].long_axis, 20, 1e-4);
    assert_near(lesions[0].short_axis, 1, 1e-4);
    assert_near(lesions[0].orientation, 0, 1e-4);
    assert_int_equal(lesions[1].left, 0); // equal areas: in reading order
    assert_int_equal(lesions[2].left, 29);
    assert_near(lesions[1].long_axis, 1, 1e-5);
    assert_near(lesions[1].short_axis, 1, 1e-5);
    assert_true(lesions[1].perimeter > 0 && lesions[1].circularity <= 1.0f);
    free(lesions);
    free(on.mask);
}

static void diagonal_pixels_are_connected(void **state) {
    (void)state;
    canvas on = canvas_from(5, 4,
                            "#...#"
                            ".#.#."
                            "..#.."
                            "#...#");
    sm_lesion *lesions = NULL;
    int32_t labels[20];
    int count = 0;
    assert_int_equal(sm_mask_components(on.mask, 5, 4, 1, NULL, labels, &lesions, &count, NULL), SM_OK);
    assert_int_equal(count, 3);
    assert_int_equal(lesions[0].area, 5);
    static const int32_t expected[20] = {1, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 2, 0, 0, 0, 3};
    assert_memory_equal(labels, expected, sizeof expected);
    free(lesions);
    free(on.mask);
}

static void u_shapes_and_spirals_are_one(void **state) {
    (void)state;
    canvas on = canvas_from(9, 7,
                            "#.#.#.#.#"
                            "#.#.#.#.#"
                            "#.#.#.#.#"
                            "###.#.###"
                            "....#...."
                            "#######.#"
                            "........#");
    sm_lesion *lesions = NULL;
    assert_int_equal(components(&on, 1, &lesions), 4);
    free(lesions);
    free(on.mask);
    on = canvas_from(7, 7,
                     "#######"
                     "......#"
                     "#####.#"
                     "#...#.#"
                     "#.###.#"
                     "#.....#"
                     "#######");
    assert_int_equal(components(&on, 1, &lesions), 1);
    assert_int_equal(lesions[0].area, 7 + 1 + 6 + 3 + 5 + 2 + 7);
    free(lesions);
    free(on.mask);
}

static void small_components_are_dropped_and_the_rest_sorted(void **state) {
    (void)state;
    canvas on = canvas_make(60, 40);
    draw_rectangle(&on, 1, 1, 3, 3, 7);
    draw_rectangle(&on, 10, 2, 10, 10, 7);
    draw_rectangle(&on, 30, 2, 20, 30, 7);
    draw_rectangle(&on, 2, 30, 2, 2, 7);
    float *probability = malloc(60 * 40 * sizeof *probability);
    assert_non_null(probability);
    for (int i = 0; i < 60 * 40; i++) probability[i] = i % 60 < 25 ? 0.75f : 0.5f;
    int32_t labels[60 * 40];
    sm_lesion *lesions = NULL;
    int count = 0;
    assert_int_equal(sm_mask_components(on.mask, 60, 40, 9, probability, labels, &lesions, &count, NULL), SM_OK);
    assert_int_equal(count, 3);
    static const int areas[] = {600, 100, 9};
    static const double means[] = {0.5, 0.75, 0.75};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(lesions[i].label, i + 1);
        assert_int_equal(lesions[i].area, areas[i]);
        assert_near(lesions[i].mean_probability, means[i], 1e-6);
        assert_int_equal(labels[lesions[i].top * 60 + lesions[i].left], i + 1);
    }
    assert_int_equal(on.mask[30 * 60 + 2], 0); // cleared with its label
    assert_int_equal(labels[30 * 60 + 2], 0);
    assert_int_equal(on.mask[2 * 60 + 10], 7); // unchanged
    free(lesions);
    assert_int_equal(sm_mask_components(on.mask, 60, 40, 5000, probability, labels, &lesions, &count, NULL), SM_OK);
    assert_int_equal(count, 0);
    assert_null(lesions);
    for (int i = 0; i < 60 * 40; i++) assert_true(on.mask[i] == 0 && labels[i] == 0);
    free(probability);
    free(on.mask);
}

/** Shoelace area, clockwise on the screen positive. */
static double signed_area(const sm_contour *contour) {
    double twice = 0;
    for (int i = 0; i < contour->point_count; i++) {
        const sm_point a = contour->points[i], b = contour->points[(i + 1) % contour->point_count];
        twice += (double)a.x * (double)b.y - (double)b.x * (double)a.y;
    }
    return twice / 2;
}

static void ring_has_a_hole(void **state) {
    (void)state;
    canvas on = canvas_make(120, 120);
    draw_ellipse(&on, 60, 60, 50, 50, 0, 255);
    draw_ellipse(&on, 60, 60, 20, 20, 0, 0);
    draw_rectangle(&on, 58, 58, 4, 3, 255); // an island in the hole
    sm_lesion *lesions = NULL;
    assert_int_equal(components(&on, 1, &lesions), 2);
    assert_near(lesions[0].perimeter, 2 * pi * 50, 0.015 * 2 * pi * 50); // the outer outline only
    sm_contours contours;
    assert_int_equal(sm_mask_contours(on.mask, 120, 120, &contours, NULL), SM_OK);
    assert_int_equal(contours.count, 3);
    const sm_contour *ring = &contours.items[0], *island = &contours.items[1], *hole = &contours.items[2];
    assert_false(ring->is_hole);
    assert_false(island->is_hole);
    assert_true(hole->is_hole);
    assert_true(signed_area(hole) < 0);
    assert_near(signed_area(ring) + signed_area(hole), lesions[0].area, 0);
    assert_int_equal(island->point_count, 4);
    assert_near(signed_area(island), 12, 0);
    sm_contours_free(&contours);
    assert_null(contours.items);
    free(lesions);
    free(on.mask);
}

static void contour_of_a_rectangle_is_its_corners(void **state) {
    (void)state;
    canvas on = canvas_make(6, 5);
    draw_rectangle(&on, 0, 0, 6, 5, 1); // up to every edge
    sm_contours contours;
    assert_int_equal(sm_mask_contours(on.mask, 6, 5, &contours, NULL), SM_OK);
    assert_int_equal(contours.count, 1);
    static const sm_point expected[] = {{0, 0}, {6, 0}, {6, 5}, {0, 5}};
    assert_int_equal(contours.items[0].point_count, 4);
    assert_memory_equal(contours.items[0].points, expected, sizeof expected);
    sm_contours_free(&contours);
    free(on.mask);
}

static void contour_joins_diagonal_pixels(void **state) {
    (void)state;
    canvas on = canvas_from(4, 4,
                            ".#.."
                            "#.#."
                            ".#.#"
                            "....");
    sm_contours contours;
    assert_int_equal(sm_mask_contours(on.mask, 4, 4, &contours, NULL), SM_OK);
    assert_int_equal(contours.count, 2); // one outline around all five, one around the hole between four of them
    assert_false(contours.items[0].is_hole);
    assert_near(signed_area(&contours.items[0]), 6, 0);
    assert_true(contours.items[1].is_hole);
    assert_near(signed_area(&contours.items[1]), -1, 0);
    sm_contours_free(&contours);
    free(on.mask);
}

/** Labels by repeated flooding: slow, and independent of the tested code. */
static int flood_count(const canvas *on, int32_t *labels) {
    int count = 0;
    memset(labels, 0, (size_t)(on->width * on->height) * sizeof *labels);
    for (int start = 0; start < on->width * on->height; start++) {
        if (!on->mask[start] || labels[start]) continue;
        labels[start] = ++count;
        for (int changed = 1; changed;) {
            changed = 0;
            for (int i = 0; i < on->width * on->height; i++) {
                if (!on->mask[i] || labels[i]) continue;
                for (int dy = -1; dy <= 1; dy++)
                    for (int dx = -1; dx <= 1; dx++) {
                        const int x = i % on->width + dx, y = i / on->width + dy;
                        if (x < 0 || y < 0 || x >= on->width || y >= on->height) continue;
                        if (labels[y * on->width + x] == count) labels[i] = count, changed = 1;
                    }
            }
        }
    }
    return count;
}

static void random_masks_agree_with_flooding(void **state) {
    (void)state;
    uint32_t random = 3;
    for (int round = 0; round < 60; round++) {
        canvas on = canvas_make(1 + round % 23, 1 + round % 17);
        const int pixels = on.width * on.height;
        for (int i = 0; i < pixels; i++) {
            on.mask[i] = test_random_byte(&random) < 60 + round * 2 ? 255 : 0;
        }
        int32_t expected[400], labels[400];
        const int expected_count = flood_count(&on, expected);
        sm_lesion *lesions = NULL;
        int count = 0;
        assert_int_equal(sm_mask_components(on.mask, on.width, on.height, 0, NULL, labels, &lesions, &count, NULL),
                         SM_OK);
        assert_int_equal(count, expected_count);
        int32_t renamed[401] = {0}; // our label for each expected one
        for (int i = 0; i < pixels; i++) {
            if (!renamed[expected[i]]) renamed[expected[i]] = labels[i];
            assert_int_equal(labels[i], renamed[expected[i]]);
        }
        // Outer outlines less holes enclose exactly the mask; there is one outer outline per component.
        sm_contours contours;
        assert_int_equal(sm_mask_contours(on.mask, on.width, on.height, &contours, NULL), SM_OK);
        double area = 0;
        int outer = 0, mask_area = 0;
        for (int i = 0; i < contours.count; i++) {
            area += signed_area(&contours.items[i]);
            outer += !contours.items[i].is_hole;
        }
        for (int i = 0; i < pixels; i++) mask_area += on.mask[i] != 0;
        assert_near(area, mask_area, 0);
        assert_int_equal(outer, count);
        sm_contours_free(&contours);
        free(lesions);
        free(on.mask);
    }
}

static void a_quarter_of_a_million_components(void **state) {
    (void)state;
    enum { SIDE = 1000 };
    canvas on = canvas_make(SIDE, SIDE);
    for (int y = 0; y < SIDE; y += 2)
        for (int x = 0; x < SIDE; x += 2) on.mask[y * SIDE + x] = 1;
    sm_lesion *lesions = NULL;
    assert_int_equal(components(&on, 1, &lesions), SIDE * SIDE / 4);
    free(lesions);
    free(on.mask);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threshold_includes_its_value),
        cmocka_unit_test(empty_mask),
        cmocka_unit_test(rectangle),
        cmocka_unit_test(circles),
        cmocka_unit_test(ellipses_at_angles),
        cmocka_unit_test(axes_do_not_depend_on_where_the_outline_starts),
        cmocka_unit_test(single_pixels_and_lines),
        cmocka_unit_test(diagonal_pixels_are_connected),
        cmocka_unit_test(u_shapes_and_spirals_are_one),
        cmocka_unit_test(small_components_are_dropped_and_the_rest_sorted),
        cmocka_unit_test(ring_has_a_hole),
        cmocka_unit_test(contour_of_a_rectangle_is_its_corners),
        cmocka_unit_test(contour_joins_diagonal_pixels),
        cmocka_unit_test(random_masks_agree_with_flooding),
        cmocka_unit_test(a_quarter_of_a_million_components),
    };
    return cmocka_run_group_tests_name("mask", tests, NULL, NULL);
}
