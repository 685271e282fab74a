/**
 * The flat C interface of the WebAssembly module. One instance of the module is one context: at most one model with its
 * state, and one input, image, result and output at a time. JavaScript passes no pointers: it requests the input
 * buffer, fills it and calls a function. Getters return the answer, which is valid until a call that replaces it. Every
 * argument is checked.
 *
 * Functions that can fail return an sm_status; sonomask_error_message() then returns one line.
 *
 * This file: constants, errors, input and output, and the model. exports_image.c: decoding and encoding images.
 * exports_result.c: segmenting, refining, measuring, contours, and reading the result.
 */
#include <stdlib.h>

#include "../src/status.h"
#include "exports_state.h"

#define SM_TEXT_(value) #value
#define SM_TEXT(value) SM_TEXT_(value)

// sonomask_constants() returns these values as text; the assertions keep code and text equal.
_Static_assert(SM_CLASS_NORMAL == 0 && SM_CLASS_BENIGN == 1 && SM_CLASS_MALIGNANT == 2 && SM_CLASS_COUNT == 3,
               "order of \"classes\"");
_Static_assert(SM_BACKEND_AUTO == 0 && SM_BACKEND_REFERENCE == 1 && SM_BACKEND_SCALAR == 2 && SM_BACKEND_SIMD128 == 3,
               "order of \"backends\"");
_Static_assert(sizeof(float) == 4, "JavaScript reads floats of 4 bytes");
_Static_assert(SM_OPERATING_POINTS == 3, "number of operating points in \"modelFields\"");

#if defined(__wasm_simd128__)
#define SM_FASTEST "simd128"
#else
#define SM_FASTEST "scalar"
#endif

/** Incremented when a function or record of these files changes, so that JavaScript can refuse an outdated module. */
#define SM_ABI 7

/** Fields of sonomask_result(), sonomask_model(), sonomask_lesion(), sonomask_region() and sonomask_descriptors(), in
 * the order of their values. */
#define SM_RESULT_FIELDS                                                                                               \
    "\"width\",\"height\",\"type\",\"normal\",\"benign\",\"malignant\",\"lesions\""                                    \
    ",\"expectedDice\",\"outlierScore\",\"looksLikeUltrasound\""                                                       \
    ",\"refined\",\"presence\",\"pointKept\",\"pointPresence\",\"pointMissed\",\"possible\",\"regions\",\"warnings\"," \
    "\"overlayShare\""
#define SM_MODEL_FIELDS                                                                                                \
    "\"inputSize\",\"threshold\",\"temperature\",\"minimumArea\",\"knowsOutliers\",\"expectedDicePower\""              \
    ",\"takesPrompts\",\"hasDecision\",\"kept0\",\"presence0\",\"missed0\",\"kept1\",\"presence1\",\"missed1\","       \
    "\"kept2\",\"presence2\",\"missed2\""
#define SM_LESION_FIELDS                                                                                               \
    "\"area\",\"left\",\"top\",\"width\",\"height\",\"centroidX\",\"centroidY\","                                      \
    "\"longAxis\",\"longX0\",\"longY0\",\"longX1\",\"longY1\","                                                        \
    "\"shortAxis\",\"shortX0\",\"shortY0\",\"shortX1\",\"shortY1\","                                                   \
    "\"perimeter\",\"circularity\",\"orientation\",\"meanProbability\",\"expectedDice\","                              \
    "\"presence\",\"margin\",\"region\""
#define SM_REGION_FIELDS                                                                                               \
    "\"x\",\"y\",\"width\",\"height\",\"type\",\"normal\",\"benign\",\"malignant\",\"presence\",\"outlierScore\""      \
    ",\"looksLikeUltrasound\""
#define SM_DESCRIPTOR_FIELDS                                                                                           \
    "\"shape\",\"parallel\",\"margin\",\"echo\",\"posterior\",\"halo\",\"width\",\"height\",\"heightRatio\",\"depth\"" \
    ",\"axisRatio\",\"roughness\",\"edgeContrast\",\"weakEdge\",\"corners\",\"lobes\",\"spicules\",\"echoRatio\""      \
    ",\"echoSpread\",\"posteriorRatio\",\"haloRatio\""
