/** The ultrasound pictures of a scanner screen are found, and nothing else is cropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "../../native/data/phantom.h"
#include "../../native/jpeg_write.h"
#include "../../src/letterbox.h"
#include "../../src/scan.h"
#include "foreign_picture.h"
#include "screen.h"

enum { PICTURES = 4 };
static sm_sample pictures[PICTURES];

static int draw_pictures(void **state) {
    (void)state;
    static const int sizes[PICTURES][2] = {{420, 330}, {360, 420}, {300, 300}, {420, 260}};
    for (int i = 0; i < PICTURES; i++)
        assert_int_equal(
            sm_phantom_draw(sizes[i][0], sizes[i][1], SM_CLASS_BENIGN, (uint64_t)i + 1, &pictures[i], NULL), SM_OK);
    return 0;
}

static int free_pictures(void **state) {
    (void)state;
    for (int i = 0; i < PICTURES; i++) sm_sample_free(&pictures[i]);
    return 0;
}

static screen draw(const screen_style *style, int count) {
    screen drawn;
    sm_error error = {0};
    if (screen_draw(style, pictures, count, &drawn, &error) != SM_OK) fail_msg("%s", error.message);
    return drawn;
}

static void find(const sm_image *image, sm_scan *scan) {
    uint8_t *grey = malloc((size_t)image->width * (size_t)image->height);
    assert_non_null(grey);
    sm_image_to_grey(image, grey);
    assert_int_equal(sm_scan_find(grey, image->width, image->height, scan, NULL), SM_OK);
    free(grey);
}

static double shared_area(const sm_rectangle *a, const sm_scan_view *b) {
    const int left = a->x > b->left ? a->x : b->left, top = a->y > b->top ? a->y : b->top;
    const int right = a->x + a->width < b->left + b->width ? a->x + a->width : b->left + b->width;
    const int bottom = a->y + a->height < b->top + b->height ? a->y + a->height : b->top + b->height;
    if (left >= right || top >= bottom) return 0;
    const double both = (double)(right - left) * (bottom - top);
    return both / ((double)a->width * a->height + (double)b->width * b->height - both);
}

/** Each view is found, and nothing else. */
static void assert_found(const screen *drawn, const sm_scan *scan, double least) {
    assert_false(scan->whole);
    assert_int_equal(scan->count, drawn->view_count);
    for (int k = 0; k < drawn->view_count; k++) {
        double best = 0;
        for (int i = 0; i < scan->count; i++) {
            const double share = shared_area(&drawn->views[k], &scan->views[i]);
            best = share > best ? share : best;
        }
        if (best < least)
            fail_msg("view %d (%d %d %d %d) is found with %.2f; first found %d %d %d %d", k, drawn->views[k].x,
                     drawn->views[k].y, drawn->views[k].width, drawn->views[k].height, best, scan->views[0].left,
                     scan->views[0].top, scan->views[0].width, scan->views[0].height);
    }
}

static void pictures_are_found_in_screens_of_many_looks(void **state) {
    (void)state;
    static const struct {
        screen_style style;
        int views;
        double least;
    } cases[] = {
        {{.width = 800, .height = 600, .fill = 1, .seed = 1}, 1, 0.98},
        {{.width = 800, .height = 600, .fill = 0.9f, .jpeg = 75, .seed = 2}, 1, 0.95},
        {{.width = 800, .height = 600, .fill = 1, .coloured = true, .thumbnails = true, .seed = 3}, 1, 0.98},
        {{.width = 800, .height = 600, .fill = 1, .gradient = true, .seed = 4}, 1, 0.95},
        {{.width = 800, .height = 600, .fill = 1, .scale = 1.25f, .seed = 5}, 1, 0.95},
        {{.width = 1024, .height = 768, .fill = 1, .scale = 0.7f, .jpeg = 85, .seed = 6}, 1, 0.93},
        {{.width = 800, .height = 600, .fill = 1, .sector = true, .seed = 7}, 1, 0.85},
        {{.width = 800, .height = 600, .fill = 0.32f, .seed = 8}, 1, 0.93}, /* 5 % of the screen */
        {{.width = 800, .height = 600, .fill = 1, .seed = 9}, 2, 0.95},
        {{.width = 1024, .height = 768, .fill = 1, .jpeg = 85, .seed = 10}, 2, 0.9},
        {{.width = 1024, .height = 768, .fill = 1, .coloured = true, .seed = 11}, 4, 0.9},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        screen drawn = draw(&cases[i].style, cases[i].views);
        sm_scan scan;
        find(&drawn.image, &scan);
        print_message("screen %zu\n", i + 1);
        assert_found(&drawn, &scan, cases[i].least);
        screen_free(&drawn);
    }
}

