/* sonomask calibrate: what is set after training, from images with known answers, into a weights file. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/memory_plan.h"
#include "calibrate/gather.h"
#include "calibrate/mask_fit.h"
#include "calibrate/outlier_fit.h"
#include "calibrate/power_fit.h"
#include "calibrate/temperature_fit.h"
#include "command.h"
#include "file.h"
#include "json.h"
#include "open_network.h"
#include "options.h"
#include "report/calibration.h"

static const char usage[] =
    "usage: sonomask calibrate [--model FILE] [--data PATH...] [options] --out FILE\n"
    "\n"
    "Sets what a network needs after training, and writes a new weights file that holds it:\n"
    "  temperature  softens or sharpens the type probabilities (least negative log likelihood)\n"
    "  mask         threshold and smallest lesion: the highest lesion Dice - price * share of normal images with a "
    "mask\n"
    "  confidence   a power that makes the expected Dice of a mask true (least squares)\n"
    "  outliers     what known images look like (they, and views of them as other scanners would give), so that "
    "foreign\n"
    "               ones (photos, text, CT) are told\n"
    "Each is fitted to the images of --data, or set by hand. For temperature and mask these must be images that the\n"
    "network was not trained on, and so for confidence. But for the temperature every data set counts the same. "
    "Prints\n"
    "one JSON line with the figures before and after. An image that cannot be read is named on stderr and left out.\n"
    "\n"
    "  --out FILE               the weights file to write\n"
    "  --model FILE             the weights to start from (default: the ones that come with sonomask)\n"
    "  --data PATH...           manifest.csv files or folders, as for evaluate; without it nothing is fitted\n"
    "  --fold K                 only images of fold K\n"
    "  --not-fold K             only images of the other folds\n"
    "  --fit LIST               what to fit, of temperature,mask,confidence,outliers (default: all)\n"
    "  --temperature T          sets it by hand, 0.1 to 10\n"
    "  --threshold T            likewise, 0 to 1\n"
    "  --minimum-area SHARE     likewise, share of the image, 0 to 1\n"
    "  --confidence-power P     likewise, 0.1 to 20\n"
    "  --false-mask-price P     lesion Dice that a false mask on every normal image would cost (default 0.1)\n"
    "  --outlier-share S        share of the known images and views beyond the limit, 0 to 0.5 (default 0.01)\n"
    "  --outliers-from FILE     takes the outlier statistics of other weights\n"
    "  --precision BITS         of the stored weights: 32 (default), 16, or 8 (convolutions with one scale a channel)\n"
    "  --flip                   fit for answers averaged with the mirrored image\n"
    "  --size N                 side of the network's input, pixels (default: the model's own)\n"
    "  --threads N              default: one for each processor\n";

enum { FIT_TEMPERATURE = 1, FIT_MASK = 2, FIT_OUTLIERS = 4, FIT_CONFIDENCE = 8, FIT_ALL = 15 };

typedef struct arguments {
    sm_evaluation_options evaluation;
    sm_option_words data;
    const char *out, *model, *outliers_from;
    int fold, not_fold; /* -1: none */
    int fit, precision;
    float temperature, threshold, minimum_area, power; /* negative: not given */
    float false_mask_price, outlier_share;
    bool help;
} arguments;

static bool take_fit_list(const char *text, int *fit) {
    static const struct {
        const char *name;
        int flag;
    } parts[] = {{"temperature", FIT_TEMPERATURE},
                 {"mask", FIT_MASK},
                 {"outliers", FIT_OUTLIERS},
                 {"confidence", FIT_CONFIDENCE}};
    *fit = 0;
    for (const char *rest = text; rest;) {
        const size_t length = strcspn(rest, ",");
        int flag = 0;
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            if (strlen(parts[i].name) == length && strncmp(rest, parts[i].name, length) == 0) flag = parts[i].flag;
        if (!flag) {
            fprintf(stderr, "sonomask: --fit needs some of temperature,mask,confidence,outliers, not \"%s\"\n", text);
            return false;
        }
        *fit |= flag;
        rest = rest[length] ? rest + length + 1 : NULL;
    }
    return true;
}

static bool take_precision(const char *text, int *bits) {
    if (!sm_option_int("precision", text, 8, 32, bits)) return false;
    if (*bits == 8 || *bits == 16 || *bits == 32) return true;
    fprintf(stderr, "sonomask: --precision is 8, 16 or 32, not \"%s\"\n", text);
    return false;
}

