/* From weights and an image to type, mask and lesions. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "expected_dice.h"
#include "memory_plan.h"
#include "net_inference.h"
#include "outlier.h"
#include "sonomask.h"
#include "weights_file.h"

struct sm_model {
    sm_net net;
    sm_weights_metadata metadata;
    const sm_kernels *kernels;
    const sm_parallel *parallel;
    sm_inference *inference;
    sm_outlier outlier;
    bool knows_outliers;      /* the weights hold `outlier` */
    float *square, *mirrored; /* [size][size]: network input and, for flip averaging, its mirror image */
    float *logits;            /* [size][size] */
};

sm_status sm_model_create(const void *weights, size_t size, sm_model **model, sm_error *error) {
    return sm_model_create_with(weights, size, &(sm_model_options){0}, model, error);
}

static sm_status read_parameter(const void *context, const sm_parameter *parameter, float *values, sm_error *error) {
    return sm_weights_parameter(context, parameter, values, error);
}

static sm_status prepare(sm_model *model, const sm_weights_file *file, int size, sm_error *error) {
    if (size > 0) {
        if (!sm_net_size_valid(&model->net, size))
            return sm_fail(error, SM_ERROR_ARGUMENT, "input size %d: %s needs a multiple of %d, at most 1024", size,
                           model->net.name, 1 << model->net.levels);
        model->metadata.input_size = size;
    }
    size_t pixels = (size_t)model->metadata.input_size * (size_t)model->metadata.input_size;
    model->square = sm_floats_allocate(pixels);
    model->mirrored = sm_floats_allocate(pixels);
    model->logits = sm_floats_allocate(pixels);
    if (!model->square || !model->mirrored || !model->logits)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for the network's input and output");
    const sm_parameter_source source = {.read = read_parameter, .context = file};
    return sm_inference_create_from(&model->net, &source, model->metadata.input_size, model->kernels, model->parallel,
                                    &model->inference, error);
}

static sm_status read_model(sm_model *model, const void *weights, size_t size, int input_size, sm_error *error) {
    sm_weights_file *file = calloc(1, sizeof *file);
    if (!file) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the weights");
    sm_status status = sm_weights_open(weights, size, file, &model->net, error);
    model->metadata = file->metadata;
    if (status == SM_OK) status = sm_outlier_get(file, &model->outlier, &model->knows_outliers, error);
    if (status == SM_OK) status = prepare(model, file, input_size, error);
    free(file);
    return status;
}

sm_status sm_model_create_with(const void *weights, size_t size, const sm_model_options *options, sm_model **model,
                               sm_error *error) {
    *model = NULL;
    const sm_kernels *kernels = sm_kernels_for((int)options->backend);
    if (!kernels) return sm_fail(error, SM_ERROR_ARGUMENT, "this build or processor lacks the kernels asked for");
    sm_model *made = calloc(1, sizeof *made);
    if (!made) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the model");
    made->kernels = kernels;
    made->parallel = options->parallel;
    sm_status status = read_model(made, weights, size, options->input_size, error);
    if (status != SM_OK) {
        sm_model_free(made);
        return status;
    }
    *model = made;
    return SM_OK;
}

void sm_model_free(sm_model *model) {
    if (!model) return;
    sm_inference_free(model->inference);
    sm_floats_free(model->square);
    sm_floats_free(model->mirrored);
    sm_floats_free(model->logits);
    free(model);
}

sm_model_info sm_model_describe(const sm_model *model) {
    const sm_weights_metadata *metadata = &model->metadata;
    return (sm_model_info){.network = metadata->network,
                           .input_size = metadata->input_size,
                           .threshold = metadata->threshold,
                           .temperature = metadata->temperature,
                           .minimum_area = metadata->minimum_area,
                           .training_data = metadata->training_data,
                           .date = metadata->date,
                           .expected_dice_power = metadata->expected_dice_power,
                           .knows_outliers = model->knows_outliers};
}

static void mirror(const float *input, int size, float *output) {
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++)
            output[(size_t)y * (size_t)size + (size_t)x] = input[(size_t)y * (size_t)size + (size_t)(size - 1 - x)];
}

/** Fills model->logits with the lesion probability on the square, and `type_logits`. */
static void run_network(sm_model *model, bool flip_average, float type_logits[SM_CLASS_COUNT]) {
    int size = model->metadata.input_size;
    size_t pixels = (size_t)size * (size_t)size;
    sm_inference_run(model->inference, model->square, model->logits, type_logits);
    model->kernels->sigmoid(model->logits, pixels, model->logits);
    if (!flip_average) return;
    float mirrored_type[SM_CLASS_COUNT];
    mirror(model->square, size, model->mirrored);
    /* The input is no longer needed: its memory takes the mirrored answer. */
    sm_inference_run(model->inference, model->mirrored, model->square, mirrored_type);
    model->kernels->sigmoid(model->square, pixels, model->square);
    mirror(model->square, size, model->mirrored);
    for (size_t i = 0; i < pixels; i++) model->logits[i] = 0.5f * (model->logits[i] + model->mirrored[i]);
    for (int c = 0; c < SM_CLASS_COUNT; c++) type_logits[c] = 0.5f * (type_logits[c] + mirrored_type[c]);
}