static void a_screen_without_a_picture_is_left_whole(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        const screen_style style = {
            .width = 800, .height = 600, .coloured = seed % 2 == 0, .jpeg = seed > 2 ? 85 : 0, .seed = seed};
        screen drawn = draw(&style, 0);
        sm_scan scan;
        find(&drawn.image, &scan);
        assert_true(scan.whole);
        screen_free(&drawn);
    }
}

static void assert_whole(const sm_scan *scan, int width, int height) {
    assert_true(scan->whole);
    assert_int_equal(scan->count, 1);
    assert_int_equal(scan->views[0].left, 0);
    assert_int_equal(scan->views[0].top, 0);
    assert_int_equal(scan->views[0].width, width);
    assert_int_equal(scan->views[0].height, height);
}

static void tidy_pictures_are_left_whole(void **state) {
    (void)state;
    sm_scan scan;
    for (int i = 0; i < PICTURES; i++) {
        assert_int_equal(sm_scan_find(pictures[i].grey, pictures[i].width, pictures[i].height, &scan, NULL), SM_OK);
        assert_whole(&scan, pictures[i].width, pictures[i].height);
    }
}

/** Strong compression leaves flat blocks in a picture, which are no surface of a screen. */
static void strongly_compressed_pictures_are_left_whole(void **state) {
    (void)state;
    for (int quality = 5; quality <= 20; quality += 5)
        for (int i = 0; i < PICTURES; i++) {
            const sm_image picture = {pictures[i].width, pictures[i].height, 1, pictures[i].grey};
            unsigned char *bytes = NULL;
            size_t size = 0;
            assert_int_equal(sm_jpeg_write(&picture, quality, &bytes, &size, NULL), SM_OK);
            sm_image decoded = {0};
            assert_int_equal(sm_image_decode(bytes, size, &decoded, NULL), SM_OK);
            free(bytes);
            sm_scan scan;
            find(&decoded, &scan);
            assert_whole(&scan, picture.width, picture.height);
            sm_image_free(&decoded);
        }
}

/** Where the grey of a dark picture is cut off at 0, bright structures are left that are no text. */
static void dark_pictures_are_left_whole(void **state) {
    (void)state;
    for (int darker = 40; darker <= 160; darker += 20)
        for (int i = 0; i < PICTURES; i++) {
            const int width = pictures[i].width, height = pictures[i].height;
            uint8_t *grey = malloc((size_t)width * (size_t)height);
            assert_non_null(grey);
            for (int k = 0; k < width * height; k++) {
                const int changed = pictures[i].grey[k] * 3 / 2 - darker;
                grey[k] = (uint8_t)(changed < 0 ? 0 : changed > UINT8_MAX ? UINT8_MAX : changed);
            }
            sm_scan scan;
            assert_int_equal(sm_scan_find(grey, width, height, &scan, NULL), SM_OK);
            assert_whole(&scan, width, height);
            free(grey);
        }
}

/** A black border belongs to many tidy images. */
static void a_black_border_is_left_alone(void **state) {
    (void)state;
    const int width = 500, height = 460;
    uint8_t *grey = calloc((size_t)width * (size_t)height, 1);
    assert_non_null(grey);
    for (int y = 0; y < pictures[1].height; y++)
        memcpy(grey + (size_t)(y + 20) * (size_t)width + 60, pictures[1].grey + (size_t)y * (size_t)pictures[1].width,
               (size_t)pictures[1].width);
    sm_scan scan;
    assert_int_equal(sm_scan_find(grey, width, height, &scan, NULL), SM_OK);
    assert_whole(&scan, width, height);
    free(grey);
}