enum {
    OPTION_OUT = 256,
    OPTION_MODEL,
    OPTION_DATA,
    OPTION_FOLD,
    OPTION_NOT_FOLD,
    OPTION_FIT,
    OPTION_TEMPERATURE,
    OPTION_THRESHOLD,
    OPTION_MINIMUM_AREA,
    OPTION_CONFIDENCE_POWER,
    OPTION_FALSE_MASK_PRICE,
    OPTION_OUTLIER_SHARE,
    OPTION_OUTLIERS_FROM,
    OPTION_PRECISION,
    OPTION_FLIP,
    OPTION_SIZE,
    OPTION_THREADS,
    OPTION_HELP
};

static bool take_option(arguments *a, int option, const char *value) {
    a->data.open = option == OPTION_DATA || (option == SM_OPTION_PLAIN_WORD && a->data.open);
    switch (option) {
    case SM_OPTION_PLAIN_WORD:
    case OPTION_DATA:
        return sm_option_word("calibrate", value, &a->data);
    case OPTION_OUT:
        a->out = value;
        return true;
    case OPTION_MODEL:
        a->model = value;
        return true;
    case OPTION_FOLD:
        return sm_option_int("fold", value, 0, 1000, &a->fold);
    case OPTION_NOT_FOLD:
        return sm_option_int("not-fold", value, 0, 1000, &a->not_fold);
    case OPTION_FIT:
        return take_fit_list(value, &a->fit);
    case OPTION_TEMPERATURE:
        return sm_option_decimal("temperature", value, SM_TEMPERATURE_LOW, SM_TEMPERATURE_HIGH, &a->temperature);
    case OPTION_THRESHOLD:
        return sm_option_decimal("threshold", value, 0, 1, &a->threshold);
    case OPTION_MINIMUM_AREA:
        return sm_option_decimal("minimum-area", value, 0, 0.999999, &a->minimum_area);
    case OPTION_CONFIDENCE_POWER:
        return sm_option_decimal("confidence-power", value, SM_POWER_LOW, SM_POWER_HIGH, &a->power);
    case OPTION_FALSE_MASK_PRICE:
        return sm_option_decimal("false-mask-price", value, 0, 10, &a->false_mask_price);
    case OPTION_OUTLIER_SHARE:
        return sm_option_decimal("outlier-share", value, 0, 0.5, &a->outlier_share);
    case OPTION_OUTLIERS_FROM:
        a->outliers_from = value;
        return true;
    case OPTION_PRECISION:
        return take_precision(value, &a->precision);
    case OPTION_FLIP:
        a->evaluation.segment.flip_average = true;
        return true;
    case OPTION_SIZE:
        return sm_option_int("size", value, 32, 1024, &a->evaluation.input_size);
    case OPTION_THREADS:
        return sm_option_int("threads", value, 1, 256, &a->evaluation.threads);
    case OPTION_HELP:
        a->help = true;
        return true;
    default:
        return false; /* getopt has said what is wrong */
    }
}

static bool usable(const arguments *a) {
    if (a->help) return true;
    if (!a->out)
        fprintf(stderr, "sonomask: calibrate needs --out FILE\n");
    else if (a->fold >= 0 && a->not_fold >= 0)
        fprintf(stderr, "sonomask: either --fold or --not-fold\n");
    else if (a->data.count == 0 && (a->fold >= 0 || a->not_fold >= 0))
        fprintf(stderr, "sonomask: --fold and --not-fold go with --data\n");
    else
        return true;
    return false;
}

