#include "stages.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../src/answer.h"
#include "../../src/expected_dice.h"
#include "../json.h"
#include "../own_files.h"
#include "../progress.h"
#include "median.h"

enum { MAX_RUNS = 200, MIN_RUNS = 5, DESCRIBED = 8 /* outlines, at most */ };

/* In the order of the work. */
typedef enum stage {
    STAGE_DECODE,
    STAGE_GREY,
    STAGE_REGIONS,
    STAGE_LETTERBOX,
    STAGE_STATISTICS,
    STAGE_NETWORK,
    STAGE_ENLARGE,
    STAGE_THRESHOLD,
    STAGE_MEASURE,
    STAGE_DECISION,
    STAGE_DICE,
    STAGE_DESCRIBE,
    STAGE_REST,
    STAGE_COUNT
} stage;

static const char *const names[STAGE_COUNT] = {
    [STAGE_DECODE] = "decode",
    [STAGE_GREY] = "grey",
    [STAGE_REGIONS] = "find regions",
    [STAGE_LETTERBOX] = "letterbox",
    [STAGE_STATISTICS] = "statistics, outlier score",
    [STAGE_NETWORK] = "network",
    [STAGE_ENLARGE] = "enlarge probability map",
    [STAGE_THRESHOLD] = "threshold",
    [STAGE_MEASURE] = "label, measure",
    [STAGE_DECISION] = "decision",
    [STAGE_DICE] = "expected Dice",
    [STAGE_DESCRIBE] = "descriptors of the outlines",
    [STAGE_REST] = "rest",
};

/** Memory and measured times. */
typedef struct measurement {
    const sm_stages_options *options;
    sm_model *model;
    sm_state *state;
    sm_image image;
    sm_result result;
    sm_descriptors descriptors[DESCRIBED];
    uint8_t *grey;   /* [height][width] */
    uint8_t *mask;   /* [height][width] */
    int32_t *labels; /* [height][width] */
    double stages[STAGE_COUNT][MAX_RUNS], whole[MAX_RUNS], writing[MAX_RUNS];
    float sum; /* of results that nothing else reads, so that the work is not optimised away */
} measurement;

static sm_status load(measurement *m, sm_stage_times *times, sm_error *error) {
    const sm_stages_options *options = m->options;
    const sm_model_options model_options = {.backend = options->backend};
    const sm_state_options state_options = {.parallel = options->parallel};
    const double start = sm_clock();
    sm_status status = sm_model_create(options->weights, options->weights_size, &model_options, &m->model, error);
    if (status == SM_OK) status = sm_state_create(m->model, &state_options, &m->state, error);
    times->load = sm_clock() - start;
    return status;
}

static sm_status describe(measurement *m, const sm_image *image, const uint8_t *mask, const sm_lesion *lesions,
                          int count, sm_error *error) {
    return sm_describe_lesions(image, mask, lesions, count < DESCRIBED ? count : DESCRIBED, m->result.regions,
                               m->result.region_count, m->descriptors, error);
}

/** Decodes, segments and describes the image, as `predict` does. */
static sm_status run_whole(measurement *m, double *seconds, sm_error *error) {
    sm_image image = {0};
    const double start = sm_clock();
    sm_status status = sm_image_decode(m->options->image, m->options->image_size, &image, error);
    if (status == SM_OK) status = sm_segment(m->state, &image, NULL, &m->result, error);
    if (status == SM_OK) status = describe(m, &image, m->result.mask, m->result.lesions, m->result.lesion_count, error);
    *seconds = sm_clock() - start;
    sm_image_free(&image);
    return status;
}

static void rate(measurement *m, const sm_lesion *lesions, int count) {
    const sm_model *model = m->model;
    const sm_result *result = &m->result;
    if (!model->has_decision) return;
    m->sum += sm_peak(result->probability_map, NULL, 0, result->width, result->height);
    for (int i = 0; i < count; i++)
        m->sum += sm_lesion_peak(result->probability_map, m->labels, result->width, &lesions[i],
                                 (size_t)result->width * (size_t)result->height);
}

/** Times each stage by itself, on the contents that the stages before have left. The regions are searched, but the
 * stages after it work on the whole image. */
