/* sonomask evaluate: a model against experts' masks and labels. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    const char *out, *model;
    int fold; /* -1: none */
    bool validation_only, all_folds, no_pictures, help;
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

/* The records to score, the validation fold's first. */
static sm_status choose_records(const arguments *a, const sm_dataset *dataset, const sm_record ***records, int *count,
                                sm_error *error) {
    *count = 0;
    *records = malloc(((size_t)dataset->count + 1) * sizeof **records);
    if (!*records) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d records", dataset->count);
    int in_fold = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < dataset->count; i++) {
            const sm_record *record = &dataset->records[i];
            bool validation = a->fold < 0 || record->fold == a->fold;
            if (record->exclude || validation != (pass == 0) || (pass == 1 && a->validation_only)) continue;
            (*records)[(*count)++] = record;
            in_fold += validation;
        }
    if (in_fold > 0) return SM_OK;
    if (a->fold >= 0) return sm_fail(error, SM_ERROR_DATA, "no image of the data is in fold %d", a->fold);
    return sm_fail(error, SM_ERROR_DATA, "every image of the data is marked `exclude`");
}

typedef struct run {
    arguments arguments;
    char *model_path;
    sm_dataset dataset;
    const sm_record **records;
    int record_count;
    sm_evaluator *evaluator;
    sm_evaluation evaluation;
    sm_split splits[2];
    int split_count;
    sm_gallery galleries[2][SM_GALLERY_KINDS];
    sm_number_table log;
    bool has_log;
} run;

/* Parts the scored images into the splits, and scores those. */
static sm_status score_splits(run *r, sm_error *error) {
    const arguments *a = &r->arguments;
    sm_status status = SM_OK;
    int wanted = a->fold >= 0 && !a->validation_only ? 2 : 1;
    for (int s = 0; s < wanted && status == SM_OK; s++) {
        sm_split *split = &r->splits[s];
        split->name = a->fold < 0 ? "all" : s == 0 ? "validation" : "training";
        split->images = malloc(((size_t)r->evaluation.count + 1) * sizeof *split->images);
        r->split_count = s + 1;
        if (!split->images) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the images of a split");
        for (int i = 0; i < r->evaluation.count; i++) {
            const sm_evaluated_image *image = &r->evaluation.images[i];
            if (a->fold < 0 || (image->record->fold == a->fold) == (s == 0)) split->images[split->count++] = image;
        }
        status = sm_split_score(split, BOOTSTRAP_SEED, error);
    }
    return status;
}

static sm_status draw_galleries(run *r, sm_error *error) {
    sm_status status = SM_OK;
    for (int s = 0; s < r->split_count && status == SM_OK; s++) {
        status = sm_galleries_choose(&r->splits[s], r->galleries[s], error);
        for (int g = 0; g < SM_GALLERY_KINDS && status == SM_OK; g++)
            sm_evaluation_draw(r->evaluator, r->galleries[s][g].panels, r->galleries[s][g].count,
                               s == 0 ? TILE_VALIDATION : TILE_TRAINING);
    }
    return status;
}

/* The log.csv beside the weights, when there is one; it is an extra, so a bad one only gets a line. */
static void read_log(run *r) {
    const char *slash = strrchr(r->model_path, '/');
    char *folder = slash ? strndup(r->model_path, (size_t)(slash - r->model_path)) : strdup(".");
    char *path = folder ? sm_path_join(slash == r->model_path ? "/" : folder, "log.csv") : NULL;
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
    const sm_report report = {.model_path = r->model_path,
                              .model = sm_evaluator_model(r->evaluator),
                              .segment = a->options.segment,
                              .data = a->data.words,
                              .data_count = a->data.count,
                              .fold = a->fold,
                              .splits = r->splits,
                              .split_count = r->split_count,
                              .galleries = a->no_pictures ? NULL : r->galleries,
                              .failures = r->evaluation.failures,
                              .failure_count = r->evaluation.failure_count,
                              .log = r->has_log ? &r->log : NULL};
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
    r->model_path = a->model ? strdup(a->model) : sm_default_model_path();
    if (!r->model_path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the name of the model");
    a->options.model_path = r->model_path;
    /* What may be wrong is found before the long part. */
    sm_status status = sm_evaluator_create(&a->options, &r->evaluator, error);
    if (status == SM_OK) status = sm_dataset_load(a->data.words, a->data.count, &r->dataset, error);
    if (status == SM_OK) status = choose_records(a, &r->dataset, &r->records, &r->record_count, error);
    if (status == SM_OK) status = sm_folder_make(a->out, error);
    if (status == SM_OK) status = sm_evaluate(r->evaluator, r->records, r->record_count, &r->evaluation, error);
    if (status == SM_OK && r->evaluation.count == 0)
        status = sm_fail(error, SM_ERROR_DATA, "none of %d images could be scored", r->record_count);
    if (status == SM_OK) status = score_splits(r, error);
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
    sm_evaluator_free(r->evaluator);
    free(r->records);
    sm_dataset_free(&r->dataset);
    free(r->model_path);
    free(r->arguments.data.words);
}

static int finish(const run *r, sm_status status, const sm_error *error) {
    if (status != SM_OK) fprintf(stderr, "sonomask: evaluate: %s\n", error->message);
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
    if (!parse(argc, argv, &r.arguments)) {
        fprintf(stderr, "try: sonomask evaluate --help\n");
        run_free(&r);
        return SM_EXIT_USAGE;
    }
    if (r.arguments.help) {
        fputs(usage, stdout);
        run_free(&r);
        return SM_EXIT_DONE;
    }
    sm_error error = {0};
    sm_status status = evaluate(&r, &error);
    int exit_status = finish(&r, status, &error);
    run_free(&r);
    return exit_status;
}
