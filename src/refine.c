/** Corrections: the decoder runs again on the image of the last segmentation, with clicks and a box. */
#include <stdlib.h>

#include "answer.h"
#include "pixel_prompts.h"
#include "prompt_mask.h"
#include "status.h"

/** Runs the decoder; the answer is in state->mirrored. */
static sm_status run_decoder(sm_state *state, const sm_prompts *prompts, bool *lesion_shown, sm_error *error) {
    sm_square_click *clicks = calloc((size_t)prompts->click_count + 1, sizeof *clicks);
    if (!clicks) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d clicks", prompts->click_count);
    const sm_square_prompts square = sm_square_prompts_make(prompts, &state->letterbox, clicks);
    *lesion_shown = sm_prompts_show_lesion(&square);
    /* Not state->probability: that is the answer without prompts, which a later call may ask for. */
    sm_inference_refine(state->inference, &square, state->mirrored);
    state->model->kernels->sigmoid(state->mirrored, sm_square_pixels(state->model), state->mirrored);
    free(clicks);
    return SM_OK;
}

/** The mask without prompts, in pixels of the image, for clicks outside; NULL without memory. Released with free. */
static uint8_t *automatic_mask(const sm_state *state, float threshold, size_t pixels) {
    float *map = malloc(pixels * sizeof *map);
    uint8_t *mask = malloc(pixels);
    if (map && mask) {
        sm_letterbox_restore(&state->letterbox, state->probability, map);
        sm_mask_threshold(map, (int)pixels, threshold, mask);
    } else {
        free(mask);
        mask = NULL;
    }
    free(map);
    return mask;
}

/** From the refined probability map to the answer. */
static sm_status answer(const sm_state *state, const sm_pixel_prompts *prompts, const sm_segment_options *options,
                        sm_result *result, sm_error *error) {
    const size_t pixels = (size_t)result->width * (size_t)result->height;
    sm_answer_settings settings = sm_answer_settings_make(state->model, options, pixels);
    size_t *pins = calloc((size_t)prompts->inside_count + 1, sizeof *pins);
    uint8_t *automatic = prompts->outside_count > 0 ? automatic_mask(state, settings.threshold, pixels) : NULL;
    int pin_count = 0;
    sm_status status = SM_OK;
    if (!pins || (prompts->outside_count > 0 && !automatic))
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory to apply clicks to a mask of %d x %d", result->width,
                         result->height);
    if (status == SM_OK) {
        sm_mask_threshold(result->probability_map, (int)pixels, settings.threshold, result->mask);
        status = sm_prompt_mask(prompts, result->probability_map, settings.threshold, settings.minimum_area, automatic,
                                result->mask, pins, &pin_count, error);
    }
    free(automatic);
    settings.minimum_area = 0; /* sm_prompt_mask has applied it */
    /* A click outside says nothing of a faint lesion elsewhere; with anything else the user has shown the lesion. */
    if (prompts->inside_count > 0 || prompts->has_box) settings.draws_faint = false;
    settings.rejected = prompts->outside;
    settings.rejected_count = prompts->outside_count;
    if (status == SM_OK)
        status = sm_answer_lesions(state->model, state->type_logits, &settings, pins, pin_count, result, error);
    free(pins);
    return status;
}

static sm_status refine(sm_state *state, const sm_prompts *prompts, const sm_segment_options *options,
                        sm_result *result, sm_error *error) {
    const sm_letterbox *letterbox = &state->letterbox;
    sm_pixel_prompts pixels;
    sm_status status = sm_pixel_prompts_make(prompts, letterbox->image_width, letterbox->image_height, &pixels, error);
    if (status != SM_OK) return status;
    if (prompts->click_count == 0 && !prompts->box) {
        status = sm_answer_automatic(state, options, result, error);
    } else {
        bool lesion_shown = false;
        status = sm_answer_maps(result, letterbox->image_width, letterbox->image_height, error);
        if (status == SM_OK) status = run_decoder(state, prompts, &lesion_shown, error);
        if (status == SM_OK) {
            result->refined = true;
            sm_answer_outlier(state, result);
            sm_answer_type(state->model, state->type_logits, lesion_shown, result);
            sm_letterbox_restore(letterbox, state->mirrored, result->probability_map);
            status = answer(state, &pixels, options, result, error);
        }
    }
    sm_pixel_prompts_free(&pixels);
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
