/** From an image to type, mask and lesions. */
#include <math.h>
#include <stdlib.h>

#include "answer.h"
#include "regions.h"
#include "scan_photograph.h"
#include "state.h"
#include "status.h"

static void mirror(const float *input, int size, float *output) {
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++)
            output[(size_t)y * (size_t)size + (size_t)x] = input[(size_t)y * (size_t)size + (size_t)(size - 1 - x)];
}

/** Fills the probability and the type logits of a view from its square. */
static void run_network(sm_state *state, int index, bool flip_average) {
    const sm_kernels *kernels = state->model->kernels;
    sm_view *view = &state->views[index];
    const int size = state->model->metadata.input_size;
    const size_t pixels = sm_square_pixels(state->model);
    float mirrored_type[SM_CLASS_COUNT];
    if (flip_average) {
        /* First, so that the state keeps the features of the image itself for a refinement. */
        mirror(view->square, size, state->mirrored);
        sm_inference_run(state->inference, state->mirrored, view->probability, mirrored_type);
        kernels->sigmoid(view->probability, pixels, view->probability);
        mirror(view->probability, size, state->mirrored);
    }
    sm_inference_run(state->inference, view->square, view->probability, view->type_logits);
    state->featured = index;
    kernels->sigmoid(view->probability, pixels, view->probability);
    if (!flip_average) return;
    for (size_t i = 0; i < pixels; i++) view->probability[i] = 0.5f * (view->probability[i] + state->mirrored[i]);
    for (int c = 0; c < SM_CLASS_COUNT; c++) view->type_logits[c] = 0.5f * (view->type_logits[c] + mirrored_type[c]);
}

sm_status sm_run(sm_state *state, const float *square, float *mask, float probabilities[SM_CLASS_COUNT],
                 sm_error *error) {
    if (!state || !square) return sm_fail(error, SM_ERROR_ARGUMENT, "no state or no input: NULL");
    float type_logits[SM_CLASS_COUNT];
    state->segmented = false; /* the features are those of another input now */
    sm_inference_run(state->inference, square, mask, type_logits);
    if (mask) state->model->kernels->sigmoid(mask, sm_square_pixels(state->model), mask);
    if (probabilities) sm_type_probabilities(state->model, type_logits, false, probabilities);
    return SM_OK;
}

/** Sets the outlier score of a view; `grey` is the luma of its image. */
static sm_status rate_outlier(const sm_model *model, const sm_image *image, const uint8_t *grey, sm_view *view,
                              sm_error *error) {
    view->outlier_score = 0;
    if (!model->knows_outliers) return SM_OK;
    float statistics[SM_STATISTICS_COUNT];
    const sm_status status = sm_image_statistics(image, grey, statistics, error);
    if (status != SM_OK) return status;
    view->outlier_score = (float)sm_outlier_score(&model->outlier, statistics);
    return SM_OK;
}

/* Of a part of a screen: JPEG spreads the colours of bars and marks into the picture beside them. */
static const double most_stray = 0.03;

/* The network takes black corners for shadows, and the plain mirror image of a lesion at the edge for a part of it. */
static const float faint = 0.5f;

/** Fills the square and the outlier score of a view from its image and the luma of it, which is changed: colours are
 * removed, and then the pixels outside the shape of a part, which the training images do not have, are filled. */
static sm_status read_view(sm_state *state, int index, const sm_image *image, uint8_t *grey, sm_error *error) {
    sm_view *view = &state->views[index];
    sm_scan_view *part = state->scan.whole ? NULL : &state->scan.views[index];
    view->letterbox = sm_letterbox_make(image->width, image->height, state->model->metadata.input_size);
    sm_status status = sm_view_allocate(state->model, view, error);
    if (status == SM_OK) status = sm_colour_remove(image, grey, &view->colour, error);
    if (status != SM_OK) return status;
    const sm_image neutral = {image->width, image->height, 1, grey};
    bool colourless = view->colour.tinted || view->colour.overlay_share > 0;
    sm_scan_view narrow;
    if (part) {
        narrow = *part;
        sm_scan_narrow(&state->scan, &narrow, grey);
        sm_scan_mirror(&state->scan, part, 1, grey);
        colourless = colourless || sm_image_coloured_share(image) < most_stray;
    }
    status = rate_outlier(state->model, colourless ? &neutral : image, grey, view, error);
    if (part) {
        sm_scan_mirror(&state->scan, part, faint, grey);
        *part = narrow; /* for the answer: what was filled is no lesion */
    }
    return status == SM_OK ? sm_letterbox_apply(&view->letterbox, grey, view->square, error) : status;
}

