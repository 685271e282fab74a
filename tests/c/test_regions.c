/** Several ultrasound pictures in one image: each is answered as an image of its own, in the pixels of the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/data/phantom.h"
#include "../../src/decision.h"
#include "../../src/memory_plan.h"
#include "../../src/sonomask.h"
#include "assert_near.h"
#include "screen.h"

enum { SIDE = 64, WIDTH = 800, HEIGHT = 600 };

static sm_model *model;
static sm_state *working, *other; /* `other` answers the cropped images */
static sm_sample pictures[2];
static screen drawn; /* two pictures side by side */

static const sm_decision decision = {.presence = {1, 1, 0},
                                     .operating_points = {{0.80f, 1, 0.3f}, {0.90f, 0.5f, 0.2f}, {0.95f, 0, 0.1f}},
                                     .margin = {0.1f, 0.02f}};

static int make_all(void **state) {
    (void)state;
    static sm_net net;
    assert_int_equal(sm_net_make("sonomask2", &net, NULL), SM_OK);
    float *parameters = sm_floats_allocate(net.total_count);
    assert_non_null(parameters);
    sm_net_initialise(&net, 7, parameters);
    sm_weights_metadata metadata = {
        .input_size = SIDE, .threshold = 0.5f, .temperature = 2, .minimum_area = 0.01f, .expected_dice_power = 1};
    strncpy(metadata.network, "sonomask2", sizeof metadata.network - 1);
    sm_decision copy = decision;
    sm_weights_extra tensors[SM_DECISION_TENSORS];
    sm_decision_tensors(&copy, tensors);
    uint8_t *bytes = NULL;
    size_t size = 0;
    assert_int_equal(sm_weights_write_with(&net, parameters, &metadata, SM_WEIGHTS_FLOAT32, tensors,
                                           SM_DECISION_TENSORS, &bytes, &size, NULL),
                     SM_OK);
    sm_floats_free(parameters);
    assert_int_equal(sm_model_create(bytes, size, NULL, &model, NULL), SM_OK);
    sm_free(bytes);
    assert_int_equal(sm_state_create(model, NULL, &working, NULL), SM_OK);
    assert_int_equal(sm_state_create(model, NULL, &other, NULL), SM_OK);
    assert_int_equal(sm_phantom_draw(360, 420, SM_CLASS_BENIGN, 1, &pictures[0], NULL), SM_OK);
    assert_int_equal(sm_phantom_draw(420, 330, SM_CLASS_MALIGNANT, 2, &pictures[1], NULL), SM_OK);
    const screen_style style = {.width = WIDTH, .height = HEIGHT, .fill = 1, .seed = 9};
    assert_int_equal(screen_draw(&style, pictures, 2, &drawn, NULL), SM_OK);
    return 0;
}

static int free_all(void **state) {
    (void)state;
    screen_free(&drawn);
    for (int i = 0; i < 2; i++) sm_sample_free(&pictures[i]);
    sm_state_free(working);
    sm_state_free(other);
    sm_model_free(model);
    return 0;
}

static sm_segment_options with_regions(const sm_rectangle *regions, int count) {
    sm_segment_options options = sm_segment_options_default();
    options.regions = regions;
    options.region_count = count;
    return options;
}

static void segment(sm_state *state, const sm_image *image, const sm_segment_options *options, sm_result *result) {
    sm_error error = {0};
    if (sm_segment(state, image, options, result, &error) != SM_OK) fail_msg("%s", error.message);
}

static sm_image crop(const sm_image *image, const sm_rectangle *r) {
    const size_t channels = (size_t)image->channels;
    sm_image part = {.width = r->width, .height = r->height, .channels = image->channels};
    part.pixels = malloc((size_t)r->width * (size_t)r->height * channels);
    assert_non_null(part.pixels);
    for (int y = 0; y < r->height; y++)
        memcpy(part.pixels + (size_t)y * (size_t)r->width * channels,
               image->pixels + ((size_t)(r->y + y) * (size_t)image->width + (size_t)r->x) * channels,
               (size_t)r->width * channels);
    return part;
}

