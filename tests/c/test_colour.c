/** Colours of ultrasound pictures: colour maps, Doppler boxes, photographs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../native/data/random.h"
#include "../../src/colour.h"
#include "../../src/letterbox.h"
#include "../../src/scan_photograph.h"
#include "photograph.h"
#include "tint.h"

enum { WIDTH = 320, HEIGHT = 240, PIXELS = WIDTH * HEIGHT };

/** Speckle that grows darker with depth, and a dark disc. */
static void draw_tissue(uint8_t *grey) {
    sm_random random = sm_random_make(5);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            const int dx = x - 150, dy = y - 110;
            const float tissue = dx * dx + dy * dy < 40 * 40 ? 25 : 150 - 90 * (float)y / HEIGHT;
            const float value = tissue * sm_random_range(&random, 0.4f, 1.6f);
            grey[y * WIDTH + x] = (uint8_t)(value > 255 ? 255 : value);
        }
}

static double difference(const uint8_t *a, const uint8_t *b) {
    double sum = 0;
    for (int i = 0; i < PIXELS; i++) sum += abs(a[i] - b[i]);
    return sum / PIXELS;
}

static void test_colour_maps_are_inverted(void **state) {
    (void)state;
    static uint8_t tissue[PIXELS], grey[PIXELS];
    draw_tissue(tissue);
    for (int k = 0; k < TINT_KINDS; k++) {
        sm_image image = tint_image((tint_kind)k, tissue, WIDTH, HEIGHT);
        assert_non_null(image.pixels);
        sm_image_to_grey(&image, grey);
        const double luma = difference(grey, tissue);
        sm_colour found;
        assert_int_equal(sm_colour_remove(&image, grey, &found, NULL), SM_OK);
        assert_true(found.tinted);
        assert_true(found.overlay_share == 0);
        const double inverted = difference(grey, tissue);
        if (!(inverted < 9 && inverted < luma)) fail_msg("%s: %f, luma %f", tint_name((tint_kind)k), inverted, luma);
        sm_image_free(&image);
    }
}

static sm_image rgb_of(const uint8_t *grey) {
    sm_image image = {WIDTH, HEIGHT, 3, malloc(3 * PIXELS)};
    assert_non_null(image.pixels);
    for (int i = 0; i < 3 * PIXELS; i++) image.pixels[i] = grey[i / 3];
    return image;
}

static void test_grey_images_stay(void **state) {
    (void)state;
    static uint8_t tissue[PIXELS], grey[PIXELS];
    draw_tissue(tissue);
    sm_image image = rgb_of(tissue);
    sm_image_to_grey(&image, grey);
    sm_colour found;
    assert_int_equal(sm_colour_remove(&image, grey, &found, NULL), SM_OK);
    assert_false(found.tinted);
    assert_true(found.overlay_share == 0);
    assert_memory_equal(grey, tissue, PIXELS);
    sm_image_free(&image);
}

static void test_doppler_colours_are_filled(void **state) {
    (void)state;
    static uint8_t tissue[PIXELS], grey[PIXELS], luma[PIXELS];
    draw_tissue(tissue);
    sm_image image = rgb_of(tissue);
    const int coloured = tint_doppler(&image, 0.47, 0.46, 0.2, 3);
    assert_true(coloured > PIXELS / 200);
    sm_image_to_grey(&image, grey);
    sm_image_to_grey(&image, luma);
    sm_colour found;
    assert_int_equal(sm_colour_remove(&image, grey, &found, NULL), SM_OK);
    assert_false(found.tinted);
    assert_true((double)found.overlay_share >= (double)coloured / PIXELS);
    assert_true((double)found.overlay_share < 0.2);
    /* Bright flow in the dark disc becomes dark. */
    double before = 0, after = 0;
    for (int y = 80; y < 140; y++)
        for (int x = 120; x < 180; x++) {
            before += abs(luma[y * WIDTH + x] - 25);
            after += abs(grey[y * WIDTH + x] - 25);
        }
    assert_true(after < before);
    sm_image_free(&image);
}

