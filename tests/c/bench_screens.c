/**
 * Measures how well the ultrasound pictures of whole scanner screens are found and answered, with the networks of the
 * folds, each on images that it has not seen, as many as the folder has: bench_screens [COUNT [DATA [FOLDS]]]. Not a
 * test: no value is asserted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/file.h"
#include "../../src/scan.h"
#include "fold_bench.h"
#include "screen.h"

static double overlap(const sm_rectangle *a, const sm_region *b) {
    const int left = a->x > b->x ? a->x : b->x, top = a->y > b->y ? a->y : b->y;
    const int right = a->x + a->width < b->x + b->width ? a->x + a->width : b->x + b->width;
    const int bottom = a->y + a->height < b->y + b->height ? a->y + a->height : b->y + b->height;
    if (left >= right || top >= bottom) return 0;
    const double shared = (double)(right - left) * (bottom - top);
    return shared / ((double)a->width * a->height + (double)b->width * b->height - shared);
}

/** The region that shares most with a view; its intersection over union in `*share`. */
static const sm_region *region_of(const sm_result *result, const sm_rectangle *view, double *share) {
    const sm_region *best = &result->regions[0];
    *share = -1;
    for (int i = 0; i < result->region_count; i++) {
        const double shared = overlap(view, &result->regions[i]);
        if (shared <= *share) continue;
        *share = shared;
        best = &result->regions[i];
    }
    return best;
}

/** Lesion pixels outside the views. */
static size_t count_outside(const screen *s, const uint8_t *mask) {
    size_t count = 0;
    for (int y = 0; y < s->image.height; y++)
        for (int x = 0; x < s->image.width; x++) {
            bool inside = false;
            for (int k = 0; k < s->view_count; k++) {
                const sm_rectangle *v = &s->views[k];
                inside =
                    inside || (x >= v->x - 2 && x < v->x + v->width + 2 && y >= v->y - 2 && y < v->y + v->height + 2);
            }
            count += !inside && mask[(size_t)y * (size_t)s->image.width + (size_t)x];
        }
    return count;
}

static void save(const screen *s, int index) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    char path[64];
    sm_error error = {0};
    snprintf(path, sizeof path, "build/screens/%04d.png", index);
    fold_bench_check(sm_image_encode_png(&s->image, &bytes, &size, &error), &error);
    fold_bench_check(sm_file_write(path, bytes, size, &error), &error);
    sm_free(bytes);
}

static void print_style(int number, const screen *s, const screen_style *style) {
    printf("  screen %d (%dx%d, fill %.2f%s%s%s%s, JPEG %d, scale %.2f):", number, s->image.width, s->image.height,
           (double)style->fill, style->thumbnails ? ", thumbnails" : "", style->sector ? ", sector" : "",
           style->coloured ? ", coloured" : "", style->gradient ? ", gradient" : "", style->jpeg, (double)style->scale);
}