static sm_status run_stages(measurement *m, int run, sm_error *error) {
    sm_state *state = m->state;
    sm_view *view = &state->views[0];
    const sm_model *model = m->model;
    const sm_image *image = &m->image;
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    const sm_segment_options options = sm_segment_options_default();
    const sm_answer_settings settings = sm_answer_settings_make(model, &options, pixels);
    sm_lesion *lesions = NULL;
    int lesion_count = 0;
    sm_status status = SM_OK;
    double at = sm_clock();
#define TIMED(which)                                                                                                   \
    do {                                                                                                               \
        const double now = sm_clock();                                                                                 \
        m->stages[which][run] = now - at;                                                                              \
        at = now;                                                                                                      \
    } while (0)
    sm_image decoded = {0};
    status = sm_image_decode(m->options->image, m->options->image_size, &decoded, error);
    TIMED(STAGE_DECODE);
    sm_image_free(&decoded);
    if (status != SM_OK) return status;
    at = sm_clock();
    const uint8_t *grey = image->pixels;
    if (image->channels > 1) {
        sm_image_to_grey(image, m->grey);
        grey = m->grey;
    }
    TIMED(STAGE_GREY);
    status = sm_scan_find(grey, image->width, image->height, &state->scan, error);
    TIMED(STAGE_REGIONS);
    const sm_letterbox letterbox = sm_letterbox_make(image->width, image->height, model->metadata.input_size);
    if (status == SM_OK) status = sm_letterbox_apply(&letterbox, grey, view->square, error);
    TIMED(STAGE_LETTERBOX);
    if (status == SM_OK && model->knows_outliers) {
        float statistics[SM_STATISTICS_COUNT];
        status = sm_image_statistics(image, grey, statistics, error);
        m->sum += (float)sm_outlier_distance(&model->outlier, statistics);
    }
    TIMED(STAGE_STATISTICS);
    float type_logits[SM_CLASS_COUNT];
    sm_inference_run(state->inference, view->square, view->probability, type_logits);
    model->kernels->sigmoid(view->probability, sm_square_pixels(model), view->probability);
    TIMED(STAGE_NETWORK);
    sm_letterbox_restore(&letterbox, view->probability, m->result.probability_map);
    TIMED(STAGE_ENLARGE);
    sm_mask_threshold(m->result.probability_map, (int)pixels, settings.threshold, m->mask);
    TIMED(STAGE_THRESHOLD);
    if (status == SM_OK)
        status = sm_mask_components(m->mask, image->width, image->height, settings.minimum_area,
                                    m->result.probability_map, m->labels, &lesions, &lesion_count, error);
    TIMED(STAGE_MEASURE);
    rate(m, lesions, lesion_count);
    TIMED(STAGE_DECISION);
    m->sum += sm_expected_dice(m->result.probability_map, m->mask, pixels, 0.5, 1);
    TIMED(STAGE_DICE);
    if (status == SM_OK) status = describe(m, image, m->mask, lesions, lesion_count, error);
    TIMED(STAGE_DESCRIBE);
#undef TIMED
    sm_free(lesions);
    m->stages[STAGE_REST][run] = m->whole[run];
    for (int i = 0; i < STAGE_REST; i++) m->stages[STAGE_REST][run] -= m->stages[i][run];
    return status;
}

static sm_status run_writing(measurement *m, double *seconds, sm_error *error) {
    const sm_image mask = {m->result.width, m->result.height, 1, m->result.mask};
    uint8_t *bytes = NULL;
    size_t size = 0;
    const double start = sm_clock();
    const sm_status status = sm_own_png_encode(&mask, &bytes, &size, error);
    *seconds = sm_clock() - start;
    free(bytes);
    return status;
}

static sm_status prepare(measurement *m, sm_stage_times *times, sm_error *error) {
    sm_status status = load(m, times, error);
    if (status == SM_OK) status = run_whole(m, &times->first, error);
    if (status == SM_OK) status = sm_image_decode(m->options->image, m->options->image_size, &m->image, error);
    if (status != SM_OK) return status;
    const size_t pixels = (size_t)m->image.width * (size_t)m->image.height;
    m->grey = malloc(pixels);
    m->mask = malloc(pixels);
    m->labels = malloc(pixels * sizeof *m->labels);
    return m->grey && m->mask && m->labels ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory for the measurement");
}

