/** Words of outlines and pictures whose answer is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/sonomask.h"

static const double pi = 3.14159265358979323846;

enum { SIDE = 400 };

typedef struct scene {
    uint8_t *mask, *grey; /* [SIDE][SIDE] */
    double scale, turn;   /* of the figure */
    double x, y;          /* its centre */
} scene;

/** Radius of a figure at an angle from its centre. */
typedef double figure(double angle);

static double circle(double angle) { return angle >= -10 ? 60 : 0; }
static double ellipse_of(double angle, double a, double b) { return a * b / hypot(b * cos(angle), a * sin(angle)); }
static double lying(double angle) { return ellipse_of(angle, 90, 45); }
static double star(double angle) {
    const double phase = fmod(angle / (2 * pi) * 8 + 8, 1);
    return 35 + 55 * fabs(2 * phase - 1);
}
static double scalloped(double angle) { return 55 + 14 * fabs(sin(5 * angle)); }
static double square(double angle) { return 55 / fmax(fabs(cos(angle)), fabs(sin(angle))); }

static scene scene_make(double scale, double turn) {
    scene s = {calloc(SIDE, SIDE), malloc(SIDE * SIDE), scale, turn, SIDE / 2.0, SIDE * 0.4};
    assert_non_null(s.mask);
    assert_non_null(s.grey);
    memset(s.grey, 100, SIDE * SIDE);
    return s;
}

static void scene_free(scene *s) {
    free(s->mask);
    free(s->grey);
}

/** Grey within the figure, enlarged by `larger` pixels; with `lesion`, it is the mask too. */
static void draw(scene *s, figure *radius, double larger, uint8_t value, int lesion) {
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const double dx = x + 0.5 - s->x, dy = y + 0.5 - s->y;
            if (hypot(dx, dy) > s->scale * radius(atan2(dy, dx) - s->turn) + larger) continue;
            s->grey[y * SIDE + x] = value;
            if (lesion) s->mask[y * SIDE + x] = 255;
        }
}

static void fill(scene *s, int left, int top, int width, int height, uint8_t value) {
    for (int y = top; y < top + height; y++) memset(s->grey + y * SIDE + left, value, (size_t)width);
}

static sm_descriptors describe(const scene *s) {
    sm_lesion *lesions = NULL;
    int count = 0;
    uint8_t *mask = malloc(SIDE * SIDE);
    assert_non_null(mask);
    memcpy(mask, s->mask, SIDE * SIDE);
    assert_int_equal(sm_mask_components(mask, SIDE, SIDE, 0, NULL, NULL, &lesions, &count, NULL), SM_OK);
    assert_true(count > 0);
    const sm_image image = {SIDE, SIDE, 1, s->grey};
    sm_descriptors d;
    assert_int_equal(sm_describe(&image, mask, &lesions[0], NULL, &d, NULL), SM_OK);
    sm_free(lesions);
    free(mask);
    return d;
}

static sm_descriptors figure_of(figure *radius, double scale, double turn) {
    scene s = scene_make(scale, turn);
    draw(&s, radius, 0, 40, 1);
    const sm_descriptors d = describe(&s);
    scene_free(&s);
    return d;
}

static void a_lying_ellipse_is_oval_parallel_and_circumscribed(void **state) {
    (void)state;
    const sm_descriptors d = figure_of(lying, 1, 0);
    assert_int_equal(d.shape, SM_SHAPE_OVAL);
    assert_true(d.parallel);
    assert_int_equal(d.margin, 0);
    assert_float_equal(d.height_ratio, 0.5F, 0.02F);
    assert_float_equal(d.axis_ratio, 0.5F, 0.02F);
    assert_float_equal(d.width, 180, 2);
    assert_float_equal(d.height, 90, 2);
    assert_int_equal(d.echo, SM_ECHO_HYPOECHOIC);
    assert_int_equal(d.posterior, SM_POSTERIOR_NONE);
    assert_false(d.halo);
}

static void turned_upright_it_is_not_parallel(void **state) {
    (void)state;
    const sm_descriptors d = figure_of(lying, 1, pi / 2);
    assert_int_equal(d.shape, SM_SHAPE_OVAL);
    assert_false(d.parallel);
    assert_float_equal(d.height_ratio, 2, 0.05F);
}

static void a_circle_is_round_and_not_parallel(void **state) {
    (void)state;
    const sm_descriptors d = figure_of(circle, 1, 0);
    assert_int_equal(d.shape, SM_SHAPE_ROUND);
    assert_false(d.parallel);
    assert_int_equal(d.margin, 0);
}