/** Screens of `views` pictures each, and the same pictures as they are. */
static void measure_screens(fold_bench *b, int count, int views) {
    fold_scores tidy = {0}, plain = {0}, found = {0};
    double share_sum = 0;
    size_t outside = 0;
    int extra = 0, poor = 0;
    sm_error error = {0};
    sm_segment_options whole = sm_segment_options_default();
    whole.find_regions = false;
    sm_result result = {0};
    for (int i = 0; i < count; i++) {
        const int fold = fold_bench_pick(b, -1)->fold;
        sm_state *state = b->states[fold];
        sm_sample samples[SCREEN_VIEWS_MAX];
        for (int k = 0; k < views; k++) {
            sm_image picture = {0};
            const sm_record *record = fold_bench_pick(b, fold);
            fold_bench_check(sm_sample_load_picture(record, &samples[k], &picture, &error), &error);
            const sm_rectangle all = {0, 0, picture.width, picture.height};
            fold_bench_check(sm_segment(state, &picture, NULL, &result, &error), &error);
            fold_bench_score(samples[k].mask, result.mask, picture.width, &all, result.looks_like_ultrasound, &tidy);
            sm_image_free(&picture);
        }
        screen_style style = screen_style_random(sm_random_derive(7, 1000 * (uint64_t)views + (uint64_t)i));
        screen s;
        fold_bench_check(screen_draw(&style, samples, views, &s, &error), &error);
        fold_bench_check(sm_segment(state, &s.image, &whole, &result, &error), &error);
        for (int k = 0; k < views; k++)
            fold_bench_score(s.mask, result.mask, s.image.width, &s.views[k], result.looks_like_ultrasound, &plain);
        fold_bench_check(sm_segment(state, &s.image, NULL, &result, &error), &error);
        bool is_poor = result.region_count > views;
        extra += is_poor ? result.region_count - views : 0;
        for (int k = 0; k < views; k++) {
            double share = 0;
            const sm_region *region = region_of(&result, &s.views[k], &share);
            fold_bench_score(s.mask, result.mask, s.image.width, &s.views[k], region->looks_like_ultrasound, &found);
            if (!region->looks_like_ultrasound) {
                const sm_segment_options given = {
                    .threshold = -1, .minimum_area = -1, .regions = &s.views[k], .region_count = 1};
                sm_result exact = {0};
                fold_bench_check(sm_segment(state, &s.image, &given, &exact, &error), &error);
                print_style(1000 * views + i, &s, &style);
                printf(" outlier score %.2f, of the picture as it was drawn %.2f\n", (double)region->outlier_score,
                       (double)exact.outlier_score);
                sm_result_free(&exact);
            }
            share_sum += share;
            is_poor = is_poor || share < 0.85;
        }
        outside += count_outside(&s, result.mask);
        if (is_poor) {
            print_style(1000 * views + i, &s, &style);
            for (int k = 0; k < views; k++)
                printf(" [%d %d %d %d]", s.views[k].x, s.views[k].y, s.views[k].width, s.views[k].height);
            printf(" found");
            for (int k = 0; k < result.region_count; k++)
                printf(" [%d %d %d %d]", result.regions[k].x, result.regions[k].y, result.regions[k].width,
                       result.regions[k].height);
            printf("\n");
            if (getenv("SCREENS_SAVE")) save(&s, 1000 * views + i);
        }
        poor += is_poor;
        screen_free(&s);
        for (int k = 0; k < views; k++) sm_sample_free(&samples[k]);
    }
    sm_result_free(&result);
    printf("%d screens of %d pictures:\n", count, views);
    fold_bench_print("  tidy pictures", &tidy);
    fold_bench_print("  screens, whole", &plain);
    fold_bench_print("  screens, regions found", &found);
    printf(
        "  mean IoU of the regions %.3f, %d screens below 0.85 or with others (%d regions), %zu lesion pixels outside "
        "the pictures\n",
        share_sum / (count * views), poor, extra, outside);
}

/** Removes what is outside the sector. Returns the share of the marked pixels that is left; 1 without any. */
static double cut_to_sector(uint8_t *mask, int width, int height) {
    size_t all = 0, left = 0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            uint8_t *pixel = &mask[(size_t)y * (size_t)width + (size_t)x];
            all += *pixel > 0;
            if (!screen_in_sector(x, y, width, height)) *pixel = 0;
            left += *pixel > 0;
        }
    return all > 0 ? (double)left / (double)all : 1;
}

/* A lesion of which less is left is another one, to which the answer for the tidy picture does not compare. */
static const double least_left = 0.9;

/**
 * Screens of a picture that is cut to a sector. The answers for the tidy picture are cut in the same way, and lesions
 * that lose a part do not count.
 */
