#include "click_geometry.h"

#include <float.h>
#include <stddef.h>
#include <stdlib.h>

#include "../../src/mask_label.h"
#include "distance_transform.h"

static void measure(const int32_t *labels, int width, int height, sm_component *c) {
    *c = (sm_component){.label = c->label, .area = c->area, .left = width, .top = height};
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            if (labels[(size_t)y * (size_t)width + (size_t)x] != c->label) continue;
            if (x < c->left) c->left = x;
            if (x >= c->right) c->right = x + 1;
            if (y < c->top) c->top = y;
            c->bottom = y + 1;
        }
}

sm_status sm_largest_component(const uint8_t *mask, int width, int height, int32_t *labels, sm_component *largest,
                               sm_error *error) {
    int count = 0;
    *largest = (sm_component){0};
    const sm_status status = sm_mask_label(mask, width, height, labels, &count, error);
    if (status != SM_OK || count == 0) return status;
    int *areas = calloc((size_t)count + 1, sizeof *areas);
    if (!areas) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the %d components of a mask", count);
    for (size_t i = 0; i < (size_t)width * (size_t)height; i++) areas[labels[i]]++;
    for (int label = 1; label <= count; label++)
        if (areas[label] > largest->area) *largest = (sm_component){.label = label, .area = areas[label]};
    free(areas);
    measure(labels, width, height, largest);
    return SM_OK;
}

sm_status sm_most_interior_pixel(const int32_t *labels, int width, const sm_component *component, sm_pixel *pixel,
                                 sm_error *error) {
    /* One pixel of background around the bounding box: it stands for the tissue or the border of the image. */
    const int across = component->right - component->left + 2;
    const int down = component->bottom - component->top + 2;
    float *squared = malloc((size_t)across * (size_t)down * sizeof *squared);
    sm_distance_scratch scratch;
    if (!sm_distance_scratch_make(&scratch, across > down ? across : down) || !squared) {
        free(squared);
        sm_distance_scratch_free(&scratch);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for distances of %d x %d pixels", across, down);
    }
    for (int y = 0; y < down; y++)
        for (int x = 0; x < across; x++) {
            const bool edge = x == 0 || y == 0 || x == across - 1 || y == down - 1;
            const ptrdiff_t i = (ptrdiff_t)(y - 1 + component->top) * width + x - 1 + component->left;
            squared[(size_t)y * (size_t)across + (size_t)x] = !edge && labels[i] == component->label ? FLT_MAX : 0.0f;
        }
    sm_distance_transform(squared, across, down, &scratch);
    float farthest = 0;
    for (int y = 1; y < down - 1; y++)
        for (int x = 1; x < across - 1; x++) {
            const float distance = squared[(size_t)y * (size_t)across + (size_t)x];
            if (distance <= farthest) continue;
            farthest = distance;
            *pixel = (sm_pixel){x - 1 + component->left, y - 1 + component->top};
        }
    free(squared);
    sm_distance_scratch_free(&scratch);
    return SM_OK;
}

bool sm_random_pixel(const uint8_t *mask, int width, int height, sm_random *random, sm_pixel *pixel) {
    const int pixels = width * height;
    int count = 0;
    for (int i = 0; i < pixels; i++) count += mask[i] != 0;
    if (count == 0) return false;
    int left = sm_random_below(random, count);
    for (int i = 0; i < pixels; i++) {
        if (mask[i] == 0 || left-- > 0) continue;
        *pixel = (sm_pixel){i % width, i / width};
        return true;
    }
    return false;
}
