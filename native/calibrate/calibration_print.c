/** The line of JSON of a calibration. */
#include <math.h>

#include "../json.h"
#include "calibration.h"

static void print_reliability(sm_json *json, const char *key, const sm_reliability *reliability) {
    sm_json_object_begin(json, key);
    sm_json_number(json, "ece", reliability->ece);
    sm_json_number(json, "brier", reliability->brier);
    sm_json_number(json, "log_loss", reliability->log_loss);
    sm_json_object_end(json);
}

static void print_mask(sm_json *json, const char *key, const sm_mask_choice *choice) {
    sm_json_object_begin(json, key);
    sm_json_number(json, "threshold", (double)sm_trial_grid[choice->threshold]);
    sm_json_number(json, "minimum_area", (double)sm_mask_areas[choice->area]);
    sm_json_number(json, "lesion_dice", choice->lesion_dice);
    sm_json_number(json, "normal_false_mask_share", choice->false_masks);
    sm_json_object_end(json);
}

static void print_decision(sm_json *json, const sm_calibration *c) {
    const sm_decision *d = &c->decision;
    sm_json_object_begin(json, "presence");
    sm_json_number(json, "type_odds", (double)d->presence[0]);
    sm_json_number(json, "peak", (double)d->presence[1]);
    sm_json_number(json, "bias", (double)d->presence[2]);
    if (c->fitted & SM_FIT_PRESENCE) sm_json_number(json, "log_loss", c->presence_loss);
    sm_json_object_end(json);
    sm_json_array_begin(json, "operating_points");
    for (int p = 0; p < SM_OPERATING_POINTS; p++) {
        sm_json_object_begin(json, NULL);
        sm_json_number(json, "kept", (double)d->operating_points[p][0]);
        sm_json_number(json, "presence", (double)d->operating_points[p][1]);
        sm_json_number(json, "missed_bound", (double)d->operating_points[p][2]);
        if (c->fitted & SM_FIT_POINTS) sm_json_number(json, "kept_here", c->kept[p]);
        sm_json_object_end(json);
    }
    sm_json_array_end(json);
    sm_json_object_begin(json, "margin");
    sm_json_number(json, "outline_side", (double)d->margin[0]);
    sm_json_number(json, "image_side", (double)d->margin[1]);
    if (c->fitted & SM_FIT_MARGIN) sm_json_integer(json, "patients", c->margin_patients);
    sm_json_object_end(json);
}

static void print_fitted(sm_json *json, int fitted) {
    static const struct {
        const char *name;
        int flag;
    } parts[] = {{"temperature", SM_FIT_TEMPERATURE}, {"presence", SM_FIT_PRESENCE},     {"mask", SM_FIT_MASK},
                 {"points", SM_FIT_POINTS},           {"confidence", SM_FIT_CONFIDENCE}, {"margin", SM_FIT_MARGIN},
                 {"outliers", SM_FIT_OUTLIERS}};
    sm_json_array_begin(json, "fitted");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (fitted & parts[i].flag) sm_json_string(json, NULL, parts[i].name);
    sm_json_array_end(json);
}

static void print_compared(sm_json *json, const char *key, const sm_calibration_compared *compared) {
    sm_json_object_begin(json, key);
    sm_json_integer(json, "images", compared->images);
    sm_json_integer(json, "groups", compared->groups);
    sm_json_number(json, "before", compared->before);
    sm_json_number(json, "after", compared->after);
    sm_json_number(json, "standard_error", compared->standard_error);
    sm_json_boolean(json, "better", compared->better);
    sm_json_object_end(json);
}

void sm_calibration_print(const sm_calibration *c, size_t size) {
    const sm_calibration_options *o = c->options;
    sm_json json = {.file = stdout};
    sm_json_object_begin(&json, NULL);
    sm_json_string(&json, "out", o->out);
    sm_json_integer(&json, "bytes", (long long)size);
    sm_json_integer(&json, "precision", o->precision);
    sm_json_integer(&json, "images", c->answers.count);
    sm_json_integer(&json, "failed_images", c->answers.failed.count);
    print_fitted(&json, c->fitted);
    if (c->checked) {
        sm_json_object_begin(&json, "checked");
        print_compared(&json, "type_log_loss", &c->checks.type);
        print_compared(&json, "answer_loss", &c->checks.answer);
        print_compared(&json, "expected_dice_squared_error", &c->checks.power);
        print_compared(&json, "share_beyond_outlier_limit", &c->checks.beyond);
        sm_json_object_end(&json);
    }
    sm_json_number(&json, "temperature", (double)c->metadata.temperature);
    sm_json_number(&json, "threshold", (double)c->metadata.threshold);
    sm_json_number(&json, "minimum_area", (double)c->metadata.minimum_area);
    sm_json_number(&json, "confidence_power", (double)c->metadata.expected_dice_power);
    sm_json_boolean(&json, "knows_outliers", c->knows_outliers);
    sm_json_boolean(&json, "has_decision", c->has_decision);
    if (c->has_decision) print_decision(&json, c);
    if (c->answers.raw) {
        print_reliability(&json, "type_before_temperature", &c->before);
        print_reliability(&json, "type_after_temperature", &c->after);
    }
    if (c->fitted & SM_FIT_MASK) {
        print_mask(&json, "mask_before", &c->mask_before);
        print_mask(&json, "mask_after", &c->mask_after);
    }
    if (c->fitted & SM_FIT_CONFIDENCE) {
        sm_json_number(&json, "expected_dice_error_before", sqrt(c->power_error_before));
        sm_json_number(&json, "expected_dice_error_after", sqrt(c->power_error_after));
    }
    if (c->fitted & SM_FIT_OUTLIERS) {
        sm_json_number(&json, "outlier_limit", (double)c->outlier.limit);
        sm_json_number(&json, "outliers_beyond_limit", c->outliers_beyond);
    }
    sm_json_object_end(&json);
}