/** Two pictures side by side, without anything else of a screen, on a ground of one grey. */
static void two_pictures_side_by_side_are_parted(void **state) {
    (void)state;
    static const struct {
        int ground, gap, quality; /* 0: not compressed */
        bool parted;
    } cases[] = {{0, 20, 0, true}, {0, 24, 80, true}, {255, 20, 0, true}, {0, 1, 0, false}};
    const sm_sample *left = &pictures[0], *right = &pictures[3];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const int width = left->width + cases[i].gap + right->width, height = left->height;
        uint8_t *grey = malloc((size_t)width * (size_t)height);
        assert_non_null(grey);
        memset(grey, cases[i].ground, (size_t)width * (size_t)height);
        for (int y = 0; y < left->height; y++)
            memcpy(grey + (size_t)y * (size_t)width, left->grey + (size_t)y * (size_t)left->width, (size_t)left->width);
        for (int y = 0; y < right->height; y++)
            memcpy(grey + (size_t)(y + 30) * (size_t)width + left->width + cases[i].gap,
                   right->grey + (size_t)y * (size_t)right->width, (size_t)right->width);
        const sm_image drawn = {width, height, 1, grey};
        sm_scan scan;
        if (cases[i].quality > 0) {
            unsigned char *bytes = NULL;
            size_t size = 0;
            sm_image decoded = {0};
            assert_int_equal(sm_jpeg_write(&drawn, cases[i].quality, &bytes, &size, NULL), SM_OK);
            assert_int_equal(sm_image_decode(bytes, size, &decoded, NULL), SM_OK);
            free(bytes);
            find(&decoded, &scan);
            sm_image_free(&decoded);
        } else {
            find(&drawn, &scan);
        }
        print_message("pair %zu\n", i + 1);
        if (cases[i].parted) {
            const sm_rectangle views[] = {{0, 0, left->width, left->height},
                                          {left->width + cases[i].gap, 30, right->width, right->height}};
            assert_false(scan.whole);
            assert_int_equal(scan.count, 2);
            for (int k = 0; k < 2; k++) assert_true(shared_area(&views[k], &scan.views[k]) > 0.93);
        } else {
            assert_whole(&scan, width, height);
        }
        free(grey);
    }
}

static void photographs_and_tiny_images_are_left_whole(void **state) {
    (void)state;
    sm_scan scan;
    sm_image leaves = foreign_picture(FOREIGN_LEAVES, 400, 300, true, 1);
    find(&leaves, &scan);
    assert_whole(&scan, 400, 300);
    sm_image_free(&leaves);
    static const int sizes[][2] = {{2, 2}, {3, 700}, {5000, 2}, {64, 64}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t *grey = calloc((size_t)sizes[i][0] * (size_t)sizes[i][1], 1);
        assert_non_null(grey);
        assert_int_equal(sm_scan_find(grey, sizes[i][0], sizes[i][1], &scan, NULL), SM_OK);
        assert_whole(&scan, sizes[i][0], sizes[i][1]);
        free(grey);
    }
}

static void outside_a_sector_the_picture_is_cleared(void **state) {
    (void)state;
    const screen_style style = {.width = 800, .height = 600, .fill = 1, .sector = true, .seed = 7};
    screen drawn = draw(&style, 1);
    sm_scan scan;
    find(&drawn.image, &scan);
    const sm_scan_view *view = &scan.views[0];
    const size_t count = (size_t)view->width * (size_t)view->height;
    uint8_t *crop = malloc(3 * count);
    float *map = malloc(count * sizeof *map);
    assert_non_null(crop);
    assert_non_null(map);
    sm_scan_crop(&scan, view, &drawn.image, crop);
    for (size_t i = 0; i < count; i++) map[i] = 1;
    sm_scan_clip(&scan, view, map);
    const size_t upper_left = 0, upper_middle = (size_t)view->width / 2;
    assert_true(map[upper_left] <= 0);
    assert_true(map[upper_middle] >= 1);
    assert_int_equal(crop[3 * upper_left], 0);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        kept += map[i] > 0;
        if (map[i] <= 0) assert_int_equal(crop[3 * i], 0);
    }
    assert_true(kept > count / 2 && kept < count * 9 / 10);
    free(crop);
    free(map);
    screen_free(&drawn);
}

