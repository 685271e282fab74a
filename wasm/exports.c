/**
 * The flat C interface of the WebAssembly module. One instance of the module is one context: at most one model, and
 * one input, image, result and output at a time. JavaScript never hands in a pointer. It asks for the input buffer,
 * fills it and calls; what comes out is read through the getters until the next call that says it replaces it. So
 * there is no pointer to get wrong, and whatever JavaScript passes ends in a status.
 *
 * Functions that can fail return an sm_status; sonomask_error_message() then holds one line.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../src/expected_dice.h"
#include "../src/sonomask.h"

// The linker keeps and names what this marks; a native build (the tests') needs no mark.
#if defined(__wasm__)
#define SM_EXPORT(name) __attribute__((export_name(#name)))
#else
#define SM_EXPORT(name)
#endif

#define SM_TEXT_(value) #value
#define SM_TEXT(value) SM_TEXT_(value)

// The constants below are told to JavaScript as text; these keep the text true.
_Static_assert(SM_CLASS_NORMAL == 0 && SM_CLASS_BENIGN == 1 && SM_CLASS_MALIGNANT == 2 && SM_CLASS_COUNT == 3,
               "order of \"classes\"");
_Static_assert(SM_BACKEND_AUTO == 0 && SM_BACKEND_REFERENCE == 1 && SM_BACKEND_SCALAR == 2 && SM_BACKEND_SIMD128 == 3,
               "order of \"backends\"");
_Static_assert(sizeof(float) == 4, "JavaScript reads floats of 4 bytes");

#if defined(__wasm_simd128__)
#define SM_FASTEST "simd128"
#else
#define SM_FASTEST "scalar"
#endif

/** Raised when a function or record of this file changes its meaning, so that a stale module is told from a bug. */
#define SM_ABI 2

/** Fields of sonomask_result(), sonomask_model() and sonomask_lesion(), in the order of their values. */
#define SM_RESULT_FIELDS                                                                                               \
    "\"width\",\"height\",\"type\",\"normal\",\"benign\",\"malignant\",\"lesions\""                                    \
    ",\"expectedDice\",\"outlierScore\",\"looksLikeUltrasound\""
#define SM_MODEL_FIELDS                                                                                                \
    "\"inputSize\",\"threshold\",\"temperature\",\"minimumArea\",\"knowsOutliers\",\"expectedDicePower\""
#define SM_LESION_FIELDS                                                                                               \
    "\"area\",\"left\",\"top\",\"width\",\"height\",\"centroidX\",\"centroidY\","                                      \
    "\"longAxis\",\"longX0\",\"longY0\",\"longX1\",\"longY1\","                                                        \
    "\"shortAxis\",\"shortX0\",\"shortY0\",\"shortX1\",\"shortY1\","                                                   \
    "\"perimeter\",\"circularity\",\"orientation\",\"meanProbability\",\"expectedDice\""
enum { RESULT_FIELDS = 10, MODEL_FIELDS = 6, LESION_FIELDS = 22 };

static struct context {
    sm_model *model;
    uint8_t *input; /**< from malloc */
    size_t input_size;
    sm_image image;
    sm_result result;
    uint8_t *output; /**< from malloc */
    size_t output_size;
    sm_error error;
    double record[LESION_FIELDS]; /**< what the record getters return */
} context;

static void release_input(void) {
    free(context.input);
    context.input = NULL;
    context.input_size = 0;
}

static void release_output(void) {
    free(context.output);
    context.output = NULL;
    context.output_size = 0;
}

static sm_status fail(sm_status status, const char *message) { return sm_fail(&context.error, status, "%s", message); }