/** The words by the values of shape, echo and posterior, and by the bits of margin. */
#define SM_WORDS                                                                                                       \
    "{\"shape\":[\"oval\",\"round\",\"irregular\"]"                                                                    \
    ",\"margin\":[\"indistinct\",\"angular\",\"microlobulated\",\"spiculated\"]"                                       \
    ",\"echo\":[null,\"anechoic\",\"hyperechoic\",\"complex cystic and solid\",\"hypoechoic\",\"isoechoic\""           \
    ",\"heterogeneous\"]"                                                                                              \
    ",\"posterior\":[null,\"no posterior features\",\"enhancement\",\"shadowing\",\"combined pattern\"]}"

sm_exports_state sm_exports;

void sm_exports_release_input(void) {
    free(sm_exports.input);
    sm_exports.input = NULL;
    sm_exports.input_size = 0;
}

void sm_exports_release_output(void) {
    free(sm_exports.output);
    sm_exports.output = NULL;
    sm_exports.output_size = 0;
}

sm_status sm_exports_fail(sm_status status, const char *message) {
    return sm_fail(&sm_exports.error, status, "%s", message);
}

sm_status sm_exports_check_size(int width, int height) {
    if (width < SM_IMAGE_MIN_SIDE || height < SM_IMAGE_MIN_SIDE)
        return sm_fail(&sm_exports.error, SM_ERROR_IMAGE_TOO_SMALL, "%d x %d pixels: each side must be at least %d",
                       width, height, SM_IMAGE_MIN_SIDE);
    if ((int64_t)width * height > SM_IMAGE_MAX_PIXELS)
        return sm_fail(&sm_exports.error, SM_ERROR_IMAGE_TOO_LARGE, "%d x %d pixels: more than the limit of %d", width,
                       height, SM_IMAGE_MAX_PIXELS);
    return SM_OK;
}

/** JSON text: version, ABI, limits, names of classes and backends by index, the fields of the records, and the words of
 * descriptors. */
SM_EXPORT(sonomask_constants) const char *sonomask_constants(void) {
    return "{\"version\":\"" SM_VERSION "\",\"abi\":" SM_TEXT(SM_ABI) //
        ",\"maximumPixels\":" SM_TEXT(SM_IMAGE_MAX_PIXELS)            //
        ",\"minimumSide\":" SM_TEXT(SM_IMAGE_MIN_SIDE)                //
        ",\"classes\":[\"normal\",\"benign\",\"malignant\"]"
        ",\"backends\":[\"auto\",\"reference\",\"scalar\",\"simd128\"],\"fastest\":\"" SM_FASTEST "\""
        ",\"resultFields\":[" SM_RESULT_FIELDS "],\"modelFields\":[" SM_MODEL_FIELDS
        "],\"lesionFields\":[" SM_LESION_FIELDS "],\"regionFields\":[" SM_REGION_FIELDS
        "],\"descriptorFields\":[" SM_DESCRIPTOR_FIELDS "],\"words\":" SM_WORDS "}";
}

/** The message of the last failure: one line, valid until the next call. */
SM_EXPORT(sonomask_error_message) const char *sonomask_error_message(void) { return sm_exports.error.message; }

/** The short name of a status, for example "image-format". */
SM_EXPORT(sonomask_status_name) const char *sonomask_status_name(int status) {
    return sm_status_name((sm_status)status);
}

/** A new input buffer of `size` bytes (aligned for floats); NULL when there is no memory or `size` is 0. */
SM_EXPORT(sonomask_input) uint8_t *sonomask_input(size_t size) {
    sm_exports_release_input();
    if (size) sm_exports.input = malloc(size);
    if (sm_exports.input) sm_exports.input_size = size;
    return sm_exports.input;
}

/** Releases input, image, result and output; the model stays. */
SM_EXPORT(sonomask_release) void sonomask_release(void) {
    sm_exports_release_input();
    sm_exports_release_output();
    sm_image_free(&sm_exports.image);
    sm_result_free(&sm_exports.result);
}

static void release_model(void) {
    sm_state_free(sm_exports.state);
    sm_model_free(sm_exports.model);
    sm_exports.state = NULL;
    sm_exports.model = NULL;
}

/** Makes the model and its state from the input (a safetensors file), after releasing earlier ones. Consumes the input.
 */