static sm_status measure(measurement *m, sm_stage_times *times, sm_error *error) {
    sm_status status = prepare(m, times, error);
    const double end = sm_clock() + m->options->seconds;
    int runs = 0;
    while (status == SM_OK && (runs < MIN_RUNS || (runs < MAX_RUNS && sm_clock() < end))) {
        status = run_whole(m, &m->whole[runs], error);
        if (status == SM_OK) status = run_stages(m, runs, error);
        if (status == SM_OK) status = run_writing(m, &m->writing[runs], error);
        runs++;
    }
    if (status != SM_OK) return status;
    const sm_model_info info = sm_model_describe(m->model);
    snprintf(times->network, sizeof times->network, "%s", info.network);
    times->input_size = info.input_size;
    times->width = m->image.width;
    times->height = m->image.height;
    times->runs = runs;
    times->image = sm_median(m->whole, runs);
    times->writing = sm_median(m->writing, runs);
    times->stage_count = STAGE_COUNT;
    for (int i = 0; i < STAGE_COUNT; i++) times->stages[i] = (sm_stage){names[i], sm_median(m->stages[i], runs)};
    return SM_OK;
}

sm_status sm_stages_measure(const sm_stages_options *options, sm_stage_times *times, sm_error *error) {
    *times = (sm_stage_times){.runs = 0};
    measurement *m = calloc(1, sizeof *m);
    if (!m) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the measurement");
    m->options = options;
    const sm_status status = measure(m, times, error);
    sm_result_free(&m->result);
    sm_image_free(&m->image);
    sm_state_free(m->state);
    sm_model_free(m->model);
    free(m->grey);
    free(m->mask);
    free(m->labels);
    free(m);
    return status;
}

static void print_json(const sm_stage_times *times, int threads) {
    sm_json json = {.file = stdout};
    sm_json_object_begin(&json, NULL);
    sm_json_string(&json, "network", times->network);
    sm_json_integer(&json, "size", times->input_size);
    sm_json_string(&json, "mode", "stages");
    sm_json_integer(&json, "threads", threads);
    sm_json_integer(&json, "width", times->width);
    sm_json_integer(&json, "height", times->height);
    sm_json_integer(&json, "runs", times->runs);
    sm_json_number(&json, "load_ms", times->load * 1e3);
    sm_json_number(&json, "first_ms", times->first * 1e3);
    sm_json_number(&json, "milliseconds", times->image * 1e3);
    sm_json_number(&json, "writing_ms", times->writing * 1e3);
    sm_json_array_begin(&json, "stages");
    for (int i = 0; i < times->stage_count; i++) {
        sm_json_object_begin(&json, NULL);
        sm_json_string(&json, "name", times->stages[i].name);
        sm_json_number(&json, "milliseconds", times->stages[i].seconds * 1e3);
        sm_json_object_end(&json);
    }
    sm_json_array_end(&json);
    sm_json_object_end(&json);
}

void sm_stages_print(const sm_stage_times *times, int threads, bool as_json) {
    if (as_json) {
        print_json(times, threads);
        return;
    }
    printf("%s %dx%d, image of %d x %d pixels, %d thread%s: %.2f ms per image, %.2f ms for the first one, %.2f ms to "
           "load the weights, median of %d\n",
           times->network, times->input_size, times->input_size, times->width, times->height, threads,
           threads > 1 ? "s" : "", times->image * 1e3, times->first * 1e3, times->load * 1e3, times->runs);
    printf("%-26s %10s %9s\n", "stage", "ms", "share");
    for (int i = 0; i < times->stage_count; i++)
        printf("%-26s %10.3f %8.1f%%\n", times->stages[i].name, times->stages[i].seconds * 1e3,
               100 * times->stages[i].seconds / times->image);
    printf("%-26s %10.3f %9s\n", "write mask (PNG), extra", times->writing * 1e3, "");
}