/** JSON text: version, ABI, limits, names of classes and backends by index, and the fields of the records. */
SM_EXPORT(sonomask_constants) const char *sonomask_constants(void) {
    return "{\"version\":\"" SM_VERSION "\",\"abi\":" SM_TEXT(SM_ABI) //
        ",\"maximumPixels\":" SM_TEXT(SM_IMAGE_MAX_PIXELS)            //
        ",\"minimumSide\":" SM_TEXT(SM_IMAGE_MIN_SIDE)                //
        ",\"classes\":[\"normal\",\"benign\",\"malignant\"]"
        ",\"backends\":[\"auto\",\"reference\",\"scalar\",\"simd128\"],\"fastest\":\"" SM_FASTEST "\""
        ",\"resultFields\":[" SM_RESULT_FIELDS "],\"modelFields\":[" SM_MODEL_FIELDS
        "],\"lesionFields\":[" SM_LESION_FIELDS "]}";
}

/** What the last failure said: one line, valid until the next call. */
SM_EXPORT(sonomask_error_message) const char *sonomask_error_message(void) { return context.error.message; }

/** The short name of a status, for example "image-format". */
SM_EXPORT(sonomask_status_name) const char *sonomask_status_name(int status) {
    return sm_status_name((sm_status)status);
}

/** The input buffer, made anew with `size` bytes (aligned for floats); NULL without memory, or of 0 bytes. */
SM_EXPORT(sonomask_input) uint8_t *sonomask_input(size_t size) {
    release_input();
    if (size) context.input = malloc(size);
    if (context.input) context.input_size = size;
    return context.input;
}

/** Releases input, image, result and output; the model stays. */
SM_EXPORT(sonomask_release) void sonomask_release(void) {
    release_input();
    release_output();
    sm_image_free(&context.image);
    sm_result_free(&context.result);
}

/** Makes the model from the input (a safetensors file), in place of the one that may be there. Consumes the input. */
SM_EXPORT(sonomask_load) sm_status sonomask_load(int backend, int input_size) {
    if (backend < SM_BACKEND_AUTO || backend > SM_BACKEND_SIMD128)
        return fail(SM_ERROR_ARGUMENT, "there is no such backend");
    const sm_model_options options = {.backend = (sm_backend)backend, .input_size = input_size};
    sm_model_free(context.model);
    context.model = NULL;
    const sm_status status =
        sm_model_create_with(context.input, context.input_size, &options, &context.model, &context.error);
    release_input();
    return status;
}

/** Numbers of the model in the order of "modelFields"; NULL without a model. */
SM_EXPORT(sonomask_model) const double *sonomask_model(void) {
    if (!context.model) return NULL;
    const sm_model_info info = sm_model_describe(context.model);
    context.record[0] = info.input_size;
    context.record[1] = (double)info.threshold;
    context.record[2] = (double)info.temperature;
    context.record[3] = (double)info.minimum_area;
    context.record[4] = info.knows_outliers;
    context.record[5] = (double)info.expected_dice_power;
    return context.record;
}

/** Texts of the model; NULL without one. */
SM_EXPORT(sonomask_model_network) const char *sonomask_model_network(void) {
    return context.model ? sm_model_describe(context.model).network : NULL;
}
SM_EXPORT(sonomask_model_training_data) const char *sonomask_model_training_data(void) {
    return context.model ? sm_model_describe(context.model).training_data : NULL;
}
SM_EXPORT(sonomask_model_date) const char *sonomask_model_date(void) {
    return context.model ? sm_model_describe(context.model).date : NULL;
}

/** Whether a width and height from JavaScript may be an image's; fails with one line otherwise. */
static sm_status check_size(int width, int height) {
    if (width < SM_IMAGE_MIN_SIDE || height < SM_IMAGE_MIN_SIDE)
        return sm_fail(&context.error, SM_ERROR_IMAGE_TOO_SMALL, "%d x %d pixels: each side must be at least %d", width,
                       height, SM_IMAGE_MIN_SIDE);
    if ((int64_t)width * height > SM_IMAGE_MAX_PIXELS)
        return sm_fail(&context.error, SM_ERROR_IMAGE_TOO_LARGE, "%d x %d pixels: more than the limit of %d", width,
                       height, SM_IMAGE_MAX_PIXELS);
    return SM_OK;
}

