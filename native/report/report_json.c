/* metrics.json, and the headline metrics as one JSON line. */
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../json.h"
#include "../metrics/froc.h"
#include "../metrics/uncertainty.h"

static void write_binary(sm_json *json, const char *key, const sm_binary_scores *scores) {
    sm_json_object_begin(json, key);
    sm_json_number(json, "accuracy", scores->accuracy);
    sm_json_number(json, "precision", scores->precision);
    sm_json_number(json, "recall", scores->recall);
    sm_json_number(json, "f1", scores->f1);
    sm_json_number(json, "specificity", scores->specificity);
    sm_json_number(json, "dice", scores->dice);
    sm_json_number(json, "sensitivity", scores->sensitivity);
    sm_json_number(json, "iou", scores->iou);
    sm_json_object_end(json);
}

static void write_class(sm_json *json, const char *key, const sm_class_scores *scores) {
    sm_json_object_begin(json, key);
    sm_json_number(json, "precision", scores->precision);
    sm_json_number(json, "recall", scores->recall);
    sm_json_number(json, "f1", scores->f1);
    sm_json_number(json, "support", scores->support);
    sm_json_object_end(json);
}

static void write_types(sm_json *json, const sm_score_set *scores) {
    sm_json_object_begin(json, "classification_report");
    for (int k = 0; k < SM_CLASS_COUNT; k++) write_class(json, sm_class_name((sm_class)k), &scores->types.classes[k]);
    write_class(json, "macro_average", &scores->types.macro);
    write_class(json, "weighted_average", &scores->types.weighted);
    sm_json_object_end(json);
    sm_json_object_begin(json, "confusion_matrix");
    sm_json_array_begin(json, "classes");
    for (int k = 0; k < SM_CLASS_COUNT; k++) sm_json_string(json, NULL, sm_class_name((sm_class)k));
    sm_json_array_end(json);
    sm_json_array_begin(json, "rows_true_columns_predicted");
    for (int t = 0; t < SM_CLASS_COUNT; t++) {
        sm_json_array_begin(json, NULL);
        for (int p = 0; p < SM_CLASS_COUNT; p++) sm_json_integer(json, NULL, (long long)scores->confusion.count[t][p]);
        sm_json_array_end(json);
    }
    sm_json_array_end(json);
    sm_json_object_end(json);
}

static void write_calibration(sm_json *json, const char *key, const sm_reliability *calibration) {
    sm_json_object_begin(json, key);
    sm_json_number(json, "ece", calibration->ece);
    sm_json_number(json, "brier", calibration->brier);
    sm_json_number(json, "log_loss", calibration->log_loss);
    sm_json_array_begin(json, "reliability_bins");
    for (int b = 0; b < SM_RELIABILITY_BINS; b++) {
        sm_json_object_begin(json, NULL);
        sm_json_number(json, "from", (double)b / SM_RELIABILITY_BINS);
        sm_json_integer(json, "images", (long long)calibration->bins[b].count);
        sm_json_number(json, "confidence", calibration->bins[b].confidence);
        sm_json_number(json, "accuracy", calibration->bins[b].accuracy);
        sm_json_object_end(json);
    }
    sm_json_array_end(json);
    sm_json_object_end(json);
}

static void write_metrics(sm_json *json, const sm_score_set *scores) {
    char key[64];
    sm_json_integer(json, "images", scores->images);
    sm_json_integer(json, "lesion_images", scores->lesion_images);
    sm_json_integer(json, "normal_images", scores->normal_images);
    sm_json_integer(json, "typed_images", scores->typed_images);
    sm_json_integer(json, "outlined_images", scores->outlined_images);
    sm_json_integer(json, "groups", scores->groups);
    sm_json_integer(json, "measured_lesions", scores->measured_lesions);
    for (int f = 0; f < SM_METRIC_COUNT; f++) {
        sm_json_number(json, sm_metrics[f].key, scores->metric[f]);
        snprintf(key, sizeof key, "%s_interval", sm_metrics[f].key);
        sm_json_array_begin(json, key);
        sm_json_number(json, NULL, scores->interval[f].low);
        sm_json_number(json, NULL, scores->interval[f].high);
        sm_json_array_end(json);
    }
}

