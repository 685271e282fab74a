#include "predict_json.h"

#include <math.h>

#include "json.h"

static void print_rectangle(sm_json *json, int x, int y, int width, int height) {
    sm_json_array_begin(json, "bbox");
    sm_json_integer(json, NULL, x);
    sm_json_integer(json, NULL, y);
    sm_json_integer(json, NULL, width);
    sm_json_integer(json, NULL, height);
    sm_json_array_end(json);
}

static void print_probabilities(sm_json *json, const float probabilities[SM_CLASS_COUNT]) {
    sm_json_object_begin(json, "probabilities");
    for (int i = 0; i < SM_CLASS_COUNT; i++) sm_json_number(json, sm_class_name((sm_class)i), (double)probabilities[i]);
    sm_json_object_end(json);
}

static void print_margin(sm_json *json, unsigned margin) {
    sm_json_string(json, "margin", margin ? "not circumscribed" : "circumscribed");
    sm_json_array_begin(json, "margin_signs");
    for (unsigned k = 0; k < SM_MARGIN_SIGN_COUNT; k++)
        if (margin & 1u << k) sm_json_string(json, NULL, sm_margin_sign_name((sm_margin_sign)(1u << k)));
    sm_json_array_end(json);
}

/* null for a measure that the picture does not give. */
static void print_known(sm_json *json, const char *key, bool known, float value) {
    sm_json_number(json, key, known ? (double)value : (double)NAN);
}

static void print_descriptors(sm_json *json, const sm_descriptors *d) {
    sm_json_object_begin(json, "descriptors");
    sm_json_string(json, "shape", sm_shape_name(d->shape));
    sm_json_string(json, "orientation", d->parallel ? "parallel" : "not parallel");
    print_margin(json, d->margin);
    sm_json_string(json, "echo", sm_echo_name(d->echo));
    sm_json_string(json, "posterior", sm_posterior_name(d->posterior));
    sm_json_boolean(json, "halo", d->halo);
    sm_json_number(json, "width_px", (double)d->width);
    sm_json_number(json, "height_px", (double)d->height);
    sm_json_number(json, "height_ratio", (double)d->height_ratio);
    sm_json_number(json, "depth_px", (double)d->depth);
    sm_json_number(json, "axis_ratio", (double)d->axis_ratio);
    sm_json_number(json, "roughness", (double)d->roughness);
    sm_json_number(json, "edge_contrast", (double)d->edge_contrast);
    sm_json_number(json, "weak_edge", (double)d->weak_edge);
    sm_json_integer(json, "corners", d->corners);
    sm_json_integer(json, "lobes", d->lobes);
    sm_json_integer(json, "spicules", d->spicules);
    print_known(json, "echo_ratio", d->echo != SM_ECHO_UNKNOWN, d->echo_ratio);
    print_known(json, "echo_spread", d->echo != SM_ECHO_UNKNOWN, d->echo_spread);
    print_known(json, "posterior_ratio", d->posterior != SM_POSTERIOR_UNKNOWN, d->posterior_ratio);
    print_known(json, "halo_ratio", d->halo_ratio > 0, d->halo_ratio);
    sm_json_object_end(json);
}

static void print_lesion(sm_json *json, const sm_lesion *lesion, const sm_descriptors *descriptors, bool has_decision) {
    sm_json_object_begin(json, NULL);
    sm_json_integer(json, "area_px", lesion->area);
    print_rectangle(json, lesion->left, lesion->top, lesion->width, lesion->height);
    sm_json_array_begin(json, "centroid");
    sm_json_number(json, NULL, (double)lesion->centroid.x);
    sm_json_number(json, NULL, (double)lesion->centroid.y);
    sm_json_array_end(json);
    sm_json_number(json, "long_axis_px", (double)lesion->long_axis);
    sm_json_number(json, "short_axis_px", (double)lesion->short_axis);
    sm_json_number(json, "mean_probability", (double)lesion->mean_probability);
    sm_json_number(json, "expected_dice", (double)lesion->expected_dice);
    sm_json_number(json, "presence", (double)lesion->presence);
    /* 0: presence was fitted without a margin. null promises nothing. */
    sm_json_number(json, "margin_px", has_decision && lesion->margin > 0 ? (double)lesion->margin : (double)NAN);
    sm_json_integer(json, "region", lesion->region);
    print_descriptors(json, descriptors);
    sm_json_object_end(json);
}

