#include "calibration_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/memory_plan.h"
#include "../file.h"
#include "../json.h"
#include "../metrics/reliability.h"
#include "../open_network.h"
#include "../own_files.h"
#include "answers.h"
#include "mask_fit.h"
#include "outlier_fit.h"
#include "power_fit.h"
#include "temperature_fit.h"

/** The state of one calibration. */
typedef struct run {
    const sm_calibration_options *options;
    sm_net net;
    sm_weights_metadata metadata; /* first as read, then with the fitted settings */
    float *parameters;
    sm_outlier outlier;
    bool knows_outliers;
    sm_answers answers;
    sm_reliability before, after;
    sm_mask_choice mask_before, mask_after;
    double power_before;    /* of the expected Dice, as read */
    double outliers_beyond; /* share of the images, with equal weight per data set */
} run;

static sm_status read_outliers(const char *path, sm_outlier *outlier, bool *found, sm_error *error) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    sm_status status = sm_file_read(path, &bytes, &size, error);
    if (status != SM_OK) return status;
    status = sm_outlier_read(bytes, size, outlier, found, error);
    free(bytes);
    return status == SM_OK ? SM_OK : sm_error_prefix(error, path);
}

static sm_status open_model(run *r, const char *model, sm_error *error) {
    sm_status status = sm_open_network(model, NULL, 0, &r->net, &r->metadata, &r->parameters, error);
    if (status == SM_OK) status = read_outliers(model, &r->outlier, &r->knows_outliers, error);
    const char *other = r->options->outliers_from;
    if (status != SM_OK || !other) return status;
    status = read_outliers(other, &r->outlier, &r->knows_outliers, error);
    if (status == SM_OK && !r->knows_outliers)
        status = sm_fail(error, SM_ERROR_WEIGHTS, "%s: holds no outlier statistics", other);
    return status;
}

/** Reliability of the type probabilities of all images at a temperature. */
static sm_status reliability_at(const run *r, double temperature, sm_reliability *reliability, sm_error *error) {
    const sm_answers *g = &r->answers;
    double(*probabilities)[SM_CLASS_COUNT] = malloc(((size_t)g->count + 1) * sizeof *probabilities);
    if (!probabilities) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d answers", g->count);
    for (int i = 0; i < g->count; i++) sm_probabilities_after_temperature(g->raw[i], temperature, probabilities[i]);
    *reliability = sm_reliability_of((const double(*)[SM_CLASS_COUNT])probabilities, g->types, NULL, g->count);
    free(probabilities);
    return SM_OK;
}

static sm_status fit_temperature(run *r, sm_error *error) {
    const sm_answers *g = &r->answers;
    if (r->options->fit & SM_FIT_TEMPERATURE)
        r->metadata.temperature =
            (float)sm_temperature_fit((const double(*)[SM_CLASS_COUNT])g->raw, g->types, g->count);
    sm_status status = reliability_at(r, 1, &r->before, error);
    return status == SM_OK ? reliability_at(r, (double)r->metadata.temperature, &r->after, error) : status;
}

/** The index of the nearest of `count` values. */
static int nearest(const float *values, int count, float value) {
    int best = 0;
    for (int i = 1; i < count; i++)
        if (fabsf(values[i] - value) < fabsf(values[best] - value)) best = i;
    return best;
}

static void fit_mask(run *r) {
    const sm_calibration_options *o = r->options;
    const sm_answers *g = &r->answers;
    r->mask_before =
        sm_mask_judge(g->cases, g->count, nearest(sm_mask_thresholds, SM_MASK_THRESHOLDS, r->metadata.threshold),
                      nearest(sm_mask_areas, SM_MASK_AREAS, r->metadata.minimum_area));
    r->mask_after = sm_mask_choose(g->cases, g->count, (double)o->false_mask_price);
    if (o->threshold < 0) r->metadata.threshold = sm_mask_thresholds[r->mask_after.threshold];
    if (o->minimum_area < 0) r->metadata.minimum_area = sm_mask_areas[r->mask_after.area];
}

static void fit_power(run *r) {
    const sm_answers *g = &r->answers;
    r->metadata.expected_dice_power = (float)sm_power_fit(g->expected, g->dice, g->weights, g->count);
}

