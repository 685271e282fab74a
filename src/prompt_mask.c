#include "prompt_mask.h"

#include <stdlib.h>
#include <string.h>

#include "mask_label.h"
#include "prompt_work.h"
#include "status.h"

sm_status sm_prompt_label(sm_prompt_work *work, sm_error *error) {
    if (work->labelled) return SM_OK;
    const sm_pixel_prompts *prompts = work->prompts;
    sm_status status =
        sm_mask_label(work->mask, prompts->width, prompts->height, work->labels, &work->outline_count, error);
    if (status != SM_OK) return status;
    free(work->facts);
    work->facts = calloc((size_t)work->outline_count + 1, sizeof *work->facts);
    if (!work->facts) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d outlines", work->outline_count);
    for (size_t i = 0; i < work->pixels; i++) work->facts[work->labels[i]].area++;
    for (int y = prompts->top; y < prompts->bottom; y++)
        for (int x = prompts->left; x < prompts->right; x++)
            work->facts[work->labels[(size_t)y * (size_t)prompts->width + (size_t)x]].area_in_box++;
    for (int i = 0; i < prompts->inside_count; i++) {
        sm_outline_facts *facts = &work->facts[work->labels[prompts->inside[i]]];
        const int x = (int)(prompts->inside[i] % (size_t)prompts->width);
        const int y = (int)(prompts->inside[i] / (size_t)prompts->width);
        facts->inside = true;
        if (sm_in_box(prompts, x, y)) facts->inside_in_box = true;
    }
    for (int i = 0; i < prompts->outside_count; i++) work->facts[work->labels[prompts->outside[i]]].outside = true;
    work->facts[0] = (sm_outline_facts){0}; /* the background is no outline */
    work->labelled = true;
    return SM_OK;
}

bool sm_prompt_any_in_mask(const sm_prompt_work *work, const size_t *pixels, int count) {
    for (int i = 0; i < count; i++)
        if (work->mask[pixels[i]]) return true;
    return false;
}

int32_t sm_prompt_largest_in_box(const sm_prompt_work *work) {
    int32_t largest = 0;
    for (int32_t label = 1; label <= work->outline_count; label++)
        if (work->facts[label].area_in_box > work->facts[largest].area_in_box) largest = label;
    return largest;
}

/** Removes small outlines and notes a pixel of each that always counts. */
static sm_status finish(sm_prompt_work *work, int minimum_area, size_t *pins, int *pin_count, sm_error *error) {
    const sm_pixel_prompts *prompts = work->prompts;
    const sm_status status = sm_prompt_label(work, error);
    if (status != SM_OK) return status;
    for (int i = 0; i < prompts->inside_count; i++) pins[i] = prompts->inside[i];
    *pin_count = prompts->inside_count;
    const int32_t in_box = sm_prompt_largest_in_box(work);
    for (size_t i = 0; i < work->pixels; i++) {
        const int32_t label = work->labels[i];
        if (!label) continue;
        const sm_outline_facts *facts = &work->facts[label];
        if (label == in_box && *pin_count == prompts->inside_count) pins[(*pin_count)++] = i;
        if (facts->area < minimum_area && !facts->inside && label != in_box) work->mask[i] = 0;
    }
    return SM_OK;
}

static sm_status apply(sm_prompt_work *work, sm_error *error) {
    const sm_pixel_prompts *prompts = work->prompts;
    sm_status status = SM_OK;
    if (prompts->has_box) status = sm_prompt_fill_box(work, error);
    if (status == SM_OK) status = sm_prompt_remove_rejected(work, error);
    if (status == SM_OK && prompts->inside_count > 0) status = sm_prompt_grow(work, error);
    if (status == SM_OK) status = sm_prompt_cut(work, error);
    if (status == SM_OK && prompts->has_box) sm_prompt_refill_box(work);
    return status;
}

sm_status sm_prompt_mask(const sm_pixel_prompts *prompts, const float *probability, float threshold, int minimum_area,
                         const uint8_t *automatic, uint8_t *mask, size_t *pins, int *pin_count, sm_error *error) {
    const int shorter = prompts->width < prompts->height ? prompts->width : prompts->height;
    const size_t pixels = (size_t)prompts->width * (size_t)prompts->height;
    sm_prompt_work work = {.prompts = prompts,
                           .probability = probability,
                           .threshold = threshold,
                           .pixels = pixels,
                           .disc_radius = 2 + 3 * shorter / 100,
                           .automatic = automatic,
                           .mask = mask};
    work.useful_area = work.disc_radius * work.disc_radius / 2;
    work.labels = malloc(pixels * sizeof *work.labels);
    work.queue = malloc(pixels * sizeof *work.queue);
    work.marks = calloc(pixels, 1);
    work.removed = calloc(pixels, 1);
    sm_status status = work.labels && work.queue && work.marks && work.removed
                           ? apply(&work, error)
                           : sm_fail(error, SM_ERROR_MEMORY, "no memory to apply prompts to a mask of %d x %d",
                                     prompts->width, prompts->height);
    if (status == SM_OK) status = finish(&work, minimum_area, pins, pin_count, error);
    free(work.labels);
    free(work.facts);
    free(work.queue);
    free(work.marks);
    free(work.removed);
    return status;
}
