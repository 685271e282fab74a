/* sonomask evaluate: a model against experts' masks and labels. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "options.h"
#include "report/report.h"

static const char usage[] =
    "usage: sonomask evaluate --data PATH... --out DIR [options]\n"
    "\n"
    "Scores a model. PATH is a manifest.csv, a folder holding one, or a folder in the published BUSI layout\n"
    "(benign/, malignant/, normal/). DIR receives report.html (self-contained), metrics.json and images.csv;\n"
    "the headline figures go to stdout, one JSON line a split. Images marked `exclude` are left out.\n"
    "\n"
    "  --data PATH...         one or more data sets\n"
    "  --out DIR              folder for the results\n"
    "  --model FILE           weights (default: the ones that come with sonomask)\n"
    "  --fold K               fold K is validation, the other folds are training: both are scored\n"
    "  --validation-only      with --fold: leave the training images out\n"
    "  --all-folds            every image is one split (default without --fold)\n"
    "  --folds DIR            a network for each fold, DIR/fold0/weights.safetensors and so on: each is scored on its "
    "own\n"
    "                         fold, which it has not seen, and all together, with the mean over folds\n"
    "  --robustness           also score images with changed contrast, brightness, blur, speckle, JPEG quality,\n"
    "                         resolution and crop (takes 32 times as long)\n"
    "  --robustness-images N  of at most so many images, evenly chosen (default: all)\n"
    "  --threshold T          a pixel is lesion from this probability on, 0 to 1 (default: the model's own)\n"
    "  --minimum-area SHARE   drop lesions below this share of the image, 0 to 1 (default: the model's own)\n"
    "  --flip, --no-flip      average with the mirrored image, or not (default)\n"
    "  --size N               side of the network's square input, pixels (default: the model's own)\n"
    "  --threads N            default: one for each processor\n"
    "  --no-pictures          a small report without images of the data\n";

enum {
    OPTION_DATA = 256,
    OPTION_OUT,
    OPTION_MODEL,
    OPTION_FOLD,
    OPTION_VALIDATION_ONLY,
    OPTION_ALL_FOLDS,
    OPTION_FOLDS,
    OPTION_ROBUSTNESS,
    OPTION_ROBUSTNESS_IMAGES,
    OPTION_THRESHOLD,
    OPTION_MINIMUM_AREA,
    OPTION_FLIP,
    OPTION_NO_FLIP,
    OPTION_SIZE,
    OPTION_THREADS,
    OPTION_NO_PICTURES,
    OPTION_HELP
};

static const struct option long_options[] = {{"data", required_argument, NULL, OPTION_DATA},
                                             {"out", required_argument, NULL, OPTION_OUT},
                                             {"model", required_argument, NULL, OPTION_MODEL},
                                             {"fold", required_argument, NULL, OPTION_FOLD},
                                             {"validation-only", no_argument, NULL, OPTION_VALIDATION_ONLY},
                                             {"all-folds", no_argument, NULL, OPTION_ALL_FOLDS},
                                             {"folds", required_argument, NULL, OPTION_FOLDS},
                                             {"robustness", no_argument, NULL, OPTION_ROBUSTNESS},
                                             {"robustness-images", required_argument, NULL, OPTION_ROBUSTNESS_IMAGES},
                                             {"threshold", required_argument, NULL, OPTION_THRESHOLD},
                                             {"minimum-area", required_argument, NULL, OPTION_MINIMUM_AREA},
                                             {"flip", no_argument, NULL, OPTION_FLIP},
                                             {"no-flip", no_argument, NULL, OPTION_NO_FLIP},
                                             {"size", required_argument, NULL, OPTION_SIZE},
                                             {"threads", required_argument, NULL, OPTION_THREADS},
                                             {"no-pictures", no_argument, NULL, OPTION_NO_PICTURES},
                                             {"help", no_argument, NULL, OPTION_HELP},
                                             {NULL, 0, NULL, 0}};

typedef struct arguments {
    sm_evaluation_request request;
    sm_option_words data;
    bool all_folds, help;
} arguments;

/* Takes one option; false after a message when its value is wrong. */
static bool take_option(arguments *a, int option, const char *value) {
    a->data.open = option == OPTION_DATA || (option == SM_OPTION_PLAIN_WORD && a->data.open);
    switch (option) {
    case SM_OPTION_PLAIN_WORD:
    case OPTION_DATA:
        return sm_option_word("evaluate", value, &a->data);
    case OPTION_OUT:
        a->request.out = value;
        return true;
    case OPTION_MODEL:
        a->request.model = value;
        return true;
    case OPTION_FOLD:
        return sm_option_int("fold", value, 0, 1000, &a->request.fold);
    case OPTION_VALIDATION_ONLY:
        a->request.validation_only = true;
        return true;
    case OPTION_ALL_FOLDS:
        a->all_folds = true;
        return true;
    case OPTION_FOLDS:
        a->request.folds = value;
        return true;
    case OPTION_ROBUSTNESS:
        a->request.robustness = true;
        return true;
    case OPTION_ROBUSTNESS_IMAGES:
        a->request.robustness = true;
        return sm_option_int("robustness-images", value, 1, 1000000, &a->request.robustness_images);
    case OPTION_THRESHOLD:
        return sm_option_decimal("threshold", value, 0, 1, &a->request.options.segment.threshold);
    case OPTION_MINIMUM_AREA:
        return sm_option_decimal("minimum-area", value, 0, 1, &a->request.options.segment.minimum_area);
    case OPTION_FLIP:
        a->request.options.segment.flip_average = true;
        return true;
    case OPTION_NO_FLIP:
        a->request.options.segment.flip_average = false;
        return true;
    case OPTION_SIZE:
        return sm_option_int("size", value, 32, 1024, &a->request.options.input_size);
    case OPTION_THREADS:
        return sm_option_int("threads", value, 1, 256, &a->request.options.threads);
    case OPTION_NO_PICTURES:
        a->request.no_pictures = true;
        return true;
    case OPTION_HELP:
        a->help = true;
        return true;
    default:
        return false; /* getopt has said what is wrong */
    }
}