static sm_status no_memory(const sm_image *image, sm_error *error) {
    return sm_fail(error, SM_ERROR_MEMORY, "no memory for an image of %d x %d", image->width, image->height);
}

/** An image and the luma of it. */
typedef struct source {
    sm_image image; /* of one channel when all of the image is grey: colours need not be looked for */
    uint8_t *grey;
    uint8_t *made; /* what the caller has to release */
} source;

static sm_status read_source(const sm_image *image, source *from, sm_error *error) {
    *from = (source){.image = *image, .grey = image->pixels};
    if (image->channels == 1) return SM_OK;
    from->grey = from->made = malloc((size_t)image->width * (size_t)image->height);
    if (!from->made) return no_memory(image, error);
    if (sm_image_to_grey(image, from->made)) from->image = (sm_image){image->width, image->height, 1, from->made};
    return SM_OK;
}

/** Reads a part of the image as an image of its own. */
static sm_status read_part(sm_state *state, int index, const sm_image *image, sm_error *error) {
    const sm_scan_view *place = &state->scan.views[index];
    sm_image part = {.width = place->width, .height = place->height, .channels = image->channels};
    part.pixels = malloc((size_t)part.width * (size_t)part.height * (size_t)part.channels);
    if (!part.pixels) return no_memory(&part, error);
    sm_scan_crop(&state->scan, place, image, part.pixels);
    source from;
    sm_status status = read_source(&part, &from, error);
    if (status == SM_OK) status = read_view(state, index, &from.image, from.grey, error);
    free(from.made);
    free(part.pixels);
    return status;
}

static void swap_views(sm_state *state, int a, int b) {
    const sm_view view = state->views[a];
    const sm_scan_view place = state->scan.views[a];
    state->views[a] = state->views[b];
    state->scan.views[a] = state->scan.views[b];
    state->views[b] = view;
    state->scan.views[b] = place;
}

/** An outlier score above this is that of a photograph or a drawing, not of an unusual scan. */
static const float foreign_score = 1.5f;

/** Leaves out the found pictures that are clearly not ultrasound, such as a photograph, when another one is. */
static void leave_out_foreign(sm_state *state) {
    int kept = 0;
    for (int k = 0; k < state->scan.count; k++)
        if (state->views[k].outlier_score <= foreign_score) swap_views(state, kept++, k);
    if (kept > 0) state->scan.count = kept;
}

/** Where the ultrasound pictures are. */
static sm_status find_regions(sm_state *state, const sm_image *image, const uint8_t *grey,
                              const sm_segment_options *options, sm_error *error) {
    if (options->region_count > 0) {
        const sm_status status = sm_scan_set_rectangles(options->regions, options->region_count, image->width,
                                                        image->height, &state->scan, error);
        if (status != SM_OK || state->scan.whole) return status;
        return sm_scan_find_sectors(grey, image->width, image->height, &state->scan, error);
    }
    if (options->find_regions) return sm_scan_find(grey, image->width, image->height, &state->scan, error);
    sm_scan_set_whole(image->width, image->height, &state->scan);
    return SM_OK;
}

/** Fills what the network needs of each region. */
static sm_status read_views(sm_state *state, const sm_image *image, uint8_t *grey, sm_error *error) {
    if (state->scan.whole) return read_view(state, 0, image, grey, error);
    sm_status status = SM_OK;
    for (int k = 0; k < state->scan.count && status == SM_OK; k++) status = read_part(state, k, image, error);
    return status;
}

