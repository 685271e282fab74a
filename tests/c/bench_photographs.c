/**
 * Measures the answers for coloured pictures and for photographs of screens, made from images of the folds, with the
 * networks of the folds, each on images that it has not seen: bench_photographs [COUNT [DATA [FOLDS]]]. Not a test: no
 * value is asserted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/file.h"
#include "fold_bench.h"
#include "photograph.h"
#include "screen.h"
#include "tint.h"

enum { CHANNELS = 3 };

static void save(const sm_image *image, const char *name, int index) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    char path[128];
    sm_error error = {0};
    if (!getenv("PHOTOGRAPHS_SAVE")) return;
    snprintf(path, sizeof path, "%s/%s-%04d.png", getenv("PHOTOGRAPHS_SAVE"), name, index);
    fold_bench_check(sm_image_encode_png(image, &bytes, &size, &error), &error);
    fold_bench_check(sm_file_write(path, bytes, size, &error), &error);
    sm_free(bytes);
}

static void segment_and_score(sm_state *state, const sm_image *image, const uint8_t *truth, fold_scores *sum) {
    sm_error error = {0};
    sm_result result = {0};
    const sm_rectangle all = {0, 0, image->width, image->height};
    fold_bench_check(sm_segment(state, image, NULL, &result, &error), &error);
    fold_bench_score(truth, result.mask, image->width, &all, result.looks_like_ultrasound, sum);
    sm_result_free(&result);
}

static void load_sample(fold_bench *b, sm_sample *sample, sm_state **state) {
    sm_error error = {0};
    const int fold = fold_bench_pick(b, -1)->fold;
    *state = b->states[fold];
    fold_bench_check(sm_sample_load(fold_bench_pick(b, fold), sample, &error), &error);
}

static sm_image rgb_of(const uint8_t *grey, int width, int height) {
    const size_t pixels = (size_t)width * (size_t)height;
    sm_image image = {width, height, CHANNELS, malloc(CHANNELS * pixels)};
    if (!image.pixels) fold_bench_fail("no memory");
    for (size_t i = 0; i < CHANNELS * pixels; i++) image.pixels[i] = grey[i / CHANNELS];
    return image;
}

/** The middle of the lesion of a mask, shares of its size; the middle of the picture without a lesion. */
static void middle_of(const sm_sample *s, double *x, double *y) {
    double sum_x = 0, sum_y = 0, count = 0;
    for (int j = 0; j < s->height; j++)
        for (int i = 0; i < s->width; i++)
            if (s->mask[(size_t)j * (size_t)s->width + (size_t)i]) {
                sum_x += i;
                sum_y += j;
                count++;
            }
    *x = count > 0 ? sum_x / count / s->width : 0.5;
    *y = count > 0 ? sum_y / count / s->height : 0.5;
}

static void measure_colours(fold_bench *b, int count) {
    fold_scores tidy = {0}, tinted[TINT_KINDS] = {0}, doppler = {0};
    for (int i = 0; i < count; i++) {
        sm_sample sample = {0};
        sm_state *state = NULL;
        load_sample(b, &sample, &state);
        sm_image grey = {sample.width, sample.height, 1, sample.grey};
        segment_and_score(state, &grey, sample.mask, &tidy);
        for (int k = 0; k < TINT_KINDS; k++) {
            sm_image image = tint_image((tint_kind)k, sample.grey, sample.width, sample.height);
            if (!image.pixels) fold_bench_fail("no memory");
            segment_and_score(state, &image, sample.mask, &tinted[k]);
            sm_image_free(&image);
        }
        double x = 0, y = 0;
        middle_of(&sample, &x, &y);
        sm_image image = rgb_of(sample.grey, sample.width, sample.height);
        tint_doppler(&image, x, y, 0.25, sm_random_derive(11, (uint64_t)i));
        if (i < 5) save(&image, "doppler", i);
        segment_and_score(state, &image, sample.mask, &doppler);
        sm_image_free(&image);
        sm_sample_free(&sample);
    }
    printf("%d pictures by colour maps:\n", count);
    fold_bench_print("  grey", &tidy);
    for (int k = 0; k < TINT_KINDS; k++) {
        char name[64];
        snprintf(name, sizeof name, "  %s", tint_name((tint_kind)k));
        fold_bench_print(name, &tinted[k]);
    }
    fold_bench_print("  with a Doppler box", &doppler);
}

/** The corners of a view in a photograph, from the upper left one clockwise. */
static void corners_of(const photograph *p, const sm_rectangle *view, sm_point corners[4]) {
    for (int k = 0; k < 4; k++)
        corners[k] = photograph_map(p->from_screen, view->x + (k == 1 || k == 2 ? view->width : 0),
                                    view->y + (k >= 2 ? view->height : 0));
}

