/** Corrections: the decoder runs again on the image of the last segmentation, with clicks and a box. */
#include <stdlib.h>

#include "answer.h"
#include "pixel_prompts.h"
#include "prompt_mask.h"
#include "region_prompts.h"
#include "regions.h"
#include "status.h"

/** Runs the decoder for a view; the answer is in state->mirrored. */
static sm_status run_decoder(sm_state *state, int index, const sm_prompts *prompts, bool *lesion_shown,
                             sm_error *error) {
    const sm_view *view = &state->views[index];
    sm_square_click *clicks = calloc((size_t)prompts->click_count + 1, sizeof *clicks);
    if (!clicks) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d clicks", prompts->click_count);
    const sm_square_prompts square = sm_square_prompts_make(prompts, &view->letterbox, clicks);
    *lesion_shown = sm_prompts_show_lesion(&square);
    if (state->featured != index) {
        sm_inference_run(state->inference, view->square, NULL, NULL);
        state->featured = index;
    }
    /* Not view->probability: that is the answer without prompts, which a later call may ask for. */
    sm_inference_refine(state->inference, &square, state->mirrored);
    state->model->kernels->sigmoid(state->mirrored, sm_square_pixels(state->model), state->mirrored);
    free(clicks);
    return SM_OK;
}

/** The mask of a view without prompts, for clicks outside; it uses the map of `result`. NULL without memory. Released
 * with free. */
static uint8_t *automatic_mask(const sm_state *state, int index, const sm_segment_options *options, sm_result *result) {
    const size_t pixels = (size_t)result->width * (size_t)result->height;
    uint8_t *mask = malloc(pixels);
    if (!mask) return NULL;
    sm_answer_map(state, index, state->views[index].probability, result);
    const sm_answer_settings settings = sm_answer_settings_make(state->model, options, pixels);
    sm_mask_threshold(result->probability_map, (int)pixels, settings.threshold, mask);
    return mask;
}

/** From the refined probability map to the answer. */
static sm_status answer(const sm_state *state, int index, const sm_pixel_prompts *prompts, const uint8_t *automatic,
                        const sm_segment_options *options, sm_result *result, sm_error *error) {
    const size_t pixels = (size_t)result->width * (size_t)result->height;
    sm_answer_settings settings = sm_answer_settings_make(state->model, options, pixels);
    size_t *pins = calloc((size_t)prompts->inside_count + 1, sizeof *pins);
    if (!pins) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d clicks", prompts->inside_count);
    int pin_count = 0;
    sm_mask_threshold(result->probability_map, (int)pixels, settings.threshold, result->mask);
    sm_status status = sm_prompt_mask(prompts, result->probability_map, settings.threshold, settings.minimum_area,
                                      automatic, result->mask, pins, &pin_count, error);
    settings.minimum_area = 0; /* sm_prompt_mask has applied it */
    /* A click outside says nothing of a faint lesion elsewhere; with anything else the user has shown the lesion. */
    if (prompts->inside_count > 0 || prompts->has_box) settings.draws_faint = false;
    settings.rejected = prompts->outside;
    settings.rejected_count = prompts->outside_count;
    if (status == SM_OK)
        status =
            sm_answer_lesions(state->model, state->views[index].type_logits, &settings, pins, pin_count, result, error);
    free(pins);
    return status;
}

/** What the answer for a region is made from. */
typedef struct refinement {
    sm_state *state;
    const sm_region_prompts *prompts;
    const sm_segment_options *options;
} refinement;

/** The refined answer for a region that has prompts. */
static sm_status refine_view(const refinement *r, int index, const sm_prompts *prompts, sm_result *result,
                             sm_error *error) {
    sm_state *state = r->state;
    const sm_view *view = &state->views[index];
    const int width = view->letterbox.image_width, height = view->letterbox.image_height;
    sm_pixel_prompts pixels;
    sm_status status = sm_pixel_prompts_make(prompts, width, height, &pixels, error);
    if (status != SM_OK) return status;
    bool lesion_shown = false;
    uint8_t *automatic = NULL;
    status = sm_answer_maps(result, width, height, error);
    if (status == SM_OK && pixels.outside_count > 0) {
        automatic = automatic_mask(state, index, r->options, result);
        if (!automatic) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for a mask of %d x %d", width, height);
    }
    if (status == SM_OK) status = run_decoder(state, index, prompts, &lesion_shown, error);
    if (status == SM_OK) {
        result->refined = true;
        sm_answer_outlier(view, result);
        sm_answer_type(state->model, view->type_logits, lesion_shown, result);
        sm_answer_map(state, index, state->mirrored, result);
        status = answer(state, index, &pixels, automatic, r->options, result, error);
    }
    free(automatic);
    sm_pixel_prompts_free(&pixels);
    return status;
}

static sm_status answer_region(void *context, int index, sm_result *result, sm_error *error) {
    const refinement *r = context;
    const sm_prompts prompts = sm_region_prompts_of(r->prompts, index);
    if (prompts.click_count == 0 && !prompts.box) return sm_answer_view(r->state, index, r->options, result, error);
    return refine_view(r, index, &prompts, result, error);
}

/** Checks prompts in pixels of the image, so that messages have its numbers and positions. */
static sm_status check_prompts(const sm_state *state, const sm_prompts *prompts, sm_error *error) {
    sm_pixel_prompts pixels;
    const sm_status status = sm_pixel_prompts_make(prompts, state->width, state->height, &pixels, error);
    if (status == SM_OK) sm_pixel_prompts_free(&pixels);
    return status;
}

static sm_status refine(sm_state *state, const sm_prompts *prompts, const sm_segment_options *options,
                        sm_result *result, sm_error *error) {
    sm_status status = check_prompts(state, prompts, error);
    if (status != SM_OK) return status;
    sm_region_prompts divided;
    status = sm_region_prompts_make(prompts, &state->scan, &divided, error);
    if (status != SM_OK) return status;
    refinement context = {state, &divided, options};
    status = sm_regions_answer(state, answer_region, &context, result, error);
    sm_region_prompts_free(&divided);
    return status;
}

static sm_status check_state(const sm_state *state, sm_error *error) {
    if (!state) return sm_fail(error, SM_ERROR_ARGUMENT, "no state: NULL");
    if (!state->model->net.takes_prompts)
        return sm_fail(error, SM_ERROR_ARGUMENT, "the weights of network %s take no clicks and no box",
                       state->model->metadata.network);
    if (!state->segmented) return sm_fail(error, SM_ERROR_ARGUMENT, "no image to refine: sm_segment comes first");
    return SM_OK;
}

sm_status sm_refine(sm_state *state, const sm_prompts *prompts, const sm_segment_options *options, sm_result *result,
                    sm_error *error) {
    const sm_segment_options defaults = sm_segment_options_default();
    if (!options) options = &defaults;
    if (!result) return sm_fail(error, SM_ERROR_ARGUMENT, "no place for the result: NULL");
    sm_status status = prompts ? check_state(state, error) : sm_fail(error, SM_ERROR_ARGUMENT, "no prompts: NULL");
    if (status == SM_OK) status = sm_segment_options_check(options, error);
    if (status == SM_OK) status = refine(state, prompts, options, result, error);
    if (status != SM_OK) sm_result_free(result);
    return status;
}
