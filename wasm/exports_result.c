/** Results in the flat interface: segmenting, refining, measuring, contours, and the getters. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../src/expected_dice.h"
#include "exports_state.h"

/** Options from JavaScript. Negative threshold and minimum area (a share): the model's own; operating point 0: the
 * default. */
static sm_status make_options(float threshold, float minimum_area, double operating_point,
                              sm_segment_options *options) {
    *options = sm_segment_options_default();
    if (!isfinite(threshold) || threshold > 1.0f || !isfinite(minimum_area) || minimum_area > 1.0f)
        return sm_exports_fail(SM_ERROR_ARGUMENT, "threshold and minimum area must be 0..1");
    options->threshold = threshold;
    options->minimum_area = minimum_area;
    options->operating_point = operating_point;
    return SM_OK;
}

/** Regions from the start of the input, which has `rest` more bytes: x, y, width and height of each, integers of 4
 * bytes.
 */
static sm_status read_regions(int count, size_t rest, sm_rectangle regions[SM_REGIONS_MAX]) {
    if (count < 0 || count > SM_REGIONS_MAX) return sm_exports_fail(SM_ERROR_ARGUMENT, "there can be 0 to 16 regions");
    if (sm_exports.input_size != (size_t)count * 4 * sizeof(int32_t) + rest)
        return sm_exports_fail(SM_ERROR_ARGUMENT, "the data has another size");
    const int32_t *values = (const int32_t *)(const void *)sm_exports.input;
    for (int i = 0; i < count; i++, values += 4)
        regions[i] = (sm_rectangle){.x = values[0], .y = values[1], .width = values[2], .height = values[3]};
    return SM_OK;
}
_Static_assert(SM_REGIONS_MAX == 16, "limit in the message");

/**
 * Segments the image. With a `region_count` the input holds the regions (see read_regions); otherwise they are found if
 * `find_regions`. Consumes the input. The image stays for sonomask_describe.
 */
SM_EXPORT(sonomask_segment)
sm_status sonomask_segment(float threshold, float minimum_area, double operating_point, int flip_average,
                           int find_regions, int region_count) {
    sm_result_free(&sm_exports.result);
    if (!sm_exports.model) return sm_exports_fail(SM_ERROR_ARGUMENT, "no model is loaded");
    if (!sm_exports.image.pixels) return sm_exports_fail(SM_ERROR_ARGUMENT, "no image is set");
    sm_segment_options options;
    sm_status status = make_options(threshold, minimum_area, operating_point, &options);
    if (status != SM_OK) return status;
    options.flip_average = flip_average != 0;
    options.find_regions = find_regions != 0;
    sm_rectangle regions[SM_REGIONS_MAX];
    status = read_regions(region_count, 0, regions);
    sm_exports_release_input();
    if (status != SM_OK) return status;
    options.regions = regions;
    options.region_count = region_count;
    return sm_segment(sm_exports.state, &sm_exports.image, &options, &sm_exports.result, &sm_exports.error);
}

/** Clicks from floats, three per click: x, y, and 1 for inside or 0 for outside. */
static void read_clicks(const float *values, int count, sm_click *clicks) {
    for (int i = 0; i < count; i++)
        clicks[i] = (sm_click){.x = values[3 * i], .y = values[3 * i + 1], .inside = values[3 * i + 2] != 0.0f};
}

/**
 * Refines the result of the last image that was segmented (sm_refine). The input holds floats: x, y and inside (1 or 0)
 * of each click, then x, y, width and height of the box if `has_box`. Consumes the input.
 */
SM_EXPORT(sonomask_refine)
sm_status sonomask_refine(float threshold, float minimum_area, double operating_point, int click_count, int has_box) {
    sm_result_free(&sm_exports.result);
    if (!sm_exports.model) return sm_exports_fail(SM_ERROR_ARGUMENT, "no model is loaded");
    if (click_count < 0 || sm_exports.input_size != (3 * (size_t)click_count + (has_box ? 4 : 0)) * sizeof(float))
        return sm_exports_fail(SM_ERROR_ARGUMENT, "the data is not the clicks and the box");
    sm_segment_options options;
    sm_status status = make_options(threshold, minimum_area, operating_point, &options);
    if (status != SM_OK) return status;
    sm_click *clicks = malloc(((size_t)click_count + 1) * sizeof *clicks);
    if (!clicks) return sm_exports_fail(SM_ERROR_MEMORY, "no memory for the clicks");
    const float *values = (const float *)(const void *)sm_exports.input;
    read_clicks(values, click_count, clicks);
    sm_prompts prompts = {.clicks = clicks, .click_count = click_count};
    sm_box box = {0};
    if (has_box) {
        const float *sides = values + 3 * (size_t)click_count;
        box = (sm_box){.x = sides[0], .y = sides[1], .width = sides[2], .height = sides[3]};
        prompts.box = &box;
    }
    status = sm_refine(sm_exports.state, &prompts, &options, &sm_exports.result, &sm_exports.error);
    free(clicks);
    sm_exports_release_input();
    return status;
}