/** Finds the scan in a photograph of a screen with one picture, or with two side by side. */
static void find_in_photograph(int pictures) {
    static uint8_t tissue[PIXELS];
    draw_tissue(tissue);
    enum { SCREEN_WIDTH = 800, SCREEN_HEIGHT = 720, LEFT = 60, TOP = 100, GAP = 12 };
    const int right = LEFT + pictures * WIDTH + (pictures - 1) * GAP;
    sm_image screen = {SCREEN_WIDTH, SCREEN_HEIGHT, 3, calloc((size_t)SCREEN_WIDTH * SCREEN_HEIGHT, 3)};
    uint8_t *screen_mask = calloc((size_t)SCREEN_WIDTH * SCREEN_HEIGHT, 1);
    assert_non_null(screen.pixels);
    assert_non_null(screen_mask);
    for (int y = 0; y < SCREEN_HEIGHT; y++)
        for (int x = 0; x < SCREEN_WIDTH; x++) {
            const int across = (x - LEFT) % (WIDTH + GAP);
            const bool inside = x >= LEFT && x < right && across < WIDTH && y >= TOP && y < TOP + HEIGHT;
            for (int c = 0; c < 3; c++)
                screen.pixels[3 * (y * SCREEN_WIDTH + x) + c] = inside ? tissue[(y - TOP) * WIDTH + across] : 40;
        }
    const photograph_style style = {.width = 1000,
                                    .height = 750,
                                    .pitch = 0.15f,
                                    .yaw = 0.1f,
                                    .distance = 1.2f,
                                    .moire_period = 5,
                                    .gain = 1,
                                    .gamma = 1,
                                    .cast = {1, 1, 1},
                                    .noise = 4,
                                    .jpeg = 85,
                                    .seed = 4};
    photograph taken;
    assert_int_equal(photograph_take(&style, &screen, screen_mask, &taken, NULL), SM_OK);
    uint8_t *grey = malloc((size_t)style.width * (size_t)style.height);
    assert_non_null(grey);
    sm_image_to_grey(&taken.image, grey);
    static sm_scan scan;
    sm_scan_kind kind = SM_SCAN_OTHER;
    assert_int_equal(sm_scan_find_photograph(grey, style.width, style.height, &scan, &kind, NULL), SM_OK);
    assert_int_equal(kind, SM_SCAN_PHOTOGRAPH);
    const sm_point first = photograph_map(taken.from_screen, LEFT, TOP),
                   last = photograph_map(taken.from_screen, right, TOP + HEIGHT);
    const sm_scan_view *view = &scan.views[0];
    assert_int_equal(scan.count, 1);
    assert_true(abs(view->left - (int)first.x) < 60);
    assert_true(abs(view->top - (int)first.y) < 60);
    assert_true(abs(view->left + view->width - (int)last.x) < 60);
    assert_true(abs(view->top + view->height - (int)last.y) < 60);

    /* A screenshot is none. */
    uint8_t *flat = malloc((size_t)SCREEN_WIDTH * SCREEN_HEIGHT);
    assert_non_null(flat);
    sm_image_to_grey(&screen, flat);
    assert_int_equal(sm_scan_find_photograph(flat, SCREEN_WIDTH, SCREEN_HEIGHT, &scan, &kind, NULL), SM_OK);
    assert_int_equal(kind, SM_SCAN_SCREENSHOT);
    free(flat);
    free(grey);
    photograph_free(&taken);
    free(screen_mask);
    sm_image_free(&screen);
}

static void test_the_scan_of_a_photograph_is_found(void **state) {
    (void)state;
    find_in_photograph(1);
}

/** Which the warning says. */
static void test_two_pictures_of_a_photograph_are_one_region(void **state) {
    (void)state;
    find_in_photograph(2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_colour_maps_are_inverted),
        cmocka_unit_test(test_grey_images_stay),
        cmocka_unit_test(test_doppler_colours_are_filled),
        cmocka_unit_test(test_the_scan_of_a_photograph_is_found),
        cmocka_unit_test(test_two_pictures_of_a_photograph_are_one_region),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
