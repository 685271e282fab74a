/* sonomask evaluate: a model against experts' masks and labels. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "file.h"
#include "options.h"
#include "progress.h"
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

/* The bootstrap is drawn from one seed, so that a report can be made again. */
static const uint64_t BOOTSTRAP_SEED = 20200101;
enum { TILE_VALIDATION = 224, TILE_TRAINING = 144 };

typedef struct arguments {
    sm_evaluation_options options;
    sm_option_words data;
    const char *out, *model, *folds;
    int fold;              /* -1: none */
    int robustness_images; /* 0: all */
    bool validation_only, all_folds, robustness, no_pictures, help;
} arguments;

/* Takes one option; false after a message when its value is wrong. */
static bool take_option(arguments *a, int option, const char *value) {
    a->data.open = option == OPTION_DATA || (option == SM_OPTION_PLAIN_WORD && a->data.open);
    switch (option) {
    case SM_OPTION_PLAIN_WORD:
    case OPTION_DATA:
        return sm_option_word("evaluate", value, &a->data);
    case OPTION_OUT:
        a->out = value;
        return true;
    case OPTION_MODEL:
        a->model = value;
        return true;
    case OPTION_FOLD:
        return sm_option_int("fold", value, 0, 1000, &a->fold);
    case OPTION_VALIDATION_ONLY:
        a->validation_only = true;
        return true;
    case OPTION_ALL_FOLDS:
        a->all_folds = true;
        return true;
    case OPTION_FOLDS:
        a->folds = value;
        return true;
    case OPTION_ROBUSTNESS:
        a->robustness = true;
        return true;
    case OPTION_ROBUSTNESS_IMAGES:
        a->robustness = true;
        return sm_option_int("robustness-images", value, 1, 1000000, &a->robustness_images);
    case OPTION_THRESHOLD:
        return sm_option_decimal("threshold", value, 0, 1, &a->options.segment.threshold);
    case OPTION_MINIMUM_AREA:
        return sm_option_decimal("minimum-area", value, 0, 1, &a->options.segment.minimum_area);
    case OPTION_FLIP:
        a->options.segment.flip_average = true;
        return true;
    case OPTION_NO_FLIP:
        a->options.segment.flip_average = false;
        return true;
    case OPTION_SIZE:
        return sm_option_int("size", value, 32, 1024, &a->options.input_size);
    case OPTION_THREADS:
        return sm_option_int("threads", value, 1, 256, &a->options.threads);
    case OPTION_NO_PICTURES:
        a->no_pictures = true;
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
    else if (!a->out)
        fprintf(stderr, "sonomask: evaluate needs --out DIR\n");
    else if (a->all_folds && a->fold >= 0)
        fprintf(stderr, "sonomask: either --fold or --all-folds\n");
    else if (a->folds && (a->fold >= 0 || a->all_folds || a->model))
        fprintf(stderr, "sonomask: --folds brings its own models and folds: no --model, --fold or --all-folds\n");
    else if (a->validation_only && a->fold < 0)
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

/* A network, and the fold that it is scored on. */
typedef struct scored_network {
    char *path;
    int fold; /* -1: any image */
    sm_evaluator *evaluator;
} scored_network;

typedef struct run {
    arguments arguments;
    scored_network networks[SM_FOLDS_MAX];
    int network_count;
    sm_dataset dataset;
    const sm_record **records;
    int record_count;
    sm_evaluation evaluation;
    sm_split splits[2];
    int split_count;
    sm_gallery galleries[2][SM_GALLERY_KINDS];
    sm_fold_summary folds;
    sm_robustness robustness;
    sm_number_table log;
    bool has_log;
} run;

static sm_status open_network(run *r, const char *path, int fold, sm_error *error) {
    scored_network *network = &r->networks[r->network_count++];
    *network = (scored_network){.path = strdup(path), .fold = fold};
    if (!network->path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the name of the model");
    sm_evaluation_options options = r->arguments.options;
    options.model_path = network->path;
    return sm_evaluator_create(&options, &network->evaluator, error);
}

/* Opens DIR/foldK/weights.safetensors for every K that is there. */
static sm_status open_folds(run *r, sm_error *error) {
    sm_status status = SM_OK;
    for (int fold = 0; status == SM_OK && fold < SM_FOLDS_MAX; fold++) {
        char name[48];
        snprintf(name, sizeof name, "fold%d/weights.safetensors", fold);
        char *path = sm_path_join(r->arguments.folds, name);
        if (!path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the name of a model");
        if (access(path, F_OK) == 0) status = open_network(r, path, fold, error);
        free(path);
    }
    if (status == SM_OK && r->network_count == 0)
        status = sm_fail(error, SM_ERROR_IO, "%s: holds no fold0/weights.safetensors or the like", r->arguments.folds);
    return status;
}

static sm_status open_networks(run *r, sm_error *error) {
    const arguments *a = &r->arguments;
    if (a->folds) return open_folds(r, error);
    char *path = a->model ? strdup(a->model) : sm_default_model_path();
    if (!path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the name of the model");
    const sm_status status = open_network(r, path, -1, error);
    free(path);
    return status;
}

/* The records that a network scores, the validation fold's first, are appended; how many are of that fold. */
static int choose_for(run *r, const scored_network *network) {
    const arguments *a = &r->arguments;
    const int fold = network->fold >= 0 ? network->fold : a->fold;
    const bool only = network->fold >= 0 || a->validation_only;
    int in_fold = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < r->dataset.count; i++) {
            const sm_record *record = &r->dataset.records[i];
            bool validation = fold < 0 || record->fold == fold;
            if (record->exclude || validation != (pass == 0) || (pass == 1 && only)) continue;
            r->records[r->record_count++] = record;
            in_fold += validation;
        }
    return in_fold;
}

/* Scores the records that belong to each network. */
static sm_status evaluate_networks(run *r, sm_error *error) {
    const arguments *a = &r->arguments;
    r->records = malloc(((size_t)r->dataset.count + 1) * sizeof *r->records);
    if (!r->records) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d records", r->dataset.count);
    sm_status status = SM_OK;
    for (int n = 0; status == SM_OK && n < r->network_count; n++) {
        const int first = r->record_count;
        if (choose_for(r, &r->networks[n]) == 0) {
            const int fold = a->folds ? r->networks[n].fold : a->fold;
            if (fold >= 0) return sm_fail(error, SM_ERROR_DATA, "no image of the data is in fold %d", fold);
            return sm_fail(error, SM_ERROR_DATA, "every image of the data is marked `exclude`");
        }
        if (n == 0) status = sm_folder_make(a->out, error);
        sm_evaluation part = {0};
        if (status == SM_OK)
            status = sm_evaluate(r->networks[n].evaluator, r->records + first, r->record_count - first, &part, error);
        if (status == SM_OK) status = sm_evaluation_append(&r->evaluation, &part, error);
        sm_evaluation_free(&part);
    }
    if (status == SM_OK && r->evaluation.count == 0)
        status = sm_fail(error, SM_ERROR_DATA, "none of %d images could be scored", r->record_count);
    return status;
}

/* The network that scored an image. */
static sm_evaluator *evaluator_of(const run *r, const sm_record *record) {
    for (int n = 0; n < r->network_count; n++)
        if (r->networks[n].fold == record->fold) return r->networks[n].evaluator;
    return r->networks[0].evaluator;
}

/* Parts the scored images into the splits, and scores those. */
static sm_status score_splits(run *r, sm_error *error) {
    const arguments *a = &r->arguments;
    sm_status status = SM_OK;
    int wanted = a->fold >= 0 && !a->validation_only ? 2 : 1;
    for (int s = 0; s < wanted && status == SM_OK; s++) {
        sm_split *split = &r->splits[s];
        split->name = a->folds ? "folds" : a->fold < 0 ? "all" : s == 0 ? "validation" : "training";
        split->images = malloc(((size_t)r->evaluation.count + 1) * sizeof *split->images);
        r->split_count = s + 1;
        if (!split->images) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the images of a split");
        for (int i = 0; i < r->evaluation.count; i++) {
            const sm_evaluated_image *image = &r->evaluation.images[i];
            if (a->fold < 0 || (image->record->fold == a->fold) == (s == 0)) split->images[split->count++] = image;
        }
        status = sm_split_score(split, BOOTSTRAP_SEED, error);
    }
    if (status != SM_OK || !a->folds) return status;
    int folds[SM_FOLDS_MAX];
    for (int n = 0; n < r->network_count; n++) folds[n] = r->networks[n].fold;
    return sm_fold_summary_make(&r->splits[0], folds, r->network_count, BOOTSTRAP_SEED, &r->folds, error);
}

/* Scores the first split's images, or some spread evenly over them, under every change. */
static sm_status score_robustness(run *r, sm_error *error) {
    const sm_split *split = &r->splits[0];
    const int wanted = r->arguments.robustness_images;
    const int count = wanted > 0 && wanted < split->count ? wanted : split->count;
    const sm_record **chosen = malloc(((size_t)count + 1) * sizeof *chosen);
    if (!chosen) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d records", count);
    r->robustness = sm_robustness_make();
    sm_status status = SM_OK;
    for (int n = 0; status == SM_OK && n < r->network_count; n++) {
        int found = 0;
        for (int i = 0; i < count; i++) {
            const sm_record *record = split->images[(size_t)i * (size_t)split->count / (size_t)count]->record;
            if (evaluator_of(r, record) == r->networks[n].evaluator) chosen[found++] = record;
        }
        status = sm_robustness_add(&r->robustness, r->networks[n].evaluator, chosen, found, error);
    }
    free(chosen);
    return status;
}

/* Each picture by the network that scored it: all at once when there is only one. */
static void draw_gallery(run *r, sm_gallery *gallery, int tile) {
    if (r->network_count == 1) {
        sm_evaluation_draw(r->networks[0].evaluator, gallery->panels, gallery->count, tile);
        return;
    }
    for (int i = 0; i < gallery->count; i++)
        sm_evaluation_draw(evaluator_of(r, gallery->panels[i].record), &gallery->panels[i], 1, tile);
}

static sm_status draw_galleries(run *r, sm_error *error) {
    sm_status status = SM_OK;
    for (int s = 0; s < r->split_count && status == SM_OK; s++) {
        status = sm_galleries_choose(&r->splits[s], r->galleries[s], error);
        for (int g = 0; g < SM_GALLERY_KINDS && status == SM_OK; g++)
            draw_gallery(r, &r->galleries[s][g], s == 0 ? TILE_VALIDATION : TILE_TRAINING);
    }
    return status;
}

/* The log.csv beside the weights, when there is one; it is an extra, so a bad one only gets a line. */
static void read_log(run *r) {
    const char *model = r->networks[0].path;
    const char *slash = strrchr(model, '/');
    char *folder = slash ? strndup(model, (size_t)(slash - model)) : strdup(".");
    char *path = folder ? sm_path_join(slash == model ? "/" : folder, "log.csv") : NULL;
    FILE *probe = path ? fopen(path, "rb") : NULL;
    if (probe) {
        sm_error error = {0};
        fclose(probe);
        r->has_log = sm_number_table_read(path, &r->log, &error) == SM_OK;
        if (!r->has_log) fprintf(stderr, "sonomask: no training curves: %s\n", error.message);
    }
    free(path);
    free(folder);
}

static sm_status write_file(const sm_report *report, const char *folder, const char *name,
                            sm_status (*write)(const sm_report *, const char *, sm_error *), sm_error *error) {
    char *path = sm_path_join(folder, name);
    if (!path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the name of %s", name);
    sm_status status = write(report, path, error);
    free(path);
    return status;
}

static sm_status write_report(run *r, sm_error *error) {
    const arguments *a = &r->arguments;
    const sm_report report = {.model_path = a->folds ? a->folds : r->networks[0].path,
                              .model = sm_evaluator_model(r->networks[0].evaluator),
                              .segment = a->options.segment,
                              .data = a->data.words,
                              .data_count = a->data.count,
                              .fold = a->fold,
                              .splits = r->splits,
                              .split_count = r->split_count,
                              .galleries = a->no_pictures ? NULL : r->galleries,
                              .failures = r->evaluation.failures,
                              .failure_count = r->evaluation.failure_count,
                              .log = r->has_log ? &r->log : NULL,
                              .folds = a->folds ? &r->folds : NULL,
                              .robustness = a->robustness ? &r->robustness : NULL};
    sm_status status = write_file(&report, a->out, "images.csv", sm_report_write_csv, error);
    if (status == SM_OK) status = write_file(&report, a->out, "metrics.json", sm_report_write_json, error);
    if (status == SM_OK) status = write_file(&report, a->out, "report.html", sm_report_write_html, error);
    for (int s = 0; status == SM_OK && s < r->split_count; s++) {
        sm_report_print(stderr, &r->splits[s]);
        sm_report_headline(stdout, &report, &r->splits[s]);
    }
    if (status == SM_OK) fprintf(stderr, "\nreport: %s/report.html\n", a->out);
    return status;
}

static sm_status evaluate(run *r, sm_error *error) {
    arguments *a = &r->arguments;
    /* What may be wrong is found before the long part. */
    sm_status status = open_networks(r, error);
    if (status == SM_OK) status = sm_dataset_load(a->data.words, a->data.count, &r->dataset, error);
    if (status == SM_OK) status = evaluate_networks(r, error);
    if (status == SM_OK) status = score_splits(r, error);
    if (status == SM_OK && a->robustness) status = score_robustness(r, error);
    if (status == SM_OK && !a->no_pictures) status = draw_galleries(r, error);
    if (status != SM_OK) return status;
    read_log(r);
    return write_report(r, error);
}

static void run_free(run *r) {
    for (int s = 0; s < r->split_count; s++) {
        sm_galleries_free(r->galleries[s]);
        sm_split_free(&r->splits[s]);
    }
    sm_number_table_free(&r->log);
    sm_evaluation_free(&r->evaluation);
    for (int n = 0; n < r->network_count; n++) {
        sm_evaluator_free(r->networks[n].evaluator);
        free(r->networks[n].path);
    }
    sm_fold_summary_free(&r->folds);
    free(r->records);
    sm_dataset_free(&r->dataset);
    free(r->arguments.data.words);
}

static int finish(const run *r, sm_status status, const sm_error *error) {
    if (status != SM_OK) fprintf(stderr, "sonomask: %s\n", error->message);
    if (r->evaluation.failure_count > 0) {
        fprintf(stderr, "sonomask: %d of %d images could not be scored:\n", r->evaluation.failure_count,
                r->record_count);
        for (int i = 0; i < r->evaluation.failure_count; i++)
            fprintf(stderr, "  %s\n", r->evaluation.failures[i].reason);
    }
    return status == SM_OK && r->evaluation.failure_count == 0 ? SM_EXIT_DONE : SM_EXIT_FAILED;
}

int sm_command_evaluate(int argc, char **argv) {
    run r = {.arguments = {.fold = -1, .options = {.segment = sm_segment_options_default()}}};
    r.arguments.data.words = calloc((size_t)argc + 1, sizeof *r.arguments.data.words);
    if (!r.arguments.data.words) {
        fprintf(stderr, "sonomask: no memory\n");
        return SM_EXIT_FAILED;
    }
    const bool good = parse(argc, argv, &r.arguments);
    if (!good || r.arguments.help) {
        run_free(&r);
        return sm_command_usage(usage, good);
    }
    sm_error error = {0};
    sm_status status = evaluate(&r, &error);
    int exit_status = finish(&r, status, &error);
    run_free(&r);
    return exit_status;
}