static bool parse(int argc, char **argv, arguments *a) {
    static const struct option long_options[] = {{"out", required_argument, NULL, OPTION_OUT},
                                                 {"model", required_argument, NULL, OPTION_MODEL},
                                                 {"data", required_argument, NULL, OPTION_DATA},
                                                 {"fold", required_argument, NULL, OPTION_FOLD},
                                                 {"not-fold", required_argument, NULL, OPTION_NOT_FOLD},
                                                 {"fit", required_argument, NULL, OPTION_FIT},
                                                 {"temperature", required_argument, NULL, OPTION_TEMPERATURE},
                                                 {"threshold", required_argument, NULL, OPTION_THRESHOLD},
                                                 {"minimum-area", required_argument, NULL, OPTION_MINIMUM_AREA},
                                                 {"confidence-power", required_argument, NULL, OPTION_CONFIDENCE_POWER},
                                                 {"false-mask-price", required_argument, NULL, OPTION_FALSE_MASK_PRICE},
                                                 {"outlier-share", required_argument, NULL, OPTION_OUTLIER_SHARE},
                                                 {"outliers-from", required_argument, NULL, OPTION_OUTLIERS_FROM},
                                                 {"precision", required_argument, NULL, OPTION_PRECISION},
                                                 {"flip", no_argument, NULL, OPTION_FLIP},
                                                 {"size", required_argument, NULL, OPTION_SIZE},
                                                 {"threads", required_argument, NULL, OPTION_THREADS},
                                                 {"help", no_argument, NULL, OPTION_HELP},
                                                 {NULL, 0, NULL, 0}};
    optind = 0; /* start over: another command may have been parsed in this process */
    for (int option; (option = getopt_long(argc, argv, "-", long_options, NULL)) != -1;)
        if (!take_option(a, option, optarg)) return false;
    for (; optind < argc; optind++)
        if (!take_option(a, SM_OPTION_PLAIN_WORD, argv[optind])) return false;
    if (a->temperature > 0) a->fit &= ~FIT_TEMPERATURE;
    if (a->threshold >= 0 && a->minimum_area >= 0) a->fit &= ~FIT_MASK;
    if (a->power > 0) a->fit &= ~FIT_CONFIDENCE;
    if (a->outliers_from) a->fit &= ~FIT_OUTLIERS;
    if (a->data.count == 0) a->fit = 0;
    return usable(a);
}

/** What the run works on. */
typedef struct run {
    const arguments *arguments;
    sm_net net;
    sm_weights_metadata metadata; /* as read, then as fitted */
    float *parameters;
    sm_outlier outlier;
    bool knows_outliers;
    sm_gathered gathered;
    sm_calibration before, after;
    sm_mask_choice mask_before, mask_after;
    double power_before;    /* of the expected Dice */
    double outliers_beyond; /* share of the images, every data set counting the same */
} run;

static sm_status read_outliers(const char *path, sm_outlier *outlier, bool *known, sm_error *error) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    sm_status status = sm_file_read(path, &bytes, &size, error);
    if (status != SM_OK) return status;
    status = sm_outlier_read(bytes, size, outlier, known, error);
    free(bytes);
    return status == SM_OK ? SM_OK : sm_error_prefix(error, path);
}

static sm_status open_model(run *r, const char *model, sm_error *error) {
    sm_status status = sm_open_network(model, NULL, 0, &r->net, &r->metadata, &r->parameters, error);
    if (status == SM_OK) status = read_outliers(model, &r->outlier, &r->knows_outliers, error);
    const char *other = r->arguments->outliers_from;
    if (status != SM_OK || !other) return status;
    status = read_outliers(other, &r->outlier, &r->knows_outliers, error);
    if (status == SM_OK && !r->knows_outliers)
        status = sm_fail(error, SM_ERROR_WEIGHTS, "%s: holds no outlier statistics", other);
    return status;
}

/** Probabilities of all images at a temperature. */
static sm_status calibration_at(const run *r, double temperature, sm_calibration *calibration, sm_error *error) {
    const sm_gathered *g = &r->gathered;
    double(*probabilities)[SM_CLASS_COUNT] = malloc(((size_t)g->count + 1) * sizeof *probabilities);
    if (!probabilities) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d answers", g->count);
    for (int i = 0; i < g->count; i++) sm_probabilities_after_temperature(g->raw[i], temperature, probabilities[i]);
    *calibration = sm_calibration_of((const double(*)[SM_CLASS_COUNT])probabilities, g->truth, NULL, g->count);
    free(probabilities);
    return SM_OK;
}

static sm_status fit_temperature(run *r, sm_error *error) {
    const sm_gathered *g = &r->gathered;
    if (r->arguments->fit & FIT_TEMPERATURE)
        r->metadata.temperature =
            (float)sm_temperature_fit((const double(*)[SM_CLASS_COUNT])g->raw, g->truth, g->count);
    sm_status status = calibration_at(r, 1, &r->before, error);
    return status == SM_OK ? calibration_at(r, (double)r->metadata.temperature, &r->after, error) : status;
}

/** The place in `values` (rising) that is nearest to `value`. */
static int nearest(const float *values, int count, float value) {
    int best = 0;
    for (int i = 1; i < count; i++)
        if (fabsf(values[i] - value) < fabsf(values[best] - value)) best = i;
    return best;
}

