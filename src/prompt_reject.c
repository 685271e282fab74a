/** The step of sm_prompt_mask for outlines that clicks outside reject. */
#include <stdlib.h>

#include "mask_label.h"
#include "prompt_work.h"
#include "status.h"

/**
 * Marks, in `removed`, the outlines of the answer without prompts that hold a click outside and none inside. The
 * network often answers such a click with a hole or a dent at the click and keeps the rest. `*any`: there are some.
 */
static sm_status mark_rejected(sm_prompt_work *work, bool *any, sm_error *error) {
    const sm_pixel_prompts *prompts = work->prompts;
    int count = 0;
    const sm_status status =
        sm_mask_label(work->automatic, prompts->width, prompts->height, work->labels, &count, error);
    if (status != SM_OK) return status;
    bool *rejected = calloc((size_t)count + 1, sizeof *rejected);
    if (!rejected) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d outlines", count);
    for (int i = 0; i < prompts->outside_count; i++) rejected[work->labels[prompts->outside[i]]] = true;
    for (int i = 0; i < prompts->inside_count; i++) rejected[work->labels[prompts->inside[i]]] = false;
    rejected[0] = false; /* the background is no outline */
    for (size_t i = 0; i < work->pixels; i++)
        if (rejected[work->labels[i]]) work->removed[i] = 1, *any = true;
    free(rejected);
    return SM_OK;
}

sm_status sm_prompt_remove_rejected(sm_prompt_work *work, sm_error *error) {
    const sm_pixel_prompts *prompts = work->prompts;
    if (prompts->outside_count == 0) return SM_OK;
    work->labelled = false; /* the labels become those of the automatic mask */
    bool any = false;
    sm_status status = mark_rejected(work, &any, error);
    if (status != SM_OK) return status;
    if (!any && !sm_prompt_any_in_mask(work, prompts->outside, prompts->outside_count)) return SM_OK;
    status = sm_prompt_label(work, error);
    if (status != SM_OK) return status;
    int *in_rejected = calloc((size_t)work->outline_count + 1, sizeof *in_rejected); /* pixels, by label */
    if (!in_rejected) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d outlines", work->outline_count);
    for (size_t i = 0; i < work->pixels; i++) in_rejected[work->labels[i]] += work->removed[i];
    const int32_t in_box = sm_prompt_largest_in_box(work);
    for (size_t i = 0; i < work->pixels; i++) {
        const int32_t label = work->labels[i];
        const sm_outline_facts *facts = &work->facts[label];
        if (!label || facts->inside || label == in_box) continue;
        if (!facts->outside && 2 * in_rejected[label] < facts->area) continue;
        work->mask[i] = 0;
        work->removed[i] = 1;
    }
    free(in_rejected);
    work->labelled = false;
    return SM_OK;
}