static void a_star_is_irregular_and_spiculated(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        const sm_descriptors d = figure_of(star, 0.6 + 0.3 * i, 0.2 * i);
        assert_int_equal(d.shape, SM_SHAPE_IRREGULAR);
        assert_true(d.margin & SM_MARGIN_SPICULATED);
        assert_int_equal(d.spicules, 8);
    }
}

static void scallops_are_microlobulated(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        const sm_descriptors d = figure_of(scalloped, 0.7 + 0.3 * i, 0.2 * i);
        assert_true(d.margin & SM_MARGIN_MICROLOBULATED);
        assert_false(d.margin & SM_MARGIN_SPICULATED);
        assert_int_equal(d.lobes, 10);
    }
}

static void a_square_is_angular(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        const sm_descriptors d = figure_of(square, 0.6 + 0.4 * i, 0.3 * i);
        assert_true(d.margin & SM_MARGIN_ANGULAR);
        assert_int_equal(d.corners, 4);
    }
}

static void size_does_not_matter(void **state) {
    (void)state;
    const sm_descriptors small = figure_of(lying, 0.3, 0.4), large = figure_of(lying, 1.2, 0.4);
    assert_int_equal(small.shape, large.shape);
    assert_int_equal(small.margin, large.margin);
    assert_float_equal(small.height_ratio, large.height_ratio, 0.03F);
    assert_float_equal(small.roughness, large.roughness, 0.02F);
    assert_float_equal(small.edge_contrast, large.edge_contrast, 0.05F);
}

static void no_edge_in_the_image_is_indistinct(void **state) {
    (void)state;
    scene s = scene_make(1, 0);
    draw(&s, lying, 0, 100, 1); /* as bright as around it */
    const sm_descriptors d = describe(&s);
    assert_int_equal(d.margin, SM_MARGIN_INDISTINCT);
    assert_float_equal(d.weak_edge, 1, 1e-6F);
    assert_int_equal(d.echo, SM_ECHO_ISOECHOIC);
    scene_free(&s);
}

static void echo_is_that_of_the_grey_inside(void **state) {
    (void)state;
    static const struct {
        uint8_t grey;
        sm_echo echo;
    } cases[] = {{5, SM_ECHO_ANECHOIC}, {60, SM_ECHO_HYPOECHOIC}, {98, SM_ECHO_ISOECHOIC}, {160, SM_ECHO_HYPERECHOIC}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scene s = scene_make(1, 0);
        draw(&s, lying, 0, cases[i].grey, 1);
        assert_int_equal(describe(&s).echo, cases[i].echo);
        scene_free(&s);
    }
    scene s = scene_make(1, 0);
    draw(&s, lying, 0, 5, 1);
    fill(&s, SIDE / 2, (int)s.y - 20, 70, 40, 120); /* a solid part in a cyst */
    assert_int_equal(describe(&s).echo, SM_ECHO_COMPLEX);
    scene_free(&s);
}

static void a_band_below_is_enhancement_or_shadow(void **state) {
    (void)state;
    scene s = scene_make(1, 0);
    draw(&s, lying, 0, 40, 1);
    fill(&s, SIDE / 2 - 90, 206, 180, SIDE - 206, 180);
    assert_int_equal(describe(&s).posterior, SM_POSTERIOR_ENHANCEMENT);
    fill(&s, SIDE / 2 - 90, 206, 180, SIDE - 206, 20);
    assert_int_equal(describe(&s).posterior, SM_POSTERIOR_SHADOWING);
    fill(&s, SIDE / 2, 206, 90, SIDE - 206, 180);
    assert_int_equal(describe(&s).posterior, SM_POSTERIOR_COMBINED);
    scene_free(&s);
}

static void a_lesion_at_the_lower_edge_has_no_posterior_features(void **state) {
    (void)state;
    scene s = scene_make(1, 0);
    s.y = SIDE - 46;
    draw(&s, lying, 0, 40, 1);
    const sm_descriptors d = describe(&s);
    assert_int_equal(d.posterior, SM_POSTERIOR_UNKNOWN);
    assert_null(sm_posterior_name(d.posterior));
    scene_free(&s);
}

static void a_bright_ring_is_a_halo_without_a_sharp_edge(void **state) {
    (void)state;
    scene s = scene_make(1, 0);
    draw(&s, star, 8, 170, 0);
    draw(&s, star, 0, 40, 1);
    const sm_descriptors d = describe(&s);
    assert_true(d.halo);
    assert_true(d.halo_ratio > 1.2F);
    scene_free(&s);
    s = scene_make(1, 0);
    draw(&s, lying, 8, 170, 0);
    draw(&s, lying, 0, 40, 1);
    const sm_descriptors sharp = describe(&s);
    assert_int_equal(sharp.margin, 0);
    assert_true(sharp.halo_ratio > 1.3F);
    assert_false(sharp.halo); /* a capsule */
    scene_free(&s);
}