/** Regions that hold nothing but their place. */
static sm_region *make_regions(const sm_rectangle *places, int count) {
    sm_region *regions = calloc((size_t)count + 1, sizeof *regions);
    for (int i = 0; regions && i < count; i++)
        regions[i] =
            (sm_region){.x = places[i].x, .y = places[i].y, .width = places[i].width, .height = places[i].height};
    return regions;
}

/**
 * Makes a result without the network. The input holds, in this order, `region_count` regions (see read_regions), a
 * probability map (float, width * height) if `has_map` and a mask (bytes, 0 or not) if `has_mask`; at least one of
 * these two. Without a mask, `threshold` is applied to the map. Lesions below `minimum_area` (a share of the image) are
 * dropped. The regions are for sonomask_describe. Consumes the input.
 */
SM_EXPORT(sonomask_measure)
sm_status sonomask_measure(int width, int height, int has_map, int has_mask, float threshold, float minimum_area,
                           int region_count) {
    sm_result_free(&sm_exports.result);
    sm_status status = sm_exports_check_size(width, height);
    if (status != SM_OK) return status;
    const size_t count = (size_t)width * (size_t)height;
    const size_t map_size = has_map ? count * sizeof(float) : 0;
    if (!has_map && !has_mask) return sm_exports_fail(SM_ERROR_ARGUMENT, "neither a map nor a mask");
    sm_rectangle places[SM_REGIONS_MAX];
    status = read_regions(region_count, map_size + (has_mask ? count : 0), places);
    if (status != SM_OK) return status;
    if (!(minimum_area >= 0.0f && minimum_area <= 1.0f) || (!has_mask && !(threshold >= 0.0f && threshold <= 1.0f)))
        return sm_exports_fail(SM_ERROR_ARGUMENT, "threshold and minimum area must be 0..1");
    const uint8_t *data = sm_exports.input + (size_t)region_count * 4 * sizeof(int32_t);
    const float *map = has_map ? (const float *)(const void *)data : NULL;
    sm_result result = {.width = width, .height = height, .mask = malloc(count), .region_count = region_count};
    result.regions = make_regions(places, region_count);
    if (!result.mask || !result.regions) {
        sm_result_free(&result);
        return sm_exports_fail(SM_ERROR_MEMORY, "no memory for the mask");
    }
    if (has_mask) {
        const uint8_t *mask = data + map_size;
        for (size_t i = 0; i < count; i++) result.mask[i] = mask[i] ? 255 : 0;
    } else {
        sm_mask_threshold(map, (int)count, threshold, result.mask);
    }
    // Rounded as sm_segment does, so that both drop the same lesions.
    const int minimum_pixels = (int)((double)minimum_area * (double)count);
    status = sm_mask_components(result.mask, width, height, minimum_pixels, map, NULL, &result.lesions,
                                &result.lesion_count, &sm_exports.error);
    sm_exports_release_input();
    if (status != SM_OK) {
        sm_result_free(&result);
        return status;
    }
    if (sm_exports.model)
        sm_expected_dice_temper(result.lesions, result.lesion_count,
                                (double)sm_model_describe(sm_exports.model).expected_dice_power);
    sm_exports.result = result;
    return SM_OK;
}

/** Numbers of the result in the order of "resultFields"; "lesions", "possible" and "regions" are counts. */
SM_EXPORT(sonomask_result) const double *sonomask_result(void) {
    const sm_result *result = &sm_exports.result;
    double *record = sm_exports.record;
    record[0] = result->width;
    record[1] = result->height;
    record[2] = (double)result->type;
    for (int i = 0; i < SM_CLASS_COUNT; i++) record[3 + i] = (double)result->probabilities[i];
    record[6] = result->lesion_count;
    record[7] = (double)result->expected_dice;
    record[8] = (double)result->outlier_score;
    record[9] = result->looks_like_ultrasound;
    record[10] = result->refined;
    record[11] = (double)result->presence;
    record[12] = (double)result->operating_point.kept;
    record[13] = (double)result->operating_point.presence;
    record[14] = (double)result->operating_point.missed;
    record[15] = result->possible_count;
    record[16] = result->region_count;
    record[17] = result->warnings;
    record[18] = (double)result->overlay_share;
    return record;
}

static const double *record_lesion(const sm_lesion *lesion) {
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
        (double)lesion->presence,
        (double)lesion->margin,
        lesion->region,
    };
    memcpy(sm_exports.record, record, sizeof record);
    return sm_exports.record;
}