/* Tissue is speckled: drawings and screenshots have surfaces of one grey. Of the 3,270 images of four sets, compressed
 * ones among them, none has more than 0.22. */
static const float most_surface = 0.25f;

/** A picture without a scan and with much surface is no ultrasound. */
static void rate_surface(sm_state *state) {
    const float score = state->scan.surface / most_surface;
    if (state->model->knows_outliers && state->scan.whole && score > 1)
        state->views[0].outlier_score = fmaxf(state->views[0].outlier_score, score);
}

/* An unusual scan that is not clearly foreign is left whole: a part of it would be a worse input. */
static bool all_foreign(const sm_state *state) {
    for (int k = 0; k < state->scan.count; k++)
        if (state->views[k].outlier_score <= foreign_score) return false;
    return true;
}

/**
 * Looks for the ultrasound picture of a photograph when nothing that was found is like ultrasound. The outlier score
 * stays that of the whole photograph if it is the larger one: a part of any photograph may look like speckle.
 */
static sm_status look_for_photograph(sm_state *state, const sm_image *image, uint8_t *grey, sm_error *error) {
    float score = state->views[0].outlier_score;
    for (int k = 1; k < state->scan.count; k++) score = fmaxf(score, state->views[k].outlier_score);
    sm_scan_kind kind = SM_SCAN_OTHER;
    sm_status status = sm_scan_find_photograph(grey, image->width, image->height, &state->scan, &kind, error);
    state->no_scan = kind == SM_SCAN_SCREENSHOT && state->scan.whole;
    state->photograph = kind == SM_SCAN_PHOTOGRAPH;
    if (status != SM_OK || !state->photograph) return status;
    status = read_views(state, image, grey, error);
    state->views[0].outlier_score = fmaxf(score, state->views[0].outlier_score);
    return status;
}

/** Fills the state's regions and what the network needs of each. */
static sm_status read_image(sm_state *state, const sm_image *image, const sm_segment_options *options,
                            sm_error *error) {
    source from;
    state->photograph = state->no_scan = false;
    state->searched = options->region_count == 0 && options->find_regions;
    sm_status status = read_source(image, &from, error);
    if (status == SM_OK) status = find_regions(state, image, from.grey, options, error);
    if (status == SM_OK) status = read_views(state, &from.image, from.grey, error);
    if (status == SM_OK) rate_surface(state);
    if (status == SM_OK && state->searched && all_foreign(state))
        status = look_for_photograph(state, &from.image, from.grey, error);
    if (status == SM_OK && options->region_count == 0) leave_out_foreign(state);
    free(from.made);
    return status;
}

static sm_status segment(sm_state *state, const sm_image *image, const sm_segment_options *options, sm_result *result,
                         sm_error *error) {
    state->segmented = false;
    state->width = image->width;
    state->height = image->height;
    const sm_status status = read_image(state, image, options, error);
    if (status != SM_OK) return status;
    for (int k = state->scan.count - 1; k >= 0; k--) run_network(state, k, options->flip_average);
    state->segmented = true;
    return sm_regions_automatic(state, options, result, error);
}

sm_segment_options sm_segment_options_default(void) {
    return (sm_segment_options){.threshold = -1.0f, .minimum_area = -1.0f, .find_regions = true};
}

sm_status sm_segment(sm_state *state, const sm_image *image, const sm_segment_options *options, sm_result *result,
                     sm_error *error) {
    const sm_segment_options defaults = sm_segment_options_default();
    if (!options) options = &defaults;
    if (!result) return sm_fail(error, SM_ERROR_ARGUMENT, "no place for the result: NULL");
    sm_status status = state ? SM_OK : sm_fail(error, SM_ERROR_ARGUMENT, "no state: NULL");
    if (status == SM_OK) status = sm_image_check(image, error);
    if (status == SM_OK) status = sm_segment_options_check(options, error);
    if (status == SM_OK) status = segment(state, image, options, result, error);
    if (status != SM_OK) sm_result_free(result);
    return status;
}