static sm_rectangle bounds_of(const photograph *p, const sm_point corners[4]) {
    double left = 1e9, top = 1e9, right = 0, bottom = 0;
    for (int k = 0; k < 4; k++) {
        left = (double)corners[k].x < left ? (double)corners[k].x : left;
        right = (double)corners[k].x > right ? (double)corners[k].x : right;
        top = (double)corners[k].y < top ? (double)corners[k].y : top;
        bottom = (double)corners[k].y > bottom ? (double)corners[k].y : bottom;
    }
    if (left < 0) left = 0;
    if (top < 0) top = 0;
    if (right > p->image.width) right = p->image.width;
    if (bottom > p->image.height) bottom = p->image.height;
    return (sm_rectangle){(int)left, (int)top, (int)(right - left), (int)(bottom - top)};
}

/** The view as the photograph shows it, without perspective. */
static void rectify(const photograph *p, const sm_rectangle *view, sm_image *flat, uint8_t **mask) {
    *flat =
        (sm_image){view->width, view->height, CHANNELS, calloc((size_t)view->width * (size_t)view->height, CHANNELS)};
    *mask = calloc((size_t)view->width * (size_t)view->height, 1);
    if (!flat->pixels || !*mask) fold_bench_fail("no memory");
    for (int y = 0; y < view->height; y++)
        for (int x = 0; x < view->width; x++) {
            const sm_point at = photograph_map(p->from_screen, view->x + x + 0.5, view->y + y + 0.5);
            if (at.x < 0 || at.y < 0 || at.x >= (float)p->image.width || at.y >= (float)p->image.height) continue;
            const size_t from = (size_t)(int)at.y * (size_t)p->image.width + (size_t)(int)at.x;
            const size_t to = (size_t)y * (size_t)view->width + (size_t)x;
            memcpy(flat->pixels + CHANNELS * to, p->image.pixels + CHANNELS * from, CHANNELS);
            (*mask)[to] = p->mask[from];
        }
}

static void measure_photographs(fold_bench *b, int count, bool screens) {
    fold_scores tidy = {0}, taken = {0}, boxed = {0}, flat = {0};
    sm_error error = {0};
    int found = 0;
    for (int i = 0; i < count; i++) {
        sm_sample sample = {0};
        sm_state *state = NULL;
        load_sample(b, &sample, &state);
        sm_image grey = {sample.width, sample.height, 1, sample.grey};
        segment_and_score(state, &grey, sample.mask, &tidy);
        screen s = {.image = rgb_of(sample.grey, sample.width, sample.height), .mask = sample.mask};
        s.views[0] = (sm_rectangle){0, 0, sample.width, sample.height};
        if (screens) {
            screen_style style = screen_style_random(sm_random_derive(7, (uint64_t)(1000 + i)));
            style.jpeg = 0;
            sm_image_free(&s.image);
            fold_bench_check(screen_draw(&style, &sample, 1, &s, &error), &error);
        }
        const photograph_style style = photograph_style_random(sm_random_derive(13, (uint64_t)i));
        photograph p = {0};
        fold_bench_check(photograph_take(&style, &s.image, s.mask, &p, &error), &error);
        if (i < 24) save(&p.image, screens ? "screen" : "picture", i);
        sm_result result = {0};
        const sm_rectangle all = {0, 0, p.image.width, p.image.height};
        fold_bench_check(sm_segment(state, &p.image, NULL, &result, &error), &error);
        fold_bench_score(p.mask, result.mask, p.image.width, &all, result.looks_like_ultrasound, &taken);
        const sm_region *r = &result.regions[0];
        found += result.region_count > 1 || r->width < p.image.width || r->height < p.image.height;
        sm_point corners[4];
        corners_of(&p, &s.views[0], corners);
        const sm_rectangle bounds = bounds_of(&p, corners);
        const sm_segment_options given = {.threshold = -1, .minimum_area = -1, .regions = &bounds, .region_count = 1};
        fold_bench_check(sm_segment(state, &p.image, &given, &result, &error), &error);
        fold_bench_score(p.mask, result.mask, p.image.width, &all, result.looks_like_ultrasound, &boxed);
        sm_image straight = {0};
        uint8_t *mask = NULL;
        rectify(&p, &s.views[0], &straight, &mask);
        segment_and_score(state, &straight, mask, &flat);
        sm_image_free(&straight);
        free(mask);
        sm_result_free(&result);
        photograph_free(&p);
        if (screens)
            screen_free(&s);
        else
            sm_image_free(&s.image);
        sm_sample_free(&sample);
    }
    printf("%d photographs of %s:\n", count, screens ? "screens" : "pictures that fill the screen");
    fold_bench_print("  tidy pictures", &tidy);
    fold_bench_print("  photographs", &taken);
    fold_bench_print("  bounding box given", &boxed);
    fold_bench_print("  corners given", &flat);
    printf("  a region was found in %d\n", found);
}

int main(int argc, char **argv) {
    const int count = argc > 1 ? atoi(argv[1]) : 200;
    setvbuf(stdout, NULL, _IOLBF, 0);
    static fold_bench b;
    b.random = sm_random_make(17);
    fold_bench_load(&b, argc > 2 ? argv[2] : "../shared/data", argc > 3 ? argv[3] : "weights/folds");
    measure_colours(&b, count);
    measure_photographs(&b, count, true);
    measure_photographs(&b, count, false);
    fold_bench_free(&b);
    return 0;
}
