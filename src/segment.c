/** The working state of one thread, and from an image to type, mask and lesions. */
#include <math.h>
#include <stdlib.h>

#include "expected_dice.h"
#include "letterbox.h"
#include "memory_plan.h"
#include "model.h"
#include "reserved.h"
#include "status.h"

struct sm_state {
    const sm_model *model;
    sm_inference_state *inference;
    float *square, *mirrored; /* [size][size]: network input and, for flip averaging, its mirror image */
    float *probability;       /* [size][size]: of lesion, on the square */
};

static size_t square_pixels(const sm_model *model) {
    return (size_t)model->metadata.input_size * (size_t)model->metadata.input_size;
}

static sm_status allocate(sm_state *state, const sm_parallel *parallel, sm_error *error) {
    const size_t pixels = square_pixels(state->model);
    state->square = sm_floats_allocate(pixels);
    state->mirrored = sm_floats_allocate(pixels);
    state->probability = sm_floats_allocate(pixels);
    if (!state->square || !state->mirrored || !state->probability)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for the network's input and output");
    return sm_inference_state_create(state->model->inference, parallel, &state->inference, error);
}

sm_status sm_state_create(const sm_model *model, const sm_state_options *options, sm_state **state, sm_error *error) {
    static const sm_state_options defaults;
    if (!options) options = &defaults;
    if (!state) return sm_fail(error, SM_ERROR_ARGUMENT, "no place for the state: NULL");
    *state = NULL;
    if (!model) return sm_fail(error, SM_ERROR_ARGUMENT, "no model: NULL");
    if (!SM_RESERVED_ZERO(options)) return sm_fail(error, SM_ERROR_ARGUMENT, SM_RESERVED_MESSAGE, "state");
    const sm_parallel *parallel = options->parallel;
    if (parallel && (parallel->threads < 1 || parallel->threads > SM_THREADS_MAX || !parallel->run))
        return sm_fail(error, SM_ERROR_ARGUMENT, "invalid sm_parallel: %d threads (1 to %d) or no run function",
                       parallel->threads, SM_THREADS_MAX);
    sm_state *made = calloc(1, sizeof *made);
    if (!made) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the state");
    made->model = model;
    const sm_status status = allocate(made, parallel, error);
    if (status != SM_OK) {
        sm_state_free(made);
        return status;
    }
    *state = made;
    return SM_OK;
}

void sm_state_free(sm_state *state) {
    if (!state) return;
    sm_inference_state_free(state->inference);
    sm_floats_free(state->square);
    sm_floats_free(state->mirrored);
    sm_floats_free(state->probability);
    free(state);
}

size_t sm_state_bytes(const sm_state *state) {
    if (!state) return 0;
    return sizeof *state + sm_inference_activation_bytes(state->inference) +
           3 * square_pixels(state->model) * sizeof(float);
}

static void mirror(const float *input, int size, float *output) {
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++)
            output[(size_t)y * (size_t)size + (size_t)x] = input[(size_t)y * (size_t)size + (size_t)(size - 1 - x)];
}

/** Fills state->probability and `type_logits` from state->square. */
static void run_network(sm_state *state, bool flip_average, float type_logits[SM_CLASS_COUNT]) {
    const sm_kernels *kernels = state->model->kernels;
    const int size = state->model->metadata.input_size;
    const size_t pixels = square_pixels(state->model);
    sm_inference_run(state->inference, state->square, state->probability, type_logits);
    kernels->sigmoid(state->probability, pixels, state->probability);
    if (!flip_average) return;
    float mirrored_type[SM_CLASS_COUNT];
    mirror(state->square, size, state->mirrored);
    /* The input is not needed any more: its memory is used for the mirrored answer. */
    sm_inference_run(state->inference, state->mirrored, state->square, mirrored_type);
    kernels->sigmoid(state->square, pixels, state->square);
    mirror(state->square, size, state->mirrored);
    for (size_t i = 0; i < pixels; i++) state->probability[i] = 0.5f * (state->probability[i] + state->mirrored[i]);
    for (int c = 0; c < SM_CLASS_COUNT; c++) type_logits[c] = 0.5f * (type_logits[c] + mirrored_type[c]);
}

/** From logits, which are changed, to calibrated probabilities. */
static void type_probabilities(const sm_model *model, float logits[SM_CLASS_COUNT],
                               float probabilities[SM_CLASS_COUNT]) {
    if (model->metadata.type_activation == SM_TYPE_TWO_SIGMOID) logits[SM_CLASS_NORMAL] = 0;
    for (int c = 0; c < SM_CLASS_COUNT; c++) logits[c] /= model->metadata.temperature;
    model->kernels->softmax(logits, 1, SM_CLASS_COUNT, probabilities);
}

sm_status sm_run(sm_state *state, const float *square, float *mask, float probabilities[SM_CLASS_COUNT],
                 sm_error *error) {
    if (!state || !square) return sm_fail(error, SM_ERROR_ARGUMENT, "no state or no input: NULL");
    float type_logits[SM_CLASS_COUNT];
    sm_inference_run(state->inference, square, mask, type_logits);
    if (mask) state->model->kernels->sigmoid(mask, square_pixels(state->model), mask);
    if (probabilities) type_probabilities(state->model, type_logits, probabilities);
    return SM_OK;
}