static void write_scores(sm_json *json, const sm_score_set *scores) {
    write_metrics(json, scores);
    sm_json_object_begin(json, "pixelwise");
    sm_json_integer(json, "true_positive", scores->pixels.true_positive);
    sm_json_integer(json, "false_positive", scores->pixels.false_positive);
    sm_json_integer(json, "false_negative", scores->pixels.false_negative);
    sm_json_integer(json, "true_negative", scores->pixels.true_negative);
    write_binary(json, "scores", &scores->pixelwise);
    sm_json_object_end(json);
    write_binary(json, "imagewise", &scores->imagewise);
    write_binary(json, "imagewise_lesions", &scores->imagewise_lesions);
    write_types(json, scores);
    write_calibration(json, "calibration_before_temperature", &scores->uncalibrated);
    write_calibration(json, "calibration_after_temperature", &scores->calibrated);
    write_calibration(json, "presence_calibration", &scores->presence);
    sm_json_number(json, "milliseconds_per_image", scores->milliseconds);
}

/* The FROC curve: at numbers of false outlines per image, and at the levels of the presence 0.05, 0.1 .. 0.95. */
static sm_status write_froc(sm_json *json, const sm_split *split, sm_error *error) {
    static const double rates[] = {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1};
    enum { STEPS = 20 };
    sm_froc froc;
    const sm_status status = sm_froc_make(split->images, split->count, &froc, error);
    if (status != SM_OK) return status;
    sm_json_object_begin(json, "froc");
    sm_json_integer(json, "images", froc.images);
    sm_json_integer(json, "lesions", froc.lesions);
    sm_json_array_begin(json, "at_false_outlines_per_image");
    for (size_t i = 0; froc.count > 0 && i < sizeof rates / sizeof *rates; i++) {
        sm_json_object_begin(json, NULL);
        sm_json_number(json, "false_outlines", rates[i]);
        sm_json_number(json, "lesions_found", sm_froc_found_at(&froc, rates[i]));
        sm_json_object_end(json);
    }
    sm_json_array_end(json);
    sm_json_array_begin(json, "at_presence");
    int point = 0;
    for (int step = STEPS - 1; step > 0; step--) {
        const double level = (double)step / STEPS;
        while (point < froc.count && froc.points[point].level >= level) point++;
        if (point == 0) continue;
        sm_json_object_begin(json, NULL);
        sm_json_number(json, "presence", level);
        sm_json_number(json, "false_outlines", froc.points[point - 1].false_outlines);
        sm_json_number(json, "lesions_found", froc.points[point - 1].found);
        sm_json_object_end(json);
    }
    sm_json_array_end(json);
    sm_json_object_end(json);
    sm_froc_free(&froc);
    return SM_OK;
}

/* Twenty points of the risk-coverage curve. */
static sm_status write_risk(sm_json *json, const sm_split *split, sm_error *error) {
    enum { STEPS = 20 };
    double *values = malloc(3 * ((size_t)split->count + 1) * sizeof *values);
    sm_uncertainty *uncertainty = sm_uncertainty_make(split->images, split->count);
    sm_status status = SM_OK;
    if (values && uncertainty) {
        double *risk = values + split->count, *best = risk + split->count;
        const int count = sm_risk_coverage(uncertainty, values, risk, best);
        sm_json_array_begin(json, "risk_coverage");
        for (int k = 1; k <= STEPS && count > 0; k++) {
            const int last = (int)ceil((double)k * count / STEPS) - 1;
            sm_json_object_begin(json, NULL);
            sm_json_number(json, "coverage", values[last]);
            sm_json_number(json, "risk", risk[last]);
            sm_json_number(json, "best_risk", best[last]);
            sm_json_object_end(json);
        }
        sm_json_array_end(json);
    } else {
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory for a risk-coverage curve");
    }
    sm_uncertainty_free(uncertainty);
    free(values);
    return status;
}

static sm_status write_split(sm_json *json, const sm_split *split, sm_error *error) {
    sm_json_object_begin(json, split->name);
    write_scores(json, &split->all);
    sm_status status = write_risk(json, split, error);
    if (status == SM_OK) status = write_froc(json, split, error);
    sm_json_object_begin(json, "tables");
    for (int t = 0; t < split->table_count; t++) {
        sm_json_array_begin(json, split->tables[t].key);
        for (int r = 0; r < split->tables[t].row_count; r++) {
            sm_json_object_begin(json, NULL);
            sm_json_string(json, "label", split->tables[t].rows[r].label);
            write_scores(json, &split->tables[t].rows[r].scores);
            sm_json_object_end(json);
        }
        sm_json_array_end(json);
    }
    sm_json_object_end(json);
    sm_json_object_end(json);
    return status;
}