/** The lesions of `own` are in `all`, moved. */
static void assert_moved(const sm_lesion *own, int own_count, const sm_lesion *all, int all_count, int region,
                         const sm_rectangle *r) {
    int found = 0;
    for (int i = 0; i < all_count; i++) {
        if (all[i].region != region) continue;
        assert_true(found < own_count);
        sm_lesion expected = own[found++];
        expected.region = region;
        expected.label = i + 1;
        expected.left += r->x;
        expected.top += r->y;
        sm_point *points[] = {&expected.centroid, &expected.long_axis_ends[0], &expected.long_axis_ends[1],
                              &expected.short_axis_ends[0], &expected.short_axis_ends[1]};
        for (size_t k = 0; k < sizeof points / sizeof points[0]; k++) {
            points[k]->x += (float)r->x;
            points[k]->y += (float)r->y;
        }
        assert_memory_equal(&all[i], &expected, sizeof expected);
    }
    assert_int_equal(found, own_count);
}

/** What `all` holds in region `index` is `own`, the answer of the cropped image. */
static void assert_region(const sm_result *all, int index, const sm_result *own) {
    const sm_region *region = &all->regions[index];
    const sm_rectangle r = {region->x, region->y, region->width, region->height};
    assert_int_equal(own->width, r.width);
    assert_int_equal(own->height, r.height);
    for (int y = 0; y < r.height; y++) {
        const size_t from = (size_t)y * (size_t)r.width;
        const size_t to = (size_t)(r.y + y) * (size_t)all->width + (size_t)r.x;
        assert_memory_equal(all->probability_map + to, own->probability_map + from, (size_t)r.width * sizeof(float));
        assert_memory_equal(all->mask + to, own->mask + from, (size_t)r.width);
    }
    assert_moved(own->lesions, own->lesion_count, all->lesions, all->lesion_count, index, &r);
    assert_moved(own->possible, own->possible_count, all->possible, all->possible_count, index, &r);
    assert_int_equal(region->type, own->type);
    assert_memory_equal(region->probabilities, own->probabilities, sizeof own->probabilities);
    assert_near(region->presence, own->presence, 0);
    assert_near(region->outlier_score, own->outlier_score, 0);
    assert_int_equal(region->looks_like_ultrasound, own->looks_like_ultrasound);
}

static bool in_regions(const sm_result *result, int x, int y) {
    for (int i = 0; i < result->region_count; i++) {
        const sm_region *r = &result->regions[i];
        if (x >= r->x && y >= r->y && x < r->x + r->width && y < r->y + r->height) return true;
    }
    return false;
}

static void assert_empty_outside(const sm_result *result) {
    for (int y = 0; y < result->height; y++)
        for (int x = 0; x < result->width; x++) {
            const size_t at = (size_t)y * (size_t)result->width + (size_t)x;
            if (in_regions(result, x, y)) continue;
            if (result->mask[at] || result->probability_map[at] > 0 ||
                (result->possible_mask && result->possible_mask[at]))
                fail_msg("a lesion outside the regions, at (%d, %d)", x, y);
        }
}

static void each_region_is_answered_as_an_image_of_its_own(void **state) {
    (void)state;
    static const double points[] = {0.80, 0.90, 0.95}; /* no outline counts; some; each */
    for (int count = 1; count <= 2; count++)
        for (int p = 0; p < 3; p++) {
            sm_segment_options options = with_regions(drawn.views, count);
            options.operating_point = points[p];
            options.flip_average = p == 1;
            sm_result all = {0}, own[2] = {{0}, {0}};
            segment(working, &drawn.image, &options, &all);
            assert_int_equal(all.width, drawn.image.width);
            assert_int_equal(all.height, drawn.image.height);
            assert_int_equal(all.region_count, count);
            assert_empty_outside(&all);
            int best = 0, lesions = 0;
            for (int k = 0; k < count; k++) {
                sm_segment_options alone = options;
                alone.region_count = 0;
                alone.find_regions = false;
                sm_image part = crop(&drawn.image, &drawn.views[k]);
                segment(other, &part, &alone, &own[k]);
                assert_region(&all, k, &own[k]);
                if (own[k].presence > own[best].presence) best = k;
                lesions += own[k].lesion_count + own[k].possible_count;
                sm_image_free(&part);
            }
            assert_true(lesions > 0); /* else nothing was compared */
            for (int i = 1; i < all.lesion_count; i++) assert_true(all.lesions[i - 1].area >= all.lesions[i].area);
            assert_int_equal(all.type, own[best].type);
            assert_memory_equal(all.probabilities, own[best].probabilities, sizeof all.probabilities);
            assert_near(all.presence, own[best].presence, 0);
            assert_near(all.operating_point.kept, own[best].operating_point.kept, 0);
            if (count == 1) assert_near(all.expected_dice, own[0].expected_dice, 0);
            assert_true(all.expected_dice >= 0 && all.expected_dice <= 1);
            sm_result_free(&all);
            for (int k = 0; k < count; k++) sm_result_free(&own[k]);
        }
}

