/**
 * Measures how well the ultrasound pictures of whole scanner screens are found and answered, with the networks of the
 * folds, each on images that it has not seen, as many as the folder has: bench_screens [COUNT [DATA [FOLDS]]]. Not a
 * test: no value is asserted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/data/random.h"
#include "../../native/file.h"
#include "../../native/metrics/pixels.h"
#include "../../native/parallel.h"
#include "../../src/letterbox.h"
#include "../../src/scan.h"
#include "screen.h"

enum { FOLDS = 5, SETS = 4 };
static const char *const set_names[SETS] = {"busi", "busbra", "busuc", "busuclm"};

typedef struct bench {
    sm_dataset datasets[SETS];
    sm_model *models[FOLDS];
    sm_state *states[FOLDS];
    int fold_count; /* with weights */
    sm_parallel *parallel;
    sm_random random;
} bench;

/** Sums over pictures with a lesion, and over all pictures. */
typedef struct scores {
    double dice, outlined; /* outlined: Dice of at least 0.5 */
    int lesions, missed, pictures, flagged;
} scores;

static void fail(const char *message) {
    fprintf(stderr, "bench_screens: %s\n", message);
    exit(1);
}

static void check(sm_status status, const sm_error *error) {
    if (status != SM_OK) fail(error->message);
}

static void load(bench *b, const char *data, const char *folds) {
    sm_error error = {0};
    char path[4096];
    for (int i = 0; i < SETS; i++) {
        snprintf(path, sizeof path, "%s/%s", data, set_names[i]);
        const char *const paths[] = {path};
        check(sm_dataset_load(paths, 1, &b->datasets[i], &error), &error);
    }
    b->parallel = sm_parallel_create(0);
    if (!b->parallel) fail("the threads cannot be started");
    const sm_state_options options = {.parallel = b->parallel};
    for (int i = 0; i < FOLDS; i++) {
        unsigned char *bytes = NULL;
        size_t size = 0;
        snprintf(path, sizeof path, "%s/fold%d/weights.safetensors", folds, i);
        const sm_status status = sm_file_read(path, &bytes, &size, &error);
        if (status != SM_OK && i > 0) break;
        check(status, &error);
        check(sm_model_create(bytes, size, NULL, &b->models[i], &error), &error);
        check(sm_state_create(b->models[i], &options, &b->states[i], &error), &error);
        free(bytes);
        b->fold_count = i + 1;
    }
}

/** A usable record of any set, of one fold (or -1). */
static const sm_record *pick(bench *b, int fold) {
    for (;;) {
        const sm_dataset *set = &b->datasets[sm_random_below(&b->random, SETS)];
        const sm_record *record = &set->records[sm_random_below(&b->random, set->count)];
        const bool is_wanted = fold < 0 ? record->fold < b->fold_count : record->fold == fold;
        if (!record->exclude && !record->problem && is_wanted) return record;
    }
}

/** Adds the score of a part of a mask. */
static void score(const uint8_t *truth, const uint8_t *mask, int width, const sm_rectangle *part, bool like,
                  scores *sum) {
    sm_pixel_counts counts = {0};
    for (int y = part->y; y < part->y + part->height; y++) {
        const size_t at = (size_t)y * (size_t)width + (size_t)part->x;
        const sm_pixel_counts row = sm_pixel_count(truth + at, mask + at, (size_t)part->width);
        sm_pixel_counts_add(&counts, &row);
    }
    sum->pictures++;
    sum->flagged += !like;
    if (counts.true_positive + counts.false_negative == 0) return;
    const double dice = sm_binary_scores_of(&counts).dice;
    sum->lesions++;
    sum->dice += dice;
    sum->outlined += dice >= 0.5;
    sum->missed += counts.true_positive == 0;
}

static void print(const char *name, const scores *s) {
    printf("%-24s %4d pictures, %4d with a lesion: Dice %.3f, outlined %.1f %%, missed %.1f %%; not like ultrasound "
           "%.1f %%\n",
           name, s->pictures, s->lesions, s->dice / s->lesions, 100.0 * s->outlined / s->lesions,
           100.0 * s->missed / s->lesions, 100.0 * s->flagged / s->pictures);
}

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
    check(sm_image_encode_png(&s->image, &bytes, &size, &error), &error);
    check(sm_file_write(path, bytes, size, &error), &error);
    sm_free(bytes);
}

static void print_style(int number, const screen *s, const screen_style *style) {
    printf("  screen %d (%dx%d, fill %.2f%s%s%s%s, JPEG %d, scale %.2f):", number, s->image.width, s->image.height,
           (double)style->fill, style->thumbnails ? ", thumbnails" : "", style->sector ? ", sector" : "",
           style->coloured ? ", coloured" : "", style->gradient ? ", gradient" : "", style->jpeg, (double)style->scale);
}