static void write_folds(sm_json *json, const sm_fold_summary *folds) {
    sm_json_object_begin(json, "folds");
    sm_json_array_begin(json, "numbers");
    for (int k = 0; k < folds->fold_count; k++) sm_json_integer(json, NULL, folds->folds[k]);
    sm_json_array_end(json);
    for (int r = 0; r < folds->row_count; r++) {
        const sm_fold_row *row = &folds->rows[r];
        sm_json_object_begin(json, row->label);
        for (int f = 0; f < SM_METRIC_COUNT; f++) {
            sm_json_object_begin(json, sm_metrics[f].key);
            sm_json_number(json, "mean", row->mean[f]);
            sm_json_number(json, "standard_deviation", row->deviation[f]);
            sm_json_array_begin(json, "values");
            for (int k = 0; k < folds->fold_count; k++) sm_json_number(json, NULL, row->value[k][f]);
            sm_json_array_end(json);
            sm_json_object_end(json);
        }
        sm_json_object_end(json);
    }
    sm_json_object_end(json);
}

static void write_point(sm_json *json, const char *key, const sm_robustness_point *point) {
    sm_json_object_begin(json, key);
    if (point->kind != SM_PERTURBATIONS) sm_json_number(json, "strength", point->strength);
    sm_json_integer(json, "images", point->images);
    sm_json_integer(json, "lesion_images", point->lesion_images);
    sm_json_number(json, "lesion_dice", sm_robustness_dice(point));
    sm_json_number(json, "accuracy", sm_robustness_accuracy(point));
    sm_json_number(json, "normal_false_mask_share", sm_robustness_false_masks(point));
    sm_json_object_end(json);
}

static void write_robustness(sm_json *json, const sm_robustness *robustness) {
    const sm_robustness_point *points = robustness->points;
    const double study = sm_robustness_study_dice(robustness);
    sm_json_object_begin(json, "robustness");
    write_point(json, "unchanged", &points[0]);
    sm_json_object_begin(json, "study");
    sm_json_number(json, "lesion_dice", study);
    sm_json_number(json, "fall", sm_robustness_dice(&points[0]) - study);
    sm_json_array_begin(json, "changes");
    for (int p = 0; p < SM_ROBUSTNESS_POINTS; p++) {
        if (!points[p].study) continue;
        sm_json_object_begin(json, NULL);
        sm_json_string(json, "kind", sm_perturbation_name(points[p].kind));
        sm_json_number(json, "strength", points[p].strength);
        sm_json_number(json, "fall", sm_robustness_dice(&points[0]) - sm_robustness_dice(&points[p]));
        sm_json_object_end(json);
    }
    sm_json_array_end(json);
    sm_json_object_end(json);
    for (int kind = 0; kind < SM_PERTURBATIONS; kind++) {
        sm_json_array_begin(json, sm_perturbation_name((sm_perturbation)kind));
        for (int p = 0; p < SM_ROBUSTNESS_POINTS; p++)
            if ((int)points[p].kind == kind) write_point(json, NULL, &points[p]);
        sm_json_array_end(json);
    }
    sm_json_object_end(json);
}

static void write_origin(sm_json *json, const sm_model_info *model) {
    sm_json_number(json, "temperature", (double)model->temperature);
    sm_json_string(json, "training_data", model->training_data);
    sm_json_string(json, "date", model->date);
}

static void write_mask_settings(sm_json *json, const sm_report *report, int model) {
    sm_json_number(json, "threshold", sm_report_threshold(report, model));
    sm_json_number(json, "minimum_area", sm_report_minimum_area(report, model));
    const sm_model_info *info = &report->models[model];
    sm_json_boolean(json, "takes_prompts", info->takes_prompts);
    if (!info->has_decision) return;
    sm_json_array_begin(json, "operating_points");
    for (int p = 0; p < SM_OPERATING_POINTS; p++) {
        sm_json_object_begin(json, NULL);
        sm_json_number(json, "kept", (double)info->operating_points[p].kept);
        sm_json_number(json, "presence", (double)info->operating_points[p].presence);
        sm_json_number(json, "missed_bound", (double)info->operating_points[p].missed);
        sm_json_object_end(json);
    }
    sm_json_array_end(json);
}