static bool usable(const arguments *a) {
    if (a->help) return true;
    if (a->data.count == 0)
        fprintf(stderr, "sonomask: evaluate needs --data PATH\n");
    else if (!a->request.out)
        fprintf(stderr, "sonomask: evaluate needs --out DIR\n");
    else if (a->all_folds && a->request.fold >= 0)
        fprintf(stderr, "sonomask: either --fold or --all-folds\n");
    else if (a->request.folds && (a->request.fold >= 0 || a->all_folds || a->request.model))
        fprintf(stderr, "sonomask: --folds brings its own models and folds: no --model, --fold or --all-folds\n");
    else if (a->request.validation_only && a->request.fold < 0)
        fprintf(stderr, "sonomask: --validation-only needs --fold\n");
    else
        return true;
    return false;
}

static bool parse(int argc, char **argv, arguments *a) {
    optind = 0; /* start over: another command may have been parsed in this process */
    for (int option; (option = getopt_long(argc, argv, "-", long_options, NULL)) != -1;)
        if (!take_option(a, option, optarg)) return false;
    for (; optind < argc; optind++)
        if (!take_option(a, SM_OPTION_PLAIN_WORD, argv[optind])) return false;
    return usable(a);
}

static sm_status evaluate(const sm_evaluation_request *request, sm_error *error) {
    sm_evaluation_results *results = calloc(1, sizeof *results);
    if (!results) return sm_fail(error, SM_ERROR_MEMORY, "no memory for an evaluation");
    sm_status status = sm_evaluation_run(request, results, error);
    if (status == SM_OK) status = sm_report_write(request, results, error);
    status = sm_evaluation_end(results, status, error);
    sm_evaluation_results_free(results);
    free(results);
    return status;
}

int sm_command_evaluate(int argc, char **argv) {
    arguments a = {.request = {.fold = -1, .options = {.segment = sm_segment_options_default()}}};
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
        a.request.data = a.data.words;
        a.request.data_count = a.data.count;
        exit_status = sm_command_end(evaluate(&a.request, &error), &error);
    }
    free(a.data.words);
    return exit_status;
}
