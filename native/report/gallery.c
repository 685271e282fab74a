#include "gallery.h"

#include <stdlib.h>

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
    gallery->images[gallery->count] = image;
    gallery->panels[gallery->count] = (sm_evaluation_panel){.record = image->record};
    gallery->count++;
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
    /* With few images a third each, so that none is shown twice. */
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
        if (split->images[i]->record->type == SM_CLASS_NORMAL && sm_evaluated_has_mask(split->images[i]))
            list[normals++] = split->images[i];
    qsort(list, (size_t)normals, sizeof *list, by_false_mask);
    for (int i = 0; i < smaller(normals, FALSE_MASKS_SHOWN); i++) show(false_masks, list[i]);
    free(list);
    return SM_OK;
}

void sm_galleries_free(sm_gallery galleries[SM_GALLERY_KINDS]) {
    for (int g = 0; g < SM_GALLERY_KINDS; g++) {
        for (int i = 0; i < galleries[g].count; i++) free(galleries[g].panels[i].png);
        galleries[g].count = 0;
    }
}