/* What all networks have in common; for a single network also its own settings. */
static void write_model(sm_json *json, const sm_report *report) {
    const sm_model_info *model = &report->models[0];
    sm_json_object_begin(json, "model");
    sm_json_string(json, "file", report->model_path);
    sm_json_string(json, "network", model->network);
    sm_json_integer(json, "input_size", model->input_size);
    if (!report->folds) write_origin(json, model);
    sm_json_object_end(json);
    if (!report->folds) write_mask_settings(json, report, 0);
}

/* The settings of each fold's network. */
static void write_models(sm_json *json, const sm_report *report) {
    sm_json_array_begin(json, "models");
    for (int i = 0; i < report->model_count; i++) {
        sm_json_object_begin(json, NULL);
        sm_json_integer(json, "fold", report->folds->folds[i]);
        write_origin(json, &report->models[i]);
        write_mask_settings(json, report, i);
        sm_json_object_end(json);
    }
    sm_json_array_end(json);
}

static void write_run(sm_json *json, const sm_report *report) {
    sm_json_string(json, "program", "sonomask " SM_VERSION);
    write_model(json, report);
    if (report->folds) write_models(json, report);
    sm_json_boolean(json, "flip_average", report->segment.flip_average);
    sm_json_number(json, "operating_point", sm_report_operating_point(report));
    sm_json_array_begin(json, "data");
    for (int i = 0; i < report->data_count; i++) sm_json_string(json, NULL, report->data[i]);
    sm_json_array_end(json);
    if (report->fold >= 0) sm_json_integer(json, "validation_fold", report->fold);
    sm_json_object_begin(json, "method");
    sm_json_string(json, "intervals", "95 %, percentiles of a bootstrap over groups (a scene or a patient)");
    sm_json_integer(json, "bootstrap_replicates", SM_BOOTSTRAP_REPLICATES);
    sm_json_number(json, "surface_tolerance_px", SM_SURFACE_TOLERANCE);
    sm_json_string(json, "lesion_dice", "mean over images with a reference lesion, at each image's own resolution");
    sm_json_string(json, "missed_lesion_share", "no outline of the mask touches a reference lesion");
    sm_json_string(
        json, "margin_coverage",
        "share of the patients with a found lesion whose found lesions all lie within their outlines grown by "
        "the margin");
    sm_json_string(
        json, "long_axis_icc",
        "ICC(2,1), absolute agreement, of the longest diameter of the network's and the expert's outline of each "
        "found lesion (measured_lesions)");
    sm_json_string(
        json, "kappa",
        "Cohen, unweighted, between the BI-RADS words from both outlines of each found lesion: shape of three, "
        "orientation, margin circumscribed or not; the limits of the words were chosen with the folds of BUS-BRA "
        "and BUSI in view");
    sm_json_string(json, "clicks",
                   "first at a random pixel of the lesion, then at the most interior pixel of the largest error; box: "
                   "sides moved by up to 5 %");
    sm_json_string(json, "pixelwise", "from the pixels of all images together");
    sm_json_string(json, "imagewise", "mean over images; an empty predicted mask for an empty reference mask scores 1");
    sm_json_object_end(json);
}

sm_status sm_report_json(FILE *out, const sm_report *report, sm_error *error) {
    sm_status status = SM_OK;
    sm_json json = {.file = out};
    sm_json_object_begin(&json, NULL);
    write_run(&json, report);
    sm_json_object_begin(&json, "splits");
    for (int s = 0; status == SM_OK && s < report->split_count; s++)
        status = write_split(&json, &report->splits[s], error);
    sm_json_object_end(&json);
    if (report->folds) write_folds(&json, report->folds);
    if (report->robustness) write_robustness(&json, report->robustness);
    sm_json_array_begin(&json, "failed");
    for (int i = 0; i < report->failure_count; i++) {
        sm_json_object_begin(&json, NULL);
        sm_json_string(&json, "file", report->failures[i].record->image);
        sm_json_string(&json, "reason", report->failures[i].reason);
        sm_json_object_end(&json);
    }
    sm_json_array_end(&json);
    sm_json_object_end(&json);
    return status;
}

void sm_report_headline(FILE *out, const sm_report *report, const sm_split *split) {
    sm_json json = {.file = out};
    sm_json_object_begin(&json, NULL);
    sm_json_string(&json, "split", split->name);
    if (report->fold >= 0) sm_json_integer(&json, "validation_fold", report->fold);
    sm_json_string(&json, "model", report->model_path);
    write_metrics(&json, &split->all);
    sm_json_number(&json, "milliseconds_per_image", split->all.milliseconds);
    sm_json_object_end(&json);
    fflush(out);
}