static void print_lesions(sm_json *json, const char *key, const sm_lesion *lesions, int count,
                          const sm_descriptors *descriptors, bool has_decision) {
    sm_json_array_begin(json, key);
    for (int i = 0; i < count; i++) print_lesion(json, &lesions[i], &descriptors[i], has_decision);
    sm_json_array_end(json);
}

static void print_regions(sm_json *json, const sm_result *result) {
    sm_json_array_begin(json, "regions");
    for (int i = 0; i < result->region_count; i++) {
        const sm_region *region = &result->regions[i];
        sm_json_object_begin(json, NULL);
        print_rectangle(json, region->x, region->y, region->width, region->height);
        sm_json_string(json, "type", sm_class_name(region->type));
        print_probabilities(json, region->probabilities);
        sm_json_number(json, "presence", (double)region->presence);
        sm_json_number(json, "outlier_score", (double)region->outlier_score);
        sm_json_boolean(json, "looks_like_ultrasound", region->looks_like_ultrasound);
        sm_json_object_end(json);
    }
    sm_json_array_end(json);
}

static void print_operating_point(sm_json *json, const sm_operating_point *point, bool has_decision) {
    if (!has_decision) {
        sm_json_string(json, "operating_point", NULL);
        return;
    }
    sm_json_object_begin(json, "operating_point");
    sm_json_number(json, "kept", (double)point->kept);
    sm_json_number(json, "presence", (double)point->presence);
    sm_json_number(json, "missed_bound", (double)point->missed);
    sm_json_object_end(json);
}

static const char *warning_name(sm_warning warning) {
    switch (warning) {
    case SM_WARNING_TINTED:
        return "tinted";
    case SM_WARNING_OVERLAY:
        return "overlay";
    case SM_WARNING_PHOTOGRAPH:
        return "photograph";
    case SM_WARNING_NO_SCAN:
        return "no-scan";
    case SM_WARNING_VIEWS:
        return "views";
    case SM_WARNING_SMALL_SCAN:
        return "small-scan";
    }
    return "";
}

static void print_warnings(sm_json *json, const sm_result *result) {
    sm_json_array_begin(json, "warnings");
    for (unsigned bit = SM_WARNING_TINTED; bit <= SM_WARNING_SMALL_SCAN; bit *= 2)
        if (result->warnings & bit) sm_json_string(json, NULL, warning_name((sm_warning)bit));
    sm_json_array_end(json);
    sm_json_number(json, "overlay_share", (double)result->overlay_share);
}

void sm_predict_json(FILE *to, const char *file, const sm_result *result, const sm_descriptors *descriptors,
                     bool has_decision, double milliseconds) {
    sm_json json = {.file = to};
    sm_json_object_begin(&json, NULL);
    sm_json_string(&json, "file", file);
    sm_json_integer(&json, "width", result->width);
    sm_json_integer(&json, "height", result->height);
    sm_json_string(&json, "type", sm_class_name(result->type));
    print_probabilities(&json, result->probabilities);
    sm_json_number(&json, "presence", (double)result->presence);
    print_operating_point(&json, &result->operating_point, has_decision);
    print_lesions(&json, "lesions", result->lesions, result->lesion_count, descriptors, has_decision);
    print_lesions(&json, "possible_lesions", result->possible, result->possible_count,
                  descriptors + result->lesion_count, has_decision);
    sm_json_number(&json, "expected_dice", (double)result->expected_dice);
    sm_json_number(&json, "outlier_score", (double)result->outlier_score);
    sm_json_boolean(&json, "looks_like_ultrasound", result->looks_like_ultrasound);
    sm_json_boolean(&json, "refined", result->refined);
    print_regions(&json, result);
    print_warnings(&json, result);
    sm_json_number(&json, "milliseconds", milliseconds);
    sm_json_object_end(&json);
}