/** Screens of `views` pictures each, and the same pictures as they are. With `sector` the pictures are cut. */
static void measure_screens(bench *b, int count, int views, bool sector) {
    scores tidy = {0}, plain = {0}, found = {0};
    double share_sum = 0;
    size_t outside = 0;
    int extra = 0, poor = 0;
    sm_error error = {0};
    sm_segment_options whole = sm_segment_options_default();
    whole.find_regions = false;
    sm_result result = {0};
    for (int i = 0; i < count; i++) {
        const int fold = pick(b, -1)->fold;
        sm_state *state = b->states[fold];
        sm_sample samples[SCREEN_VIEWS_MAX];
        for (int k = 0; k < views; k++) {
            sm_image picture = {0};
            const sm_record *record = pick(b, fold);
            check(sm_sample_load_picture(record, &samples[k], &picture, &error), &error);
            const sm_rectangle all = {0, 0, picture.width, picture.height};
            check(sm_segment(state, &picture, NULL, &result, &error), &error);
            score(samples[k].mask, result.mask, picture.width, &all, result.looks_like_ultrasound, &tidy);
            sm_image_free(&picture);
        }
        screen_style style = screen_style_random(sm_random_derive(7, (uint64_t)(1000 * views + i)));
        style.sector = sector;
        screen s;
        check(screen_draw(&style, samples, views, &s, &error), &error);
        check(sm_segment(state, &s.image, &whole, &result, &error), &error);
        for (int k = 0; k < views; k++)
            score(s.mask, result.mask, s.image.width, &s.views[k], result.looks_like_ultrasound, &plain);
        check(sm_segment(state, &s.image, NULL, &result, &error), &error);
        bool is_poor = result.region_count > views;
        extra += is_poor ? result.region_count - views : 0;
        for (int k = 0; k < views; k++) {
            double share = 0;
            const sm_region *region = region_of(&result, &s.views[k], &share);
            score(s.mask, result.mask, s.image.width, &s.views[k], region->looks_like_ultrasound, &found);
            if (!region->looks_like_ultrasound) {
                const sm_segment_options given = {
                    .threshold = -1, .minimum_area = -1, .regions = &s.views[k], .region_count = 1};
                sm_result exact = {0};
                check(sm_segment(state, &s.image, &given, &exact, &error), &error);
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
    printf("%d screens of %d pictures%s:\n", count, views, sector ? ", each cut to a sector" : "");
    print("  tidy pictures", &tidy);
    print("  screens, whole", &plain);
    print("  screens, regions found", &found);
    printf(
        "  mean IoU of the regions %.3f, %d screens below 0.85 or with others (%d regions), %zu lesion pixels outside "
        "the pictures\n",
        share_sum / (count * views), poor, extra, outside);
}

/** How many of the sets' own images, which are tidy, are cropped. */
static void measure_tidy(const bench *b) {
    int images = 0, cropped = 0;
    sm_scan *scan = malloc(sizeof *scan);
    if (!scan) fail("no memory");
    for (int i = 0; i < SETS; i++)
        for (int r = 0; r < b->datasets[i].count; r++) {
            sm_error error = {0};
            sm_sample sample = {0};
            if (sm_sample_load(&b->datasets[i].records[r], &sample, &error) != SM_OK) continue;
            check(sm_scan_find(sample.grey, sample.width, sample.height, scan, &error), &error);
            images++;
            if (!scan->whole) printf("  cropped: %s\n", b->datasets[i].records[r].image);
            cropped += !scan->whole;
            sm_sample_free(&sample);
        }
    free(scan);
    printf("tidy images cropped: %d of %d\n", cropped, images);
}

int main(int argc, char **argv) {
    const int count = argc > 1 ? atoi(argv[1]) : 200;
    setvbuf(stdout, NULL, _IOLBF, 0);
    static bench b;
    b.random = sm_random_make(7);
    load(&b, argc > 2 ? argv[2] : "../shared/data", argc > 3 ? argv[3] : "weights/folds");
    measure_screens(&b, count, 1, false);
    measure_screens(&b, count / 2, 2, false);
    measure_screens(&b, count / 10, 4, false);
    measure_screens(&b, count / 10, 1, true);
    measure_tidy(&b);
    for (int i = 0; i < FOLDS; i++) {
        sm_state_free(b.states[i]);
        sm_model_free(b.models[i]);
    }
    sm_parallel_free(b.parallel);
    for (int i = 0; i < SETS; i++) sm_dataset_free(&b.datasets[i]);
    return 0;
}
