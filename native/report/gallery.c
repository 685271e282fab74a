#include "gallery.h"

#include <stdlib.h>

#include "panel.h"

enum { BEST_SHOWN = 4, MEDIAN_SHOWN = 4, FALSE_MASKS_SHOWN = 6 };

static double share_of_image(const sm_evaluated_image *image, long long pixels) {
    return (double)pixels / ((double)image->width * image->height);
}

static double lesion_share(const sm_evaluated_image *image) {
    return share_of_image(image, image->pixels.true_positive + image->pixels.false_negative);
}

static double false_share(const sm_evaluated_image *image) {
    return share_of_image(image, image->pixels.false_positive);
}

/* Worst first. */
static int by_dice(const void *first, const void *second) {
    const sm_evaluated_image *a = *(const sm_evaluated_image *const *)first;
    const sm_evaluated_image *b = *(const sm_evaluated_image *const *)second;
    if (a->scores.dice != b->scores.dice) return a->scores.dice < b->scores.dice ? -1 : 1;
    double size_a = lesion_share(a), size_b = lesion_share(b);
    return size_a != size_b ? (size_a > size_b ? -1 : 1) : a < b ? -1 : a > b;
}

static int by_false_mask(const void *first, const void *second) {
    const sm_evaluated_image *a = *(const sm_evaluated_image *const *)first;
    const sm_evaluated_image *b = *(const sm_evaluated_image *const *)second;
    double size_a = false_share(a), size_b = false_share(b);
    return size_a != size_b ? (size_a > size_b ? -1 : 1) : a < b ? -1 : a > b;
}

static void show(sm_gallery *gallery, const sm_evaluated_image *image) {
    gallery->items[gallery->count++] = (sm_gallery_item){.image = image};
}

static int smaller(int a, int b) { return a < b ? a : b; }

sm_status sm_galleries_choose(const sm_split *split, sm_gallery galleries[SM_GALLERY_KINDS], sm_error *error) {
    sm_gallery *worst = &galleries[0], *false_masks = &galleries[1], *median = &galleries[2], *best = &galleries[3];
    *worst = (sm_gallery){.title = "Worst failures", .note = "Lesion images with the lowest Dice"};
    *false_masks = (sm_gallery){.title = "False masks", .note = "Normal images with the largest predicted area"};
    *median = (sm_gallery){.title = "Median", .note = "Lesion images in the middle of the ranking"};
    *best = (sm_gallery){.title = "Best", .note = "Lesion images with the highest Dice"};
    const sm_evaluated_image **list = malloc(((size_t)split->count + 1) * sizeof *list);
    if (!list) return sm_fail(error, SM_ERROR_MEMORY, "no memory to choose the images of the report");
    int lesions = 0;
    for (int i = 0; i < split->count; i++)
        if (sm_evaluated_has_lesion(split->images[i])) list[lesions++] = split->images[i];
    qsort(list, (size_t)lesions, sizeof *list, by_dice);
    /* With few images, a third of them each, so that none is shown twice. */
    int third = lesions / 3, best_count = smaller(BEST_SHOWN, third), median_count = smaller(MEDIAN_SHOWN, third);
    int worst_count = smaller(SM_GALLERY_FAILURES, lesions - best_count - median_count);
    int first = lesions / 2 - median_count / 2;
    if (first < worst_count) first = worst_count;
    if (first + median_count + best_count > lesions) first = lesions - best_count - median_count;
    for (int i = 0; i < worst_count; i++) show(worst, list[i]);
    for (int i = 0; i < median_count; i++) show(median, list[first + i]);
    for (int i = 0; i < best_count; i++) show(best, list[lesions - 1 - i]);
    int normals = 0;
    for (int i = 0; i < split->count; i++)
        if (sm_evaluated_normal(split->images[i]) && sm_evaluated_has_mask(split->images[i]))
            list[normals++] = split->images[i];
    qsort(list, (size_t)normals, sizeof *list, by_false_mask);
    for (int i = 0; i < smaller(normals, FALSE_MASKS_SHOWN); i++) show(false_masks, list[i]);
    free(list);
    return SM_OK;
}

typedef struct drawing {
    sm_evaluator *evaluator;
    sm_gallery_item *items[SM_GALLERY_KINDS * SM_GALLERY_MAX];
    int count, tile;
} drawing;

/* An sm_task. The errors are not reported: the image is in the scores, only its picture is missing. */
static void draw_task(void *arguments, int index, int worker) {
    drawing *job = arguments;
    sm_gallery_item *item = job->items[index];
    sm_sample sample = {0};
    sm_result result = {0};
    sm_image image = {0}, panel = {0};
    if (sm_sample_load_picture(item->image->record, &sample, &image, NULL) != SM_OK) return;
    sm_status status = sm_evaluator_segment(job->evaluator, worker, &image, &result, NULL);
    const sm_panel_row row = {.width = sample.width,
                              .height = sample.height,
                              .grey = sample.grey,
                              .reference = sample.mask,
                              .predicted = result.mask};
    if (status == SM_OK) status = sm_panel_render(&row, job->tile, &panel, NULL);
    if (status == SM_OK) status = sm_image_encode_png(&panel, &item->png, &item->png_size, NULL);
    if (status != SM_OK) item->png = NULL;
    sm_image_free(&panel);
    sm_image_free(&image);
    sm_result_free(&result);
    sm_sample_free(&sample);
}

void sm_galleries_draw(const sm_evaluation_results *results, sm_gallery galleries[SM_GALLERY_KINDS], int tile) {
    for (int n = 0; n < results->network_count; n++) {
        drawing job = {.evaluator = results->networks[n].evaluator, .tile = tile};
        for (int g = 0; g < SM_GALLERY_KINDS; g++)
            for (int i = 0; i < galleries[g].count; i++) {
                sm_gallery_item *item = &galleries[g].items[i];
                if (sm_evaluation_evaluator(results, item->image->record) == job.evaluator)
                    job.items[job.count++] = item;
            }
        sm_parallel_run(sm_evaluator_parallel(job.evaluator), job.count, draw_task, &job);
    }
}

void sm_galleries_free(sm_gallery galleries[SM_GALLERY_KINDS]) {
    for (int g = 0; g < SM_GALLERY_KINDS; g++) {
        for (int i = 0; i < galleries[g].count; i++) free(galleries[g].items[i].png);
        galleries[g].count = 0;
    }
}
