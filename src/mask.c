#include "mask.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

#include "expected_dice.h"
#include "mask_label.h"
#include "mask_measure.h"
#include "status.h"

void sm_mask_threshold(const float *probability, int count, float threshold, uint8_t *mask) {
    if (!probability || !mask) return;
    for (int i = 0; i < count; i++) mask[i] = probability[i] >= threshold ? 255 : 0;
}

/** Area and bounding box of components 1 .. count. */
static void find_boxes(const uint8_t *mask, const int32_t *labels, int width, int height, sm_lesion *parts, int count) {
    for (int i = 0; i < count; i++) parts[i] = (sm_lesion){.label = i + 1, .left = width};
    for (int y = 0; y < height; y++) {
        const int32_t *row = labels + (size_t)y * (size_t)width;
        int left, right;
        if (!sm_mask_row_extent(mask + (size_t)y * (size_t)width, width, &left, &right)) continue;
        for (int x = left; x < right; x++) {
            if (!row[x]) continue;
            sm_lesion *part = &parts[row[x] - 1];
            if (part->area == 0) part->top = y;
            part->area++;
            // `width` holds the right side until the pass is complete.
            if (x < part->left) part->left = x;
            if (x + 1 > part->width) part->width = x + 1;
            part->height = y + 1 - part->top;
        }
    }
    for (int i = 0; i < count; i++) parts[i].width -= parts[i].left;
}

/** Largest first; equal ones in the order of their first pixels. */
static int compare_lesions(const void *a, const void *b) {
    const sm_lesion *first = a, *second = b;
    if (first->area != second->area) return first->area > second->area ? -1 : 1;
    return first->label < second->label ? -1 : first->label > second->label;
}

/** Sorts `parts`, renumbers the labels in that order and clears small components. Returns the number that remains. */
static int keep_large(uint8_t *mask, int32_t *labels, int width, int height, int minimum_area, sm_lesion *parts,
                      int count, int32_t *new_labels) {
    int kept = 0;
    qsort(parts, (size_t)count, sizeof *parts, compare_lesions);
    new_labels[0] = 0;
    for (int i = 0; i < count; i++) {
        const bool stays = parts[i].area >= minimum_area;
        if (stays) kept = i + 1;
        new_labels[parts[i].label] = stays ? i + 1 : 0;
        parts[i].label = i + 1;
    }
    for (int y = 0; y < height; y++) {
        const size_t start = (size_t)y * (size_t)width;
        int left, right;
        if (!sm_mask_row_extent(mask + start, width, &left, &right)) continue;
        for (size_t i = start + (size_t)left; i < start + (size_t)right; i++) {
            labels[i] = new_labels[labels[i]];
            if (!labels[i]) mask[i] = 0;
        }
    }
    return kept;
}

/** `labels` is never NULL here. */
static sm_status find_components(uint8_t *mask, int width, int height, int minimum_area, const float *probability,
                                 int32_t *labels, sm_lesion **lesions, int *lesion_count, sm_error *error) {
    int count = 0;
    sm_status status = sm_mask_label(mask, width, height, labels, &count, error);
    if (status || count == 0) return status;
    sm_lesion *parts = calloc((size_t)count, sizeof *parts);
    int32_t *new_labels = malloc(((size_t)count + 1) * sizeof *new_labels);
    int kept = 0;
    if (parts && new_labels) {
        find_boxes(mask, labels, width, height, parts, count);
        kept = keep_large(mask, labels, width, height, minimum_area, parts, count, new_labels);
        status = sm_mask_measure(mask, width, height, labels, probability, parts, kept, error);
        if (probability) sm_expected_dice_of_lesions(probability, labels, width, height, parts, kept);
    } else {
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory for the %d parts of a mask", count);
    }
    free(new_labels);
    if (status || kept == 0) {
        free(parts);
        return status;
    }
    sm_lesion *shrunk = realloc(parts, (size_t)kept * sizeof *parts);
    *lesions = shrunk ? shrunk : parts;
    *lesion_count = kept;
    return SM_OK;
}

sm_status sm_mask_components(uint8_t *mask, int width, int height, int minimum_area, const float *probability,
                             int32_t *labels, sm_lesion **lesions, int *lesion_count, sm_error *error) {
    if (lesions) *lesions = NULL;
    if (lesion_count) *lesion_count = 0;
    if (!mask || !lesions || !lesion_count)
        return sm_fail(error, SM_ERROR_ARGUMENT, "no mask or no place for the lesions: NULL");
    if (width < 1 || height < 1 || width > INT_MAX / height)
        return sm_fail(error, SM_ERROR_ARGUMENT, "a mask of %d x %d pixels is not supported", width, height);
    if (minimum_area < 0) return sm_fail(error, SM_ERROR_ARGUMENT, "minimum area %d is negative", minimum_area);
    int32_t *label_map = labels ? labels : malloc((size_t)width * (size_t)height * sizeof *label_map);
    if (!label_map)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory to label a mask of %d x %d pixels", width, height);
    const sm_status status =
        find_components(mask, width, height, minimum_area, probability, label_map, lesions, lesion_count, error);
    if (!labels) free(label_map);
    return status;
}