enum { FRINGE = 6 };

/** The corners outside a sector are filled with what is inside, but not with the black beside its edge. */
static void corners_of_a_sector_are_filled(void **state) {
    (void)state;
    const screen_style style = {.width = 800, .height = 600, .fill = 1, .sector = true, .seed = 7};
    screen drawn = draw(&style, 1);
    sm_scan scan;
    find(&drawn.image, &scan);
    const sm_scan_view *view = &scan.views[0];
    const size_t width = (size_t)view->width, count = width * (size_t)view->height;
    uint8_t *grey = malloc(count), *faint = malloc(count);
    float *map = malloc(count * sizeof *map);
    assert_true(grey && faint && map);
    for (size_t i = 0; i < count; i++) map[i] = 1;
    sm_scan_clip(&scan, view, map);
    for (size_t row = 0; row < count; row += width) {
        size_t first = 0, end = width;
        while (first < end && map[row + first] <= 0) first++;
        while (end > first && map[row + end - 1] <= 0) end--;
        if (first > 0) first += FRINGE;
        if (end < width) end -= FRINGE;
        for (size_t x = 0; x < width; x++) grey[row + x] = x >= first && x < end ? (uint8_t)(100 + 40 * (x % 2)) : 0;
    }
    memcpy(faint, grey, count);
    sm_scan_mirror(&scan, view, 1, grey);
    sm_scan_mirror(&scan, view, 0.5f, faint);
    for (size_t i = 0; i < count; i++) {
        const size_t row = i - i % width;
        size_t outside = 0;
        for (size_t x = 0; x < width; x++) outside += map[row + x] <= 0;
        if (outside <= 2 * (size_t)scan.cell_size) continue; /* a rounded corner */
        assert_true(grey[i] == 100 || grey[i] == 140);
        if (map[i] <= 0) assert_true(faint[i] == 110 || faint[i] == 130);
    }
    size_t edge = 0;
    while (map[edge] <= 0) edge++;
    edge += FRINGE + 2; /* two pixels more, which a compression blurs */
    for (size_t k = 0; k < edge; k++) assert_int_equal(grey[edge - 1 - k], grey[edge + k]);
    free(grey);
    free(faint);
    free(map);
    screen_free(&drawn);
}

static void surface_beside_a_sector_is_no_lesion(void **state) {
    (void)state;
    const screen_style style = {.width = 800, .height = 600, .fill = 1, .sector = true, .seed = 7};
    screen drawn = draw(&style, 1);
    sm_scan scan;
    find(&drawn.image, &scan);
    sm_scan_view *view = &scan.views[0];
    const size_t width = (size_t)view->width, count = width * (size_t)view->height;
    const size_t cell = (size_t)scan.cell_size, fringe = 3 * cell;
    uint8_t *grey = calloc(count, 1);
    float *map = malloc(count * sizeof *map);
    assert_true(grey && map);
    for (size_t i = 0; i < count; i++) map[i] = 1;
    sm_scan_clip(&scan, view, map);
    size_t cut = 0, before = 0, after = 0;
    for (size_t row = 0; row < count; row += width) {
        size_t first = 0, end = width;
        while (first < end && map[row + first] <= 0) first++;
        while (end > first && map[row + end - 1] <= 0) end--;
        const bool slanted = width - (end - first) > 2 * cell && end - first > 4 * fringe;
        for (size_t x = 0; x < width; x++)
            if (x >= first + (first > 0 ? fringe : 0) && x + (end < width ? fringe : 0) < end)
                grey[row + x] = (uint8_t)(100 + 40 * (x % 2));
            else if (slanted)
                cut += map[row + x] > 0;
    }
    for (size_t i = 0; i < count; i++) before += map[i] > 0;
    sm_scan_narrow(&scan, view, grey);
    sm_scan_clip(&scan, view, map);
    for (size_t i = 0; i < count; i++) {
        after += map[i] > 0;
        if (grey[i] > 0) assert_true(map[i] > 0); /* nothing of the picture is lost but what is blurred */
    }
    assert_true(cut > 0);
    assert_true(before - after > cut / 2); /* all but the cells that the edge crosses */
    free(grey);
    free(map);
    screen_free(&drawn);
}