static void answer_type(const sm_model *model, float logits[SM_CLASS_COUNT], sm_result *result) {
    type_probabilities(model, logits, result->probabilities);
    result->type = SM_CLASS_NORMAL;
    for (int c = 1; c < SM_CLASS_COUNT; c++)
        if (result->probabilities[c] > result->probabilities[result->type]) result->type = (sm_class)c;
}

/** Whether the image is in distribution; `grey` is its luma. */
static sm_status answer_outlier(const sm_model *model, const sm_image *image, const uint8_t *grey, sm_result *result,
                                sm_error *error) {
    result->outlier_score = 0;
    result->looks_like_ultrasound = true;
    if (!model->knows_outliers) return SM_OK;
    float statistics[SM_STATISTICS_COUNT];
    const sm_status status = sm_image_statistics(image, grey, statistics, error);
    if (status != SM_OK) return status;
    result->outlier_score = (float)(sm_outlier_distance(&model->outlier, statistics) / (double)model->outlier.limit);
    result->looks_like_ultrasound = result->outlier_score <= 1;
    return SM_OK;
}

/** Fills state->square, and the outlier fields of `result`, from the image's luma, which is needed only here. */
static sm_status read_image(sm_state *state, const sm_image *image, const sm_letterbox *box, sm_result *result,
                            sm_error *error) {
    uint8_t *grey = malloc((size_t)image->width * (size_t)image->height);
    if (!grey) return sm_fail(error, SM_ERROR_MEMORY, "no memory for an image of %d x %d", image->width, image->height);
    sm_image_to_grey(image, grey);
    sm_status status = sm_letterbox_apply(box, grey, state->square, error);
    if (status == SM_OK) status = answer_outlier(state->model, image, grey, result, error);
    free(grey);
    return status;
}

/** Maps for an image of this size; those of an earlier answer are used again when they fit. */
static sm_status prepare_maps(sm_result *result, int width, int height, sm_error *error) {
    const size_t pixels = (size_t)width * (size_t)height;
    free(result->lesions);
    result->lesions = NULL;
    result->lesion_count = 0;
    if (result->width != width || result->height != height || !result->probability_map || !result->mask) {
        free(result->probability_map);
        free(result->mask);
        result->probability_map = malloc(pixels * sizeof *result->probability_map);
        result->mask = malloc(pixels);
    }
    result->width = width;
    result->height = height;
    if (!result->probability_map || !result->mask)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for a mask of %d x %d", width, height);
    return SM_OK;
}

static sm_status segment(sm_state *state, const sm_image *image, const sm_segment_options *options, sm_result *result,
                         sm_error *error) {
    const sm_weights_metadata *metadata = &state->model->metadata;
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    const float threshold = options->threshold >= 0 ? options->threshold : metadata->threshold;
    const float minimum_share = options->minimum_area >= 0 ? options->minimum_area : metadata->minimum_area;
    const sm_letterbox box = sm_letterbox_make(image->width, image->height, metadata->input_size);
    sm_status status = read_image(state, image, &box, result, error);
    if (status != SM_OK) return status;
    float type_logits[SM_CLASS_COUNT];
    run_network(state, options->flip_average, type_logits);
    answer_type(state->model, type_logits, result);
    status = prepare_maps(result, image->width, image->height, error);
    if (status != SM_OK) return status;
    sm_letterbox_restore(&box, state->probability, result->probability_map);
    sm_mask_threshold(result->probability_map, (int)pixels, threshold, result->mask);
    const int minimum_area = (int)((double)minimum_share * (double)pixels);
    status = sm_mask_components(result->mask, image->width, image->height, minimum_area, result->probability_map, NULL,
                                &result->lesions, &result->lesion_count, error);
    if (status != SM_OK) return status;
    const double power = (double)metadata->expected_dice_power;
    result->expected_dice = sm_expected_dice(result->probability_map, result->mask, pixels,
                                             1 - (double)result->probabilities[SM_CLASS_NORMAL], power);
    sm_expected_dice_temper(result->lesions, result->lesion_count, power);
    return SM_OK;
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

static sm_status check_options(const sm_segment_options *options, sm_error *error) {
    if (!SM_RESERVED_ZERO(options)) return sm_fail(error, SM_ERROR_ARGUMENT, SM_RESERVED_MESSAGE, "segment");
    /* Written so that NaN fails, too. */
    if (!(options->threshold <= 1) || !(options->minimum_area <= 1))
        return sm_fail(error, SM_ERROR_ARGUMENT, "threshold and minimum area must lie in 0..1");
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
    if (status == SM_OK) status = check_options(options, error);
    if (status == SM_OK) status = segment(state, image, options, result, error);
    if (status != SM_OK) sm_result_free(result);
    return status;
}

void sm_result_free(sm_result *result) {
    if (!result) return;
    free(result->probability_map);
    free(result->mask);
    free(result->lesions);
    *result = (sm_result){0};
}