/** RGB to RGBA, as canvases want it. */
static sm_status expand_to_rgba(sm_image *image) {
    const size_t count = (size_t)image->width * (size_t)image->height;
    uint8_t *rgba = malloc(count * 4);
    if (!rgba) return fail(SM_ERROR_MEMORY, "no memory for the image");
    for (size_t i = 0; i < count; i++) {
        memcpy(rgba + 4 * i, image->pixels + 3 * i, 3);
        rgba[4 * i + 3] = 255;
    }
    free(image->pixels);
    image->pixels = rgba;
    image->channels = 4;
    return SM_OK;
}

/** Decodes the input (a PNG, JPEG or BMP file) to the image, with `display` as grey or RGBA. Consumes the input. */
SM_EXPORT(sonomask_decode) sm_status sonomask_decode(int display) {
    sm_image_free(&context.image);
    sm_status status = sm_image_decode(context.input, context.input_size, &context.image, &context.error);
    release_input();
    if (status == SM_OK && display && context.image.channels == 3) {
        status = expand_to_rgba(&context.image);
        if (status != SM_OK) sm_image_free(&context.image);
    }
    return status;
}

/** Takes the input as the image's pixels. Consumes the input. */
SM_EXPORT(sonomask_set_image) sm_status sonomask_set_image(int width, int height, int channels) {
    sm_image_free(&context.image);
    const sm_status status = check_size(width, height);
    if (status != SM_OK) return status;
    if ((channels != 1 && channels != 3 && channels != 4) ||
        context.input_size != (size_t)width * (size_t)height * (size_t)channels)
        return fail(SM_ERROR_ARGUMENT, "the data is not width x height pixels of 1, 3 or 4 bytes");
    context.image = (sm_image){.width = width, .height = height, .channels = channels, .pixels = context.input};
    context.input = NULL;
    context.input_size = 0;
    return SM_OK;
}

/** The image: its size and pixels, [height][width][channels]. */
SM_EXPORT(sonomask_image_width) int sonomask_image_width(void) { return context.image.width; }
SM_EXPORT(sonomask_image_height) int sonomask_image_height(void) { return context.image.height; }
SM_EXPORT(sonomask_image_channels) int sonomask_image_channels(void) { return context.image.channels; }
SM_EXPORT(sonomask_image_pixels) const uint8_t *sonomask_image_pixels(void) { return context.image.pixels; }

/** Segments the image. Negative threshold and minimum area (a share): the model's own. Consumes the image. */
SM_EXPORT(sonomask_segment) sm_status sonomask_segment(float threshold, float minimum_area, int flip_average) {
    sm_result_free(&context.result);
    if (!context.model) return fail(SM_ERROR_ARGUMENT, "no model is loaded");
    if (!context.image.pixels) return fail(SM_ERROR_ARGUMENT, "no image is there");
    if (!isfinite(threshold) || threshold > 1.0f || !isfinite(minimum_area) || minimum_area > 1.0f)
        return fail(SM_ERROR_ARGUMENT, "threshold and minimum area must be 0..1");
    sm_segment_options options = sm_segment_options_default();
    options.threshold = threshold;
    options.minimum_area = minimum_area;
    options.flip_average = flip_average != 0;
    const sm_status status = sm_segment(context.model, &context.image, &options, &context.result, &context.error);
    sm_image_free(&context.image);
    return status;
}

/**
 * Makes a result without the network. The input holds, in this order, a probability map (float, width * height) if
 * `has_map` and a mask (bytes, 0 or not) if `has_mask`; at least one of them. Without a mask, the map is cut at
 * `threshold`. Lesions below `minimum_area` (a share of the image) are dropped. Consumes the input.
 */