static void the_regions_of_a_screen_are_found(void **state) {
    (void)state;
    sm_result found = {0}, whole = {0}, given = {0};
    segment(working, &drawn.image, NULL, &found);
    assert_int_equal(found.region_count, 2);
    for (int k = 0; k < 2; k++) {
        const sm_rectangle *r = &drawn.views[k];
        const sm_region *f = &found.regions[k];
        if (abs(f->x - r->x) > 4 || abs(f->y - r->y) > 4 || abs(f->width - r->width) > 8 ||
            abs(f->height - r->height) > 20) /* its lowest lines are black */
            fail_msg("%d %d %d %d is found for %d %d %d %d", f->x, f->y, f->width, f->height, r->x, r->y, r->width,
                     r->height);
    }
    assert_empty_outside(&found);
    assert_int_equal(found.warnings & (SM_WARNING_VIEWS | SM_WARNING_SMALL_SCAN), 0);
    /* The structure of an earlier program, whose reserved fields are 0: the whole image. */
    sm_segment_options options = sm_segment_options_default();
    options.find_regions = false;
    segment(working, &drawn.image, &options, &whole);
    assert_int_equal(whole.region_count, 1);
    assert_int_equal(whole.regions[0].x, 0);
    assert_int_equal(whole.regions[0].width, WIDTH);
    assert_int_equal(whole.regions[0].height, HEIGHT);
    const sm_rectangle all = {-5, -5, WIDTH + 10, HEIGHT + 10};
    options = with_regions(&all, 1);
    segment(working, &drawn.image, &options, &given);
    assert_int_equal(given.regions[0].width, WIDTH);
    assert_memory_equal(given.mask, whole.mask, (size_t)WIDTH * HEIGHT);
    assert_memory_equal(given.probability_map, whole.probability_map, sizeof(float) * WIDTH * HEIGHT);
    sm_result_free(&found);
    sm_result_free(&whole);
    sm_result_free(&given);
}

static void four_pictures_and_a_small_one_have_warnings(void **state) {
    (void)state;
    const sm_sample four[] = {pictures[0], pictures[1], pictures[0], pictures[1]};
    const screen_style style = {.width = WIDTH, .height = HEIGHT, .fill = 1, .seed = 9};
    screen s;
    sm_result result = {0};
    assert_int_equal(screen_draw(&style, four, 4, &s, NULL), SM_OK);
    segment(working, &s.image, NULL, &result);
    assert_int_equal(result.region_count, 4);
    assert_int_equal(result.warnings & (SM_WARNING_VIEWS | SM_WARNING_SMALL_SCAN), SM_WARNING_VIEWS);
    screen_free(&s);
    const screen_style small = {.width = WIDTH, .height = HEIGHT, .fill = 0.3f, .seed = 9};
    assert_int_equal(screen_draw(&small, pictures, 1, &s, NULL), SM_OK);
    segment(working, &s.image, NULL, &result);
    assert_int_equal(result.region_count, 1);
    assert_true(result.regions[0].width < WIDTH / 2);
    assert_int_equal(result.warnings & (SM_WARNING_VIEWS | SM_WARNING_SMALL_SCAN), SM_WARNING_SMALL_SCAN);
    /* The caller has chosen it. */
    const sm_segment_options options = with_regions(&s.views[0], 1);
    segment(working, &s.image, &options, &result);
    assert_int_equal(result.warnings & SM_WARNING_SMALL_SCAN, 0);
    screen_free(&s);
    sm_result_free(&result);
}