static void fit_mask(run *r) {
    const arguments *a = r->arguments;
    const sm_gathered *g = &r->gathered;
    r->mask_before =
        sm_mask_judge(g->cases, g->count, nearest(sm_mask_thresholds, SM_MASK_THRESHOLDS, r->metadata.threshold),
                      nearest(sm_mask_areas, SM_MASK_AREAS, r->metadata.minimum_area));
    r->mask_after = sm_mask_choose(g->cases, g->count, (double)a->false_mask_price);
    if (a->threshold < 0) r->metadata.threshold = sm_mask_thresholds[r->mask_after.threshold];
    if (a->minimum_area < 0) r->metadata.minimum_area = sm_mask_areas[r->mask_after.area];
}

static void fit_power(run *r) {
    const sm_gathered *g = &r->gathered;
    r->metadata.expected_dice_power = (float)sm_power_fit(g->expected, g->dice, g->weights, g->count);
}

static sm_status fit_outliers(run *r, sm_error *error) {
    const sm_gathered *g = &r->gathered;
    const int views = g->count * SM_GATHER_VIEWS;
    double *weights = malloc((size_t)views * sizeof *weights);
    if (!weights) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the statistics of %d images", g->count);
    for (int i = 0; i < views; i++) weights[i] = g->weights[i / SM_GATHER_VIEWS];
    sm_status status = sm_outlier_fit((const float(*)[SM_STATISTICS_COUNT])g->statistics, weights, views,
                                      (double)r->arguments->outlier_share, &r->outlier, error);
    free(weights);
    if (status != SM_OK) return status;
    r->knows_outliers = true;
    double beyond = 0;
    double total = 0;
    for (int i = 0; i < g->count; i++) {
        if (sm_outlier_distance(&r->outlier, g->statistics[i * SM_GATHER_VIEWS]) > (double)r->outlier.limit)
            beyond += g->weights[i];
        total += g->weights[i];
    }
    r->outliers_beyond = beyond / total;
    return SM_OK;
}

static sm_status fit(run *r, const char *model, sm_error *error) {
    const arguments *a = r->arguments;
    sm_evaluation_options options = a->evaluation;
    options.model_path = model;
    const sm_gather_options gather = {.evaluation = &options,
                                      .paths = a->data.words,
                                      .path_count = a->data.count,
                                      .fold = a->fold,
                                      .not_fold = a->not_fold,
                                      .network = (a->fit & (FIT_TEMPERATURE | FIT_MASK | FIT_CONFIDENCE)) != 0,
                                      .masks = (a->fit & FIT_MASK) != 0,
                                      .statistics = (a->fit & FIT_OUTLIERS) != 0};
    sm_status status = sm_gather(&gather, &r->gathered, error);
    if (status == SM_OK && gather.network) status = fit_temperature(r, error);
    if (status == SM_OK && gather.masks) fit_mask(r);
    if (status == SM_OK && (a->fit & FIT_CONFIDENCE)) fit_power(r);
    if (status == SM_OK && gather.statistics) status = fit_outliers(r, error);
    return status;
}

static sm_status write_weights(const run *r, size_t *size, sm_error *error) {
    const arguments *a = r->arguments;
    const sm_weights_precision precision = a->precision == 8    ? SM_WEIGHTS_INT8
                                           : a->precision == 16 ? SM_WEIGHTS_FLOAT16
                                                                : SM_WEIGHTS_FLOAT32;
    sm_outlier outlier = r->outlier;
    sm_weights_extra extras[SM_OUTLIER_TENSORS];
    sm_outlier_tensors(&outlier, extras);
    uint8_t *bytes = NULL;
    sm_status status = sm_weights_write_with(&r->net, r->parameters, &r->metadata, precision, extras,
                                             r->knows_outliers ? SM_OUTLIER_TENSORS : 0, &bytes, size, error);
    if (status != SM_OK) return sm_error_prefix(error, a->out);
    status = sm_file_write(a->out, bytes, *size, error);
    free(bytes);
    return status;
}