SM_EXPORT(sonomask_measure)
sm_status sonomask_measure(int width, int height, int has_map, int has_mask, float threshold, float minimum_area) {
    sm_result_free(&context.result);
    sm_status status = check_size(width, height);
    if (status != SM_OK) return status;
    const size_t count = (size_t)width * (size_t)height;
    const size_t map_size = has_map ? count * sizeof(float) : 0;
    if ((!has_map && !has_mask) || context.input_size != map_size + (has_mask ? count : 0))
        return fail(SM_ERROR_ARGUMENT, "the data is not a map or mask of width x height pixels");
    if (!(minimum_area >= 0.0f && minimum_area <= 1.0f) || (!has_mask && !(threshold >= 0.0f && threshold <= 1.0f)))
        return fail(SM_ERROR_ARGUMENT, "threshold and minimum area must be 0..1");
    const float *map = has_map ? (const float *)(const void *)context.input : NULL;
    sm_result result = {.width = width, .height = height, .mask = malloc(count)};
    if (!result.mask) return fail(SM_ERROR_MEMORY, "no memory for the mask");
    if (has_mask) {
        const uint8_t *mask = context.input + map_size;
        for (size_t i = 0; i < count; i++) result.mask[i] = mask[i] ? 255 : 0;
    } else {
        sm_mask_threshold(map, (int)count, threshold, result.mask);
    }
    // Rounded as sm_segment does, so that both drop the same lesions.
    const int minimum_pixels = (int)((double)minimum_area * (double)count);
    status = sm_mask_components(result.mask, width, height, minimum_pixels, map, NULL, &result.lesions,
                                &result.lesion_count, &context.error);
    release_input();
    if (status != SM_OK) {
        free(result.mask);
        return status;
    }
    if (context.model)
        sm_expected_dice_temper(result.lesions, result.lesion_count,
                                (double)sm_model_describe(context.model).expected_dice_power);
    context.result = result;
    return SM_OK;
}

/** Numbers of the result in the order of "resultFields"; "lesions" is their number. */
SM_EXPORT(sonomask_result) const double *sonomask_result(void) {
    const sm_result *result = &context.result;
    double *record = context.record;
    record[0] = result->width;
    record[1] = result->height;
    record[2] = (double)result->type;
    for (int i = 0; i < SM_CLASS_COUNT; i++) record[3 + i] = (double)result->probabilities[i];
    record[6] = result->lesion_count;
    record[7] = (double)result->expected_dice;
    record[8] = (double)result->outlier_score;
    record[9] = result->looks_like_ultrasound;
    return record;
}

/** Numbers of lesion `index` in the order of "lesionFields"; NULL when there is no such lesion. */
SM_EXPORT(sonomask_lesion) const double *sonomask_lesion(int index) {
    if (index < 0 || index >= context.result.lesion_count) return NULL;
    const sm_lesion *lesion = &context.result.lesions[index];
    const double record[LESION_FIELDS] = {
        lesion->area,
        lesion->left,
        lesion->top,
        lesion->width,
        lesion->height,
        (double)lesion->centroid.x,
        (double)lesion->centroid.y,
        (double)lesion->long_axis,
        (double)lesion->long_axis_ends[0].x,
        (double)lesion->long_axis_ends[0].y,
        (double)lesion->long_axis_ends[1].x,
        (double)lesion->long_axis_ends[1].y,
        (double)lesion->short_axis,
        (double)lesion->short_axis_ends[0].x,
        (double)lesion->short_axis_ends[0].y,
        (double)lesion->short_axis_ends[1].x,
        (double)lesion->short_axis_ends[1].y,
        (double)lesion->perimeter,
        (double)lesion->circularity,
        (double)lesion->orientation,
        (double)lesion->mean_probability,
        (double)lesion->expected_dice,
    };
    memcpy(context.record, record, sizeof record);
    return context.record;
}

/** The result's maps, [height][width]; the probability map is NULL after sonomask_measure. */
SM_EXPORT(sonomask_result_mask) const uint8_t *sonomask_result_mask(void) { return context.result.mask; }
SM_EXPORT(sonomask_result_map) const float *sonomask_result_map(void) { return context.result.probability_map; }

