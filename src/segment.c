/** From an image to type, mask and lesions. */
#include <stdlib.h>

#include "answer.h"
#include "state.h"
#include "status.h"

static void mirror(const float *input, int size, float *output) {
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++)
            output[(size_t)y * (size_t)size + (size_t)x] = input[(size_t)y * (size_t)size + (size_t)(size - 1 - x)];
}

/** Fills state->probability and `type_logits` from state->square. */
static void run_network(sm_state *state, bool flip_average, float type_logits[SM_CLASS_COUNT]) {
    const sm_kernels *kernels = state->model->kernels;
    const int size = state->model->metadata.input_size;
    const size_t pixels = sm_square_pixels(state->model);
    float mirrored_type[SM_CLASS_COUNT];
    if (flip_average) {
        /* First, so that the state keeps the features of the image itself for a refinement. */
        mirror(state->square, size, state->mirrored);
        sm_inference_run(state->inference, state->mirrored, state->probability, mirrored_type);
        kernels->sigmoid(state->probability, pixels, state->probability);
        mirror(state->probability, size, state->mirrored);
    }
    sm_inference_run(state->inference, state->square, state->probability, type_logits);
    kernels->sigmoid(state->probability, pixels, state->probability);
    if (!flip_average) return;
    for (size_t i = 0; i < pixels; i++) state->probability[i] = 0.5f * (state->probability[i] + state->mirrored[i]);
    for (int c = 0; c < SM_CLASS_COUNT; c++) type_logits[c] = 0.5f * (type_logits[c] + mirrored_type[c]);
}

sm_status sm_run(sm_state *state, const float *square, float *mask, float probabilities[SM_CLASS_COUNT],
                 sm_error *error) {
    if (!state || !square) return sm_fail(error, SM_ERROR_ARGUMENT, "no state or no input: NULL");
    float type_logits[SM_CLASS_COUNT];
    state->segmented = false; /* the features are those of another input now */
    sm_inference_run(state->inference, square, mask, type_logits);
    if (mask) state->model->kernels->sigmoid(mask, sm_square_pixels(state->model), mask);
    if (probabilities) sm_type_probabilities(state->model, type_logits, false, probabilities);
    return SM_OK;
}

/** Sets state->outlier_score; `grey` is the image's luma. */
static sm_status rate_outlier(sm_state *state, const sm_image *image, const uint8_t *grey, sm_error *error) {
    const sm_model *model = state->model;
    state->outlier_score = 0;
    if (!model->knows_outliers) return SM_OK;
    float statistics[SM_STATISTICS_COUNT];
    const sm_status status = sm_image_statistics(image, grey, statistics, error);
    if (status != SM_OK) return status;
    state->outlier_score = (float)(sm_outlier_distance(&model->outlier, statistics) / (double)model->outlier.limit);
    return SM_OK;
}

/** Fills state->square and the outlier score from the image's luma, which is needed only here. */
static sm_status read_image(sm_state *state, const sm_image *image, sm_error *error) {
    uint8_t *made = NULL;
    const uint8_t *grey = image->pixels; /* of an image of one channel */
    if (image->channels > 1) {
        grey = made = malloc((size_t)image->width * (size_t)image->height);
        if (!made)
            return sm_fail(error, SM_ERROR_MEMORY, "no memory for an image of %d x %d", image->width, image->height);
        sm_image_to_grey(image, made);
    }
    sm_status status = sm_letterbox_apply(&state->letterbox, grey, state->square, error);
    if (status == SM_OK) status = rate_outlier(state, image, grey, error);
    free(made);
    return status;
}

static sm_status segment(sm_state *state, const sm_image *image, const sm_segment_options *options, sm_result *result,
                         sm_error *error) {
    state->segmented = false;
    state->letterbox = sm_letterbox_make(image->width, image->height, state->model->metadata.input_size);
    const sm_status status = read_image(state, image, error);
    if (status != SM_OK) return status;
    run_network(state, options->flip_average, state->type_logits);
    state->segmented = true;
    return sm_answer_automatic(state, options, result, error);
}

static sm_status check_image(const sm_image *image, sm_error *error) {
    if (!image || !image->pixels) return sm_fail(error, SM_ERROR_ARGUMENT, "no image: NULL");
    if (image->channels != 1 && image->channels != 3 && image->channels != 4)
        return sm_fail(error, SM_ERROR_ARGUMENT, "an image of %d channels: 1, 3 and 4 are supported", image->channels);
    if (image->width < SM_IMAGE_MIN_SIDE || image->height < SM_IMAGE_MIN_SIDE)
        return sm_fail(error, SM_ERROR_IMAGE_TOO_SMALL, "an image of %d x %d pixels is too small", image->width,
                       image->height);
    if ((unsigned long long)image->width * (unsigned long long)image->height > SM_IMAGE_MAX_PIXELS)
        return sm_fail(error, SM_ERROR_IMAGE_TOO_LARGE, "an image of %d x %d pixels is too large", image->width,
                       image->height);
    return SM_OK;
}

sm_segment_options sm_segment_options_default(void) {
    return (sm_segment_options){.threshold = -1.0f, .minimum_area = -1.0f, .flip_average = false};
}

sm_status sm_segment(sm_state *state, const sm_image *image, const sm_segment_options *options, sm_result *result,
                     sm_error *error) {
    const sm_segment_options defaults = sm_segment_options_default();
    if (!options) options = &defaults;
    if (!result) return sm_fail(error, SM_ERROR_ARGUMENT, "no place for the result: NULL");
    sm_status status = state ? SM_OK : sm_fail(error, SM_ERROR_ARGUMENT, "no state: NULL");
    if (status == SM_OK) status = check_image(image, error);
    if (status == SM_OK) status = sm_segment_options_check(options, error);
    if (status == SM_OK) status = segment(state, image, options, result, error);
    if (status != SM_OK) sm_result_free(result);
    return status;
}
