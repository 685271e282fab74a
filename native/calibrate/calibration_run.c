#include "calibration_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../src/memory_plan.h"
#include "../file.h"
#include "../open_network.h"
#include "../own_files.h"
#include "calibration.h"
#include "calibration_check.h"

/** What a weights file holds besides the network; the pointers may be NULL. */
static sm_status read_extras(const char *path, sm_outlier *outlier, bool *knows_outliers, sm_decision *decision,
                             bool *has_decision, sm_error *error) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    sm_status status = sm_file_read(path, &bytes, &size, error);
    if (status != SM_OK) return status;
    sm_weights_file *file = calloc(1, sizeof *file);
    status = file ? sm_weights_file_open(bytes, size, file, error)
                  : sm_fail(error, SM_ERROR_MEMORY, "no memory for the weights");
    if (status == SM_OK && outlier) status = sm_outlier_get(file, outlier, knows_outliers, error);
    if (status == SM_OK && decision) status = sm_decision_get(file, decision, has_decision, error);
    free(file);
    free(bytes);
    return status == SM_OK ? SM_OK : sm_error_prefix(error, path);
}

static sm_status open_model(sm_calibration *c, const char *model, sm_error *error) {
    const char *outliers = c->options->outliers_from;
    const char *decision = c->options->decision_from;
    sm_status status = sm_open_network(model, NULL, 0, &c->net, &c->metadata, &c->parameters, error);
    if (status == SM_OK)
        status = read_extras(model, &c->outlier, &c->knows_outliers, &c->decision, &c->has_decision, error);
    if (status == SM_OK && outliers) {
        status = read_extras(outliers, &c->outlier, &c->knows_outliers, NULL, NULL, error);
        if (status == SM_OK && !c->knows_outliers)
            status = sm_fail(error, SM_ERROR_WEIGHTS, "%s: holds no outlier statistics", outliers);
    }
    if (status == SM_OK && decision) {
        status = read_extras(decision, NULL, NULL, &c->decision, &c->has_decision, error);
        if (status == SM_OK && !c->has_decision)
            status = sm_fail(error, SM_ERROR_WEIGHTS, "%s: holds no presence, operating points and margin", decision);
    }
    return status;
}

static sm_status fit(sm_calibration *c, const char *model, sm_error *error) {
    const sm_calibration_options *o = c->options;
    sm_evaluation_options evaluation = o->evaluation;
    evaluation.model_path = model;
    const sm_answers_options wanted = {.evaluation = &evaluation,
                                       .folds = o->folds,
                                       .paths = o->data,
                                       .path_count = o->data_count,
                                       .fold = o->fold,
                                       .not_fold = o->not_fold,
                                       .network = (o->fit & ~SM_FIT_OUTLIERS) != 0,
                                       .grid = (o->fit & SM_FIT_MASK) != 0,
                                       .threshold = c->metadata.threshold,
                                       .statistics = (o->fit & SM_FIT_OUTLIERS) != 0};
    sm_status status = sm_answers_collect(&wanted, &c->answers, error);
    if (status != SM_OK) return status;
    c->fit = o->fit;
    if (o->check) status = sm_calibration_check(c, error);
    return status == SM_OK ? sm_calibration_fit(c, error) : status;
}

static sm_weights_precision stored_as(int bits) {
    switch (bits) {
    case 6:
        return SM_WEIGHTS_INT6;
    case 7:
        return SM_WEIGHTS_INT7;
    case 8:
        return SM_WEIGHTS_INT8;
    case 16:
        return SM_WEIGHTS_FLOAT16;
    default:
        return SM_WEIGHTS_FLOAT32;
    }
}

/** Which existing file `out` may replace. */
static sm_file_recogniser *recogniser(const sm_calibration_options *o) { return o->overwrite ? NULL : sm_own_weights; }

static sm_status write_weights(const sm_calibration *c, size_t *size, sm_error *error) {
    const sm_calibration_options *o = c->options;
    sm_outlier outlier = c->outlier;
    sm_decision decision = c->decision;
    sm_weights_extra extras[SM_OUTLIER_TENSORS + SM_DECISION_TENSORS];
    int count = 0;
    if (c->knows_outliers) {
        sm_outlier_tensors(&outlier, extras);
        count += SM_OUTLIER_TENSORS;
    }
    if (c->has_decision) {
        sm_decision_tensors(&decision, extras + count);
        count += SM_DECISION_TENSORS;
    }
    uint8_t *bytes = NULL;
    sm_status status = sm_weights_write_with(&c->net, c->parameters, &c->metadata, stored_as(o->precision), extras,
                                             count, &bytes, size, error);
    if (status != SM_OK) return sm_error_prefix(error, o->out);
    status =
        sm_file_write_as(o->out, bytes, *size, &(sm_file_options){.recognise = recogniser(o), .durable = true}, error);
    free(bytes);
    return status;
}

/** Checks, before the images are evaluated, that `out` can be written. */
static sm_status check_writable(const sm_calibration_options *o, sm_error *error) {
    sm_file_writer probe;
    const sm_file_options own = {.recognise = recogniser(o)};
    const sm_status status = sm_file_writer_open_as(&probe, o->out, &own, error);
    if (status == SM_OK) sm_file_writer_abandon(&probe);
    return status;
}

static sm_status calibrate(sm_calibration *c, sm_error *error) {
    const sm_calibration_options *o = c->options;
    char *model = NULL;
    sm_status status = sm_model_path(o->model, &model, error);
    if (status == SM_OK) status = open_model(c, model, error);
    if (status == SM_OK && o->evaluation.input_size > 0) {
        c->metadata.input_size = o->evaluation.input_size;
        if (!sm_net_size_valid(&c->net, o->evaluation.input_size))
            status = sm_fail(error, SM_ERROR_ARGUMENT, "input size %d: %s needs a multiple of %d, at most 1024",
                             o->evaluation.input_size, c->net.name, 1 << c->net.levels);
    }
    if (o->power > 0) c->metadata.expected_dice_power = o->power;
    if (o->temperature > 0) c->metadata.temperature = o->temperature;
    if (o->threshold >= 0) c->metadata.threshold = o->threshold;
    if (o->minimum_area >= 0) c->metadata.minimum_area = o->minimum_area;
    if (status == SM_OK) status = check_writable(o, error);
    if (status == SM_OK && o->fit) status = fit(c, model, error);
    free(model);
    size_t size = 0;
    if (status == SM_OK) status = write_weights(c, &size, error);
    if (status == SM_OK) sm_calibration_print(c, size);
    const sm_failures *failed = &c->answers.failed;
    sm_failures_print(failed, c->answers.count + failed->count, "images could not be used");
    if (status == SM_OK && failed->count > 0)
        status = sm_fail(error, SM_ERROR_DATA, "%s is written, but %d %s", o->out, failed->count,
                         failed->count == 1 ? "image was left out" : "images were left out");
    sm_answers_free(&c->answers);
    sm_floats_free(c->parameters);
    return status;
}

sm_status sm_calibrate(const sm_calibration_options *options, sm_error *error) {
    sm_calibration *c = calloc(1, sizeof *c);
    if (!c) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a calibration");
    c->options = options;
    const sm_status status = calibrate(c, error);
    free(c);
    return status;
}