static void the_answer_for_a_tidy_picture_does_not_change(void **state) {
    (void)state;
    const sm_image image = {pictures[0].width, pictures[0].height, 1, pictures[0].grey};
    const size_t pixels = (size_t)image.width * (size_t)image.height;
    sm_segment_options options = sm_segment_options_default();
    options.find_regions = false;
    sm_result before = {0}, now = {0};
    segment(other, &image, &options, &before);
    /* After an image of two regions, whose memory and features must leave no trace. */
    segment(working, &drawn.image, NULL, &now);
    segment(working, &image, NULL, &now);
    assert_memory_equal(now.probability_map, before.probability_map, pixels * sizeof(float));
    assert_memory_equal(now.mask, before.mask, pixels);
    assert_int_equal(now.lesion_count, before.lesion_count);
    for (int i = 0; i < now.lesion_count; i++)
        assert_memory_equal(&now.lesions[i], &before.lesions[i], sizeof now.lesions[i]);
    assert_near(now.expected_dice, before.expected_dice, 0);
    assert_int_equal(now.region_count, 1);
    assert_near(now.regions[0].presence, now.presence, 0);
    assert_int_equal(now.regions[0].type, now.type);
    sm_result_free(&before);
    sm_result_free(&now);
}

/** The refined answer of a view of the screen, alone. */
static void refine_alone(int view, const sm_prompts *prompts, sm_result *result) {
    sm_segment_options options = sm_segment_options_default();
    options.find_regions = false;
    sm_image part = crop(&drawn.image, &drawn.views[view]);
    segment(other, &part, &options, result);
    if (prompts) assert_int_equal(sm_refine(other, prompts, &options, result, NULL), SM_OK);
    sm_image_free(&part);
}

static void a_click_changes_the_region_that_it_is_in(void **state) {
    (void)state;
    const sm_segment_options options = with_regions(drawn.views, 2);
    sm_result all = {0};
    segment(working, &drawn.image, &options, &all);
    /* Each view, then the first again: the features of the other one are in the state. */
    static const int order[] = {0, 1, 0};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        const int clicked = order[i];
        const sm_rectangle *r = &drawn.views[clicked];
        const sm_click click = {(float)r->x + 60.5f, (float)r->y + 80.5f, true}, own_click = {60.5f, 80.5f, true};
        const sm_prompts prompts = {.clicks = &click, .click_count = 1}, own = {.clicks = &own_click, .click_count = 1};
        assert_int_equal(sm_refine(working, &prompts, &options, &all, NULL), SM_OK);
        assert_true(all.refined);
        assert_near(all.presence, 1, 0);
        assert_int_equal(all.mask[(size_t)click.y * WIDTH + (size_t)click.x], 255);
        for (int k = 0; k < 2; k++) {
            sm_result alone = {0};
            refine_alone(k, k == clicked ? &own : NULL, &alone);
            assert_region(&all, k, &alone);
            sm_result_free(&alone);
        }
    }
    const sm_prompts none = {0};
    sm_result automatic = {0};
    assert_int_equal(sm_refine(working, &none, &options, &all, NULL), SM_OK);
    segment(working, &drawn.image, &options, &automatic);
    assert_false(all.refined);
    assert_memory_equal(all.probability_map, automatic.probability_map, sizeof(float) * WIDTH * HEIGHT);
    sm_result_free(&automatic);
    sm_result_free(&all);
}

static void clicks_in_both_regions_and_a_box_count(void **state) {
    (void)state;
    const sm_rectangle *left = &drawn.views[0], *right = &drawn.views[1];
    const sm_segment_options options = with_regions(drawn.views, 2);
    const sm_click clicks[] = {{(float)left->x + 40, (float)left->y + 50, true},
                               {(float)right->x + 30, (float)right->y + 20, false}};
    /* Begins in the left region; the largest part is in the right one. */
    const sm_box box = {(float)(left->x + left->width) - 10, (float)right->y + 60, (float)(right->x - left->x), 50};
    const sm_prompts prompts = {.clicks = clicks, .click_count = 2, .box = &box};
    sm_result all = {0}, alone = {0};
    segment(working, &drawn.image, &options, &all);
    assert_int_equal(sm_refine(working, &prompts, &options, &all, NULL), SM_OK);
    const sm_click own_left = {40, 50, true}, own_right = {30, 20, false};
    const sm_prompts for_left = {.clicks = &own_left, .click_count = 1};
    const sm_box own_box = {box.x - (float)right->x, 60, box.width, 50};
    const sm_prompts for_right = {.clicks = &own_right, .click_count = 1, .box = &own_box};
    refine_alone(0, &for_left, &alone);
    assert_region(&all, 0, &alone);
    refine_alone(1, &for_right, &alone);
    assert_region(&all, 1, &alone);
    sm_result_free(&all);
    sm_result_free(&alone);
}