static void measure_sectors(fold_bench *b, int count) {
    fold_scores tidy = {0}, plain = {0}, boxed = {0}, found = {0};
    double share_sum = 0;
    int cut = 0;
    sm_error error = {0};
    sm_segment_options whole = sm_segment_options_default();
    whole.find_regions = false;
    sm_result result = {0};
    for (int i = 0; i < count; i++) {
        const int fold = fold_bench_pick(b, -1)->fold;
        sm_state *state = b->states[fold];
        sm_sample sample;
        sm_image picture = {0};
        fold_bench_check(sm_sample_load_picture(fold_bench_pick(b, fold), &sample, &picture, &error), &error);
        fold_bench_check(sm_segment(state, &picture, NULL, &result, &error), &error);
        screen_style style = screen_style_random(sm_random_derive(7, 9000 + (uint64_t)i));
        style.sector = true;
        screen s;
        fold_bench_check(screen_draw(&style, &sample, 1, &s, &error), &error);
        const sm_rectangle all = {0, 0, sample.width, sample.height};
        if (cut_to_sector(sample.mask, sample.width, sample.height) < least_left) {
            cut++;
            memset(sample.mask, 0, (size_t)sample.width * (size_t)sample.height);
            memset(s.mask, 0, (size_t)s.image.width * (size_t)s.image.height);
        }
        cut_to_sector(result.mask, sample.width, sample.height);
        fold_bench_score(sample.mask, result.mask, sample.width, &all, result.looks_like_ultrasound, &tidy);
        const sm_segment_options given = {
            .threshold = -1, .minimum_area = -1, .regions = &s.views[0], .region_count = 1};
        const sm_segment_options *const options[] = {&whole, &given, NULL};
        fold_scores *const sums[] = {&plain, &boxed, &found};
        for (int k = 0; k < 3; k++) {
            fold_bench_check(sm_segment(state, &s.image, options[k], &result, &error), &error);
            fold_bench_score(s.mask, result.mask, s.image.width, &s.views[0], result.looks_like_ultrasound, sums[k]);
        }
        double share = 0;
        region_of(&result, &s.views[0], &share);
        share_sum += share;
        if (getenv("SCREENS_SAVE")) save(&s, 9000 + i);
        screen_free(&s);
        sm_image_free(&picture);
        sm_sample_free(&sample);
    }
    sm_result_free(&result);
    printf("%d screens of a picture that is cut to a sector; %d lesions lose a part and do not count:\n", count, cut);
    fold_bench_print("  tidy pictures", &tidy);
    fold_bench_print("  screens, whole", &plain);
    fold_bench_print("  rectangle given", &boxed);
    fold_bench_print("  screens, regions found", &found);
    printf("  mean IoU of the regions %.3f\n", share_sum / count);
}

/** How many of the sets' own images, which are tidy, are cropped. */
static void measure_tidy(const fold_bench *b) {
    int images = 0, cropped = 0, sectors = 0;
    sm_scan *scan = malloc(sizeof *scan);
    if (!scan) fold_bench_fail("no memory");
    for (int i = 0; i < FOLD_BENCH_SETS; i++)
        for (int r = 0; r < b->datasets[i].count; r++) {
            sm_error error = {0};
            sm_sample sample = {0};
            if (sm_sample_load(&b->datasets[i].records[r], &sample, &error) != SM_OK) continue;
            fold_bench_check(sm_scan_find(sample.grey, sample.width, sample.height, scan, &error), &error);
            images++;
            if (!scan->whole) printf("  cropped: %s\n", b->datasets[i].records[r].image);
            cropped += !scan->whole;
            const sm_rectangle inner = {1, 1, sample.width - 2, sample.height - 2};
            fold_bench_check(sm_scan_set_rectangles(&inner, 1, sample.width, sample.height, scan, &error), &error);
            fold_bench_check(sm_scan_find_sectors(sample.grey, sample.width, sample.height, scan, &error), &error);
            if (scan->views[0].row_count > 1) printf("  sector: %s\n", b->datasets[i].records[r].image);
            sectors += scan->views[0].row_count > 1;
            sm_sample_free(&sample);
        }
    free(scan);
    printf("tidy images cropped: %d of %d; taken for a sector, were they given as rectangles: %d\n", cropped, images,
           sectors);
}

int main(int argc, char **argv) {
    const int count = argc > 1 ? atoi(argv[1]) : 200;
    setvbuf(stdout, NULL, _IOLBF, 0);
    static fold_bench b;
    b.random = sm_random_make(7);
    fold_bench_load(&b, argc > 2 ? argv[2] : "../shared/data", argc > 3 ? argv[3] : "weights/folds");
    measure_screens(&b, count, 1);
    measure_screens(&b, count / 2, 2);
    measure_screens(&b, count / 10, 4);
    measure_sectors(&b, count / 2);
    measure_tidy(&b);
    fold_bench_free(&b);
    return 0;
}