/** The shape of one given rectangle. */
static sm_scan given(const screen *drawn, const sm_rectangle *rectangle) {
    const int width = drawn->image.width, height = drawn->image.height;
    uint8_t *grey = malloc((size_t)width * (size_t)height);
    assert_non_null(grey);
    sm_image_to_grey(&drawn->image, grey);
    sm_scan scan;
    assert_int_equal(sm_scan_set_rectangles(rectangle, 1, width, height, &scan, NULL), SM_OK);
    assert_int_equal(sm_scan_find_sectors(grey, width, height, &scan, NULL), SM_OK);
    free(grey);
    return scan;
}

/** Pixels of a view that are in its shape. */
static double area_of_shape(const sm_scan *scan) {
    const sm_scan_view *view = &scan->views[0];
    const size_t count = (size_t)view->width * (size_t)view->height;
    float *map = malloc(count * sizeof *map);
    assert_non_null(map);
    double sum = 0;
    for (size_t i = 0; i < count; i++) map[i] = 1;
    sm_scan_clip(scan, view, map);
    for (size_t i = 0; i < count; i++) sum += (double)map[i];
    free(map);
    return sum;
}

/** Share of a view that is in its shape. */
static double share_in_shape(const sm_scan *scan) {
    return area_of_shape(scan) / scan->views[0].width / scan->views[0].height;
}

static void a_given_rectangle_gets_the_shape_of_its_sector(void **state) {
    (void)state;
    screen_style style = {.width = 800, .height = 600, .fill = 1, .sector = true, .seed = 7};
    screen sector = draw(&style, 1);
    sm_scan scan = given(&sector, &sector.views[0]), found;
    find(&sector.image, &found);
    assert_true(share_in_shape(&scan) < 0.9);
    assert_float_equal((float)(area_of_shape(&scan) / area_of_shape(&found)), 1, 0.1);
    const sm_scan_view *view = &scan.views[0];
    assert_int_equal(view->left, sector.views[0].x);
    assert_int_equal(view->width, sector.views[0].width);
    const sm_rectangle small = {sector.views[0].x + sector.views[0].width / 2, sector.views[0].y + 100, 9, 9};
    scan = given(&sector, &small);
    assert_float_equal((float)share_in_shape(&scan), 1, 0); /* of too few cells for a shape */
    screen_free(&sector);
    style.sector = false;
    screen plain = draw(&style, 1);
    scan = given(&plain, &plain.views[0]);
    assert_float_equal((float)share_in_shape(&scan), 1, 0);
    /* A shadow at the side reaches the bottom: it is no corner of a sector. */
    const sm_rectangle *r = &plain.views[0];
    const size_t channels = (size_t)plain.image.channels;
    for (int y = r->height / 3; y < r->height; y++)
        memset(plain.image.pixels + ((size_t)(r->y + y) * (size_t)plain.image.width + (size_t)r->x) * channels, 0,
               (size_t)(r->width / 4) * channels);
    scan = given(&plain, r);
    assert_float_equal((float)share_in_shape(&scan), 1, 0);
    screen_free(&plain);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_are_found_in_screens_of_many_looks),
        cmocka_unit_test(a_screen_without_a_picture_is_left_whole),
        cmocka_unit_test(tidy_pictures_are_left_whole),
        cmocka_unit_test(strongly_compressed_pictures_are_left_whole),
        cmocka_unit_test(dark_pictures_are_left_whole),
        cmocka_unit_test(a_black_border_is_left_alone),
        cmocka_unit_test(two_pictures_side_by_side_are_parted),
        cmocka_unit_test(photographs_and_tiny_images_are_left_whole),
        cmocka_unit_test(outside_a_sector_the_picture_is_cleared),
        cmocka_unit_test(corners_of_a_sector_are_filled),
        cmocka_unit_test(surface_beside_a_sector_is_no_lesion),
        cmocka_unit_test(a_given_rectangle_gets_the_shape_of_its_sector),
    };
    return cmocka_run_group_tests(tests, draw_pictures, free_pictures);
}