static sm_status fit_outliers(run *r, sm_error *error) {
    const sm_answers *g = &r->answers;
    const int views = g->count * SM_ANSWERS_VIEWS;
    double *weights = malloc((size_t)views * sizeof *weights);
    if (!weights) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the statistics of %d images", g->count);
    for (int i = 0; i < views; i++) weights[i] = g->weights[i / SM_ANSWERS_VIEWS];
    sm_status status = sm_outlier_fit((const float(*)[SM_STATISTICS_COUNT])g->statistics, weights, views,
                                      (double)r->options->outlier_share, &r->outlier, error);
    free(weights);
    if (status != SM_OK) return status;
    r->knows_outliers = true;
    double beyond = 0;
    double total = 0;
    for (int i = 0; i < g->count; i++) {
        if (sm_outlier_distance(&r->outlier, g->statistics[i * SM_ANSWERS_VIEWS]) > (double)r->outlier.limit)
            beyond += g->weights[i];
        total += g->weights[i];
    }
    r->outliers_beyond = beyond / total;
    return SM_OK;
}

static sm_status fit(run *r, const char *model, sm_error *error) {
    const sm_calibration_options *o = r->options;
    sm_evaluation_options evaluation = o->evaluation;
    evaluation.model_path = model;
    const sm_answers_options wanted = {.evaluation = &evaluation,
                                       .paths = o->data,
                                       .path_count = o->data_count,
                                       .fold = o->fold,
                                       .not_fold = o->not_fold,
                                       .network =
                                           (o->fit & (SM_FIT_TEMPERATURE | SM_FIT_MASK | SM_FIT_CONFIDENCE)) != 0,
                                       .masks = (o->fit & SM_FIT_MASK) != 0,
                                       .statistics = (o->fit & SM_FIT_OUTLIERS) != 0};
    sm_status status = sm_answers_collect(&wanted, &r->answers, error);
    if (status == SM_OK && wanted.network) status = fit_temperature(r, error);
    if (status == SM_OK && wanted.masks) fit_mask(r);
    if (status == SM_OK && (o->fit & SM_FIT_CONFIDENCE)) fit_power(r);
    if (status == SM_OK && wanted.statistics) status = fit_outliers(r, error);
    return status;
}

/** Which existing file `out` may replace. */
static sm_file_recogniser *recogniser(const sm_calibration_options *o) { return o->overwrite ? NULL : sm_own_weights; }

static sm_status write_weights(const run *r, size_t *size, sm_error *error) {
    const sm_calibration_options *o = r->options;
    const sm_weights_precision precision = o->precision == 8    ? SM_WEIGHTS_INT8
                                           : o->precision == 16 ? SM_WEIGHTS_FLOAT16
                                                                : SM_WEIGHTS_FLOAT32;
    sm_outlier outlier = r->outlier;
    sm_weights_extra extras[SM_OUTLIER_TENSORS];
    sm_outlier_tensors(&outlier, extras);
    uint8_t *bytes = NULL;
    sm_status status = sm_weights_write_with(&r->net, r->parameters, &r->metadata, precision, extras,
                                             r->knows_outliers ? SM_OUTLIER_TENSORS : 0, &bytes, size, error);
    if (status != SM_OK) return sm_error_prefix(error, o->out);
    status =
        sm_file_write_as(o->out, bytes, *size, &(sm_file_options){.recognise = recogniser(o), .durable = true}, error);
    free(bytes);
    return status;
}

static void print_reliability(sm_json *json, const char *key, const sm_reliability *reliability) {
    sm_json_object_begin(json, key);
    sm_json_number(json, "ece", reliability->ece);
    sm_json_number(json, "brier", reliability->brier);
    sm_json_number(json, "log_loss", reliability->log_loss);
    sm_json_object_end(json);
}

static void print_mask(sm_json *json, const char *key, const sm_mask_choice *choice) {
    sm_json_object_begin(json, key);
    sm_json_number(json, "threshold", (double)sm_mask_thresholds[choice->threshold]);
    sm_json_number(json, "minimum_area", (double)sm_mask_areas[choice->area]);
    sm_json_number(json, "lesion_dice", choice->lesion_dice);
    sm_json_number(json, "normal_false_mask_share", choice->false_masks);
    sm_json_object_end(json);
}

