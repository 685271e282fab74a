/** sonomask evaluate: scores a model against expert masks and labels. */
#include <stdlib.h>

#include "../src/decision.h"
#include "command.h"
#include "file.h"
#include "own_files.h"
#include "report/report.h"
#include "same_ranks.h"

typedef struct arguments {
    const char *options_file;
    sm_evaluation_request request;
    sm_words data;
    bool all_folds, overwrite;
    int operating_point; /* place in operating_points */
} arguments;

static const char *const operating_points[] = {"0.80", "0.90", "0.95", NULL};

static const char *check(void *pointer) {
    arguments *a = pointer;
    sm_evaluation_request *q = &a->request;
    q->options.segment.operating_point = sm_operating_point_shares[a->operating_point];
    if (a->all_folds && q->fold >= 0) return "give --fold or --all-folds, not both";
    if (q->folds && (q->fold >= 0 || a->all_folds || q->model))
        return "--folds names the models and their folds: --model, --fold and --all-folds cannot be given";
    if (q->validation_only && q->fold < 0) return "--validation-only needs --fold";
    if (q->robustness_images > 0) q->robustness = true;
    q->options.ranks = sm_ranks_current();
    q->data = a->data.words;
    q->data_count = a->data.count;
    return NULL;
}

static const sm_option option_table[] = {
    SM_DATA_OPTION(offsetof(arguments, data)),
    {.name = "out",
     .value = "DIR",
     .help = "folder for report.html, metrics.json and images.csv, created if missing",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, request.out),
     .required = true},
    {.name = "model",
     .value = "FILE",
     .help = "weights file",
     .default_text = "the weights that come with sonomask",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, request.model)},
    {.name = "fold",
     .value = "K",
     .help = "cross-validation fold K is the validation split, the other folds are the training split; both are scored",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, request.fold),
     .high = 1000},
    {.name = "validation-only",
     .help = "with --fold: do not score the training split",
     .kind = SM_OPTION_FLAG,
     .offset = offsetof(arguments, request.validation_only)},
    {.name = "all-folds",
     .help = "score all images as one split (default without --fold)",
     .kind = SM_OPTION_FLAG,
     .offset = offsetof(arguments, all_folds)},
    {.name = "folds",
     .value = "DIR",
     .help = "cross-validation: score each model DIR/foldK/best.safetensors, or weights.safetensors where there is no "
             "best, on its fold K, and all folds together "
             "with the mean over folds",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, request.folds)},
    {.name = "robustness",
     .help =
         "also score images with changed contrast, brightness, blur, speckle, JPEG quality, resolution and crop (32 "
         "times as long)",
     .kind = SM_OPTION_FLAG,
     .offset = offsetof(arguments, request.robustness)},
    {.name = "robustness-images",
     .value = "N",
     .help = "--robustness on at most N images, evenly chosen",
     .default_text = "all",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, request.robustness_images),
     .low = 1,
     .high = 1000000},
    {.name = "clicks",
     .help =
         "also score the masks after 1, 2, 3 and 5 simulated clicks and after a box, and whether one click removes a "
         "false mask (up to 6 refinements per image)",
     .kind = SM_OPTION_FLAG,
     .offset = offsetof(arguments, request.corrections)},
    {.name = "operating-point",
     .value = "SHARE",
     .help = "share of the lesion images that the level of the presence keeps",
     .kind = SM_OPTION_CHOICE,
     .offset = offsetof(arguments, operating_point),
     .choices = operating_points},
    {.name = "threshold",
     .value = "T",
     .help = "a pixel is lesion when its probability is at least this",
     .default_text = "the model's own",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, request.options.segment.threshold),
     .high = 1},
    {.name = "minimum-area",
     .value = "SHARE",
     .help = "drop lesions smaller than this share of the image",
     .default_text = "the model's own",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, request.options.segment.minimum_area),
     .high = 1},
    {.name = "flip",
     .help = "average the answers for the image and its mirror image",
     .kind = SM_OPTION_FLAG,
     .offset = offsetof(arguments, request.options.segment.flip_average)},
    {.name = "no-flip",
     .help = "do not average (default)",
     .kind = SM_OPTION_NO_FLAG,
     .offset = offsetof(arguments, request.options.segment.flip_average)},
    SM_MODEL_SIZE_OPTION(offsetof(arguments, request.options.input_size)),
    SM_THREADS_OPTION(offsetof(arguments, request.options.threads)),
    {.name = "no-pictures",
     .help = "a small report without images of the data",
     .kind = SM_OPTION_FLAG,
     .offset = offsetof(arguments, request.no_pictures)},
    SM_OVERWRITE_OPTION(offsetof(arguments, overwrite)),
    SM_OPTIONS_OPTION(offsetof(arguments, options_file)),
    {.name = NULL},
};

static const sm_command_line line = {
    .name = "evaluate",
    .description =
        "Scores a model against expert masks and labels. Writes report.html (self-contained), metrics.json and "
        "images.csv (one line per image) to DIR and prints the headline figures, one JSON line per split. "
        "Each score uses the images that have what it needs: masks those with a mask, types those with a type. "
        "Images marked `exclude` are left out. An image that cannot be read is named on stderr and left out, "
        "and the exit status is 1.",
    .arguments_size = sizeof(arguments),
    .options = option_table,
    .check = check,
};

/** Checks, before the evaluation, that the report replaces no file of the user. */
static sm_status check_outputs(const arguments *a, sm_error *error) {
    if (a->overwrite) return SM_OK;
    sm_status status = sm_own_output_check(a->request.out, "images.csv", sm_own_images_csv, error);
    if (status == SM_OK) status = sm_own_output_check(a->request.out, "metrics.json", sm_own_metrics_json, error);
    if (status == SM_OK) status = sm_own_output_check(a->request.out, "report.html", sm_own_report_html, error);
    return status;
}

static sm_status run(void *pointer, sm_error *error) {
    const arguments *a = pointer;
    sm_evaluation_results *results = calloc(1, sizeof *results);
    if (!results) return sm_fail(error, SM_ERROR_MEMORY, "no memory for an evaluation");
    const sm_ranks *ranks = a->request.options.ranks;
    const bool writes = sm_ranks_first(ranks);
    sm_status status = sm_same_program(ranks, error);
    if (status == SM_OK) status = sm_same_options(ranks, &line, a, error);
    if (status == SM_OK) status = sm_ranks_agree(ranks, writes ? check_outputs(a, error) : SM_OK, error);
    if (status == SM_OK) status = sm_ranks_agree(ranks, sm_evaluation_run(&a->request, results, error), error);
    if (status == SM_OK && writes) status = sm_report_write(&a->request, results, error);
    status = sm_ranks_agree(ranks, sm_evaluation_end(results, status, error), error);
    sm_evaluation_results_free(results);
    free(results);
    return status;
}

int sm_command_evaluate(int argc, char **argv) {
    arguments a = {.request = {.fold = -1, .options = {.segment = sm_segment_options_default()}}, .operating_point = 2};
    return sm_command_line_run(&line, argc, argv, &a, run);
}