static void prompts_outside_all_regions_are_refused(void **state) {
    (void)state;
    const sm_segment_options options = with_regions(drawn.views, 2);
    sm_result result = {0};
    segment(working, &drawn.image, &options, &result);
    const sm_click clicks[] = {{(float)drawn.views[0].x + 5, (float)drawn.views[0].y + 5, true}, {3, 2, false}};
    const sm_prompts outside = {.clicks = clicks, .click_count = 2};
    sm_error error = {0};
    assert_int_equal(sm_refine(working, &outside, &options, &result, &error), SM_ERROR_ARGUMENT);
    assert_string_equal(error.message, "click 2 at (3, 2) is outside the regions of the image");
    const sm_box box = {1, 1, 8, 6};
    const sm_prompts boxed = {.box = &box};
    assert_int_equal(sm_refine(working, &boxed, &options, &result, &error), SM_ERROR_ARGUMENT);
    assert_string_equal(error.message, "the box is outside the regions of the image");
    /* The state can still be used. */
    const sm_prompts inside = {.clicks = clicks, .click_count = 1};
    assert_int_equal(sm_refine(working, &inside, &options, &result, NULL), SM_OK);
    sm_result_free(&result);
}

static void impossible_regions_are_refused(void **state) {
    (void)state;
    static const struct {
        sm_rectangle regions[2];
        int count;
        const char *message;
    } cases[] = {
        {{{10, 10, 0, 5}}, 1, "region 1 of 0 x 5 pixels has no area"},
        {{{10, 10, 50, 50}, {100, 10, 50, -3}}, 2, "region 2 of 50 x -3 pixels has no area"},
        {{{800, 10, 50, 50}}, 1, "region 1 at (800, 10), 50 x 50 pixels, is outside the image of 800 x 600 pixels"},
        {{{-60, 10, 50, 50}}, 1, "region 1 at (-60, 10), 50 x 50 pixels, is outside the image of 800 x 600 pixels"},
        {{{799, 10, INT_MAX, 50}}, 1, "region 1 has 1 x 50 pixels in the image: each side must be at least 2"},
        {{{10, 10, 50, 50}, {59, 59, 50, 50}}, 2, "regions 1 and 2 overlap"},
        {{{0}}, 17, "17 regions: 0 to 16 are possible"},
        {{{0}}, -1, "-1 regions: 0 to 16 are possible"},
    };
    sm_result result = {0};
    sm_error error = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const sm_segment_options options = with_regions(cases[i].regions, cases[i].count);
        assert_int_equal(sm_segment(working, &drawn.image, &options, &result, &error), SM_ERROR_ARGUMENT);
        assert_string_equal(error.message, cases[i].message);
        assert_null(result.regions);
    }
    const sm_segment_options options = with_regions(NULL, 1);
    assert_int_equal(sm_segment(working, &drawn.image, &options, &result, &error), SM_ERROR_ARGUMENT);
    assert_string_equal(error.message, "no regions: NULL");
    const sm_rectangle side_by_side[] = {{10, 10, 50, 50}, {60, 10, 50, 50}};
    const sm_segment_options touching = with_regions(side_by_side, 2);
    segment(working, &drawn.image, &touching, &result);
    assert_int_equal(result.region_count, 2);
    sm_result_free(&result);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_region_is_answered_as_an_image_of_its_own),
        cmocka_unit_test(the_regions_of_a_screen_are_found),
        cmocka_unit_test(four_pictures_and_a_small_one_have_warnings),
        cmocka_unit_test(the_answer_for_a_tidy_picture_does_not_change),
        cmocka_unit_test(a_click_changes_the_region_that_it_is_in),
        cmocka_unit_test(clicks_in_both_regions_and_a_box_count),
        cmocka_unit_test(prompts_outside_all_regions_are_refused),
        cmocka_unit_test(impossible_regions_are_refused),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