static void print_calibration(sm_json *json, const char *key, const sm_calibration *calibration) {
    sm_json_object_begin(json, key);
    sm_json_number(json, "ece", calibration->ece);
    sm_json_number(json, "brier", calibration->brier);
    sm_json_number(json, "log_loss", calibration->log_loss);
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
    const arguments *a = r->arguments;
    sm_json json = {.file = stdout};
    sm_json_object_begin(&json, NULL);
    sm_json_string(&json, "out", a->out);
    sm_json_integer(&json, "bytes", (long long)size);
    sm_json_integer(&json, "precision", a->precision);
    sm_json_integer(&json, "images", r->gathered.count);
    sm_json_integer(&json, "failed_images", r->gathered.failed.count);
    sm_json_number(&json, "temperature", (double)r->metadata.temperature);
    sm_json_number(&json, "threshold", (double)r->metadata.threshold);
    sm_json_number(&json, "minimum_area", (double)r->metadata.minimum_area);
    sm_json_number(&json, "confidence_power", (double)r->metadata.expected_dice_power);
    sm_json_boolean(&json, "knows_outliers", r->knows_outliers);
    if (a->fit & (FIT_TEMPERATURE | FIT_MASK)) {
        print_calibration(&json, "type_before_temperature", &r->before);
        print_calibration(&json, "type_after_temperature", &r->after);
    }
    if (a->fit & FIT_MASK) {
        print_mask(&json, "mask_before", &r->mask_before);
        print_mask(&json, "mask_after", &r->mask_after);
    }
    if (a->fit & FIT_CONFIDENCE) {
        const sm_gathered *g = &r->gathered;
        const double before = sm_power_error(g->expected, g->dice, g->weights, g->count, r->power_before);
        const double after =
            sm_power_error(g->expected, g->dice, g->weights, g->count, (double)r->metadata.expected_dice_power);
        sm_json_number(&json, "expected_dice_error_before", sqrt(before));
        sm_json_number(&json, "expected_dice_error_after", sqrt(after));
    }
    if (a->fit & FIT_OUTLIERS) {
        sm_json_number(&json, "outlier_limit", (double)r->outlier.limit);
        sm_json_number(&json, "outliers_beyond_limit", r->outliers_beyond);
    }
    sm_json_object_end(&json);
}

static sm_status calibrate(run *r, sm_error *error) {
    const arguments *a = r->arguments;
    char *model = a->model ? strdup(a->model) : sm_default_model_path();
    if (!model) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the name of the model");
    sm_status status = open_model(r, model, error);
    if (status == SM_OK && a->evaluation.input_size > 0) {
        r->metadata.input_size = a->evaluation.input_size;
        if (!sm_net_size_valid(&r->net, a->evaluation.input_size))
            status = sm_fail(error, SM_ERROR_ARGUMENT, "input size %d: %s needs a multiple of %d, at most 1024",
                             a->evaluation.input_size, r->net.name, 1 << r->net.levels);
    }
    r->power_before = (double)r->metadata.expected_dice_power;
    if (a->power > 0) r->metadata.expected_dice_power = a->power;
    if (a->temperature > 0) r->metadata.temperature = a->temperature;
    if (a->threshold >= 0) r->metadata.threshold = a->threshold;
    if (a->minimum_area >= 0) r->metadata.minimum_area = a->minimum_area;
    if (status == SM_OK && a->fit) status = fit(r, model, error);
    free(model);
    size_t size = 0;
    if (status == SM_OK) status = write_weights(r, &size, error);
    if (status == SM_OK) print_result(r, size);
    const sm_failures *failed = &r->gathered.failed;
    sm_failures_print(failed, r->gathered.count + failed->count, "images could not be used");
    if (status == SM_OK && failed->count > 0)
        status = sm_fail(error, SM_ERROR_DATA, "%s is written, but %d %s", a->out, failed->count,
                         failed->count == 1 ? "image was left out" : "images were left out");
    sm_gathered_free(&r->gathered);
    sm_floats_free(r->parameters);
    return status;
}

int sm_command_calibrate(int argc, char **argv) {
    arguments a = {.fold = -1,
                   .not_fold = -1,
                   .fit = FIT_ALL,
                   .precision = 32,
                   .temperature = -1,
                   .threshold = -1,
                   .minimum_area = -1,
                   .power = -1,
                   .false_mask_price = 0.1f,
                   .outlier_share = 0.01f,
                   .evaluation = {.segment = sm_segment_options_default()}};
    a.data.words = calloc((size_t)argc + 1, sizeof *a.data.words);
    if (!a.data.words) {
        fprintf(stderr, "sonomask: no memory\n");
        return SM_EXIT_FAILED;
    }
    int exit_status;
    const bool good = parse(argc, argv, &a);
    if (!good || a.help) {
        exit_status = sm_command_usage(usage, good);
    } else {
        run *r = calloc(1, sizeof *r);
        sm_error error = {0};
        sm_status status = r ? SM_OK : sm_fail(&error, SM_ERROR_MEMORY, "no memory");
        if (r) {
            r->arguments = &a;
            status = calibrate(r, &error);
        }
        free(r);
        exit_status = sm_command_end(status, &error);
    }
    free(a.data.words);
    return exit_status;
}