SM_EXPORT(sonomask_load) sm_status sonomask_load(int backend, int input_size) {
    if (backend < SM_BACKEND_AUTO || backend > SM_BACKEND_SIMD128)
        return sm_exports_fail(SM_ERROR_ARGUMENT, "unknown backend");
    const sm_model_options options = {.backend = (sm_backend)backend, .input_size = input_size};
    release_model();
    sm_status status =
        sm_model_create(sm_exports.input, sm_exports.input_size, &options, &sm_exports.model, &sm_exports.error);
    // Before the state is made, so that it can take the memory of the file.
    sm_exports_release_input();
    if (status == SM_OK) status = sm_state_create(sm_exports.model, NULL, &sm_exports.state, &sm_exports.error);
    if (status != SM_OK) release_model();
    return status;
}

/** Numbers of the model in the order of "modelFields"; NULL without a model. */
SM_EXPORT(sonomask_model) const double *sonomask_model(void) {
    if (!sm_exports.model) return NULL;
    const sm_model_info info = sm_model_describe(sm_exports.model);
    sm_exports.record[0] = info.input_size;
    sm_exports.record[1] = (double)info.threshold;
    sm_exports.record[2] = (double)info.temperature;
    sm_exports.record[3] = (double)info.minimum_area;
    sm_exports.record[4] = info.knows_outliers;
    sm_exports.record[5] = (double)info.expected_dice_power;
    sm_exports.record[6] = info.takes_prompts;
    sm_exports.record[7] = info.has_decision;
    for (int i = 0; i < SM_OPERATING_POINTS; i++) {
        sm_exports.record[8 + 3 * i] = (double)info.operating_points[i].kept;
        sm_exports.record[9 + 3 * i] = (double)info.operating_points[i].presence;
        sm_exports.record[10 + 3 * i] = (double)info.operating_points[i].missed;
    }
    return sm_exports.record;
}

/** Texts of the model; NULL without one. */
SM_EXPORT(sonomask_model_network) const char *sonomask_model_network(void) {
    return sm_exports.model ? sm_model_describe(sm_exports.model).network : NULL;
}
SM_EXPORT(sonomask_model_training_data) const char *sonomask_model_training_data(void) {
    return sm_exports.model ? sm_model_describe(sm_exports.model).training_data : NULL;
}
SM_EXPORT(sonomask_model_date) const char *sonomask_model_date(void) {
    return sm_exports.model ? sm_model_describe(sm_exports.model).date : NULL;
}

/** The output of sonomask_run, sonomask_contours or sonomask_encode_png. */
SM_EXPORT(sonomask_output) const uint8_t *sonomask_output(void) { return sm_exports.output; }
SM_EXPORT(sonomask_output_size) size_t sonomask_output_size(void) { return sm_exports.output_size; }

/**
 * Runs the network alone on the input, inputSize * inputSize floats as sm_run takes them. The output is a map of
 * as many floats, then the probability of each class. Consumes the input.
 */
SM_EXPORT(sonomask_run) sm_status sonomask_run(void) {
    if (!sm_exports.model) return sm_exports_fail(SM_ERROR_ARGUMENT, "no model is loaded");
    const size_t side = (size_t)sm_model_describe(sm_exports.model).input_size;
    if (sm_exports.input_size != side * side * sizeof(float))
        return sm_exports_fail(SM_ERROR_ARGUMENT, "the data is not a square of floats of the network's input size");
    const size_t output_size = (side * side + SM_CLASS_COUNT) * sizeof(float);
    if (sm_exports.output_size != output_size) {
        sm_exports_release_output();
        sm_exports.output = malloc(output_size);
        if (!sm_exports.output) return sm_exports_fail(SM_ERROR_MEMORY, "no memory for the network's answer");
        sm_exports.output_size = output_size;
    }
    float *mask = (float *)(void *)sm_exports.output;
    const sm_status status = sm_run(sm_exports.state, (const float *)(const void *)sm_exports.input, mask,
                                    mask + side * side, &sm_exports.error);
    sm_exports_release_input();
    return status;
}

/** Releases everything, the model too. */
SM_EXPORT(sonomask_unload) void sonomask_unload(void) {
    sonomask_release();
    release_model();
}
