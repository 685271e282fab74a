/* sonomask calibrate: what is set after training, from images with known answers, into a weights file. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/calibration_run.h"
#include "calibrate/power_fit.h"
#include "calibrate/temperature_fit.h"
#include "command.h"
#include "options.h"

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

typedef struct arguments {
    sm_calibration_options options;
    sm_option_words data;
    bool help;
} arguments;

static bool take_fit_list(const char *text, int *fit) {
    static const struct {
        const char *name;
        int flag;
    } parts[] = {{"temperature", SM_FIT_TEMPERATURE},
                 {"mask", SM_FIT_MASK},
                 {"outliers", SM_FIT_OUTLIERS},
                 {"confidence", SM_FIT_CONFIDENCE}};
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
        a->options.out = value;
        return true;
    case OPTION_MODEL:
        a->options.model = value;
        return true;
    case OPTION_FOLD:
        return sm_option_int("fold", value, 0, 1000, &a->options.fold);
    case OPTION_NOT_FOLD:
        return sm_option_int("not-fold", value, 0, 1000, &a->options.not_fold);
    case OPTION_FIT:
        return take_fit_list(value, &a->options.fit);
    case OPTION_TEMPERATURE:
        return sm_option_decimal("temperature", value, SM_TEMPERATURE_LOW, SM_TEMPERATURE_HIGH,
                                 &a->options.temperature);
    case OPTION_THRESHOLD:
        return sm_option_decimal("threshold", value, 0, 1, &a->options.threshold);
    case OPTION_MINIMUM_AREA:
        return sm_option_decimal("minimum-area", value, 0, 0.999999, &a->options.minimum_area);
    case OPTION_CONFIDENCE_POWER:
        return sm_option_decimal("confidence-power", value, SM_POWER_LOW, SM_POWER_HIGH, &a->options.power);
    case OPTION_FALSE_MASK_PRICE:
        return sm_option_decimal("false-mask-price", value, 0, 10, &a->options.false_mask_price);
    case OPTION_OUTLIER_SHARE:
        return sm_option_decimal("outlier-share", value, 0, 0.5, &a->options.outlier_share);
    case OPTION_OUTLIERS_FROM:
        a->options.outliers_from = value;
        return true;
    case OPTION_PRECISION:
        return take_precision(value, &a->options.precision);
    case OPTION_FLIP:
        a->options.evaluation.segment.flip_average = true;
        return true;
    case OPTION_SIZE:
        return sm_option_int("size", value, 32, 1024, &a->options.evaluation.input_size);
    case OPTION_THREADS:
        return sm_option_int("threads", value, 1, 256, &a->options.evaluation.threads);
    case OPTION_HELP:
        a->help = true;
        return true;
    default:
        return false; /* getopt has said what is wrong */
    }
}

static bool usable(const arguments *a) {
    if (a->help) return true;
    if (!a->options.out)
        fprintf(stderr, "sonomask: calibrate needs --out FILE\n");
    else if (a->options.fold >= 0 && a->options.not_fold >= 0)
        fprintf(stderr, "sonomask: either --fold or --not-fold\n");
    else if (a->data.count == 0 && (a->options.fold >= 0 || a->options.not_fold >= 0))
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
    if (a->options.temperature > 0) a->options.fit &= ~SM_FIT_TEMPERATURE;
    if (a->options.threshold >= 0 && a->options.minimum_area >= 0) a->options.fit &= ~SM_FIT_MASK;
    if (a->options.power > 0) a->options.fit &= ~SM_FIT_CONFIDENCE;
    if (a->options.outliers_from) a->options.fit &= ~SM_FIT_OUTLIERS;
    if (a->data.count == 0) a->options.fit = 0;
    return usable(a);
}

int sm_command_calibrate(int argc, char **argv) {
    arguments a = {.options = {.fold = -1,
                               .not_fold = -1,
                               .fit = SM_FIT_ALL,
                               .precision = 32,
                               .temperature = -1,
                               .threshold = -1,
                               .minimum_area = -1,
                               .power = -1,
                               .false_mask_price = 0.1f,
                               .outlier_share = 0.01f,
                               .evaluation = {.segment = sm_segment_options_default()}}};
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
        sm_error error = {0};
        a.options.data = a.data.words;
        a.options.data_count = a.data.count;
        exit_status = sm_command_end(sm_calibrate(&a.options, &error), &error);
    }
    free(a.data.words);
    return exit_status;
}