static void print_result(const run *r, size_t size) {
    const sm_calibration_options *o = r->options;
    sm_json json = {.file = stdout};
    sm_json_object_begin(&json, NULL);
    sm_json_string(&json, "out", o->out);
    sm_json_integer(&json, "bytes", (long long)size);
    sm_json_integer(&json, "precision", o->precision);
    sm_json_integer(&json, "images", r->answers.count);
    sm_json_integer(&json, "failed_images", r->answers.failed.count);
    sm_json_number(&json, "temperature", (double)r->metadata.temperature);
    sm_json_number(&json, "threshold", (double)r->metadata.threshold);
    sm_json_number(&json, "minimum_area", (double)r->metadata.minimum_area);
    sm_json_number(&json, "confidence_power", (double)r->metadata.expected_dice_power);
    sm_json_boolean(&json, "knows_outliers", r->knows_outliers);
    if (o->fit & (SM_FIT_TEMPERATURE | SM_FIT_MASK)) {
        print_reliability(&json, "type_before_temperature", &r->before);
        print_reliability(&json, "type_after_temperature", &r->after);
    }
    if (o->fit & SM_FIT_MASK) {
        print_mask(&json, "mask_before", &r->mask_before);
        print_mask(&json, "mask_after", &r->mask_after);
    }
    if (o->fit & SM_FIT_CONFIDENCE) {
        const sm_answers *g = &r->answers;
        const double before = sm_power_error(g->expected, g->dice, g->weights, g->count, r->power_before);
        const double after =
            sm_power_error(g->expected, g->dice, g->weights, g->count, (double)r->metadata.expected_dice_power);
        sm_json_number(&json, "expected_dice_error_before", sqrt(before));
        sm_json_number(&json, "expected_dice_error_after", sqrt(after));
    }
    if (o->fit & SM_FIT_OUTLIERS) {
        sm_json_number(&json, "outlier_limit", (double)r->outlier.limit);
        sm_json_number(&json, "outliers_beyond_limit", r->outliers_beyond);
    }
    sm_json_object_end(&json);
}

/** Checks, before the images are evaluated, that `out` can be written. */
static sm_status check_writable(const sm_calibration_options *o, sm_error *error) {
    sm_file_writer probe;
    const sm_file_options own = {.recognise = recogniser(o)};
    const sm_status status = sm_file_writer_open_as(&probe, o->out, &own, error);
    if (status == SM_OK) sm_file_writer_abandon(&probe);
    return status;
}

static sm_status calibrate(run *r, sm_error *error) {
    const sm_calibration_options *o = r->options;
    char *model = NULL;
    sm_status status = sm_model_path(o->model, &model, error);
    if (status == SM_OK) status = open_model(r, model, error);
    if (status == SM_OK && o->evaluation.input_size > 0) {
        r->metadata.input_size = o->evaluation.input_size;
        if (!sm_net_size_valid(&r->net, o->evaluation.input_size))
            status = sm_fail(error, SM_ERROR_ARGUMENT, "input size %d: %s needs a multiple of %d, at most 1024",
                             o->evaluation.input_size, r->net.name, 1 << r->net.levels);
    }
    r->power_before = (double)r->metadata.expected_dice_power;
    if (o->power > 0) r->metadata.expected_dice_power = o->power;
    if (o->temperature > 0) r->metadata.temperature = o->temperature;
    if (o->threshold >= 0) r->metadata.threshold = o->threshold;
    if (o->minimum_area >= 0) r->metadata.minimum_area = o->minimum_area;
    if (status == SM_OK) status = check_writable(o, error);
    if (status == SM_OK && o->fit) status = fit(r, model, error);
    free(model);
    size_t size = 0;
    if (status == SM_OK) status = write_weights(r, &size, error);
    if (status == SM_OK) print_result(r, size);
    const sm_failures *failed = &r->answers.failed;
    sm_failures_print(failed, r->answers.count + failed->count, "images could not be used");
    if (status == SM_OK && failed->count > 0)
        status = sm_fail(error, SM_ERROR_DATA, "%s is written, but %d %s", o->out, failed->count,
                         failed->count == 1 ? "image was left out" : "images were left out");
    sm_answers_free(&r->answers);
    sm_floats_free(r->parameters);
    return status;
}

sm_status sm_calibrate(const sm_calibration_options *options, sm_error *error) {
    run *r = calloc(1, sizeof *r);
    if (!r) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a calibration");
    r->options = options;
    const sm_status status = calibrate(r, error);
    free(r);
    return status;
}