static void depth_is_from_the_skin(void **state) {
    (void)state;
    scene s = scene_make(1, 0);
    draw(&s, lying, 0, 40, 1);
    assert_float_equal(describe(&s).depth, s.y - 45, 1.5);
    fill(&s, 0, 0, SIDE, 30, 2); /* gel */
    assert_float_equal(describe(&s).depth, s.y - 45 - 30, 1.5);
    scene_free(&s);
}

static void a_slightly_other_outline_gives_the_same_words(void **state) {
    (void)state;
    scene s = scene_make(1, 0);
    draw(&s, star, 0, 40, 1);
    const sm_descriptors a = describe(&s);
    memset(s.mask, 0, SIDE * SIDE);
    for (int i = 0; i < SIDE * SIDE; i++) { /* two pixels wider, the image as before */
        const double dx = i % SIDE + 0.5 - s.x, dy = (int)(i / SIDE) + 0.5 - s.y;
        if (hypot(dx, dy) <= star(atan2(dy, dx)) + 2) s.mask[i] = 255;
    }
    const sm_descriptors b = describe(&s);
    assert_int_equal(a.shape, b.shape);
    assert_int_equal(a.parallel, b.parallel);
    assert_int_equal(a.margin == 0, b.margin == 0);
    assert_float_equal(a.roughness, b.roughness, 0.05F);
    scene_free(&s);
}

static void smallest_lesions_and_wrong_arguments(void **state) {
    (void)state;
    uint8_t grey[16] = {0}, mask[16] = {0};
    const sm_image image = {4, 4, 1, grey};
    sm_lesion lesion = {.left = 1, .top = 1, .width = 1, .height = 1};
    sm_descriptors d;
    sm_error error = {0};
    assert_int_equal(sm_describe(&image, mask, &lesion, NULL, &d, &error), SM_ERROR_ARGUMENT);
    mask[5] = 255;
    assert_int_equal(sm_describe(&image, mask, &lesion, NULL, &d, NULL), SM_OK);
    assert_float_equal(d.width, 1, 0);
    assert_true(isfinite(d.roughness) && isfinite(d.height_ratio) && isfinite(d.edge_contrast));
    const sm_rectangle elsewhere = {2, 2, 2, 2}, pixel = {1, 1, 1, 1}, outside = {0, 0, 5, 4};
    assert_int_equal(sm_describe(&image, mask, &lesion, &elsewhere, &d, NULL), SM_OK);
    assert_int_equal(sm_describe(&image, mask, &lesion, &pixel, &d, NULL), SM_OK);
    assert_int_equal(sm_describe(&image, mask, &lesion, &outside, &d, &error), SM_ERROR_ARGUMENT);
    lesion.width = 4;
    assert_int_equal(sm_describe(&image, mask, &lesion, NULL, &d, &error), SM_ERROR_ARGUMENT);
    assert_int_equal(sm_describe(&image, NULL, &lesion, NULL, &d, &error), SM_ERROR_ARGUMENT);
    assert_int_equal(sm_describe(NULL, mask, &lesion, NULL, &d, &error), SM_ERROR_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lying_ellipse_is_oval_parallel_and_circumscribed),
        cmocka_unit_test(turned_upright_it_is_not_parallel),
        cmocka_unit_test(a_circle_is_round_and_not_parallel),
        cmocka_unit_test(a_star_is_irregular_and_spiculated),
        cmocka_unit_test(scallops_are_microlobulated),
        cmocka_unit_test(a_square_is_angular),
        cmocka_unit_test(size_does_not_matter),
        cmocka_unit_test(no_edge_in_the_image_is_indistinct),
        cmocka_unit_test(echo_is_that_of_the_grey_inside),
        cmocka_unit_test(a_band_below_is_enhancement_or_shadow),
        cmocka_unit_test(a_lesion_at_the_lower_edge_has_no_posterior_features),
        cmocka_unit_test(a_bright_ring_is_a_halo_without_a_sharp_edge),
        cmocka_unit_test(depth_is_from_the_skin),
        cmocka_unit_test(a_slightly_other_outline_gives_the_same_words),
        cmocka_unit_test(smallest_lesions_and_wrong_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