/** Numbers of lesion or possible lesion `index` in the order of "lesionFields"; NULL when there is no such one. */
SM_EXPORT(sonomask_lesion) const double *sonomask_lesion(int index) {
    const sm_result *result = &sm_exports.result;
    return index >= 0 && index < result->lesion_count ? record_lesion(&result->lesions[index]) : NULL;
}
SM_EXPORT(sonomask_possible) const double *sonomask_possible(int index) {
    const sm_result *result = &sm_exports.result;
    return index >= 0 && index < result->possible_count ? record_lesion(&result->possible[index]) : NULL;
}

/**
 * Describes lesion, or possible lesion, `index` of the result from the image, which must have the size of the result;
 * sonomask_descriptors then returns the numbers, in the order of "descriptorFields".
 */
SM_EXPORT(sonomask_describe) sm_status sonomask_describe(int possible, int index) {
    const sm_result *result = &sm_exports.result;
    if (index < 0 || index >= (possible ? result->possible_count : result->lesion_count) ||
        sm_exports.image.width != result->width || sm_exports.image.height != result->height)
        return sm_exports_fail(SM_ERROR_ARGUMENT, "no such lesion, or no image of its size");
    sm_descriptors d = {0};
    const sm_status status = sm_describe_lesions(&sm_exports.image, possible ? result->possible_mask : result->mask,
                                                 (possible ? result->possible : result->lesions) + index, 1,
                                                 result->regions, result->region_count, &d, &sm_exports.error);
    const double record[DESCRIPTOR_FIELDS] = {
        (double)d.shape,
        d.parallel,
        d.margin,
        (double)d.echo,
        (double)d.posterior,
        d.halo,
        (double)d.width,
        (double)d.height,
        (double)d.height_ratio,
        (double)d.depth,
        (double)d.axis_ratio,
        (double)d.roughness,
        (double)d.edge_contrast,
        (double)d.weak_edge,
        d.corners,
        d.lobes,
        d.spicules,
        (double)d.echo_ratio,
        (double)d.echo_spread,
        (double)d.posterior_ratio,
        (double)d.halo_ratio,
    };
    memcpy(sm_exports.record, record, sizeof record);
    return status;
}
SM_EXPORT(sonomask_descriptors) const double *sonomask_descriptors(void) { return sm_exports.record; }

/** Numbers of region `index` in the order of "regionFields"; NULL when there is no such one. */
SM_EXPORT(sonomask_region) const double *sonomask_region(int index) {
    const sm_result *result = &sm_exports.result;
    if (index < 0 || index >= result->region_count) return NULL;
    const sm_region *region = &result->regions[index];
    const double record[REGION_FIELDS] = {
        region->x,
        region->y,
        region->width,
        region->height,
        (double)region->type,
        (double)region->probabilities[SM_CLASS_NORMAL],
        (double)region->probabilities[SM_CLASS_BENIGN],
        (double)region->probabilities[SM_CLASS_MALIGNANT],
        (double)region->presence,
        (double)region->outlier_score,
        region->looks_like_ultrasound,
    };
    memcpy(sm_exports.record, record, sizeof record);
    return sm_exports.record;
}

/**
 * The result's maps, [height][width]. The probability map is NULL after sonomask_measure; the mask of the possible
 * lesions is NULL when there is none.
 */
SM_EXPORT(sonomask_result_mask) const uint8_t *sonomask_result_mask(void) { return sm_exports.result.mask; }
SM_EXPORT(sonomask_result_possible_mask) const uint8_t *sonomask_result_possible_mask(void) {
    return sm_exports.result.possible_mask;
}
SM_EXPORT(sonomask_result_map) const float *sonomask_result_map(void) { return sm_exports.result.probability_map; }

/** Contours as 4-byte values: their number; then each one's is_hole and number of points (int), then x, y (float). */
static sm_status flatten_contours(const sm_contours *contours) {
    size_t values = 1;
    for (int i = 0; i < contours->count; i++) values += 2 + 2 * (size_t)contours->items[i].point_count;
    uint8_t *output = malloc(values * 4);
    if (!output) return sm_exports_fail(SM_ERROR_MEMORY, "no memory for the contours");
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
    sm_exports.output = output;
    sm_exports.output_size = values * 4;
    return SM_OK;
}

/** Contours of the input (a mask of width x height bytes, 0 or not) to the output. Consumes the input. */
SM_EXPORT(sonomask_contours) sm_status sonomask_contours(int width, int height) {
    sm_exports_release_output();
    sm_status status = sm_exports_check_size(width, height);
    if (status != SM_OK) return status;
    if (sm_exports.input_size != (size_t)width * (size_t)height)
        return sm_exports_fail(SM_ERROR_ARGUMENT, "the data is not a mask of width x height pixels");
    sm_contours contours = {0};
    status = sm_mask_contours(sm_exports.input, width, height, &contours, &sm_exports.error);
    sm_exports_release_input();
    if (status != SM_OK) return status;
    status = flatten_contours(&contours);
    sm_contours_free(&contours);
    return status;
}