/** From logits, which are changed, to calibrated probabilities. */
static void type_probabilities(const sm_model *model, float logits[SM_CLASS_COUNT],
                               float probabilities[SM_CLASS_COUNT]) {
    if (model->metadata.type_activation == SM_TYPE_TWO_SIGMOID) logits[SM_CLASS_NORMAL] = 0;
    for (int c = 0; c < SM_CLASS_COUNT; c++) logits[c] /= model->metadata.temperature;
    model->kernels->softmax(logits, 1, SM_CLASS_COUNT, probabilities);
}

void sm_model_run(sm_model *model, const float *square, float *mask, float probabilities[SM_CLASS_COUNT]) {
    size_t pixels = (size_t)model->metadata.input_size * (size_t)model->metadata.input_size;
    float type_logits[SM_CLASS_COUNT];
    sm_inference_run(model->inference, square, mask, type_logits);
    model->kernels->sigmoid(mask, pixels, mask);
    type_probabilities(model, type_logits, probabilities);
}

static void answer_type(const sm_model *model, float logits[SM_CLASS_COUNT], sm_result *result) {
    type_probabilities(model, logits, result->probabilities);
    result->type = SM_CLASS_NORMAL;
    for (int c = 1; c < SM_CLASS_COUNT; c++)
        if (result->probabilities[c] > result->probabilities[result->type]) result->type = (sm_class)c;
}

/** Whether the picture looks known; `grey` is its grey. */
static sm_status answer_outlier(const sm_model *model, const sm_image *image, const uint8_t *grey, sm_result *result,
                                sm_error *error) {
    result->looks_like_ultrasound = true;
    if (!model->knows_outliers) return SM_OK;
    float statistics[SM_STATISTICS_COUNT];
    const sm_status status = sm_image_statistics(image, grey, statistics, error);
    if (status != SM_OK) return status;
    result->outlier_score = (float)(sm_outlier_distance(&model->outlier, statistics) / (double)model->outlier.limit);
    result->looks_like_ultrasound = result->outlier_score <= 1;
    return SM_OK;
}

static sm_status segment(sm_model *model, const sm_image *image, const sm_segment_options *options, sm_result *result,
                         sm_error *error) {
    size_t pixels = (size_t)image->width * (size_t)image->height;
    float threshold = options->threshold >= 0 ? options->threshold : model->metadata.threshold;
    float minimum_share = options->minimum_area >= 0 ? options->minimum_area : model->metadata.minimum_area;
    result->width = image->width;
    result->height = image->height;
    result->probability_map = malloc(pixels * sizeof *result->probability_map);
    result->mask = malloc(pixels);
    if (!result->probability_map || !result->mask)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for a mask of %d x %d", image->width, image->height);
    /* The mask's memory first holds the grey image. */
    sm_image_to_grey(image, result->mask);
    sm_letterbox box = sm_letterbox_make(image->width, image->height, model->metadata.input_size);
    sm_status status = sm_letterbox_apply(&box, result->mask, model->square, error);
    if (status != SM_OK) return status;
    float type_logits[SM_CLASS_COUNT];
    run_network(model, options->flip_average, type_logits);
    answer_type(model, type_logits, result);
    status = answer_outlier(model, image, result->mask, result, error);
    if (status != SM_OK) return status;
    sm_letterbox_restore(&box, model->logits, result->probability_map);
    sm_mask_threshold(result->probability_map, (int)pixels, threshold, result->mask);
    int minimum_area = (int)((double)minimum_share * (double)pixels);
    status = sm_mask_components(result->mask, image->width, image->height, minimum_area, result->probability_map, NULL,
                                &result->lesions, &result->lesion_count, error);
    if (status != SM_OK) return status;
    const double power = (double)model->metadata.expected_dice_power;
    result->expected_dice = sm_expected_dice(result->probability_map, result->mask, pixels,
                                             1 - (double)result->probabilities[SM_CLASS_NORMAL], power);
    sm_expected_dice_temper(result->lesions, result->lesion_count, power);
    return SM_OK;
}

sm_status sm_segment(sm_model *model, const sm_image *image, const sm_segment_options *options, sm_result *result,
                     sm_error *error) {
    memset(result, 0, sizeof *result);
    if (image->width < SM_IMAGE_MIN_SIDE || image->height < SM_IMAGE_MIN_SIDE)
        return sm_fail(error, SM_ERROR_IMAGE_TOO_SMALL, "an image of %d x %d pixels is too small", image->width,
                       image->height);
    if ((unsigned long long)image->width * (unsigned long long)image->height > SM_IMAGE_MAX_PIXELS)
        return sm_fail(error, SM_ERROR_IMAGE_TOO_LARGE, "an image of %d x %d pixels is too large", image->width,
                       image->height);
    if (!(options->threshold <= 1) || !(options->minimum_area <= 1))
        return sm_fail(error, SM_ERROR_ARGUMENT, "threshold and minimum area must lie in 0..1");
    sm_status status = segment(model, image, options, result, error);
    if (status != SM_OK) sm_result_free(result);
    return status;
}