/** Bytes that sonomask_run, sonomask_contours or sonomask_encode_png left. */
SM_EXPORT(sonomask_output) const uint8_t *sonomask_output(void) { return context.output; }
SM_EXPORT(sonomask_output_size) size_t sonomask_output_size(void) { return context.output_size; }

/**
 * Runs the network alone on the input, inputSize * inputSize floats as sm_model_run takes them. The output is a map of
 * as many floats, then the probability of each class. Consumes the input.
 */
SM_EXPORT(sonomask_run) sm_status sonomask_run(void) {
    if (!context.model) return fail(SM_ERROR_ARGUMENT, "no model is loaded");
    const size_t side = (size_t)sm_model_describe(context.model).input_size;
    if (context.input_size != side * side * sizeof(float))
        return fail(SM_ERROR_ARGUMENT, "the data is not a square of floats of the network's input size");
    const size_t output_size = (side * side + SM_CLASS_COUNT) * sizeof(float);
    if (context.output_size != output_size) {
        release_output();
        context.output = malloc(output_size);
        if (!context.output) return fail(SM_ERROR_MEMORY, "no memory for the network's answer");
        context.output_size = output_size;
    }
    float *mask = (float *)(void *)context.output;
    sm_model_run(context.model, (const float *)(const void *)context.input, mask, mask + side * side);
    release_input();
    return SM_OK;
}

/** Contours as 4-byte values: their number; then each one's is_hole and number of points (int), then x, y (float). */
static sm_status flatten_contours(const sm_contours *contours) {
    size_t values = 1;
    for (int i = 0; i < contours->count; i++) values += 2 + 2 * (size_t)contours->items[i].point_count;
    uint8_t *output = malloc(values * 4);
    if (!output) return fail(SM_ERROR_MEMORY, "no memory for the outlines");
    uint8_t *next = output;
    const int32_t count = contours->count;
    memcpy(next, &count, 4);
    next += 4;
    for (int i = 0; i < contours->count; i++) {
        const sm_contour *contour = &contours->items[i];
        const int32_t head[2] = {contour->is_hole != 0, contour->point_count};
        memcpy(next, head, sizeof head);
        next += sizeof head;
        for (int k = 0; k < contour->point_count; k++) {
            const float point[2] = {contour->points[k].x, contour->points[k].y};
            memcpy(next, point, sizeof point);
            next += sizeof point;
        }
    }
    context.output = output;
    context.output_size = values * 4;
    return SM_OK;
}

/** Outlines of the input (a mask of width x height bytes, 0 or not) to the output. Consumes the input. */
SM_EXPORT(sonomask_contours) sm_status sonomask_contours(int width, int height) {
    release_output();
    sm_status status = check_size(width, height);
    if (status != SM_OK) return status;
    if (context.input_size != (size_t)width * (size_t)height)
        return fail(SM_ERROR_ARGUMENT, "the data is not a mask of width x height pixels");
    sm_contours contours = {0};
    status = sm_mask_contours(context.input, width, height, &contours, &context.error);
    release_input();
    if (status != SM_OK) return status;
    status = flatten_contours(&contours);
    sm_contours_free(&contours);
    return status;
}

/** PNG file of the image (see sonomask_set_image) to the output. Consumes the image. */
SM_EXPORT(sonomask_encode_png) sm_status sonomask_encode_png(void) {
    release_output();
    if (!context.image.pixels) return fail(SM_ERROR_ARGUMENT, "no image is there");
    const sm_status status = sm_image_encode_png(&context.image, &context.output, &context.output_size, &context.error);
    sm_image_free(&context.image);
    return status;
}

/** Releases everything, the model too. */
SM_EXPORT(sonomask_unload) void sonomask_unload(void) {
    sonomask_release();
    sm_model_free(context.model);
    context.model = NULL;
}
